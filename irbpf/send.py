"""Sending: presses as a transmitter takes them, in writes that rc-core accepts. What a press is made of comes from `irbpf.transmission`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from irbpf import lirc
from irbpf.errors import Error
from irbpf.transmission import Transmission

MOST_DURATIONS = 1023  # LIRCBUF_SIZE is 1024, and a write has an odd number (rc/lirc_dev.c, lirc_transmit)
MOST_US = 500_000  # IR_MAX_DURATION
PAUSE_US = 4_000  # a space from here up may be kept by the clock of this machine instead of the transmitter's


@dataclass(frozen=True)
class Write:
    """What one write(2) gets: an odd number of `durations` in µs, pulse first, and the `gap` in µs before the next."""

    durations: tuple[int, ...]
    gap: int


def writes(parts: Sequence[Sequence[int]]) -> list[Write]:
    """The frames of a press (pulse first, each ending in a space) in as few writes as the kernel takes; Error for what it cannot."""
    made: list[Write] = []
    pending: list[int] = []
    for part in parts:
        for piece in _pieces(list(part)):
            if pending and not _fits([*pending, *piece]):
                made.append(Write(tuple(pending[:-1]), pending[-1]))
                pending = []
            pending += piece
    if pending:
        made.append(Write(tuple(pending[:-1]), pending[-1]))
    return made


def _pieces(part: list[int]) -> Iterator[list[int]]:
    """`part` cut at long spaces, where it does not fit a write as it is; every piece ends in a space."""
    while not _fits(part):
        places = [place for place in range(1, len(part) - 1, 2) if part[place] >= PAUSE_US and _fits(part[:place + 1])]
        if not places:
            raise Error(f"the signal has more than {MOST_DURATIONS} durations or {MOST_US // 1000} ms without a pause",
                        "no transmitter of rc-core sends that at once")
        yield part[:places[-1] + 1]
        part = part[places[-1] + 1:]
    yield part


def _fits(piece: Sequence[int]) -> bool:
    return len(piece) - 1 <= MOST_DURATIONS and sum(piece[:-1]) <= MOST_US


def frames(sent: Transmission, repeats: int = 0, hold: float | None = None) -> list[tuple[int, ...]]:
    """The parts of one press with `repeats` repeats, or held for `hold` seconds; what has no repeat of its own is sent again."""
    again = sent.repeat or sent.intro
    if hold is not None:
        once = sum(sent.intro or sent.repeat) + sum(sent.ending)
        repeats = max(0, -int(-(hold * 1_000_000 - once) // max(1, sum(again))))
    if not sent.intro:
        repeats += 1
    return [part for part in (sent.intro, *[again] * repeats, sent.ending) if part]


@dataclass(frozen=True)
class Settings:
    """How it is sent; None leaves it to the transmission, or to what the transmitter is set to. `transmitters` count from 1."""

    carrier: int | None = None
    duty_cycle: int | None = None
    transmitters: tuple[int, ...] = ()


def send(path: str | Path, presses: Sequence[tuple[Transmission, Sequence[Write]]], settings: Settings = Settings()) -> list[str]:
    """Transmit one press after the other; blocks until the last pulse is out. Returns warnings; Error if it cannot be as asked for."""
    warnings: dict[str, None] = {}
    with lirc.opened(path) as fd:
        able = lirc.features(fd)
        if not able & lirc.CAN_SEND_PULSE:
            raise Error(f"{path} cannot send", "few receivers have a transmitter")
        if settings.transmitters:
            _transmitters(fd, path, able, settings.transmitters)
        due = time.monotonic()
        for sent, made in presses:
            warnings |= dict.fromkeys(_modulation(fd, path, able, sent, settings))
            for write in made:
                while (left := due - time.monotonic()) > 0:
                    time.sleep(left)
                due = time.monotonic() + (sum(write.durations) + write.gap) / 1_000_000
                lirc.send(fd, write.durations)
    return list(warnings)


def _modulation(fd: int, path: str | Path, able: int, sent: Transmission, settings: Settings) -> Iterator[str]:
    """Set carrier and duty cycle; what cannot be set is an Error where it was asked for, else a warning."""
    for what, asked, wanted, can, tell in (
            ("carrier", settings.carrier, sent.carrier, lirc.CAN_SET_SEND_CARRIER, lirc.set_carrier),
            ("duty cycle", settings.duty_cycle, sent.duty_cycle, lirc.CAN_SET_SEND_DUTY_CYCLE, lirc.set_duty_cycle)):
        value = wanted if asked is None else asked
        if value is not None and able & can:
            tell(fd, value)
        elif asked is not None:
            raise Error(f"{path} cannot change its {what}", f"leave --{what.replace(' ', '-')} out")
        elif value is not None:
            yield f"{path} cannot change its {what}, so it may not be {value}"


def _transmitters(fd: int, path: str | Path, able: int, wanted: Sequence[int]) -> None:
    if not able & lirc.CAN_SET_TRANSMITTER_MASK:
        raise Error(f"{path} has only one transmitter", "leave --transmitters out")
    there = lirc.set_transmitters(fd, sum(1 << number - 1 for number in set(wanted)))
    if there:
        raise Error(f"{path} has {there} transmitters", f"--transmitters takes numbers from 1 to {there}")
