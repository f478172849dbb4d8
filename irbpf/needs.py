"""What a decoder needs of its receiver, from its automaton: the timeout, and the silence that completes a frame. It touches no device."""

from __future__ import annotations

from irbpf.irp.automaton import MOST_CARRY_US, Automaton
from irbpf.irp.overlap import complete
from irbpf.pulses import LONGEST_US

NAMED_NUMBERS = 28  # the kernel has a repeat period of its own for protocols below; 100 ms for the rest
MARGIN_US = 2_000


def quiet_of(automaton: Automaton) -> int:
    """The shortest space (µs) that completes a frame; 0 where a pulse can. What a pulse before it is too long may be missing of it."""
    ends = [(state.sign, edge.least) for state in automaton.states for edge in state.edges if edge.readings]
    return 0 if any(sign > 0 for sign, _ in ends) else max(0, min(least for _, least in ends) - MOST_CARRY_US)


def longest_inside(automaton: Automaton) -> int:
    """The longest space (µs) after which a frame goes on, gaps between its parts included."""
    return max((edge.most for state in automaton.states if state.sign < 0 and not state.rest for edge in state.edges
                if edge.most < LONGEST_US and not complete(automaton, edge)), default=0)


def timeout_of(automaton: Automaton, number: int, waited_for: bool = False) -> int:
    """How long the receiver has to wait before it says that a signal is over: longer than any gap inside one, and so long that
    the key of a protocol without a repeat period of its own is not let go between two frames. A frame that is reported at its last edge
    does not wait for it, but a gap inside one must still be shorter. `waited_for`: others keep their reports back until then, so the gaps
    between the parts of a frame must be shorter too."""
    inside = max(longest_inside(automaton) if waited_for else automaton.longest_space, automaton.start_gap) + MARGIN_US
    if number < NAMED_NUMBERS:
        return inside
    between = max(0, automaton.hold_gap - 10_000) // 2
    return max(inside, between - 10_000)
