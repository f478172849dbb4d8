"""How often a frame of one protocol begins like a whole frame of another, so that who does not wait for its end mistakes it.

It follows all frames that a remote can send at once, each bit equally likely, through the automaton of another protocol. Bits are not
compared, so nothing that depends on their values (checks) is counted out. It feeds no samples and is too slow for a load: the
catalogue keeps the outcome (`longer`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from irbpf.irp.automaton import IDLE, LOST, Automaton, Edge, State
from irbpf.irp.early import ending
from irbpf.irp.graph import FLASH, GAP
from irbpf.irp.interpreter import told_by_first, too_long

# How much a receiver lengthens pulses and shortens spaces, in µs, and how far the clock of a remote is off.
CONDITIONS = ((-50, 1.0), (0, 1.0), (75, 1.0), (150, 1.0), (75, 0.96), (75, 1.04))
MOST_SAMPLES = 600

_Place = tuple[int, int, int]  # the state of the remote, that of the decoder, and how much the last pulse was too long for that
_Sent = tuple[tuple[int, float, int], ...]  # of a state of the remote: what is heard, how likely, and where it leads


@dataclass(frozen=True)
class Remote:
    """Whose signals are followed: `heard`: under each condition, what each of its states may send without ending a frame, `starts` where frames
    begin, `pulse` and `space` the longest inside of one."""

    heard: tuple[tuple[_Sent, ...], ...]
    starts: tuple[int, ...]
    pulse: int
    space: int


def remote(automaton: Automaton) -> Remote:
    inside = [(state.sign, edge.nominal) for state in automaton.states if not state.rest for edge in state.edges if not edge.silence]
    heard = tuple(tuple(_sent(state, bias, clock) for state in automaton.states) for bias, clock in CONDITIONS)
    pulse, space = (max((nominal for sign, nominal in inside if sign == kind), default=0) for kind in (FLASH, GAP))
    return Remote(heard, tuple(number for number, state in enumerate(automaton.states) if state.rest), pulse, space)


def _sent(state: State, bias: int, clock: float) -> _Sent:
    return tuple((round(edge.nominal * clock) + bias * state.sign, 1 / len(state.edges), edge.target)
                 for edge in state.edges if not edge.silence)


def cut_short(decoder: Automaton, sender: Remote) -> float:
    """The part of the frames of `sender` that go on where `decoder` is at the last edge of a frame that it reports; under the least
    favourable receiver and clock. A frame that goes on after a gap which ends the decoder's is not counted: waiting would not help."""
    ends = {number: min(edge.least for edge in state.edges if edge.readings) for number, state in enumerate(decoder.states)
            if ending(decoder, state)}
    again = 1.1 * sender.pulse + 200 >= decoder.leader or 1.1 * sender.space + 200 >= decoder.start_gap
    return min(1.0, max(_cut(decoder, ends, sent, start, again) for sent in sender.heard for start in sender.starts))


def _cut(decoder: Automaton, ends: Mapping[int, int], sent: Sequence[_Sent], start: int, again: bool) -> float:
    """`again`: the decoder may start in the midst of a frame, at a pause or at a leader."""
    shares: Mapping[_Place, float] = {(start, IDLE, 0): 1.0}
    cut = 0.0
    sign = FLASH
    for _ in range(MOST_SAMPLES):
        following: dict[_Place, float] = defaultdict(float)
        for (sending, state, carry), share in shares.items():
            for duration, part, then in sent[sending]:
                after, over = _hears(decoder, state, carry, sign, duration)
                if after != LOST or again:
                    following[then, after, over] += share * part
        if not following:
            break
        cut += sum(share * part for (sending, state, carry), share in following.items() if state in ends
                   for duration, part, _ in sent[sending] if duration + carry < ends[state])
        shares, sign = following, -sign
    return cut


def _hears(decoder: Automaton, number: int, carry: int, sign: int, duration: int) -> tuple[int, int]:
    """The state after one duration and what it was too long, as the interpreter has them."""
    state = decoder.states[number]
    shift = carry if sign < 0 else -carry if decoder.first and not state.rest else 0
    edge = _edge(state, duration + shift) if state.sign == sign else None
    first = state.rest
    if edge is None and sign > 0 and duration >= decoder.leader:
        edge, first = _edge(decoder.states[IDLE], duration), True
    if edge is None:
        return IDLE if sign < 0 and duration >= decoder.start_gap else LOST, 0
    if decoder.first:
        return edge.target, told_by_first(decoder.first, duration) if first else carry
    return edge.target, too_long(edge.nominal, duration) if sign > 0 else 0


def _edge(state: State, duration: int) -> Edge | None:
    for edge in state.edges:
        if edge.least <= duration <= edge.most:
            return edge
    return None
