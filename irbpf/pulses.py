"""Samples: what a receiver delivers, in µs, and the texts in which people write them. It knows no protocol."""

from __future__ import annotations

import enum
from typing import NamedTuple


class Kind(enum.IntEnum):
    """The top 8 bits of a mode2 word (linux/lirc.h, LIRC_MODE2_*)."""

    SPACE = 0
    PULSE = 1
    FREQUENCY = 2
    TIMEOUT = 3
    OVERFLOW = 4


LONGEST_US = 0xFFFFFF  # a mode2 word has 24 bits for the duration


class Sample(NamedTuple):
    """One mode2 sample; `duration` in µs (Hz for FREQUENCY)."""

    kind: Kind
    duration: int

    @property
    def word(self) -> int:
        """The u32 that the kernel hands to a BPF program and to a reader of /dev/lirc."""
        return self.kind << 24 | self.duration

    @classmethod
    def from_word(cls, word: int) -> Sample:
        return cls(Kind(word >> 24), word & LONGEST_US)
