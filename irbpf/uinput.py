"""An input device of our own that looks to programs as rc-core's does: /dev/uinput by its ioctls. It decides nothing about keys.

python-evdev can make one too, but costs 10 MB of memory in a process that lives as long as the receiver.
"""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from irbpf.errors import Error
from irbpf.keystate import EV_KEY, EV_MSC, EV_REL, EV_SYN, MSC_SCAN, REL_X, REL_Y, Event

PATH = "/dev/uinput"
EV_REP, REP_DELAY, REP_PERIOD = 0x14, 0, 1
POINTING_STICK = 5  # INPUT_PROP_POINTING_STICK
KEY_MAX = 0x2FF
RC_CORE_DELAY_MS, RC_CORE_PERIOD_MS = 500, 125  # rc_setup_rx_device in rc/rc-main.c; the input core's are 250 and 33

_SETUP = struct.Struct("=4H80sI")  # struct uinput_setup
_EVENT = struct.Struct("@llHHi")  # struct input_event; the kernel writes the time
CREATE, DEV_SETUP = 0x5501, 0x405C5503


def _set(number: int, size: int = 4) -> int:
    return 0x40005500 | size << 16 | number  # _IOW('U', number, int)


SET_EV, SET_KEY, SET_REL, SET_MSC, SET_PROP = _set(100), _set(101), _set(102), _set(104), _set(110)
SET_PHYS = _set(108, struct.calcsize("@P"))
GET_SYSNAME = 0x8000552C | 64 << 16


def explain(error: OSError) -> Error:
    """What a user can do where there is no uinput."""
    return Error(f"{PATH}: {error.strerror}", "run it as root" if isinstance(error, PermissionError) else "modprobe uinput (CONFIG_INPUT_UINPUT)")


@dataclass(frozen=True)
class Looks:
    """What programs see of a device: its name, its input ids, and where it is said to be plugged in."""

    name: str
    bus: int
    vendor: int
    product: int
    version: int
    phys: str


class Device:
    """An input device; it is gone, and its keys are released by the kernel, when this is closed or its process ends."""

    def __init__(self, looks: Looks, keycodes: Iterable[int], repeat: tuple[int, int] = (RC_CORE_DELAY_MS, RC_CORE_PERIOD_MS)) -> None:
        self.keycodes = frozenset(keycodes)
        try:
            self.fd = os.open(PATH, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise explain(error) from error
        try:
            self._create(looks)
            self.write([(EV_REP, REP_DELAY, repeat[0]), (EV_REP, REP_PERIOD, repeat[1]), (EV_SYN, 0, 0)])
        except OSError as error:
            self.close()
            raise Error(f"{PATH}: no device can be made: {error.strerror}") from error

    def _create(self, looks: Looks) -> None:
        bits = [(SET_EV, kind) for kind in (EV_KEY, EV_REL, EV_MSC, EV_REP)]
        bits += [(SET_MSC, MSC_SCAN), (SET_REL, REL_X), (SET_REL, REL_Y), (SET_PROP, POINTING_STICK)]
        bits += [(SET_KEY, code) for code in sorted(self.keycodes) if 0 < code <= KEY_MAX]
        for request, value in bits:
            fcntl.ioctl(self.fd, request, value)
        fcntl.ioctl(self.fd, SET_PHYS, looks.phys.encode() + b"\0")
        name = looks.name.encode()[:79]
        fcntl.ioctl(self.fd, DEV_SETUP, _SETUP.pack(looks.bus, looks.vendor, looks.product, looks.version, name, 0))
        fcntl.ioctl(self.fd, CREATE)

    def write(self, events: Sequence[Event]) -> None:
        """All at once, so that no reader sees half of them."""
        os.write(self.fd, b"".join([_EVENT.pack(0, 0, kind, code, value) for kind, code, value in events]))

    @property
    def node(self) -> str:
        """Its /dev/input/eventN."""
        answer = bytearray(64)
        fcntl.ioctl(self.fd, GET_SYSNAME, answer)
        folder = Path("/sys/devices/virtual/input") / answer.split(b"\0")[0].decode()
        return next((f"/dev/input/{one.name}" for one in folder.glob("event*")), "")

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
