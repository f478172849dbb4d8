"""Known protocols of a remote: the reading on which all its presses agree. It finds no new protocols; that is `analysis`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from irbpf.entries import Entry
from irbpf.irp.automaton import Automaton
from irbpf.irp.interpreter import Decoded, Interpreter
from irbpf.learn.press import Press
from irbpf.learn.proof import Proof, agreed
from irbpf.protocols import Protocol
from irbpf.pulses import END, from_durations
from irbpf.replay import Player

GAP_BEFORE_US = 8_000  # between a preamble and the frame that says something


@dataclass(frozen=True)
class Known:
    """A protocol that reads presses of a remote, and what it proved. `rank`: how good a reading it was on average, 0 the best."""

    protocol: Protocol
    proof: Proof
    rank: float
    varying: int


def readings(press: Press, player: Player) -> dict[str, tuple[Decoded, ...]]:
    """What each protocol of `player` says of one press, the preferred first; protocols that say nothing are left out."""
    found: dict[str, list[Decoded]] = {}
    for event in player.play(from_durations(press.durations)):
        found.setdefault(event.decoded.protocol, []).append(event.decoded)
    automata = {one.name: one.automaton for one in player.decoders if one.name in found}
    return {name: tuple(events) for name, events in found.items() if begins(automata[name], press)}


def begins(automaton: Automaton | None, press: Press) -> bool:
    """Whether the first frame that `automaton` reads begins the press, or comes after a gap: what it finds in the middle of another
    signal is chance."""
    if automaton is None:
        return False
    machine = Interpreter(automaton)
    for place, sample in enumerate([*from_durations(press.durations), END]):
        if machine.step(sample) is not None:
            start = place + 1 - machine.spent
            return start <= 0 or press.durations[start - 1] >= GAP_BEFORE_US
    return False


def known(presses: Sequence[Press], player: Player, without: Collection[str] = ()) -> list[Known]:
    """The protocols that read any of `presses` with different keys apart, the best first: those that explain the most of them, then
    the preferred, then those in which the fewest parameters differ from key to key. `without` names protocols to leave out."""
    protocols = {one.name: one.entry.protocol for one in player.decoders if isinstance(one.entry, Entry)}
    said = [{name: events for name, events in readings(press, player).items() if name not in without} for press in presses]
    names = dict.fromkeys(name for one in said for name in one)
    found = []
    for name in names:
        proof = agreed(presses, [one.get(name, ()) for one in said])
        if proof.covered:
            ranks = [list(said[index]).index(name) for index in proof.covered]
            found.append(Known(protocols[name], proof, sum(ranks) / len(ranks), _varying(proof)))
    return sorted(found, key=lambda one: (-len(one.proof.covered), one.rank + 0.5 * one.varying))


def _varying(proof: Proof) -> int:
    """How many parameters are not the same in all presses."""
    values: dict[str, set[int]] = defaultdict(set)
    for index in proof.covered:
        for name, value in proof.events[index][0].params.items():
            values[name].add(value)
    return sum(len(one) > 1 for one in values.values())
