"""Real receiver drivers on emulated USB: what udev names, what is loaded, and recorded traces that arrive as USB reports.

It runs in the kernel with CONFIG_BPF_LIRC_MODE2, where the kernel engine is taken, and in the one without, where the userspace engine is.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from evdev import ecodes

from irbpf import discovery, library, lirc, trace
from irbpf.cli import main
from irbpf.engines import kernel
from irbpf.pulses import Kind
from tests.kernel.guest.conftest import wait_for
from tests.kernel.guest.test_traces import events, keymap
from tests.kernel.usb.daemons import udev  # noqa: F401
from tests.kernel.usb.plug import Plugged, heard_by, plugged, pressed, scans, signed, unsigned
from tests.support.traces import FOLDER, expected, groups

LONG = os.environ.get("IRBPF_TEST_LONG") == "1"
SOME = ["grundig", "jvc", "keymaps/pulse-length.yaml", "rc5x_20", "rc6_mce", "rcmm24", "xmp"]
# Hardware that counts in steps of 256 µs cannot tell the symbols of RC-MM apart, and makes 640 µs of JVC's 527 µs, pulse and space.
COARSE = ["nec", "rc5_sz", "rc6_mce", "sanyo", "sharp", "sony15"]
SHORT = ["rc5", "rc5_sz", "sony12", "sony15"]
ROOM = {"igorplugusb": 37}  # 36 durations, and the silence after them


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRBPF_CACHE_DIR", "/tmp/irbpf-cache")


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    yield
    for one in kernel.RUN.glob("rc*.json"):
        kernel.clean(one.stem)
    assert not list(kernel.PINS.glob("*"))


def signal(name: str) -> list[int]:
    return signed(trace.read(FOLDER / f"{name}.trace").samples)


@pytest.mark.parametrize(("model", "name", "driver", "rc_map", "ids", "keymap"), [
    ("mceusb", "Media Center Ed. eHome Infrared Remote Transceiver (0471:0815)", "mceusb", "rc-rc6-mce", (0x471, 0x815), "Windows Media Center"),
    ("mceusb-hauppauge", "Conexant Hybrid TV (cx231xx) MCE IR no TX (2040:b130)", "mceusb", "rc-hauppauge", (0x2040, 0xB130), "Hauppauge"),
    ("streamzap", "Streamzap PC Remote Infrared Receiver", "streamzap", "rc-streamzap", (0xE9C, 0), "Streamzap PC Remote"),
    ("igorplugusb", "IgorPlug-USB IR Receiver", "igorplugusb", "rc-hauppauge", (0x3EB, 2), "Hauppauge"),
])
def test_it_is_recognised(model: str, name: str, driver: str, rc_map: str, ids: tuple[int, int], keymap: str) -> None:
    with plugged(model) as one:
        found = one.receiver
        assert (found.name, found.driver, found.rc_map) == (name, driver, rc_map)
        assert (found.bus, found.vendor, found.product) == (ecodes.BUS_USB, *ids)
        assert found.raw
        choices, problems = library.choose(found)
        assert not problems
        assert any(choice.keymap.name.startswith(keymap) for choice in choices)


@pytest.mark.parametrize("model", ["mceusb", "streamzap"])
def test_the_driver_delivers_what_was_played(model: str) -> None:
    """The emulator tells no tales: /dev/lirc gives the signal back, as exactly as the hardware measures."""
    played = signal("rc5-1e3b")
    with plugged(model) as one, lirc.opened(str(one.receiver.lirc)) as fd:
        one.hear(played)
        heard = [sample for sample in lirc.samples(fd, 1) if sample.kind in (Kind.PULSE, Kind.SPACE)]
    first = next(index for index, sample in enumerate(heard) if sample.kind == Kind.PULSE)
    heard = heard[first:first + len(played) - 1]
    assert [sample.kind == Kind.PULSE for sample in heard] == [duration > 0 for duration in played[:-1]]
    unit = {"mceusb": 50, "streamzap": 129}[model]
    assert all(abs(sample.duration - abs(duration)) <= unit for sample, duration in zip(heard, played, strict=False)), heard


@pytest.mark.parametrize(("model", "name", "key"), [
    ("mceusb", "rc6_mce-800f040d", ecodes.KEY_MEDIA), ("mceusb-hauppauge", "rc5-1e3b", ecodes.KEY_SELECT),
    ("streamzap", "rc5_sz-28c5", ecodes.KEY_NUMERIC_5), ("igorplugusb", "rc5-1e3b", ecodes.KEY_SELECT)])
def test_plugged_in_and_pressed(model: str, name: str, key: int) -> None:
    """The keymap that fits, chosen by what the driver says of itself."""
    with plugged(model) as one:
        assert main(["load", one.receiver.rc]) == 0
        with heard_by(one.receiver) as keys:
            one.hear(signal(name))
            heard = keys.until_quiet()
        assert pressed(heard) == [key]
        assert [f"{code:#x}" for code in scans(heard)] == ["0x" + name.split("-")[1]]
        assert main(["unload", one.receiver.rc]) == 0


def presses_of(one: Plugged, group: str, room: int, folder: Path) -> None:
    """Recorded traces, one of each scancode, one after the other, give their keys in order, and nothing else."""
    path, keys = keymap(group, folder)
    assert main(["load", one.receiver.rc, path]) == 0
    played = {expected(found)[0].scancode: found for found in groups()[group] if len(found.samples) <= room}
    with heard_by(one.receiver) as device:
        for found in played.values():
            one.hear(signed(found.samples), "burst")  # repeats in time for rc-core, however slow the machine is
        heard = device.until_quiet()
    assert unsigned(heard) == events([press for found in played.values() for press in expected(found)], keys)


@pytest.mark.parametrize(("model", "traces"), [("mceusb", list(groups()) if LONG else SOME), ("streamzap", COARSE), ("igorplugusb", SHORT)])
def test_recorded_traces(model: str, traces: list[str], tmp_path: Path) -> None:
    with plugged(model) as one:
        discovery.write_protocols(one.receiver.rc, set())  # other kernel decoders stay on, and see codes in what is not theirs
        for group in traces:
            presses_of(one, group, ROOM.get(model, 1000), tmp_path)
        assert main(["unload", one.receiver.rc]) == 0


def test_a_buffer_too_short_is_an_overflow(tmp_path: Path) -> None:
    """The hardware keeps the last 36 durations of 67; the driver says OVERFLOW, and no half of a frame counts."""
    keymap = tmp_path / "both.yaml"
    keymap.write_text("protocols: [{protocol: nec, keys: {0x408: KEY_1}}, {protocol: rc5, keys: {0x1e3b: KEY_SELECT}}]")
    with plugged("igorplugusb") as one:
        assert main(["load", one.receiver.rc, str(keymap)]) == 0
        with heard_by(one.receiver) as keys, lirc.opened(str(one.receiver.lirc)) as fd:
            one.hear(signal("nec-408"))
            one.hear(signal("rc5-1e3b"))
            samples = list(lirc.samples(fd, 1))
            heard = keys.until_quiet()
        assert Kind.OVERFLOW in [sample.kind for sample in samples]
        assert pressed(heard) == [ecodes.KEY_SELECT]
        assert scans(heard) == [0x1E3B]


@pytest.mark.parametrize("model", ["mceusb", "streamzap"])
def test_pulled_out_and_plugged_in_again(model: str) -> None:
    """Pulled out while it hears a frame and a key is down: the next one of its kind starts from nothing."""
    name = {"mceusb": "rc6_mce-800f040d", "streamzap": "rc5_sz-28c5"}[model]
    for part in (1.0, 0.5, 0.1):
        one = Plugged(model)
        try:
            assert kernel.saved(one.receiver.rc) is None
            assert main(["load", one.receiver.rc]) == 0
            with heard_by(one.receiver) as keys:
                one.hear(signal(name))
                assert ("EV_KEY", 1) in [(kind, value) for kind, _, value in keys.until_quiet(0.1)]
                one.begin(signal(name)[:int(part * len(signal(name)))], "burst")
                one.pull()
                one.gone()
                wait_for("its keys to go", lambda: not Path(keys.device.path).exists())
                with pytest.raises(OSError, match="No such device"):
                    keys.device.read_one()
        finally:
            one.pull()
        assert main(["load", one.receiver.rc]) == 1
        kernel.clean(one.receiver.rc)
        assert not list(kernel.PINS.glob("*"))


def test_a_state_that_nobody_cleaned_is_not_believed() -> None:
    """The first receiver is pulled out without anybody noticing, and another takes its name."""
    with plugged("mceusb") as one:
        assert main(["load", one.receiver.rc]) == 0
    with plugged("streamzap") as other:
        assert other.receiver.rc == one.receiver.rc
        assert kernel.saved(other.receiver.rc) is None
        assert main(["load", other.receiver.rc]) == 0
        with heard_by(other.receiver) as keys:
            other.hear(signal("rc5_sz-28c5"))
            assert pressed(keys.until_quiet()) == [ecodes.KEY_NUMERIC_5]


def test_two_at_once() -> None:
    with plugged("mceusb") as one, plugged("streamzap", 1) as other:
        assert main(["load", one.receiver.rc]) == 0
        assert main(["load", other.receiver.rc]) == 0
        with heard_by(one.receiver) as first, heard_by(other.receiver) as second:
            one.begin(signal("rc6_mce-800f040d"))
            other.begin(signal("rc5_sz-28c5"))
            one.finished()
            other.finished()
            assert pressed(first.until_quiet()) == [ecodes.KEY_MEDIA]
            assert pressed(second.until_quiet()) == [ecodes.KEY_NUMERIC_5]


def test_udev_names_it(udev: None) -> None:  # noqa: F811
    """By its socket, so that two of a kind can have a keymap each."""
    with plugged("mceusb") as one, plugged("mceusb", 1) as other:
        assert discovery.settled(one.receiver.rc).path == "platform-dummy_hcd.0-usb-0:1:1.0"
        assert discovery.settled(other.receiver.rc).path == "platform-dummy_hcd.1-usb-0:1:1.0"
