"""Signals: the samples between two long silences, as one press makes them, repeats included. It reads no device and decodes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from irbpf.pulses import LONGEST_US, Kind, Sample, parse_samples

_TIMEOUT = re.compile(r"# timeout (\d{1,10})")
GAP_US = 120_000  # repeats of a held key come within 114 ms of each other; rc-core's usual timeout is 125 ms
MOST = 20_000  # durations of one signal, more than a key held for a minute makes: noise that never ends is cut there, and seen
LATE_US = 130_000  # so much later than it happened may a driver, or a busy machine, tell what was heard


@dataclass(frozen=True)
class Signal:
    """`samples` begin with a pulse and end in the silence after the last one; `carrier` in Hz where the hardware measured it."""

    samples: tuple[Sample, ...]
    carrier: int | None = None

    @property
    def overflow(self) -> bool:
        """Whether the receiver lost samples in it."""
        return any(sample.kind == Kind.OVERFLOW for sample in self.samples)

    @property
    def length(self) -> int:
        """µs from its first pulse to the end of its last."""
        return sum(sample.duration for sample in self.samples[:-1] if sample.kind != Kind.OVERFLOW)


@dataclass
class Splitter:
    """Takes samples one by one and gives whole signals; `gap` in µs is the silence that separates them.

    A timeout shorter than that, as a receiver has while programs with short frames are loaded, is one space with what follows.
    """

    gap: int = GAP_US
    held: list[Sample] = field(default_factory=list)
    carrier: int | None = None

    def take(self, sample: Sample) -> Signal | None:
        """The signal that `sample` ends, if it does.

        A carrier may be told before the last pulse of its signal or after it. The first counts: rc-loopback tells its timeout as
        a second one (rc/rc-loopback.c, loop_tx_ir, Linux 6.1).
        """
        if sample.kind == Kind.FREQUENCY:
            self.carrier = self.carrier or sample.duration or None
            return None
        if sample.kind in (Kind.SPACE, Kind.TIMEOUT):
            return self.silence(sample)
        if self.held and self.held[-1].kind == Kind.TIMEOUT:
            self.held[-1] = Sample(Kind.SPACE, self.held[-1].duration)
        if self.held or sample.kind == Kind.PULSE:
            self.held.append(sample)
        return self.finish() if len(self.held) >= MOST and sample.kind == Kind.PULSE else None

    def silence(self, sample: Sample) -> Signal | None:
        if not self.held:
            return None
        if self.held[-1].kind in (Kind.SPACE, Kind.TIMEOUT):
            before = self.held.pop()
            sample = Sample(sample.kind, min(before.duration + sample.duration, LONGEST_US))
        self.held.append(sample)
        return self.finish() if sample.duration >= self.gap else None

    def finish(self) -> Signal | None:
        """What is there, when nothing more came for a gap or ever will."""
        samples, carrier = self.held, self.carrier
        self.held, self.carrier = [], None
        if not samples:
            return None
        if samples[-1].kind in (Kind.SPACE, Kind.TIMEOUT):
            samples[-1] = Sample(Kind.TIMEOUT, max(samples[-1].duration, self.gap))
        else:
            samples.append(Sample(Kind.TIMEOUT, self.gap))
        return Signal(tuple(samples), carrier)


def split(samples: Iterable[Sample], gap: int = GAP_US) -> Iterator[Signal]:
    """All signals of `samples`; the last needs no silence after it."""
    splitter = Splitter(gap)
    for sample in samples:
        signal = splitter.take(sample)
        if signal is not None:
            yield signal
    if (last := splitter.finish()) is not None:
        yield last


def of_text(lines: Iterable[str], origin: str, gap: int = GAP_US) -> Iterator[Signal]:
    """The signals of a text or pipe, each as soon as it is complete.

    A line of several durations that ends with a pulse is a whole signal if the next begins with one: so `irbpf render` writes
    them. `ir-ctl --receive` says how long the silence was in a comment, `# timeout 125000`.
    """
    return split(_samples(lines, origin, gap), gap)


def _samples(lines: Iterable[str], origin: str, gap: int) -> Iterator[Sample]:
    whole = False
    for number, line in enumerate(lines, 1):
        samples = parse_samples(line, origin, number)
        if whole and samples and samples[0].kind == Kind.PULSE:
            yield Sample(Kind.TIMEOUT, gap)
        yield from samples
        if samples and (said := _TIMEOUT.search(line)):
            yield Sample(Kind.TIMEOUT, min(int(said[1]), LONGEST_US))
        if samples:
            whole = len(samples) > 2 and samples[-1].kind == Kind.PULSE
