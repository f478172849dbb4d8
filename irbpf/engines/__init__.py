"""Engines: the ways to make keys of what a receiver hears on this machine, and which of them is taken. Nothing is loaded here."""

from __future__ import annotations

from dataclasses import dataclass

from irbpf.errors import Error

ENGINES = ("kernel", "bpf", "python")  # the first that works is taken
WHAT = {"kernel": "programs in the kernel, keys by rc-core", "bpf": "a process that runs the same programs by BPF_PROG_TEST_RUN",
        "python": "a process that interprets the same automata in Python"}


@dataclass(frozen=True)
class Choice:
    """`why` completes the sentence "the engine is NAME, because ..."."""

    engine: str
    why: str

    @property
    def line(self) -> str:
        return f"engine {self.engine}: {WHAT[self.engine]}, because {self.why}"


def probe() -> dict[str, Error | None]:
    """For each engine, None if this machine can run it, else why not. Asks the kernel; needs root to be right."""
    from irbpf import bpf

    try:
        hosts = dict(bpf.probe())
    except Error as error:  # no libbpf
        hosts = {"lirc": error, "test_run": error}
    no_uinput = _uinput()
    return {"kernel": hosts["lirc"], "bpf": hosts["test_run"] or no_uinput, "python": no_uinput}


def _uinput() -> Error | None:
    import os

    from irbpf import uinput

    try:
        os.close(os.open(uinput.PATH, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC))
    except OSError as error:
        return uinput.explain(error)
    return None


def choose(forced: str | None = None) -> Choice:
    """The engine for this machine, or the one that somebody insists on; Error where it cannot run."""
    found = probe()
    if forced is not None:
        if (problem := found[forced]) is not None:
            raise Error(f"the engine {forced} does not run here: {problem.message}", problem.hint)
        return Choice(forced, "it was asked for")
    for engine in ENGINES:
        if found[engine] is None:
            better = ENGINES[:ENGINES.index(engine)]
            reasons = [str(why.message).splitlines()[0] for one in better if (why := found[one]) is not None]
            return Choice(engine, "; ".join(dict.fromkeys(reasons)) or "this kernel has CONFIG_BPF_LIRC_MODE2")
    last = found[ENGINES[-1]]
    assert last is not None
    first = found[ENGINES[0]]
    raise Error(f"no engine runs here: {first.message if first else ''}; and {last.message}", last.hint)
