"""Who is heard of several decoders that read the same signal: the first that reports. It decodes nothing.

The kernel engine's programs do the same (bpf/host/lirc.c).
"""

from __future__ import annotations


class Arbiter:
    """What several decoders of one receiver said so far, in order of time, and at one sample in order of preference."""

    def __init__(self) -> None:
        self.last: dict[int, int] = {}

    def hears(self, decoder: int, place: int, age: int) -> bool:
        """Whether the report of `decoder` at the sample `place` counts: `age` samples ago its frame began, and none of the others was
        heard since."""
        if any(when > place - age for who, when in self.last.items() if who != decoder):
            return False
        self.last[decoder] = place
        return True
