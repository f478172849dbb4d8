"""How long a frame that has begun may be slept over: as long as the shortest frame lasted that was decoded before and began like it.

A guess that is wrong costs a wake-up more, or a few ms once; what is decoded never depends on it.
"""

from __future__ import annotations

from collections.abc import Sequence

from irbpf.pulses import Kind

GRID_BITS = 9  # leaders are told apart in steps of 512 µs
LEADER = 2  # samples
MOST_KNOWN = 64
_FREQUENCY = int(Kind.FREQUENCY)
ROOM = 128  # samples, a quarter of what the kernel keeps for a reader


def duration(words: Sequence[int]) -> int:
    """µs, of mode2 samples."""
    return sum([word & 0xFFFFFF for word in words if word >> 24 != _FREQUENCY])


def leader(words: Sequence[int]) -> tuple[int, ...]:
    return tuple([(word & 0xFFFFFF) >> GRID_BITS for word in words[:LEADER]])


class Rhythm:
    """`known`: leader -> µs, the silence that ended the frame included."""

    def __init__(self) -> None:
        self.known: dict[tuple[int, ...], int] = {}

    def decoded(self, frame: Sequence[int]) -> None:
        """A whole frame, of which something was decoded."""
        if len(self.known) >= MOST_KNOWN:
            self.known.clear()
        first, whole = leader(frame), duration(frame)
        self.known[first] = min(whole, self.known.get(first, whole))

    def nap(self, frame: Sequence[int], usual: int) -> int:
        """For how many µs nothing of the frame under way, of which this has come, need be looked at; `usual`: where it is not known.

        A frame that lasts longer than the shortest of its kind is looked at more often at first. No nap is so long that the
        kernel would have to drop samples, should they keep coming as fast as so far.
        """
        if not frame:
            return usual
        heard, first = duration(frame), leader(frame)
        most = heard * ROOM // len(frame)
        whole = self.known.get(first) if len(first) == LEADER else min(
            (one for known, one in self.known.items() if known[:len(first)] == first), default=None)
        if whole is None:
            return min(most, usual)
        left = whole - heard
        return min(most, left if left > 0 else min(usual, max(usual // 5, -left // 4)))
