"""What each protocol of a receiver waits for after the last edge of a frame, and why; and the automata that wait no longer than that.

A frame is reported at its last edge if no protocol loaded on the receiver could read on, and the catalogue knows no longer frame that
begins like it, or the keymap says that no such remote is used there (`alone`). Any doubt is a reason to wait. It loads nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from irbpf.entries import AnyEntry, Anything, Entry, name_of
from irbpf.hosts import OWN_PROTOCOL
from irbpf.irp.automaton import Automaton
from irbpf.irp.early import ending, hasten, undecided
from irbpf.irp.longer import cut_short, remote
from irbpf.irp.overlap import Overlap, TooMuch, overlap
from irbpf.keystate import repeat_period
from irbpf.protocols import Protocol, catalogue
from irbpf.waiting import MOST_COMPARED, MOST_PLACES


@dataclass(frozen=True)
class Reason:
    """Why frames of a protocol wait for the gap after them: `others` are what could read on."""

    why: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Latency:
    """`waits`: "nothing", "gap" (while the key is held the next frame comes after `gap` µs, sooner than the timeout) or "timeout" (of the
    receiver; it also ends the last frame of a press of the kind "gap"); None where only a decoder written in C knows. `repeats_wait`:
    frames that only say that the key is still held wait, though the others do not."""

    protocol: str
    waits: str | None
    gap: int | None
    reason: Reason | None
    repeats_wait: bool = False


def hastened(entries: Sequence[AnyEntry], automata: Sequence[Automaton | None], waits: Sequence[Sequence[int]]) -> list[Automaton | None]:
    """The automata of the entries of one receiver, as they are loaded; None for a decoder that is written in C. `waits`: the places of those
    for which each keeps its reports back (irbpf.waiting)."""
    return [automaton if automaton is None or reason is not None else hasten(automaton, period=_period(entry))
            for entry, automaton, reason in zip(entries, automata, reasons(entries, automata, waits), strict=True)]


def _period(entry: AnyEntry) -> int:
    """For how long (µs) a key is held after each report; of the time that the receiver's timeout adds to it, nothing is taken for sure."""
    return repeat_period(entry.protocol.number or OWN_PROTOCOL) if isinstance(entry, Entry) else 0


def latencies(entries: Sequence[AnyEntry], automata: Sequence[Automaton | None], waits: Sequence[Sequence[int]], timeout: int) -> list[Latency]:
    """Of each entry of one receiver, whose timeout (µs) is given; the rest as of `hastened`."""
    return [_latency(*one, timeout) for one in zip(entries, automata, reasons(entries, automata, waits), strict=True)]


def _latency(entry: AnyEntry, automaton: Automaton | None, reason: Reason | None, timeout: int) -> Latency:
    if automaton is None:
        return Latency(name_of(entry), "timeout" if isinstance(entry, Anything) else None, None, reason)
    if reason is None:
        return Latency(name_of(entry), "nothing", None, None, bool(undecided(automaton)))
    gap = _gap(automaton)
    return Latency(name_of(entry), *(("timeout", None) if gap is None or gap >= timeout else ("gap", gap)), reason)


def _gap(automaton: Automaton) -> int | None:
    """How long after a frame the next of the press comes, at the soonest, in µs; None where none does, or nobody knows."""
    return min((edge.nominal for state in automaton.states if ending(automaton, state)
                for edge in state.edges if edge.readings and edge.held and edge.nominal), default=None)


def reasons(entries: Sequence[AnyEntry], automata: Sequence[Automaton | None], waits: Sequence[Sequence[int]]) -> list[Reason | None]:
    """Why each of the entries waits, None for those that do not."""
    if len(entries) > MOST_COMPARED:
        return [Reason(f"it is one of more than {MOST_COMPARED} protocols: too many to compare")] * len(entries)
    beside = _Beside([name_of(one) for one in entries], automata)
    late = [beside.kept_back(those) or _by_itself(entry, automaton) for those, entry, automaton in zip(waits, entries, automata, strict=True)]
    late = [beside.reads_on(place) if reason is None else reason for place, reason in enumerate(late)]
    while (more := [beside.ends(place, late) if reason is None else reason for place, reason in enumerate(late)]) != late:
        late = more
    return late


def _by_itself(entry: AnyEntry, automaton: Automaton | None) -> Reason | None:
    if isinstance(entry, Anything):
        return Reason("of all protocols some could always read on")
    if automaton is None:
        return Reason("it is written in C: what it waits for is said there")
    if not isinstance(entry, Entry):
        return Reason("a pattern ends where nothing more comes")
    if undecided(automaton, _period(entry)):
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


@dataclass
class _Beside:
    """The protocols of one receiver, each beside the others."""

    names: Sequence[str]
    automata: Sequence[Automaton | None]
    known: dict[tuple[int, int], Overlap] = field(default_factory=dict)

    def kept_back(self, waits: Sequence[int]) -> Reason | None:
        """Who of those that are heard before could go on even after the gap."""
        found = tuple(self.names[other] for other in waits)
        return Reason(f"then as long as {_listed(found)}, loaded too, reads on", found) if found else None

    def reads_on(self, place: int) -> Reason | None:
        """What of the others could go on after the last edge of a frame."""
        found = tuple(name for other, name in enumerate(self.names) if other != place and self.goes_on(place, other))
        return Reason(f"{_listed(found)}, loaded too, could read on", found) if found else None

    def goes_on(self, place: int, other: int) -> bool:
        one, second = self.automata[place], self.automata[other]
        if one is None or second is None:
            return True  # nobody knows what it reads
        if not self.overlap(place, other).goes_on:
            return False
        measured = all(edge.nominal or edge.silence for state in second.states for edge in state.edges)
        return not measured or cut_short(one, remote(second)) > 0

    def ends(self, place: int, late: Sequence[Reason | None]) -> Reason | None:
        """Who may end where another does is not reported before that is: of two that read the same frame the preferred is heard."""
        found = tuple(name for other, name in enumerate(self.names)
                      if late[other] is not None and self.automata[other] is not None and self.overlap(place, other).ends)
        return Reason(f"its frames may be those of {_listed(found)}, loaded too", found) if found else None

    def overlap(self, place: int, other: int) -> Overlap:
        if (place, other) not in self.known:
            one, second = self.automata[place], self.automata[other]
            assert one is not None and second is not None
            try:
                self.known[place, other] = overlap(one, second, MOST_PLACES)
            except TooMuch:
                self.known[place, other] = Overlap(True, True, True, True)
        return self.known[place, other]
