"""Each format: what its sample becomes, what is told to be lost, and every table that Debian's ir-keytable installs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from irbpf.cli import main
from irbpf.encoding import parameters_of
from irbpf.errors import Error
from irbpf.importers import FORMATS, flipper, girr, read, read_text, recognised
from irbpf.importers.values import Imported
from irbpf.keymap import Entry, Keymap, Raw, Table, parse
from irbpf.keymapfile import dump
from tests.conftest import shared_folder

SAMPLES = Path(__file__).parent / "samples"
TABLES = sorted(path for folder in ("/lib/udev/rc_keymaps", "/usr/lib/udev/rc_keymaps") for path in Path(folder).glob("*.toml"))


def keys(imported: Imported) -> dict[str, str]:
    """scancode or pattern: key, with its protocol."""
    found = {}
    for remote in imported.remotes:
        assert parse(dump(remote.keymap, remote.comments, remote.remarks), remote.keymap.path) == remote.keymap
        for entry in remote.keymap.entries:
            name = entry.protocol.name if isinstance(entry, Entry) else type(entry).__name__
            found |= {f"{name}:{'' if isinstance(entry, Raw) else f'{scancode:#x}'}": key for scancode, key in entry.keys.items()}
    return found


def told(imported: Imported) -> dict[int, str]:
    return {problem.line: problem.what for problem in imported.problems}


@pytest.mark.parametrize(("name", "form", "expected", "lines"), [
    ("table.toml", "rc_keymap", {"necx:0x866b45": "KEY_POWER", "necx:0x866b46": "KEY_MUTE", "pulse_distance:0x1234": "KEY_UP",
                                 "Table:0x7": "KEY_7", "Raw:": "KEY_RED"}, {3, 13}),
    ("text.rc_keymap", "rc_keymap", {"rc5:0x1e3b": "KEY_SELECT", "rc5:0x1e3d": "KEY_POWER2", "rc5:0x1e3f": "KEY_MACRO1"}, {4, 5}),
    ("remote.ir", "flipper", {"nec:0x408": "KEY_POWER", "necx:0x70702": "KEY_VOLUMEUP", "sony12:0x10014": "KEY_MUTE", "Raw:": "KEY_UP"},
     {22, 34}),
    ("codes.pronto", "pronto", {"nec:0x408": "KEY_POWER", "rc5:0x1e3b": "KEY_UP", "rc6_0:0x401": "KEY_DOWN"}, {6, 7}),
    ("remote.girr", "girr", {"nec:0x408": "KEY_POWER", "nec:0x409": "KEY_MUTE", "nec:0x40b": "KEY_DOWN", "sony12:0x10012": "KEY_VOLUMEUP",
                             "Raw:": "KEY_UP"}, {17}),
    ("4,-1.csv", "irdb", {"nec:0x408": "KEY_POWER", "necx:0x44d09": "KEY_MUTE", "sony12:0x10012": "KEY_VOLUMEUP", "rc5:0x1e3b": "KEY_UP"},
     {6, 7}),
    ("KEY_POWER.mode2", "recording", {"nec:0x408": "KEY_POWER"}, set()),
])
def test_sample(name: str, form: str, expected: dict[str, str], lines: set[int]) -> None:
    path = SAMPLES / name
    assert recognised(read_text(path), path) == form
    imported = read(path)
    plain = {name.removeprefix("my-"): key for name, key in keys(imported).items()} if form != "rc_keymap" else keys_of_families(imported)
    assert plain == expected
    assert set(told(imported)) == lines


def keys_of_families(imported: Imported) -> dict[str, str]:
    """Those of a family come back from the file as a line of their own, so names differ."""
    found = {}
    for entry in imported.remotes[0].keymap.entries:
        name = entry.protocol.name if isinstance(entry, Entry) else type(entry).__name__
        found |= {f"{name}:{'' if isinstance(entry, Raw) else f'{scancode:#x}'}": key for scancode, key in entry.keys.items()}
    return found


def load(imported: Imported) -> Keymap:
    assert len(imported.remotes) == 1
    remote = imported.remotes[0]
    return parse(dump(remote.keymap, remote.comments, remote.remarks), "a.yaml")


@pytest.mark.skipif(not TABLES, reason="needs ir-keytable")
def test_every_table_of_the_package_is_imported_whole() -> None:
    import tomllib

    for path in TABLES:
        document = tomllib.loads(path.read_text())
        wanted = {int(code, 16): key for entry in document["protocols"] for code, key in entry.get("scancodes", {}).items()}
        keymap = load(read(path))
        assert {**keymap.keys, **wanted} == keymap.keys, path.name
        # what else is there is what rc-core has for the same frames, and for those that ir-ctl sends
        more = {scancode: key for scancode, key in keymap.keys.items() if scancode not in wanted}
        assert len(more) <= 2 * sum(len(entry.keys) for entry in keymap.entries if isinstance(entry, Table)), path.name
        decoders = {entry.get("variant", entry["protocol"]) for entry in document["protocols"]} - {"unknown", "other", "cec", "imon", "mce_kbd"}
        assert len(keymap.decoded) >= len(decoders), path.name
        for entry in keymap.decoded:
            for scancode in list(entry.keys)[:2] if isinstance(entry, Entry) else ():
                parameters_of(entry.protocol, scancode)


def test_old_tables_guess_the_variant_as_rc_core_does() -> None:
    from irbpf.importers import rc_keymap

    text = "# table a, type: NEC\n0x408 KEY_1\n0x866b45 KEY_2\n0x87eed102 KEY_3\n"
    assert keys(rc_keymap.read(text, "a")) == {"nec:0x408": "KEY_1", "necx:0x866b45": "KEY_2", "nec32:0x87eed102": "KEY_3"}
    text = "# table a, type: SONY\n0x10015 KEY_1\n0xa40015 KEY_2\n0x1aab15 KEY_3\n0x800f0401 KEY_4\n"
    sony = rc_keymap.read(text, "a")
    assert set(keys(sony)) == {"sony12:0x10015", "sony15:0xa40015", "sony20:0x1aab15", "Table:0x800f0401"}
    assert "in a table" in told(sony)[5]
    unknown = rc_keymap.read("# table a, type: UNKNOWN\n0x1 KEY_1\n", "a")
    assert isinstance(unknown.remotes[0].keymap.entries[0], Table)
    assert "table alone" in unknown.problems[0].what


GIRR = """<remotes xmlns:xi="http://www.w3.org/2001/XInclude">
<adminData><notes>mine</notes></adminData>
<remote name="a"><notes>one</notes><notes>two</notes>
<commandSet name="s"><parameters protocol="NEC1"><parameter name="D" value="4"/><strange/></parameters>
<command name="Power" F="8"><format name="x">1</format></command>
<command name="Up"><raw frequency="455000"><intro>+1000 -2000 +1000 -3000 +700 -40000</intro><repeat>+3000 -2000 +700 -40000</repeat>
<ending>+1 -1</ending></raw>
<raw T="1"><intro>+1000 -2000 +1000 -4000 +700 -40000</intro></raw></command>
<xi:include href="other"/></commandSet></remote>
<group><remote name="b"/></group></remotes>"""


def test_what_of_a_girr_file_is_not_read_is_told() -> None:
    problems = girr.read(GIRR, "a.girr").problems
    assert [(one.line, re.sub(r"(<\w+> in <\w+>(, 2 times)?|Up: ).*", r"\1", one.what)) for one in problems] == [
        (2, "<adminData> in <remotes>"), (3, "<notes> in <remote>, 2 times"), (4, "<strange> in <parameters>"), (5, "<format> in <command>"),
        (6, "Up: "), (7, "<ending> in <raw>"), (8, "<raw> in <command>"), (9, "<include> in <commandSet>"), (10, "<group> in <remotes>")]
    told = next(one.what for one in problems if one.what.startswith("Up: "))
    assert "F is missing" in told or "no number" in told or "taken by its durations" in told
    assert "455000 Hz" in told
    assert "1 after it is another, and left out" in told


def test_what_irbpf_and_ir_ctl_record_is_a_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Trace files, whose key is in a field or in the name, and lines that end in a comment."""
    line = "+9024 -4512 " + " ".join("+564 -1692" if bit == "1" else "+564 -564" for bit in "00100000110111110001000011101111") + " +564"
    texts = {"KEY_UP-3.trace": f"# irbpf trace 1\n# driver: x\n{line} timeout 120000\n", "x.trace": f"# irbpf trace 1\n# key: KEY_UP\n{line} timeout 120000\n",
             "KEY_UP.txt": f"{line} # timeout 125000\n{line} # timeout 125000\n", "Up_2": f"{line} -40000"}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        assert main(["import", str(tmp_path / name), "-o", "-"]) == 0
        assert re.search("0x0?408: KEY_UP", capsys.readouterr().out), name
    (tmp_path / "raw.trace").write_text("# irbpf trace 1\n# key: KEY_UP\n# carrier: 455000 Hz\n+1000 -2000 +1000 -3000 +700 timeout 120000\n")
    assert "455000 Hz" in read(tmp_path / "raw.trace").problems[0].what


def test_lines_that_are_neither_pronto_hex_nor_a_name_are_told() -> None:
    from irbpf.importers import pronto

    text = "# mine\nhello\nPower: 900A 006C 0000 0001 04FB 0BF4\nrubbish\n\nmore\nUp\n900A 006C 0000 0001 04FB 0AF5 and so on\nlast\n"
    found = pronto.read(text, "c")
    assert keys(found) == {"nec:0x40b": "KEY_POWER", "nec:0x40a": "KEY_UP"}
    assert [(one.line, one.what.split(" is no")[0]) for one in found.problems] == [
        (2, "'hello'"), (4, "'rubbish'"), (6, "'more'"), (8, "'and so on'"), (9, "'last'")]


def test_fields_of_a_table_that_say_nothing_are_told() -> None:
    """Of whatever kind their values are."""
    from irbpf.importers import rc_keymap

    rest = 'foo = "a"\n[protocols.scancodes]\n0x1 = "KEY_UP"\n[protocols.bar]\nx = 1\n'
    for head in ('protocol = "nec"', 'protocol = "imon_rsc"', 'protocol = "pulse_distance"',
                 'protocol = "x"\nirp = "{38k,500}<1,-1|1,-3>(8,-8,D:8,1,-50m)*[D:0..255]"'):
        problems = rc_keymap.read(f"[[protocols]]\n{head}\n{rest}", "a.toml").problems
        assert {name for name in ("foo", "bar") if any(one.what.startswith(f"{name} ") for one in problems)} == {"foo", "bar"}, (head, problems)


@pytest.mark.parametrize(("signal", "said"), [
    ("1000 2000 1000 3000 700", ""), ("1000 2000 1000 3000 700 40000 1010 1990 1000 3100 690 40000 1000 2000", ""),
    ("1000 2000 1000 3000 700 40000 1000 3000 1000 3000 700 40000 9000 2000 700", "2 after it are others"),
    ("1000 2000 1000 3000 700 40000 1000 2000 1000 3000 700 500 700", "1 after it is another")])
def test_frames_after_the_first_are_the_same_or_told(signal: str, said: str) -> None:
    from irbpf.importers import pronto, recording

    durations = [int(one) for one in signal.split()]
    texts = [f"Filetype: IR signals file\nVersion: 1\nname: Up\ntype: raw\nfrequency: 38000\ndata: {signal}\n",
             " ".join(f"{'-' if place % 2 else '+'}{one}" for place, one in enumerate(durations))]
    found = [module.read(text, "Up.x") for module, text in zip((flipper, recording), texts, strict=True)]
    even = [*durations, 90_000] if len(durations) % 2 else durations
    words = [0, 0x6D, len(even) // 2, 0, *(round(one / (0x6D * 0.241246)) for one in even)]
    found.append(pronto.read("Up: " + " ".join(f"{word:04X}" for word in words), "Up.x"))
    for one in found:
        assert [len(pattern.durations) for pattern in one.remotes[0].keymap.entries[0].patterns] == [5]  # type: ignore[union-attr]
        assert [said in problem.what for problem in one.problems] == ([True] if said else [])


@pytest.mark.shared
def test_flippers_own_expectations(shared: Path) -> None:
    """What Flipper calls a signal, and the scancode that a second decoder found in it."""
    import gzip
    import json

    seen = 0
    for line in gzip.open(shared_folder() / "corpus" / "captures.jsonl.gz", "rt"):
        row = json.loads(line)
        if "infrared/test_" in row["source"] and "linux_scancode" in row and "command" in row["expect"]:
            expect = row["expect"]
            protocol, scancode = flipper.parsed(expect["protocol"], expect["address"], expect["command"])
            assert (protocol.name, scancode) == (row["linux_protocol"], row["linux_scancode"]), row["id"]
            seen += 1
    assert seen > 20


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "-o", str(tmp_path), str(SAMPLES / "remote.ir"), str(SAMPLES / "everything.lircd.conf")]) == 0
    assert main(["check", *map(str, tmp_path.glob("*.yaml"))]) == 0
    capsys.readouterr()
    assert main(["import", "-o", str(tmp_path), str(SAMPLES / "remote.ir")]) == 1
    assert "--force" in capsys.readouterr().err
    assert main(["import", "--json", "--force", "-o", str(tmp_path), str(SAMPLES / "remote.ir"), str(tmp_path / "none")]) == 1
    import json

    rows = json.loads(capsys.readouterr().out)
    assert rows[0]["keymaps"][0]["keys"] == 4
    assert rows[0]["problems"][0]["line"] == 22
    assert "No such file" in rows[1]["error"]
    assert main(["import", "-o", "-", str(SAMPLES / "4,-1.csv")]) == 0
    assert "KEY_VOLUMEUP" in capsys.readouterr().out


def test_a_format_that_is_not_the_files(tmp_path: Path) -> None:
    for form in FORMATS:
        for sample in SAMPLES.iterdir():
            try:
                read(sample, form)
            except Error as error:
                assert str(error).startswith(str(sample)) or form in ("girr",), (form, sample, error)
