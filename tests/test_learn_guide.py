"""The guide on a real terminal (a pty), with a person who follows a script and signals that come through a pipe."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from irbpf import keymap
from irbpf.irp.render import press
from irbpf.learn.doubts import doubt
from irbpf.learn.keynames import search, suggestion
from irbpf.learn.press import Press
from irbpf.learn.session import Session, resume
from irbpf.protocols import catalogue
from irbpf.pulses import format_samples, from_durations
from irbpf.replay import Player, of_protocols
from tests.conftest import ROOT
from tests.support.screen import Screen


def sent(code: int, protocol: str = "jvc") -> list[int]:
    return press(catalogue()[protocol].irp, {"D": 7, "F": code})[:-1]


class Person(Screen):
    """Somebody who learns a remote: presses its keys too."""

    patience = 60.0

    def __init__(self, folder: Path, *more: str) -> None:
        self.pipe = folder / "remote"
        if not self.pipe.exists():
            os.mkfifo(self.pipe)
        super().__init__([sys.executable, "-m", "irbpf", "learn", str(self.pipe), "-o", str(folder / "tv.yaml"), *more],
                         {**os.environ, "IRBPF_ETC": str(folder / "etc")})

    def presses(self, prompt: str, durations: list[int]) -> None:
        self.after(prompt)
        with self.pipe.open("w") as remote:
            remote.write(format_samples(from_durations(durations)) + "\n")


@pytest.fixture()
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path


def test_a_remote_is_learned_installed_and_proven(folder: Path) -> None:
    person = Person(folder)
    person.types("key [KEY_POWER]: ", "")
    person.presses("press KEY_POWER (1 of 2)", sent(1))
    person.after("jvc 0x701")
    person.presses("press KEY_POWER (2 of 2)", sent(1)[:21])
    person.after("unclear: cut")
    person.presses("press KEY_POWER (2 of 2)", sent(9))
    person.after("unclear: different from the last")
    person.presses("press KEY_POWER (2 of 2)", [*sent(1)[:10], 30, 30, 30, 30, *sent(1)[13:]])
    person.after("unclear: noise")
    person.presses("press KEY_POWER (2 of 2)", [*sent(1), 60_000, *sent(5)])
    person.after("unclear: overlapped")
    person.presses("press KEY_POWER (2 of 2)", sent(1))
    person.types("key [KEY_NUMERIC_1]: ", "skip")
    person.types("key [KEY_NUMERIC_2]: ", "volup")
    person.types("which? ", "1")
    person.presses("press KEY_VOLUMEUP (1 of 2)", sent(1))
    person.after("the same as KEY_POWER sends")
    person.presses("press KEY_VOLUMEUP (1 of 2)", sent(2))
    person.presses("press KEY_VOLUMEUP (2 of 2)", sent(2))
    person.types("key [KEY_NUMERIC_2]: ", "undo")
    person.after("undo: KEY_VOLUMEUP")
    person.types("key [KEY_NUMERIC_2]: ", "redo")
    person.after("redo: KEY_VOLUMEUP")
    person.types("key [KEY_NUMERIC_2]: ", "done")
    person.after("2 keys: jvc")
    person.types("install it", "y")
    person.after("installed")
    assert person.end() == 0
    assert not (folder / "tv.learn").exists()  # it is whole: a later run finds the keymap, and leaves it and what was changed in it
    person = Person(folder)
    person.after("is there already")
    assert person.end() == 1
    assert keymap.load(folder / "etc/keymaps/tv.yaml").keys == {0x701: "KEY_POWER", 0x702: "KEY_VOLUMEUP"}
    assert len(list((folder / "traces/tv").glob("*.trace"))) == 4


def test_it_goes_on_after_a_break(folder: Path) -> None:
    person = Person(folder, "--presses", "1")
    person.types("key [KEY_POWER]: ", "")
    person.presses("press KEY_POWER (1 of 1)", sent(1))
    person.types("key [KEY_NUMERIC_1]: ", "quit")
    person.after("the same command goes on")
    assert person.end() == 0
    person = Person(folder, "--presses", "1")
    person.after("going on: 1 keys")
    person.types("key [KEY_NUMERIC_1]: ", "")
    person.presses("press KEY_NUMERIC_1 (1 of 1)", sent(2))
    person.types("key [KEY_NUMERIC_2]: ", "done")
    person.types("install it", "n")
    assert person.end() == 0
    assert sorted(keymap.load(folder / "tv.yaml").keys.values()) == ["KEY_NUMERIC_1", "KEY_POWER"]
    assert not (folder / "etc").exists()


def test_json_is_all_that_is_on_standard_output(folder: Path) -> None:
    """The questions are elsewhere, and nothing is installed."""
    words = iter(["\n", "quit\n"])
    (folder / "one.txt").write_text(format_samples(from_durations(sent(1))) + "\n")
    done = subprocess.run([sys.executable, "-m", "irbpf", "learn", str(folder / "one.txt"), "-o", str(folder / "tv.yaml"), "--json"], cwd=ROOT,
                          input="".join(words), capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"keymap": None, "session": None, "keys": 0}
    assert "key [KEY_POWER]: " in done.stderr


def test_names_are_found_as_people_write_them() -> None:
    assert search("5") == ["KEY_NUMERIC_5"]
    assert search("key_ok") == search("ok") == ["KEY_OK"]
    assert search("volup")[0] == "KEY_VOLUMEUP"
    assert "KEY_VOLUMEUP" in search("volume") and "KEY_VOLUMEDOWN" in search("volume")
    assert search("xyzzy") == []
    assert suggestion({"KEY_POWER"}) == "KEY_NUMERIC_1"


def test_a_session_is_kept_and_a_foreign_file_is_refused(tmp_path: Path) -> None:
    from irbpf.errors import Error

    session = Session(tmp_path / "tv.learn")
    session.add("KEY_A", [Press("KEY_A", (1, 2, 3), carrier=38_000, fields={"driver": "mceusb"})])
    session.add("KEY_B", [])
    session.undo()
    again = resume(tmp_path / "tv.learn")
    assert (again.steps, again.undone) == (session.steps, session.undone)
    (tmp_path / "other.learn").write_text("{}")
    with pytest.raises(Error, match="not what irbpf learn left"):
        resume(tmp_path / "other.learn")


@pytest.mark.parametrize(("durations", "lost", "why"), [
    (sent(1), False, ""), (sent(1), True, "noise: the receiver could not follow"), (sent(1)[:5], False, "cut: only 5 durations came"),
    (sent(1)[:17], False, "cut: 17 durations, where other keys have 35"), (sent(9), False, "the same as KEY_OK sends")])
def test_what_is_unclear_about_a_press(durations: list[int], lost: bool, why: str) -> None:
    with Player(of_protocols([catalogue()["jvc"]]), "python") as player:
        said = doubt(Press("KEY_UP", tuple(durations)), [Press("KEY_OK", tuple(sent(9)))], player, lost)
    assert said == why or (why and said.startswith(why))


def test_undo_and_redo_outlive_a_break(tmp_path: Path) -> None:
    path = tmp_path / "tv.learn"
    session = Session(path)
    session.add("KEY_OK", [Press("KEY_OK", (900, 500, 600))])
    assert session.undo() == "KEY_OK" and resume(path).keys == []
    assert session.redo() == "KEY_OK" and resume(path).keys == ["KEY_OK"]


def test_a_key_that_is_learned_again_is_back_when_that_is_undone(tmp_path: Path) -> None:
    session = Session(tmp_path / "tv.learn")
    first, second = (Press("KEY_OK", tuple(sent(code))) for code in (1, 2))
    session.add("KEY_OK", [first])
    session.add("KEY_UP", [first])
    session.add("KEY_OK", [second])
    assert session.presses == [second, first] or session.presses == [first, second]
    session.undo()
    assert session.latest == {"KEY_OK": [first], "KEY_UP": [first]}
    session.redo()
    assert session.latest["KEY_OK"] == [second] and session.keys == ["KEY_OK", "KEY_UP"]
