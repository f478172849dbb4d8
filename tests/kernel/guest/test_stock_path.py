"""A kernel as Debian, Ubuntu and openSUSE ship it, without CONFIG_BPF_LIRC_MODE2: the same command, the same keys."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from evdev import ecodes

from irbpf import engines
from irbpf.cli import main
from irbpf.engines import control, kernel
from irbpf.receiver import Receiver
from tests.conftest import ROOT
from tests.kernel.guest.conftest import Keys, ir_ctl
from tests.kernel.guest.test_userspace import KEYMAP, scan, state


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRBPF_CACHE_DIR", "/tmp/irbpf-cache")


@pytest.fixture()
def keymap(tmp_path: Path) -> str:
    path = tmp_path / "guest.yaml"
    path.write_text(KEYMAP)
    return str(path)


def status(capsys: pytest.CaptureFixture[str], rc: str) -> dict[str, object]:
    capsys.readouterr()
    assert main(["status", "--json", rc]) == 0
    return dict(json.loads(capsys.readouterr().out)[0])


def press_one(receiver: Receiver, event: object) -> list[tuple[str, int, int]]:
    keys = Keys(str(event))
    ir_ctl(receiver, "-S", "nec:0x408")
    events = keys.until_quiet()
    keys.close()
    return events


ONE = [scan(0x408), ("EV_KEY", ecodes.KEY_1, 1), ("EV_KEY", ecodes.KEY_1, 0)]


def test_load_falls_back_and_says_so(loopback: Receiver, keymap: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = state(loopback)
    assert main(["load", loopback.rc, keymap]) == 0
    assert f"{loopback.rc}: engine bpf: " in (said := capsys.readouterr().out) and "because this kernel cannot attach" in said
    found = status(capsys, loopback.rc)
    server = found["server"]
    assert isinstance(server, dict) and found["engine"] == "bpf" and found["keymaps"] == ["guest"] and found["notes"] == []
    assert press_one(loopback, server["event"]) == ONE
    assert main(["load", loopback.rc, keymap]) == 0
    assert control.call(loopback.rc, "status") and press_one(loopback, server["event"]) == ONE
    assert main(["unload", loopback.rc]) == 0
    assert state(loopback) == before and kernel.saved(loopback.rc) is None
    assert status(capsys, loopback.rc)["engine"] is None


def test_the_kernel_engine_is_refused_with_a_remedy(loopback: Receiver, keymap: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = state(loopback)
    assert main(["load", "--engine", "kernel", loopback.rc, keymap]) == 1
    assert "CONFIG_BPF_LIRC_MODE2" in capsys.readouterr().err
    assert state(loopback) == before
    assert main(["doctor"]) == 0
    assert "make bindeb-pkg" in capsys.readouterr().out


def test_python_when_asked_for_and_when_nothing_can_be_compiled(loopback: Receiver, keymap: str, capsys: pytest.CaptureFixture[str],
                                                              monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert main(["load", "--engine", "python", loopback.rc, keymap]) == 0
    server = status(capsys, loopback.rc)["server"]
    assert isinstance(server, dict) and press_one(loopback, server["event"]) == ONE
    assert main(["unload", loopback.rc]) == 0
    monkeypatch.setenv("IRBPF_CACHE_DIR", str(tmp_path / "empty"))
    monkeypatch.setattr("irbpf.compiler.PYTHON", "/bin/false")
    assert main(["load", loopback.rc, keymap]) == 0
    found = status(capsys, loopback.rc)
    server = found["server"]
    assert found["engine"] == "python" and "compiler" in str(found["why"])
    assert isinstance(server, dict) and press_one(loopback, server["event"]) == ONE
    assert main(["unload", loopback.rc]) == 0


NO_BPF = ["setpriv", "--bounding-set=-bpf,-sys_admin,-perfmon"]  # as in a container


def test_where_bpf_is_closed(loopback: Receiver, keymap: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The system call is there and refuses: the same keys come from the interpreter, and doctor says what is the matter."""
    before = state(loopback)
    for verb, code, says in (("load", 0, "engine python"), ("doctor", 0, "bpf")):
        done = subprocess.run([*NO_BPF, "/usr/bin/python3", "-m", "irbpf", verb, *([loopback.rc, keymap] if verb == "load" else [])],
                              cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == code and says in done.stdout, f"{done.stdout}\n{done.stderr}"
    assert "engine kernel: " in done.stdout and "engine bpf: " in done.stdout and "engine python: runs here" in done.stdout
    found = status(capsys, loopback.rc)
    server = found["server"]
    assert isinstance(server, dict) and found["engine"] == "python"
    assert press_one(loopback, server["event"]) == ONE
    assert main(["unload", loopback.rc]) == 0
    assert state(loopback) == before


def test_a_built_file_holds_both(loopback: Receiver, keymap: str, capsys: pytest.CaptureFixture[str], tmp_path: Path,
                                 monkeypatch: pytest.MonkeyPatch) -> None:
    made = str(tmp_path / "guest.irbpf")
    assert main(["build", keymap, "-o", made]) == 0
    monkeypatch.setattr("irbpf.compiler.PYTHON", "/bin/false")
    monkeypatch.setenv("IRBPF_CACHE_DIR", str(tmp_path / "empty"))
    assert main(["load", loopback.rc, made]) == 0
    server = status(capsys, loopback.rc)["server"]
    assert isinstance(server, dict) and press_one(loopback, server["event"]) == ONE
    assert main(["unload", loopback.rc]) == 0


def test_probing_says_what_is_missing() -> None:
    found = engines.probe()
    assert found["kernel"] is not None and found["bpf"] is None and found["python"] is None
