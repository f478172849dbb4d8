"""Runs an automaton over samples in plain Python: the reference that generated C must equal, sample for sample.

It keeps the state of one receiver; it reads no clock and knows no keys.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from irbpf.irp.automaton import IDLE, LOST, MOST_CARRY_US, OWN_ERROR, RESTART, Automaton, Edge
from irbpf.irp.expressions import evaluate
from irbpf.irp.readings import Reading
from irbpf.irp.starting import starting
from irbpf.pulses import LONGEST_US, Kind, Sample

FULL = (1 << 64) - 1


@dataclass(frozen=True)
class Decoded:
    """One event of a decoder. `toggle` is None where the protocol has none; `repeat`: the key that was down before is still held."""

    protocol: str
    scancode: int
    params: Mapping[str, int] = field(default_factory=dict)
    toggle: int | None = None
    repeat: bool = False


def told_by_first(first: int, duration: int) -> int:
    """How much too long (µs) the pulses of a frame are, if its first, which should measure `first`, has this duration."""
    over = max(-MOST_CARRY_US, min(MOST_CARRY_US, duration - first))
    return over if abs(over) >= first // OWN_ERROR else 0


def too_long(nominal: int, duration: int) -> int:
    """What a pulse is too long (µs), as far as it is the receiver's doing; 0 where it is not known what it should measure."""
    return max(0, min(MOST_CARRY_US, duration - nominal)) if nominal else 0


class Interpreter:
    """One automaton and what it remembers of one receiver's samples.

    Of the frame so far, or of the last one once it is reported: `spent` is how many samples it took, `measured` how many of them have
    a nominal duration, and `off` the sum of how far those were off, as parts of it. `reported`: the `report` of the last reading.
    """

    def __init__(self, automaton: Automaton) -> None:
        self.automaton = automaton
        self.reset()

    def reset(self) -> None:
        """As at the start: as if a silence came before, and nothing ever."""
        self.restart_from_silence()
        self.last: Decoded | None = None
        self.reported = ""

    def restart_from_silence(self) -> None:
        self.state = IDLE
        self.held = False
        self.carry = 0
        self.spent, self.off, self.measured = 0, 0.0, 0
        self.restart()

    def feed(self, samples: Iterable[Sample]) -> Iterator[Decoded]:
        for sample in samples:
            decoded = self.step(sample)
            if decoded is not None:
                yield decoded

    def reading(self, sample: Sample) -> bool:
        """Whether it is, after `sample`, in the midst of a frame that had begun before. Who waits for that does so until the timeout."""
        return sample.kind != Kind.TIMEOUT and self.state != LOST and self.state not in self.starting and self.spent > 1

    @functools.cached_property
    def starting(self) -> frozenset[int]:
        return starting(self.automaton)

    def step(self, sample: Sample) -> Decoded | None:
        """Take one sample; the event that it completes, if any."""
        kind, duration = sample
        self.spent += 1
        if kind == Kind.FREQUENCY:
            return None
        if kind == Kind.OVERFLOW:
            self.state, self.held = LOST, False
            return None
        state = self.automaton.states[self.state]
        if state.rest and kind != Kind.PULSE:
            self.silence(kind, duration)
            return None
        if state.rest:
            self.begin(duration)
        edge = self.edge(kind, self.corrected(kind, duration))
        return self.lose(kind, duration) if edge is None else self.follow(edge, kind, duration)

    def begin(self, duration: int) -> None:
        """The first pulse of a frame, which may tell how much too long the others are."""
        if self.automaton.first:
            self.carry = told_by_first(self.automaton.first, duration)

    def corrected(self, kind: Kind, duration: int) -> int:
        """Without what the receiver adds to pulses and takes from the spaces after them."""
        if kind == Kind.PULSE and self.automaton.first and not self.automaton.states[self.state].rest:
            duration -= self.carry
        elif kind == Kind.SPACE:
            duration += self.carry
        return max(0, min(duration, LONGEST_US))

    def edge(self, kind: Kind, duration: int) -> Edge | None:
        state = self.automaton.states[self.state]
        if (kind == Kind.PULSE) != (state.sign > 0):
            return None
        for edge in state.edges:
            if duration <= edge.most and (edge.silence if kind == Kind.TIMEOUT else duration >= edge.least):
                return edge
        return None

    def silence(self, kind: Kind, duration: int) -> None:
        """More silence after a silence: an edge-timed driver tells the gap after the timeout."""
        if kind == Kind.TIMEOUT:
            return
        if duration < self.automaton.start_gap:
            self.state, self.held = LOST, False
        elif duration > self.automaton.hold_gap:
            self.state, self.held = IDLE, False

    def lose(self, kind: Kind, duration: int) -> Decoded | None:
        """A sample that does not fit: wait for a silence, or for a leader that can be nothing else."""
        self.held = False
        if kind == Kind.PULSE:
            self.state = IDLE
            edge = self.edge(kind, duration) if duration >= self.automaton.leader else None
            if edge is not None:
                self.begin(duration)
                return self.follow(edge, kind, duration)
            self.state = LOST
            return None
        silent = kind == Kind.TIMEOUT or duration >= self.automaton.start_gap
        self.state = IDLE if silent else LOST
        return None

    def restart(self) -> None:
        self.bits = self.length = 0

    def follow(self, edge: Edge, kind: Kind, duration: int) -> Decoded | None:
        if self.state == IDLE:
            self.restart()
        if not self.length and self.automaton.states[self.state].rest:
            self.spent, self.off, self.measured = 1, 0.0, 0
        pulse = self.automaton.states[self.state].sign > 0
        if edge.nominal and kind != Kind.TIMEOUT:
            self.off += min(1.0, abs(self.corrected(kind, duration) - edge.nominal) / edge.nominal)
            self.measured += 1
        if not self.automaton.first:
            self.carry = too_long(edge.nominal, duration) if pulse else 0
        for bit in edge.bits:
            if bit == RESTART:
                self.restart()
            else:
                self.bits, self.length = self.bits << 1 | bit, self.length + 1
        if not edge.readings:
            self.state = edge.target
            self.held = self.held and (edge.held or not edge.silence)  # the gap after a frame that was reported at its last edge
            return None
        return self.read(edge)

    def read(self, edge: Edge) -> Decoded | None:
        for number in edge.readings:
            reading = self.automaton.readings[number]
            names = self.names(reading)
            if names is None:
                continue
            self.state = edge.target
            if reading.report == "check":
                return None
            decoded = self.report(reading, names)
            self.reported = reading.report
            self.held = edge.held and reading.report != "quiet"
            self.restart()
            return decoded
        self.state = edge.otherwise
        if edge.otherwise in (IDLE, LOST):
            self.held = False
        return None

    def names(self, reading: Reading) -> dict[str, int] | None:
        """The fields and parameters of the frame; None if a check fails."""
        names: dict[str, int] = {}
        for index, (start, width, low_first) in enumerate(reading.fields):
            value = self.bits >> (reading.bits - start - width) & ((1 << width) - 1)
            names[f"${index}"] = int(f"{value:0{width}b}"[::-1], 2) if low_first else value
        for name, expression in reading.parameters:
            names[name] = evaluate(expression, names) & FULL
        return names if all(evaluate(check, names) & FULL for check in reading.checks) else None

    def report(self, reading: Reading, names: Mapping[str, int]) -> Decoded | None:
        shown = {name: names[name] for name in reading.shown}
        if reading.report == "quiet" or (reading.report == "repeat" and not self.held):
            return None
        if reading.report == "repeat":
            assert self.last is not None
            self.last = replace(self.last, params={**self.last.params, **shown}, repeat=True)
            return self.last
        scancode = evaluate(reading.scancode, names) & FULL
        toggle = None if reading.toggle is None else int(bool(evaluate(reading.toggle, names) & FULL))
        again = self.held and self.last is not None and (self.last.scancode, self.last.toggle) == (scancode, toggle)
        if again and self.last is not None:  # a press may say some of it in its first frame only
            shown = {**self.last.params, **shown}
        self.last = Decoded(reading.protocol or self.automaton.name, scancode, shown, toggle, again)
        return self.last
