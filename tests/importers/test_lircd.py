"""lircd.conf: what a remote of each coding sends, against LIRC's own irsimsend; and that it is decoded again."""

from __future__ import annotations

from pathlib import Path

import pytest

from irbpf.encoding import parameters_of
from irbpf.importers import lircd, read
from irbpf.importers.values import Imported
from irbpf.irp.automaton import build_automaton
from irbpf.irp.interpreter import Interpreter
from irbpf.irp.render import press
from irbpf.keymap import Entry, Raw
from irbpf.pulses import from_durations
from tests.bench.lircd import compare
from tests.support import lirc

SAMPLE = Path(__file__).parent / "samples" / "everything.lircd.conf"
IMPORTED = read(SAMPLE)
BY_NAME = {one.keymap.name: one for one in IMPORTED.remotes}
TIMED = [name for name, one in BY_NAME.items() if isinstance(one.keymap.entries[0], Entry)]


def of_text(*lines: str) -> Imported:
    return lircd.read("\n".join(lines), "a.conf")


def test_every_remote_is_there() -> None:
    assert set(BY_NAME) == {"distance", "lsb-first", "no-trail", "biphase", "biphase-6", "two-bits", "four-bits", "space-first", "toggled",
                            "ignored", "several-toggles", "tree", "patterns", "unseen-bit", "unseen-bit-of-any-length",
                            "begins-with-a-space", "levels", "steps"}
    assert isinstance(BY_NAME["patterns"].keymap.entries[0], Raw)


def test_what_is_lost_is_told() -> None:
    told = {problem.line: problem.what for problem in IMPORTED.problems}
    assert "KEY_MACRO1" in told[23]
    assert "2 codes" in told[24]
    assert "min_repeat" in told[146]
    assert "no timing" in told[230]
    assert len(told) == 4


@pytest.mark.parametrize("name", TIMED)
@pytest.mark.parametrize("toggle", [0, 1])
def test_it_is_decoded_again(name: str, toggle: int) -> None:
    entry = BY_NAME[name].keymap.entries[0]
    assert isinstance(entry, Entry)
    automaton = build_automaton(entry.protocol)
    for scancode in entry.keys:
        params = parameters_of(entry.protocol, scancode)
        signal = press(entry.protocol.irp, params | ({"T": toggle} if "T" in params else {}))
        found = [one.scancode for one in Interpreter(automaton).feed(from_durations([*signal[:-1], 200_000]))]
        assert found == [scancode]


@pytest.mark.lirc
def test_it_is_what_irsimsend_sends() -> None:
    compared = list(compare(SAMPLE))
    assert len(compared) == 37
    assert {one.remote for one in compared if one.why} == {"tree", "levels", "steps"}  # LIRC cannot send them


@pytest.mark.lirc
@pytest.mark.parametrize("name", ["tree", "steps", "distance", "lsb-first", "biphase", "biphase-6", "two-bits"])
def test_irsimreceive_finds_the_buttons_in_what_we_send(name: str) -> None:
    lines = next(lines for remote, lines in lirc.remotes(SAMPLE) if remote.name == name)
    entry = BY_NAME[name].keymap.entries[0]
    assert isinstance(entry, Entry)
    for scancode, key in list(entry.keys.items())[:2]:
        signal = press(entry.protocol.irp, parameters_of(entry.protocol, scancode))
        assert lirc.simreceive(lines, signal) == [BY_NAME[name].remarks.get(scancode, key)]


@pytest.mark.lirc
@pytest.mark.parametrize("name", ["animax/lircd.conf.animax", "hauppauge/lircd.conf.hauppauge", "creative/lircd.conf.alsa_usb",
                                  "mceusb/lircd.conf.mceusb"])
def test_debians_remotes_are_what_irsimsend_sends(name: str) -> None:
    compared = list(compare(lirc.folder() / "usr/share/lirc/remotes" / name))
    assert compared
    assert [one for one in compared if one.why] == []


def test_a_name_that_begins_with_a_hash_is_a_button_only_where_it_is_indented() -> None:
    assert BY_NAME["distance"].keymap.keys[0x61D61122] == "KEY_NUMERIC_POUND"


def test_includes(tmp_path: Path) -> None:
    (tmp_path / "one.conf").write_text("include \"sub/*.conf\"\ninclude <nothing.conf>\ninclude \"one.conf\"\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.conf").write_text(SAMPLE.read_text())
    made = read(tmp_path / "one.conf", "lircd")
    assert {one.keymap.name for one in made.remotes} == set(BY_NAME)
    assert any("includes nothing" in one.what for one in made.problems)
    assert any("too many files" in one.what for one in made.problems)


@pytest.mark.parametrize(("lines", "said"), [
    (["begin remote", "name a", "bits 64000000", "one 1 2", "zero 1 1", "gap 1", "begin codes", "a 1", "end codes", "end remote"], "more than 64 bits"),
    (["begin remote", "name a", "bits 99999999999999999999999999999999999", "end remote"], "is no number"),
    (["begin remote", "name a", "flags FLUX|RC5", "end remote"], "no flag"),
    (["begin remote", "name a", "wobble 3", "end remote"], "no parameter"),
    (["begin remote", "name a", "begin codes", "x", "y zz", "end codes"], "ends inside"),
    (["begin remote", "begin remote", "end remote", "stray 1"], "outside a remote"),
    (["begin remote", "name a", "serial_mode 8N1", "baud 1200", "bits 8", "begin codes", "a 1", "end codes", "end remote"], "serial line"),
    (["begin remote", "name a", "flags BO", "bits 40", "one 1 2", "zero 1 1", "gap 9999", "begin codes", "a 1", "end codes", "end remote"],
     "Bang"),
    (["begin remote", "name a", "bits 12", "zero 889 889", "gap 90000", "begin codes", "a 1", "end codes", "end remote"], "sent as nothing"),
    (["begin remote", "name a", "bits 12", "zero 889 889", "one 889 889", "gap 90000", "begin codes", "a 1", "end codes", "end remote"],
     "as others are"),
    (["begin remote", "name a", "bits 3", "flags RCMM", "two 1 3", "three 1 4", "one 1 2", "zero 1 1", "gap 9999", "begin codes", "a 1", "end codes", "end remote"],
     "at a time"),
    (["begin remote", "name a", "begin raw_codes", "1 2 3", "name KEY_1", "1", "end raw_codes", "end remote"], "before the name"),
])
def test_what_is_wrong_is_told_with_its_line(lines: list[str], said: str) -> None:
    made = of_text(*lines)
    assert any(said in one.what for one in made.problems), made.problems
    assert all(1 <= one.line <= len(lines) for one in made.problems)


def test_the_catalogues_names_where_all_keys_are_its_frames() -> None:
    from irbpf.importers.closest import in_catalogue

    named = {one.keymap.name: one for one in in_catalogue(IMPORTED).remotes}
    assert [(entry.protocol.name, dict(entry.keys)) for entry in named["biphase"].keymap.entries if isinstance(entry, Entry)] == [
        ("rc5", {0x1E20: "KEY_UP", 0x1C21: "KEY_DOWN"})]
    assert [entry.protocol.name for entry in named["biphase-6"].keymap.entries if isinstance(entry, Entry)] == ["rc6_mce"]
    assert named["biphase-6"].keymap.keys == {0x800F75E1: "KEY_UP", 0x800F75E0: "KEY_DOWN"}  # LIRC has the halves of RC-6 the other way
    distance = named["distance"]
    assert set(distance.keymap.keys.values()) == set(BY_NAME["distance"].keymap.keys.values())
    assert {"nec", "necx", "nec32"} >= {entry.protocol.name for entry in distance.keymap.entries if isinstance(entry, Entry)}
    assert "Vol+" in distance.remarks.values()
    assert named["no-trail"].keymap.entries[0].protocol.name == "sony12"  # type: ignore[union-attr]
    assert named["space-first"].keymap.entries == BY_NAME["space-first"].keymap.entries


def test_a_constant_length_that_no_frame_of_ones_has_room_in() -> None:
    lines = ["begin remote", "name long", "bits 48", "flags SPACE_ENC|CONST_LENGTH", "header 9000 4500", "one 564 1692", "zero 564 564",
             "ptrail 564", "gap 108000", "begin codes", "KEY_UP 0x00ff00ff00ff", "KEY_DOWN 0x0f0f0f0f0f0f", "end codes", "end remote"]
    made = of_text(*lines)
    entry = made.remotes[0].keymap.entries[0]
    assert isinstance(entry, Entry)
    assert set(entry.keys.values()) == {"KEY_UP", "KEY_DOWN"}
    assert "the gap is" in made.problems[0].what


def test_a_code_without_durations_is_listed() -> None:
    made = of_text("begin remote", " name x", " flags RAW_CODES", " gap 40000", " begin raw_codes", "  name KEY_UP", "   900 400 900 400 900",
                   "  name KEY_DOWN", "  name KEY_OK", "   500 400 900 400 500", " end raw_codes", "end remote")
    assert sorted(made.remotes[0].keymap.keys.values()) == ["KEY_OK", "KEY_UP"]
    assert any("KEY_DOWN has no durations" in one.what for one in made.problems)
