"""An IRP line, written from what was found in frames: the code, the meaning of its bits, the gap and the repeats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from irbpf.learn.code import Code, Wide, size
from irbpf.learn.fields import Field, Meaning

FOLD = 0x9E3779B97F4A7C15  # an odd number with bits everywhere: spreads what does not fit into a scancode


@dataclass(frozen=True)
class Line:
    """An IRP line with the layout of its scancode, and what is to be known of it."""

    irp: str
    scancode: str
    toggle: str | None
    kind: str
    notes: tuple[str, ...]
    cost: float


def cuts(code: Code) -> list[int]:
    """Where fields must end: at the edges of the parts that hold bits."""
    found, at = [0], 0
    for part in code.parts:
        at += size(part)
        found.append(at)
    return sorted(set(found))


def write(code: Code, meaning: Meaning, gap: int, repeats: Sequence[str], carrier: int | None) -> Line:
    """`gap` µs follow a frame; `repeats` are the texts of frames that mean that the key is still held."""
    general = [f"{carrier / 1000:g}k" if carrier else "38k", *([str(code.unit)] if code.unit != 1 else []), *(["msb"] if meaning.msb else [])]
    frame = ",".join([*_stream(code, meaning.fields), f"-{gap}u" if code.unit != 1 else f"-{gap}"])
    if repeats:
        stream = f"({frame},{','.join(f'({one})*' for one in repeats)})"
    elif meaning.toggle is not None:
        stream = f"(({frame})*,{meaning.toggle}=1-{meaning.toggle})"
    else:
        stream = f"({frame})*"
    definitions = list(meaning.definitions)
    scancode = _layout(meaning, definitions)
    named = f"{{{','.join(definitions)}}}" if definitions else ""
    parameters = ",".join(_parameter(name, width, meaning) for name, width in meaning.parameters)
    irp = f"{{{','.join(general)}}}<{'|'.join(code.specs)}>{stream}{named}[{parameters}]"
    return Line(irp, scancode, meaning.toggle, code.kind, meaning.notes, code.cost)


def _parameter(name: str, width: int, meaning: Meaning) -> str:
    if name == meaning.toggle:
        return f"{name}@:0..1=0"
    return f"{name}:0..{(1 << width) - 1}" + ("=0" if name not in meaning.scancode else "")


def _layout(meaning: Meaning, definitions: list[str]) -> str:
    widths = dict(meaning.parameters)
    if sum(widths[name] for name in meaning.scancode) <= 64:
        return ",".join(f"{name}:{widths[name]}" for name in meaning.scancode)
    folded = "^".join(f"({name}*{FOLD * (2 * index + 1) & 0xFFFFFFFF})" for index, name in enumerate(meaning.scancode))
    definitions.append(f"DIGEST={folded}")
    return "DIGEST:64"


def _stream(code: Code, fields: Sequence[Field]) -> list[str]:
    texts, at = [], 0
    for part in code.parts:
        inside = [field.text for field in fields if at <= field.start < at + size(part)]
        at += size(part)
        if isinstance(part, Wide):
            texts.append(f"{part.specs}({','.join(inside)})")
        elif isinstance(part, int):
            texts += inside
        else:
            texts.append(part)
    return texts
