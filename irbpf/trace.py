"""Trace files: recorded samples with where they come from and what they must decode to. Text that `irbpf decode` reads too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from irbpf.errors import Error
from irbpf.pulses import Kind, Sample, format_samples, parse_samples

FIRST = "# irbpf trace 1"


@dataclass(frozen=True)
class Trace:
    """`provenance`: who sent it, who recorded it, when; `expect`: what it decodes to, as protocol:scancode, in order."""

    name: str
    samples: tuple[Sample, ...]
    expect: tuple[str, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)


def read(path: Path) -> Trace:
    """A trace file; Error names the line that is wrong."""
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Error(f"{path}: {getattr(error, 'strerror', None) or 'not a text'}") from error
    lines = text.splitlines()
    if not lines or lines[0] != FIRST:
        raise Error(f"{path}:1:1: not a trace file", f"its first line is {FIRST!r}")
    fields: dict[str, str] = {}
    for number, line in enumerate(lines[1:], 2):
        if line.startswith("# "):
            name, colon, value = line[2:].partition(": ")
            if not colon:
                raise Error(f"{path}:{number}:3: not a field", "write # name: value")
            fields[name] = value
    expect = tuple(fields.pop("expect", "").split())
    return Trace(path.stem, tuple(parse_samples(text, str(path))), expect, fields)


def text(signals: Iterable[Sequence[Sample]], expect: Sequence[str], provenance: Mapping[str, str]) -> str:
    """A trace file of `signals`, a line for each."""
    fields = {**({"expect": " ".join(expect)} if expect else {}), **provenance}
    return "\n".join([FIRST, *(f"# {name}: {value}" for name, value in fields.items()), *map(_line, signals)]) + "\n"


def _line(samples: Sequence[Sample]) -> str:
    """One signal; where the receiver lost samples stands `overflow 0`."""
    parts: list[list[Sample]] = [[]]
    for sample in samples:
        if sample.kind == Kind.OVERFLOW:
            parts.append([])
        else:
            parts[-1].append(sample)
    return " overflow 0 ".join(map(format_samples, parts)).strip()


def write(path: Path, samples: Sequence[Sample], expect: Sequence[str], provenance: Mapping[str, str]) -> None:
    path.write_text(text([samples], expect, provenance))
