"""Storms: receivers that come and go, floods, overflows. Nothing is lost that the kernel delivered, every down has its up, nothing stays.

Where the kernel can be given programs they run with the kernel engine, else with the userspace engine. IRBPF_TEST_LONG=1 gives each
its full length; else it is cut to what a minute allows.
"""

from __future__ import annotations

import random
import select
import subprocess
import threading
import time
from pathlib import Path

from evdev import InputDevice, ecodes

from irbpf.cli import main
from irbpf.engines import control, kernel
from tests.kernel.guest.conftest import bpf_ids, wait_for
from tests.kernel.usb.daemons import Watch, udev  # noqa: F401
from tests.kernel.usb.plug import Plugged, heard_by, plugged, pressed, scans
from tests.kernel.usb.scenes import LONG, SILENCE, keymap, loaded, nec, nothing_left, own_cache, receiver, recorded, traffic, written  # noqa: F401


def test_plug_cycles_with_traffic(udev: None) -> None:  # noqa: F811
    """`irbpf watch` sees every receiver come and go, pulled out at any moment of its life; it does not grow."""
    rng = random.Random(1)
    names = {"mceusb": "Windows Media Center", "streamzap": "Streamzap PC Remote"}
    with Watch() as watch:
        files, sizes = watch.open_files(), []
        for cycle in range(1000 if LONG else 15):
            model = rng.choice(list(names))
            with plugged(model) as one:
                fate = rng.choice(["at once", "while it loads", "in mid-frame", "after a key"])
                if fate == "while it loads":
                    wait_for("the lock", (kernel.RUN / f"{one.receiver.rc}.lock").exists)
                if fate in ("in mid-frame", "after a key"):
                    wait_for("the keymap", lambda: loaded(one.receiver) == [names[model]])
                    with heard_by(one.receiver) as keys:
                        one.begin(traffic(model), "burst")
                        if fate == "after a key":
                            one.finished()
                            assert len(pressed(keys.until_quiet(0.3))) == 1, cycle
            if cycle >= 5:
                wait_for("watch to see it go", lambda: not list(kernel.PINS.glob("*")) and watch.open_files() == files)
                sizes.append(watch.status("VmRSS"))
        assert watch.program.poll() is None
    assert sizes[-1] - sizes[0] < 1024, sizes
    print(f"{cycle + 1} cycles; watch has {files} files open, and {sizes[0]} -> {sizes[-1]} kB in memory")


def test_two_receivers_come_and_go_side_by_side() -> None:
    """Loads, presses and pulls of two receivers interleave; what belongs to one never shows on the other."""
    rng = random.Random(2)
    keys = {"mceusb": ecodes.KEY_MEDIA, "streamzap": ecodes.KEY_NUMERIC_5}
    ids, seen = bpf_ids(), 0
    there: dict[str, Plugged] = {}
    try:
        for _ in range(300 if LONG else 25):
            model = rng.choice(list(keys))
            if model not in there:
                there[model] = Plugged(model, port=list(keys).index(model))
                assert main(["load", there[model].receiver.rc]) == 0
            elif rng.random() < 0.5:
                one = there.pop(model)
                one.begin(traffic(model), "burst")
                one.pull()
                one.gone()
                kernel.clean()
            else:
                with heard_by(there[model].receiver) as device:
                    there[model].hear(traffic(model), "burst")
                    assert pressed(device.until_quiet(0.3)) == [keys[model]]
                    seen += 1
    finally:
        for one in there.values():
            one.pull()
            one.gone()
    kernel.clean()
    assert seen > 5
    wait_for("the kernel to free what was attached", lambda: bpf_ids() == ids)


NOISE = 18_000  # edges between two frames


def drained(device: InputDevice, stop: threading.Event, events: list[tuple[str, int, int]]) -> None:
    """Read the input device all the time: its queue holds few events."""
    while not stop.is_set() or select.select([device.fd], [], [], 0.5)[0]:
        if select.select([device.fd], [], [], 0.1)[0]:
            events += [(ecodes.EV[one.type], one.code, one.value) for one in device.read() if one.type in (ecodes.EV_MSC, ecodes.EV_KEY)]


def test_a_flood(receiver: Plugged, keymap: str) -> None:
    """10,000 edges a second for a minute, and among them frames: each of those counts, and nothing else does. That is in the mean: in the
    silence around a frame there are none, so there are more in the noise."""
    rng = random.Random(3)
    assert main(["load", receiver.receiver.rc, keymap]) == 0
    rounds = 40 if LONG else 4
    events: list[tuple[str, int, int]] = []
    stop = threading.Event()
    with heard_by(receiver.receiver) as keys:
        reader = threading.Thread(target=drained, args=(keys.device, stop, events))
        reader.start()
        begin = time.monotonic()
        for index in range(rounds):
            noise = [rng.choice((50, 100)) * (1 if edge % 2 == 0 else -1) for edge in range(NOISE)]
            receiver.hear([*noise[:-1], SILENCE, *nec(8 + index % 2)])
        seconds = time.monotonic() - begin
        stop.set()
        reader.join()
    served = control.call(receiver.receiver.rc, "status")
    # of what the driver tells it too fast, rc-core drops with a word; of what a reader takes too late, without one
    missed = max(0, rounds * (NOISE - 1 + len(nec(8)) - 1) - served["samples"]) if served else 0
    dropped = missed or "FIFO is full" in subprocess.run(["/usr/bin/dmesg"], capture_output=True, text=True, check=True).stdout
    expected = [0x408 + index % 2 for index in range(rounds)]
    print(f"{rounds * (NOISE + len(nec(8))) / seconds:.0f} edges a second for {seconds:.0f} s; the kernel dropped some: {bool(dropped)} (of a reader's: {missed})")
    assert dropped or scans(events) == expected
    assert set(scans(events)) <= set(expected)
    assert len(pressed(events)) == len(scans(events))


def test_overflow_after_overflow(tmp_path: Path) -> None:
    """Signals that the hardware cannot hold, and ones that it can, in turn: all of the second kind count, and nothing else."""
    keymap = written(tmp_path / "both.yaml", "protocols: [{protocol: nec, keys: {0x408: KEY_1}}, {protocol: rc5, keys: {0x1e3b: KEY_SELECT}}]")
    rounds = 100 if LONG else 15
    with plugged("igorplugusb") as one:
        assert main(["load", one.receiver.rc, keymap]) == 0
        with heard_by(one.receiver) as keys:
            events = []
            for _ in range(rounds):
                one.hear(nec(8), "burst")
                one.hear(recorded("rc5-1e3b"), "burst")
                events += keys.until_quiet(0.3)
    assert pressed(events) == [ecodes.KEY_SELECT] * rounds
    assert scans(events) == [0x1E3B] * rounds
