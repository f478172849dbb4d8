"""Where the bit fields of an IRP line are in the signal that it renders to: the renderer, watched. It knows no recording."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from irbpf.irp.render import Sender, complete
from irbpf.irp.syntax import BitField, BitSpec, Irp, Number
from irbpf.irp.text import expression_text


@dataclass(frozen=True)
class FieldMark:
    """A bit field from `start` to `end`, in µs from the first pulse of its part; `value` as it is sent, of `width` bits."""

    label: str
    value: int
    width: int
    start: Fraction
    end: Fraction


@dataclass(frozen=True)
class Part:
    """One part of a press (intro, repeat or ending): its `durations` as `irp.render` gives them, and its bit fields in order."""

    durations: tuple[int, ...]
    fields: tuple[FieldMark, ...]


def marked(irp: Irp, params: Mapping[str, int]) -> tuple[Part, ...]:
    """The parts of a press that are not empty: intro, repeat, ending."""
    watched = _Watched(irp, complete(irp, params))
    watched.stream(irp.stream, (irp.bitspec,))
    watched.take()
    return tuple(part for part in watched.found if part.durations)


@dataclass
class _Watched(Sender):
    position: Fraction = Fraction(0)
    owners: list[tuple[BitField, int]] = field(default_factory=list)  # of bits that are collected, but not sent yet
    sent: list[tuple[BitField, int, Fraction, Fraction]] = field(default_factory=list)  # field, bit, from, to
    found: list[Part] = field(default_factory=list)

    def span(self, signed: Fraction) -> None:
        super().span(signed)
        self.position += abs(signed)

    def field_bits(self, item: BitField) -> list[int]:
        bits = super().field_bits(item)
        self.owners += [(item, bit) for bit in bits]
        return bits

    def send_bits(self, bits: Sequence[int], specs: tuple[BitSpec, ...]) -> None:
        owners, self.owners = self.owners, []
        size = max(1, (len(specs[0].alternatives) - 1).bit_length())
        for start in range(0, len(bits), size):
            before = self.position
            super().send_bits(bits[start:start + size], specs)
            chunk = owners[start:start + size]
            each = (self.position - before) / max(1, len(chunk))  # bits that are sent together share the time
            self.sent += [(item, bit, before + place * each, before + (place + 1) * each) for place, (item, bit) in enumerate(chunk)]

    def take(self) -> tuple[int, ...]:
        dropped = Fraction(0)
        for span in self.spans:
            if span > 0:
                break
            dropped -= span
        durations = super().take()
        self.found.append(Part(durations, tuple(self.fields(dropped))))
        self.sent, self.position = [], Fraction(0)
        return durations

    def fields(self, dropped: Fraction) -> list[FieldMark]:
        """Bits of one field that follow one another, as one; `dropped` is the silence before the first pulse, which nobody hears."""
        marks: list[tuple[BitField, list[int], Fraction, Fraction]] = []
        for item, bit, start, end in self.sent:
            if marks and marks[-1][0] is item and len(marks[-1][1]) < self.width(item):
                marks[-1] = (item, [*marks[-1][1], bit], marks[-1][2], end)
            else:
                marks.append((item, [bit], start, end))
        return [FieldMark(_label(item), self.number(item, bits), len(bits), max(start - dropped, Fraction(0)), end - dropped)
                for item, bits, start, end in marks]

    def width(self, item: BitField) -> int:
        assert item.width is not None
        return abs(self.value(item.width))

    def number(self, item: BitField, bits: Sequence[int]) -> int:
        assert item.width is not None
        low_first = self.irp.general.msb == (item.reverse != (self.value(item.width) < 0))
        return int("".join(map(str, bits[::-1] if low_first else bits)), 2)


def _label(item: BitField) -> str:
    """`D`, `~F`, `F:1:6` for a piece of one; "" for a constant."""
    if isinstance(item.data, Number):
        return ""
    skip = "" if item.skip == Number(0) else f":{expression_text(item.width) if item.width else ''}:{expression_text(item.skip)}"
    text = expression_text(item.data)
    return f"{'~' if item.complement else ''}{text[1:-1] if text.startswith('(') and not item.complement and not skip else text}{skip}"
