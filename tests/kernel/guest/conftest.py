"""Fixtures inside the test kernel: receivers that are plugged and unplugged, signals sent over them, keys read back."""

from __future__ import annotations

import ctypes
import re
import select
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import evdev
import pytest
from evdev import ecodes

from irbpf import bpf, discovery, lirc
from irbpf.engines import kernel
from irbpf.receiver import Receiver

JOB = Path("/irbpf-job")
DEADLINE = 60.0


def wait_for(what: str, ready: Callable[[], object]) -> object:
    """Poll until `ready` gives something; the deadline only ends a test that fails."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        if (value := ready()):
            return value
        time.sleep(0.01)
    raise AssertionError(f"waited {DEADLINE} s for {what}")


def complete() -> list[Receiver]:
    return [one for one in discovery.receivers() if one.lirc and one.event and Path(one.lirc).exists() and Path(one.event).exists()]


def insert(module: str) -> None:
    subprocess.run(["/bin/busybox", "insmod", JOB / f"{module}.ko"], check=True)


def plug(module: str = "rc-loopback") -> Receiver:
    before = {one.rc for one in discovery.receivers()}
    insert(module)
    found = wait_for("the receiver", lambda: [one for one in complete() if one.rc not in before])
    return found[0]  # type: ignore[index,no-any-return]


def unplug(module: str = "rc-loopback") -> None:
    name = module.replace("-", "_")
    if re.search(rf"^{name} ", Path("/proc/modules").read_text(), re.MULTILINE):
        subprocess.run(["/bin/busybox", "rmmod", name], check=True)


@pytest.fixture()
def loopback() -> Iterator[Receiver]:
    receiver = plug()
    yield receiver
    unplug()
    kernel.clean(receiver.rc)


@pytest.fixture()
def second() -> Iterator[Receiver]:
    receiver = plug("rc-loopback2")
    yield receiver
    unplug("rc-loopback2")
    kernel.clean(receiver.rc)


class Keys:
    """What an input device says: (type, code, value) of EV_MSC and EV_KEY events."""

    def __init__(self, path: str) -> None:
        self.device = evdev.InputDevice(path)

    def until_quiet(self, quiet: float = 0.6) -> list[tuple[str, int, int]]:
        """All events until none has come for `quiet` seconds; a key's release comes last of all."""
        events = []
        while select.select([self.device.fd], [], [], quiet)[0]:
            for event in self.device.read():
                if event.type in (ecodes.EV_MSC, ecodes.EV_KEY):
                    events.append((ecodes.EV[event.type], event.code, event.value))
        return events

    def close(self) -> None:
        self.device.close()


def bpf_ids() -> tuple[list[int], list[int]]:
    """The ids of all programs and all maps that this kernel has."""
    return _ids("bpf_prog_get_next_id"), _ids("bpf_map_get_next_id")


def _ids(function: str) -> list[int]:
    found = [0]
    number = ctypes.c_uint32(0)
    with suppress(FileNotFoundError):
        while True:
            bpf._call(function, ctypes.c_uint32(found[-1]), ctypes.byref(number))
            found.append(number.value)
    return found[1:]


@contextmanager
def keys_of(receiver: Receiver) -> Iterator[Keys]:
    assert receiver.event is not None
    keys = Keys(receiver.event)
    try:
        yield keys
    finally:
        keys.close()


def transmit(receiver: Receiver, durations: Sequence[int]) -> None:
    """Send one frame, as a remote does: it takes as long as it lasts."""
    assert receiver.lirc is not None
    with lirc.opened(receiver.lirc) as fd:
        lirc.send(fd, durations[:len(durations) - (len(durations) + 1) % 2])


def sends(durations: Sequence[int]) -> Callable[[Receiver], None]:
    """Frame by frame: the kernel refuses to send half a second at once."""

    def send(receiver: Receiver) -> None:
        rest = list(durations)
        while rest:
            gap = next((index for index in range(1, len(rest), 2) if rest[index] > 20_000), len(rest))
            transmit(receiver, rest[:gap])
            if gap < len(rest):
                time.sleep(rest[gap] / 1_000_000)
            rest = rest[gap + 1:]

    return send


def ir_ctl(receiver: Receiver, *arguments: str) -> None:
    """Debian's ir-ctl: an encoder that nobody here wrote."""
    subprocess.run(["/usr/bin/ir-ctl", "-d", str(receiver.lirc), *arguments], check=True, capture_output=True)


@pytest.fixture(autouse=True)
def no_kernel_complaints() -> Iterator[None]:
    """A warning or worse from the kernel fails the test during which it came."""
    subprocess.run(["/usr/bin/dmesg", "--clear"], check=True)
    yield
    log = subprocess.run(["/usr/bin/dmesg"], capture_output=True, text=True, check=True).stdout
    assert not re.search(r"BUG|WARNING|Oops|refcount|general protection|Call Trace", log), log
