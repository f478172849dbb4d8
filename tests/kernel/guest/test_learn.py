"""A remote is learned from a receiver by a person at a terminal, up to its keys; the remote is played by ir-ctl and by irbpf send."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from evdev import ecodes

from irbpf import keymap, trace
from irbpf.cli import main
from irbpf.irp.render import press
from irbpf.protocols import define
from irbpf.receiver import Receiver
from tests.kernel.guest.conftest import ir_ctl, keys_of, plug, transmit, unplug
from tests.support.screen import Screen

OWN = "{37k,470}<1,-1|1,-3>(9,-5,D:8,1,-7,F:8,~F:8,1,^70m)*[D:0..255,F:0..255]"  # nobody's


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRBPF_CACHE_DIR", "/tmp/irbpf-cache")


@contextmanager
def learning(receiver: Receiver, folder: Path, *more: str) -> Iterator[Screen]:
    screen = Screen(["/usr/bin/python3", "-m", "irbpf", "learn", receiver.rc, "-o", "tv.yaml", *more], os.environ, folder)
    try:
        yield screen
    finally:
        screen.close()


def pressed(screen: Screen, prompt: str, send: Callable[[], object], said: str) -> None:
    screen.after(prompt)
    send()
    screen.after(said)


def down(receiver: Receiver, send: Callable[[], object]) -> list[str]:
    """The keys that go down when something is sent."""
    with keys_of(receiver) as keys:
        send()
        return [ecodes.KEY[code] for kind, code, value in keys.until_quiet() if kind == "EV_KEY" and value == 1]


def test_a_remote_is_learned_and_works_at_once(loopback: Receiver, tmp_path: Path) -> None:
    power, volume = ("-S", "nec:0x40c"), ("-S", "nec:0x402")
    with learning(loopback, tmp_path) as person:
        person.types("key [KEY_POWER]: ", "")
        pressed(person, "press KEY_POWER (1 of 2)", lambda: ir_ctl(loopback, *power), "38.0 kHz: nec 0x40c")
        pressed(person, "press KEY_POWER (2 of 2)", lambda: transmit(loopback, [9000, 4500, 560, 560, 560, 1690, 560]), "unclear: cut")
        pressed(person, "press KEY_POWER (2 of 2)", lambda: ir_ctl(loopback, *volume), "unclear: different from the last")
        pressed(person, "press KEY_POWER (2 of 2)", lambda: main(["send", loopback.rc, "nec:0x40c", "--repeats", "2"]), "2 repeats")
        person.types("key [KEY_NUMERIC_1]: ", "skip")
        person.types("key [KEY_NUMERIC_2]: ", "volup")
        person.types("which? ", "1")
        pressed(person, "press KEY_VOLUMEUP (1 of 2)", lambda: ir_ctl(loopback, *power), "the same as KEY_POWER sends")
        pressed(person, "press KEY_VOLUMEUP (1 of 2)", lambda: ir_ctl(loopback, *volume), "nec 0x402")
        pressed(person, "press KEY_VOLUMEUP (2 of 2)", lambda: ir_ctl(loopback, *volume), "nec 0x402")
        person.types("key [KEY_NUMERIC_2]: ", "undo")
        person.after("undo: KEY_VOLUMEUP")
        person.types("key [KEY_NUMERIC_2]: ", "redo")
        person.after("redo: KEY_VOLUMEUP")
        person.types("key [KEY_NUMERIC_2]: ", "quit")
        person.after("the same command goes on")
        assert person.end() == 0
    assert not (tmp_path / "tv.yaml").exists()
    with learning(loopback, tmp_path) as person:
        person.after("going on: 3 keys")
        person.types("key [KEY_NUMERIC_2]: ", "done")
        person.after("2 keys: nec, proven by 4 presses")
        person.after("decoded interpreted and as BPF")
        person.types("install it as /etc/irbpf/keymaps/tv.yaml? [y/N] ", "y")
        person.types(f"load it on {loopback.rc} now? [y/N] ", "y")
        person.after("loaded")
        assert person.end() == 0
    assert down(loopback, lambda: ir_ctl(loopback, *power)) == ["KEY_POWER"]
    assert down(loopback, lambda: ir_ctl(loopback, *volume)) == ["KEY_VOLUMEUP"]
    fields = trace.read(tmp_path / "traces/tv/KEY_POWER-1.trace").provenance
    assert (fields["driver"], fields["carrier"], fields["resolution"], fields["key"]) == ("rc-loopback", "38000 Hz", "1 µs", "KEY_POWER")
    assert main(["verify", "tv", str(tmp_path / "traces/tv"), "--engine", "bpf"]) == 0
    Path("/etc/irbpf/keymaps/tv.yaml").unlink()


def test_a_protocol_that_nobody_knows(loopback: Receiver, tmp_path: Path) -> None:
    """Its line is made from the presses, and is a program in the kernel a moment later; unplugged half way, nothing is lost."""
    remote = {key: press(define("own", OWN).irp, {"D": 77, "F": code})
              for key, code in {"KEY_UP": 3, "KEY_DOWN": 12, "KEY_OK": 48, "KEY_MENU": 193, "KEY_EXIT": 90, "KEY_RED": 255}.items()}
    codes = iter(remote.items())

    def teach(person: Screen, receiver: Receiver, count: int) -> None:
        for _, (key, durations) in zip(range(count), codes):
            person.types("key [KEY_POWER]: ", key)
            pressed(person, f"press {key} (1 of 1)", lambda: transmit(receiver, durations), "no protocol of the catalogue")  # noqa: B023
            person.after(f"{key}: 1 presses")

    with learning(loopback, tmp_path, "--presses", "1") as person:
        teach(person, loopback, 3)
        person.types("key [KEY_POWER]: ", "exit")
        person.after("press KEY_EXIT")
        unplug()
        person.after("the receiver is gone; 3 keys are kept")
        assert person.end() == 1
    receiver = plug()
    with learning(receiver, tmp_path, "--presses", "1") as person:
        person.after("going on: 3 keys")
        teach(person, receiver, 3)
        person.types("key [KEY_POWER]: ", "done")
        person.after("(a line of our own), proven by 6 presses")
        person.after("decoded interpreted and as BPF")
        person.types("install it as", "y")
        person.types("load it on", "y")
        assert person.end() == 0
    for key, durations in remote.items():
        assert down(receiver, lambda: transmit(receiver, durations)) == [key]  # noqa: B023
    assert sorted(keymap.load(tmp_path / "tv.yaml").keys.values()) == sorted(remote)
    Path("/etc/irbpf/keymaps/tv.yaml").unlink()
