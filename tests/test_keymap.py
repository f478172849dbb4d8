"""Every rule for keymaps: what breaks it is told with its place, what is wrong, and what to do; and what is right is read as it is meant."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from irbpf import bundle, library
from irbpf.cli import main
from irbpf.errors import Error
from irbpf.keymap import RAW_BASE, Entry, HandWritten, Match, Raw, parse
from irbpf.keymapcheck import check
from irbpf.problems import PlacedError
from irbpf.protocols import Tolerance
from irbpf.receiver import Receiver

OWN = '{38k,500}<1,-1|1,-3>(8,-8,D:8,F:8,1,-50m)*[D:0..200,F:0..255]'


def entry(fields: str) -> str:
    return f"protocols:\n  - {fields}\n"


def own(fields: str) -> str:
    return f"protocols:\n  - protocol: mine\n    irp: \"{OWN}\"\n    {fields}\n"


# text, place of the error, what it says, what it advises
WRONG = {
    "unknown field": ("nmae: x\nprotocols: []", "1:1", "a keymap has no field 'nmae'", "did you mean name?"),
    "unknown field of a receiver": ("receivers: [{rcmap: x}]\nprotocols: []", "1:14", "a receiver has no field 'rcmap'", "did you mean rc_map?"),
    "unknown field of an entry": (entry("protocol: nec\n    kyes: {}"), "3:5", "a protocol entry has no field 'kyes'", "did you mean keys?"),
    "parameter of another family": (entry("protocol: manchester\n    trailer_pulse: 3"), "3:5", "no field 'trailer_pulse'", "did you mean"),
    "parameter of a family, for a protocol": (entry("protocol: nec\n    header_pulse: 3"), "3:5", "no field 'header_pulse'", ""),
    "no protocols": ("name: x", "1:1", "the keymap has no protocols", "add protocols:"),
    "empty protocols": ("protocols: []", "1:12", "the keymap has no protocols", "add at least one entry"),
    "protocols as a mapping": ("protocols: {}", "1:12", "protocols is a list", "begin each entry with '- '"),
    "no mapping at all": ("- a\n- b", "1:1", "a keymap is a mapping", "name, receivers, protocols"),
    "a name that is a truth value": ("name: on\nprotocols: []", "1:7", "YAML takes on for a truth value", "put it in quotes"),
    "a name that is a number": ("name: 5\nprotocols: []", "1:7", "the name is a text, not 5", "put it in quotes"),
    "a key that is a truth value": (entry("{protocol: nec, keys: {0x408: yes}}"), "2:35", "YAML takes yes for a truth value", "quotes"),
    "a receiver that is every one": ("receivers: [{}]\nprotocols: []", "1:13", "this fits every receiver", "name at least one of"),
    "a bus out of range": ("receivers: [{bus: 0x10000}]\nprotocols: []", "1:19", "bus is never 0x10000", "0 to 0xffff"),
    "unknown protocol": (entry("protocol: rc-5x-20"), "2:15", "there is no protocol 'rc-5x-20'", "did you mean rc5x_20"),
    "unknown family": (entry("protocol: pulse-distanz"), "2:15", "there is no protocol", "did you mean pulse_distance"),
    "no protocol": (entry("keys: {}"), "2:5", "the entry names no protocol", "add protocol:"),
    "unknown key": (entry("{protocol: nec, keys: {0x408: KEY_POWR}}"), "2:35", "there is no key 'KEY_POWR'", "did you mean KEY_POWER?"),
    "key in lower case": (entry("{protocol: nec, keys: {0x408: key_mute}}"), "2:35", "there is no key 'key_mute'", "KEY_MUTE"),
    "scancode twice": (entry("protocol: nec\n    keys:\n      0x408: KEY_1\n      1032: KEY_2"), "5:7", "1032 is there twice", "the first is in line 4"),
    "field twice": ("name: a\nname: b\nprotocols: []", "2:1", "name is there twice", "line 1"),
    "octal": (entry("{protocol: nec, keys: {010: KEY_1}}"), "2:28", "010 is octal in YAML: 8", "leave the leading 0 out"),
    "octal with a digit too high": (entry("{protocol: nec, keys: {09: KEY_1}}"), "2:28", "a scancode is a whole number, not 09", "0x408"),
    "sexagesimal": (entry("{protocol: nec, keys: {1:30: KEY_1}}"), "2:28", "1:30 is 90 in YAML", "a plain number"),
    "underscores": (entry("{protocol: nec, keys: {1_000: KEY_1}}"), "2:28", "1_000 is 1000 in YAML", "a plain number"),
    "a text for a scancode": (entry("{protocol: nec, keys: {'0x408': KEY_1}}"), "2:28", "a whole number, not a text", "take the quotes away"),
    "a fraction for a scancode": (entry("{protocol: nec, keys: {1.5: KEY_1}}"), "2:28", "a scancode is a whole number, not 1.5", ""),
    "keys as a list": (entry("{protocol: nec, keys: [KEY_1]}"), "2:27", "keys is a mapping of scancodes to key names", "0x1e3b: KEY_SELECT"),
    "negative scancode": (entry("{protocol: nec, keys: {-1: KEY_1}}"), "2:28", "does not fit into the 16 bits", "irbpf protocols"),
    "scancode out of the layout": (entry("{protocol: nec, keys: {0x10408: KEY_1}}"), "2:28", "does not fit into the 16 bits", "irbpf protocols"),
    "scancode with a fixed bit set": (entry("{protocol: sony12, keys: {0x10080: KEY_1}}"), "2:31", "sony12 never has the scancode 0x10080", "D is 0..31"),
    "scancode with a parameter out of range": (entry("{protocol: rc5, keys: {0x2001: KEY_1}}"), "2:28", "rc5 never has", "D is 0..31"),
    "scancode that the condition refuses": (entry("{protocol: nec32, keys: {0x000000ff: KEY_1}}"), "2:30", "nec32 never has", "do not allow it"),
    "scancode that where refuses": (entry("{protocol: nec, where: {D: 5}, keys: {0x408: KEY_1}}"), "2:43", "nec never has", "D is 5"),
    "one scancode, two keys": ("protocols:\n  - {protocol: nec, keys: {0x408: KEY_1}}\n  - {protocol: jvc, keys: {0x408: KEY_2}}", "3:28",
                               "scancode 0x408 is KEY_2 here and KEY_1 in line 2", "one key for a scancode"),
    "where on an unknown parameter": (entry("{protocol: nec, where: {X: 1}}"), "2:29", "where has no field 'X'", "known: D, F"),
    "where out of range": (entry("{protocol: rc5, where: {D: 32}}"), "2:32", "D is never 32", "it is 0 to 31"),
    "where that can never hold": (entry("{protocol: rc6_mce, where: {OEM: 5}}"), "2:32", "never has these values", "require"),
    "where that is no mapping": (entry("{protocol: nec, where: 5}"), "2:28", "where is a mapping", "with D, F"),
    "tolerance without units": (entry("{protocol: nec, tolerance: {absolute: 100}}"), "2:43", "'100' is no tolerance", "like 100us"),
    "tolerance with another's unit": (entry("{protocol: nec, tolerance: {relative: 100us}}"), "2:43", "'100us' is no tolerance", "like 25%"),
    "tolerance of everything": (entry("{protocol: nec, tolerance: {relative: 90%}}"), "2:43", "lets anything pass", "at most"),
    "tolerance of nothing": (entry("{protocol: nec, tolerance: {}}"), "2:32", "the tolerance says nothing", "100us"),
    "tolerance of something else": (entry("{protocol: nec, tolerance: {jitter: 5us}}"), "2:33", "tolerance has no field 'jitter'", "absolute"),
    "number out of range": (entry("{protocol: nec, number: 70000}"), "2:29", "70000 is no protocol number", "0 to 65535"),
    "toggle without a line": (entry("{protocol: nec, toggle: T}"), "2:29", "toggle belongs to a protocol of your own", "irp:"),
    "require without a line": (entry("{protocol: nec, require: D}"), "2:30", "require belongs to a protocol of your own", "irp:"),
    "layout without a line": (entry("{protocol: nec, scancode: D:8}"), "2:31", "scancode belongs to a protocol of your own", "irp:"),
    "toggle of no parameter": (own("toggle: G"), "4:13", "G is no parameter", "known: D, F"),
    "require of no parameter": (own("require: G==1"), "4:14", "G is no parameter", "known: D, F"),
    "layout of no parameter": (own("scancode: 'D:8,G:8'"), "4:15", "G is no parameter", "known: D, F"),
    "layout that is none": (own("scancode: 'D:8,F'"), "4:20", "a bit field is expected", "D:8,F:8"),
    "layout too wide": (own("scancode: 'D:8,F:8,D:40,F:16'"), "4:15", "more than 64 bits", "leave out"),
    "line that is none": (entry('protocol: mine\n    irp: "{38k,500}<1,-1|1,-3>(8,-8,D:8"'), "3:40", "is expected", ""),
    "line that is none, without quotes": (entry("protocol: mine\n    irp: x{"), "3:10", "is expected", ""),
    "line over two lines": (entry('protocol: mine\n    irp: "{38k,500}<1,-1|1,-3>\n      (8,-8,D:8"'), "3:10", "expected", ""),
    "zero and one alike": (entry('{protocol: mine, irp: "{38k,500}<1,-1|1,-1>(8,-8,D:8,1,-50m)*[D:0..255]"}'), "2:27",
                           "0 and 1 are sent too much alike", "the bit spec"),
    "zero and one too near": (entry('{protocol: mine, irp: "{38k,500}<1,-500u|1,-540u>(8,-8,D:8,1,-50m)*[D:0..255]"}'), "2:27",
                              "0 and 1 are sent too much alike", "the bit spec"),
    "frame that never ends": (entry('{protocol: mine, irp: "{38k,500}<1,-1|1,-3>(8,-8,D:8,1)[D:0..255]"}'), "2:27", "no frame ever ends", "-30m"),
    "family with a line": (entry(f'{{protocol: manchester, irp: "{OWN}"}}'), "2:33", "manchester is a family", "another name"),
    "family out of range": (entry("{protocol: pulse_length, bits: 65}"), "2:36", "bits: 65 is out of range", "1 to 64"),
    "family with half a header": (entry("{protocol: pulse_length, header_pulse: 0}"), "2:44", "header_pulse and header_space go together", "both"),
    "family with two tolerances": (entry("{protocol: pulse_length, margin: 9, tolerance: {relative: 9%}}"), "2:52", "say the same", "one of"),
    "raw with an unknown key": ("protocols: [{raw: {KEY_FOO: +1 -2 +3}}]", "1:20", "there is no key 'KEY_FOO'", "did you mean"),
    "raw that is no duration": ("protocols: [{raw: {KEY_1: +900 -x +3}}]", "1:27", "'-x' is no duration", "pulse 9000"),
    "raw with two pulses in a row": ("protocols: [{raw: {KEY_1: +900 +500 -300}}]", "1:27", "a pattern goes pulse, space", ""),
    "raw too short": ("protocols: [{raw: {KEY_1: '+900'}}]", "1:27", "the pattern of KEY_1 is too short", "the whole signal"),
    "raw of several presses": ("protocols: [{raw: {KEY_1: +900 -300000 +900}}]", "1:27", "has a space of 300000", "record one press"),
    "raw that is nothing": ("protocols: [{raw: {}}]", "1:19", "there is no pattern", "KEY_POWER"),
    "raw twice the same": ("protocols: [{raw: {KEY_1: +900 -500 +300, KEY_2: +950 -550 +300}}]", "1:50",
                           "the raw patterns of KEY_1 and KEY_2 cannot be told apart", "lower the tolerance"),
    "raw with keys": ("protocols: [{raw: {KEY_1: +900 -500 +300}, keys: {}}]", "1:44", "a raw entry has no field 'keys'", ""),
    "unknown decoder": (entry("decoder: imon"), "2:14", "there is no decoder 'imon'", "put it at"),
    "decoder outside of its folder": (entry("decoder: ../x"), "2:14", "there is no decoder '../x'", "put it at"),
    "unknown macro of a decoder": (entry("{decoder: imon_rsc, parameters: {mragin: 5}}"), "2:38", "'mragin' is no macro that imon_rsc.c lets others set", "margin"),
    "macro of a decoder that nobody may set": (entry("{decoder: imon_rsc, parameters: {GAP: 5}}"), "2:38", "'GAP' is no macro that", "margin"),
    "alias": ("name: &a x\nprotocols: []", "1:7", "anchors and aliases are not used", "write it out"),
    "tag": ("name: !!str x\nprotocols: []", "1:7", "tags are not used", "plainly"),
    "merge": ("<<: {name: x}\nprotocols: []", "1:1", "a keymap has no field '<<'", ""),
    "mapping as a key": ("{a: 1}: 2\nprotocols: []", "1:1", "a key is a plain word or number", ""),
    "two documents": ("protocols: []\n---\nprotocols: []", "2:1", "document", "not valid YAML"),
    "no YAML": ("protocols: [", "2:1", "", "not valid YAML"),
    "empty": ("# nothing\n", "1:1", "the file is empty", "README"),
    "control character": ("name: a\x07b\nprotocols: []", "1:8", "a control character", "take it out"),
    "control character, escaped": ('protocols: [{protocol: nec}]\n"\\e[2J": 1', "2:1", "has no field", ""),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong(case: str) -> None:
    text, place, message, hint = WRONG[case]
    with pytest.raises(Error) as caught:
        parse(text, "k.yaml")
    assert isinstance(caught.value, PlacedError)
    assert caught.value.message.startswith(f"k.yaml:{place}: "), caught.value
    assert message in caught.value.what
    assert hint in caught.value.hint
    assert str(caught.value).isprintable()


def test_more_keys_than_the_kernel_has_room_for() -> None:
    some = ", ".join(f"{code:#x}: KEY_1" for code in range(512))
    assert len(parse(f"protocols: [{{protocol: nec, keys: {{{some}}}}}]", "k.yaml").keys) == 512
    with pytest.raises(Error, match=r"k\.yaml:1:\d+: more than 512 keys .*no more room"):
        parse(f"protocols: [{{protocol: nec, keys: {{{some}, 0x200: KEY_1}}}}]", "k.yaml")
    with pytest.raises(Error, match=r"k\.yaml:2:4: more than 512 keys"):
        parse(f"protocols: [{{protocol: nec, keys: {{{some}}}}},\n   {{protocol: jvc, keys: {{0x1000: KEY_1}}}}]", "k.yaml")


def test_all_that_is_wrong_is_told_in_order(tmp_path: Path) -> None:
    path = tmp_path / "k.yaml"
    path.write_text("name: on\nreceivers: [{bus: -1}]\nprotocols:\n  - {protocol: x, keys: {1: KEY_1}}\n"
                    "  - {protocol: nec, keys: {010: KEY_1, 0x408: KEY_POWR, 2: KEY_2}}\n  - raw: {KEY_1: 5}\n")
    found = [str(error).split(": ")[0].removeprefix(str(path)) for error in check(path).problems]
    assert found == [":1:7", ":2:19", ":4:16", ":5:28", ":5:47", ":6:18"]


MANY = {
    "fields and their values": ("""nmae: on
name: off
name: x
receivers:
  - {rc_map: 5, bus: 0x10000, vendr: 3, name: yes}
  - {}
protocls: []
protocols:
  - protocol: nec
    where: {D: 300, X: 1}
    tolerance: {absolute: 100, relative: 90%, foo: 1}
    number: 70000
    toggle: T
    kyes: {}
    keys:
      0x408: KEY_POWR
      0x408: KEY_1
      0x10409: KEY_FOO
      010: KEY_1
      0x40a: yes
""", "1:1 3:1 5:14 5:22 5:31 5:47 6:5 7:1 10:16 10:21 11:27 11:42 11:47 12:13 13:13 14:5 16:14 17:7 18:7 18:16 19:7 20:14"),
    "no protocols, and more": ("name: 5\nreceivers: [{drvier: x}]\n", "1:1 1:7 2:14"),
    "protocols that are none": ("""protocols:
  - protocol: ncc
    number: x
    tolerance: {}
    keys: {1: KEY_FOO, 1: KEY_1, x: KEY_2}
  - keys: {2: KEY_FOO}
  - protocol: mine
    irp: "{38k,500}<1,-1|1,-3>(8,-8,D:8"
    scancode: "D:8,F"
    require: "D=="
    toggle: 5
    keys: {1: KEY_X}
  - protocol: mine2
    irp: "{38k,500}<1,-1|1,-3>(8,-8,D:8,F:8,1,-50m)*[D:0..200,F:0..255]"
    scancode: "D:8,G:8"
    require: "H==1"
    toggle: J
    keys: {x: KEY_1}
  - protocol: pulse_length
    bits: 65
    header_pulse: -1
    margin: 3
    tolerance: {relative: 9%}
""", "2:15 3:13 4:16 5:15 5:24 5:34 6:5 6:15 8:40 9:20 10:18 11:13 12:12 15:15 16:14 17:13 18:12 20:11 21:19 23:16"),
    "patterns and decoders": ("""protocols:
  - raw:
      KEY_1: +900 -x +3
      KEY_FOO: 1
      KEY_2: +900 -500 +300
      KEY_3: +950 -550 +300
      KEY_4: [+910 -510 +300, '+900']
    tolerance: {absolute: x}
    keys: {}
  - decoder: imon
    parameters: {x: 1}
    number: -1
    keys: {1: KEY_Y}
  - decoder: imon_rsc
    parameters: {x: 1, margin: y}
  - decoder: imon_rsc
    parameters: [margin]
    keys: {2: KEY_FOO}
  - table: {1: KEY_X, 2: KEY_1, 2: KEY_2}
    foo: 1
""", "3:14 4:7 6:14 7:15 7:31 8:27 9:5 10:14 12:13 15:18 15:32 17:17 18:15 19:13 19:33 20:5"),
    "notation": ("""name: !!str x
protocols:
  - {a: 1}: 3
    protocol: &b nec
  - {protocol: xmp, keys: {0xffffffffffff: KEY_1, 5: KEY_FOO}}
  - {protocol: nec, where: {D: 5}, keys: {0x501: KEY_2, 0x601: KEY_3}}
  - {protocol: jvc, keys: {0x501: KEY_4}}
""", "1:7 3:5 4:15 5:28 5:54 6:57 7:28"),
}


@pytest.mark.parametrize("case", MANY)
def test_one_mistake_hides_no_other(case: str, tmp_path: Path) -> None:
    text, places = MANY[case]
    path = tmp_path / "k.yaml"
    path.write_text(text)
    found = [f"{error.line}:{error.column}" if isinstance(error, PlacedError) else str(error) for error in check(path).problems]
    assert " ".join(found) == places, "\n".join(map(str, check(path).problems))


def test_an_entry_of_receivers_yaml_hides_no_mistake_of_another(etc: Path) -> None:
    path = etc / "receivers.yaml"
    path.write_text("- {receiver: {pth: x, bus: y}, keymap: [lg-tv]}\n- {receiver: {}, keymaps: [lg-tvv, x, lg-tv]}\n- otherwise: lirc\n- 5\n")
    assert [f"{error.line}:{error.column}" for error in check(path).problems if isinstance(error, PlacedError)] == \
        ["1:15", "1:28", "1:32", "2:14", "2:28", "2:36", "3:14", "4:3"]


def test_thousands_of_mistakes_end_soon(tmp_path: Path) -> None:
    path = tmp_path / "k.yaml"
    path.write_text("protocols: [{protocol: nec, keys: {" + ", ".join(f"{code}: KEY_{code}X" for code in range(8000)) + "}}]")
    *problems, last = check(path).problems
    assert len(problems) == 40
    assert (last.message, last.hint) == (f"{path}: there may be more mistakes", "they are told when these are mended")


def test_check_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong, right = tmp_path / "wrong.yaml", tmp_path / "right.yaml"
    wrong.write_text("protocols: [{protocol: ncc}]")
    right.write_text("protocols: [{protocol: nec, keys: {0x408: KEY_POWER}}]")
    assert main(["check", str(right)]) == 0
    assert capsys.readouterr().out == f"{right}: right: 1 protocol, 1 key\n"
    assert main(["check", "--json", str(wrong), str(right), str(tmp_path), str(tmp_path / "none.yaml")]) == 1
    first, folder, none = json.loads(capsys.readouterr().out)
    assert first == {"kind": "error", "file": str(wrong), "line": 1, "column": 24, "message": "there is no protocol 'ncc'",
                     "hint": "did you mean nec, or is it your own, with irp:?"}
    assert folder["line"] is None and folder["message"] == f"{tmp_path}: not a file but a folder"
    assert none["message"].endswith("No such file or directory")


def test_warnings_keep_nothing_from_being_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "k.yaml"
    path.write_text("protocols: [{protocol: nec, keys: {0x408: KEY_OK}}]")
    assert main(["check", "--json", str(path)]) == 0
    warning, = json.loads(capsys.readouterr().out)
    assert (warning["kind"], warning["line"], warning["column"]) == ("warning", 1, 36)
    assert warning["message"] == "X11 has no KEY_OK"


def test_two_protocols_that_both_decode_one_signal(tmp_path: Path) -> None:
    path = tmp_path / "k.yaml"
    line = "{38.4k,564}<1,-1|1,-3>(16,-8,A:32,1,^108m)*[A:0..4294967295]"
    path.write_text(f'protocols:\n  - {{protocol: nec, keys: {{0x408: KEY_1}}}}\n  - {{protocol: mine, irp: "{line}", keys: {{5: KEY_2}}}}\n')
    warnings = [str(one) for one in check(path).warnings]
    assert len(warnings) == 1
    assert re.match(r".*k\.yaml:2:28: a press of KEY_1 is mine 0x[0-9a-f]+ too; nec is heard \(narrow mine by where:", warnings[0])


def test_values_that_lie_within_the_tolerance_are_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "k.yaml"
    path.write_text('protocols: [{protocol: mine, irp: "{38k,500}<1,-500u|1,-600u>(8,-8,D:8,1,-50m)*[D:0..255]", keys: {5: KEY_2}}]')
    warning, = check(path).warnings
    assert "100 µs apart, within the tolerance of 150 µs" in warning.message


def test_across_keymaps_of_one_receiver(tmp_path: Path) -> None:
    one = parse("protocols: [{protocol: nec, keys: {0x408: KEY_1}}]", "one.yaml")
    two = parse("protocols:\n - {protocol: jvc, keys: {0x408: KEY_2}}", "two.yaml")
    with pytest.raises(Error, match=r"two\.yaml:2:27: scancode 0x408 is KEY_2 here and KEY_1 at one\.yaml:1:36"):
        bundle.merged_keys([one, two])
    assert bundle.merged_keys([one, one]) == {0x408: 2}


# -- what is right -------------------------------------------------------------------------------------------------------


def test_an_entry_with_everything() -> None:
    keymap = parse(f"""
name: "on"
receivers: [{{rc_map: rc-x}}, {{bus: 3, vendor: 0x1b4f, product: 2, name: "A*", driver: d, path: p}}]
protocols:
  - protocol: mine
    irp: "{OWN}"
    scancode: "F:8,D:8"
    require: "F!=3"
    toggle: D
    where: {{D: 0x20}}
    tolerance: {{absolute: 120us, relative: 12.5%}}
    number: 70
    keys: {{0x520: KEY_A, 1312: KEY_A}}
""".replace(", 1312: KEY_A", ""), "k.yaml")
    assert keymap.name == "on"
    assert keymap.receivers == (Match(rc_map="rc-x"), Match(bus=3, vendor=0x1B4F, product=2, name="A*", driver="d", path="p"))
    only, = keymap.entries
    assert isinstance(only, Entry)
    assert (only.protocol.where, only.protocol.number, only.protocol.toggle) == ({"D": 0x20}, 70, "D")
    assert only.protocol.tolerance == Tolerance(120, 0.125)
    assert keymap.places == {0x520: "k.yaml:13:12"}


def test_raw_patterns_of_one_key_have_one_scancode() -> None:
    only, = parse("protocols: [{raw: {KEY_1: [+900 -500 +300, +2000 -500 +300], KEY_2: +4000 -500 +300}}]", "k.yaml").entries
    assert isinstance(only, Raw)
    assert [pattern.scancode - RAW_BASE for pattern in only.patterns] == [2, 2, 3]
    assert only.keys == {RAW_BASE + 2: "KEY_1", RAW_BASE + 3: "KEY_2"}


def test_a_raw_pattern_may_be_the_beginning_of_another() -> None:
    parse("protocols: [{raw: {KEY_1: +900 -500 +300, KEY_2: +900 -500 +300 -800 +300}}]", "k.yaml")


def test_two_raw_entries_do_not_get_in_each_others_way() -> None:
    keymap = parse("protocols: [{raw: {KEY_1: +900 -500 +300}}, {raw: {KEY_2: +900 -500 +300 -800 +300}}]", "k.yaml")
    assert len(keymap.keys) == 2


def test_a_decoder_written_by_hand() -> None:
    only, = parse("protocols: [{decoder: imon_rsc, parameters: {margin: 100}, number: 70, keys: {5: KEY_1}}]", "k.yaml").entries
    assert only == HandWritten("imon_rsc", {5: "KEY_1"}, {"margin": 100}, 70)


# -- the administrator's files ------------------------------------------------------------------------------------------


@pytest.fixture()
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IRBPF_ETC", str(tmp_path))
    (tmp_path / "keymaps").mkdir()
    return tmp_path


RECEIVER = Receiver("rc0", "Test", "drv", "rc-hauppauge", path="pci-1")


def test_etc_hides_what_ships_by_file_name(etc: Path) -> None:
    shipped = library.find("hauppauge")
    own_one = etc / "keymaps" / "hauppauge.yaml"
    own_one.write_text("protocols: [{protocol: rc5, keys: {1: KEY_1}}]")
    assert shipped != own_one == library.find("hauppauge")
    assert library.files().keys() > {"hauppauge", "lg-tv"}
    assert library.choose(RECEIVER)[0] == []


def test_an_unknown_keymap_has_a_nearest_name() -> None:
    with pytest.raises(Error, match=r"no keymap 'hauppage' \(did you mean hauppauge\?"):
        library.find("hauppage")


def test_receivers_yaml_assigns(etc: Path) -> None:
    (etc / "receivers.yaml").write_text("- receiver: {path: pci-2}\n  keymaps: [lg-tv]\n- receiver: {path: pci-1}\n  keymaps: [sony-tv, jvc-vcr]\n")
    assert [choice.keymap.name for choice in library.choose(RECEIVER)[0]] == ["Sony television", "JVC video recorder"]
    assert check(etc / "receivers.yaml").problems == ()


def test_tables_of_ir_keytable_are_used_where_nothing_else_fits_and_it_is_wanted(etc: Path, tmp_path: Path,
                                                                                monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("irbpf.keytable.ROOT", tmp_path)
    (tmp_path / "etc" / "rc_keymaps").mkdir(parents=True)
    (tmp_path / "etc" / "rc_keymaps" / "odd_one.toml").write_text(
        '[[protocols]]\nname = "odd"\nprotocol = "nec"\nvariant = "nec"\n[protocols.scancodes]\n0x408 = "KEY_1"\n')
    (tmp_path / "etc" / "rc_keymaps" / "mine.toml").write_text(
        '[[protocols]]\nname = "mine"\nprotocol = "rc5"\n[protocols.scancodes]\n0x1e3b = "KEY_2"\n')
    odd, other = replace(RECEIVER, rc_map="rc-odd-one"), replace(RECEIVER, rc_map="rc-other")
    assert library.choose(odd)[0] == []
    (etc / "receivers.yaml").write_text("- otherwise: ir-keytable\n")
    assert check(etc / "receivers.yaml").problems == ()
    choice, = library.choose(odd)[0]
    assert (choice.keymap.name, choice.keymap.keys) == ("odd", {0x408: "KEY_1"})
    assert "odd_one.toml" in choice.reason
    assert library.choose(other)[0] == []
    (etc / "receivers.yaml").write_text("- otherwise: ir-keytable\n- otherwise: any\n")
    assert [[one.keymap.name for one in library.choose(receiver)[0]] for receiver in (odd, other)] == [["odd"], ["Any remote"]]
    assert "says so of all others" in library.choose(other)[0][0].reason
    assert library.choose(replace(other, raw=False))[0] == []  # it decodes by itself, and has a table that fits it
    (tmp_path / "etc" / "rc_maps.cfg").write_text("# a comment\n* rc-other mine.toml\n")
    assert [one.keymap.name for one in library.choose(other)[0]] == ["mine"]
    assert "rc_map is" in library.choose(RECEIVER)[0][0].reason


@pytest.mark.parametrize(("text", "place", "message", "hint"), [
    ("- otherwise: lirc", "1:14", "there is no keymap", ""),
    ("receiver: {}", "1:1", "the list of receivers is a list", "begin each entry"),
    ("- receiver: {path: x}", "1:3", "an entry has receiver: and keymaps:", "README"),
    ("- {receiver: {pth: x}, keymaps: [lg-tv]}", "1:15", "a receiver has no field 'pth'", "did you mean path?"),
    ("- {receiver: {path: x}, keymap: [lg-tv]}", "1:25", "an entry has no field 'keymap'", "did you mean keymaps?"),
    ("- {receiver: {path: x}, keymaps: lg-tv}", "1:34", "keymaps is a list", "begin each entry"),
    ("- {receiver: {path: x}, keymaps: [lg-tvv]}", "1:35", "there is no keymap 'lg-tvv'", "did you mean lg-tv?"),
    ("- {receiver: {path: x}, keymaps: [./no.yaml]}", "1:35", "there is no file ./no.yaml", "check the name"),
])
def test_receivers_yaml_is_checked(etc: Path, text: str, place: str, message: str, hint: str) -> None:
    path = etc / "receivers.yaml"
    path.write_text(text)
    problem, = check(path).problems
    assert problem.message.startswith(f"{path}:{place}: {message}")
    assert hint in problem.hint
    with pytest.raises(Error):
        library.choose(RECEIVER)
