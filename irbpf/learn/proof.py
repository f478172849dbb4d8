"""Proof of a protocol by what was recorded: each press must decode, to the same code for its key, and to others for other keys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from irbpf.irp.automaton import Automaton
from irbpf.irp.interpreter import Decoded, Interpreter
from irbpf.learn.press import Durations, Press
from irbpf.pulses import END, from_durations


@dataclass(frozen=True)
class Proof:
    """`events` of each press; `covered`: the presses (by index) that prove the protocol; `scancodes` of their keys."""

    events: tuple[tuple[Decoded, ...], ...]
    covered: frozenset[int]
    scancodes: dict[str, int]

    @property
    def readings(self) -> int:
        return sum(len(events) for events in self.events)


def decode(machine: Interpreter, durations: Durations) -> tuple[Decoded, ...]:
    machine.reset()
    return tuple(machine.feed([*from_durations(durations), END]))


def prove(automaton: Automaton, presses: Sequence[Press]) -> Proof:
    """What `automaton` makes of `presses`."""
    machine = Interpreter(automaton)
    return agreed(presses, [decode(machine, press.durations) for press in presses])


def agreed(presses: Sequence[Press], events: Sequence[tuple[Decoded, ...]]) -> Proof:
    """On which of `presses` their `events` agree: one code a press, the same for a key, and no other key's."""
    codes = [{event.scancode for event in one} for one in events]
    by_key: dict[str, set[int]] = defaultdict(set)
    for press, found in zip(presses, codes, strict=True):
        if len(found) == 1:
            by_key[press.key] |= found
    owners: dict[int, set[str]] = defaultdict(set)
    for key, found in by_key.items():
        for code in found:
            owners[code].add(key)
    covered = frozenset(index for index, (press, found) in enumerate(zip(presses, codes, strict=True))
                        if len(found) == 1 and len(by_key[press.key]) == 1 and len(owners[next(iter(found))]) == 1)
    return Proof(tuple(events), covered, {presses[index].key: next(iter(codes[index])) for index in sorted(covered)})
