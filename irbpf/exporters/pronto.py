"""Writes Pronto hex, `KEY_NAME: 0000 006C ...`, one key a line: the press first, then what is repeated while it is held."""

from __future__ import annotations

from irbpf.exporters.values import USUAL_CARRIER, Exported, Key, keys_of
from irbpf.keymap import Keymap
from irbpf.pronto import CLOCK_US, MODULATED, PLAIN

LONGEST = 0xFFFF


def write(keymap: Keymap) -> Exported:
    problems: list[str] = []
    lines = [f"{key.name}: {_hex(key, problems)}" for key in keys_of(keymap, problems.append)]
    return Exported("\n".join(lines) + "\n", len(lines), tuple(problems))


def _hex(key: Key, problems: list[str]) -> str:
    code = round(1_000_000 / (key.carrier or USUAL_CARRIER) / CLOCK_US)
    period = code * CLOCK_US
    counts = [max(1, round(duration / period)) for duration in (*key.intro, *key.repeat)]
    if max(counts) > LONGEST:
        problems.append(f"{key.name}: a gap of {max(*key.intro, *key.repeat)} µs is cut to {round(LONGEST * period)}")
    words = [MODULATED if key.carrier else PLAIN, code, len(key.intro) // 2, len(key.repeat) // 2, *(min(one, LONGEST) for one in counts)]
    return " ".join(f"{word:04X}" for word in words)
