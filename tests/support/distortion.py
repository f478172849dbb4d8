"""What receivers make of a signal: named transformations of recorded samples, the same for the same seed. They add no noise of their own
kind (cut or lost samples: tests/support/signals.py); a press that went through one is still the same press.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

from irbpf.pulses import Kind, Sample

Distortion = Callable[[Sample, random.Random], float]

STEP_US = 50
SHORTEST_US = 50


def _plain(bias: float, spread: float) -> Distortion:
    """Pulses longer by `bias` µs, spaces shorter by as much, each up to `spread` µs off on its own."""
    def change(sample: Sample, rng: random.Random) -> float:
        return sample.duration + (bias if sample.kind == Kind.PULSE else -bias) + rng.uniform(-spread, spread)
    return change


def _receiver(rng: random.Random) -> Distortion:
    """A cheap receiver module near a strong remote: pulses longer by up to 120 µs, the spaces after them shorter."""
    return _plain(rng.uniform(0, 120), 20)


def _far(rng: random.Random) -> Distortion:
    """At the edge of what can be received: pulses shorter by up to 80 µs."""
    return _plain(rng.uniform(-80, 0), 30)


def _clock(rng: random.Random) -> Distortion:
    """A remote with a cheap resonator: all durations up to 4 % too long or too short."""
    factor = rng.uniform(0.96, 1.04)
    return lambda sample, _: sample.duration * factor


# XMP tells its sixteen gaps apart by 136 µs, RC-MM its four by 167 µs: what is distorted by more is another code.
NARROW = ("xmp", "rcmm12", "rcmm24", "rcmm32")
DISTORTIONS: Mapping[str, Callable[[random.Random], Distortion]] = {"receiver": _receiver, "far": _far, "clock": _clock}


def distorted(samples: Sequence[Sample], name: str, seed: int) -> list[Sample]:
    """`samples` through one of DISTORTIONS, in steps of 50 µs as many receivers measure."""
    rng = random.Random(f"{name} {seed}")
    change = DISTORTIONS[name](rng)
    return [Sample(one.kind, max(SHORTEST_US, round(change(one, rng) / STEP_US) * STEP_US))
            if one.kind in (Kind.PULSE, Kind.SPACE) else one for one in samples]
