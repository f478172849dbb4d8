"""Codes whose symbols are a pulse and a space: distance, length, multi-level, and what mixes them. Other codes are in `units`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from irbpf.learn.cluster import Cluster, clusters, place
from irbpf.learn.code import Code, Part, columns, middle, symbol_bits
from irbpf.learn.press import Durations

OFTEN = 3  # what occurs at so many places of a frame is a symbol, even if it is the same in all frames
MOST_SYMBOLS = 16
SAME_STEP = 0.2  # how far the steps between levels may differ, as a fraction of a step

Labels = list[list[int]]  # of all frames, place by place
Symbol = tuple[int, int]  # kind of pulse, kind of space


def pair_code(frames: Sequence[Durations], pulse_ratio: float, space_ratio: float) -> Code | None:
    """The code of frames that have the same number of durations; None if they show none. The ratios part durations (`clusters`)."""
    if len(frames[0]) < 5 or any(len(frame) != len(frames[0]) for frame in frames):
        return None
    pulse_columns, space_columns = columns(frames, 0), columns(frames, 1)
    pulse_kinds, pulses = _labels(pulse_columns, pulse_ratio)
    space_kinds, spaces = _labels(space_columns, space_ratio)
    data_pulses, data_spaces = _data(pulses), _data(spaces)
    data = [set(one) <= data_pulses and set(other) <= data_spaces for one, other in zip(pulses, spaces, strict=False)]
    symbols = sorted({pair for index, is_data in enumerate(data) if is_data for pair in zip(pulses[index], spaces[index], strict=True)})
    specs = _specs(symbols, pulse_kinds, space_kinds)
    if not 2 <= len(specs) <= MOST_SYMBOLS:
        return None
    numbers = {symbol: index for index, symbol in enumerate(specs)}
    by_pulse = {pulse: symbol for symbol in symbols for pulse in (symbol[0],)}
    last_is_data = len(data_pulses) > 1 and set(pulses[-1]) <= set(by_pulse) and len(by_pulse) == len(symbols)
    if not last_is_data and len(set(pulses[-1])) > 1:
        return None
    chunk = max(1, (len(specs) - 1).bit_length())
    parts: list[Part] = []
    messages: list[list[int]] = [[] for _ in frames]
    for index, is_data in enumerate([*data, last_is_data]):
        if is_data:
            parts.append(chunk)
            for number, message in enumerate(messages):
                symbol = (pulses[index][number], spaces[index][number]) if index < len(data) else by_pulse[pulses[index][number]]
                message += symbol_bits(numbers[symbol], chunk)
        elif len(set(pulses[index])) > 1 or (index < len(data) and len(set(spaces[index])) > 1):
            return None
        else:
            text = f"{middle(pulse_columns[index])}"
            parts.append(f"{text},-{middle(space_columns[index])}" if index < len(data) else text)
    return Code(_kind(len(data_pulses), len(data_spaces), len(specs)), 1, tuple(specs.values()), _joined(parts),
                tuple(tuple(message) for message in messages), _cost(parts, len(specs)))


def _labels(cells: Sequence[Sequence[int]], ratio: float) -> tuple[list[Cluster], Labels]:
    kinds = clusters([value for column in cells for value in column], ratio)
    return kinds, [[place(kinds, value) for value in column] for column in cells]


def _data(labels: Labels) -> set[int]:
    """The kinds that carry data: they stand where frames differ, or at many places."""
    varying = {label for column in labels if len(set(column)) > 1 for label in column}
    often = Counter(label for column in labels for label in set(column))
    return varying | {label for label, count in often.items() if count >= min(OFTEN, max(often.values()))}


def _specs(symbols: Sequence[Symbol], pulses: Sequence[Cluster], spaces: Sequence[Cluster]) -> dict[Symbol, str]:
    """The IRP text of each symbol, in ascending order; levels in equal steps are completed with those that were not seen."""
    def text(pulse: int, space: int) -> str:
        return f"{middle([pulse])},-{middle([space])}"

    plain = {(pulse, space): text(pulses[pulse].nominal, spaces[space].nominal) for pulse, space in symbols}
    if len({pulse for pulse, _ in symbols}) != 1 or len(symbols) < 3:
        return plain
    levels = [spaces[space].nominal for _, space in symbols]
    step = _step(levels)
    places = [(level - levels[0]) / step for level in levels]
    wanted = 1 << (round(places[-1]).bit_length())
    if any(abs(one - round(one)) > SAME_STEP for one in places) or wanted > MOST_SYMBOLS:
        return plain
    full: dict[Symbol, str] = {}
    known = {round(one): symbol for one, symbol in zip(places, symbols, strict=True)}
    for index in range(wanted):
        symbol = known.get(index, (symbols[0][0], -1 - index))
        full[symbol] = plain.get(symbol) or text(pulses[symbols[0][0]].nominal, levels[0] + round(index * step))
    return full


def _step(levels: Sequence[int]) -> float:
    """The step of which the distances of `levels` are nearest to whole multiples."""
    narrow = min(after - before for before, after in zip(levels, levels[1:], strict=False))
    span = levels[-1] - levels[0]
    steps = [span / count for count in range(max(1, int(span / narrow / 1.4)), int(span / narrow * 1.1) + 2)]
    return min(steps, key=lambda step: (max(abs((level - levels[0]) / step - round((level - levels[0]) / step)) for level in levels) + 0.1
                                        * span / step / MOST_SYMBOLS))


def _kind(pulses: int, spaces: int, symbols: int) -> str:
    if pulses == 1:
        return "pulse distance" if symbols == 2 else f"{symbols} levels of distance"
    if spaces == 1:
        return "pulse length" if symbols == 2 else f"{symbols} levels of length"
    return "pulse and space in opposition" if symbols == 2 else f"{symbols} pairs of pulse and space"


def _joined(parts: Sequence[Part]) -> tuple[Part, ...]:
    joined: list[Part] = []
    for part in parts:
        last = joined[-1] if joined else None
        if isinstance(last, int) and isinstance(part, int):
            joined[-1] = last + part
        elif isinstance(last, str) and isinstance(part, str):
            joined[-1] = f"{last},{part}"
        else:
            joined.append(part)
    return tuple(joined)


def _cost(parts: Sequence[Part], symbols: int) -> float:
    return len(parts) + 2 * sum(isinstance(part, str) for part in parts) + 3 * (symbols - 2)
