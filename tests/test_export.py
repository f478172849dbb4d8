"""Keymaps as other software has them: read back by our importers, by ir-ctl, and sent by LIRC's irsimsend, they are what they were."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from irbpf import exporters
from irbpf.cli import main
from irbpf.encoding import scancode_of
from irbpf.errors import Error
from irbpf.exporters.shapes import shape_of
from irbpf.exporters.values import keys_of
from irbpf.importers import flipper, lircd, pronto, rc_keymap
from irbpf.importers.values import Imported
from irbpf.irp.automaton import build_automaton
from irbpf.irp.interpreter import Interpreter
from irbpf.keymap import Entry, Keymap, load, parse
from irbpf.pronto import parse as parse_pronto
from irbpf.protocols import catalogue
from irbpf.pulses import from_durations
from tests.conftest import ROOT
from tests.support import lirc

SHIPPED = sorted((ROOT / "keymaps").glob("*.yaml"))
MIXED = """
name: mixed
protocols:
  - protocol: nec
    keys: {0x408: KEY_1, 0x409: KEY_2}
  - protocol: necx
    keys: {0x070702: KEY_POWER, 0x866b45: KEY_MUTE}
  - protocol: rc5
    keys: {0x1e3b: KEY_SELECT, 0x1e7b: KEY_UP}
  - protocol: sony12
    keys: {0x010015: KEY_DOWN}
  - protocol: widths
    irp: "{40k,600}<1,-1|2,-1>(4,-1,F:7,D:9,^45m)*[D:0..511,F:0..127]"
    keys: {0x295: KEY_LEFT, 0x1f97: KEY_RIGHT}
  - protocol: phases
    irp: "{36k,msb,800}<1,-1|-1,1>(3,-3,1,X:12,^90m)*[X:0..4095]"
    keys: {0x123: KEY_F1, 0xabc: KEY_F2}
  - raw: {KEY_RED: "+9000 -4500 +560 -560 +560"}
  - table: {0x21: KEY_BLUE}
  - decoder: imon_rsc
"""


def mixed() -> Keymap:
    return parse(MIXED, "mixed.yaml")


def keys(imported: Imported) -> set[tuple[str, int, str]]:
    return {(entry.protocol.name, scancode, key) for remote in imported.remotes for entry in remote.keymap.entries
            if isinstance(entry, Entry) for scancode, key in entry.keys.items()}


def expected(*names: str) -> set[tuple[str, int, str]]:
    return {(entry.protocol.name, scancode, key) for entry in mixed().entries if isinstance(entry, Entry) and entry.protocol.name in names
            for scancode, key in entry.keys.items()}


def test_toml_and_back() -> None:
    made = exporters.write(mixed(), "toml")
    back = rc_keymap.read(made.text, "a.toml")
    assert keys(back) >= expected("nec", "necx", "rc5", "sony12")
    by_name = {name: entry for entry in back.remotes[0].keymap.entries for name in entry.keys.values()}
    assert {"KEY_LEFT", "KEY_RIGHT", "KEY_F1", "KEY_F2", "KEY_RED", "KEY_BLUE"} <= by_name.keys()
    widths = by_name["KEY_LEFT"]
    assert isinstance(widths, Entry)
    assert widths.protocol.name == "pulse_length"
    sent = {key.name: key.frame for key in keys_of(mixed(), lambda _: None)}
    for name in ("KEY_LEFT", "KEY_RIGHT"):
        found = [one.scancode for one in Interpreter(build_automaton(widths.protocol)).feed(from_durations([*sent[name][:-1], 200_000]))]
        assert [widths.keys[scancode] for scancode in found] == [name]
    assert any("phases" in one for one in made.problems)


def signals(keymaps: Sequence[Keymap], form: str) -> dict[str, list[tuple[int, ...]]]:
    """What each key sends. Of necx without its leader, where a file gives the scancode alone: it is short or long for the same one."""
    found: dict[str, list[tuple[int, ...]]] = {}
    for keymap in keymaps:
        for key in keys_of(keymap, lambda _: None):
            leader = 2 if form in ("toml", "flipper") and key.protocol is not None and key.protocol.name in ("nec", "necx") else 0
            found.setdefault(key.name, []).append(key.frame[leader:-1])
    return found


def alike(one: Sequence[int], other: Sequence[int]) -> bool:
    return len(one) == len(other) and all(abs(left - right) <= max(16, left // 50) for left, right in zip(one, other, strict=True))


def some_keys(keymap: Keymap, count: int) -> Keymap:
    """The first of each protocol: of a pattern the whole catalogue is asked what it is, which takes its time."""
    entries = [replace(one, keys=dict(list(one.keys.items())[:count])) if isinstance(one, Entry) else one for one in keymap.entries]
    return Keymap(keymap.path, keymap.name, (), tuple(entries))


@pytest.mark.parametrize("form", sorted(exporters.FORMATS))
@pytest.mark.parametrize("path", [*SHIPPED, None], ids=lambda path: path.stem if path else "mixed")
def test_there_and_back(path: Path | None, form: str) -> None:
    """Every key that is written sends the same when it is read again; and what was read is written and read as itself."""
    keymap = mixed() if path is None else some_keys(load(path), 3 if form == "pronto" else 100)
    read = {"toml": rc_keymap.read, "lircd": lircd.read, "flipper": flipper.read, "pronto": pronto.read}[form]
    try:
        made = exporters.write(keymap, form)
    except Error:
        assert not signals([keymap], form)
        return
    back = [remote.keymap for remote in read(made.text, "a").remotes]
    came = signals(back, form)
    for name, frames in signals([keymap], form).items():
        assert all(any(alike(frame, other) for other in came.get(name, ())) for frame in frames), (name, frames, came.get(name))
    for one in back if path is None else ():
        try:
            again = [remote.keymap for remote in read(exporters.write(one, form).text, "a").remotes]
        except Error:
            continue  # of what the receiver alone knows
        assert {(key, len(frames)) for key, frames in signals(again, form).items()} == {(key, len(frames)) for key, frames in signals([one], form).items()}
        assert all(any(alike(frame, other) for other in signals(again, form)[name]) for name, frames in signals([one], form).items() for frame in frames)


@pytest.mark.skipif(shutil.which("ir-ctl") is None, reason="needs ir-ctl")
def test_ir_ctl_reads_the_toml(tmp_path: Path) -> None:
    for path in SHIPPED:
        try:
            made = exporters.write(load(path), "toml")
        except Error:
            continue
        table = tmp_path / f"{path.stem}.toml"
        table.write_text(made.text)
        done = subprocess.run(["ir-ctl", "-d", "/nonexistent", "--keymap", table, "--keycode", "KEY_NOSUCHKEY"], capture_output=True, text=True, check=False)
        assert "error" not in done.stderr.replace("/nonexistent", "").lower() or "No such file" in done.stderr, done.stderr
        assert table.name not in done.stderr, done.stderr


def test_flipper_and_back() -> None:
    made = exporters.write(mixed(), "flipper")
    back = flipper.read(made.text, "a.ir")
    assert keys(back) >= expected("nec", "necx", "rc5", "sony12")
    assert "protocol: Samsung32" in made.text
    raw = [entry for entry in back.remotes[0].keymap.entries if not isinstance(entry, Entry)]
    assert {"KEY_LEFT", "KEY_RIGHT", "KEY_F1", "KEY_F2", "KEY_RED"} <= {key for entry in raw for key in entry.keys.values()}
    assert any("table" in one for one in made.problems)


def test_pronto_and_back() -> None:
    made = exporters.write(mixed(), "pronto")
    assert keys(pronto.read(made.text, "a.hex")) >= expected("nec", "necx", "rc5", "sony12")
    sent = {key.name: key for key in keys_of(mixed(), lambda _: None)}
    for line in made.text.splitlines():
        name, _, words = line.partition(": ")
        signal = parse_pronto(words)
        for ours, theirs in ((sent[name].intro, signal.intro), (sent[name].repeat, signal.repeat)):
            assert len(ours) == len(theirs)
            assert all(abs(one - other) <= 15 for one, other in zip(ours, theirs, strict=True))


def test_lircd_and_back() -> None:
    made = exporters.write(mixed(), "lircd")
    back = lircd.read(made.text, "a.conf")
    assert {name for remote in back.remotes for name in remote.keymap.keys.values()} == {key.name for key in keys_of(mixed(), lambda _: None)}
    assert [problem.what for problem in back.problems] == []


@pytest.mark.lirc
@pytest.mark.parametrize("path", [*SHIPPED, None], ids=lambda path: path.stem if path else "mixed")
def test_irsimsend_sends_what_we_send(path: Path | None, tmp_path: Path) -> None:
    keymap = mixed() if path is None else load(path)
    sent: dict[str, list[tuple[int, ...]]] = {}
    for key in keys_of(keymap, lambda _: None):
        sent.setdefault(key.name, []).append(key.frame)
    try:
        made = exporters.write(keymap, "lircd")
    except Error:
        assert not sent
        return
    conf = tmp_path / "a.conf"
    conf.write_text(made.text)
    count = 0
    for remote, lines in lirc.remotes(conf):
        for code in remote.codes[:2]:
            if remote.raw:
                end = next(place for place in range(code.line - remote.line + 1, len(lines)) if "name" in lines[place] or "end" in lines[place])
                one = [line for place, line in enumerate(lines) if not lines.index("  begin raw_codes") < place < len(lines) - 2
                       or code.line - remote.line <= place < end]
                theirs = lirc.simsend(remote, one, code, 1, whole=True)
            else:
                theirs = lirc.simsend(remote, lines, code, 1)
            assert any(len(theirs) == len(frame) and all(abs(ours - other) <= 2 for ours, other in zip(frame[:-1], theirs[:-1], strict=True))
                       for frame in sent[code.name]), (code.name, theirs, sent[code.name])
            count += 1
    assert count


def test_what_cannot_be_written_has_a_reason(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("protocols: [{table: {0x1: KEY_1}}]")
    assert main(["export", str(path), "--to", "pronto"]) == 1
    assert "known to the receiver alone" in capsys.readouterr().err
    assert main(["export", str(path), "--to", "toml"]) == 0
    assert '0x1 = "KEY_1"' in capsys.readouterr().out
    assert main(["export", "lg-tv", "--to", "flipper", "-o", str(tmp_path / "lg.ir")]) == 0
    assert (tmp_path / "lg.ir").read_text().startswith("Filetype: IR signals file")


def test_shapes() -> None:
    nec = [key for key in keys_of(mixed(), lambda _: None) if key.protocol and key.protocol.name == "nec"]
    shape = shape_of(nec)
    assert shape is not None
    assert (shape.bits, shape.distance, shape.period, shape.header) == (32, True, True, (9024, 4512))
    assert shape.values == (0x20DF10EF, 0x20DF906F)
    assert shape_of([key for key in keys_of(mixed(), lambda _: None) if key.protocol and key.protocol.name == "phases"]) is None


@pytest.mark.parametrize("form", sorted(exporters.FORMATS))
def test_every_protocol_is_written_or_has_a_reason(form: str) -> None:
    written = 0
    for protocol in catalogue().values():
        given = {one.name: one.least + (one.most - one.least) // 3 for one in protocol.irp.parameters if one.default is None}
        keymap = Keymap("a.yaml", "a", (), (Entry(protocol, {scancode_of(protocol, given): "KEY_1"}),))
        try:
            assert exporters.write(keymap, form).keys == 1
            written += 1
        except Error as error:
            assert error.hint
    assert written > 200


def test_no_file_is_overwritten_unasked(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious\n")
    order = ["export", "lg-tv", "--to", "pronto", "-o", str(tmp_path / "mine.txt")]
    assert main(order) == 1 and (tmp_path / "mine.txt").read_text() == "precious\n"
    assert main([*order, "--force"]) == 0 and "0000 " in (tmp_path / "mine.txt").read_text()
