"""Samples: what a receiver delivers, in µs, and the texts in which people write them. It knows no protocol."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from irbpf.errors import Error


class Kind(enum.IntEnum):
    """The top 8 bits of a mode2 word (linux/lirc.h, LIRC_MODE2_*)."""

    SPACE = 0
    PULSE = 1
    FREQUENCY = 2
    TIMEOUT = 3
    OVERFLOW = 4


_KINDS = {**{kind.name.lower(): kind for kind in Kind}, "carrier": Kind.FREQUENCY}
_WORD = re.compile(r"#.*|//.*|[^\s,;]+")

LONGEST_US = 0xFFFFFF  # a mode2 word has 24 bits for the duration


class Sample(NamedTuple):
    """One mode2 sample; `duration` in µs (Hz for FREQUENCY)."""

    kind: Kind
    duration: int

    @property
    def word(self) -> int:
        """The u32 that the kernel hands to a BPF program and to a reader of /dev/lirc."""
        return self.kind << 24 | self.duration

    @classmethod
    def from_word(cls, word: int) -> Sample:
        return cls(Kind(word >> 24), word & LONGEST_US)


END = Sample(Kind.TIMEOUT, 125_000)  # what a receiver says when nothing more comes: rc-core's IR_DEFAULT_TIMEOUT has passed


def from_durations(durations: Iterable[int]) -> list[Sample]:
    """Durations in µs, pulse first, as samples."""
    return [Sample(Kind.SPACE if index % 2 else Kind.PULSE, duration) for index, duration in enumerate(durations)]


def format_samples(samples: Iterable[Sample]) -> str:
    """`+9000 -4500 ...`; a timeout is written as the space it is, what is no duration is left out."""
    return " ".join(f"{'+' if kind == Kind.PULSE else '-'}{duration}" for kind, duration in samples
                    if kind in (Kind.PULSE, Kind.SPACE, Kind.TIMEOUT))


def parse_samples(text: str, origin: str, line: int = 1) -> list[Sample]:
    """Samples from any of the texts that people write: mode2 lines, `+9000 -4500`, or bare durations, pulse first.

    Errors are `origin:line:column: ...`. A space too long for a sample is cut to the longest; two pulses in a row stay as they are.
    """
    samples: list[Sample] = []
    kind: Kind | None = None
    for number, content in enumerate(text.splitlines(), line):
        for match in _WORD.finditer(content):
            word, place = match.group(), f"{origin}:{number}:{match.start() + 1}"
            if word[0] == "#" or word.startswith("//"):
                break
            if word.lower() in _KINDS:
                kind = _KINDS[word.lower()]
                if kind == Kind.OVERFLOW:
                    samples.append(Sample(kind, 0))
            elif kind == Kind.OVERFLOW and word == "0":
                kind = None
            else:
                samples.append(_sample(word, kind, samples, place))
                kind = None
    return samples


def _sample(word: str, kind: Kind | None, samples: list[Sample], place: str) -> Sample:
    digits = word.lstrip("+-")
    if not digits.isascii() or not digits.isdigit() or len(word) - len(digits) > 1:
        raise Error(f"{place}: {word[:40]!r} is no duration", "write pulse 9000, +9000 -4500 ... or durations in µs")
    if kind is None:
        previous = samples[-1].kind if samples else Kind.SPACE
        kind = {"+": Kind.PULSE, "-": Kind.SPACE}.get(word[0]) if word[0] in "+-" else (
            Kind.SPACE if previous == Kind.PULSE else Kind.PULSE)
        assert kind is not None
    elif word[0] == "-":
        raise Error(f"{place}: {word[:40]!r} is negative", "a duration is at least 1 µs")
    return _bounded(int(digits[:20]), kind, place)


def _bounded(duration: int, kind: Kind, place: str) -> Sample:
    if duration == 0 and kind in (Kind.PULSE, Kind.SPACE):
        raise Error(f"{place}: a duration of 0", "a duration is at least 1 µs")
    if duration > LONGEST_US:
        if kind not in (Kind.SPACE, Kind.TIMEOUT):
            raise Error(f"{place}: {duration} is too long", f"a receiver delivers at most {LONGEST_US}")
        duration = LONGEST_US
    return Sample(kind, duration)


def iter_signals(stream: Iterable[str], origin: str, each_line: bool) -> Iterator[list[Sample]]:
    """The signals of a text: one for each line that has any samples, or the whole as one."""
    if each_line:
        for number, line in enumerate(stream, 1):
            if line.strip() and not line.lstrip().startswith(("#", "//")):
                yield parse_samples(line, origin, number)
        return
    yield parse_samples("".join(stream), origin)
