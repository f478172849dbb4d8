"""The kernel engine: programs on the receiver's lirc device; rc-core makes the keys. It applies all of a bundle, or nothing.

Order matters. A program is pinned before it is attached, and what will be done is written down before it is done (`journal`), so a
run that is killed at any point is undone by the next. The new programs are attached before the old are detached: no frame goes
unseen, but one that is on its way at that moment is lost. Programs of other software stay.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from irbpf import bpf, discovery, lirc, scancodes
from irbpf.engines.journal import PINS, RUN, Saved, Settings, clean, forget, forget_gone, locked, remove, saved, write
from irbpf.errors import Error
from irbpf.objects import MEMBERS
from irbpf.receiver import Receiver

if TYPE_CHECKING:  # the small process of the userspace engine takes back what was done here, and has no room for all that makes one
    from irbpf.bundle import Bundle

__all__ = ["PINS", "RUN", "apply", "clean", "condition", "forget_gone", "repair", "saved", "take_back", "unfit"]


@dataclass(frozen=True)
class Port:
    """A receiver whose event node is open, and its lirc node if it delivers pulses and spaces (else -1). Both stay on this
    receiver, whatever gets its name later."""

    rc: str
    lirc: int
    event: int


@contextmanager
def opened(receiver: Receiver) -> Iterator[Port]:
    """`Gone` if it was unplugged."""
    check(receiver)
    with ExitStack() as files:
        lirc_fd = files.enter_context(lirc.opened(str(receiver.lirc))) if receiver.raw else -1
        yield Port(receiver.rc, lirc_fd, files.enter_context(_event(str(receiver.event))))


def check(receiver: Receiver) -> None:
    """Error where there is nothing to receive with."""
    if receiver.event is None:
        raise Error(f"{receiver.rc} ({receiver.name}) has no input device", "a device that only sends needs no keymap")


def unfit(receiver: Receiver) -> str | None:
    """Why a receiver cannot be given decoders, only a table; None if it can."""
    if receiver.raw:
        return None
    if discovery.only_sends(receiver):
        return f"{receiver.rc} only sends: nothing can be loaded on it"
    if receiver.lirc is None:
        return f"{receiver.rc} has no lirc device (the kernel has no CONFIG_LIRC, or the keys come over HDMI): only a table can be loaded"
    return f"{receiver.rc} decodes in its own hardware and delivers scancodes, no pulses and spaces: only a table can be loaded"


@contextmanager
def _event(path: str) -> Iterator[int]:
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise lirc.explain(error, path) from error
    try:
        yield fd
    finally:
        os.close(fd)


def apply(receiver: Receiver, bundle: Bundle, engine: str = "kernel", why: str = "", protocols: Sequence[str] | None = None) -> Saved:
    """Put `bundle` on the receiver in place of what we had there. On any failure it has what it had before. `engine` is who will
    make the keys, and `why`, for those who ask; `protocols`: what rc-core is to decode (default: what it did, less what we do)."""
    with ExitStack() as resources:
        programs = [resources.enter_context(one) for one in bpf.load_together(bundle.programs("lirc"))]
        resources.enter_context(locked(receiver.rc))
        port = resources.enter_context(opened(receiver))
        state = _change(port, _start(port), bundle, programs, (engine, why), protocols)
    return state


def _start(port: Port) -> Saved:
    """The state to start from: what a killed run began is taken back, and pins that nobody knows of go."""
    state = saved(port.rc)
    if state is not None and state.back is not None:
        state = _go_back(port, state, state.back)
    ours = state.pins if state is not None else []
    _drop(port, [path.name for path in (PINS / port.rc).glob("*") if path.name not in ours])
    if state is None:
        state = Saved(discovery.identity(port.rc), _settings(port), [], [])
    return state


def _change(port: Port, state: Saved, bundle: Bundle, programs: list[bpf.Program], engine: tuple[str, str],
            protocols: Sequence[str] | None) -> Saved:
    new = _pins(state.pins, programs)
    now = _settings(port)
    journal = replace(state, coming=list(new), back=now)
    try:
        write(port.rc, journal)
        folder = _folder(port.rc) if programs else PINS / port.rc
        for name, fd in new.items():
            bpf.pin(fd, folder / name)
            if not is_map(name):
                bpf.attach(fd, port.lirc)
        others = set(state.before.protocols) - set(bundle.replaces) if protocols is None else protocols
        _put(port, Settings(list(bundle.keys.items()), sorted(others), bundle.timeout or None))
        for name in state.pins:
            _with_pinned(port, name, bpf.detach)
        done = replace(state, names=list(bundle.names), pins=list(new), needs=bundle.timeout, engine=engine[0], why=engine[1])
        write(port.rc, done)
    except BaseException:
        with suppress(Error):  # what cannot be undone now stays written down, for the next run
            _go_back(port, journal, now)
        raise
    with suppress(Error):  # it is done; a pin that stays is taken away by the next run
        _drop(port, state.pins)
    return done


def is_map(pin: str) -> bool:
    """Whether it is the map of programs that call one another, and no program. A program's pin has its number and its name behind the first."""
    return pin.partition("-")[2] == MEMBERS


def _pins(old: list[str], programs: list[bpf.Program]) -> dict[str, int]:
    """What is pinned, by its name: the programs that are attached, and the map of those that they call. That is emptied when nobody
    but programs holds it (kernel/bpf/arraymap.c, bpf_fd_array_map_clear)."""
    generation = 1 + max((int(name.split("-")[0]) for name in old), default=0)
    attached = [one for one in programs if one.slot is None]
    pins = {f"{generation}-{index}-{one.name}".replace(".", "_"): one.fd for index, one in enumerate(attached)}
    return pins | {f"{generation}-{MEMBERS}": one.maps[MEMBERS] for one in programs if one.slot is not None}


def _settings(port: Port) -> Settings:
    return Settings(list(scancodes.read_table(port.event).items()), sorted(discovery.read_protocols(port.rc)[0]),
                    lirc.timeout(port.lirc) if port.lirc >= 0 else None)


def _put(port: Port, settings: Settings) -> None:
    """The timeout comes last: whoever writes the protocols resets it."""
    scancodes.write_table(port.event, dict(settings.table))
    if discovery.read_protocols(port.rc)[0] != set(settings.protocols):
        discovery.write_protocols(port.rc, set(settings.protocols))
    if settings.timeout is not None and port.lirc >= 0:
        lirc.set_timeout(port.lirc, settings.timeout)


def _go_back(port: Port, state: Saved, back: Settings) -> Saved | None:
    """Undo a change, whole or half done; what was in force is again. None if nothing of ours remains."""
    _drop(port, state.coming or [])
    for name in state.pins:
        _with_pinned(port, name, bpf.attach)
    _put(port, back)
    if not state.names:
        forget(port.rc)
        return None
    state = replace(state, coming=None, back=None)
    write(port.rc, state)
    return state


def _drop(port: Port, names: list[str]) -> None:
    for name in names:
        _with_pinned(port, name, bpf.detach)
        remove(PINS / port.rc / name)


def _with_pinned(port: Port, name: str, do: Callable[[int, int], None]) -> None:
    """Attach or detach the program that is pinned under a name, if there is one."""
    if is_map(name):
        return
    try:
        fd = bpf.open_pinned(PINS / port.rc / name)
    except FileNotFoundError:
        return
    try:
        do(fd, port.lirc)
    finally:
        os.close(fd)


def _folder(rc: str) -> Path:
    folder = PINS / rc
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Error(f"{folder}: {error.strerror}", "mount bpffs at /sys/fs/bpf: mount -t bpf bpf /sys/fs/bpf") from error
    return folder


def take_back(receiver: Receiver) -> Saved | None:
    """Detach what is ours and restore the table, protocols and timeout that were there; None if nothing was ours. What is killed
    on the way is finished by the next run."""
    with locked(receiver.rc):
        state = saved(receiver.rc)
        if state is None:
            return None
        with opened(receiver) as port:
            going = replace(state, names=[], pins=[], coming=[*state.pins, *(state.coming or [])], back=state.before)
            write(receiver.rc, going)
            _go_back(port, going, state.before)
        return state


def repair(receiver: Receiver) -> bool:
    """Undo what a killed run left half done; False if there is nothing to do."""
    state = saved(receiver.rc)
    if state is None or state.back is None:
        return False
    with locked(receiver.rc), opened(receiver) as port:
        _start(port)
    return True


@dataclass(frozen=True)
class Condition:
    """What is attached to a receiver: ours (id -> name), the number of others; and its timeout in µs, if it has one."""

    ours: dict[int, str]
    foreign: int
    timeout: int | None


def condition(receiver: Receiver) -> Condition:
    """Ask the kernel; `Gone` if the receiver is."""
    if not receiver.raw:
        return Condition({}, 0, None)
    pinned = dict(_pinned(receiver.rc))
    with lirc.opened(str(receiver.lirc)) as fd:
        lirc.features(fd)  # `Gone` if it is: the kernel must not be asked for the programs of a receiver that is
        ids, timeout = bpf.attached(fd), lirc.timeout(fd)
    return Condition({number: pinned[number] for number in ids if number in pinned},
                     sum(number not in pinned for number in ids), timeout)


def _pinned(rc: str) -> Iterator[tuple[int, str]]:
    """Our programs on it, id and name. An unload may take them away meanwhile."""
    pins: list[str] = []
    with suppress(FileNotFoundError):
        pins = sorted(os.listdir(PINS / rc))
    for name in pins:
        if is_map(name):
            continue
        with suppress(FileNotFoundError):
            fd = bpf.open_pinned(PINS / rc / name)
            try:
                yield bpf.program_info(fd)
            finally:
                os.close(fd)
