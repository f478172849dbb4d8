"""Pronto hex: a signal as four-digit hexadecimal words, in periods of its carrier. Only the forms that hold durations, not short forms."""

from __future__ import annotations

import re
from dataclasses import dataclass

from irbpf.errors import Error

CLOCK_US = 0.241246  # a period of the carrier is this times the second word
MODULATED, PLAIN = 0x0000, 0x0100
_WORDS = re.compile(r"[0-9a-fA-F]{4}(\s+[0-9a-fA-F]{4})*")


@dataclass(frozen=True)
class Pronto:
    """`intro` and `repeat` in µs, pulse first, each ending in a space; either may be empty. `carrier` in Hz, 0 for none."""

    carrier: int
    intro: tuple[int, ...]
    repeat: tuple[int, ...]


def looks_like(text: str) -> bool:
    """Whether `text` is nothing but four-digit hexadecimal words, and enough of them for a signal."""
    return bool(_WORDS.fullmatch(text.strip())) and len(text.split()) >= 6


def parse(text: str) -> Pronto:
    """The signal that Pronto hex says; Error for what is damaged or no list of durations."""
    if not looks_like(text):
        raise Error("this is no Pronto hex", "it is a row of words of four hexadecimal digits: 0000 006C 0022 0002 ...")
    form, code, once, again, *durations = (int(word, 16) for word in text.split())
    if form not in (MODULATED, PLAIN):
        raise Error(f"Pronto hex of the form {form:04X} holds no durations", "0000 and 0100 do; irbpf import knows the short forms")
    if code == 0:
        raise Error("the second word of the Pronto hex is 0", "it gives the carrier: 006C is 38.4 kHz")
    if len(durations) != 2 * (once + again):
        raise Error(f"the Pronto hex announces {once} + {again} pairs, but has {len(durations)} durations", "copy it whole")
    if 0 in durations:
        raise Error("the Pronto hex has a duration of 0", "it is damaged")
    period = code * CLOCK_US
    times = [max(1, round(duration * period)) for duration in durations]
    return Pronto(round(1_000_000 / period) if form == MODULATED else 0, tuple(times[:2 * once]), tuple(times[2 * once:]))
