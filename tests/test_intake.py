"""What is handed to decoders, and when: no gap after a timeout, no run before a silence, one order for all."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irbpf import reports
from irbpf.engines.intake import Intake, PythonDecoder, Report
from irbpf.engines.rhythm import MOST_KNOWN, ROOM, Rhythm, duration
from irbpf.irp.automaton import build_automaton
from irbpf.irp.render import press
from irbpf.protocols import catalogue
from irbpf.pulses import Kind, Sample, from_durations
from irbpf.waiting import impatient

NEC = [sample.word for sample in from_durations(press(catalogue()["nec"].irp, {"D": 4, "F": 8}, 0))]
TIMEOUT = Sample(Kind.TIMEOUT, 8_000).word


def space(duration: int) -> int:
    return Sample(Kind.SPACE, duration).word


class Listener:
    """A decoder that reports every sample."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []

    def run(self, words: Sequence[int], number: int) -> list[Report]:
        self.batches.append(list(words))
        return [Report(place, number, 1, word, 0) for place, word in enumerate(words)]


def test_nothing_runs_before_a_silence() -> None:
    listener = Listener()
    intake = Intake([listener], 5_000)
    for word in NEC[:-1]:
        assert intake.take([word]) == []
    assert intake.in_frame and listener.batches == []
    assert len(intake.take([TIMEOUT])) == len(NEC)
    assert not intake.in_frame
    assert listener.batches == [[*NEC[:-1], TIMEOUT]]


def test_a_long_space_is_a_silence_too_and_any_sample_may_be() -> None:
    assert len(Intake([Listener()], 5_000).take([NEC[0], space(5_000)])) == 2
    assert Intake([Listener()], 5_000).take([NEC[0], space(4_999)]) == []
    assert len(Intake([Listener()], 0).take([NEC[0]])) == 1


def test_the_gap_after_a_timeout_is_left_out_once() -> None:
    listener = Listener()
    intake = Intake([listener], 1)
    intake.take([TIMEOUT, space(90_000), NEC[0], space(400), TIMEOUT])
    intake.take([space(90_000), space(50_000), NEC[0], TIMEOUT])
    assert listener.batches == [[TIMEOUT, NEC[0], space(400), TIMEOUT], [space(50_000), NEC[0], TIMEOUT]]


def test_a_silence_that_the_driver_does_not_tell() -> None:
    listener = Listener()
    intake = Intake([listener], 5_000)
    intake.take(NEC[:3])
    assert [report.scancode for report in intake.silence(200_000)] == [*NEC[:3], Sample(Kind.TIMEOUT, 200_000).word]
    assert not intake.in_frame
    intake.take([space(300_000), NEC[0], TIMEOUT])
    assert listener.batches[-1][0] == space(300_000)


def test_the_first_decoder_that_reports_a_frame_is_heard() -> None:
    reports = Intake([Listener(), Listener()], 1).take([NEC[0], NEC[1], TIMEOUT])
    assert [(report.sample, report.decoder) for report in reports] == [(0, 0), (1, 0), (2, 0)]


def test_a_flood_without_a_silence_is_decoded_in_parts() -> None:
    listener = Listener()
    intake = Intake([listener], 1 << 24)
    for _ in range(300):
        intake.take([NEC[2], NEC[3]] * 5)
    assert sum(map(len, listener.batches)) + len(intake.words) == 3000
    assert max(map(len, listener.batches)) <= 400 and len(intake.words) < 400


@given(st.lists(st.integers(0, 3), max_size=40))
def test_however_it_is_cut_it_is_the_same(cuts: list[int]) -> None:
    words = [*NEC[:-1], TIMEOUT, space(30_000), *NEC[:-1], space(40_000), *NEC[:-1], TIMEOUT]
    automaton = build_automaton(catalogue()["nec"])
    whole = Intake([PythonDecoder(automaton, 2)], 5_000).take(words)
    assert len(whole) == 3 and all(report.scancode == 0x408 for report in whole)
    pieces = Intake([PythonDecoder(automaton, 2)], 5_000)
    found, rest = [], words
    for cut in cuts:
        found += pieces.take(rest[:cut * 7])
        rest = rest[cut * 7:]
    found += pieces.take(rest)
    assert [report[1:] for report in found] == [report[1:] for report in whole]


def test_a_report_is_kept_back_until_who_reads_on_has_given_up() -> None:
    known = catalogue()
    automata = [impatient(build_automaton(known["Pioneer-2Part"])), build_automaton(known["nec"])]
    two = [one.word for one in from_durations(press(known["Pioneer-2Part"].irp, {"D0": 1, "F0": 2, "D": 4, "F": 8}, 0))][:-1]
    words = [*two[:67], TIMEOUT, space(300_000), *two[:67], space(40_000), *REPEAT[:-1], TIMEOUT, space(300_000), *two, TIMEOUT]
    for step in (len(words), 67, 1):
        intake = Intake([PythonDecoder(one, number) for number, one in enumerate(automata)], 5_000, frozenset({0}))
        found = [report for start in range(0, len(words), step) for report in intake.take(words[start:start + step])]
        assert [(report.decoder, report.scancode) for report in found] == [(1, 0x102), (1, 0x102), (1, 0x102), (0, 0x1020408)]


def test_when_in_the_signal_it_was_however_it_came() -> None:
    """Gaps that decoders are not shown count too, and a carrier does not; so do samples that were decoded long before."""
    words = [*NEC[:-1], TIMEOUT, space(300_000), *NEC[:-1], TIMEOUT, space(90_000), Sample(Kind.FREQUENCY, 38_000).word, *REPEAT[:-1], TIMEOUT]
    automaton = build_automaton(catalogue()["nec"])
    first = duration(frame(NEC))
    expected = [first, 2 * first + 300_000, 2 * first + 390_000 + duration(frame(REPEAT))]
    for step in (len(words), 400, 7, 1):
        intake = Intake([PythonDecoder(automaton, 9)], 5_000)
        found = [report for start in range(0, len(words), step) for report in intake.take(words[start:start + step])]
        assert [report.at for report in found] == expected
    late = Intake([PythonDecoder(automaton, 9)], 1 << 24)  # all at once, and more than one batch
    noise = [Sample(Kind.PULSE, 100).word, space(100)] * 300
    assert [report.at for report in late.take([*noise, TIMEOUT, *words])] == [duration([*noise, TIMEOUT]) + one for one in expected]


def test_a_kind_of_sample_that_nobody_knows_yet_is_left_out() -> None:
    listener = Listener()
    intake = Intake([listener], 5_000)
    assert [report.scancode for report in intake.take([NEC[0], 5 << 24 | 7, 255 << 24, TIMEOUT])] == [NEC[0], TIMEOUT]


USUAL = 20_000
REPEAT = [sample.word for sample in from_durations(press(catalogue()["nec"].irp, {"D": 4, "F": 8}, 1))][68:]


def frame(words: Sequence[int]) -> list[int]:
    return [*words[:-1], TIMEOUT]


def test_a_frame_is_slept_over_until_one_that_began_like_it_was_over() -> None:
    rhythm = Rhythm()
    assert rhythm.nap(NEC[:2], USUAL) == USUAL
    rhythm.decoded(frame(NEC))
    assert [rhythm.nap(NEC[:count], USUAL) for count in (0, 1, 9)] == [
        USUAL, *(duration(frame(NEC)) - duration(NEC[:count]) for count in (1, 9))]
    rhythm.decoded(frame(REPEAT))  # they begin alike, but for the second duration
    assert rhythm.nap(NEC[:1], USUAL) == rhythm.nap(REPEAT[:1], USUAL) == duration(frame(REPEAT)) - duration(NEC[:1])
    assert rhythm.nap(NEC[:2], USUAL) == duration(frame(NEC)) - duration(NEC[:2])


def test_the_shortest_counts_and_a_longer_one_is_looked_at_often_at_first() -> None:
    rhythm = Rhythm()
    for gap in (30_000, 8_000, 50_000):
        rhythm.decoded([*NEC[:-1], space(gap)])
    assert rhythm.nap(NEC[:-1], USUAL) == 8_000
    longer = [rhythm.nap([*NEC[:-1], space(gap)], USUAL) for gap in (8_000, 30_000, 400_000)]
    assert longer == [USUAL // 5, 22_000 // 4, USUAL]


def test_no_nap_is_so_long_that_the_kernel_would_drop_samples() -> None:
    rhythm = Rhythm()
    rhythm.decoded(frame(NEC))
    fast = [*NEC[:2], *[space(60)] * 200]
    assert rhythm.nap(fast, USUAL) == ROOM * duration(fast) // len(fast) < duration(NEC) - duration(fast)
    noise = [Sample(Kind.PULSE, 100).word, space(100)] * 50
    assert rhythm.nap(noise, USUAL) == ROOM * 100 < USUAL


@pytest.mark.parametrize("quiet", [0, 5_000])
def test_what_may_be_reported_at_any_sample_is_slept_over_too(quiet: int) -> None:
    intake = Intake([PythonDecoder(build_automaton(catalogue()["nec"]), 2)], quiet)
    assert intake.nap(USUAL) == USUAL
    for _ in range(2):
        assert [len(intake.take(part)) for part in (NEC[:5], NEC[5:30], frame(NEC)[30:])] == [0, 0, 1]
        assert intake.nap(USUAL) == USUAL
    intake.take(NEC[:5])
    intake.take(NEC[5:30])
    assert intake.nap(USUAL) == duration(frame(NEC)) - duration(NEC[:30])
    intake.silence(100_000)
    assert intake.nap(USUAL) == USUAL


def test_of_a_frame_like_one_before_no_decoder_is_run_in_the_midst() -> None:
    """But it is when nothing more comes: it may be a shorter one that begins alike."""
    listener = Listener()
    intake = Intake([PythonDecoder(build_automaton(catalogue()["nec"]), 2), listener], 0)
    listener.run = lambda words, number: listener.batches.append(list(words)) or []  # type: ignore[method-assign,assignment,func-returns-value]
    intake.take(frame(NEC))
    listener.batches.clear()
    assert intake.take(NEC[:5]) == intake.take(NEC[5:30]) == [] and listener.batches == []
    assert len(intake.take(frame(NEC)[30:])) == 1 and listener.batches == [frame(NEC)]
    assert intake.take(NEC[:5]) == [] and len(listener.batches) == 1
    assert intake.look() == [] and listener.batches[1:] == [NEC[:5]]
    assert intake.look() == [] and len(listener.batches) == 2


def test_only_what_was_decoded_is_remembered_and_no_more_than_there_is_room_for() -> None:
    intake = Intake([PythonDecoder(build_automaton(catalogue()["nec"]), 2)], 5_000)
    intake.take([*NEC[:21], TIMEOUT])
    assert not intake.rhythm.known
    intake.take(frame(NEC))
    assert list(intake.rhythm.known.values()) == [duration(frame(NEC))]
    for length in range(3 * MOST_KNOWN):
        intake.rhythm.decoded([space(1000 * length), TIMEOUT])
    assert len(intake.rhythm.known) <= MOST_KNOWN


def test_a_frame_without_a_scancode_is_told_as_a_repeat() -> None:
    held = from_durations(press(catalogue()["nec"].irp, {"D": 4, "F": 8}, 2))
    said = Intake([PythonDecoder(build_automaton(catalogue()["nec"]), 2)], 5_000).take([*(sample.word for sample in held), TIMEOUT])
    assert [report.kind for report in said] == [reports.DOWN, reports.REPEAT, reports.REPEAT]
