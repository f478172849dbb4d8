"""Where a frame begins: in which states of an automaton the next pulse is the first of one."""

from __future__ import annotations

from irbpf.irp.automaton import IDLE, Automaton


def starting(automaton: Automaton) -> frozenset[int]:
    """Those after a silence in which no more of the last frame is waited for."""
    checks = {number for number, reading in enumerate(automaton.readings) if reading.report == "check"}
    return frozenset({IDLE} | {edge.target for state in automaton.states for edge in state.edges
                               if edge.silence and not checks.intersection(edge.readings)})
