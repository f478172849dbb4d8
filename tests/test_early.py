"""Frames reported at their last edge: the same events as with waiting, one sample earlier, and nothing twice."""

from __future__ import annotations

import os
from functools import cache

import pytest

from irbpf.compiler import compile_sources
from irbpf.hosts import host_source
from irbpf.irp.automaton import Automaton, build_automaton, build_union
from irbpf.irp.codegen import generate
from irbpf.irp.early import hasten, undecided
from irbpf.irp.interpreter import Decoded
from irbpf.irp.render import press
from irbpf.protocols import catalogue, define
from irbpf.pulses import Kind, Sample, from_durations
from tests.bench.figures import executed
from tests.support import engines
from tests.support.signals import random_signals
from tests.test_automaton import TIMEOUT, sent, some_parameters

SIGNALS = int(os.environ.get("IRBPF_TEST_SIGNALS", "250"))


@cache
def both(name: str) -> tuple[Automaton, Automaton]:
    late = build_automaton(catalogue()[name])
    return late, hasten(late, period=100_000)


def events(automaton: Automaton, samples: list[Sample]) -> list[tuple[int, Decoded]]:
    return [(place, decoded) for place, decoded, _ in engines.interpreter(automaton)(samples)]


def said(name: str, samples: list[Sample]) -> list[tuple[int, int, bool]]:
    return [(place, one.scancode, one.repeat) for place, one in events(both(name)[1], samples)]


@pytest.mark.parametrize("name", [one.name for one in catalogue().decodable()])
def test_the_same_events_one_sample_earlier(name: str) -> None:
    """What a late one says at a gap, an early one said at the edge before; where it says more, no gap that fits followed."""
    late, early = both(name)
    if early is late:
        pytest.skip("its frames can go on by themselves")
    for noisy in random_signals([catalogue()[name]] * 3 + [catalogue()["nec"]], SIGNALS // 10, seed=11):
        samples = [sample for sample in noisy if sample.kind != Kind.FREQUENCY]
        waited, hurried = events(late, samples), events(early, samples)
        same = [place for place, decoded in waited if (place, decoded) in hurried]
        assert [(place - (place not in same), decoded) for place, decoded in waited] == [
            one for one in hurried if one in waited or (one[0] + 1, one[1]) in waited]
        assert not same or undecided(late)
        assert all(decoded.repeat for place, decoded in hurried if samples[place].kind != Kind.PULSE)


def test_a_press_is_complete_with_its_last_pulse() -> None:
    signal = from_durations(sent("nec", repeats=2, D=4, F=8))
    pulses = len(signal) - 1 - 8, len(signal) - 1 - 4, len(signal) - 1
    assert said("nec", signal[:-1]) == [(place - 1, 0x408, again) for place, again in zip(pulses, (False, True, True), strict=True)]


def test_after_a_wrong_gap_nothing_is_said_again() -> None:
    """The frame was reported; what follows too soon is neither a repeat nor another press of it, and the next frame is one."""
    frame, repeat = sent("nec", D=4, F=8), sent("nec", repeats=1, D=4, F=8)[68:]
    assert said("nec", from_durations([*frame[:-1], 1_000, 500, 40_000, *repeat])) == [(66, 0x408, False)]
    assert said("nec", from_durations([*frame[:-1], 3_000, *repeat])) == [(66, 0x408, False)]
    assert said("nec", from_durations([*frame[:-1], 3_000, *frame]))[1:] == [(134, 0x408, False)]


def test_a_pause_lets_the_key_go() -> None:
    """The gap after an early frame says whether the key may be held on, as it does after a late one."""
    frame, repeat = sent("nec", D=4, F=8), sent("nec", repeats=1, D=4, F=8)[68:]
    for gap in ([Sample(Kind.SPACE, 1_500_000)], [Sample(Kind.TIMEOUT, 12_000), Sample(Kind.SPACE, 1_500_000)]):
        samples = [*from_durations(frame[:-1]), *gap, *from_durations([*repeat, *frame])]
        assert [again for _, _, again in said("nec", samples)] == [False, False]
    samples = [*from_durations(frame[:-1]), Sample(Kind.TIMEOUT, 12_000), Sample(Kind.SPACE, 28_000), *from_durations(repeat)]
    assert [again for _, _, again in said("nec", samples)] == [False, True]


def test_repeats_that_come_soon_may_wait() -> None:
    """With its short leader, NECX' repeat begins like a frame: it waits, and the key is held until then. Where it would come too late for
    that, all frames wait."""
    signal = from_durations(sent("necx", repeats=2, D=0x86, S=0x6B, F=0x45, L=1))
    assert said("necx", signal) == [(66, 0x866B45, False), (73, 0x866B45, True), (79, 0x866B45, True)]
    held = sum(sample.duration for sample in signal[67:73])
    late = both("necx")[0]
    assert hasten(late, period=2 * held) is not late
    assert hasten(late, period=held) is late and hasten(late) is late
    assert both("Canon")[0] is both("Canon")[1]


def test_toggle_tells_presses_apart() -> None:
    first, second = sent("rc5", D=30, F=0x3B, T=0), sent("rc5", D=30, F=0x3B, T=1)
    assert [(one.toggle, one.repeat) for _, one in events(both("rc5")[1], from_durations([*first, *first, *second]))] == [
        (0, False), (0, True), (1, False)]


def test_a_frame_that_can_go_on_by_itself_waits() -> None:
    """And so do all frames of that protocol, and of those that end where it does."""
    late = build_automaton(define("halves", "{38k,500}<1,-1|1,-3>(8,-8,D:8,1,-50m,8,-8,~D:8,1,-50m)*[D:0..255]"))
    assert not undecided(late) and hasten(late) is not late  # its first half is only looked at
    shared = build_union([catalogue()["sony12"], catalogue()["sony15"], catalogue()["nec"]])
    assert undecided(shared) == {"sony12"}
    early = hasten(shared)
    for name, params, wait in (("sony12", {"D": 1, "F": 3}, True), ("sony15", {"D": 1, "F": 3}, False), ("nec", {"D": 4, "F": 8}, False)):
        signal = from_durations(press(catalogue()[name].irp, params))
        assert bool(events(early, signal[:-1])) != wait
        assert [one.protocol for _, one in events(early, [*signal, TIMEOUT])] == [name]
    assert not events(hasten(shared, {"nec"}), from_durations(sent("nec", D=4, F=8)[:-1]))


@pytest.mark.bpf
@pytest.mark.parametrize("name", ["nec", "rc5", "sony12"])
def test_it_costs_no_more(name: str) -> None:
    """Instructions of the kernel's program for a press: a handful more in all."""
    samples = from_durations(sent(name, **some_parameters(name, 1)))
    late, early = (sum(executed(made, samples)) for made in compile_sources(
        [host_source(generate(one), "lirc", name) for one in both(name)]))
    assert abs(early - late) < len(samples) * 2
