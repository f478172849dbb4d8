"""C that chooses from a pulse and the silence before it which automata a signal wakes up, as a mask of bits. It compiles nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from irbpf.irp.pool import Start
from irbpf.pulses import LONGEST_US


def choosing(starts: Sequence[Start]) -> str:
    """`by_pulse`, `by_silence` and `by_leader` for bpf/host/head.c; the bit 1 << b stands for `starts[b]`."""
    pulses = {bound for start in starts for least, most, _, _ in start.windows for bound in (least, most + 1)}
    return "\n".join((_function("by_pulse", pulses, lambda us: _mask(start.pulse(us) for start in starts)),
                      _function("by_silence", {start.gap for start in starts}, lambda us: _mask(us >= start.gap for start in starts)),
                      _function("by_leader", {start.leader for start in starts}, lambda us: _mask(us >= start.leader for start in starts))))


def _mask(bits: Iterable[bool]) -> int:
    return sum(1 << place for place, bit in enumerate(bits) if bit)


def _function(name: str, bounds: set[int], mask: Callable[[int], int]) -> str:
    steps: list[tuple[int, int]] = [(0, mask(0))]
    for bound in sorted(bounds):
        if 0 < bound <= LONGEST_US and mask(bound) != steps[-1][1]:
            steps.append((bound, mask(bound)))
    return f"ALWAYS_INLINE __u32 {name}(__u32 duration)\n{{\n{_halved(steps, chr(9))}}}\n"


def _halved(steps: Sequence[tuple[int, int]], indent: str) -> str:
    if len(steps) == 1:
        return f"{indent}return {steps[0][1]:#x}u;\n"
    half = len(steps) // 2
    return (f"{indent}if (duration < {steps[half][0]}) {{\n{_halved(steps[:half], indent + chr(9))}"
            f"{indent}}} else {{\n{_halved(steps[half:], indent + chr(9))}{indent}}}\n")
