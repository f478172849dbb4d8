"""What the bits of a remote's frames mean: constants, what tells keys apart, toggles, complements, copies and checksums.

It works on the bits of recorded messages alone, however they are sent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from irbpf.learn.checksum import find_checksum
from irbpf.learn.code import Bits

EVIDENCE = 12  # how many bits have to agree before a relation is believed
NAMES = "FDSABEGHIJKLMNOPQUVWXYZ"
MOST_PARAMETERS = 15
CONSTANT, VARYING, UNSTABLE = 0, 1, 2


@dataclass(frozen=True)
class Field:
    """`width` bits from bit `start`, and the IRP text that sends them."""

    start: int
    width: int
    text: str


@dataclass(frozen=True)
class Meaning:
    """`fields` cover all bits. `parameters`: name and width. `scancode`: those of them that tell keys apart. `notes` for people."""

    fields: tuple[Field, ...]
    parameters: tuple[tuple[str, int], ...]
    scancode: tuple[str, ...]
    toggle: str | None
    definitions: tuple[str, ...]
    msb: bool
    notes: tuple[str, ...]


@dataclass
class _Finder:
    messages: Sequence[Bits]
    keys: Sequence[str]
    msb: bool
    known: dict[int, tuple[int, int, bool]] = field(default_factory=dict)  # start -> (width, source, complement)

    def __post_init__(self) -> None:
        self.columns = list(zip(*self.messages, strict=True))
        by_key: dict[str, list[Bits]] = defaultdict(list)
        for key, message in zip(self.keys, self.messages, strict=True):
            by_key[key].append(message)
        self.several = len(by_key) > 1
        unstable = [any(len({message[bit] for message in group}) > 1 for group in by_key.values()) for bit in range(len(self.columns))]
        self.kinds = [UNSTABLE if unstable[bit] else VARYING if len(set(column)) > 1 or not self.several else CONSTANT
                      for bit, column in enumerate(self.columns)]
        self.distinct = len(set(self.messages))

    def relations(self, cuts: Sequence[int]) -> None:
        """Runs of bits that are the complement or a copy of earlier ones."""
        runs = [run for shift in range(3, len(self.columns)) for complement in (True, False) for run in self.runs(shift, complement, cuts)]
        taken: set[int] = set()
        sources: set[int] = set()
        for _, start, width, shift, complement in sorted(runs, key=lambda run: (-run[0], run[1])):
            target, source = set(range(start + shift, start + shift + width)), set(range(start, start + width))
            if not target & (taken | sources) and not source & taken:
                taken |= target
                sources |= source
                self.known[start + shift] = (width, start, complement)

    def runs(self, shift: int, complement: bool, cuts: Sequence[int]) -> list[tuple[float, int, int, int, bool]]:
        found = []
        start, stop = 0, len(self.columns) - shift
        for bit in range(stop + 1):
            edge = bit in cuts or bit + shift in cuts
            if bit == stop or edge or not self.related(bit, shift, complement):
                found += self.run(start, bit, shift, complement)
                start = bit if bit < stop and self.related(bit, shift, complement) else bit + 1
        return found

    def related(self, bit: int, shift: int, complement: bool) -> bool:
        one, other = self.columns[bit], self.columns[bit + shift]
        return all(a != b for a, b in zip(one, other, strict=True)) if complement else one == other

    def run(self, start: int, stop: int, shift: int, complement: bool) -> list[tuple[float, int, int, int, bool]]:
        """The run as a candidate, if it is believable."""
        width = min(stop - start, shift)
        varying = sum(len(set(column)) > 1 for column in self.columns[start:start + width])
        evidence = varying * (self.distinct - 1) + width - varying
        aligned = complement and width % 8 == 0 and start % 8 == 0 and shift == 8
        if width < 4 or (not complement and (width < 8 or varying < 3)) or evidence + 6 * aligned < EVIDENCE:
            return []
        return [(width + 0.5 * complement, start, width, shift, complement)]

    def cut(self, cuts: Sequence[int]) -> list[tuple[int, int]]:
        """All bits as (start, width) of fields: parted where parts of the frame, relations or kinds of bits end."""
        borders = set(cuts)
        for start, (width, source, _) in self.known.items():
            borders |= {start, start + width, source, source + width}
        ordered = sorted(borders)
        for start, stop in zip(ordered, ordered[1:], strict=False):
            if (stop - start) % 8 == 0 and self.distinct > 1:
                borders |= set(range(start, stop, 8))
            elif stop - start > 8:
                borders |= self.steady(start, stop)
            borders |= {bit for bit in range(start + 1, stop) if (self.kinds[bit] == UNSTABLE) != (self.kinds[bit - 1] == UNSTABLE)}
        borders |= {start + step for start in ordered[:-1] for step in range(0, max(ordered) - start, 32)
                    if not any(start < other < start + step for other in borders)}
        ordered = sorted(borders)
        return [(start, stop - start) for start, stop in zip(ordered, ordered[1:], strict=False)]

    def steady(self, start: int, stop: int) -> set[int]:
        """Where runs of at least three constant bits begin and end."""
        found: set[int] = set()
        first = start
        for bit in range(start, stop + 1):
            if bit == stop or self.kinds[bit] != CONSTANT:
                if bit - first >= 3:
                    found |= {first, bit}
                first = bit + 1
        return found

    def value(self, message: Bits, start: int, width: int) -> int:
        bits = message[start:start + width]
        return int("".join(map(str, bits if self.msb else bits[::-1])), 2)


def meaning(messages: Sequence[Bits], keys: Sequence[str], cuts: Sequence[int], msb: bool, relate: bool = True) -> Meaning:
    """What `messages` (of the keys `keys`) have in common. `cuts`: where fields must end, 0 and the length included."""
    finder = _Finder(messages, keys, msb)
    if relate:
        finder.relations(cuts)
    pieces = finder.cut(cuts)
    free = [(start, width) for start, width in pieces if not any(at <= start < at + size for at, (size, _, _) in finder.known.items())]
    varying = [(start, width) for start, width in free if any(finder.kinds[bit] != CONSTANT for bit in range(start, start + width))]
    checksum = find_checksum([[finder.value(message, *piece) for message in dict.fromkeys(messages)] for piece in varying],
                             [width for _, width in varying]) if relate and finder.several else None
    steady = [piece for index, piece in enumerate(varying) if checksum is None or index != checksum.target]
    names = _names(finder, steady)
    texts = {piece: f"{name}:{piece[1]}" for piece, name in names.items()}
    definitions = []
    if checksum is not None:
        texts[varying[checksum.target]] = f"C:{varying[checksum.target][1]}"
        terms = [names.get(piece, "C") for piece in varying]
        definitions.append(f"C={checksum.text(terms)}")
    fields = []
    for start, width in pieces:
        related = next(((at, source, complement) for at, (size, source, complement) in finder.known.items() if at <= start < at + size), None)
        if related is None:
            text = texts.get((start, width)) or f"{finder.value(messages[0], start, width)}:{width}"
        else:
            at, source, complement = related
            text = _related(finder, texts, source + start - at, width, complement)
        fields.append(Field(start, width, text))
    moving = [name for (start, _), name in names.items() if finder.kinds[start] == UNSTABLE]
    scancode = tuple(name for name in names.values() if name not in moving)
    toggle = moving[0] if len(moving) == 1 and next(width for (_, width), name in names.items() if name == moving[0]) == 1 else None
    return Meaning(tuple(fields), tuple((name, width) for (_, width), name in names.items()), scancode, toggle, tuple(definitions), msb,
                   _notes(finder, checksum is not None, moving))


def _related(finder: _Finder, texts: dict[tuple[int, int], str], source: int, width: int, complement: bool) -> str:
    """The text of bits that repeat or invert those from `source` on, whose fields have texts of their own."""
    text = texts.get((source, width))
    if text is None:
        value = finder.value(finder.messages[0], source, width)
        return f"{value ^ ((1 << width) - 1) if complement else value}:{width}"
    return f"~{text}" if complement else text


def _names(finder: _Finder, pieces: Sequence[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """Names of the parameters: F for what differs most from key to key, T for a bit that changes by itself."""
    order = sorted((piece for piece in pieces if finder.kinds[piece[0]] != UNSTABLE),
                   key=lambda piece: (-len({message[piece[0]:sum(piece)] for message in finder.messages}), -piece[0]))
    names = {piece: NAMES[index] if index < len(NAMES) else f"P{index}" for index, piece in enumerate(order)}
    moving = [piece for piece in pieces if piece not in names]
    names |= {piece: "T" if index == 0 else f"T{index}" for index, piece in enumerate(moving)}
    return {piece: names[piece] for piece in pieces}


def _notes(finder: _Finder, checksum: bool, moving: Sequence[str]) -> tuple[str, ...]:
    notes = []
    if any(complement for _, _, complement in finder.known.values()):
        notes.append("complement")
    if any(not complement for _, _, complement in finder.known.values()):
        notes.append("copy")
    if checksum:
        notes.append("checksum")
    if moving:
        notes.append("toggle")
    return tuple(notes)
