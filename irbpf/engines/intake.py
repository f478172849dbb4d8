"""From what a receiver says to reports of decoders: samples are gathered until a frame can be complete, then all decoders run.

It opens no device and knows no keys.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from irbpf import bpf
from irbpf.arbitration import Arbiter
from irbpf.engines.rhythm import Rhythm, duration
from irbpf.engines.testrun import SAMPLES, Batches
from irbpf.pulses import LONGEST_US, Kind, Sample
from irbpf.reports import DOWN, REPEAT

if TYPE_CHECKING:
    from irbpf.irp.automaton import Automaton
    from irbpf.irp.interpreter import Decoded, Interpreter

_SPACE, _PULSE, _TIMEOUT, _OVERFLOW = (int(kind) for kind in (Kind.SPACE, Kind.PULSE, Kind.TIMEOUT, Kind.OVERFLOW))


class Report(NamedTuple):
    """`sample` is the index of the sample that completed it, `decoder` the index of who says it; `kind`, `age` and `protocol`
    as in irbpf.reports. `at`: how many µs of signal, gaps included, had been heard by then."""

    sample: int
    decoder: int
    kind: int
    scancode: int
    toggle: int
    x: int = 0
    y: int = 0
    age: int = 1
    protocol: int = 0
    at: int = 0


class Decoder(Protocol):
    """One decoder and what it remembers of the receiver. `reading`: it is in the midst of a frame that began before the last sample."""

    @property
    def reading(self) -> bool: ...

    def run(self, words: Sequence[int], number: int) -> list[Report]: ...


class BpfDecoder:
    """The very program of the kernel engine, by BPF_PROG_TEST_RUN; its state stays in its map from one batch to the next."""

    def __init__(self, program: bpf.Program) -> None:
        self.batches = Batches(program)

    @property
    def reading(self) -> bool:
        return self.batches.reading

    def run(self, words: Sequence[int], number: int) -> list[Report]:
        return [Report(one.sample, number, one.kind, one.scancode, int(one.toggle == 1), one.x, one.y, one.age, one.protocol)
                for one in self.batches.batch(struct.pack(f"={len(words)}I", *words))]


class PythonDecoder:
    """The interpreter of the same automaton, for where bpf(2) is closed."""

    def __init__(self, automaton: Automaton, number: int) -> None:
        from irbpf.irp.interpreter import Interpreter  # not needed, and large, where BPF runs

        self.machine, self.number, self.reading = Interpreter(automaton), number, False

    def run(self, words: Sequence[int], number: int) -> list[Report]:
        found = []
        for place, word in enumerate(words):
            sample = Sample.from_word(word)
            decoded, self.reading = self.machine.step(sample), self.machine.reading(sample)
            if decoded is not None:
                found.append(_report(place, number, decoded, self.machine, self.number))
        return found


class PooledDecoder:
    """The interpreters of all protocols of the catalogue, each woken by signals that begin like its own."""

    reading = False  # nobody waits for them

    def __init__(self) -> None:
        from irbpf import automata, together
        from irbpf.irp.pool import Pool

        kept, self.numbers = automata.of_catalogue(), together.numbers()
        self.names = [one.name for group in together.groups() for one in group]  # who comes first is heard
        self.pool = Pool([kept.start(name) for name in self.names], lambda number: kept.automaton(self.names[number]))

    def run(self, words: Sequence[int], number: int) -> list[Report]:
        found = []
        for place, word in enumerate(words):
            found += [_report(place, number + which, decoded, machine, self.numbers[self.names[which]])
                      for which, decoded, machine in self.pool.step(Sample.from_word(word))]
        return found


def _report(place: int, number: int, decoded: Decoded, machine: Interpreter, protocol: int) -> Report:
    kind = REPEAT if machine.reported == "repeat" else DOWN  # a frame without a scancode shows what came before it
    return Report(place, number, kind, decoded.scancode, int(decoded.toggle == 1), 0, 0, machine.spent, protocol)


class Intake:
    """`quiet` (µs): no frame is complete before a silence as long, so no decoder is run before. 0: every sample may complete one; of a
    frame that began like one heard before, none is run until that one was over, or nothing more comes (`look`).
    `reading_on`: for which of the decoders others keep their reports back."""

    def __init__(self, decoders: Sequence[Decoder], quiet: int, reading_on: frozenset[int] = frozenset()) -> None:
        self.decoders, self.quiet, self.arbiter = decoders, quiet, Arbiter[Report](reading_on)
        self.at_once = 1 if reading_on else SAMPLES  # who reads on is asked after each sample
        self.decoded = 0
        self.words: list[int] = []
        self.frame: list[int] = []  # what of the frame under way has come, decoded or not
        self.rhythm = Rhythm()
        self.in_frame = False  # a silence has not come yet
        self.gap_follows = False
        self.samples = 0
        self.passed = 0  # µs of signal before `words`
        self.gaps: list[tuple[int, int]] = []  # left out of `words`: before which place, and µs

    def take(self, words: Sequence[int]) -> list[Report]:
        """More samples; what they complete, in order of time, of several decoders in order of the decoders.

        After a timeout rc-core tells readers, but not BPF programs, how long the gap was (lirc_raw_event): it is left out here.
        """
        complete, before = False, len(self.words)
        for word in words:
            kind = word >> 24
            if kind == _SPACE:
                if self.gap_follows:
                    self.gap_follows = False
                    self.gaps.append((len(self.words), word))
                    continue
                complete |= 0 < self.quiet <= word
            elif kind == _PULSE:
                self.gap_follows = False
            elif kind == _TIMEOUT:
                self.gap_follows = complete = True
            elif kind > _OVERFLOW:
                continue
            self.in_frame = kind != _TIMEOUT
            self.words.append(word)
        self.samples += len(words)
        self.frame += self.words[before:]
        found = self.decode() if complete or len(self.words) >= SAMPLES or not self.quiet and not self.rhythm.nap(self.frame, 0) else []
        if found or not self.in_frame or self.quiet and complete or len(self.frame) > 2 * SAMPLES:
            self.frame = []
        return found

    def look(self) -> list[Report]:
        """Nothing more has come by now: what was put off may have been the end."""
        found = self.decode() if self.words and not self.quiet else []
        if found:
            self.frame = []
        return found

    def silence(self, lasted: int) -> list[Report]:
        """Nothing has come for `lasted` µs, and the driver told no timeout."""
        reports = self.take([_TIMEOUT << 24 | min(lasted, LONGEST_US)])
        self.gap_follows = False
        return reports

    def decode(self) -> list[Report]:
        words, self.words = self.words, []
        gaps, self.gaps = self.gaps, []
        found: list[Report] = []
        for start in range(0, len(words), self.at_once):
            part = words[start:start + self.at_once]
            reports = sorted(report for number, decoder in enumerate(self.decoders) for report in decoder.run(part, number))
            found += self.heard(reports, start, len(part))
            self.decoded += len(part)
        if found:
            self.rhythm.decoded(self.frame[:len(self.frame) - len(words) + found[0].sample + 1])
        before, self.passed = self.passed, self.passed + duration(words) + sum(gap for _, gap in gaps)
        return [one._replace(at=before + duration(words[:one.sample + 1]) + sum(gap for place, gap in gaps if place <= one.sample))
                for one in found]

    def heard(self, reports: Sequence[Report], start: int, count: int) -> list[Report]:
        """Those that are of `count` samples from place `start` on, and what was kept back until now."""
        reading = {number for number in self.arbiter.reads_on if self.decoders[number].reading}
        found = []
        for place, those in itertools.groupby(reports, lambda one: one.sample) if reports else ((count - 1, ()),):
            found += [one._replace(sample=start + place)
                      for one in self.arbiter.take(self.decoded + place, [(one.decoder, one.age, one, one.kind == REPEAT) for one in those], reading)]
        return found

    def nap(self, usual: int) -> int:
        """For how many µs nothing of the frame under way need be looked at; `usual` where that is not known."""
        return self.rhythm.nap(self.frame, usual)
