"""Protocols of one keymap that read the same signal: one press, whichever engine decodes."""

from __future__ import annotations

from pathlib import Path

import pytest
from evdev import ecodes

from irbpf import bpf, lirc
from irbpf.cli import main
from irbpf.irp.render import press
from irbpf.protocols import catalogue
from irbpf.receiver import Receiver
from tests.kernel.guest.conftest import ir_ctl, keys_of, sends, transmit

KEYMAP = """
name: overlap
protocols:
  - protocol: NEC-f16
    keys: {0xf70804: KEY_1}
  - protocol: nec
    keys: {0x408: KEY_2}
  - protocol: rc5
    keys: {0x1e3b: KEY_SELECT}
"""
ALONE = KEYMAP.replace("  - protocol: nec\n    keys: {0x408: KEY_2}\n", "")


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRBPF_CACHE_DIR", "/tmp/irbpf-cache")


def heard(receiver: Receiver, text: str, folder: Path, signals: list[str]) -> list[list[tuple[str, int, int]]]:
    path = folder / "overlap.yaml"
    path.write_text(text)
    assert main(["load", receiver.rc, str(path)]) == 0
    found = []
    with keys_of(receiver) as keys:
        for signal in signals:
            ir_ctl(receiver, "-S", signal)
            found.append([event for event in keys.until_quiet() if event[0] == "EV_MSC"])
    assert main(["unload", receiver.rc]) == 0
    return found


def test_one_of_two_that_read_a_frame_is_heard(loopback: Receiver, tmp_path: Path) -> None:
    signals = ["nec:0x408", "rc5:0x1e3b", "nec:0x409"]
    ours = heard(loopback, KEYMAP, tmp_path, signals)
    assert ours == [[("EV_MSC", ecodes.MSC_SCAN, code)] for code in (0x408, 0x1E3B, 0x409)]
    others = heard(loopback, ALONE, tmp_path, signals)
    assert [len(one) for one in others] == [1, 1, 1] and others[0] != ours[0]  # NEC-f16 reads them too


def test_a_key_comes_with_its_last_edge(loopback: Receiver, tmp_path: Path) -> None:
    """Where the keymap says that no longer frame is sent here, it is not waited for: the beginning of one is a key. A held key is one press."""
    waits = "protocols: [{protocol: sony12, keys: {0x10015: KEY_POWER}}]"
    hurries = waits.replace("keys", "alone: true, keys")
    assert heard(loopback, waits, tmp_path, ["sony15:0x10015", "sony12:0x10015"]) == [[], [("EV_MSC", ecodes.MSC_SCAN, 0x10015)]]
    assert heard(loopback, hurries, tmp_path, ["sony15:0x10015"]) == [[("EV_MSC", ecodes.MSC_SCAN, 0x10015)]]
    (tmp_path / "overlap.yaml").write_text(hurries.replace("}]", "}, {protocol: necx, alone: true, keys: {0x866b45: KEY_POWER}}]"))
    assert main(["load", loopback.rc, str(tmp_path / "overlap.yaml")]) == 0
    with keys_of(loopback) as keys:
        for name, params in (("sony12", {"D": 1, "F": 0x15}), ("necx", {"D": 0x86, "S": 0x6B, "F": 0x45, "L": 1})):
            sends(press(catalogue()[name].irp, params, 4))(loopback)
            changes = [event for event in keys.until_quiet() if event[0] == "EV_KEY" and event[2] != 2]  # 2: the input core's autorepeat
            assert changes == [("EV_KEY", ecodes.KEY_POWER, value) for value in (1, 0)]


def test_a_shorter_frame_is_not_heard_inside_of_a_longer_one(loopback: Receiver, tmp_path: Path) -> None:
    """The first part of Pioneer-2Part is a frame of NEC, which is kept back until it is clear that the second does not come."""
    (tmp_path / "overlap.yaml").write_text("protocols: [{protocol: nec, keys: {0x102: KEY_1}}, "
                                           "{protocol: Pioneer-2Part, keys: {0x1020408: KEY_2}}]")
    assert main(["load", loopback.rc, str(tmp_path / "overlap.yaml")]) == 0
    known = catalogue()
    whole = press(known["Pioneer-2Part"].irp, {"D0": 1, "F0": 2, "D": 4, "F": 8}, 0)
    half = press(known["nec"].irp, {"D": 1, "F": 2}, 0)
    with keys_of(loopback) as keys:
        for durations, scans in ((half, [0x102]),
                                 ([*half[:-1], 40_000, 9000, 2250, 560, 50_000], [0x102, 0x102]),  # it waits no longer than what comes next tells
                                 (whole, [0x1020408])):
            transmit(loopback, durations)  # at once: rc-loopback says a timeout after each
            assert [code for kind, _, code in keys.until_quiet() if kind == "EV_MSC"] == scans
    assert main(["unload", loopback.rc]) == 0


def test_every_program_is_attached(loopback: Receiver, tmp_path: Path) -> None:
    path = tmp_path / "overlap.yaml"
    path.write_text(KEYMAP)
    assert loopback.lirc and main(["load", loopback.rc, str(path)]) == 0
    with lirc.opened(loopback.lirc) as fd:
        assert len(bpf.attached(fd)) == 3
