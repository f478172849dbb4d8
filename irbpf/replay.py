"""Decodes samples that are there already, with any protocols and by any engine that needs no receiver."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import groupby
from types import TracebackType
from typing import cast

from irbpf import automata, bpf
from irbpf.arbitration import Arbiter
from irbpf.compiling import compiled
from irbpf.cache import Cache
from irbpf.engines.testrun import RESET, Batches
from irbpf.irp.automaton import Automaton
from irbpf.irp.interpreter import Decoded, Interpreter
from irbpf.irp.pool import Pool, Start, start_of
from irbpf.entries import name_of
from irbpf.keymap import AnyEntry, Anything, Entry, Keymap
from irbpf.listeners import listeners
from irbpf.programs import automaton_of, beside, source_of
from irbpf.preference import Read, Reading, ordered
from irbpf.protocols import Protocol, catalogue
from irbpf.pulses import END, LONGEST_US, Kind, Sample
from irbpf.reports import Reader

BETWEEN_PRESSES_US = 500_000


@dataclass(frozen=True)
class Decoder:
    """One entry with what it needs to be shown. `fetch` brings its automaton, None if it is written in C; `start` is known beforehand
    where the automata are kept. `reads_on`: others keep their reports back for it (irbpf.waiting)."""

    name: str
    entry: AnyEntry
    fetch: Callable[[], Automaton | None]
    keys: Mapping[int, str] = field(default_factory=dict)
    start: Start | None = None
    reads_on: bool = False

    @cached_property
    def automaton(self) -> Automaton | None:
        return self.fetch()

    @property
    def protocol(self) -> Protocol | None:
        return self.entry.protocol if isinstance(self.entry, Entry) else None


def of_protocols(protocols: Sequence[Protocol]) -> list[Decoder]:
    return [_decoder(Entry(one, {})) for one in protocols]


def of_catalogue(progress: Callable[[int, int], None] | None = None) -> list[Decoder]:
    """All protocols that have a decoder. `progress` is told of the automata that are built, if none are kept yet."""
    kept = automata.of_catalogue(progress)
    return [Decoder(one.name, Entry(one, {}), partial(kept.automaton, one.name), {}, kept.start(one.name))
            for one in catalogue().decodable()]


def of_keymap(keymap: Keymap) -> list[Decoder]:
    """The decoders of a keymap as a receiver has them, those whose readings are preferred first. Those written by hand say something only
    in the bpf engine, for they are C."""
    decoders = list[Decoder]()
    for one in listeners(keymap.decoded):
        if isinstance(one.entry, Anything):
            from irbpf import together  # seldom asked for

            kept = {decoder.name: decoder for decoder in of_catalogue()}
            decoders += [replace(kept[protocol.name], keys=one.entry.keys) for group in together.groups() for protocol in group]
        else:
            decoders.append(replace(_decoder(one.entry), fetch=partial(_given, one.loaded), reads_on=one.reads_on))
    return decoders


def _given(automaton: Automaton | None) -> Automaton | None:
    return automaton


def _decoder(entry: AnyEntry) -> Decoder:
    return Decoder(name_of(entry), entry, partial(automaton_of, entry), entry.keys)


@dataclass(frozen=True)
class Event:
    """A decoded event, the index of its sample in the signal, and its key if the keymap has one.

    `rank` is 0 for the preferred reading of its part of the signal, 1 for the next, and so on.
    """

    sample: int
    decoded: Decoded
    key: str | None
    rank: int = 0


class Player(AbstractContextManager["Player"]):
    """Decoders ready to be fed signals, one after the other, each from a fresh start.

    `compete`: all readings are given, the best first, for a person to choose from. Otherwise the decoders work as in a receiver:
    of those that read the same frame, the first that reports is heard.
    """

    def __init__(self, decoders: Sequence[Decoder], engine: str, cache: Cache | None = None, *, compete: bool = True,
                 progress: Callable[[int, int], None] | None = None) -> None:
        self.decoders, self.engine, self.compete = decoders, engine, compete
        self.resources = ExitStack()
        self.batches: list[Batches] = []
        if engine == "bpf":
            self.reading_on = _reading_on(decoders, compete)
            places = beside(len(decoders), self.reading_on)
            self.readers = [Reader(one.name, one.automaton) for one in decoders]
            sources = [source_of(one.entry, one.automaton, "test_run", among=among) for one, among in zip(decoders, places, strict=True)]
            with self.resources:
                self.batches = [Batches(self.resources.enter_context(bpf.load(one))) for one in compiled(sources, cache, progress)[0]]
                self.resources = self.resources.pop_all()
            return
        self.interpreted = [one for one in decoders if one.start is not None or one.automaton is not None]
        self.reading_on = _reading_on(self.interpreted, compete)
        self.pool = Pool([one.start or start_of(cast(Automaton, one.automaton)) for one in self.interpreted],
                         lambda number: cast(Automaton, self.interpreted[number].automaton))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.resources.close()

    def play(self, samples: Sequence[Sample]) -> list[Event]:
        """The events of one signal: of each part between long silences the preferred reading first, each reading in order of time."""
        whole = _ended(samples)
        if not self.compete:
            return self.heard(whole)
        found = self.batched(whole) if self.engine == "bpf" else self.pooled(whole)
        events: list[Event] = []
        for part in _parts(found, whole):
            events += self.ranked(part, whole, samples)
        return events

    def heard(self, samples: Sequence[Sample]) -> list[Event]:
        """As in a receiver."""
        arbiter = Arbiter[_Found](self.reading_on)
        said: Iterable[tuple[int, list[_Found], Collection[int]]]
        if self.reading_on:
            said = self.one_by_one(samples)
        else:
            found = self.batched(samples) if self.engine == "bpf" else self.pooled(samples)
            said = ((place, list(those), ()) for place, those in groupby(found, lambda one: one.place))
        return [one.event(0) for place, those, reading in said
                for one in arbiter.take(place, [(one.number, one.age, one, one.decoded.repeat) for one in those], reading)]

    def one_by_one(self, samples: Sequence[Sample]) -> Iterator[tuple[int, list[_Found], Collection[int]]]:
        """What is said at each sample, and which of those that read on are in the midst of a frame."""
        if self.engine != "bpf":
            self.pool.reset()
            for place, sample in enumerate(samples):
                found = self.stepped(place, sample)
                yield place, found, [one for one in self.reading_on if (machine := self.pool.alive.get(one)) is not None and machine.reading(sample)]
            return
        self.batched(RESET)
        for place, sample in enumerate(samples):
            yield place, self.batched([sample], place), [one for one in self.reading_on if self.batches[one].reading]

    def pooled(self, samples: Sequence[Sample]) -> list[_Found]:
        self.pool.reset()
        return [one for place, sample in enumerate(samples) for one in self.stepped(place, sample)]

    def stepped(self, place: int, sample: Sample) -> list[_Found]:
        return [_Found(place, self.interpreted[number], decoded, number, machine.spent) for number, decoded, machine in self.pool.step(sample)]

    def batched(self, samples: Sequence[Sample], place: int | None = None) -> list[_Found]:
        """A whole signal; or what goes on at `place` in one."""
        before = RESET if place is None else []
        found = []
        for number, (one, batches, reader) in enumerate(zip(self.decoders, self.batches, self.readers, strict=True)):
            if place is None:
                reader.params = {}
            events = batches.feed([*before, *samples])
            found += [_Found(event.sample - len(before) + (place or 0), one, reader.decoded(event), number, event.age) for event in events]
        return sorted(found, key=lambda one: one.place)

    def ranked(self, found: Sequence[_Found], whole: Sequence[Sample], samples: Sequence[Sample]) -> list[Event]:
        """The best reading first. Those without a protocol, which cannot be compared, come last."""
        samples = samples[:_end(found[-1].place, whole)]
        by_decoder: dict[str, list[_Found]] = {}
        for one in found:
            by_decoder.setdefault(one.decoder.name, []).append(one)
        several = [_reading(each, whole) for each in by_decoder.values() if each[0].decoder.protocol is not None]
        order = [one.protocol.name for one in ordered(several, samples, _carrier(samples))]
        order += [name for name in by_decoder if name not in order]
        return [one.event(rank) for rank, name in enumerate(order) for one in by_decoder[name]]


@dataclass(frozen=True)
class _Found:
    place: int
    decoder: Decoder
    decoded: Decoded
    number: int  # of the decoder
    age: int  # in samples, of its frame

    def event(self, rank: int) -> Event:
        return Event(self.place, self.decoded, self.decoder.keys.get(self.decoded.scancode), rank)


def _reading_on(decoders: Sequence[Decoder], compete: bool) -> frozenset[int]:
    return frozenset() if compete else frozenset(place for place, one in enumerate(decoders) if one.reads_on)


def _ended(samples: Sequence[Sample]) -> list[Sample]:
    """A recording ends in silence: what is said of it belongs to its last gap."""
    whole = list(samples)
    if whole and whole[-1].kind == Kind.SPACE:
        whole[-1] = Sample(Kind.SPACE, min(LONGEST_US, whole[-1].duration + END.duration))
    elif whole and whole[-1].kind == Kind.PULSE:
        whole.append(END)
    return whole


def _parts(found: Sequence[_Found], samples: Sequence[Sample]) -> Iterator[list[_Found]]:
    """What was found, cut where a silence is so long that it ends a press for certain. An event belongs before the silence it comes with."""
    part: list[_Found] = []
    cuts = [place for place, sample in enumerate(samples) if sample.kind != Kind.PULSE and sample.duration >= BETWEEN_PRESSES_US]
    for one in found:
        if part and bisect_left(cuts, one.place) != bisect_left(cuts, part[0].place):
            yield part
            part = []
        part.append(one)
    if part:
        yield part


def _end(place: int, samples: Sequence[Sample]) -> int:
    """Where the part of the signal ends that the sample at `place` belongs to."""
    return next((index + 1 for index in range(place, len(samples))
                 if samples[index].kind != Kind.PULSE and samples[index].duration >= BETWEEN_PRESSES_US), len(samples))


def _reading(found: Sequence[_Found], samples: Sequence[Sample]) -> Reading:
    """What the frames of `found` measured: the signal is read once more, for this protocol alone."""
    decoder = found[0].decoder
    machine = Interpreter(cast(Automaton, decoder.automaton))
    wanted = {one.place for one in found}
    events = []
    for place, sample in enumerate(samples[:max(wanted) + 1]):
        decoded = machine.step(sample)
        if decoded is not None and place in wanted:
            events.append(Read(place, machine.spent, machine.off / max(1, machine.measured), decoded))
    return Reading(cast(Protocol, decoder.protocol), events)


def _carrier(samples: Sequence[Sample]) -> int | None:
    return next((sample.duration for sample in samples if sample.kind == Kind.FREQUENCY and sample.duration), None)


def readings(events: Sequence[Event]) -> str:
    """Events of one signal in few words: of each frame the preferred reading, repeats counted."""
    words: list[str] = []
    repeats = 0
    for event in events:
        if event.rank:
            continue
        if event.decoded.repeat:
            repeats += 1
            continue
        shown = " ".join(f"{name}={value}" for name, value in event.decoded.params.items())
        words.append(f"{event.decoded.protocol} {event.decoded.scancode:#x} ({shown}){f' {event.key}' if event.key else ''}")
    return ", ".join(words) + (f", {repeats} repeats" if repeats else "")
