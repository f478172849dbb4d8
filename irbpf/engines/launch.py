"""Starts the userspace engine: makes its job, takes the receiver away from rc-core's own decoders, and lets a small process serve it.

What that process needs no more (compiler, keymaps, YAML) stays in this one, which ends or is replaced.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from irbpf import discovery
from irbpf.bundle import Bundle, any_protocol, build, crowded_out, merged_keys, parts
from irbpf.cache import Cache
from irbpf.compiling import Progress
from irbpf.engines import Choice, control, kernel
from irbpf.engines.job import Job
from irbpf.errors import Error, Gone
from irbpf.irp.automaton import Automaton
from irbpf.keymap import Keymap
from irbpf.receiver import Receiver
from irbpf.uinput import Looks

MAIN = "import sys; sys.path.insert(0, sys.argv.pop(1)); from irbpf.engines.serving import main; sys.exit(main())"
ROOT = str(Path(__file__).resolve().parents[2])


def prepare(receiver: Receiver, keymaps: Sequence[Keymap], choice: Choice, cache: Cache | None,
            progress: Progress | None = None) -> tuple[Job, list[str]]:
    """The job of serving `receiver` with `keymaps`, and warnings."""
    if choice.engine == "bpf":
        bundle, warnings = build(keymaps, cache, ("test_run",), progress)
        return of_bundle(receiver, bundle, choice), warnings
    made = parts(keymaps, "test_run")
    plain, every = [part for part in made if part.automaton is not None], any_protocol(keymaps)
    if not plain and not every:
        raise Error("nothing of this keymap runs in the Python engine", "decoders written in C need bpf(2); see irbpf doctor")
    needs = [(part.timeout, part.quiet) for part in plain]
    if every:
        from irbpf.everything import limits

        needs.append(limits())
    keys = merged_keys(keymaps)
    bundle = Bundle(tuple(one.name for one in keymaps), (), keys, (), max(timeout for timeout, _ in needs),
                    tuple(part.number for part in plain), min(quiet for _, quiet in needs),
                    frozenset(place for place, part in enumerate(plain) if part.reads_on))
    job = _job(receiver, bundle, choice, [part.automaton for part in plain if part.automaton is not None])
    return replace(job, anything=every), [*crowded_out(keymaps, keys), *(
        f"the decoder {part.source.name} is written in C: the Python engine cannot run it" for part in made if part.automaton is None)]


def of_bundle(receiver: Receiver, bundle: Bundle, choice: Choice) -> Job:
    """The job of serving `receiver` with what `irbpf build` made."""
    if choice.engine != "bpf" or not bundle.programs("test_run"):
        raise Error(f"this file of irbpf build has nothing for the engine {choice.engine}",
                    "name its keymaps instead" if choice.engine == "python" else "make it anew")
    return _job(receiver, bundle, choice, ())


def _job(receiver: Receiver, bundle: Bundle, choice: Choice, automata: Sequence[Automaton]) -> Job:
    return Job(receiver.rc, discovery.identity(receiver.rc), str(receiver.lirc), looks(receiver), choice.engine, choice.why, bundle.names,
               bundle.numbers, bundle.quiet, bundle.keys, bundle.timeout, tuple(bundle.programs("test_run")), tuple(automata),
               reading_on=bundle.reading_on)


def looks(receiver: Receiver) -> Looks:
    """What programs see of the receiver's own input device."""
    for event in discovery.event_nodes(receiver.rc):
        try:
            version = int((event.parent / "id" / "version").read_text(), 16)
            phys = (event.parent / "phys").read_text().strip()
        except OSError as error:
            raise Gone(f"{receiver.rc}: the receiver is gone") from error
        return Looks(receiver.name, receiver.bus, receiver.vendor, receiver.product, version, phys or f"{receiver.rc}/input0")
    return Looks(receiver.name, receiver.bus, receiver.vendor, receiver.product, 0, f"{receiver.rc}/input0")


def take(receiver: Receiver, job: Job, stays: bool = False) -> bool:
    """Make `job` the receiver's: a process that serves it already takes the job on (True), or the receiver is made ready for
    one (False): its scancode table is emptied and its decoders switched off, so that no key comes twice. Where this process `stays`,
    to be watched over by whoever started it, it is the one that serves, and another ends."""
    if stays:
        stop(receiver.rc)
    if control.call(receiver.rc, "job", job.dump()) is not None:
        return True
    kernel.apply(receiver, Bundle(job.names, (), {}, (), job.timeout), job.engine, job.why, ())
    return False


def stop(rc: str) -> bool:
    """End the process that serves a receiver, if there is one; when this returns, the receiver is as it was before."""
    answer = control.call(rc, "stop")
    if answer is None:
        return False
    try:
        end = os.pidfd_open(answer["pid"])
    except ProcessLookupError:
        return True
    try:
        if not select.select([end], [], [], control.PATIENCE_S)[0]:
            signal.pidfd_send_signal(end, signal.SIGKILL)
            select.select([end], [], [])
    finally:
        os.close(end)
    return True


def become(job: Job) -> None:
    """This process is the one that serves from now on. Returns only by an Error."""
    program, arguments = _command(job)
    try:
        os.execv(program, arguments)
    except OSError as error:
        raise Error(f"{program}: {error.strerror}") from error


def spawn(job: Job) -> int:
    """A process of its own serves from now on; returns its id once it does, Error with what it said if it does not."""
    reading, writing = os.pipe2(os.O_CLOEXEC)
    program, arguments = _command(job, "say")
    pid = os.posix_spawn(program, arguments, os.environ, setsid=True, file_actions=[
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), (os.POSIX_SPAWN_DUP2, writing, 1), (os.POSIX_SPAWN_DUP2, writing, 2)])
    os.close(writing)
    with os.fdopen(reading) as said:
        lines = said.read().splitlines()
    try:
        answer = dict(json.loads(lines[-1]))
    except (IndexError, ValueError):
        raise Error(f"{job.rc} is not served: its process ended", " ".join(lines)[-300:]) from None
    if answer:
        raise Error(**answer)
    return pid


def _command(job: Job, *words: str) -> tuple[str, list[str]]:
    fd = os.memfd_create("irbpf-job", 0)  # inherited: the job goes with the process
    with os.fdopen(os.dup(fd), "wb") as file:
        file.write(job.dump())
    os.set_inheritable(fd, True)
    return sys.executable, [sys.executable, "-I", "-c", MAIN, ROOT, str(fd), *words]
