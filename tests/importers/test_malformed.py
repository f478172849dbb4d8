"""Files with lines that say nothing: each is told with its place, and the keys around it are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from irbpf.cli import main
from irbpf.importers import read

FLIPPER = "Filetype: IR signals file\nVersion: 1\n"
GOOD = "name: Ok\ntype: parsed\nprotocol: NEC\naddress: 04 00 00 00\ncommand: 08 00 00 00\n"
GIRR = ('<?xml version="1.0"?>\n<remotes xmlns="http://www.harctoolbox.org/Girr"><remote name="r"><commandSet>\n'
        '<parameters protocol="nec1"><parameter name="D" value="4"/></parameters>\n'
        '<command name="ok"><parameters><parameter name="F" value="8"/></parameters></command>\n%s\n</commandSet></remote></remotes>\n')
LIRCD = ("begin remote\n name one\n bits 16\n flags SPACE_ENC\n header 9000 4500\n one 560 1690\n zero 560 560\n ptrail 560\n gap 40000\n%s\n"
         " begin codes\n  KEY_OK 0x10EF\n%s\n end codes\nend remote\n")
IRDB = "functionname,protocol,device,subdevice,function\nOK,NEC1,4,-1,8\n"
TOML = '[[protocols]]\nname = "x"\nprotocol = "nec"\n%s\n[protocols.scancodes]\n0x408 = "KEY_OK"\n%s\n'
PATTERN = "KEY_OK: 0000 006C 0005 0000 0156 00AB 0015 0015 0015 0040 0015 0015 0015 0600\n"
SHORT = "KEY_OK: 5000 0073 0000 0001 0005 0023\n"
OTHER = "data: 9000 4500 560 560 560 1690 560\n"


# file, text, the line of the problem, a part of what it says
@pytest.mark.parametrize(("name", "text", "line", "said"), [
    ("a.ir", f"{FLIPPER}{GOOD}name: Up\ntype: parsed\nprotocol: NOSUCH\naddress: 04\ncommand: 08\n", 8, "'NOSUCH' is not expressed"),
    ("a.ir", f"{FLIPPER}{GOOD}name: Up\ntype: parsed\nprotocol: NEC\naddress: 0x4\ncommand: 08\n", 8, "its address is not bytes"),
    ("a.ir", f"{FLIPPER}{GOOD}name: Up\ntype: parsed\nprotocol: NEC\naddress: 04\n", 8, "its command is not bytes"),
    ("a.ir", f"{FLIPPER}{GOOD}name: Up\ntype: raw\nfrequency: 38000\ndata: 9000 4500 x 560\n", 8, "not durations"),
    ("a.ir", f"{FLIPPER}{GOOD}name: Up\ntype: raw\nfrequency: 38000\ndata:\n", 8, "not durations"),
    ("a.ir", f"{FLIPPER}{GOOD}name: Up\ntype: weird\n", 8, "neither parsed nor raw"),
    ("a.ir", f"{FLIPPER}{GOOD}name: Up\ntype: raw\nfrequency: 455000\n{OTHER}", 8, "it was 455000 Hz"),
    ("a.ir", f"{FLIPPER}{GOOD}#\ntype: parsed\nprotocol: NEC\n", 9, "its type twice"),
    ("a.ir", f"{FLIPPER}type: raw\n{GOOD}", 3, "before the name"),
    ("a.ir", f"{FLIPPER}{GOOD}frob: 3\n", 8, "no field"),
    ("a.hex", f"{PATTERN}KEY_UP: 0000 006C 0009 0001 0010 0020\n", 2, "announces 9 + 1 pairs"),
    ("a.hex", f"{PATTERN}KEY_UP: 0000 006C 00\n", 2, "no Pronto hex"),
    ("a.hex", f"{PATTERN}KEY_UP: 0000 006C 0002 XXXX\n", 2, "KEY_UP"),
    ("a.hex", f"{PATTERN}KEY_UP: 0100 006C 0003 0000 0156 00AB 0015 0040 0015 0600\n", 2, "it was 0 Hz"),
    ("a.hex", f"{PATTERN}KEY_UP: 0000 0000 0001 0001 0010 0020 0040 0400\n", 2, "second word"),
    ("a.hex", f"{PATTERN}KEY_UP: 7000 006C 0000 0001 04FB 08F7\n", 2, "holds no durations"),
    ("a.hex", f"{SHORT}KEY_UP: 900A 006C 0000 0001 04FB 08F0\n", 2, "the check of the function"),
    ("a.hex", f"{SHORT}KEY_UP: 5000 0073 0000 0002 0005 0023\n", 2, "announces 2 pairs"),
    ("a.hex", f"{SHORT}KEY_UP: 5000 0073 0000 0001 0099 0023\n", 2, "not within"),
    ("a.girr", GIRR % '<command name="up"><parameters><parameter name="F" value="x"/></parameters></command>', 5, "no number"),
    ("a.girr", GIRR % '<command name="up"><parameters protocol="nope"><parameter name="F" value="1"/></parameters></command>', 5, "no protocol"),
    ("a.girr", GIRR % '<command name="up"><raw><intro>+9000 -4500 x</intro></raw></command>', 5, "no duration"),
    ("a.girr", GIRR % '<command name="up"><ccf>0000 006C 0009 0001 0010</ccf></command>', 5, "no Pronto hex"),
    ("a.girr", GIRR % '<command name="up"/>', 5, "F is missing"),
    ("a.conf", LIRCD % (" wobble 3", ""), 10, "wobble is no parameter"),
    ("a.conf", LIRCD % (" bits 3x", ""), 10, "is no number"),
    ("a.conf", LIRCD % ("", "  KEY_UP 0xZZ"), 13, "is no number"),
    ("a.conf", LIRCD % ("", "  KEY_UP"), 13, "has no code"),
    ("a.conf", LIRCD % ("", "  KEY_UP 0x1FFFFF"), 13, "more than 16 bits"),
    ("a.conf", LIRCD % ("", "") + "junk\n", 16, "outside a remote"),
    ("a.csv", f"{IRDB}UP,NEC1,4,-1,x\n", 3, "no number"),
    ("a.csv", f"{IRDB}UP,NOSUCH,4,-1,9\n", 3, "no protocol"),
    ("a.csv", f"{IRDB}UP,NEC1,4,-1\n", 3, "no number"),
    ("a.csv", f"{IRDB}UP,NEC1,4,-1,300\n", 3, "not within"),
    ("a.csv", f"{IRDB}UP,NEC1,4,-1,9,more\n", 3, "more than 5 columns"),
    ("a.toml", TOML % ("", 'zz = "KEY_UP"'), 7, "no scancode"),
    ("a.toml", TOML % ("", "0x409 = 7"), 7, "no scancode with a key"),
    ("a.toml", TOML % ("frob = 3", ""), 4, "not expressed"),
    ("a.toml", TOML % ("", '[[protocols]]\nprotocol = "nope"\n[protocols.scancodes]\n0x1 = "KEY_UP"'), 10, "no protocol 'nope'"),
    ("a.toml", TOML % ("", '[[protocols.raw]]\nkeycode = "KEY_UP"\nraw = "+9000 x"'), 9, "not readable"),
    ("a.toml", TOML % ("", "") + "[other]\n", 8, "other is no part"),
    ("a.rc_keymap", "# table c, type: NEC\n0x408 KEY_OK\n0x409\n", 3, "no scancode with a key"),
    ("a.rc_keymap", "# table c, type: NEC\n0x408 KEY_OK\n0x40b KEY_4 junk\n", 3, "no scancode with a key"),
    ("a.rc_keymap", "# table c, type: NEC\n0x408 KEY_OK\n0x123456789012345678 KEY_UP\n", 3, "more than 64 bits"),
    ("KEY_OK.mode2", "carrier 455000\npulse 9000\nspace 4500\npulse 560\nspace 560\npulse 560\n", 1, "it was 455000 Hz"),
    ("KEY_OK.mode2", "+9000 -4500 +560 -560 +560\n+900 -500 +700 -900 +700\noverflow 0\npulse 900\n", 1, "lost a part"),
])
def test_a_line_that_says_nothing(tmp_path: Path, name: str, text: str, line: int, said: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    imported = read(path)
    assert [(one.line, one.what) for one in imported.problems if one.line == line and said in one.what], imported.problems
    assert all(one.file == str(path) for one in imported.problems)
    assert "KEY_OK" in {key for remote in imported.remotes for key in remote.keymap.keys.values()}


@pytest.mark.parametrize(("name", "text", "said"), [
    ("x.mode2", "pulse 9000\nspace 4500\npulse abc\nspace 560\n", "x.mode2:3:7: 'abc' is no duration"),
    ("x.txt", "+9000 -4500 +560\n+900 -500 foo +560\n-1 +1\n", "x.txt:2:11: 'foo'"),
    ("x.girr", "<remotes><remote>", "x.girr"), ("x.toml", "[[protocols]]\nname = [", "not valid TOML"), ("x.txt", "hello\n", "not recognised")])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str, text: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / name).write_text(text)
    assert main(["import", "-o", "-", str(tmp_path / name)]) == 1
    assert said in capsys.readouterr().err
