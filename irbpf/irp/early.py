"""Frames that are reported at their last edge: an automaton that need not wait for the gap after a frame, from one that does.

It changes nothing else: the gap still ends the frame, and says whether the key may be held on. Which protocols may do so is for
others to say; here it is only seen to that what could go on by itself waits.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from irbpf.irp.automaton import IDLE, LOST, Automaton, Edge, State

REPORTED = ("down", "repeat")
SLOW_PERCENT, EXTENT_PERCENT = 110, 170  # of what a line says, a remote takes at the most; of a gap that fills up a frame


def ending(automaton: Automaton, state: State) -> frozenset[str]:
    """The protocols that report a frame at the gap which `state` waits for; none for a state that waits for a pulse."""
    return frozenset(automaton.readings[one].protocol for edge in state.edges if state.sign < 0 for one in edge.readings
                     if automaton.readings[one].report in REPORTED)


def decided(automaton: Automaton, state: State) -> bool:
    """Whether any gap that fits ends the same frame, so that nothing depends on it but what may follow."""
    first = state.edges[0] if state.edges else None
    return first is not None and all(
        edge.readings and (edge.readings, edge.bits) == (first.readings, first.bits) and edge.otherwise == IDLE
        and all(automaton.readings[one].report != "check" for one in edge.readings) for edge in state.edges)


def undecided(automaton: Automaton, period: int = 0) -> frozenset[str]:
    """The protocols with a frame after which a frame of the same automaton could go on; but for repeats that end so soon after a frame
    that they can wait: a key is held for `period` µs, and the receiver's timeout, after each."""
    late = [number for number, state in enumerate(automaton.states) if ending(automaton, state) and not decided(automaton, state)]
    spans = _spans(automaton, period) if late else {}
    return frozenset(name for number in late if not _only_repeats(automaton, automaton.states[number]) or spans.get(number, period) >= period
                     for name in ending(automaton, automaton.states[number]))


def _only_repeats(automaton: Automaton, state: State) -> bool:
    return all(automaton.readings[one].report != "down" for edge in state.edges for one in edge.readings)


def _spans(automaton: Automaton, most: int) -> dict[int, int]:
    """The µs from the last edge of a frame that need not wait to each state of the next, at the most; no more than `most` are told."""
    ends = [(edge.target, edge.nominal * EXTENT_PERCENT // 100 or most) for state in automaton.states
            if ending(automaton, state) and decided(automaton, state) and not _only_repeats(automaton, state) for edge in state.edges if edge.held]
    spans: dict[int, int] = {}
    while ends:
        number, span = ends.pop()
        if min(span, most) > spans.get(number, -1):
            spans[number] = min(span, most)
            ends += [(edge.target, span + edge.nominal * SLOW_PERCENT // 100) for edge in automaton.states[number].edges if not edge.silence]
    return spans


def hasten(automaton: Automaton, waiting: Collection[str] = (), period: int = 0) -> Automaton:
    """`automaton` with all frames reported at their last edge but those of the protocols in `waiting`, and of those that must wait.

    A protocol does so with all its frames or with none, for a key would go up between an early frame and a late one; or with all but its
    repeats, where these come soon enough (see `undecided`).
    """
    late = frozenset(waiting) | undecided(automaton, period)
    while True:
        more = late.union(*(names for state in automaton.states if (names := ending(automaton, state)) & late))
        if more == late:
            break
        late = more
    slow = undecided(automaton) - late  # all repeats of these wait, so that none is late after one that was early
    ends = {number for number, state in enumerate(automaton.states) if decided(automaton, state) and (names := ending(automaton, state))
            and not names & late and not (names & slow and _only_repeats(automaton, state))}
    return _hastened(automaton, ends) if ends else automaton


def _hastened(automaton: Automaton, ends: Collection[int]) -> Automaton:
    states = list(automaton.states)
    gaps: dict[State, int] = {}
    for number in sorted(ends):
        plain = State(-1, tuple(replace(edge, bits=(), readings=()) for edge in states[number].edges))
        gaps.setdefault(plain, number)
    for number, state in enumerate(automaton.states):
        if state.sign > 0:
            states[number] = replace(state, edges=tuple(_early(automaton, edge, gaps) if edge.target in ends else edge for edge in state.edges))
    for plain, number in gaps.items():
        states[number] = plain
    return replace(automaton, states=_reached(states))


def _early(automaton: Automaton, edge: Edge, gaps: dict[State, int]) -> Edge:
    """The last pulse of a frame says what the gap after it did."""
    end = automaton.states[edge.target].edges
    target = gaps[State(-1, tuple(replace(one, bits=(), readings=()) for one in end))]
    return replace(edge, target=target, bits=edge.bits + end[0].bits, readings=end[0].readings, otherwise=LOST, held=True)


def _reached(states: list[State]) -> tuple[State, ...]:
    """Those that can be reached, in the order they had; IDLE and LOST keep their numbers."""
    seen, waiting = {IDLE, LOST}, [IDLE, LOST]
    while waiting:
        for edge in states[waiting.pop()].edges:
            for target in {edge.target, edge.otherwise} - seen:
                seen.add(target)
                waiting.append(target)
    number = {old: new for new, old in enumerate(sorted(seen))}
    return tuple(replace(states[old], edges=tuple(replace(edge, target=number[edge.target], otherwise=number[edge.otherwise])
                                                  for edge in states[old].edges)) for old in sorted(seen))
