"""Where the readings of a receiver's protocols overlap: presses of one that another reads too. It touches no device.

First the automata of each two are walked together, which proves of most pairs that no signal is read by both. For the rest, the
presses of all keys are sent to both, as they are and as receivers distort them. The work is bounded; what was not done is said.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from irbpf.encoding import parameters_of
from irbpf.entries import AnyEntry, Entry, Raw
from irbpf.errors import Error
from irbpf.irp.automaton import Automaton
from irbpf.irp.interpreter import Decoded, Interpreter
from irbpf.irp.overlap import TooMuch, overlap
from irbpf.irp.render import press
from irbpf.listeners import listeners
from irbpf.pulses import END, Sample, from_durations

BIASES_US = (0, 75, 150, -50)  # how much a receiver lengthens pulses and shortens spaces
MOST_PLACES = 30_000  # pairs of states of two automata: half a second
MOST_SAMPLES = 400_000  # of all presses that are sent to decoders: about a second
MADE_UP = 8  # presses of a protocol without keys


@dataclass(frozen=True)
class Double:
    """A press of entry `one`, whose scancode it is, is `other_scancode` for the entry `other` too, where the receiver lengthens pulses by
    `bias` µs. `heard` is which of the two counts."""

    one: int
    scancode: int
    other: int
    other_scancode: int
    bias: int
    heard: int


@dataclass(frozen=True)
class Unsure:
    """There was more to do than is sane: `done` is what was."""

    one: int
    other: int
    done: str


@dataclass
class _Subject:
    entry: AnyEntry
    automaton: Automaton
    rank: int  # in the order in which they are heard
    reads_on: bool

    def heard(self, mine: int, rival: _Subject, theirs: int) -> bool:
        """Whether it is, if it reports at the sample `mine` and the other at `theirs`."""
        if self.rank < rival.rank:
            return mine <= theirs or self.reads_on
        return not rival.heard(theirs, self, mine)

    @cached_property
    def presses(self) -> list[tuple[int, list[int]]]:
        """Scancodes and durations."""
        if isinstance(self.entry, Raw):
            return [(pattern.scancode, list(pattern.durations)) for pattern in self.entry.patterns]
        assert isinstance(self.entry, Entry)
        return list(_presses(self.entry) if self.entry.keys else _made_up(self.entry, self.automaton))


@dataclass
class _Budget:
    samples: int


def overlaps(entries: Sequence[AnyEntry]) -> Iterator[Double | Unsure]:
    """At most one of each for any two of `entries`, which are those of one receiver; decoders written in C are left out."""
    places = {id(entry): place for place, entry in enumerate(entries)}
    subjects = {places[id(one.entry)]: _Subject(one.entry, one.automaton, rank, one.reads_on)
                for rank, one in enumerate(listeners(entries)) if one.automaton is not None}
    budget = _Budget(MOST_SAMPLES)
    seen: set[tuple[int, int, int, int]] = set()
    for (one, subject), (other, rival) in itertools.permutations(subjects.items(), 2):
        for found in _pair((one, subject), (other, rival), budget):
            if isinstance(found, Double):
                if (other, found.other_scancode, one, found.scancode) in seen:
                    continue
                seen.add((one, found.scancode, other, found.other_scancode))
            yield found


def _pair(first: tuple[int, _Subject], second: tuple[int, _Subject], budget: _Budget) -> Iterator[Double | Unsure]:
    (one, subject), (other, rival) = first, second
    try:
        if not overlap(subject.automaton, rival.automaton, MOST_PLACES).both:
            return
    except TooMuch as error:
        yield Unsure(one, other, str(error))
    for bias in BIASES_US:
        for place, (scancode, durations) in enumerate(subject.presses):
            if budget.samples <= 0:
                tried = place if bias == BIASES_US[0] else "all"
                yield Unsure(one, other, f"{tried} of {len(subject.presses)} keys were tried")
                return
            budget.samples -= 2 * len(durations)
            if (double := _double(subject, rival, durations, bias)) is not None and double[0][1].scancode == scancode:
                (mine, _), (theirs, read) = double
                yield Double(one, scancode, other, read.scancode, bias, one if subject.heard(mine, rival, theirs) else other)
                return


def _double(subject: _Subject, rival: _Subject, durations: Sequence[int], bias: int) -> tuple[tuple[int, Decoded], tuple[int, Decoded]] | None:
    """What both say of one press first, and at which sample; None if not both say something, or both the same."""
    samples = [*from_durations([max(1, duration + (-bias if place % 2 else bias)) for place, duration in enumerate(durations)]), END]
    theirs = _first(rival.automaton, samples)
    ours = None if theirs is None else _first(subject.automaton, samples)
    return None if ours is None or theirs is None or ours[1].scancode == theirs[1].scancode else (ours, theirs)


def _first(automaton: Automaton, samples: Sequence[Sample]) -> tuple[int, Decoded] | None:
    machine = Interpreter(automaton)
    return next(((place, decoded) for place, sample in enumerate(samples) if (decoded := machine.step(sample)) is not None), None)


def _presses(entry: Entry) -> Iterator[tuple[int, list[int]]]:
    for scancode in entry.keys:
        try:
            yield scancode, press(entry.protocol.irp, parameters_of(entry.protocol, scancode), 1)
        except Error:
            continue


def _made_up(entry: Entry, automaton: Automaton) -> Iterator[tuple[int, list[int]]]:
    rng, protocol = random.Random(entry.protocol.name), entry.protocol
    for _ in range(MADE_UP):
        values = {one.name: rng.randint(one.least, one.most) for one in protocol.irp.parameters if one.default is None} | dict(protocol.where)
        try:
            durations = press(protocol.irp, values, 1)
        except Error:
            continue
        if (read := _first(automaton, [*from_durations(durations), END])) is not None:
            yield read[1].scancode, durations
