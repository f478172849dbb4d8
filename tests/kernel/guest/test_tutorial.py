"""The README's "Your first remote", command by command, with a remote that is played by ir-ctl."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
from evdev import ecodes

from irbpf.receiver import Receiver
from tests.conftest import ROOT
from tests.kernel.guest.conftest import ir_ctl, keys_of

REMOTE = {"KEY_POWER": "nec:0x40c", "KEY_VOLUMEUP": "nec:0x402"}


def commands() -> list[str]:
    """Those of the section."""
    section = (ROOT / "README.md").read_text().split("## Your first remote\n")[1].split("\n## ")[0]
    return [line.split("  #")[0].strip() for line in re.findall(r"^    (.*)$", section, re.MULTILINE)]


@pytest.fixture()
def env(tmp_path: Path) -> dict[str, str]:
    command = tmp_path / "bin" / "irbpf"
    command.parent.mkdir()
    command.write_text(f"#!/bin/sh\nexec env PYTHONPATH={ROOT} /usr/bin/python3 -m irbpf \"$@\"\n")
    command.chmod(0o755)
    return {**os.environ, "PATH": f"{command.parent}:{os.environ['PATH']}", "IRBPF_CACHE_DIR": "/tmp/irbpf-cache", "PYTHONUNBUFFERED": "1"}


def run(command: str, folder: Path, env: dict[str, str], receiver: Receiver) -> str:
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
                ir_ctl(receiver, "-S", REMOTE[key[1]])
            elif "Ctrl-C ends" in line:
                ir_ctl(receiver, "-S", REMOTE["KEY_VOLUMEUP"])
            elif line.startswith("     nec") and "KEY_VOLUMEUP" in line:
                process.send_signal(signal.SIGINT)
        assert process.wait() == 0, f"{command}\n{''.join(shown)}"
    return "".join(shown)


def test_your_first_remote(loopback: Receiver, env: dict[str, str], tmp_path: Path) -> None:
    assert loopback.rc == "rc0"
    shown = {command: run(command, tmp_path, env, loopback) for command in commands()}
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
