"""Writes lircd.conf: remotes with timing where bits differ in one duration, raw codes for the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from irbpf.exporters.shapes import Shape, shape_of
from irbpf.exporters.values import Exported, Key, by_protocol, keys_of
from irbpf.keymap import Keymap

MOST_RAW = 255  # LIRC's buffer for sending


def write(keymap: Keymap) -> Exported:
    problems: list[str] = []
    lines = ["# Written by irbpf."]
    count = 0
    groups = by_protocol(keys_of(keymap, problems.append))
    for number, keys in enumerate(groups, 1):
        name = re.sub(r"\s+", "_", keymap.name.strip()) or "remote"
        shape = shape_of(keys)
        fitting = keys if shape is not None else [key for key in keys if len(key.frame) - 1 <= MOST_RAW]
        problems += [f"{key.name} has {len(key.frame) - 1} durations: LIRC sends at most {MOST_RAW}" for key in keys if key not in fitting]
        if fitting:
            problems += _lost(fitting[0], shape)
            lines += ["", "begin remote", f"  name {name}{f'-{number}' if len(groups) > 1 else ''}", *_head(fitting[0]),
                      *(_timed(shape, fitting) if shape is not None else _raw(fitting)), "end remote"]
            count += len(fitting)
    return Exported("\n".join(lines) + "\n", count, tuple(problems))


def _lost(key: Key, shape: Shape | None) -> Iterator[str]:
    if key.protocol is not None and shape is None and key.intro and key.repeat:
        yield f"{key.protocol.name}: raw codes say nothing of its repeat"
    if key.protocol is not None and key.protocol.toggle is not None:
        yield f"{key.protocol.name}: its toggle is always 0"


def _head(key: Key) -> Iterator[str]:
    tolerance = key.protocol.tolerance if key.protocol is not None else None
    yield f"  eps {round(tolerance.relative * 100) if tolerance else 30}"
    yield f"  aeps {tolerance.absolute if tolerance else 150}"
    yield f"  frequency {key.carrier or 38_000}"


def _timed(shape: Shape, keys: Sequence[Key]) -> Iterator[str]:
    yield f"  flags SPACE_ENC{'|CONST_LENGTH' if shape.period else ''}"
    yield f"  bits {shape.bits}"
    if shape.header:
        yield f"  header {shape.header[0]} {shape.header[1]}"
    yield f"  zero {shape.zero[0]} {shape.zero[1]}"
    yield f"  one {shape.one[0]} {shape.one[1]}"
    if shape.trailer:
        yield f"  ptrail {shape.trailer}"
    if shape.repeat:
        yield f"  repeat {shape.repeat[0]} {shape.repeat[1]}"
    yield f"  gap {shape.gap}"
    yield "  begin codes"
    digits = (shape.bits + 3) // 4
    yield from (f"    {key.name} 0x{value:0{digits}X}" for key, value in zip(keys, shape.values, strict=True))
    yield "  end codes"


def _raw(keys: Sequence[Key]) -> Iterator[str]:
    yield "  flags RAW_CODES"
    yield f"  gap {max(key.frame[-1] for key in keys)}"
    yield "  begin raw_codes"
    for key in keys:
        durations = key.frame[:-1]
        yield f"    name {key.name}"
        yield from (f"      {' '.join(map(str, durations[start:start + 8]))}" for start in range(0, len(durations), 8))
    yield "  end raw_codes"
