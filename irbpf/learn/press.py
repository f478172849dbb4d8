"""Recorded presses as durations and frames. It finds the gaps between frames; what a frame means is not known here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from irbpf.learn.cluster import clusters
from irbpf.pulses import END, Kind, Sample

SILENCE_US = END.duration  # what a timeout stands for
SHORTEST_GAP_US = 2_500  # no gap between frames is shorter
MOST_SPLITS = 6

Durations = tuple[int, ...]


@dataclass(frozen=True)
class Press:
    """One press of the key `key`; `durations` in µs, pulse first, ending with a pulse. `carrier` in Hz where it was measured; `fields` as
    of a trace file: where the press comes from."""

    key: str
    durations: Durations
    origin: str = ""
    carrier: int | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Split:
    """A press cut into `frames` (each starts and ends with a pulse) with the `gaps` between them."""

    press: Press
    frames: tuple[Durations, ...]
    gaps: tuple[int, ...]


def durations(samples: Iterable[Sample]) -> Durations:
    """Samples as durations, pulse first and last: neighbours of one kind are one, a timeout is a long space."""
    found: list[int] = []
    for kind, duration in samples:
        if kind in (Kind.FREQUENCY, Kind.OVERFLOW):
            continue
        pulse = kind == Kind.PULSE
        if not found and not pulse:
            continue
        length = max(duration, SILENCE_US) if kind == Kind.TIMEOUT else duration
        if (len(found) % 2 == 1) == pulse:
            found[-1] += length
        else:
            found.append(length)
    return tuple(found[:len(found) - (len(found) + 1) % 2])


def split(press: Press, threshold: float) -> Split:
    """Cut at all spaces longer than `threshold` µs."""
    frames: list[Durations] = []
    gaps: list[int] = []
    start = 0
    for place in range(1, len(press.durations), 2):
        if press.durations[place] > threshold:
            frames.append(press.durations[start:place])
            gaps.append(press.durations[place])
            start = place + 1
    return Split(press, (*frames, press.durations[start:]), tuple(gaps))


def thresholds(presses: Sequence[Press]) -> list[float]:
    """Where frames may end: infinity (nowhere) and between any two kinds of long spaces, the longest first."""
    spaces = sorted(space for press in presses for space in press.durations[1::2])
    kinds = clusters(spaces, 1.3)
    found = [float("inf")]
    for below, above in zip(kinds[-2::-1], kinds[:0:-1], strict=False):
        if above.least >= SHORTEST_GAP_US and len(found) < MOST_SPLITS:
            found.append((below.most * above.least) ** 0.5)
    return found
