"""What happens to a receiver in its life: it is given its keymaps, and they are taken back. It prints nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from irbpf import discovery, engines, keytable, library
from irbpf.bundle import Bundle, build, table_only
from irbpf.cache import Cache, default_folder
from irbpf.compiling import Progress
from irbpf.engines import Choice, journal, kernel, launch
from irbpf.engines.job import Job
from irbpf.errors import Error, Gone
from irbpf.keymap import Keymap, load
from irbpf.paths import etc
from irbpf.receiver import Receiver


class NothingFits(Error):
    """No keymap names this receiver; all of them are in order."""


@dataclass(frozen=True)
class Loaded:
    """What is on a receiver now; `why` says for each keymap why it was chosen, `choice` which engine makes the keys. If there is a
    `job`, a process has still to be started for it."""

    receiver: Receiver
    choice: Choice
    names: tuple[str, ...]
    programs: int
    keys: int
    timeout: int
    why: tuple[str, ...]
    warnings: tuple[str, ...]
    job: Job | None = None

    @property
    def rc(self) -> str:
        return self.receiver.rc


def load_receiver(name: str, keymaps: Sequence[str], engine: str | None = None, stays: bool = False, progress: Progress | None = None) -> Loaded:
    """Give a receiver the keymaps named (files, names, or one bundle that `irbpf build` made), or those that fit it, by the engine
    named or the best that runs here. `stays`: this process is to be the one that serves it, if one has to. `progress` is told how many
    of how many programs are compiled."""
    receiver = discovery.settled(name)
    if discovery.only_sends(receiver):
        raise Error(str(kernel.unfit(receiver)), "irbpf send uses it")
    kernel.repair(receiver)
    chosen, why, warnings = _wanted(receiver, keymaps)
    if (unfit := kernel.unfit(receiver)) is not None:
        choice, engine = Choice("kernel", unfit), "kernel"
    else:
        choice = engines.choose(engine)
    protocols: list[str] | None = None
    try:
        if not receiver.raw and not isinstance(chosen, Bundle):
            chosen, protocols, warnings = _by_hardware(receiver, chosen, warnings)
        made, complaints = _made(receiver, chosen, choice, progress)
    except Error as error:
        if engine is not None or choice.engine == "python" or isinstance(chosen, Bundle) or engines.probe()["python"] is not None:
            raise
        choice = Choice("python", error.message.splitlines()[0])
        made, complaints = _made(receiver, chosen, choice, progress)
    job = None
    if isinstance(made, Bundle):
        launch.stop(receiver.rc)
        kernel.apply(receiver, made, protocols=protocols)
    elif not launch.take(receiver, made, stays):
        job = made
    programs = made.attached if isinstance(made, Bundle) else len(made.objects) + len(made.automata) + made.anything
    return Loaded(receiver, choice, made.names, programs, len(made.keys), made.timeout, tuple(why),
                  (*warnings, *complaints, *coexisting(receiver, made.timeout)), job)


def _made(receiver: Receiver, chosen: Bundle | Sequence[Keymap], choice: Choice, progress: Progress | None) -> tuple[Bundle | Job, list[str]]:
    """Compiled for the engine, and warnings. A receiver that decodes by itself gets the table alone."""
    if isinstance(chosen, Bundle):
        if not receiver.raw:
            return replace(chosen, objects=(), timeout=0), []
        return (chosen if choice.engine == "kernel" else launch.of_bundle(receiver, chosen, choice)), []
    if choice.engine == "kernel":
        return build(chosen, Cache(default_folder()), progress=progress)
    return launch.prepare(receiver, chosen, choice, Cache(default_folder()), progress)


def _by_hardware(receiver: Receiver, chosen: Sequence[Keymap], warnings: list[str]) -> tuple[Bundle, list[str] | None, list[str]]:
    """The table of a receiver that decodes by itself, what its hardware has to be told to decode (None: it does), and warnings."""
    enabled, available = discovery.read_protocols(receiver.rc)
    bundle, needed, complaints = table_only(chosen, available)
    return bundle, None if needed <= enabled else sorted(needed), [*warnings, *complaints]


def _wanted(receiver: Receiver, keymaps: Sequence[str]) -> tuple[Bundle | list[Keymap], list[str], list[str]]:
    """The keymaps or the bundle, why each, and warnings."""
    if len(keymaps) == 1 and keymaps[0].endswith(".irbpf"):
        return read_bundle(Path(keymaps[0])), ["named"], []
    if keymaps:
        return [load(library.find(one)) for one in keymaps], ["named"] * len(keymaps), []
    choices, problems = library.choose(receiver)
    if not choices:
        raise problems[0] if problems else NothingFits(
            f"no keymap fits {receiver.rc} ({receiver.name}, rc_map {receiver.rc_map}, driver {receiver.driver})",
            f"name one, or assign one in {etc('receivers.yaml')}")
    return [choice.keymap for choice in choices], [choice.reason for choice in choices], [str(problem) for problem in problems]


def coexisting(receiver: Receiver, timeout: int) -> list[str]:
    """What other software does to the same receiver, and what the driver could not do."""
    said = [note] if (note := kernel.unfit(receiver)) else []
    if note := keytable.note(receiver):
        said.append(note)
    try:
        condition = kernel.condition(receiver)
    except Gone:
        raise
    except Error as error:  # it is loaded all the same
        return [*said, str(error)]
    if condition.foreign:
        said.append(f"{receiver.rc} has {condition.foreign} programs of other software: what they decode too comes twice")
    if condition.timeout is not None and condition.timeout < timeout:
        said.append(f"{receiver.rc} cannot wait longer than {condition.timeout} µs for the end of a signal; {timeout} µs are "
                    "needed, so a signal with a long gap may be taken for two")
    return said


def read_bundle(path: Path) -> Bundle:
    try:
        return Bundle.read(path.read_bytes())
    except OSError as error:
        raise Error(f"{path}: {error.strerror}") from error
    except Error as error:
        raise Error(f"{path}: {error.message}", error.hint) from error


def unload_receiver(name: str) -> bool:
    """Take back what we gave; False if nothing was ours. Of a receiver that is gone, what was kept for it goes."""
    if kernel.forget_gone(name):
        return True
    receiver = discovery.receiver(name)
    identity = discovery.identity(receiver.rc)
    try:
        stopped = launch.stop(receiver.rc)  # it takes back what is its own
        return kernel.take_back(receiver) is not None or stopped
    except Gone:
        journal.forget_unplugged(receiver.rc, identity)
        raise
