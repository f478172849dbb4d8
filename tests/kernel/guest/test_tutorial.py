"""The README's tutorial, command by command: a remote that is played by ir-ctl, and one that nobody knows."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from evdev import ecodes

from irbpf.irp.render import press
from irbpf.protocols import define
from irbpf.receiver import Receiver
from tests.conftest import ROOT
from tests.kernel.guest.conftest import ir_ctl, keys_of, transmit
from tests.support.screen import Screen

REMOTE = {"KEY_POWER": "nec:0x40c", "KEY_VOLUMEUP": "nec:0x402"}


UNKNOWN = define("own", "{37k,470}<1,-1|1,-3>(9,-5,D:8,1,-7,F:8,~F:8,1,^70m)*[D:0..255,F:0..255]").irp
HIFI = {"KEY_POWER": 3, "KEY_VOLUMEUP": 12, "KEY_VOLUMEDOWN": 48, "KEY_EJECTCD": 193}


def commands(section: str) -> list[str]:
    """Those of a section."""
    section = (ROOT / "README.md").read_text().split(f"## {section}\n")[1].split("\n## ")[0]
    return [line.split("  #")[0].strip() for line in re.findall(r"^    (.*)$", section, re.MULTILINE)]


@pytest.fixture()
def env(tmp_path: Path) -> dict[str, str]:
    command = tmp_path / "bin" / "irbpf"
    command.parent.mkdir()
    command.write_text(f"#!/bin/sh\nexec env PYTHONPATH={ROOT} /usr/bin/python3 -m irbpf \"$@\"\n")
    command.chmod(0o755)
    return {**os.environ, "PATH": f"{command.parent}:{os.environ['PATH']}", "IRBPF_CACHE_DIR": "/tmp/irbpf-cache", "PYTHONUNBUFFERED": "1"}


def run(command: str, folder: Path, env: dict[str, str], play: Callable[[str], None]) -> str:
    """What it prints; keys are pressed when it listens, and what would go on for ever is interrupted."""
    with subprocess.Popen(["/bin/bash", "-c", f"exec {command}"], cwd=folder, env=env, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        shown = []
        for line in process.stdout:
            shown.append(line)
            if "recording from" in line:
                key = re.search(r"--key (\w+)", command)
                assert key
                play(key[1])
            elif "Ctrl-C ends" in line:
                play("KEY_VOLUMEUP")
            elif line.startswith("     nec") and "KEY_VOLUMEUP" in line:
                process.send_signal(signal.SIGINT)
        assert process.wait() == 0, f"{command}\n{''.join(shown)}"
    return "".join(shown)


def test_your_first_remote(loopback: Receiver, env: dict[str, str], tmp_path: Path) -> None:
    assert loopback.rc == "rc0"
    shown = {command: run(command, tmp_path, env, lambda key: ir_ctl(loopback, "-S", REMOTE[key])) for command in commands("Your first remote")}
    assert len(shown) >= 8
    assert any("KEY_VOLUMEUP down" in text for text in shown.values())
    assert any("nec 0x40c" in text for command, text in shown.items() if command.startswith("irbpf plot"))
    with keys_of(loopback) as keys:
        for key, sent in REMOTE.items():
            ir_ctl(loopback, "-S", sent)
            assert [event[1:] for event in keys.until_quiet() if event[0] == "EV_KEY"] == [(getattr(ecodes, key), 1), (getattr(ecodes, key), 0)]
    assert Path("/etc/irbpf/keymaps/tv.yaml").exists()
    listed = subprocess.run(["irbpf", "send", "rc0", "--keymap", "tv", "KEY_POWER"], env=env, check=False)
    assert listed.returncode == 0


def test_a_remote_that_nobody_knows(loopback: Receiver, env: dict[str, str], tmp_path: Path) -> None:
    def play(key: str) -> None:
        transmit(loopback, press(UNKNOWN, {"D": 77, "F": HIFI[key]}))

    shown = {}
    for command in commands("A remote that nobody knows"):
        shown[command] = learned(command, tmp_path, env, play) if command.startswith("irbpf learn rc0") else run(command, tmp_path, env, play)
    assert len(shown) >= 5
    assert any("6 of 6 traces decode to their keys" in text for text in shown.values())
    assert any("no protocol of the catalogue fits" in text for text in shown.values())
    assert "4 keys" in list(shown.values())[-1]
    with keys_of(loopback) as keys:
        play("KEY_VOLUMEUP")
        assert ("EV_KEY", ecodes.KEY_VOLUMEUP, 1) in keys.until_quiet()
    Path("/etc/irbpf/keymaps/hifi.yaml").unlink()


def learned(command: str, folder: Path, env: dict[str, str], play: Callable[[str], None]) -> str:
    """As a person does it who has three keys."""
    screen = Screen(["/bin/bash", "-c", f"exec {command}"], env, folder)
    try:
        for key in list(HIFI)[:3]:
            screen.types("key [", key)
            for number in (1, 2):
                screen.after(f"press {key} ({number} of 2)")
                play(key)
        screen.types("key [", "done")
        screen.types("install it", "y")
        screen.types("load it", "y")
        assert screen.end() == 0
        return screen.shown
    finally:
        screen.close()
