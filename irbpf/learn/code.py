"""How frames send bits, as found in them: the bit spec, what is fixed, and what each frame said. It writes no IRP line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Union

from irbpf.learn.press import Durations

Bits = tuple[int, ...]


@dataclass(frozen=True)
class Wide:
    """One bit that is sent by a bit spec of its own."""

    specs: str


Part = Union[str, int, Wide]  # what is always the same, as IRP text; or so many bits; or one special bit


def size(part: Part) -> int:
    """How many bits are sent in `part`."""
    return 1 if isinstance(part, Wide) else part if isinstance(part, int) else 0


@dataclass(frozen=True)
class Code:
    """`kind` in words; `unit` in µs; `specs` one IRP text for each symbol; `messages` the bits of each frame, in the order sent.

    `chunk` bits are one symbol. `cost` is how much has to be said: of two codes that explain the same, the cheaper is the better.
    `by_unit`: a bit is no more than one unit of pulse or space.
    """

    kind: str
    unit: int
    specs: tuple[str, ...]
    parts: tuple[Part, ...]
    messages: tuple[Bits, ...]
    cost: float
    by_unit: bool = False

    @property
    def chunk(self) -> int:
        return max(1, (len(self.specs) - 1).bit_length())

    @property
    def bits(self) -> int:
        return sum(size(part) for part in self.parts)


def symbol_bits(index: int, chunk: int) -> Bits:
    return tuple(index >> place & 1 for place in range(chunk - 1, -1, -1))


def middle(values: Sequence[int]) -> int:
    """The median, rounded as a person would write it."""
    value = sorted(values)[len(values) // 2]
    step = 1 if value < 100 else 10 if value < 10_000 else 100
    return round(value / step) * step


def columns(frames: Sequence[Durations], start: int) -> list[list[int]]:
    """The durations of all frames place by place, from place `start` on in steps of two."""
    return [[frame[place] for frame in frames] for place in range(start, len(frames[0]), 2)]
