"""How far apart the alternatives of a protocol's bit spec are: what a receiver cannot tell apart, no decoder can. It builds nothing."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction

from irbpf.irp.meaning import all_items
from irbpf.irp.syntax import BitSpec, Duration, Irp, Number
from irbpf.pulses import LONGEST_US

LEAST_US = 50  # receivers measure in steps of 50 µs
LEAST_PART = Fraction(4, 100)


def too_alike(irp: Irp) -> tuple[int, int] | None:
    """Two values of a chunk whose durations differ by less than a receiver can measure; None if all can be told apart."""
    for one, other, far in _pairs(irp):
        if not far or all(away < max(Fraction(LEAST_US), longer * LEAST_PART) for away, longer in far):
            return one, other
    return None


def nearest_alternatives(irp: Irp) -> int | None:
    """How far apart (µs) the two alternatives are that are most alike; None where no two can be compared."""
    distances = [max(away for away, _ in far) for _, _, far in _pairs(irp) if far]
    return int(min(distances)) if distances else None


def longest_gap(irp: Irp) -> int:
    """The longest space (µs) in any value of the bit spec; 0 where it has none."""
    return int(max((-span for spans in _durations(irp.bitspec, irp).values() for span in spans if span < 0), default=Fraction(0)))


def too_long(irp: Irp) -> int | None:
    """A duration (µs) that no receiver can deliver, so that it never matches."""
    items = [*all_items((irp.stream,)), *(item for alternative in irp.bitspec.alternatives for item in all_items(alternative))]
    found = (int(Fraction(item.value.value) * _unit(item.unit, irp)) for item in items
             if isinstance(item, Duration) and isinstance(item.value, Number))
    return next((duration for duration in found if duration > LONGEST_US), None)


def _pairs(irp: Irp) -> Iterator[tuple[int, int, list[tuple[Fraction, Fraction]]]]:
    """Two values, and by how much their durations differ and how long they are; only those of the same pulses and spaces."""
    coded = _durations(irp.bitspec, irp)
    for (one, first), (other, second) in itertools.combinations(coded.items(), 2):
        if [duration > 0 for duration in first] == [duration > 0 for duration in second]:
            yield one, other, [(abs(a - b), max(abs(a), abs(b))) for a, b in zip(first, second, strict=True) if a != b]


def _durations(spec: BitSpec, irp: Irp) -> dict[int, tuple[Fraction, ...]]:
    """value -> its signed durations in µs, for the alternatives that are nothing but durations."""
    found = {}
    for value, items in enumerate(spec.alternatives):
        spans: list[Fraction] = []
        for item in items:
            if not isinstance(item, Duration) or not isinstance(item.value, Number):
                break
            span = Fraction(item.value.value) * _unit(item.unit, irp) * item.sign
            if spans and (spans[-1] > 0) == (span > 0):
                spans[-1] += span
            else:
                spans.append(span)
        else:
            found[value] = tuple(spans)
    return found


def _unit(unit: str, irp: Irp) -> Fraction:
    if unit == "p":
        return Fraction(1_000_000) / irp.general.carrier if irp.general.carrier else Fraction(0)
    return {"": irp.general.unit, "u": Fraction(1), "m": Fraction(1000)}[unit]
