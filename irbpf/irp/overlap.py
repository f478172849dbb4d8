"""Two decoders on one signal: is there one that both follow to an end? All signals at once, as windows of durations: the product of
two automata.

Bits are not compared, so what it says can never be never is; what it says can be may still be ruled out by checks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from irbpf.irp.automaton import IDLE, LOST, MOST_CARRY_US, Automaton, Edge
from irbpf.irp.early import REPORTED, ending

_Place = tuple[int, int]
_Window = tuple[int, int]


class TooMuch(Exception):
    """More pairs of states than is worth the time."""


@dataclass(frozen=True)
class Overlap:
    """What another decoder may be at where one is at the last edge of a frame that it reports: in the midst of a frame (`goes_on`), as
    a gap shorter than any that ends the first's would tell; at the end of one (`ends`). `both`: it may report anything while the first
    follows a frame. `outlasts`: it may go on after the very gap that ends the first's."""

    goes_on: bool = False
    ends: bool = False
    both: bool = False
    outlasts: bool = False

    def __or__(self, other: Overlap) -> Overlap:
        return Overlap(self.goes_on or other.goes_on, self.ends or other.ends, self.both or other.both, self.outlasts or other.outlasts)


def overlap(one: Automaton, other: Automaton, most: int) -> Overlap:
    """Raises `TooMuch` after `most` pairs of states. Neither may be hastened."""
    found = Overlap()
    waiting = list(dict.fromkeys(_starts(one, other)))
    seen = set(waiting)
    while waiting:
        state, heard = waiting.pop()
        found |= _here(one, state, other, heard)
        for following in _steps(one, other, state, heard):
            if following not in seen:
                seen.add(following)
                waiting.append(following)
        if len(seen) > most:
            raise TooMuch(f"{most} pairs of states were looked at")
    return found


def _here(one: Automaton, state: int, other: Automaton, heard: int) -> Overlap:
    if one.states[state].sign > 0 or heard == LOST:
        return Overlap()
    edges = other.states[heard].edges
    ends = any(_reports(other, edge) for edge in edges)
    if not ending(one, one.states[state]):
        longest = max((edge.most for edge in one.states[state].edges), default=0)
        return Overlap(both=any(_reports(other, edge) and edge.least - MOST_CARRY_US <= longest for edge in edges))
    shortest = min(edge.least for edge in one.states[state].edges if edge.readings)
    inside = [edge for edge in edges if not complete(other, edge)]
    return Overlap(any(edge.least - MOST_CARRY_US < shortest for edge in inside), ends, ends, any(edge.most >= shortest for edge in inside))


def complete(automaton: Automaton, edge: Edge) -> bool:
    """Whether a frame is with that, and not only a part of one."""
    return any(automaton.readings[one].report != "check" for one in edge.readings)


def _reports(automaton: Automaton, edge: Edge) -> bool:
    return any(automaton.readings[one].report in REPORTED for one in edge.readings)


def _starts(one: Automaton, other: Automaton) -> Iterator[_Place]:
    """The first starts after a silence, which may be one in the midst of the other's frame, or with a leader, wherever it comes."""
    pauses = {edge.target for state in other.states for edge in state.edges if state.sign < 0 and edge.most >= one.start_gap}
    resting = sorted({IDLE, *(number for number, state in enumerate(other.states) if state.rest), *pauses})
    for number, state in enumerate(one.states):
        if state.rest:
            yield from ((number, heard) for heard in resting)
    for heard, state in enumerate(other.states):
        if state.sign > 0 and any(edge.most >= one.leader for edge in state.edges):
            yield from _steps(one, other, IDLE, heard, one.leader)


def _steps(one: Automaton, other: Automaton, state: int, heard: int, least: int = 0) -> Iterator[_Place]:
    """Where they are after one duration, of at least `least` µs, that the first takes."""
    sign = one.states[state].sign
    for edge in one.states[state].edges:
        low, high = _measured(one, edge, sign)
        low = max(low, least)
        if low > high:
            continue
        for after in {edge.target, edge.otherwise} if edge.readings else {edge.target}:
            if after != LOST:
                yield from ((after, then) for then in _heard(other, heard, sign, (low, high)))


def _heard(other: Automaton, state: int, sign: int, window: _Window) -> Iterator[int]:
    """The states that any duration of `window` leads to from `state`."""
    left = [window]
    for edge in other.states[state].edges if other.states[state].sign == sign else ():
        low, high = _measured(other, edge, sign)
        if low <= window[1] and window[0] <= high:
            yield edge.target
            if edge.readings:
                yield edge.otherwise
            taken = edge.least + high - edge.most, edge.most - (edge.least - low)  # whatever the pulse before was
            left = [part for one in left for part in _without(one, taken)]
    for low, high in left:
        yield LOST
        if sign < 0 and high >= other.start_gap:
            yield IDLE
        if sign > 0 and high >= other.leader:
            yield from (edge.target for edge in other.states[IDLE].edges if edge.least <= high and max(low, other.leader) <= edge.most)


def _measured(automaton: Automaton, edge: Edge, sign: int) -> _Window:
    """The durations that may be taken for those of `edge`, with what pulses before were too long by."""
    less = MOST_CARRY_US if sign < 0 or automaton.first else 0
    return max(1, edge.least - less), edge.most + (MOST_CARRY_US if automaton.first else 0)


def _without(whole: _Window, part: _Window) -> list[_Window]:
    low, high = whole
    return [piece for piece in ((low, min(high, part[0] - 1)), (max(low, part[1] + 1), high)) if piece[0] <= piece[1]]
