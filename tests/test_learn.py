"""Learning without questions: from a folder of recordings to a keymap that is checked, and that its own traces prove."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from irbpf import cli, keymap, trace
from irbpf.errors import Error
from irbpf.irp.render import press
from irbpf.learn.files import key_name
from irbpf.learn.press import Press
from irbpf.learn.remote import Learned
from irbpf.learn.result import keymap_of
from irbpf.protocols import catalogue, define
from irbpf.pulses import format_samples, from_durations
from tests.support.signals import mode2_text

OWN = "{37k,470}<1,-1|1,-3>(9,-5,D:8,1,-7,F:8,~F:8,1,^70m)*[D:0..255,F:0..255]"  # nobody's
KEYS = ("KEY_0", "KEY_1", "KEY_2", "KEY_3", "KEY_OK", "KEY_MENU", "KEY_UP", "KEY_DOWN")


def record(folder: Path, line: str, params: dict[str, int], keys: tuple[str, ...] = KEYS, first: int = 3) -> None:
    folder.mkdir(exist_ok=True)
    for number, key in enumerate(keys, first):
        samples = from_durations(press(define("sent", line).irp, {**params, "F": number * 5}, 1))
        (folder / f"{key}.txt").write_text(mode2_text(samples) if number % 2 else format_samples(samples) + "\n")


def learned(tmp_path: Path, *more: str) -> dict[str, object]:
    return {"code": cli.main(["learn", "--from", str(tmp_path / "in"), "-o", str(tmp_path / "out/tv.yaml"), "--json", *more])}


def test_a_known_protocol_is_taken_from_the_catalogue(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(tmp_path / "in", catalogue()["jvc"].irp.text, {"D": 7})
    assert learned(tmp_path) == {"code": 0}
    said = json.loads(capsys.readouterr().out)
    assert [(one["known"], one["keys"]) for one in said["protocols"]] == [(True, 8)]
    assert said["raw"] == said["wrong"] == []
    assert sorted(keymap.load(tmp_path / "out/tv.yaml").keys.values()) == sorted(KEYS)


def test_an_unknown_protocol_becomes_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(tmp_path / "in", OWN, {"D": 77})
    assert learned(tmp_path) == {"code": 0}
    said = json.loads(capsys.readouterr().out)
    assert [(one["known"], one["keys"]) for one in said["protocols"]] == [(False, 8)]
    assert cli.main(["check", str(tmp_path / "out/tv.yaml")]) == 0
    assert cli.main(["verify", str(tmp_path / "out/tv.yaml"), str(tmp_path / "out/traces/tv")]) == 0


def test_a_remote_of_two_protocols(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(tmp_path / "in", OWN, {"D": 77}, KEYS[:5])
    record(tmp_path / "in", catalogue()["sony12"].irp.text, {"D": 1}, KEYS[5:])
    assert learned(tmp_path) == {"code": 0}
    assert sorted(one["keys"] for one in json.loads(capsys.readouterr().out)["protocols"]) == [3, 5]


def test_what_nothing_decodes_is_kept_as_raw_patterns_and_said_to_be() -> None:
    presses = [Press(key, tuple(1000 + 700 * ((place * (3 + number)) % 5) for place in range(21 + 4 * number)))
               for number, key in enumerate(KEYS[:2])]
    result = keymap_of(Learned((), tuple(presses)), "tv", "tv.yaml")
    assert sorted(result.keymap.keys.values()) == sorted(KEYS[:2])
    assert "last resort" in " ".join(result.notes)


def test_a_trace_of_another_key_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(tmp_path / "in", OWN, {"D": 77})
    learned(tmp_path)
    traces = tmp_path / "out/traces/tv"
    (traces / "KEY_0-1.trace").write_text((traces / "KEY_1-1.trace").read_text().replace("KEY_1", "KEY_0"))
    capsys.readouterr()
    assert cli.main(["verify", str(tmp_path / "out/tv.yaml"), str(traces)]) == 1
    assert "KEY_0-1.trace: KEY_0: it decodes to KEY_1" in capsys.readouterr().out


def test_a_press_that_is_two_keys_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(tmp_path / "in", OWN, {"D": 77})
    learned(tmp_path)
    traces = tmp_path / "out/traces/tv"
    both = traces.joinpath("KEY_0-1.trace").read_text().rsplit("-", 1)[0]
    (traces / "KEY_0-1.trace").write_text(both + "-70000 " + (traces / "KEY_1-1.trace").read_text().splitlines()[-1] + "\n")
    capsys.readouterr()
    assert cli.main(["verify", str(tmp_path / "out/tv.yaml"), str(traces)]) == 1
    assert "decodes to KEY_0 and KEY_1" in capsys.readouterr().out


def test_remotes_in_one_folder_keep_their_traces(tmp_path: Path) -> None:
    """The second neither overwrites nor is judged by what proves the first."""
    record(tmp_path / "in", OWN, {"D": 77})
    assert learned(tmp_path) == {"code": 0}
    record(tmp_path / "other", catalogue()["jvc"].irp.text, {"D": 7}, KEYS[:2])
    assert cli.main(["learn", "--from", str(tmp_path / "other"), "-o", str(tmp_path / "out/video.yaml")]) == 0
    assert cli.main(["verify", str(tmp_path / "out/tv.yaml"), str(tmp_path / "out/traces/tv")]) == 0
    assert len(list((tmp_path / "out/traces").glob("*/KEY_*.trace"))) == len(KEYS) + 2


def test_a_field_that_names_no_key_is_told_before_anything_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "KEY_OK.trace").write_text("# irbpf trace 1\n# key: KEY_NOPE\n+900 -500 +600\n")
    assert learned(tmp_path) == {"code": 1}
    assert "KEY_OK.trace: its field says key: KEY_NOPE" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_nothing_is_overwritten_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(tmp_path / "in", OWN, {"D": 77})
    assert learned(tmp_path) == {"code": 0}
    assert learned(tmp_path) == {"code": 1}
    assert "is there already" in capsys.readouterr().err
    assert learned(tmp_path, "--force") == {"code": 0}


@pytest.mark.parametrize("name", ["tv", "tv.txt", "/proc/nope/tv.yaml", "/dev/null/tv.yaml", "folder.yaml"])
def test_a_keymap_that_cannot_be_written_is_told_at_once(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str],
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is read, and before a person presses a key."""
    monkeypatch.chdir(tmp_path)
    Path("folder.yaml").mkdir()
    for source in (["--from", "there-is-none"], ["there-is-none"]):
        assert cli.main(["learn", *source, "-o", name]) == 1
        said = capsys.readouterr().err
        assert name in said and "there-is-none" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["folder.yaml"]


def test_a_press_that_nothing_explains_is_set_aside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is told, kept, and no part of the proof."""
    record(tmp_path / "in", OWN, {"D": 77})
    (tmp_path / "in" / "KEY_0-2.txt").write_text("+9000 -4500 +560 -1690 +560 -560 +560 -30000 +2500 -560 +777\n")
    assert learned(tmp_path) == {"code": 0}
    said = json.loads(capsys.readouterr().out)
    assert [one["key"] for one in said["left_out"]] == ["KEY_0"]
    assert "a press of KEY_0 is left out" in " ".join(said["notes"])
    assert said["raw"] == []
    assert [path.name for path in (tmp_path / "out/traces/tv/left-out").iterdir()] == ["KEY_0-1.trace"]
    assert cli.main(["verify", str(tmp_path / "out/tv.yaml"), str(tmp_path / "out/traces/tv")]) == 0


def test_where_a_recording_comes_from_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the carrier, which becomes that of a line of our own."""
    record(tmp_path / "in", OWN, {"D": 77})
    for number, path in enumerate(sorted((tmp_path / "in").iterdir())):
        text = f"# irbpf trace 1\n# driver: mceusb\n# carrier: {36_950 + 20 * number} Hz\n# keymap: other.yaml\n# key: {path.stem}\n" + path.read_text()
        path.with_suffix(".trace").write_text(text)
        path.unlink()
    assert learned(tmp_path) == {"code": 0}
    assert json.loads(capsys.readouterr().out)["protocols"][0]["irp"].startswith("{37k}")
    first = trace.read(tmp_path / "out/traces/tv/KEY_0-1.trace")
    assert first.provenance == {"driver": "mceusb", "carrier": "36950 Hz", "key": "KEY_0"}


def test_traces_are_learned_from_where_they_are(tmp_path: Path) -> None:
    """How a key is added later: record it beside the others, and learn again."""
    record(tmp_path / "in", OWN, {"D": 77}, KEYS[:6])
    assert learned(tmp_path) == {"code": 0}
    record(tmp_path / "out/traces/tv", OWN, {"D": 77}, KEYS[6:], first=50)
    again = ["learn", "--from", str(tmp_path / "out/traces/tv"), "-o", str(tmp_path / "out/tv.yaml")]
    assert cli.main(again) == 1
    assert cli.main([*again, "--force"]) == 0
    assert sorted(keymap.load(tmp_path / "out/tv.yaml").keys.values()) == sorted(KEYS)


def test_a_forced_keymap_leaves_no_trace_of_the_one_before(tmp_path: Path) -> None:
    record(tmp_path / "in", OWN, {"D": 77})
    assert learned(tmp_path) == {"code": 0}
    (tmp_path / "in" / "KEY_0.txt").unlink()
    assert learned(tmp_path, "--force") == {"code": 0}
    assert not list((tmp_path / "out/traces/tv").glob("KEY_0*"))


def test_more_than_a_scancode_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line of our own with more bits than 64: its scancodes are a digest, the same wherever it runs."""
    wide = "{38k,430}<1,-1|1,-3>(8,-4,A:32,B:32,F:8,~F:8,1,^150m)*[A:0..4294967295,B:0..4294967295,F:0..255]"
    record(tmp_path / "in", wide, {"A": 0x12345678, "B": 0x9ABCDEF0})
    for number, path in enumerate(sorted((tmp_path / "in").iterdir())):
        params = {"A": 0x12345678 ^ number * 0x11111111, "B": 0x9ABCDEF0 ^ number * 0x10305070, "F": number}
        path.write_text(format_samples(from_durations(press(define("sent", wide).irp, params, 1))) + "\n")
    assert learned(tmp_path) == {"code": 0}
    said = json.loads(capsys.readouterr().out)
    assert [(one["known"], one["keys"]) for one in said["protocols"]] == [(False, len(KEYS))], said
    assert cli.main(["check", str(tmp_path / "out/tv.yaml")]) == 0


@pytest.mark.bpf
def test_a_line_of_our_own_is_proven_as_a_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(tmp_path / "in", OWN, {"D": 77})
    assert learned(tmp_path) == {"code": 0}
    assert json.loads(capsys.readouterr().out)["traces"] == {"folder": str(tmp_path / "out/traces/tv"), "count": 8, "engines": ["python", "bpf"]}
    proof = [str(tmp_path / "out/tv.yaml"), str(tmp_path / "out/traces/tv")]
    assert cli.main(["verify", "--engine", "bpf", *proof]) == 0
    changed = (tmp_path / "out/tv.yaml").read_text().replace("KEY_OK", "KEY_F1")
    (tmp_path / "out/tv.yaml").write_text(changed)
    assert cli.main(["verify", "--engine", "bpf", *proof]) == 1


@pytest.mark.parametrize(("name", "key"), [("KEY_POWER.txt", "KEY_POWER"), ("power.txt", "KEY_POWER"), ("KEY_OK-2.trace", "KEY_OK"),
                                           ("3.txt", "KEY_3"), ("volumeup_1.txt", "KEY_VOLUMEUP")])
def test_names_of_files_are_keys(name: str, key: str) -> None:
    assert key_name(Path(name)) == key


def test_a_file_that_is_no_key_is_an_error() -> None:
    with pytest.raises(Error, match="there is no key"):
        key_name(Path("pwoer.txt"))


def test_one_frame_with_a_leader_and_no_protocol_is_a_pattern(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = random.Random(3)
    (tmp_path / "in").mkdir()
    for key in KEYS[:3]:
        durations = [9000, 4500, *(rng.randint(400, 2500) for _ in range(41))]
        (tmp_path / f"in/{key}.txt").write_text(format_samples(from_durations(durations)) + "\n")
    assert learned(tmp_path) == {"code": 0}
    assert sorted(json.loads(capsys.readouterr().out)["raw"]) == sorted(KEYS[:3])


def test_what_no_scancode_shows_is_sent_again(tmp_path: Path) -> None:
    record(tmp_path / "in", catalogue()["necx"].irp.text, {"D": 7, "S": 7, "L": 1})
    assert learned(tmp_path) == {"code": 0}
    entry = keymap.load(tmp_path / "out/tv.yaml").entries[0]
    assert isinstance(entry, keymap.Entry) and entry.protocol.where == {"L": 1}


def test_a_recording_without_a_press_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(tmp_path / "in", catalogue()["jvc"].irp.text, {"D": 7})
    (tmp_path / "in/KEY_POWER.txt").write_text("")
    assert learned(tmp_path) == {"code": 1}
    assert "KEY_POWER.txt" in capsys.readouterr().err


def test_a_trace_of_silence_proves_nothing(tmp_path: Path) -> None:
    record(tmp_path / "in", catalogue()["jvc"].irp.text, {"D": 7})
    assert learned(tmp_path) == {"code": 0}
    (tmp_path / "silent.trace").write_text("# irbpf trace 1\n# key: KEY_0\nspace 5000\n")
    assert cli.main(["verify", str(tmp_path / "out/tv.yaml"), str(tmp_path / "silent.trace")]) == 1
