"""Frames that are reported at their last edge: an automaton that need not wait for the gap after a frame, from one that does.

It changes nothing else: the gap still ends the frame, and says whether the key may be held on. Which protocols may do so is for
others to say; here it is only seen to that what could go on by itself waits.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from irbpf.irp.automaton import IDLE, LOST, Automaton, Edge, State

REPORTED = ("down", "repeat")


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


def undecided(automaton: Automaton) -> frozenset[str]:
    """The protocols with a frame after which a frame of the same automaton could go on."""
    return frozenset(name for state in automaton.states if not decided(automaton, state) for name in ending(automaton, state))


def hasten(automaton: Automaton, waiting: Collection[str] = ()) -> Automaton:
    """`automaton` with all frames reported at their last edge but those of the protocols in `waiting`, and of those that must wait.

    A protocol does so with all its frames or with none: a key would go up between an early frame and a late repeat.
    """
    late = frozenset(waiting) | undecided(automaton)
    while True:
        more = late.union(*(names for state in automaton.states if (names := ending(automaton, state)) & late))
        if more == late:
            break
        late = more
    ends = {number for number, state in enumerate(automaton.states) if (names := ending(automaton, state)) and not names & late}
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
