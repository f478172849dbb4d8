"""Renders an IRP line: the signal that a remote sends for given parameters. It is the encoder, and knows no decoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from irbpf.errors import Error
from irbpf.irp.expressions import evaluate, names_in
from irbpf.irp.syntax import (
    Assignment,
    BitField,
    BitSpec,
    Coded,
    Duration,
    Expression,
    Extent,
    Irp,
    Item,
    Name,
    Number,
    Stream,
    Variation,
)

MOST_DURATIONS = 100_000


@dataclass(frozen=True)
class Rendered:
    """A press is `intro`, then `repeat` as often as the key is held, then `ending`: µs, pulse first, each ending in a space."""

    intro: tuple[int, ...]
    repeat: tuple[int, ...]
    ending: tuple[int, ...]


def render(irp: Irp, params: Mapping[str, int]) -> Rendered:
    """What `irp` sends with `params`; Error for a parameter that is unknown, missing or out of its range."""
    sender = Sender(irp, complete(irp, params))
    sender.stream(irp.stream, (irp.bitspec,))
    parts = [*sender.parts, sender.take()]
    intro, repeat, ending = (parts[0], (), ()) if len(parts) == 1 else (parts[0], parts[1], parts[2])
    return Rendered(intro, repeat, ending)


def press(irp: Irp, params: Mapping[str, int], repeats: int = 0) -> list[int]:
    """The durations of one press with `repeats` repeats; where nothing is sent before the repeat, one pass more."""
    signal = render(irp, params)
    if not signal.intro:
        repeats += 1
    return [*signal.intro, *signal.repeat * repeats, *signal.ending]


def complete(irp: Irp, params: Mapping[str, int]) -> dict[str, int]:
    names = {parameter.name: parameter for parameter in irp.parameters}
    for name, value in params.items():
        if name not in names:
            raise Error(f"there is no parameter {name}", f"parameters: {', '.join(names)}")
        if not names[name].least <= value <= names[name].most:
            raise Error(f"{name}={value} is out of range", f"{names[name].least} to {names[name].most}")
    values = dict(params)
    for name, parameter in names.items():
        if name not in values:
            if parameter.default is None:
                raise Error(f"parameter {name} is missing", f"give {name}={parameter.least}..{parameter.most}")
            values[name] = evaluate(parameter.default, values)
    return values


@dataclass
class Sender:
    irp: Irp
    names: dict[str, int]
    spans: list[Fraction] = field(default_factory=list)  # signed µs, neighbours of one sign already one
    since_extent: Fraction = Fraction(0)
    parts: list[tuple[int, ...]] = field(default_factory=list)
    turn: int = 0

    def take(self) -> tuple[int, ...]:
        spans, self.spans, self.since_extent = self.spans, [], Fraction(0)
        while spans and spans[0] < 0:
            spans.pop(0)
        return tuple(round(abs(span)) for span in spans)

    def value(self, expression: Expression) -> int:
        names = dict(self.names)
        waiting = [expression]
        while waiting:
            missing = [name for name in names_in(waiting[-1]) if name not in names]
            if not missing:
                done = waiting.pop()
                if not waiting:
                    return evaluate(done, names)
                names[self.wanted.pop()] = evaluate(done, names)
                continue
            self.wanted.append(missing[0])
            waiting.append(self.irp.definitions[missing[0]])
        raise AssertionError

    wanted: list[str] = field(default_factory=list)

    def stream(self, stream: Stream, specs: tuple[BitSpec, ...]) -> None:
        if not stream.repeat.more:
            for _ in range(stream.repeat.least):
                self.items(stream.items, specs)
            return
        kinds = max((len(item.alternatives) for item in stream.items if isinstance(item, Variation)), default=1)
        if kinds > 1:
            self.passed(stream, specs, 0)
        elif stream.repeat.least:
            for _ in range(stream.repeat.least):
                self.passed(stream, specs, 1)
        self.parts.append(self.take())
        self.passed(stream, specs, 1)
        self.parts.append(self.take())
        if kinds > 2:
            self.passed(stream, specs, 2)

    def passed(self, stream: Stream, specs: tuple[BitSpec, ...], turn: int) -> None:
        silent = any(isinstance(item, Variation) and turn < len(item.alternatives) and not item.alternatives[turn]
                     for item in stream.items)
        if not silent:
            self.turn = turn
            self.since_extent = Fraction(0)
            self.items(stream.items, specs)

    def items(self, items: Sequence[Item], specs: tuple[BitSpec, ...]) -> None:
        bits: list[int] = []
        for item in items:
            if isinstance(item, BitField):
                bits += self.field_bits(item)
                continue
            self.send_bits(bits, specs)
            bits = []
            self.item(item, specs)
        self.send_bits(bits, specs)

    def item(self, item: Item, specs: tuple[BitSpec, ...]) -> None:
        match item:
            case Duration():
                self.span(item.sign * self.microseconds(item))
            case Extent():
                self.span(-max(self.microseconds(item) - self.since_extent, Fraction(1)))
                self.since_extent = Fraction(0)
            case Assignment(name, value):
                self.names[name] = self.value(value)
            case Variation():
                self.items(item.alternatives[min(self.turn, len(item.alternatives) - 1)], specs)
            case Coded():
                self.stream(item.stream, (item.bitspec, *specs))
            case Stream():
                self.stream(item, specs)

    def span(self, signed: Fraction) -> None:
        if len(self.spans) > MOST_DURATIONS:
            raise Error("the signal has no end")
        self.since_extent += abs(signed)
        if self.spans and (self.spans[-1] < 0) == (signed < 0):
            self.spans[-1] += signed
        elif signed:
            self.spans.append(signed)

    def microseconds(self, item: Duration | Extent) -> Fraction:
        amount = Fraction(item.value.value if isinstance(item.value, Number) else self.value(Name(item.value.name)))
        if item.unit == "p":
            return amount * 1_000_000 / self.irp.general.carrier
        return amount * {"": self.irp.general.unit, "u": Fraction(1), "m": Fraction(1000)}[item.unit]

    def field_bits(self, item: BitField) -> list[int]:
        assert item.width is not None
        width, skip = self.value(item.width), self.value(item.skip)
        value = self.value(item.data)
        value = (~value if item.complement else value) >> skip
        turned = item.reverse != (width < 0)
        low_first = self.irp.general.msb == turned
        places = range(abs(width)) if low_first else range(abs(width) - 1, -1, -1)
        return [value >> place & 1 for place in places]

    def send_bits(self, bits: Sequence[int], specs: tuple[BitSpec, ...]) -> None:
        if not bits:
            return
        size = max(1, (len(specs[0].alternatives) - 1).bit_length())
        for start in range(0, len(bits), size):
            chunk = bits[start:start + size] if self.irp.general.msb else bits[start:start + size][::-1]
            index = int("".join(map(str, chunk)), 2)
            self.items(specs[0].alternatives[index], specs[1:] or specs)
