"""Compiled once, loaded anywhere: without bcc, without kernel headers, from the cache or from what `irbpf build` made elsewhere."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from evdev import ecodes

from irbpf import compiler
from irbpf.cli import main
from irbpf.receiver import Receiver
from tests.kernel.guest.conftest import ir_ctl, keys_of

KEYMAP = "protocols: [{protocol: nec, keys: {0x408: KEY_1}}, {raw: {KEY_RED: '+3000 -1000 +500 -1500 +500 -500 +500'}}]"
HIDDEN = "libbcc", "libLLVM", "libclang"


@pytest.fixture()
def keymap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("IRBPF_CACHE_DIR", str(tmp_path / "cache"))
    path = tmp_path / "guest.yaml"
    path.write_text(KEYMAP)
    return str(path)


@pytest.fixture()
def without_bcc(tmp_path: Path) -> Iterator[None]:
    """A machine on which nobody installed it: an empty folder lies over it."""
    (tmp_path / "empty").mkdir()
    subprocess.run(["/bin/busybox", "mount", "--bind", tmp_path / "empty", compiler.BCC], check=True)
    yield
    subprocess.run(["/bin/busybox", "umount", compiler.BCC], check=True)


def by_kernel(capsys: pytest.CaptureFixture[str], *arguments: str) -> None:
    """A load by which nothing stays running: without a compiler it might be done by a process instead."""
    capsys.readouterr()
    assert main(["load", *arguments]) == 0
    assert "engine kernel" in capsys.readouterr().out


def pressed(receiver: Receiver) -> bool:
    with keys_of(receiver) as keys:
        ir_ctl(receiver, "-S", "nec:0x408")
        return ("EV_KEY", ecodes.KEY_1, 1) in keys.until_quiet()


def mapped() -> str:
    return Path("/proc/self/maps").read_text()


def test_no_kernel_headers_are_needed(loopback: Receiver, keymap: str) -> None:
    release = subprocess.run(["uname", "-r"], capture_output=True, text=True, check=True).stdout.strip()
    assert not Path("/lib/modules", release).exists()
    assert not Path("/sys/kernel/kheaders.tar.xz").exists()
    assert main(["load", loopback.rc, keymap]) == 0
    assert pressed(loopback)
    assert not [name for name in HIDDEN if name in mapped()], "the compiler is in this process"


def test_what_was_built_elsewhere(loopback: Receiver, keymap: str, tmp_path: Path, request: pytest.FixtureRequest,
                                  capsys: pytest.CaptureFixture[str]) -> None:
    made = tmp_path / "made.irbpf"
    assert main(["build", keymap, "-o", str(made)]) == 0
    subprocess.run(["rm", "-r", tmp_path / "cache"], check=True)
    request.getfixturevalue("without_bcc")
    by_kernel(capsys, loopback.rc, str(made))
    assert pressed(loopback)


def test_a_warm_cache_is_enough(loopback: Receiver, keymap: str, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["load", loopback.rc, keymap]) == 0
    assert main(["unload", loopback.rc]) == 0
    request.getfixturevalue("without_bcc")
    by_kernel(capsys, loopback.rc, keymap)
    assert pressed(loopback)


def test_with_neither_the_remedy_is_named(loopback: Receiver, keymap: str, without_bcc: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["load", loopback.rc, "--engine", "kernel", keymap]) == 1
    assert "python3-bpfcc" in capsys.readouterr().err
    assert not pressed(loopback)


def test_a_damaged_object_is_not_loaded(loopback: Receiver, keymap: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = tmp_path / "made.irbpf"
    assert main(["build", keymap, "-o", str(made)]) == 0
    data = bytearray(made.read_bytes())
    for place in (0, 20, len(data) // 2, len(data) - 1):
        data[place] ^= 1
        made.write_bytes(data)
        assert main(["load", loopback.rc, str(made)]) == 1
        assert "made.irbpf" in capsys.readouterr().err
        data[place] ^= 1
    assert not pressed(loopback)


def test_a_cache_that_was_tampered_with_is_compiled_anew(loopback: Receiver, keymap: str, tmp_path: Path) -> None:
    assert main(["load", loopback.rc, keymap]) == 0
    for path in (tmp_path / "cache").glob("*.irbpf"):
        path.write_bytes(path.read_bytes()[:-7])
    assert main(["load", loopback.rc, keymap]) == 0
    assert pressed(loopback)
