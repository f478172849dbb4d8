"""The texts in which samples are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irbpf.errors import Error
from irbpf.pulses import LONGEST_US, Kind, Sample, format_samples, from_durations, iter_signals, parse_samples
from tests.support.signals import mode2_text

FOUR = [Sample(Kind.PULSE, 9000), Sample(Kind.SPACE, 4500), Sample(Kind.PULSE, 560), Sample(Kind.SPACE, 40000)]


@pytest.mark.parametrize("text", ["+9000 -4500 +560 -40000", "pulse 9000\nspace 4500\n# comment\npulse 560\nspace 40000\n",
                                  "9000 4500 560 40000", "9000, 4500, 560, 40000 // end", "PULSE 9000 space 4500 +560 -40000"])
def test_the_same_signal_in_all_texts(text: str) -> None:
    assert parse_samples(text, "t") == FOUR


def test_other_kinds() -> None:
    assert parse_samples("carrier 38000\ntimeout 125000\noverflow\noverflow 0", "t") == [
        Sample(Kind.FREQUENCY, 38000), Sample(Kind.TIMEOUT, 125000), Sample(Kind.OVERFLOW, 0), Sample(Kind.OVERFLOW, 0)]


def test_two_pulses_in_a_row_are_kept() -> None:
    assert [sample.kind for sample in parse_samples("+100 +200 -300", "t")] == [Kind.PULSE, Kind.PULSE, Kind.SPACE]


def test_a_space_too_long_is_cut() -> None:
    assert parse_samples("+9000 -1000000000000", "t")[1] == Sample(Kind.SPACE, LONGEST_US)


@pytest.mark.parametrize(("text", "place"), [("+9000 -x", "t:1:7"), ("pulse 9000\nspace -5", "t:2:7"), ("\n+0", "t:2:1"),
                                             ("+1000000000000", "t:1:1"), ("nec:0x40", "t:1:1"), ("+-5", "t:1:1"), ("pulse ٣", "t:1:7")])
def test_errors_name_the_place(text: str, place: str) -> None:
    with pytest.raises(Error) as caught:
        parse_samples(text, "t")
    assert caught.value.message.startswith(place + ": ")


def test_a_signal_a_line() -> None:
    assert len(list(iter_signals(["+1 -2\n", "\n", "# no\n", "+3\n"], "t", True))) == 2


@given(st.lists(st.integers(1, LONGEST_US), max_size=50))
def test_what_is_written_is_read(durations: list[int]) -> None:
    samples = from_durations(durations)
    assert parse_samples(format_samples(samples), "t") == samples
    assert parse_samples(mode2_text(samples), "t") == samples


@given(st.text(max_size=60))
def test_nonsense_only_raises_error(text: str) -> None:
    try:
        parse_samples(text, "t")
    except Error:
        pass
