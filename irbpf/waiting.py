"""Which decoders of a receiver may go on with a frame after a gap that is the end of one for others: those come first, and the others
keep their reports back for them (irbpf.arbitration). It touches no device.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from irbpf.irp.automaton import MOST_CARRY_US, Automaton
from irbpf.irp.overlap import TooMuch, complete, overlap
from irbpf.needs import longest_inside, quiet_of

MOST_COMPARED = 12  # decoders, so that no load takes a second longer for it; fewer than `struct hearing` in bpf/host/lirc.c has bits for
MOST_PLACES = 10_000  # pairs of states of two automata


def arranged(automata: Sequence[Automaton | None], readers: Collection[int]) -> tuple[list[int], list[tuple[int, ...]]]:
    """`automata`, those preferred first, in the order in which they are to be heard, as their places; and for each in that order the places
    in it of those before, of `readers`, that may read on. None is a decoder that is written in C; the others must not be hastened. Of many
    it is not looked at."""
    order = list(range(len(automata)))
    if len(automata) > MOST_COMPARED:
        return order, [()] * len(order)
    pairs = {(one, other) for one in readers for other in order if one != other and _outlasts(automata[one], automata[other])}
    order = _settled(order, sorted((one, other) for one, other in pairs if (other, one) not in pairs))
    return order, [tuple(place for place, one in enumerate(order[:end]) if (one, other) in pairs) for end, other in enumerate(order)]


def _settled(order: list[int], before: Sequence[tuple[int, int]]) -> list[int]:
    """`order` with the first of each pair before the second, moved no further than it must; where they go in circles, as far as that goes."""
    for _ in order:
        moved = False
        for one, other in before:
            if order.index(other) < order.index(one):
                order.remove(one)
                order.insert(order.index(other), one)
                moved = True
        if not moved:
            break
    return order


def impatient(automaton: Automaton) -> Automaton:
    """One that reads on, as it is loaded: the receiver's timeout is longer than any gap in its frames, so none goes on after that."""
    states = tuple(replace(state, edges=tuple(replace(edge, silence=edge.silence and (not edge.readings or complete(automaton, edge)))
                                              for edge in state.edges)) for state in automaton.states)
    return replace(automaton, states=states)


def _outlasts(one: Automaton | None, other: Automaton | None) -> bool:
    """Whether a frame of the first may go on after a gap with which the second's is complete."""
    if one is None or other is None or longest_inside(one) + MOST_CARRY_US < quiet_of(other):
        return False
    try:
        return overlap(other, one, MOST_PLACES).outlasts
    except TooMuch:
        return False
