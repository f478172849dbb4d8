"""/dev/lircN: the ioctls of linux/lirc.h, samples in and out. It decodes nothing."""

from __future__ import annotations

import errno
import fcntl
import os
import select
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from irbpf.errors import Error, Gone
from irbpf.pulses import Kind, Sample


def _read(number: int) -> int:
    return 0x80046900 | number  # _IOR('i', number, __u32)


def _write(number: int) -> int:
    return 0x40046900 | number  # _IOW('i', number, __u32)


GET_FEATURES, SET_REC_MODE = _read(0x00), _write(0x12)
GET_MIN_TIMEOUT, GET_MAX_TIMEOUT = _read(0x08), _read(0x09)
SET_REC_TIMEOUT, GET_REC_TIMEOUT = _write(0x18), _read(0x24)
SET_SEND_CARRIER, SET_SEND_DUTY_CYCLE, SET_TRANSMITTER_MASK = _write(0x13), _write(0x15), _write(0x17)
GET_REC_RESOLUTION, SET_MEASURE_CARRIER_MODE = _read(0x07), _write(0x1D)
MODE2 = 4
CAN_SEND_PULSE = 2
CAN_SET_SEND_CARRIER, CAN_SET_SEND_DUTY_CYCLE, CAN_SET_TRANSMITTER_MASK = 0x100, 0x200, 0x400
CAN_MEASURE_CARRIER, CAN_GET_REC_RESOLUTION = 0x0200_0000, 0x2000_0000


@contextmanager
def opened(path: str | Path, *, blocking: bool = True) -> Iterator[int]:
    """The fd of a lirc device, open for writing too: without that the kernel refuses to attach a program."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | (0 if blocking else os.O_NONBLOCK))
    except OSError as error:
        raise explain(error, str(path)) from error
    try:
        yield fd
    finally:
        os.close(fd)


def explain(error: OSError, what: str) -> Error:
    if error.errno in (errno.ENODEV, errno.ENXIO, errno.ENOENT):
        return Gone(f"{what}: the receiver is gone")
    hint = {errno.EACCES: "run it as root", errno.EPERM: "run it as root", errno.EBUSY: "another program has it open",
            errno.ENOTTY: "this is no lirc device, or cannot do that; irbpf list names those that there are"}
    return Error(f"{what}: {os.strerror(error.errno or 0)}", hint.get(error.errno or 0, ""))


def _ask(fd: int, request: int, what: str) -> int:
    try:
        return int(struct.unpack("=I", fcntl.ioctl(fd, request, bytes(4)))[0])
    except OSError as error:
        raise explain(error, what) from error


def _tell(fd: int, request: int, value: int, what: str) -> None:
    try:
        fcntl.ioctl(fd, request, struct.pack("=I", value))
    except OSError as error:
        raise explain(error, what) from error


def features(fd: int) -> int:
    """LIRC_CAN_... bits; `Gone` when the receiver is unplugged."""
    return _ask(fd, GET_FEATURES, "the features of the receiver")


def timeout(fd: int) -> int | None:
    """The timeout in µs; None where the driver has none that can be read."""
    try:
        return _ask(fd, GET_REC_TIMEOUT, "timeout")
    except Gone:
        raise
    except Error:
        return None


def resolution(fd: int) -> int | None:
    """The steps in µs in which the receiver measures; None where it does not say."""
    return _ask(fd, GET_REC_RESOLUTION, "resolution") if features(fd) & CAN_GET_REC_RESOLUTION else None


@contextmanager
def patient(fd: int, microseconds: int) -> Iterator[None]:
    """While it lasts, the receiver's timeout is at least so long, where it can be: then the receiver itself measures the pauses of a held
    key. After a timeout the kernel does, from one delivery to the next."""
    before = timeout(fd)
    longer = before is not None and before < microseconds and set_timeout(fd, microseconds) is not None
    try:
        yield
    finally:
        if longer and before is not None:
            with suppress(Error):
                set_timeout(fd, before)


@contextmanager
def measuring_carrier(fd: int, wanted: bool = True) -> Iterator[bool]:
    """While it lasts, FREQUENCY samples come, where the hardware can (it may use another, short-range receiver for it)."""
    can = wanted and bool(features(fd) & CAN_MEASURE_CARRIER)
    if can:
        _tell(fd, SET_MEASURE_CARRIER_MODE, 1, "measuring the carrier")
    try:
        yield can
    finally:
        if can:
            with suppress(Error):
                _tell(fd, SET_MEASURE_CARRIER_MODE, 0, "measuring the carrier")


def set_timeout(fd: int, microseconds: int) -> int | None:
    """Set the timeout, as near as the driver allows; returns what it is then, None where it cannot be set."""
    try:
        least, most = _ask(fd, GET_MIN_TIMEOUT, "timeout"), _ask(fd, GET_MAX_TIMEOUT, "timeout")
        _tell(fd, SET_REC_TIMEOUT, max(least, min(most, microseconds)), "timeout")
    except Gone:
        raise
    except Error:
        return None
    return timeout(fd)


def set_carrier(fd: int, hertz: int) -> None:
    """The carrier to send with, 0 for none."""
    _tell(fd, SET_SEND_CARRIER, hertz, f"a carrier of {hertz} Hz")


def set_duty_cycle(fd: int, percent: int) -> None:
    _tell(fd, SET_SEND_DUTY_CYCLE, percent, f"a duty cycle of {percent} %")


def set_transmitters(fd: int, mask: int) -> int:
    """Send with these (bit 0 is the first); returns 0, or how many there are if that is not possible."""
    try:
        return fcntl.ioctl(fd, SET_TRANSMITTER_MASK, bytearray(struct.pack("=I", mask)), True)
    except OSError as error:
        raise explain(error, "choosing transmitters") from error


def send(fd: int, durations: Sequence[int]) -> None:
    """Transmit an odd number of durations in µs, pulse first; blocks for as long as the signal lasts."""
    try:
        os.write(fd, struct.pack(f"={len(durations)}I", *durations))
    except OSError as error:
        raise explain(error, "the signal cannot be sent") from error


def samples(fd: int, seconds: float | None = None) -> Iterator[Sample]:
    """What the receiver hears, until `seconds` pass without a sample; `Gone` when it is unplugged."""
    _tell(fd, SET_REC_MODE, MODE2, "raw samples")
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    while True:
        ready = poll.poll(None if seconds is None else seconds * 1000)
        if not ready:
            return
        if ready[0][1] & (select.POLLHUP | select.POLLERR):
            raise Gone("the receiver is gone")
        yield from read(fd)


def read(fd: int) -> list[Sample]:
    """The samples that are there; waits for one if the fd was opened to block. `Gone` when the receiver is unplugged."""
    try:
        data = os.read(fd, 4 * 256)
    except OSError as error:
        raise explain(error, "reading the receiver") from error
    return [Sample.from_word(word) for (word,) in struct.iter_unpack("=I", data) if word >> 24 <= Kind.OVERFLOW]
