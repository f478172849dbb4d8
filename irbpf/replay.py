"""Decodes samples that are there already, with any protocols and by any engine that needs no receiver."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from types import TracebackType

from irbpf import bpf
from irbpf.bundle import compiled
from irbpf.cache import Cache
from irbpf.engines.testrun import RESET, Batches
from irbpf.irp.automaton import Automaton
from irbpf.irp.interpreter import Decoded, Interpreter
from irbpf.keymap import AnyEntry, Entry, HandWritten, Keymap
from irbpf.programs import automaton_of, source_of
from irbpf.protocols import Protocol
from irbpf.pulses import Kind, Sample
from irbpf.reports import Reader

END = Sample(Kind.TIMEOUT, 125_000)  # what a receiver says when nothing more comes


@dataclass(frozen=True)
class Decoder:
    """One entry with what it needs to be shown: its keys, and whose readings it is preferred to. `automaton` None: it is written in C."""

    name: str
    entry: AnyEntry
    automaton: Automaton | None
    keys: Mapping[int, str] = field(default_factory=dict)
    prefer_over: tuple[str, ...] = ()


def of_protocols(protocols: Sequence[Protocol]) -> list[Decoder]:
    return [_decoder(Entry(one, {})) for one in protocols]


def of_keymap(keymap: Keymap) -> list[Decoder]:
    """The decoders of a keymap; those written by hand say something only in the bpf engine, for they are C."""
    return [_decoder(entry) for entry in keymap.decoded]


def _decoder(entry: AnyEntry) -> Decoder:
    name = entry.protocol.name if isinstance(entry, Entry) else entry.decoder if isinstance(entry, HandWritten) else "raw"
    return Decoder(name, entry, automaton_of(entry), entry.keys, entry.protocol.prefer_over if isinstance(entry, Entry) else ())


@dataclass(frozen=True)
class Event:
    """A decoded event, the index of its sample in the signal, and its key if the keymap has one."""

    sample: int
    decoded: Decoded
    key: str | None


class Player(AbstractContextManager["Player"]):
    """Decoders ready to be fed signals, one after the other, each from a fresh start."""

    def __init__(self, decoders: Sequence[Decoder], engine: str, cache: Cache | None = None) -> None:
        self.decoders, self.engine = decoders, engine
        self.resources = ExitStack()
        self.machines = [None if one.automaton is None else Interpreter(one.automaton) for one in decoders]
        self.readers = [Reader(one.name, one.automaton) for one in decoders]
        self.batches: list[Batches] = []
        if engine == "bpf":
            sources = [source_of(one.entry, one.automaton, "test_run") for one in decoders]
            with self.resources:
                self.batches = [Batches(self.resources.enter_context(bpf.load(one))) for one in compiled(sources, cache)[0]]
                self.resources = self.resources.pop_all()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.resources.close()

    def play(self, samples: Sequence[Sample]) -> list[Event]:
        """The events of one signal in order of time; of several at once, the preferred first."""
        whole = [*samples, END] if samples and samples[-1].kind == Kind.PULSE else list(samples)
        found = [Event(place, decoded, one.keys.get(decoded.scancode))
                 for index, one in enumerate(self.decoders) for place, decoded in self.run(index, whole)]
        beaten = {(event.decoded.protocol, other) for event, one in zip(found, self.owners(found), strict=True)
                  for other in one.prefer_over}
        rank = {name: sum(loser == name for _, loser in beaten) for name in {event.decoded.protocol for event in found}}
        return sorted(found, key=lambda event: (event.sample, rank[event.decoded.protocol]))

    def owners(self, events: Sequence[Event]) -> Iterator[Decoder]:
        by_name = {one.name: one for one in self.decoders}
        return (by_name[event.decoded.protocol] for event in events)

    def run(self, index: int, samples: Sequence[Sample]) -> list[tuple[int, Decoded]]:
        if self.engine == "bpf":
            events = self.batches[index].feed([*RESET, *samples])
            return [(event.sample - len(RESET), self.readers[index].decoded(event)) for event in events]
        machine = self.machines[index]
        if machine is None:
            return []
        machine.reset()
        return [(place, decoded) for place, sample in enumerate(samples) if (decoded := machine.step(sample)) is not None]


def readings(events: Sequence[Event]) -> str:
    """Events of one signal in few words: of each frame the preferred reading, repeats counted."""
    words: list[str] = []
    repeats = 0
    last = -1
    for event in events:
        if event.sample == last:
            continue
        last = event.sample
        if event.decoded.repeat:
            repeats += 1
            continue
        shown = " ".join(f"{name}={value}" for name, value in event.decoded.params.items())
        words.append(f"{event.decoded.protocol} {event.decoded.scancode:#x} ({shown}){f' {event.key}' if event.key else ''}")
    return ", ".join(words) + (f", {repeats} repeats" if repeats else "")
