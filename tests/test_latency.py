"""What each protocol waits for after its last edge, and that what is loaded together says each frame once, whatever waits."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

import pytest

from irbpf.entries import AnyEntry, Entry, HandWritten, Raw, name_of
from irbpf.irp.automaton import build_automaton
from irbpf.irp.early import hasten
from irbpf.irp.interpreter import Interpreter
from irbpf.irp.longer import cut_short, remote
from irbpf.irp.render import press
from irbpf.keymap import parse
from irbpf.latency import Latency, latencies
from irbpf.listeners import listeners
from irbpf.programs import automaton_of
from irbpf.protocols import Tolerance, catalogue, define
from irbpf.pulses import from_durations
from irbpf.raw import Pattern
from irbpf.replay import Player, of_keymap
from tests.support.longer import longer
from tests.test_automaton import some_parameters

CHECKED = os.environ.get("IRBPF_TEST_LONGER", "nec sony12 xbox_dvd samsung36").split()  # `all` takes a quarter of an hour


def of_entries(entries: Sequence[AnyEntry]) -> list[Latency]:
    return latencies(entries, [automaton_of(one) for one in entries], [()] * len(entries), 20_000)


def alone(*names: str) -> list[AnyEntry]:
    return [Entry(replace(catalogue()[name], alone=True), {}) for name in names]


def plain(*names: str) -> list[AnyEntry]:
    return [Entry(catalogue()[name], {}) for name in names]


def waits(entries: list[AnyEntry]) -> dict[str, str | None]:
    return {one.protocol: one.waits for one in of_entries(entries)}


@pytest.mark.parametrize("name", list(catalogue()) if CHECKED == ["all"] else CHECKED)
def test_the_catalogue_knows_longer_frames(name: str) -> None:
    """What `python3 -m tests.support.longer` finds is what it has."""
    if not catalogue()[name].undecodable:
        assert list(catalogue()[name].longer or ()) == longer(name)


def test_each_entry_of_the_catalogue_says() -> None:
    """Without a word, a protocol waits; so does one of your own, for nobody looked."""
    assert [one.name for one in catalogue().decodable() if one.longer is None] == []
    assert all(name in catalogue() for one in catalogue().values() for name in one.longer or ())
    mine = define("mine", "{38k,500}<1,-1|1,-3>(8,-8,D:8,1,-50m)*[D:0..255]")
    assert waits([Entry(mine, {})]) == {"mine": "timeout"}
    assert waits([Entry(replace(mine, alone=True), {})]) == {"mine": "nothing"}


@pytest.mark.parametrize(("name", "others"), [("sony12", {"sony15", "sony20"}), ("nec", {"sanyo", "48-NEC"}), ("rcmm12", {"rcmm24"}), ("jvc", {"nec"})])
def test_what_could_be_longer_waits_even_without_the_longer_one(name: str, others: set[str]) -> None:
    (row,) = of_entries(plain(name))
    assert row.waits != "nothing" and row.reason is not None
    assert others <= set(row.reason.others)
    assert waits(alone(name)) == {name: "nothing"}


def test_alone_is_not_believed_of_what_is_loaded() -> None:
    assert waits(alone("sony12", "sony15", "sony20")) == {"sony12": "timeout", "sony15": "timeout", "sony20": "nothing"}
    assert waits([*alone("sony12"), *plain("sony20")]) == {"sony12": "timeout", "sony20": "nothing"}
    assert waits(alone("rc5", "nec", "sony12")) == {"rc5": "nothing", "nec": "nothing", "sony12": "nothing"}


def test_who_may_end_where_another_does_waits_as_long() -> None:
    """Of nec and a protocol that takes any four bytes, nec is to be heard: it must not come later."""
    bytes4 = Entry(define("mine", "{38.4k,564}<1,-1|1,-3>(16,-8,A:32,1,^108m)*[A:0..4294967295]"), {})
    assert waits([*alone("nec"), bytes4]) == {"nec": "timeout", "mine": "timeout"}
    assert waits([*alone("nec"), Entry(replace(bytes4.protocol, alone=True), {})]) == {"nec": "nothing", "mine": "nothing"}


def test_what_nobody_can_look_into_is_waited_for() -> None:
    assert waits([*alone("rc5"), HandWritten("imon_rsc", {})]) == {"rc5": "timeout", "imon_rsc": None}
    raw = Raw((Pattern("KEY_A", 1, (9000, 4500, 560, 560, 560)),), Tolerance())
    assert waits([raw]) == {"raw": "timeout"}
    assert waits([*alone("nec"), raw]) == {"nec": "nothing", "raw": "timeout"}  # the pattern is over before a frame of nec
    longer_raw = Raw((Pattern("KEY_A", 1, tuple(press(catalogue()["nec"].irp, {"D": 4, "F": 8})[:-1]) + (560, 560)),), Tolerance())
    assert waits([*alone("nec"), longer_raw])["nec"] == "timeout"


def test_repeats_that_wait_are_told_of() -> None:
    assert [(one.waits, one.repeats_wait) for one in of_entries(alone("necx", "rc5"))] == [("nothing", True), ("nothing", False)]
    assert waits(alone("Canon")) == {"Canon": "timeout"}


def test_many_protocols_are_not_compared() -> None:
    many = [Entry(one, {}) for one in catalogue().decodable() if one.longer == ()][:13]
    assert set(waits(many).values()) <= {"gap", "timeout"}
    assert set(waits(plain("grundig", "xbox_dvd", "samsung36", "sony20")).values()) == {"nothing"}


def test_what_is_cut_short_is_counted() -> None:
    automata = {name: build_automaton(catalogue()[name]) for name in ("sony12", "sony20", "nec", "rc5", "rc5_sz")}
    assert cut_short(automata["sony12"], remote(automata["sony20"])) == 1
    assert cut_short(automata["sony20"], remote(automata["sony12"])) == 0
    assert cut_short(automata["nec"], remote(automata["rc5"])) == 0
    assert 0 < cut_short(automata["rc5"], remote(automata["rc5_sz"])) < 1


@pytest.mark.parametrize("name", [one.name for one in catalogue().decodable() if one.longer == ()])
def test_no_frame_of_the_catalogue_is_cut(name: str) -> None:
    """Decoders that do not wait say nothing in the midst of what another protocol sends that they would not say waiting."""
    late = build_automaton(catalogue()[name])
    early = hasten(late)
    for other in ("nec", "sony20", "rc5_sz", "rc6_mce", "48-NEC1", "Panasonic", "samsung36", "Zenith", "Fujitsu-128"):
        if other != name:
            samples = from_durations([*press(catalogue()[other].irp, some_parameters(other, 1), 1)[:-1], 200_000])
            assert len(list(Interpreter(early).feed(samples))) == len(list(Interpreter(late).feed(samples)))


def test_a_keymap_is_decoded_as_it_is_loaded() -> None:
    text = "protocols: [{protocol: sony12, alone: true, keys: {0x10015: KEY_POWER}}, {protocol: jvc, alone: true}]"
    with Player(of_keymap(parse(text, "k.yaml")), "python", compete=False) as player:
        signal = from_durations(press(catalogue()["sony12"].irp, {"D": 1, "F": 0x15}, 2))
        assert [(event.sample, event.key) for event in player.play(signal)] == [(24 + 26 * each, "KEY_POWER") for each in range(len(signal) // 26)]


def test_wider_than_the_catalogue_is_not_known() -> None:
    entries = parse("protocols: [{protocol: samsung36, tolerance: {relative: 40%}}, {protocol: sharp, tolerance: {relative: 10%}}]", "k.yaml").decoded
    assert {name_of(one.entry): one.loaded != one.automaton for one in listeners(entries)} == {"samsung36": False, "sharp": True}  # hastened




def test_who_waits_for_another_says_so() -> None:
    found = listeners(plain("nec", "sony12", "Pioneer-2Part"))
    rows = latencies([one.entry for one in found], [one.automaton for one in found], [one.waits for one in found], 20_000)
    reasons = {one.protocol: one.reason and one.reason.others for one in rows}
    assert reasons["nec"] == ("Pioneer-2Part",) and "Pioneer-2Part" not in (reasons["sony12"] or ())
