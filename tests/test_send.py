"""What is sent, and how it is cut into writes that the kernel takes. Through a transmitter: tests/kernel/guest/test_owner.py."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irbpf import library, trace
from irbpf.cli import main
from irbpf.errors import Error
from irbpf.irp.render import press
from irbpf.keymap import Entry, load
from irbpf.protocols import catalogue
from irbpf.replay import Player, of_keymap, of_protocols
from irbpf.send import MOST_DURATIONS, MOST_US, frames, writes
from irbpf.signals import GAP_US, of_text
from irbpf.transmission import Transmission, understand
from tests.conftest import ROOT

NEVER_SENT = {"dib0700-rc5", "tivo"}  # the kernel's tables of these have scancodes that their protocol cannot make
TRACES = ROOT / "tests" / "traces"


def sent(*words: str) -> list[Transmission]:
    return understand(words, None)


def test_all_ways_to_say_the_same() -> None:
    nec = catalogue()["nec"]
    expected = tuple(press(nec.irp, {"D": 4, "F": 8}))
    line = " ".join(f"{'-' if place % 2 else '+'}{duration}" for place, duration in enumerate(expected[:-1]))
    for words in (["nec:0x408"], ["nec", "D=4", "F=0x8"], [nec.irp.text, "D=4", "F=8"], [line], line.split()):
        (one,) = sent(*words)
        assert one.intro[:-1] == expected[:-1]
    assert sent("nec:0x408")[0].carrier == 38_400


def test_pronto() -> None:
    """The beginning of a Pronto signal; 006D is 38.03 kHz (Remote Central, Infrared Hex Code)."""
    (one,) = sent("0000", "006D", "0001", "0001", "0010", "0020", "0040", "0400")
    assert one == Transmission((421, 841), (1683, 26927), (), 38029)
    (plain,) = sent("0100 006D 0000 0001 0010 0020")
    assert (plain.carrier, plain.intro, plain.repeat) == (0, (), (421, 841))
    assert sent("5000 0073 0000 0001 0005 0023") == sent("rc5", "D=5", "F=35")


@pytest.mark.parametrize("name", ["lg-tv", "sony-tv", "philips-tv", "apple-remote", "jvc-vcr", "panasonic-tv"])
def test_what_export_writes_as_pronto_hex_is_sent(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keymap, path = load(library.find(name)), tmp_path / "x.pronto"
    assert main(["export", name, "--to", "pronto", "-o", str(path)]) == 0
    lines = path.read_text().splitlines()
    every = sent(str(path))
    assert len(every) == len(lines) == len(keymap.keys)
    assert sent(lines[1]) == sent(*lines[1].split()) == sent(lines[1].partition(": ")[2]) == [every[1]]
    with Player(of_keymap(keymap), "python") as player:
        for line in lines:
            key = line.partition(":")[0]
            (one,) = sent(str(path), key)
            events = player.play([sample for write in writes(frames(one)) for sample in _samples(write.durations, write.gap)])
            assert [event.key for event in events if not event.decoded.repeat][:1] == [key]
    assert main(["send", "rc99", str(path), lines[1].partition(":")[0], lines[0].partition(":")[0], "--dry-run"]) == 0
    assert capsys.readouterr().out.count("# carrier") == 2


def test_a_pipe_is_sent(tmp_path: Path) -> None:
    exported = subprocess.run(["/usr/bin/python3", "-m", "irbpf", "export", "sony-tv", "--to", "pronto"], cwd=ROOT, capture_output=True, check=True)
    for source in ("-", "/dev/stdin"):
        done = subprocess.run(["/usr/bin/python3", "-m", "irbpf", "send", "rc99", source, "KEY_POWER", "--dry-run"], cwd=ROOT, input=exported.stdout,
                              capture_output=True, check=True)
        assert done.stdout.startswith(b"# carrier: ")


@pytest.mark.parametrize(("words", "says"), [
    (["NAMES", "KEY_B"], "there is no 'KEY_B' in it.*KEY_A"), (["TRACE", "KEY_A"], "is a recording"), (["/dev/zero"], "more than 8 MB"),
    (["x" * 300], "nothing that can be sent"), (["x" * 5000], "nothing that can be sent"), (["x\0y"], "nothing that can be sent"),
    (["NAMES", ""], "there is no ''"), (["sony-tv", "KEY_POWER"], "is a keymap .say --keymap sony-tv"), (["x.yaml", "KEY_A"], "is a keymap"),
    (["TRACE.yaml"], "is a keymap")])
def test_files_that_cannot_be_sent(words: list[str], says: str, tmp_path: Path) -> None:
    (tmp_path / "NAMES").write_text("KEY_A: 0000 006D 0001 0000 0010 0020\n")
    (tmp_path / "TRACE").write_text("+900 -500 +600\n")
    with pytest.raises(Error, match=says):
        sent(str(tmp_path / words[0]) if words[0].isupper() else words[0], *words[1:])


@pytest.mark.parametrize(("words", "says"), [
    (["0000 006D 0002 0001 0010 0020"], "announces"), (["7000 0073 0000 0001 0000 0003"], "holds no durations"), (["nec:zz"], "no scancode"),
    (["nec", "D=4"], "F is missing"), (["nec", "D=4", "F=999"], "out of range"), (["nec", "D"], "no parameter"), (["{38k"], "column"),
    (["KEY_POWER"], "which remote"), (["nothing"], "nothing that can be sent"), (["+100 +200 -300"], "damaged"), (["-300"], "nothing to send"),
    (["rc6_0:0x1ffff"], ""), (["nec:-1"], "no scancode"), (["+9000 overflow 0 +500"], "damaged"), (["/"], "is a folder"),
    (["/nonexistent/x"], "there is no file /nonexistent/x"), (["nope.trace"], "there is no file nope.trace"), ([""], "nothing that can be sent"),
    (["0000 006C 0002"], "no Pronto hex"), (["0000", "006C", "0002", "zz"], "no Pronto hex"), (["nac:0x408"], "did you mean nec"),
])
def test_refusals(words: list[str], says: str) -> None:
    with pytest.raises(Error, match=says):
        understand(words, None)


def test_a_recording_with_its_carrier(tmp_path: Path) -> None:
    original = trace.read(TRACES / "rc5-c.trace").samples
    trace.write(tmp_path / "x.trace", original * 2, None, {"carrier": "36000 Hz"})
    assert [(len(one.intro), one.carrier) for one in sent(str(tmp_path / "x.trace"))] == [(len(original), 36_000)] * 2


@pytest.mark.parametrize("path", sorted((ROOT / "keymaps").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_key_of_every_keymap_is_decoded_again(path: Path) -> None:
    keymap = load(path)
    with Player(of_keymap(keymap), "python") as player:
        for entry in keymap.entries:
            for key in dict.fromkeys(entry.keys.values()) if isinstance(entry, Entry) else ():
                try:
                    (one,) = understand([key], keymap)
                except Error as error:
                    assert "has no scancode" in error.message
                    assert path.stem in NEVER_SENT
                    continue
                events = player.play([sample for write in writes(frames(one)) for sample in _samples(write.durations, write.gap)])
                assert [event.key for event in events if not event.decoded.repeat][:1] == [key]


def _samples(durations: tuple[int, ...], gap: int) -> list:  # type: ignore[type-arg]
    from irbpf.pulses import from_durations

    return from_durations([*durations, gap])


def test_presses_after_one_another_have_other_toggles() -> None:
    keymap = load(library.find("philips-tv"))
    key = next(iter(keymap.entries[0].keys.values()))
    first, second, third = understand([key] * 3, keymap)
    assert first == third != second


def test_a_held_key() -> None:
    (one,) = sent("nec:0x408")
    period = sum(one.repeat)
    assert len(frames(one, 3)) == 4
    assert len(frames(one, hold=1.0)) == 1 + -(-(1_000_000 - sum(one.intro)) // period)
    (endless,) = sent("rc5:0x1e3b")
    assert not endless.intro
    assert len(frames(endless)) == 1
    assert len(frames(endless, 2)) == 3
    (raw,) = sent("+900 -400 +500")
    assert frames(raw, 1) == [(900, 400, 500, GAP_US)] * 2


@given(st.lists(st.lists(st.tuples(st.integers(1, 30_000), st.integers(1, 120_000)), min_size=1, max_size=700), max_size=8))
def test_every_write_is_one_that_the_kernel_takes(parts: list[list[tuple[int, int]]]) -> None:
    flat = [[duration for pair in part for duration in pair] for part in parts]
    try:
        made = writes(flat)
    except Error:
        return
    assert [duration for write in made for duration in (*write.durations, write.gap)] == sum(flat, [])
    for write in made:
        assert len(write.durations) % 2 == 1
        assert len(write.durations) <= MOST_DURATIONS
        assert sum(write.durations) <= MOST_US


def test_frames_that_fit_go_together_and_others_do_not() -> None:
    frame = [1000, 99_000]
    assert [len(write.durations) for write in writes([frame] * 11)] == [9, 9, 1]
    with pytest.raises(Error, match="without a pause"):
        writes([[500, 500] * 600])
    assert [len(write.durations) for write in writes([[*[500, 500] * 400, 500, 5000, *[500, 500] * 400]])] == [801, 799]


def test_dry_run_needs_no_device(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["send", "rc99", "nec:0x408", "--repeats", "12", "--carrier", "38k", "--duty-cycle", "25", "--transmitters", "1,2", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("# carrier: 38000 Hz; duty cycle: 25 %; transmitters: 1, 2; 3 writes\n")
    (signal,) = of_text(out.splitlines(), "out")
    with Player(of_protocols([catalogue()["nec"]]), "python") as player:
        events = player.play(signal.samples)
    assert [event.decoded.scancode for event in events] == [0x408] * 13
    assert main(["send", "rc99", "+900 -500 +600", "--gap", "30", "--dry-run"]) == 0
    assert capsys.readouterr().out.endswith("+900 -500 +600 -30000\n")
    assert main(["send", "rc99", "nec:0x408"]) == 1
    assert "no receiver rc99" in capsys.readouterr().err
    for wrong in (["--carrier", "x"], ["--carrier", "2M"], ["--duty-cycle", "0"], ["--transmitters", "0"], ["--repeats", "-1"],
                  ["--repeats", "1", "--hold", "1"], ["--gap", "nan"]):
        with pytest.raises(SystemExit, match="2"):
            main(["send", "rc99", "nec:0x408", *wrong])


def test_a_key_in_a_table_too_is_sent_by_its_protocol(tmp_path: Path) -> None:
    """As imported tables have it, for receivers that decode by themselves."""
    path = tmp_path / "x.yaml"
    path.write_text("protocols: [{table: {0x1234567: KEY_A, 0x99: KEY_B}}, {protocol: nec, keys: {0x408: KEY_A}}]")
    assert understand(["KEY_A"], load(path)) == sent("nec:0x408")
    with pytest.raises(Error, match="no protocol here that could send it"):
        understand(["KEY_B"], load(path))
