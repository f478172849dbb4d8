"""Who is heard of several decoders that read the same signal: the first that reports, unless a preferred one is in the midst of a frame
and reads on. It decodes nothing.

The kernel engine's programs do the same (bpf/host/lirc.c).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass
class Kept(Generic[T]):
    """A report that is kept back as long as one of the decoders `waits` is in the midst of its frame; `whole` of the arbiter then. Of
    several the last press counts."""

    report: T
    waits: set[int]
    whole: int


@dataclass
class Arbiter(Generic[T]):
    """What several decoders of one receiver said so far, in order of time, and at one sample in order of preference. `reads_on`: those
    that may go on with a frame after a gap that is the end of one for others (irbpf.waiting)."""

    reads_on: frozenset[int] = frozenset()
    said: dict[int, int] = field(default_factory=dict)  # when each decoder's last report was, kept back or not
    heard: dict[int, int] = field(default_factory=dict)  # when it was heard
    whole: int = 0  # how many reports of those that read on were heard
    kept: dict[int, Kept[T]] = field(default_factory=dict)

    def take(self, place: int, reports: Iterable[tuple[int, int, T, bool]], reading: Collection[int] = ()) -> list[T]:
        """What is heard at the sample `place`: of `reports`, each of a decoder whose frame took so many samples, and which may say no more
        than that the key is still held; and of what was kept back before. `reading`: which of `reads_on` are in the midst of a frame
        that did not begin with this sample."""
        new: Mapping[int, tuple[int, T, bool]] = {decoder: (age, report, again) for decoder, age, report, again in reports}
        found = []
        for decoder in sorted(self.kept.keys() | new.keys()) if self.kept else sorted(new):
            found += self._released(decoder, place, reading)
            if decoder in new and self._first(decoder, place - new[decoder][0]):
                found += self._counted(decoder, place, *new[decoder][1:], reading)
        return found

    def _released(self, decoder: int, place: int, reading: Collection[int]) -> list[T]:
        kept = self.kept.get(decoder)
        if kept is None:
            return []
        kept.waits.intersection_update(reading)
        if kept.whole == self.whole and kept.waits:
            return []
        del self.kept[decoder]
        if kept.whole != self.whole:
            return []
        self.heard[decoder] = place
        return [kept.report]

    def _first(self, decoder: int, before: int) -> bool:
        """Whether none of the others was heard since its frame began, right after the sample `before`."""
        known = self.heard if decoder in self.reads_on else self.said
        return all(when <= before for who, when in known.items() if who != decoder)

    def _counted(self, decoder: int, place: int, report: T, again: bool, reading: Collection[int]) -> list[T]:
        self.said[decoder] = place
        waits = {one for one in self.reads_on if one < decoder and one in reading}
        if waits:
            before = self.kept.get(decoder)
            self.kept[decoder] = Kept(report if before is None or not again else before.report, waits, self.whole)
            return []
        self.heard[decoder] = place
        self.whole += decoder in self.reads_on
        return [report]
