"""Codes in equal units of time: biphase (RC-5, RC-6 and their like), and any other as one bit for each unit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from irbpf.learn.cluster import clusters
from irbpf.learn.code import Bits, Code, Part, Wide, middle
from irbpf.learn.press import Durations

MOST_UNITS = 160
MOST_FREE = 48  # units that differ from frame to frame: more of them make an automaton too large to try
LONGEST_LEADER = 4  # durations before the data
WRONG = 0.36  # a duration this far (in units) from a whole number of units is none
LONGEST_RUN = 12
BIAS_US = 150


def unit_codes(frames: Sequence[Durations]) -> Iterator[Code]:
    """All codes in units that `frames` show: the plausible first."""
    plain: list[Code] = []
    for skip in range(min(LONGEST_LEADER + 1, min(len(frame) for frame in frames))):
        for unit, rows in _in_units([frame[skip:] for frame in frames], skip % 2 == 0):
            leader = _leader(frames, skip)
            if leader is None:
                continue
            found = _biphase(unit, rows, leader)
            if found is not None:
                yield found
            elif len(plain) < 2:
                plain += _by_unit(unit, rows, leader)
    yield from plain


def _leader(frames: Sequence[Durations], skip: int) -> list[Part] | None:
    """The first `skip` durations, which are the same in all frames."""
    texts = []
    for place in range(skip):
        values = [frame[place] for frame in frames]
        if max(values) > 1.5 * min(values) + 150:
            return None
        texts.append(f"{'-' if place % 2 else ''}{middle(values)}u")
    return [",".join(texts)] if texts else []


def _in_units(frames: Sequence[Durations], pulse_first: bool) -> Iterator[tuple[int, list[Bits]]]:
    """The unit in µs, and each frame as its units: 1 is a pulse."""
    pulses = clusters([value for frame in frames for value in frame[0 if pulse_first else 1::2]], 1.3)
    spaces = clusters([value for frame in frames for value in frame[1 if pulse_first else 0::2]], 1.3)
    if not pulses or not spaces:
        return
    short, gap = pulses[0].nominal, spaces[0].nominal
    base = (short + gap) / 2 if 0.4 < short / gap < 2.5 else float(min(short, gap))
    all_pulses = sorted({value for frame in frames for value in frame[0 if pulse_first else 1::2]})
    all_spaces = sorted({value for frame in frames for value in frame[1 if pulse_first else 0::2]})
    for divisor in (1, 2, 3):
        found = _nearest_unit(all_pulses, all_spaces, base / divisor)
        if found is not None:
            unit, bias = found
            rows = [[round((value - bias if (place % 2 == 0) == pulse_first else value + bias) / unit) for place, value in enumerate(frame)]
                    for frame in frames]
            yield round(unit), [_spread(row, pulse_first) for row in rows]


def _nearest_unit(pulses: Sequence[int], spaces: Sequence[int], base: float) -> tuple[float, float] | None:
    """The unit near `base` of which all durations are multiples, and by how much pulses are too long; None if there is none."""
    best: tuple[float, float, float] | None = None
    for percent in range(84, 117, 4):
        unit = base * percent / 100
        for bias in range(-BIAS_US, BIAS_US + 1, 25):
            error = _error(pulses, spaces, unit, bias)
            if error is not None and (best is None or error + abs(bias) / 5000 < best[0]):
                best = (error + abs(bias) / 5000, unit, bias)
    return None if best is None else best[1:]


def _error(pulses: Sequence[int], spaces: Sequence[int], unit: float, bias: float) -> float | None:
    """The mean distance from whole units; None where a duration is none, or too many."""
    total = 0.0
    for values, shift in ((pulses, -bias), (spaces, bias)):
        for value in values:
            exact = (value + shift) / unit
            count = round(exact)
            wrong = abs(exact - count)
            if not 1 <= count <= LONGEST_RUN or wrong > WRONG + 0.03 * count:
                return None
            total += wrong
    return total / (len(pulses) + len(spaces))


def _spread(row: Sequence[int], pulse_first: bool) -> Bits:
    units: list[int] = []
    for place, count in enumerate(row):
        units += [int((place % 2 == 0) == pulse_first)] * count
    return tuple(units)


def _biphase(unit: int, rows: Sequence[Bits], leader: Sequence[Part]) -> Code | None:
    """Each bit is a change in its middle; one of them may be twice as long (RC-6)."""
    for late in (False, True):  # late: the first half of the first bit is a space, and cannot be seen
        if late and any(row[0] != 1 for row in rows):
            continue
        whole = [((0, *row) if late else row) for row in rows]
        for wide in (None, *range(1, 9)):
            bits = [_halves(row, wide) for row in whole]
            if any(one is None for one in bits) or len({len(one) for one in bits if one}) != 1:
                continue
            messages = [one for one in bits if one is not None]
            return _biphase_code(unit, messages, leader, late, wide)
    return None


def _halves(row: Bits, wide: int | None) -> Bits | None:
    bits: list[int] = []
    place = 0
    while place < len(row):
        size = 2 if len(bits) == wide else 1
        first = row[place:place + size]
        second = (*row[place + size:place + 2 * size], *(0,) * size)[:size]
        if len(first) != size or len(set(first)) != 1 or set(second) != {1 - first[0]}:
            return None
        bits.append(first[0])
        place += 2 * size
    return tuple(bits)


def _biphase_code(unit: int, messages: Sequence[Bits], leader: Sequence[Part], late: bool, wide: int | None) -> Code:
    count = len(messages[0])
    parts: list[Part] = list(leader)
    if wide is not None:
        parts += [wide, Wide("<-2,2|2,-2>"), count - wide - 1]
    elif late:
        parts += ["1", count - 1]
        messages = [message[1:] for message in messages]
    else:
        parts.append(count)
    if late:
        messages = [tuple(1 - bit for bit in message) for message in messages]
    specs = ("1,-1", "-1,1") if late else ("-1,1", "1,-1")
    cost = count + 2 * len(parts) + (5 if wide is not None else 0)
    return Code("biphase", unit, specs, tuple(parts), tuple(messages), cost)


def _by_unit(unit: int, rows: Sequence[Bits], leader: Sequence[Part]) -> Iterator[Code]:
    longest = max(len(row) for row in rows)
    if longest > MOST_UNITS or longest - min(len(row) for row in rows) > LONGEST_RUN:
        return
    messages = tuple((*row, *(0,) * (longest - len(row))) for row in rows)
    if sum(len(set(column)) > 1 for column in zip(*messages, strict=True)) > MOST_FREE:
        return
    yield Code("pulses and spaces in units", unit, ("-1", "1"), (*leader, longest), messages, 30 + longest, by_unit=True)
