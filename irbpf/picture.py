"""What a picture of signals shows: their durations, and under them the frames, fields and gaps that were read. It draws nothing."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from irbpf.encoding import completed
from irbpf.errors import Error
from irbpf.irp.automaton import Automaton, Edge
from irbpf.irp.interpreter import Decoded, Interpreter
from irbpf.irp.marks import Part, marked
from irbpf.keymap import Entry, Keymap
from irbpf.pulses import Kind, Sample, from_durations
from irbpf.replay import Decoder, Event, Player
from irbpf.send import frames
from irbpf.signals import Signal, of_text
from irbpf.transmission import understand

FARTHEST = 0.6  # a duration that is off by more than this does not belong to the frame that is laid over it
MOST_WINDOWS = 400


@dataclass(frozen=True)
class Mark:
    """From `start` to `end` µs of the signal: a `field` of a frame, its `leader`, or a whole `frame`."""

    kind: str
    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Drawing:
    """One signal: `edges` are the times in µs at which a duration begins, the last the end; `pulses` says which are pulses; `read`: the
    protocols that it was read as."""

    title: str
    edges: tuple[int, ...]
    pulses: tuple[bool, ...]
    marks: tuple[Mark, ...] = ()
    read: frozenset[str] = frozenset()

    @property
    def durations(self) -> list[tuple[bool, int]]:
        return [(pulse, end - start) for pulse, start, end in zip(self.pulses, self.edges, self.edges[1:], strict=False)]


@dataclass(frozen=True)
class Windows:
    """The windows (from, to µs) of a protocol in which durations of signals fell, for pulses and for spaces."""

    pulses: tuple[tuple[int, int], ...] = ()
    spaces: tuple[tuple[int, int], ...] = ()


@dataclass
class Reader:
    """Reads signals for pictures. `used` are the decoders that read any; of those that are protocols, the fields can be shown."""

    decoders: Sequence[Decoder]
    used: dict[str, Decoder] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.protocols = {one.name: one.entry.protocol for one in self.decoders if isinstance(one.entry, Entry)}
        self.player = Player(self.decoders, "python")

    def drawing(self, signal: Signal, title: str) -> Drawing:
        """The signal, and what it was read as; of several readings of one frame the preferred."""
        samples = [sample for sample in signal.samples if sample.kind in (Kind.PULSE, Kind.SPACE, Kind.TIMEOUT)]
        edges = [0]
        for sample in samples:
            edges.append(edges[-1] + sample.duration)
        marks: list[Mark] = []
        read = set[str]()
        last = -1
        for event in self.player.play(samples):
            if event.rank:
                continue
            self.used.setdefault(event.decoded.protocol, next(one for one in self.decoders if one.name == event.decoded.protocol))
            read.add(event.decoded.protocol)
            marks += self.marks(event, samples, edges, last + 1)
            last = event.sample
        return Drawing(title, tuple(edges), tuple(sample.kind == Kind.PULSE for sample in samples), tuple(marks), frozenset(read))

    def marks(self, event: Event, samples: Sequence[Sample], edges: Sequence[int], first: int) -> list[Mark]:
        """The marks of one frame; samples before `first` belong to earlier ones."""
        decoded = event.decoded
        end = min(event.sample, len(samples) - 1)
        text = f"{decoded.protocol} {decoded.scancode:#x}{f' {event.key}' if event.key else ''}{' held' if decoded.repeat else ''}"
        best = self.part(event, samples, first, end)
        start = first if best is None else end + 1 - len(best.durations)
        if best is None:
            return [Mark("frame", text, edges[first], edges[end])]
        warp = _warp(best, edges[start:end + 2])
        marks = [Mark("frame", text, edges[start], edges[end])]
        if best.fields and best.fields[0].start > 0:
            marks.append(Mark("leader", "", edges[start], warp(float(best.fields[0].start))))
        return marks + [Mark("field", f"{one.label}={one.value}" if one.label else str(one.value), warp(float(one.start)), warp(float(one.end)))
                        for one in best.fields]

    def part(self, event: Event, samples: Sequence[Sample], first: int, end: int) -> Part | None:
        """The part of the press that fits the samples up to `end` best."""
        protocol = self.protocols.get(event.decoded.protocol)
        if protocol is None:
            return None
        params = {**event.decoded.params, **({protocol.toggle: event.decoded.toggle} if protocol.toggle and event.decoded.toggle is not None
                                             and protocol.toggle in {one.name for one in protocol.irp.parameters} else {})}
        try:
            parts = marked(protocol.irp, completed(protocol, params))
        except Error:
            return None
        fits = [(misfit, part) for part in parts if (misfit := _misfit(part, samples, first, end)) < FARTHEST]
        return min(fits, key=lambda fit: fit[0])[1] if fits else None


def _misfit(part: Part, samples: Sequence[Sample], first: int, end: int) -> float:
    """How far the worst duration is off, as a fraction; the gap at the end does not count."""
    start = end + 1 - len(part.durations)
    if start < first or samples[start].kind != Kind.PULSE:
        return 9.0
    return max((abs(sample.duration - wanted) / max(wanted, 250) for sample, wanted in zip(samples[start:end], part.durations, strict=False)),
               default=0.0)


def _warp(part: Part, measured: Sequence[int]) -> Callable[[float], float]:
    """From times of a part as it is sent to times of the signal as it was measured, through the edges of both."""
    sent = [0, *itertools.accumulate(part.durations)]

    def warp(time: float) -> float:
        place = min(max(bisect.bisect_right(sent, time) - 1, 0), len(sent) - 2)
        if place == len(sent) - 2:  # in the gap at the end, which may have been any length
            return min(measured[place] + time - sent[place], measured[place + 1])
        return measured[place] + (time - sent[place]) / (sent[place + 1] - sent[place]) * (measured[place + 1] - measured[place])

    return warp


def windows(decoder: Decoder, signals: Sequence[Drawing]) -> Windows:
    """The windows of `decoder` through which the signals went."""
    if decoder.automaton is None:
        return Windows()
    watched = _Watched(decoder.automaton)
    for signal in signals:
        watched.reset()
        for pulse, duration in signal.durations:
            watched.step(Sample(Kind.PULSE if pulse else Kind.SPACE, duration))
    return Windows(tuple(sorted(watched.seen[True])[:MOST_WINDOWS]), tuple(sorted(watched.seen[False])[:MOST_WINDOWS]))


class _Watched(Interpreter):
    def __init__(self, automaton: Automaton) -> None:
        super().__init__(automaton)
        self.seen: dict[bool, set[tuple[int, int]]] = {True: set(), False: set()}

    def follow(self, edge: Edge, *sample: Any) -> Decoded | None:
        if not edge.silence:
            self.seen[self.automaton.states[self.state].sign > 0].add((edge.least, edge.most))
        return super().follow(edge, *sample)


def of_keymap(keymap: Keymap, keys: Sequence[str] = ()) -> list[tuple[str, Signal]]:
    """Title and signal of `keys` of a keymap as its remote sends them, by default of all that can be sent."""
    wanted = keys or list(dict.fromkeys(key for entry in keymap.entries for key in entry.keys.values()))
    made: list[tuple[str, Signal]] = []
    for key in wanted:
        try:
            (sent,) = understand([key], keymap)
        except Error:
            if keys:
                raise
            continue
        durations = [duration for part in frames(sent) for duration in part]
        made.append((key, Signal(tuple(from_durations(durations)))))
    return made


def clusters(durations: Sequence[int]) -> list[list[int]]:
    """Durations in ascending order, apart where the next is more than 15 % and 60 µs longer."""
    groups: list[list[int]] = []
    for duration in sorted(durations):
        if groups and duration - groups[-1][-1] <= max(60, groups[-1][-1] * 0.15):
            groups[-1].append(duration)
        else:
            groups.append([duration])
    return groups


def of_recording(lines: Iterable[str], name: str) -> list[tuple[str, Signal]]:
    """Title and signal of each signal of the recording `name`, - for one that has none."""
    found = list(of_text(lines, name))
    stem = "" if name == "-" else Path(name).stem
    return [(stem if len(found) == 1 else f"{stem} {number}".strip(), signal) for number, signal in enumerate(found, 1)]
