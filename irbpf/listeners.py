"""The decoders of one receiver side by side: in which order they are heard, and what each of them waits for. It compiles nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from irbpf.entries import AnyEntry, Anything, Entry
from irbpf.irp.automaton import Automaton
from irbpf.latency import hastened
from irbpf.preference import in_order
from irbpf.programs import automaton_of
from irbpf.waiting import arranged, impatient


@dataclass(frozen=True)
class Listener:
    """One entry; its `automaton`, None where only C code knows or it has many; the same as it is `loaded`, which reports as early as is safe;
    the places of those for which it keeps its reports back (`waits`), and whether others do for it (`reads_on`)."""

    entry: AnyEntry
    automaton: Automaton | None
    loaded: Automaton | None
    waits: tuple[int, ...]
    reads_on: bool


def listeners(entries: Sequence[AnyEntry]) -> list[Listener]:
    """Those first that are to be heard where several read the same frame: the preferred, but no shorter frame inside of a longer one. For raw
    patterns nobody waits, nor beside all protocols of the catalogue, which wait for nobody."""
    preferred = by_preference(entries)
    automata = [automaton_of(one) for one in preferred]
    alone = any(isinstance(one, Anything) for one in preferred)
    order, waits = arranged(automata, [place for place, one in enumerate(preferred) if isinstance(one, Entry) and not alone])
    ordered, plain = [preferred[place] for place in order], [automata[place] for place in order]
    first = {place for one in waits for place in one}
    return [Listener(entry, automaton, impatient(loaded) if place in first and loaded is not None else loaded, waits[place], place in first)
            for place, (entry, automaton, loaded) in enumerate(zip(ordered, plain, hastened(ordered, plain, waits), strict=True))]


def by_preference(entries: Sequence[AnyEntry]) -> list[AnyEntry]:
    """Those without a protocol, which cannot be compared, come last."""
    protocols = in_order([one.protocol for one in entries if isinstance(one, Entry)])
    places = {id(one): place for place, one in enumerate(protocols)}
    last = len(places)
    return sorted(entries, key=lambda one: places[id(one.protocol)] if isinstance(one, Entry) else last + isinstance(one, Anything))
