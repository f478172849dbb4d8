"""Several decoders on one signal: one is heard, the same in Python, in C and through the verifier."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from irbpf.arbitration import Arbiter
from irbpf.bundle import parts
from irbpf.compiler import compile_sources
from irbpf.irp.interpreter import Interpreter
from irbpf.irp.render import press
from irbpf.entries import Entry, name_of
from irbpf.keymap import parse
from irbpf.listeners import listeners
from irbpf.protocols import Protocol, catalogue
from irbpf.pulses import END, Kind, Sample, from_durations
from irbpf.replay import Player, of_keymap
from irbpf.waiting import arranged
from tests.bench.pools import Pools


def hears(arbiter: Arbiter[str], decoder: int, place: int, age: int, *reading: int) -> list[str]:
    return arbiter.take(place, [(decoder, age, f"{decoder} at {place}", False)], reading)


def test_who_reports_first_is_heard_and_who_began_later_too() -> None:
    arbiter = Arbiter[str]()
    assert hears(arbiter, 0, 10, 10)
    assert not hears(arbiter, 1, 10, 10)  # the same frame, at the same sample
    assert not hears(arbiter, 1, 14, 9)  # one that had begun by then
    assert hears(arbiter, 1, 20, 9)
    assert hears(arbiter, 1, 22, 11)  # nobody contradicts oneself
    assert not hears(arbiter, 0, 22, 3)


def test_a_later_report_may_be_of_a_frame_that_begins_right_after_the_first() -> None:
    arbiter = Arbiter[str]()
    assert hears(arbiter, 0, 10, 10)
    assert hears(arbiter, 1, 15, 5)
    assert not hears(arbiter, 0, 20, 6)


def test_while_a_preferred_one_reads_on_a_report_is_kept_back() -> None:
    arbiter = Arbiter[str](frozenset({0}))
    assert hears(arbiter, 1, 10, 10, 0) == []
    assert hears(arbiter, 2, 10, 10, 0) == []  # the same frame: who was first is the one that may be heard later
    assert hears(arbiter, 0, 20, 20) == ["0 at 20"]
    assert arbiter.take(21, []) == []


def test_what_was_kept_back_is_heard_when_the_other_gives_up() -> None:
    arbiter = Arbiter[str](frozenset({0}))
    assert hears(arbiter, 1, 10, 10, 0) == []
    assert arbiter.take(12, [], [0]) == []
    assert arbiter.take(13, []) == ["1 at 10"]
    assert arbiter.take(14, []) == []
    assert not hears(arbiter, 0, 20, 20)  # by then one was heard
    assert hears(arbiter, 2, 20, 10)  # a frame that began after the one that was kept back


def test_of_several_that_are_kept_back_the_last_press_counts() -> None:
    arbiter = Arbiter[str](frozenset({0}))
    assert arbiter.take(10, [(1, 10, "first", False)], [0]) == arbiter.take(20, [(1, 10, "press", False)], [0]) == []
    assert arbiter.take(30, [(1, 10, "held", True)], [0]) == []
    assert arbiter.take(40, []) == ["press"]


def test_nobody_waits_for_one_that_is_not_preferred() -> None:
    assert hears(Arbiter[str](frozenset({1})), 0, 10, 10, 1) == ["0 at 10"]


KEYMAP = """
protocols:
  - protocol: NEC-f16
    keys: {0x01: KEY_1}
  - protocol: nec32
    keys: {0x40bf0001: KEY_2}
  - protocol: nec
    keys: {0x408: KEY_3}
"""


@pytest.mark.parametrize("engine", ["python", pytest.param("bpf", marks=pytest.mark.bpf)])
def test_of_protocols_that_all_read_a_signal_the_preferred_is_heard(engine: str, tmp_path: Path) -> None:
    keymap = parse(KEYMAP, "several.yaml")
    with Player(of_keymap(keymap), engine, compete=True) as player:
        signal = [*from_durations(press(catalogue()["nec"].irp, {"D": 4, "F": 8}, 2)), END]
        assert {event.decoded.protocol for event in player.play(signal)} >= {"nec", "NEC-f16"}  # else this proves nothing
    with Player(of_keymap(keymap), engine, compete=False) as player:
        assert [(event.decoded.protocol, event.decoded.repeat) for event in player.play(signal)] == [("nec", False), ("nec", True), ("nec", True)]


READS_ON = "protocols: [{protocol: nec}, {protocol: Pioneer-2Part}]"


@pytest.mark.parametrize("engine", ["python", pytest.param("bpf", marks=pytest.mark.bpf)])
def test_a_shorter_frame_is_not_heard_inside_of_a_longer_one(engine: str) -> None:
    """Pioneer-2Part begins with a frame of NEC and a gap that is the end of one for it."""
    keymap = parse(READS_ON, "two.yaml")
    whole = press(catalogue()["Pioneer-2Part"].irp, {"D0": 1, "F0": 2, "D": 4, "F": 8}, 1)
    half = press(catalogue()["nec"].irp, {"D": 1, "F": 2}, 2)
    with Player(of_keymap(keymap), engine, compete=False) as player:
        for signal, said in ((whole, ["Pioneer-2Part"] * 2), (half, ["nec"] * 3), (whole, ["Pioneer-2Part"] * 2)):
            assert [event.decoded.protocol for event in player.play([*from_durations(signal), END])] == said
        given_up = [*from_durations(half[:67]), Sample(Kind.SPACE, 40_000), Sample(Kind.PULSE, 9000), Sample(Kind.SPACE, 2250), Sample(Kind.PULSE, 560), END]
        assert [event.decoded.scancode for event in player.play(given_up)] == [0x102, 0x102]


def test_who_reads_on_is_heard_before_those_that_are_preferred() -> None:
    said = [(one.entry.protocol.name, one.reads_on) for one in listeners(parse(READS_ON, "two.yaml").decoded) if isinstance(one.entry, Entry)]
    assert said == [("Pioneer-2Part", True), ("nec", False)]
    several = parse("protocols: [{protocol: necx}, {protocol: nec}, {protocol: sony12}, {protocol: rc5}, {protocol: sharp}]", "several.yaml")
    assert not any(one.reads_on for one in listeners(several.decoded))  # their frames go on after no such gap


NECS = "protocols: [{protocol: nec}, {protocol: NEC-f16}, {protocol: Pioneer-2Part}]"
SONYS = "protocols: [{protocol: sony15}, {protocol: SonyDSP}]"
HELD = """
protocols:
  - protocol: nec
  - protocol: a frame and its repeat and another frame
    irp: "{38.4k,564}<1,-1|1,-3>(16,-8,D:8,~D:8,F:8,~F:8,1,-40m,16,-4,1,-40m,16,-8,E:8,~E:8,G:8,~G:8,1,-60m)[D:0..255,F:0..255,E:0..255,G:0..255]"
"""


def _signals(rng: random.Random, protocols: Sequence[Protocol], part: int) -> Iterator[Sample]:
    """Presses of some protocols, their first parts of so many samples, some with a duration that is wrong, and what comes after them."""
    protocol = rng.choice(protocols)
    durations = press(protocol.irp, {one.name: rng.randint(one.least, one.most) for one in protocol.irp.parameters}, rng.randint(0, 2))
    samples = list(from_durations(durations))[:rng.choice((part, part, part + 1, part + 4, 3 * part + 2, len(durations)))]
    if rng.random() < 0.3:
        place = rng.randrange(len(samples))
        samples[place] = samples[place]._replace(duration=int(samples[place].duration * rng.choice((0.3, 1.2, 4))))
    yield from samples
    after = Sample(Kind.TIMEOUT, 65_000), Sample(Kind.SPACE, 25_000), Sample(Kind.SPACE, 40_000), Sample(Kind.SPACE, 300_000), Sample(Kind.OVERFLOW, 0)
    yield rng.choice(after)


@pytest.mark.bpf
@pytest.mark.parametrize(("text", "part"), [(NECS, 67), (SONYS, 31), (HELD, 67)], ids=["nec", "sony", "held"])
def test_the_programs_of_a_receiver_say_what_python_says(text: str, part: int) -> None:
    """The very bytecode that is attached, run sample by sample with the map that the programs share."""
    keymap = parse(text, "several.yaml")
    side_by_side = listeners(keymap.decoded)
    protocols = [one.entry.protocol for one in side_by_side if isinstance(one.entry, Entry)]
    programs = Pools(compile_sources([part.source for part in parts([keymap], "lirc")]))
    machines = [Interpreter(one.loaded) for one in side_by_side if one.loaded is not None]
    arbiter = Arbiter[tuple[int, int]](frozenset(place for place, one in enumerate(side_by_side) if one.reads_on))
    numbers = [part.number for part in parts([keymap], "lirc")]
    rng, place, said, kept = random.Random(11), 0, 0, 0
    for _ in range(600):
        for sample in _signals(rng, protocols, part):
            reports = [(which, machine.spent, (0, 0) if machine.reported == "repeat" else (numbers[which], decoded.scancode), decoded.repeat)
                       for which, machine in enumerate(machines) if (decoded := machine.step(sample)) is not None]
            wanted = arbiter.take(place, reports, [which for which in arbiter.reads_on if machines[which].reading(sample)])
            assert programs.take(sample)[1] == wanted, (place, sample)
            place, said, kept = place + 1, said + len(wanted), kept + len(arbiter.kept)
    assert said > 300 and kept > 300


def test_the_timeout_is_longer_than_the_gap_that_is_waited_for() -> None:
    """Else the receiver would say that the signal is over before it is clear whether it goes on."""
    gap = 40_000  # of Pioneer-2Part between its parts, at the most
    alone, among = (dict((part.source.name, part.timeout) for part in parts([parse(text, "k.yaml")], "lirc"))["Pioneer_2Part"]
                    for text in ("protocols: [{protocol: Pioneer-2Part, number: 9}]", READS_ON.replace("Pioneer-2Part", "Pioneer-2Part, number: 9")))
    assert among > gap > alone


def test_for_raw_patterns_and_beside_any_nobody_waits() -> None:
    """Raw patterns that hold a frame and its repeat are an ordinary case."""
    frame = "+9000 -4500 " + "+560 -560 " * 32 + "+560 -40000 +9000 -2250 +560"
    keymap = parse(f'protocols: [{{protocol: nec, keys: {{0x102: KEY_1}}}}, {{raw: {{KEY_POWER: "{frame}"}}}}]', "raw.yaml")
    assert [(name_of(one.entry), one.reads_on) for one in listeners(keymap.decoded)] == [("nec", False), ("raw", False)]
    beside_any = parse("protocols: [{protocol: any}, {protocol: nec}, {protocol: Pioneer-2Part}]", "any.yaml")
    assert [(name_of(one.entry), one.reads_on) for one in listeners(beside_any.decoded)] == [("nec", False), ("Pioneer-2Part", False), ("any", False)]


def test_of_three_each_comes_before_what_it_outlasts(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = {("b", "c"), ("c", "a")}
    monkeypatch.setattr("irbpf.waiting._outlasts", lambda one, other: (one, other) in pairs)
    assert arranged(["a", "b", "c"], [0, 1, 2]) == ([1, 2, 0], [(), (0,), (1,)])  # type: ignore[list-item]
    pairs.add(("a", "b"))
    assert sorted(arranged(["a", "b", "c"], [0, 1, 2])[0]) == [0, 1, 2]  # type: ignore[list-item]


def test_a_protocol_of_two_keymaps_is_one_program() -> None:
    both = [parse(READS_ON, "one.yaml"), parse(READS_ON, "two.yaml")]
    assert [part.source.name for part in parts(both, "lirc")] == ["Pioneer_2Part", "nec"]
