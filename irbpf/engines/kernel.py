"""The kernel engine: programs on the receiver's lirc device; rc-core makes the keys. It applies all of a bundle, or nothing.

What a receiver had before is kept in /run/irbpf/rcN.json, and our programs are pinned under /sys/fs/bpf/irbpf/rcN, so that any later
run knows what is ours and what to restore.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from irbpf import bpf, discovery, lirc, scancodes
from irbpf.bundle import Bundle
from irbpf.errors import Error
from irbpf.receiver import Receiver

RUN = Path(os.environ.get("IRBPF_RUN_DIR", "/run/irbpf"))
PINS = Path("/sys/fs/bpf/irbpf")


@dataclass
class Saved:
    """What a receiver had before we came, and what we did. `identity` tells it from another that gets the same name later."""

    identity: int
    table: list[tuple[int, int]]
    protocols: list[str]
    timeout: int | None
    names: list[str] = field(default_factory=list)
    pins: list[str] = field(default_factory=list)
    old_pins: list[str] = field(default_factory=list)


def identity(rc: str) -> int:
    try:
        return os.stat(discovery.RC / rc / "uevent").st_ino
    except OSError as error:
        raise lirc.Gone(f"{rc}: the receiver is gone") from error


def _state_file(rc: str) -> Path:
    return RUN / f"{rc}.json"


def saved(rc: str) -> Saved | None:
    """What is known of a receiver; None if nothing of ours is on it."""
    try:
        state = Saved(**json.loads(_state_file(rc).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return state if state.identity == identity(rc) else None


def _write(rc: str, state: Saved) -> None:
    new = _state_file(rc).with_suffix(".new")
    new.write_text(json.dumps(asdict(state)))
    new.rename(_state_file(rc))


@contextmanager
def _locked(rc: str) -> Iterator[None]:
    """One at a time for each receiver: udev, a person and a timer may all come at once."""
    try:
        RUN.mkdir(mode=0o755, parents=True, exist_ok=True)
        fd = os.open(RUN / f"{rc}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise Error(f"{RUN}: {error.strerror}", "run it as root") from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def apply(receiver: Receiver, bundle: Bundle) -> Saved:
    """Put `bundle` on the receiver in place of what we had there. On any failure it has what it had before."""
    if receiver.lirc is None or receiver.event is None:
        raise Error(f"{receiver.rc} delivers no pulses and spaces", "only raw receivers can be given decoders; see irbpf list")
    with _locked(receiver.rc), ExitStack() as resources, ExitStack() as undo:
        programs = [resources.enter_context(bpf.load(one)) for one in bundle.objects]
        lirc_fd = resources.enter_context(lirc.opened(receiver.lirc))
        event_fd = resources.enter_context(_event(receiver.event))
        state = _recover(receiver.rc, lirc_fd, event_fd)
        before = (scancodes.read_table(event_fd), discovery.read_protocols(receiver.rc)[0], lirc.timeout(lirc_fd))
        old, base = state.pins, _folder(receiver.rc)
        generation = 1 + max((int(name.split("-")[0]) for name in old), default=0)
        new = [f"{generation}-{index}-{program.name}".replace(".", "_") for index, program in enumerate(programs)]
        undo.callback(_write, receiver.rc, Saved(**asdict(state))) if old else undo.callback(_forget, receiver.rc)
        state.old_pins, state.pins = old, new
        _write(receiver.rc, state)
        if before[2] is not None:  # runs last of all: whoever writes the protocols resets the timeout
            undo.callback(lirc.set_timeout, lirc_fd, before[2])
        for name, program in zip(new, programs, strict=True):
            bpf.pin(program.fd, base / name)
            undo.callback(_unpin, base / name)
            bpf.attach(program.fd, lirc_fd)
            undo.callback(bpf.detach, program.fd, lirc_fd)
        _set(undo, lambda: scancodes.write_table(event_fd, bundle.keys), lambda: scancodes.write_table(event_fd, before[0]))
        others = set(state.protocols) - set(bundle.replaces)
        _set(undo, lambda: discovery.write_protocols(receiver.rc, others), lambda: discovery.write_protocols(receiver.rc, before[1]))
        lirc.set_timeout(lirc_fd, bundle.timeout)
        undo.pop_all()
        _drop(base, old, lirc_fd)
        state.names, state.old_pins = list(bundle.names), []
        _write(receiver.rc, state)
    return state


def _set(undo: ExitStack, do: Callable[[], None], take_back: Callable[[], None]) -> None:
    """The way back is laid first: half a table is a change too."""
    undo.callback(take_back)
    do()


@contextmanager
def _event(path: str) -> Iterator[int]:
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise Error(f"{path}: {error.strerror}", "run it as root") from error
    try:
        yield fd
    finally:
        os.close(fd)


def _folder(rc: str) -> Path:
    folder = PINS / rc
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Error(f"{folder}: {error.strerror}", "mount bpffs at /sys/fs/bpf: mount -t bpf bpf /sys/fs/bpf") from error
    return folder


def _recover(rc: str, lirc_fd: int, event_fd: int) -> Saved:
    """The state to start from. Programs of a run that was killed, or of another receiver of this name, are taken away."""
    state = saved(rc)
    base = PINS / rc
    if state is None:
        for path in base.glob("*"):
            _unpin(path)
        return Saved(identity(rc), list(scancodes.read_table(event_fd).items()), sorted(discovery.read_protocols(rc)[0]),
                     lirc.timeout(lirc_fd))
    if state.old_pins:
        _drop(base, state.old_pins, lirc_fd)
        state.old_pins = []
    return state


def _drop(base: Path, names: list[str], lirc_fd: int) -> None:
    for name in names:
        with suppress(FileNotFoundError):
            fd = bpf.open_pinned(base / name)
            try:
                bpf.detach(fd, lirc_fd)
            finally:
                os.close(fd)
        _unpin(base / name)


def _unpin(path: Path) -> None:
    with suppress(FileNotFoundError):
        path.unlink()


def _forget(rc: str) -> None:
    _unpin(_state_file(rc))
    with suppress(OSError):
        (PINS / rc).rmdir()


def take_back(receiver: Receiver) -> Saved | None:
    """Detach what is ours and restore the table, protocols and timeout that were there; None if nothing was ours."""
    with _locked(receiver.rc):
        state = saved(receiver.rc)
        if state is None or receiver.lirc is None or receiver.event is None:
            return None
        with lirc.opened(receiver.lirc) as lirc_fd, _event(receiver.event) as event_fd:
            _drop(PINS / receiver.rc, [*state.pins, *state.old_pins], lirc_fd)
            scancodes.write_table(event_fd, {int(code): int(key) for code, key in state.table})
            discovery.write_protocols(receiver.rc, set(state.protocols))
            if state.timeout is not None:
                lirc.set_timeout(lirc_fd, state.timeout)
        _forget(receiver.rc)
        return state


def clean(rc: str) -> None:
    """A receiver is gone: its programs went with it, its pins and its state go now."""
    if (discovery.RC / rc).exists():
        return
    for path in (PINS / rc).glob("*"):
        _unpin(path)
    _forget(rc)
    _unpin(RUN / f"{rc}.lock")
