"""A thousand raw patterns for tests: as many as no remote has, of 500 keys, told apart by their first fourteen bits."""

from __future__ import annotations

import random

from irbpf import keycodes

Patterns = list[tuple[str, tuple[int, ...]]]


def thousand(count: int = 1000, seed: int = 1) -> Patterns:
    """(key, durations in µs): leader, 32 bits, trailer; two patterns for each key."""
    rng = random.Random(seed)
    names = [name for code in range(1, 0x2FF) if (name := keycodes.name(code)).startswith("KEY_")][:500]
    return [(names[number % len(names)], durations(number, rng)) for number in range(count)]


def durations(number: int, rng: random.Random) -> tuple[int, ...]:
    bits = [number >> place & 1 for place in range(14)] + [rng.getrandbits(1) for _ in range(18)]
    return (9000, 4500, *(part for bit in bits for part in (560, 1690 if bit else 560)), 560)


def keymap_text(patterns: Patterns) -> str:
    by_key: dict[str, list[str]] = {}
    for name, one in patterns:
        by_key.setdefault(name, []).append(" ".join(f"{'-' if place % 2 else '+'}{duration}" for place, duration in enumerate(one)))
    return "name: thousand\nprotocols:\n  - raw:\n" + "".join(
        f"      {name}: [{', '.join(texts)}]\n" for name, texts in by_key.items())
