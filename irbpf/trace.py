"""Trace files: recorded samples with where they come from and what they must decode to. It decodes nothing.

A trace is a text that `irbpf decode` reads as any other recording, since its head is comments to it:

    # irbpf trace 1
    # sent by: ir-ctl 1.22.1, -S rc5:0x1e3b
    # recorded: 2026-11-24 from /dev/lirc0 of rc-loopback, Linux 6.1
    # expect: rc5:0x1e3b toggle=0 repeats=1 key=KEY_SELECT
    +889 -889 +1778 ... timeout 125000

The first line is the format and its version. Then come fields, `# name: value`, each name once; they tell the provenance, and one of
them has a meaning: `keymap` names the file, beside the trace, of the keymap that it is for (default: the protocol of the catalogue).
`expect` may come several times: one line for each press, in order. It is PROTOCOL:SCANCODE, and after it, where they matter, `toggle=0`
or `toggle=1`, `repeats=N` (events that say that the key is still held) and `key=KEY_NAME`. An `expect: nothing` says that nothing may be
decoded. After the fields come the samples, in any text that `irbpf.pulses.parse_samples` takes, and no more fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from irbpf.errors import Error
from irbpf.irp.interpreter import Decoded
from irbpf.pulses import Kind, Sample, format_samples, parse_samples

FIRST = "# irbpf trace 1"
LARGEST = 16 << 20
_PLACE = re.compile(r"([^\s:]+):(0x[0-9a-f]{1,16})")


@dataclass(frozen=True)
class Press:
    """One press of a key: `repeats` counts the events after the first that say that it is still held."""

    protocol: str
    scancode: int
    toggle: int | None = None
    repeats: int = 0
    key: str | None = None

    def __str__(self) -> str:
        more = {"toggle": self.toggle, "repeats": self.repeats or None, "key": self.key}
        return " ".join([f"{self.protocol}:{self.scancode:#x}", *(f"{name}={value}" for name, value in more.items() if value is not None)])


@dataclass(frozen=True)
class Trace:
    """`provenance`: who sent it, who recorded it, when; `expect`: the presses it decodes to, None if the file does not say."""

    name: str
    samples: tuple[Sample, ...]
    expect: tuple[Press, ...] | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)


def presses(events: Iterable[Decoded], key: Callable[[int], str | None] = lambda _: None) -> tuple[Press, ...]:
    """Decoded events of one protocol, in order, as the presses they make."""
    found: list[Press] = []
    for one in events:
        if one.repeat and found:
            found[-1] = replace(found[-1], repeats=found[-1].repeats + 1)
        else:
            found.append(Press(one.protocol, one.scancode, one.toggle, 0, key(one.scancode)))
    return tuple(found)


def read(path: Path) -> Trace:
    """A trace file; Error is `file:line:column: ...` for what is wrong in it."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise Error(f"{path}: {error.strerror}") from error
    if len(raw) > LARGEST:
        raise Error(f"{path}: more than {LARGEST >> 20} MB", "a trace is one signal, or a few")
    try:
        return parse(raw.decode(), str(path), path.stem)
    except UnicodeDecodeError as error:
        before = raw[:error.start].split(b"\n")
        raise Error(f"{path}:{len(before)}:{len(before[-1]) + 1}: not UTF-8") from error


def parse(text: str, origin: str, name: str) -> Trace:
    """A trace from its text; `origin` is what errors call it."""
    lines = text.splitlines()
    if not lines or lines[0] != FIRST:
        raise Error(f"{origin}:1:1: not a trace file", f"its first line is {FIRST!r}")
    start = next((index for index, line in enumerate(lines) if line.strip() and not line.startswith("#")), len(lines))
    for index, line in enumerate(lines[start:], start + 1):
        if (column := line.find("#")) >= 0:
            raise Error(f"{origin}:{index}:{column + 1}: a field after the samples", "fields come before them")
    fields: dict[str, str] = {}
    expect: list[Press] | None = None
    for label, value, place in _fields(lines[:start], origin):
        if label == "expect":
            expect = [*(expect or ()), *([] if value == "nothing" else [parse_press(value, place)])]
        elif label in fields:
            raise Error(f"{place}: {label!r} is there already", "each field comes once, except expect")
        else:
            fields[label] = value
    samples = tuple(parse_samples(text, origin))
    if not samples:
        raise Error(f"{origin}:{len(lines)}:1: no samples", "write pulse 9000 / space 4500, or +9000 -4500 ...")
    return Trace(name, samples, None if expect is None else tuple(expect), fields)


def _fields(lines: Sequence[str], origin: str) -> Iterator[tuple[str, str, str]]:
    for number, line in enumerate(lines[1:], 2):
        if not line.strip():
            continue
        label, colon, value = line[2:].partition(":")
        if line[1:2] != " " or not colon or not label.strip() or not value.strip():
            raise Error(f"{origin}:{number}:2: not a field", "write # name: value")
        column = 4 + len(label) + len(value) - len(value.lstrip())
        yield label.strip(), value.strip(), f"{origin}:{number}:{column}"


def parse_press(text: str, place: str = "expect") -> Press:
    """What stands in an `expect` field; `place` is what errors call it."""
    first, *rest = text.split()
    match = _PLACE.fullmatch(first)
    if match is None:
        raise Error(f"{place}: {first[:40]!r} is no PROTOCOL:SCANCODE", "such as nec:0x408, in small hexadecimal digits")
    press = Press(match[1], int(match[2], 16))
    for word in rest:
        label, _, value = word.partition("=")
        if label == "key" and value.startswith("KEY_"):
            press = replace(press, key=value)
        elif label == "repeats" and value.isascii() and value.isdigit() and len(value) < 6:
            press = replace(press, repeats=int(value))
        elif label == "toggle" and value in ("0", "1"):
            press = replace(press, toggle=int(value))
        else:
            raise Error(f"{place}: {word[:40]!r} says nothing about a press", "toggle=0, toggle=1, repeats=N or key=KEY_NAME")
    return press


def text(signals: Iterable[Sequence[Sample]], expect: Sequence[Press] | None, provenance: Mapping[str, str]) -> str:
    """The trace file of `signals`, a line for each; `expect` None where nobody knows what was sent."""
    head = [FIRST, *(f"# {name}: {value}" for name, value in provenance.items())]
    if expect is not None:
        head += [f"# expect: {press}" for press in expect] or ["# expect: nothing"]
    return "\n".join([*head, *(" ".join(map(_word, samples)) for samples in signals)]) + "\n"


def _word(sample: Sample) -> str:
    """What is no pulse and no space is written out."""
    return format_samples([sample]) if sample.kind in (Kind.PULSE, Kind.SPACE) else f"{sample.kind.name.lower()} {sample.duration}"


def write(path: Path, samples: Sequence[Sample], expect: Sequence[Press] | None, provenance: Mapping[str, str]) -> None:
    """Write the trace of one signal."""
    try:
        path.write_text(text([samples], expect, provenance))
    except OSError as error:
        raise Error(f"{path}: {error.strerror}") from error
