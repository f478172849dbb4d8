"""The rules of keymaps/README.md: their numbers are the code's, and what they say of lost pulses, spikes and coarse clocks is so."""

from __future__ import annotations

import re

import pytest

from irbpf.irp import automaton as rules
from irbpf.irp.walk import LONG_GAP_NS, SHORTEST_END_NS
from irbpf.paths import data
from irbpf.protocols import Tolerance
from irbpf.pulses import from_durations
from tests.test_automaton import KERNEL, TIMEOUT, agree, decode, sent, some_parameters

PAGE = re.sub(r"\s+", " ", data("keymaps", "README.md").read_text())
# Not those whose repeat is a ditto, which says nothing by itself, or (JVC) a frame without the leader.
REPEATED = [name for name in KERNEL if name not in ("nec", "necx", "nec32", "sanyo", "jvc")]


@pytest.mark.parametrize("rule", [
    f"no more than {Tolerance().absolute} µs or {Tolerance().relative:.0%}".replace("%", " %"), f"a pulse may be {rules.LONG_PULSE_US} µs too long",
    f"up to {rules.MOST_CARRY_US} µs, is added", f"differ by less than {rules.MOST_CARRY_US} µs", f"of at most {rules.LONGEST_TELLING_US} µs",
    f"within {rules.SAME_PERCENT} %", f"not under {SHORTEST_END_NS // 1_000_000} ms", f"a gap of {LONG_GAP_NS // 1_000_000} ms inside"])
def test_the_numbers_are_the_codes(rule: str) -> None:
    assert rule in PAGE
    assert rules.OWN_ERROR == 6 and "less than a sixth of the first pulse" in PAGE


@pytest.mark.parametrize("name", REPEATED)
def test_a_lost_first_pulse_costs_one_frame(name: str) -> None:
    params = some_parameters(name, 2)
    decoded = decode(name, [*from_durations(sent(name, 3, **params)[2:]), TIMEOUT])
    assert decoded
    assert all(agree(one, params) for one in decoded)


@pytest.mark.parametrize("name", REPEATED)
def test_a_spike_costs_one_frame(name: str) -> None:
    """A spike of 40 µs in the longest space of the first frame's bits."""
    params = some_parameters(name, 2)
    durations = sent(name, 3, **params)
    place = max(range(1, 12, 2), key=lambda one: durations[one])
    half = (durations[place] - 40) // 2
    decoded = decode(name, [*from_durations([*durations[:place], half, 40, half, *durations[place + 1:]]), TIMEOUT])
    assert decoded
    assert all(agree(one, params) for one in decoded)


def test_a_receiver_that_lengthens_spaces_too() -> None:
    """Streamzap's hardware counts in steps of 256 µs: JVC's 527 µs are 640, pulse and space alike."""
    steps = [max(1, round(duration / 256)) * 256 + 128 for duration in sent("jvc", D=3, F=0x17)]
    assert {640, 1664} <= set(steps)
    assert [one.scancode for one in decode("jvc", [*from_durations(steps), TIMEOUT])] == [0x317]
