"""Signals to try decoders on: what protocols send, mangled in every way that receivers and rooms have."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

from irbpf.irp.render import press
from irbpf.protocols import Protocol
from irbpf.pulses import Kind, Sample, from_durations

TIMEOUT = Sample(Kind.TIMEOUT, 125_000)


def mode2_text(samples: Iterable[Sample]) -> str:
    """One `pulse 9000` a line, as `mode2` and `ir-ctl --mode2` write it."""
    return "".join(f"{'carrier' if kind == Kind.FREQUENCY else kind.name.lower()} {duration}\n" for kind, duration in samples)


def random_press(protocol: Protocol, rng: random.Random) -> list[int]:
    params = {parameter.name: rng.randint(parameter.least, parameter.most) for parameter in protocol.irp.parameters
              if parameter.default is None or rng.random() < 0.5}
    return press(protocol.irp, params, rng.randint(0, 3))


def mangled(durations: list[int], rng: random.Random) -> list[Sample]:
    """One of: jitter, a bias, a cut at either end, a lost sample, a spike, a wrong duration, an overflow, a timeout."""
    samples = from_durations(durations)
    for _ in range(rng.randint(0, 3)):
        if len(samples) < 4:
            break
        place = rng.randrange(len(samples))
        match rng.randrange(8):
            case 0:
                spread = rng.uniform(0, 0.35)
                samples = [Sample(kind, min(0xFFFFFF, max(1, round(duration * rng.uniform(1 - spread, 1 + spread)))))
                           for kind, duration in samples]
            case 1:
                bias = rng.randint(-200, 300)
                samples = [Sample(kind, min(0xFFFFFF, max(1, duration + (bias if kind == Kind.PULSE else -bias))))
                           for kind, duration in samples]
            case 2:
                samples = samples[place:]
            case 3:
                samples = samples[:place]
            case 4:
                del samples[place]
            case 5:
                samples[place:place] = from_durations([rng.randint(1, 300), rng.randint(1, 300)])
            case 6:
                samples[place] = Sample(samples[place].kind, rng.choice([1, rng.randint(1, 20_000), 0xFFFFFF]))
            case 7:
                samples.insert(place, Sample(rng.choice([Kind.OVERFLOW, Kind.TIMEOUT, Kind.FREQUENCY]), rng.randint(0, 200_000)))
    return samples


def random_signals(protocols: list[Protocol], count: int, seed: int) -> Iterator[list[Sample]]:
    """`count` signals: presses of one or two of the protocols, mangled, and some plain noise; the same for the same `seed`."""
    rng = random.Random(seed)
    for _ in range(count):
        if rng.random() < 0.1:
            yield from_durations([int(rng.expovariate(1 / 800)) + 1 for _ in range(rng.randint(1, 120))])
            continue
        samples = mangled(random_press(rng.choice(protocols), rng), rng)
        if rng.random() < 0.3:
            samples += mangled(random_press(rng.choice(protocols), rng), rng)
        if rng.random() < 0.5:
            samples.append(TIMEOUT)
        yield samples
