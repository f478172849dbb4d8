"""Durations clustered: which of them are meant to be the same. It knows no protocol."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass

LEAST_STEP_US = 40  # two durations closer than this are the same to any receiver


@dataclass(frozen=True)
class Cluster:
    """Durations from `least` to `most` µs, in the middle `nominal`; `count` of them were seen."""

    least: int
    most: int
    nominal: int
    count: int


def clusters(values: Sequence[int], ratio: float) -> list[Cluster]:
    """Groups of `values`, parted where the next is more than `ratio` times the one before; ascending."""
    ordered = sorted(values)
    groups: list[list[int]] = []
    for value in ordered:
        if groups and value <= max(groups[-1][-1] * ratio, groups[-1][-1] + LEAST_STEP_US):
            groups[-1].append(value)
        else:
            groups.append([value])
    return [Cluster(group[0], group[-1], group[len(group) // 2], len(group)) for group in groups]


def place(kinds: Sequence[Cluster], value: int) -> int:
    """The index of the cluster that `value` belongs to: the nearest."""
    index = bisect.bisect_left([kind.most for kind in kinds], value)
    if index == len(kinds):
        return index - 1
    if index and value < kinds[index].least and value - kinds[index - 1].most < kinds[index].least - value:
        return index - 1
    return index
