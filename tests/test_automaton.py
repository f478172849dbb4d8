"""The automaton and its interpreter: what each protocol decodes to, and what today's decoders get wrong."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache

import pytest

from irbpf.irp.automaton import Automaton, Incompatible, build_automaton, build_union
from irbpf.irp.interpreter import Decoded, Interpreter
from irbpf.irp.render import press
from irbpf.paths import data
from irbpf.protocols import Catalogue, catalogue, define
from irbpf.pulses import Kind, Sample, from_durations

KERNEL = list(Catalogue([data("keymaps", "protocols", "kernel.yaml")]))  # the field's protocols have a file of their own
TIMEOUT = Sample(Kind.TIMEOUT, 125_000)


@cache
def automaton(name: str) -> Automaton:
    return build_automaton(catalogue()[name])


def decode(name: str, samples: Sequence[Sample]) -> list[Decoded]:
    return list(Interpreter(automaton(name)).feed(samples))


def sent(name: str, repeats: int = 0, **params: int) -> list[int]:
    return press(catalogue()[name].irp, params, repeats)


def codes(name: str, durations: Sequence[int]) -> list[int]:
    return [decoded.scancode for decoded in decode(name, [*from_durations(durations), TIMEOUT])]


def some_parameters(name: str, seed: int) -> dict[str, int]:
    """Parameters that the protocol's own conditions allow."""
    rng = random.Random(f"{name} {seed}")
    params = {parameter.name: rng.randint(parameter.least, parameter.most) for parameter in catalogue()[name].irp.parameters}
    if name == "rc6_mce":
        params["OEM"] = rng.choice([0x800F, 0x8034, 0x8046])
    if "L" in params:
        params["L"] = 0
    return params


def agree(decoded: Decoded, params: dict[str, int]) -> bool:
    """Whether all that was decoded is what was sent (what only a repeat holds is not in a frame)."""
    return bool(decoded.params) and decoded.params.items() <= params.items()


@pytest.mark.parametrize("name", KERNEL)
@pytest.mark.parametrize("seed", range(5))
def test_what_is_rendered_is_decoded(name: str, seed: int) -> None:
    params = some_parameters(name, seed)
    decoded = decode(name, from_durations(press(catalogue()[name].irp, params, 2)))
    assert decoded, f"{name} {params} gave nothing"
    assert agree(decoded[0], params)
    assert all(later.repeat and later.scancode == decoded[0].scancode for later in decoded[1:])


@pytest.mark.parametrize("name", KERNEL)
@pytest.mark.parametrize("seed", range(5))
def test_distorted_by_ten_percent(name: str, seed: int) -> None:
    """Each duration off by up to 10 % on its own (XMP's alternatives lie closer together than that)."""
    if name == "xmp":
        pytest.skip("XMP codes 16 values in steps of 5 % of the longest gap")
    params, rng = some_parameters(name, seed), random.Random(seed)
    durations = [round(duration * rng.uniform(0.9, 1.1)) for duration in press(catalogue()[name].irp, params, 1)]
    decoded = decode(name, from_durations(durations))
    assert decoded
    assert agree(decoded[0], params)


@pytest.mark.parametrize("name", KERNEL)
def test_receivers_lengthen_pulses(name: str) -> None:
    params = some_parameters(name, 1)
    durations = [duration + (-100 if index % 2 else 100) for index, duration in
                 enumerate(press(catalogue()[name].irp, params))]
    decoded = decode(name, from_durations(durations))
    assert decoded
    assert agree(decoded[0], params)


def test_scancodes_are_the_kernels() -> None:
    assert codes("nec", sent("nec", D=4, F=8)) == [0x408]
    assert codes("necx", sent("necx", D=0x86, S=0x6B, F=0x45)) == [0x866B45]
    assert codes("nec32", sent("nec32", D=0x12, S=0x34, F=0x56, E=0x78)) == [0x34127856]
    assert codes("rc5", sent("rc5", D=30, F=0x3B)) == [0x1E3B]
    assert codes("rc5", sent("rc5", D=30, F=0x7B)) == [0x1E7B]
    assert codes("sony20", sent("sony20", D=26, S=0xAB, F=0x15)) == [0x1AAB15]
    assert codes("rc6_mce", sent("rc6_mce", D=4, F=13, T=1)) == [0x800F040D]
    assert codes("rcmm32", sent("rcmm32", D=0x28, S=0xE0, T=1, X=0x26, F=0)) == [0x28E02600]


def test_ditto_only_after_its_frame() -> None:
    held = sent("nec", repeats=3, D=4, F=8)
    decoded = decode("nec", from_durations(held))
    assert [one.repeat for one in decoded] == [False, True, True, True]
    assert {one.scancode for one in decoded} == {0x408}
    assert codes("nec", held[68:]) == []


def test_foreign_repeat_says_nothing() -> None:
    """A repeat after another remote's frame must not bring the last key back."""
    foreign = sent("nec32", repeats=1, D=1, S=2, F=3, E=4)
    assert codes("nec", [*sent("nec", D=4, F=8), *foreign]) == [0x408]


def test_repeat_without_leader() -> None:
    decoded = decode("jvc", from_durations(sent("jvc", repeats=2, D=3, F=0x17)))
    assert [(one.scancode, one.repeat) for one in decoded] == [(0x317, False), (0x317, True), (0x317, True)]


def test_short_last_gap_of_jvc() -> None:
    frame = sent("jvc", D=3, F=0x17)[:-1]
    assert codes("jvc", [*frame, 17_000, *frame]) == [0x317, 0x317]


def test_repeat_that_shares_the_leader() -> None:
    protocol = define("shares", "{38k,500}<1,-1|1,-3>(8,-8,D:8,1,-50m,(8,-8,1,-50m)*)[D:0..255]")
    samples = from_durations(press(protocol.irp, {"D": 0x5A}, 2))
    decoded = list(Interpreter(build_automaton(protocol)).feed(samples))
    assert [(one.scancode, one.repeat) for one in decoded] == [(0x5A, False), (0x5A, True), (0x5A, True)]


@pytest.mark.parametrize(("short", "long", "params"), [
    ("sony12", "sony20", {"D": 1, "S": 2, "F": 3}), ("sony12", "sony15", {"D": 0xA5, "F": 3}), ("sony15", "sony20", {"D": 1, "S": 2, "F": 3}),
    ("rcmm12", "rcmm24", {"X": 0x123456}), ("rcmm24", "rcmm32", {"D": 1, "S": 2, "T": 0, "X": 3, "F": 4}),
    ("rc6_6a_20", "rc6_6a_24", {"D": 1, "S": 2, "F": 3, "T": 0}), ("nec", "sanyo", {"D": 0x17AB, "F": 3, "R": 0}),
    ("rc5", "rc5x_20", {"D": 1, "S": 2, "F": 3, "T": 0}), ("rc5", "rc5_sz", {"D": 1, "F": 3, "T": 0}),
])
def test_a_longer_frame_is_no_shorter_one(short: str, long: str, params: dict[str, int]) -> None:
    signal = sent(long, repeats=2, **params)
    assert codes(long, signal)
    assert codes(short, signal) == []


@pytest.mark.parametrize("name", KERNEL)
def test_start_in_the_middle_of_a_frame(name: str) -> None:
    """The tail of a frame is nothing; the whole one after it is decoded."""
    params = some_parameters(name, 2)
    frame = press(catalogue()[name].irp, params)
    for cut in range(2, min(len(frame) - 2, 40), 2):
        decoded = decode(name, [Sample(Kind.OVERFLOW, 0), *from_durations([*frame[cut:-1], 120_000, *frame])])
        assert len(decoded) == 1, cut
        assert agree(decoded[0], params), cut


def test_overflow_does_not_join_two_halves() -> None:
    samples = from_durations(sent("nec", D=4, F=8))
    for cut in range(1, len(samples) - 1):
        assert decode("nec", [*samples[:cut], Sample(Kind.OVERFLOW, 0), *samples[cut:]]) == [], cut


def test_two_pulses_in_a_row() -> None:
    """A full FIFO drops a space without a word."""
    samples = from_durations(sent("rc5", D=30, F=0x3B, T=0))
    for cut in range(1, len(samples) - 2, 2):
        assert decode("rc5", [*samples[:cut], *samples[cut + 1:]]) == [], cut
    whole = from_durations(sent("nec", D=4, F=8))
    assert [one.scancode for one in decode("nec", [whole[0], *whole])] == [0x408]


def test_toggle_tells_presses_apart() -> None:
    first, second = sent("rc5", D=30, F=0x3B, T=0), sent("rc5", D=30, F=0x3B, T=1)
    decoded = decode("rc5", from_durations([*first, *first, *second]))
    assert [(one.toggle, one.repeat) for one in decoded] == [(0, False), (0, True), (1, False)]


def test_the_same_key_after_a_pause_is_pressed_again() -> None:
    frame = sent("nec", D=4, F=8)
    decoded = decode("nec", from_durations([*frame[:-1], 1_500_000, *frame]))
    assert [one.repeat for one in decoded] == [False, False]


@pytest.mark.parametrize(("name", "bit"), [("nec", 30), ("nec", 60), ("sanyo", 40), ("xbox_dvd", 40)])
def test_a_wrong_complement_is_refused(name: str, bit: int) -> None:
    frame = sent(name, **some_parameters(name, 3))
    place = bit + 1
    short, long = sorted({frame[index] for index in range(5, 41, 2)})[:2]
    frame[place] = long if frame[place] == short else short
    assert codes(name, frame) == []


@pytest.mark.parametrize("leader", [8780, 9250, 9400])
def test_leader_that_is_too_long(leader: int) -> None:
    assert codes("nec", [leader, *sent("nec", D=4, F=8)[1:]]) == [0x408]


def test_edge_timed_drivers_tell_the_gap_after_the_timeout() -> None:
    first, second = (from_durations(sent("nec", D=4, F=key)[:-1]) for key in (8, 9))
    samples = [*first, Sample(Kind.TIMEOUT, 10_000), Sample(Kind.SPACE, 40_000), *second, Sample(Kind.TIMEOUT, 10_000)]
    assert [one.scancode for one in decode("nec", samples)] == [0x408, 0x409]


def test_a_timeout_in_the_gap_between_two_halves() -> None:
    frame = from_durations(sent("sharp", D=3, F=0x5A))
    halves = [Sample(Kind.TIMEOUT, 20_000) if sample.kind == Kind.SPACE and sample.duration > 20_000 else sample for sample in frame]
    assert [one.scancode for one in decode("sharp", halves)] == [0x35A]


def test_where_and_require_narrow() -> None:
    line = "{38k,500}<1,-1|1,-3>(8,-8,D:8,F:8,1,-50m)*[D:0..255,F:0..255]"
    for narrowed in (define("one", line, where={"D": 3}), define("two", line, require="D==3")):
        machine = build_automaton(narrowed)
        assert list(Interpreter(machine).feed(from_durations(press(narrowed.irp, {"D": 3, "F": 1}))))
        assert not list(Interpreter(machine).feed(from_durations(press(narrowed.irp, {"D": 4, "F": 1}))))


def test_protocols_that_share_an_automaton_say_each_frame_once() -> None:
    """What the first of them that it can be says of it."""
    shared = build_union([catalogue()[name] for name in ("nec", "NEC1", "sony12", "rc5")])
    for name, params in (("nec", {"D": 4, "F": 8}), ("sony12", {"D": 1, "F": 3}), ("rc5", {"D": 30, "F": 0x3B, "T": 0})):
        decoded = list(Interpreter(shared).feed([*from_durations(press(catalogue()[name].irp, params, 1)), TIMEOUT]))
        assert [(one.protocol, one.repeat) for one in decoded] == [(name, False), (name, True)]
    other = list(Interpreter(shared).feed([*from_durations(press(catalogue()["NEC1"].irp, {"D": 4, "S": 9, "F": 8})), TIMEOUT]))
    assert [one.protocol for one in other] == ["NEC1"]


def test_a_protocol_whose_frame_begins_another_s_shares_no_automaton() -> None:
    with pytest.raises(Incompatible, match="the beginning of a frame of another"):
        build_union([catalogue()["sharp"], catalogue()["Denon"]])


@pytest.mark.parametrize("name", ["DirecTV_P3", "RCA"])
def test_a_press_whose_first_frame_was_not_heard_is_read_from_its_repeat(name: str) -> None:
    """DirecTV's repeat has a leader half as long."""
    params = some_parameters(name, 1)
    first = len(sent(name, **params))
    later = sent(name, 1, **params)[first:]
    assert later and [agree(decoded, params) for decoded in decode(name, [*from_durations(later[:-1]), TIMEOUT])] == [True]


def test_no_frame_starts_with_a_short_pulse_where_there_is_a_leader() -> None:
    """A repeat that begins with an ordinary pulse starts no press: too much else begins so."""
    assert all(edge.least > 1000 for name in ("DirecTV_3FG", "JVC_squashed") for edge in automaton(name).states[0].edges)


def test_a_pulse_may_be_as_much_too_long_as_a_coarse_clock_makes_it() -> None:
    """A receiver's 150 µs and a clock of 100 µs: a pulse of 432 µs measures 700 at times, and the space after it is as much shorter."""
    params = {"D": 160, "S": 0, "F": 61}
    durations = [700 if index == 4 else duration - 150 if index == 5 else duration for index, duration in enumerate(sent("Panasonic", **params))]
    assert [agree(decoded, params) for decoded in decode("Panasonic", from_durations(durations))] == [True]


@pytest.mark.parametrize("gap", [15_000, 21_700])
def test_the_frame_that_begins_a_press_of_nrc16_is_no_key(gap: int) -> None:
    durations = sent("NRC16", 1, D=54, F=74)
    place = next(index for index, duration in enumerate(durations) if duration > 10_000)
    durations[place] = gap
    assert [decoded.params for decoded in decode("NRC16", from_durations(durations))][:1] == [{"D": 54, "F": 74}]
