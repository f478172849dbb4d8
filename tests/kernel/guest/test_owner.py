"""Recording from a receiver, and sending over rc-loopback into our own decoders and the kernel's."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from evdev import ecodes

from irbpf import discovery, lirc, scancodes, trace
from irbpf.cli import main
from irbpf.irp.render import press
from irbpf.protocols import catalogue
from irbpf.pulses import from_durations
from irbpf.receiver import Receiver
from irbpf.signals import split
from tests.conftest import ROOT
from tests.kernel.guest.conftest import ir_ctl, keys_of, unplug
from tests.support.screen import Screen
from tests.kernel.usb.plug import plugged, signed

KEYMAP = """
name: guest
protocols:
  - protocol: nec
    keys: {0x408: KEY_1, 0x409: KEY_2}
  - protocol: rc5
    keys: {0x1e3b: KEY_SELECT}
  - raw: {KEY_RED: "+2000 -3000 +700 -900 +700 -900 +700"}
"""


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRBPF_CACHE_DIR", "/tmp/irbpf-cache")


@pytest.fixture()
def keymap(tmp_path: Path) -> str:
    path = tmp_path / "guest.yaml"
    path.write_text(KEYMAP)
    return str(path)


@contextmanager
def recording(receiver: Receiver, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command, once it listens."""
    with subprocess.Popen(["/usr/bin/python3", "-m", "irbpf", "record", receiver.rc, *arguments], cwd=ROOT, text=True,
                          stderr=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONUNBUFFERED": "1"}) as process:
        assert process.stderr is not None
        assert "recording from" in process.stderr.readline()
        yield process


def test_record_says_where_a_signal_comes_from(loopback: Receiver, tmp_path: Path) -> None:
    out = tmp_path / "x.trace"
    with recording(loopback, "-o", str(out), "--count", "1", "--key", "KEY_1") as process:
        assert main(["send", loopback.rc, "nec:0x408", "--repeats", "2", "--carrier", "40k"]) == 0
        assert process.stderr is not None
        line = process.stderr.readline()
        assert process.wait() == 0
    assert "nec 0x408" in line
    assert "2 repeats" in line
    recorded = trace.read(out)
    assert recorded.provenance["receiver"] == loopback.name
    assert recorded.provenance["driver"] == "rc-loopback"
    assert recorded.provenance["resolution"] == "1 µs"
    assert recorded.provenance["carrier"] == "40000 Hz"
    assert recorded.provenance["key"] == "KEY_1"
    assert recorded.provenance["recorded"].endswith("UTC")
    assert recorded.samples[0].duration == 9024


def test_ctrl_c_and_unplugging_keep_what_was_recorded(loopback: Receiver, tmp_path: Path) -> None:
    for end in ("Ctrl-C", "unplug"):
        out = tmp_path / f"{end}.trace"
        with recording(loopback, "-o", str(out), "--no-carrier") as process:
            assert process.stderr is not None
            for number in (1, 2):
                ir_ctl(loopback, "-S", "rc5:0x1e3b")
                assert process.stderr.readline().startswith(f"  {number}:")
            if end == "unplug":
                unplug()
            else:
                process.send_signal(signal.SIGINT)
            assert process.wait() == (1 if end == "unplug" else 0)
            assert ("gone; 2 signals were kept" in process.stderr.read()) == (end == "unplug")
        recorded = trace.read(out)
        assert len(list(split(recorded.samples))) == 2
        assert "carrier" not in recorded.provenance


def test_seconds_end_a_recording_in_which_nothing_came(loopback: Receiver, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["record", loopback.rc, "--seconds", "0.3"]) == 1
    assert "nothing was heard" in capsys.readouterr().err


def test_a_short_timeout_does_not_cut_a_held_key(loopback: Receiver, tmp_path: Path) -> None:
    """As while programs with short frames are loaded: the timeout and the gap after it are one space of the signal."""
    assert loopback.lirc
    with lirc.opened(loopback.lirc) as fd:
        assert lirc.set_timeout(fd, 20_000) == 20_000
    out = tmp_path / "x.trace"
    with recording(loopback, "-o", str(out), "--count", "1", "--no-carrier") as process:
        assert main(["send", loopback.rc, "nec:0x408", "--repeats", "4"]) == 0
        assert process.wait() == 0
    (one,) = split(trace.read(out).samples)
    assert len([sample for sample in one.samples if sample.duration > 8000 and sample.kind == sample.kind.PULSE]) == 5
    with lirc.opened(loopback.lirc) as fd:
        assert lirc.timeout(fd) == 20_000


def test_our_decoders_hear_what_is_sent(loopback: Receiver, keymap: str) -> None:
    assert main(["load", loopback.rc, keymap]) == 0
    with keys_of(loopback) as keys:
        assert main(["send", loopback.rc, "--keymap", keymap, "KEY_1", "KEY_SELECT", "KEY_RED"]) == 0
        events = [event for event in keys.until_quiet() if event[0] == "EV_KEY"]
    assert events == [("EV_KEY", getattr(ecodes, key), value) for key in ("KEY_1", "KEY_SELECT", "KEY_RED") for value in (1, 0)]


def test_a_long_hold_is_one_press(loopback: Receiver, keymap: str) -> None:
    """Longer than one write can be: the frames go out one after the other, with their gaps, and the key stays down."""
    assert main(["load", loopback.rc, keymap]) == 0
    with keys_of(loopback) as keys:
        assert main(["send", loopback.rc, "nec:0x408", "--hold", "1.5"]) == 0
        events = keys.until_quiet()
        assert [event for event in events if event[0] == "EV_KEY" and event[2] != 2] == [("EV_KEY", ecodes.KEY_1, 1), ("EV_KEY", ecodes.KEY_1, 0)]
        assert len([event for event in events if event[0] == "EV_MSC"]) == 14
        assert main(["send", loopback.rc, "--keymap", keymap, "KEY_SELECT", "KEY_SELECT"]) == 0
        assert [event[2] for event in keys.until_quiet() if event[0] == "EV_KEY"] == [1, 0, 1, 0]


@pytest.mark.parametrize(("protocol", "scancode"), [("nec", 0x408), ("rc-5", 0x1E3B), ("rc-6", 0x800F040D), ("sony", 0x10015), ("jvc", 0x317),
                                                     ("sanyo", 0x1C1E55), ("sharp", 0x114A)])
def test_the_kernels_decoders_hear_what_is_sent(loopback: Receiver, protocol: str, scancode: int) -> None:
    ours = {"rc-5": "rc5", "rc-6": "rc6_mce", "sony": "sony12"}.get(protocol, protocol)
    assert loopback.event
    with open(loopback.event, "rb") as event:
        scancodes.write_table(event.fileno(), {scancode: ecodes.KEY_7})
    discovery.write_protocols(loopback.rc, {protocol})
    with keys_of(loopback) as keys:
        assert main(["send", loopback.rc, f"{ours}:{scancode:#x}"]) == 0
        assert [event for event in keys.until_quiet() if event[0] == "EV_KEY"] == [("EV_KEY", ecodes.KEY_7, 1), ("EV_KEY", ecodes.KEY_7, 0)]


def test_transmitters(loopback: Receiver, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """rc-loopback has two, of which its receiver hears the first."""
    assert main(["send", loopback.rc, "nec:0x408", "--transmitters", "3"]) == 1
    assert "has 2 transmitters" in capsys.readouterr().err
    with recording(loopback, "--count", "1", "--no-carrier") as process:
        assert main(["send", loopback.rc, "nec:0x401", "--transmitters", "2"]) == 0
        assert main(["send", loopback.rc, "nec:0x408", "--transmitters", "1", "--duty-cycle", "25"]) == 0
        assert process.stderr is not None
        assert "nec 0x408" in process.stderr.readline()


def test_what_was_recorded_is_sent_again(loopback: Receiver, keymap: str, tmp_path: Path) -> None:
    assert main(["load", loopback.rc, keymap]) == 0
    out = tmp_path / "x.trace"
    with recording(loopback, "-o", str(out), "--count", "1") as process:
        ir_ctl(loopback, "-S", "nec:0x409")
        assert process.wait() == 0
    with keys_of(loopback) as keys:
        assert main(["send", loopback.rc, str(out)]) == 0
        assert ("EV_KEY", ecodes.KEY_2, 1) in keys.until_quiet()


@pytest.mark.parametrize("engine", ["kernel", "python"])
def test_the_live_view_in_plain_lines(loopback: Receiver, keymap: str, engine: str) -> None:
    """What is heard, what it is read as, and what the input device says, while an engine runs."""
    assert main(["load", loopback.rc, keymap, "--engine", engine]) == 0
    with subprocess.Popen(["/usr/bin/python3", "-m", "irbpf", "test", loopback.rc, "--keymap", keymap, "--count", "3"], cwd=ROOT, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert f"keymaps loaded: guest (engine {engine})" in process.stdout.readline()
        ir_ctl(loopback, "-S", "nec:0x408")
        first = [process.stdout.readline() for _ in range(5)]
        assert main(["send", loopback.rc, "nec:0x409", "--repeats", "4"]) == 0
        ir_ctl(loopback, "-S", "rc5:0x0001")
        rest, errors = process.communicate()
        assert process.returncode == 0, errors
    assert [line for line in first if "input device" in line] == [f"  input device: {said}\n" for said in ("scan 0x408", "KEY_1 down", "KEY_1 up")]
    assert "nec 0x408 (D=4 F=8) KEY_1" in "".join(first)
    assert "4 repeats" in rest
    assert "KEY_2 down" in rest
    assert "rc5 0x1 (" in rest
    assert main(["unload", loopback.rc]) == 0


def test_the_live_view_on_a_terminal(loopback: Receiver, keymap: str) -> None:
    """By rich, in a pseudo-terminal."""
    pytest.importorskip("rich")
    assert main(["load", loopback.rc, keymap]) == 0
    screen = Screen(["/usr/bin/python3", "-m", "irbpf", "test", loopback.rc])
    try:
        screen.until("keymaps loaded: guest")
        assert main(["send", loopback.rc, "nec:0x408"]) == 0
        screen.until("KEY_1 down, KEY_1 up")
        screen.until("nec 0x408 (D=4 F=8)")
        screen.until("1 signals, 1 frames read, 0 unknown")
        unplug()
        assert screen.end() == 1
    finally:
        screen.close()


@pytest.mark.parametrize(("model", "driver", "resolution"), [("mceusb", "mceusb", "50 µs"), ("streamzap", "streamzap", None)])
def test_record_from_real_drivers(model: str, driver: str, resolution: str | None, tmp_path: Path) -> None:
    """A held key over emulated USB: what the driver delivers is one signal, and is read as what was played."""
    held = [*press(catalogue()["rc5"].irp, {"D": 30, "F": 59, "T": 0}, 2)]
    with plugged(model) as one:
        with recording(one.receiver, "-o", str(tmp_path / "x.trace"), "--count", "1") as process:
            one.hear(signed(from_durations(held)))
            assert process.stderr is not None
            line = process.stderr.readline()
            assert process.wait() == 0
        assert "rc5 0x1e3b (" in line
        assert "2 repeats" in line
        fields = trace.read(tmp_path / "x.trace").provenance
        assert (fields["receiver"], fields["driver"]) == (one.receiver.name, driver)
        if resolution is not None:
            assert fields["resolution"] == resolution
