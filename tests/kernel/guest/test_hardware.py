"""Devices that are no raw receivers, with their real drivers: one that decodes by itself, and one that only sends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from evdev import ecodes

from irbpf import discovery, scancodes
from irbpf.cli import main
from irbpf.engines import control, kernel
from tests.kernel.guest.conftest import insert, unplug, wait_for
from tests.kernel.usb.plug import Plugged, heard_by, plugged, pressed, scans
from tests.kernel.usb.scenes import nothing_left, own_cache, written  # noqa: F401

UP, OK = 0x0AA6, 0x0A0B


@pytest.fixture()
def xbox() -> Iterator[Plugged]:
    with plugged("xbox") as one:
        yield one


def test_it_is_recognised(xbox: Plugged) -> None:
    found = xbox.receiver
    assert (found.driver, found.rc_map, found.raw) == ("xbox_remote", "rc-xbox-dvd", False)
    assert found.lirc and discovery.read_protocols(found.rc) == ({"xbox-dvd"}, {"xbox-dvd"})


def test_its_keymap_is_loaded_as_a_table(xbox: Plugged, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["load", xbox.receiver.rc]) == 0
    assert "only a table can be loaded" in capsys.readouterr().out
    with heard_by(xbox.receiver) as keys:
        xbox.hear([UP, UP, UP, OK])
        events = keys.until_quiet()
    assert pressed(events) == [ecodes.KEY_UP, ecodes.KEY_OK]
    assert scans(events) == [UP, UP, UP, OK]
    assert control.call(xbox.receiver.rc, "status") is None
    assert main(["unload", xbox.receiver.rc]) == 0


def test_keys_of_ones_own_and_back(xbox: Plugged, tmp_path: Path) -> None:
    rc = xbox.receiver.rc
    assert xbox.receiver.event
    with open(xbox.receiver.event, "rb") as event:
        before = scancodes.read_table(event.fileno())
        assert before[UP] == ecodes.KEY_UP
        assert main(["load", rc, written(tmp_path / "own.yaml", f"protocols: [{{protocol: xbox_dvd, keys: {{{UP:#x}: KEY_VOLUMEUP}}}}]")]) == 0
        assert scancodes.read_table(event.fileno()) == {UP: ecodes.KEY_VOLUMEUP}
        with heard_by(xbox.receiver) as keys:
            xbox.hear([UP, OK])
            assert pressed(keys.until_quiet()) == [ecodes.KEY_VOLUMEUP]
        assert main(["unload", rc]) == 0
        assert scancodes.read_table(event.fileno()) == before


@pytest.mark.parametrize("engine", [[], ["--engine", "bpf"], ["--engine", "python"]])
def test_what_it_cannot_decode_is_refused_in_a_clear_word(xbox: Plugged, tmp_path: Path, engine: list[str],
                                                         capsys: pytest.CaptureFixture[str]) -> None:
    assert xbox.receiver.event
    keymap = written(tmp_path / "nec.yaml", "protocols: [{protocol: nec, keys: {0x408: KEY_1}}]")
    with open(xbox.receiver.event, "rb") as event:
        before = scancodes.read_table(event.fileno())
        assert main(["load", *engine, xbox.receiver.rc, keymap]) == 1
        assert "decodes by itself, and not nec" in (said := capsys.readouterr().err) and "its hardware decodes xbox-dvd" in said
        assert scancodes.read_table(event.fileno()) == before
    assert kernel.saved(xbox.receiver.rc) is None


def test_what_needs_pulses_says_that_there_are_none(xbox: Plugged, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["record", xbox.receiver.rc]) == 1
    assert "delivers no pulses and spaces" in capsys.readouterr().err
    assert main(["status", "--json", xbox.receiver.rc]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["raw"] is False and any("delivers scancodes" in note for note in row["notes"])


def test_one_that_only_sends(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """It has a lirc device, and no input device to make keys with; sending works."""
    before = set(discovery.names())
    keymap = written(tmp_path / "nec.yaml", "protocols: [{protocol: nec, keys: {0x408: KEY_1}}]")
    try:
        insert("rc-sender")
        (rc,) = wait_for("the sender", lambda: [one.rc for one in discovery.receivers() if one.rc not in before and Path(str(one.lirc)).exists()])
        for engine in ([], ["--engine", "bpf"]):
            assert main(["load", *engine, rc, keymap]) == 1
            assert "only sends" in capsys.readouterr().err
        assert kernel.saved(rc) is None
        assert main(["status", "--json", rc]) == 0
        assert any("only sends" in note for note in json.loads(capsys.readouterr().out)[0]["notes"])
        assert main(["send", rc, "--keymap", keymap, "KEY_1"]) == 0
    finally:
        unplug("rc-sender")
