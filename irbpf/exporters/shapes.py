"""What the frames of one protocol have in common, seen from their durations: a header, bits that differ in one duration, a trailer.
These are what other software has parameters for. It knows no format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from irbpf.exporters.values import Key
from irbpf.irp.syntax import Duration, General, Item, Number

Span = tuple[int, int]  # a pulse and the space after it, in µs


@dataclass(frozen=True)
class Shape:
    """`values` has the bits of each key, the first sent is the highest. `gap` (µs) is what follows the last pulse; with `period` it is the
    length of a whole frame, which the gap fills up to. `header` and `repeat` are None, and `trailer` is 0, where there is none."""

    header: Span | None
    zero: Span
    one: Span
    trailer: int
    bits: int
    values: tuple[int, ...]
    gap: int
    period: bool
    repeat: Span | None

    @property
    def distance(self) -> bool:
        """Whether the spaces tell the bits apart, and not the pulses."""
        return self.zero[0] == self.one[0]


def shape_of(keys: Sequence[Key]) -> Shape | None:
    """The shape of all keys of one protocol; None if it has none that is so simple."""
    bits = _bit_spans(keys[0])
    if bits is None:
        return None
    for header in (False, True):
        frames = [frame for key in keys if (frame := _frame(key.frame, *bits, header)) is not None]
        if len(frames) == len(keys):
            return _of_frames(keys, frames, *bits)
    return None


def _bit_spans(key: Key) -> tuple[Span, Span] | None:
    """What a zero and a one are sent as, where they differ in the pulse or in the space."""
    if key.protocol is None or len(key.protocol.irp.bitspec.alternatives) != 2:
        return None
    general = key.protocol.irp.general
    zero, one = (_span(items, general) for items in key.protocol.irp.bitspec.alternatives)
    return (zero, one) if zero and one and (zero[0] == one[0]) != (zero[1] == one[1]) else None


def _span(items: Sequence[Item], general: General) -> Span | None:
    sizes = []
    for item, sign in zip(items, (1, -1), strict=False):
        if not isinstance(item, Duration) or item.sign != sign or not isinstance(item.value, Number):
            return None
        period = 1_000_000 / general.carrier if general.carrier else Fraction(0)
        unit = {"": general.unit, "u": Fraction(1), "m": Fraction(1000), "p": period}[item.unit]
        sizes.append(round(item.value.value * unit))
    return (sizes[0], sizes[1]) if len(items) == 2 else None


@dataclass(frozen=True)
class _Frame:
    header: Span | None
    value: int
    bits: int
    trailer: int
    gap: int


def _frame(durations: Sequence[int], zero: Span, one: Span, header: bool) -> _Frame | None:
    pulses, spaces = durations[::2], durations[1::2]
    pairs = list(zip(pulses, spaces, strict=True))
    head = pairs.pop(0) if header and len(pairs) > 1 else None
    last, gap = pairs.pop()
    if not all(_near(pair, zero) or _near(pair, one) for pair in pairs):
        return None
    kinds = [_near(pair, one) for pair in pairs]
    trailer = last
    if zero[0] != one[0]:  # the pulses tell: the last is a bit
        if abs(last - zero[0]) > 1 and abs(last - one[0]) > 1:
            return None
        kinds, trailer = [*kinds, abs(last - one[0]) <= 1], 0
    return _Frame(head, sum(bit << place for place, bit in enumerate(reversed(kinds))), len(kinds), trailer, gap)


def _near(pair: Span, kind: Span) -> bool:
    """Equal but for rounding."""
    return abs(pair[0] - kind[0]) <= 1 and abs(pair[1] - kind[1]) <= 1


def _of_frames(keys: Sequence[Key], frames: Sequence[_Frame], zero: Span, one: Span) -> Shape | None:
    first, lengths = frames[0], {sum(key.frame) for key in keys}
    alike = all((frame.header, frame.bits, frame.trailer) == (first.header, first.bits, first.trailer) for frame in frames)
    period = keys[0].protocol is not None and "^" in keys[0].protocol.irp.text
    if not alike or not 1 <= first.bits <= 64 or max(lengths) - min(lengths) > 2 and period:
        return None
    repeats = {key.repeat for key in keys if key.intro and key.repeat and key.repeat != key.intro}
    repeat = next(iter(repeats)) if repeats else None
    if len(repeats) > 1 or repeat is not None and (len(repeat) != 4 or abs(repeat[2] - first.trailer) > 1):
        return None
    return Shape(first.header, zero, one, first.trailer, first.bits, tuple(frame.value for frame in frames),
                 min(lengths) if period else first.gap, period,
                 None if repeat is None else (repeat[0], repeat[1]))
