"""Keymaps that no IRP line says, on a real receiver: a thousand raw patterns, families against ir-ctl's encoders, decoders written in C."""

from __future__ import annotations

import fcntl
import os
import random
import select
import struct
from collections.abc import Sequence
from pathlib import Path

import pytest
from evdev import InputDevice, ecodes

from irbpf.cli import main
from irbpf.receiver import Receiver
from tests.kernel.guest.conftest import ir_ctl, keys_of, transmit
from tests.support.patterns import keymap_text, thousand

SET_SEND_MODE, MODE_SCANCODE = 0x40046911, 8  # linux/lirc.h
MCIR2_KBD, MCIR2_MSE = 13, 14  # enum rc_proto


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRBPF_CACHE_DIR", "/tmp/irbpf-cache")


def send_scancode(receiver: Receiver, protocol: int, scancode: int) -> None:
    """By the kernel's own encoder (rc-ir-raw.c, ir_raw_encode_scancode)."""
    assert receiver.lirc is not None
    fd = os.open(receiver.lirc, os.O_RDWR)
    try:
        fcntl.ioctl(fd, SET_SEND_MODE, struct.pack("=I", MODE_SCANCODE))
        os.write(fd, struct.pack("=QHHIQ", 0, 0, protocol, 0, scancode))
    finally:
        os.close(fd)


def test_a_thousand_raw_patterns(loopback: Receiver, tmp_path: Path) -> None:
    patterns = thousand()
    path = tmp_path / "raw.yaml"
    path.write_text(keymap_text(patterns))
    assert main(["load", loopback.rc, str(path)]) == 0
    rng = random.Random(1)
    for name, durations in rng.sample(patterns, 12):
        with keys_of(loopback) as keys:
            transmit(loopback, [round(duration * rng.uniform(0.9, 1.1)) for duration in durations])
            events = keys.until_quiet()
        assert [code for kind, code, value in events if kind == "EV_KEY" and value == 1] == [ecodes.ecodes[name]]
    with keys_of(loopback) as keys:
        transmit(loopback, [*patterns[0][1][:-2], 3000, 560])
        assert keys.until_quiet() == []


@pytest.mark.parametrize("scancode", [0x5, 0xA])
def test_a_family_as_ir_ctl_sends_it(loopback: Receiver, tmp_path: Path, scancode: int) -> None:
    """ir-ctl's encoder for its BPF protocols, which nobody here wrote (tests/test_families.py has more)."""
    (tmp_path / "family.yaml").write_text(f"protocols: [{{protocol: pulse_distance, keys: {{{scancode:#x}: KEY_A}}}}]")
    (tmp_path / "family.toml").write_text(f'[[protocols]]\nname = "x"\nprotocol = "pulse_distance"\n[protocols.scancodes]\n{scancode:#x} = "KEY_A"\n')
    assert main(["load", loopback.rc, str(tmp_path / "family.yaml")]) == 0
    with keys_of(loopback) as keys:
        ir_ctl(loopback, "--carrier=38000", f"--keymap={tmp_path / 'family.toml'}", "--keycode=KEY_A")
        found = keys.until_quiet()
    assert [one for one in found if one[0] == "EV_KEY"] == [("EV_KEY", ecodes.KEY_A, value) for value in (1, 0)]


MCE = """
protocols:
  - decoder: mce_kbd
    number: 13
    keys: {0x000400: KEY_A, 0x000402: KEY_B, 0x002c00: KEY_SPACE, 0x01000020: BTN_LEFT, 0x01000040: BTN_RIGHT}
"""


def events_of(receiver: Receiver, frames: Sequence[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """Key and pointer events for scancodes sent by the kernel."""
    assert receiver.event is not None
    device = InputDevice(receiver.event)
    for protocol, scancode in frames:
        send_scancode(receiver, protocol, scancode)
    found = []
    while select.select([device.fd], [], [], 0.6)[0]:
        found += [(event.type, event.code, event.value) for event in device.read() if event.type in (ecodes.EV_KEY, ecodes.EV_REL)]
    device.close()
    return found


def test_the_keyboard_with_a_pointer(loopback: Receiver, tmp_path: Path) -> None:
    """As the kernel encodes it; the kernel's own decoder for it is off."""
    path = tmp_path / "mce.yaml"
    path.write_text(MCE)
    assert main(["load", loopback.rc, str(path)]) == 0
    assert events_of(loopback, [(MCIR2_KBD, 0x000400)]) == [(ecodes.EV_KEY, ecodes.KEY_A, 1), (ecodes.EV_KEY, ecodes.KEY_A, 0)]
    assert events_of(loopback, [(MCIR2_KBD, 0x000402)])[0] == (ecodes.EV_KEY, ecodes.KEY_B, 1)
    assert events_of(loopback, [(MCIR2_KBD, 0)]) == []
    x, y = 5, -7
    moved = events_of(loopback, [(MCIR2_MSE, (x & 0x7F) << 7 | (y & 0x7F) << 14)])
    assert moved == [(ecodes.EV_REL, ecodes.REL_X, x), (ecodes.EV_REL, ecodes.REL_Y, y)]
    assert events_of(loopback, [(MCIR2_MSE, 0x20)])[0] == (ecodes.EV_KEY, ecodes.BTN_LEFT, 1)
