"""Each format: what its sample becomes, what is told to be lost, and every table that Debian's ir-keytable installs."""

from __future__ import annotations

from pathlib import Path

import pytest

from irbpf.cli import main
from irbpf.encoding import parameters_of
from irbpf.errors import Error
from irbpf.importers import FORMATS, flipper, read, read_text, recognised
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
