"""/dev/raw-gadget: a USB device played by a program (linux/usb/raw_gadget.h). It knows no particular device.

A device is plugged in by `run` and pulled out when its fd is closed, for which the process that holds it is best killed: a thread that
waits in an ioctl holds the fd too.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from dataclasses import dataclass


def _code(direction: int, number: int, size: int) -> int:
    return direction << 30 | size << 16 | ord("U") << 8 | number


_INIT, _RUN, _FETCH = _code(1, 0, 257), _code(0, 1, 0), _code(2, 2, 8)
_EP0_WRITE, _EP0_READ, _ENABLE = _code(1, 3, 8), _code(3, 4, 8), _code(1, 5, 9)
_WRITE, _READ, _CONFIGURE, _VBUS, _STALL = _code(1, 7, 8), _code(3, 8, 8), _code(0, 9, 0), _code(1, 10, 4), _code(0, 12, 0)
_CONTROL = 2
FULL_SPEED = 2


@dataclass(frozen=True)
class Request:
    """A request on endpoint 0 (struct usb_ctrlrequest)."""

    kind: int
    request: int
    value: int
    index: int
    length: int

    @property
    def to_host(self) -> bool:
        return bool(self.kind & 0x80) and self.length > 0


class Gadget:
    """One device on the dummy controller `port`; every call blocks until the host has done its part."""

    def __init__(self, port: int) -> None:
        self.fd = os.open("/dev/raw-gadget", os.O_RDWR | os.O_CLOEXEC)
        self._ioctl(_INIT, struct.pack("128s128sB", b"dummy_udc", f"dummy_udc.{port}".encode(), FULL_SPEED))

    def _ioctl(self, code: int, argument: bytes | bytearray | int = 0) -> int:
        """Suspending the machine interrupts every call; it is made again, as nothing has happened in it."""
        while True:
            try:
                if isinstance(argument, bytearray):
                    return int(fcntl.ioctl(self.fd, code, argument, True))
                done = fcntl.ioctl(self.fd, code, argument)
                return done if isinstance(done, int) else len(done)
            except InterruptedError:
                continue

    def run(self) -> None:
        self._ioctl(_RUN)

    def request(self) -> Request:
        """The next request on endpoint 0."""
        while True:
            event = bytearray(struct.pack("=II", 0, 8) + bytes(8))
            self._ioctl(_FETCH, event)
            if struct.unpack_from("=I", event)[0] == _CONTROL:
                return Request(*struct.unpack_from("=BBHHH", event, 8))

    def answer(self, request: Request, data: bytes = b"") -> None:
        """Send `data` if the host wants some, else acknowledge."""
        data = data[:request.length] if request.to_host else bytes(request.length)
        self._ioctl(_EP0_WRITE if request.to_host else _EP0_READ, bytearray(struct.pack("=HHI", 0, 0, len(data)) + data))

    def stall(self) -> None:
        self._ioctl(_STALL)

    def configure(self, endpoints: list[bytes], milliamperes: int) -> list[int]:
        """The host has chosen the configuration: handles of the endpoints, given as their descriptors."""
        handles = []
        for one in endpoints:
            handles.append(self._enable(one))
        self._ioctl(_VBUS, milliamperes // 2)
        self._ioctl(_CONFIGURE)
        return handles

    def _enable(self, descriptor: bytes) -> int:
        # A small immutable argument would come back as bytes, and the handle is the return value.
        return self._ioctl(_ENABLE, bytearray(descriptor.ljust(9, b"\0")))

    def write(self, handle: int, data: bytes) -> None:
        self._ioctl(_WRITE, bytearray(struct.pack("=HHI", handle, 0, len(data)) + data))

    def read(self, handle: int, most: int = 64) -> bytes:
        buffer = bytearray(struct.pack("=HHI", handle, 0, most) + bytes(most))
        return bytes(buffer[8:8 + self._ioctl(_READ, buffer)])


def gone(error: OSError) -> bool:
    """Whether the host has let go of the device."""
    return error.errno in (errno.ESHUTDOWN, errno.ENODEV, errno.EINVAL, errno.EBUSY)
