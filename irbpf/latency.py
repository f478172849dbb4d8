"""What each protocol of a receiver waits for after the last edge of a frame, and why; and the automata that wait no longer than that.

A frame is reported at its last edge if no protocol loaded on the receiver could read on, and the catalogue knows no longer frame that
begins like it, or the keymap says that no such remote is used there (`alone`). Any doubt is a reason to wait. It loads nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from irbpf.entries import AnyEntry, Entry, name_of
from irbpf.irp.automaton import Automaton
from irbpf.irp.early import ending, hasten, undecided
from irbpf.irp.longer import cut_short, remote
from irbpf.irp.overlap import Overlap, TooMuch, overlap
from irbpf.programs import automaton_of
from irbpf.protocols import Protocol, catalogue

MOST_PLACES = 10_000  # pairs of states of two automata: a fifth of a second, and a load should not take longer


@dataclass(frozen=True)
class Reason:
    """Why frames of a protocol wait for the gap after them: `others` are what could read on."""

    why: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Latency:
    """`waits`: "nothing", "gap" (while the key is held the next frame comes after `gap` µs, sooner than the timeout) or "timeout" (of the
    receiver; it also ends the last frame of a press of the kind "gap"); None where only a decoder written in C knows."""

    protocol: str
    waits: str | None
    gap: int | None
    reason: Reason | None


def hastened(entries: Sequence[AnyEntry]) -> list[Automaton | None]:
    """The automata of the entries of one receiver, as they are loaded; None for a decoder that is written in C."""
    automata = [automaton_of(one) for one in entries]
    return [automaton if automaton is None or reason is not None else hasten(automaton)
            for automaton, reason in zip(automata, reasons(entries, automata), strict=True)]


def latencies(entries: Sequence[AnyEntry], timeout: int) -> list[Latency]:
    """Of each entry of one receiver, whose timeout (µs) is given."""
    automata = [automaton_of(one) for one in entries]
    return [_latency(*one, timeout) for one in zip(entries, automata, reasons(entries, automata), strict=True)]


def _latency(entry: AnyEntry, automaton: Automaton | None, reason: Reason | None, timeout: int) -> Latency:
    if automaton is None or reason is None:
        return Latency(name_of(entry), None if automaton is None else "nothing", None, reason)
    gap = _gap(automaton)
    return Latency(name_of(entry), *(("timeout", None) if gap is None or gap >= timeout else ("gap", gap)), reason)


def _gap(automaton: Automaton) -> int | None:
    """How long after a frame the next of the press comes, at the soonest, in µs; None where none does, or nobody knows."""
    return min((edge.nominal for state in automaton.states if ending(automaton, state)
                for edge in state.edges if edge.readings and edge.held and edge.nominal), default=None)


def reasons(entries: Sequence[AnyEntry], automata: Sequence[Automaton | None]) -> list[Reason | None]:
    """Why each of the entries waits, None for those that do not."""
    late = [_by_itself(*one) for one in zip(entries, automata, strict=True)]
    for place, automaton in enumerate(automata):
        if automaton is not None and late[place] is None:
            late[place] = _beside(automaton, [name_of(one) for one in entries], automata, place)
    while _spread([name_of(one) for one in entries], automata, late):
        pass
    return late


def _by_itself(entry: AnyEntry, automaton: Automaton | None) -> Reason | None:
    if automaton is None:
        return Reason("it is written in C: what it waits for is said there")
    if not isinstance(entry, Entry):
        return Reason("a pattern ends where nothing more comes")
    if undecided(automaton):
        return Reason("one of its own frames could go on")
    if entry.protocol.alone:
        return None
    if entry.protocol.longer is None or _wider(entry.protocol):
        return Reason("whether there are longer frames that begin like its own is not known")
    return Reason(f"{_listed(entry.protocol.longer)} could read on", entry.protocol.longer) if entry.protocol.longer else None


def _wider(protocol: Protocol) -> bool:
    """What the catalogue knows of longer frames holds for its own tolerance."""
    usual, given = catalogue()[protocol.name].tolerance, protocol.tolerance
    return given.absolute > usual.absolute or given.relative > usual.relative


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _beside(automaton: Automaton, names: Sequence[str], automata: Sequence[Automaton | None], place: int) -> Reason | None:
    """What of the others could read on."""
    found = tuple(name for number, (name, other) in enumerate(zip(names, automata, strict=True))
                  if number != place and (other is None or _reads_on(automaton, other)))
    return Reason(f"{_listed(found)}, loaded too, could read on", found) if found else None


def _reads_on(automaton: Automaton, other: Automaton) -> bool:
    """Whether a signal of the other can go on after the last edge of a frame of `automaton`."""
    if not _overlap(automaton, other).goes_on:
        return False
    measured = all(edge.nominal or edge.silence for state in other.states for edge in state.edges)
    return not measured or cut_short(automaton, remote(other)) > 0


def _overlap(one: Automaton, other: Automaton) -> Overlap:
    try:
        return overlap(one, other, MOST_PLACES)
    except TooMuch:
        return Overlap(True, True, True)


def _spread(names: Sequence[str], automata: Sequence[Automaton | None], late: list[Reason | None]) -> bool:
    """Who may end where another does is not reported before that is: of two that read the same frame the preferred is heard. True if
    one more waits."""
    for place, automaton in enumerate(automata):
        found = () if late[place] is not None or automaton is None else tuple(
            name for name, other, reason in zip(names, automata, late, strict=True)
            if reason is not None and other is not None and _overlap(automaton, other).ends)
        if found:
            late[place] = Reason(f"its frames may be those of {_listed(found)}, loaded too", found)
            return True
    return False
