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
from irbpf.hosts import host_source
from irbpf.irp.automaton import Automaton, build_automaton
from irbpf.irp.codegen import generate
from irbpf.irp.interpreter import Decoded, Interpreter
from irbpf.keymap import Entry, HandWritten, Keymap, Raw
from irbpf.protocols import Protocol
from irbpf.pulses import Kind, Sample
from irbpf.raw import build_raw
from irbpf.reports import Reader

END = Sample(Kind.TIMEOUT, 125_000)  # what a receiver says when nothing more comes


@dataclass(frozen=True)
class Decoder:
    """One automaton with what it needs to be shown: its keys, and whose readings it is preferred to."""

    name: str
    automaton: Automaton
    keys: Mapping[int, str] = field(default_factory=dict)
    prefer_over: tuple[str, ...] = ()


def of_protocols(protocols: Sequence[Protocol]) -> list[Decoder]:
    return [Decoder(one.name, build_automaton(one), {}, one.prefer_over) for one in protocols]


def of_keymap(keymap: Keymap) -> list[Decoder]:
    """The decoders of a keymap; those written by hand take part only in a receiver."""
    decoders = []
    for entry in keymap.entries:
        match entry:
            case Entry(protocol, keys):
                decoders.append(Decoder(protocol.name, build_automaton(protocol), keys, protocol.prefer_over))
            case Raw(patterns, tolerance):
                decoders.append(Decoder("raw", build_raw("raw", patterns, tolerance), entry.keys))
            case HandWritten():
                pass
    return decoders


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
        self.machines = [Interpreter(one.automaton) for one in decoders]
        self.readers = [Reader(one.name, one.automaton) for one in decoders]
        self.batches: list[Batches] = []
        if engine == "bpf":
            sources = [host_source(generate(one.automaton), "test_run", one.name) for one in decoders]
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
