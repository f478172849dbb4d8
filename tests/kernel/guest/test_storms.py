"""Storms and faults with the kernel engine: nothing lost that the kernel delivered, every down has its up, nothing left behind.

IRBPF_TEST_LONG=1 gives each its full length; else it is cut to what a minute allows.
"""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from evdev import InputDevice, ecodes

from irbpf import bpf, discovery, lirc, scancodes, trace
from irbpf.cli import main
from irbpf.engines import kernel
from irbpf.errors import Gone
from irbpf.irp.render import press
from irbpf.protocols import catalogue
from irbpf.receiver import Receiver
from tests.kernel.guest.conftest import Keys, bpf_ids, keys_of, transmit, wait_for
from tests.kernel.usb.daemons import Watch, udev  # noqa: F401
from tests.kernel.usb.plug import Plugged, plugged, pressed, scans, signed
from tests.support.traces import FOLDER

LONG = os.environ.get("IRBPF_TEST_LONG") == "1"
SILENCE = -130_000
KEYMAP = "{name: storm, protocols: [{protocol: nec, keys: {0x408: KEY_1, 0x409: KEY_2}}]}"
OTHER = "{name: other, protocols: [{protocol: nec, keys: {0x408: KEY_3}}, {protocol: rc5, keys: {0x1e3b: KEY_SELECT}}]}"


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRBPF_CACHE_DIR", "/tmp/irbpf-cache")


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    yield
    kernel.clean()
    assert not list(kernel.PINS.glob("*"))


@pytest.fixture()
def keymap(tmp_path: Path) -> str:
    return written(tmp_path / "storm.yaml", KEYMAP)


@pytest.fixture()
def other(tmp_path: Path) -> str:
    return written(tmp_path / "other.yaml", OTHER)


@pytest.fixture()
def receiver() -> Iterator[Plugged]:
    with plugged("mceusb") as one:
        yield one


def written(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def nec(function: int, repeats: int = 0) -> list[int]:
    """A press of NEC device 4: scancode 0x400 + function, held for `repeats` repeats; with a silence after it."""
    durations = press(catalogue()["nec"].irp, {"D": 4, "F": function}, repeats)
    return [duration if index % 2 == 0 else -duration for index, duration in enumerate(durations)] + [SILENCE] * (len(durations) % 2)


def unsigned_nec(function: int) -> list[int]:
    return [abs(duration) for duration in nec(function)]


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
                    with keys_of(one.receiver) as keys:
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


def loaded(one: Receiver) -> list[str] | None:
    try:
        state = kernel.saved(one.rc)
    except Gone:
        return None
    return state.names if state else None


def traffic(model: str) -> list[int]:
    """A press of the remote that came with the receiver."""
    name, params = {"mceusb": ("rc6_mce", 0x800F040D), "streamzap": ("rc5_sz", 0x28C5)}[model]
    return recorded(f"{name}-{params:x}")


def recorded(name: str) -> list[int]:
    return signed(trace.read(FOLDER / f"{name}.trace").samples)


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
                with keys_of(there[model].receiver) as device:
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


def drained(device: InputDevice, stop: threading.Event, events: list[tuple[str, int, int]]) -> None:
    """Read the input device all the time: its queue holds few events."""
    while not stop.is_set() or select.select([device.fd], [], [], 0.5)[0]:
        if select.select([device.fd], [], [], 0.1)[0]:
            events += [(ecodes.EV[one.type], one.code, one.value) for one in device.read() if one.type in (ecodes.EV_MSC, ecodes.EV_KEY)]


def test_a_flood(receiver: Plugged, keymap: str) -> None:
    """10,000 edges a second for a minute, and among them frames: each of those counts, and nothing else does."""
    rng = random.Random(3)
    assert main(["load", receiver.receiver.rc, keymap]) == 0
    rounds = 60 if LONG else 6
    events: list[tuple[str, int, int]] = []
    stop = threading.Event()
    with keys_of(receiver.receiver) as keys:
        reader = threading.Thread(target=drained, args=(keys.device, stop, events))
        reader.start()
        begin = time.monotonic()
        for index in range(rounds):
            noise = [rng.choice((50, 100, 150)) * (1 if edge % 2 == 0 else -1) for edge in range(9000)]
            receiver.hear([*noise[:-1], SILENCE, *nec(8 + index % 2)])
        seconds = time.monotonic() - begin
        stop.set()
        reader.join()
    dropped = "FIFO is full" in subprocess.run(["/usr/bin/dmesg"], capture_output=True, text=True, check=True).stdout
    expected = [0x408 + index % 2 for index in range(rounds)]
    print(f"{rounds * 9000 / seconds:.0f} edges a second for {seconds:.0f} s; the kernel dropped some: {dropped}")
    assert dropped or scans(events) == expected
    assert set(scans(events)) <= set(expected)
    assert len(pressed(events)) == len(scans(events))


def test_overflow_after_overflow(tmp_path: Path) -> None:
    """Signals that the hardware cannot hold, and ones that it can, in turn: all of the second kind count, and nothing else."""
    keymap = written(tmp_path / "both.yaml", "protocols: [{protocol: nec, keys: {0x408: KEY_1}}, {protocol: rc5, keys: {0x1e3b: KEY_SELECT}}]")
    rounds = 100 if LONG else 15
    with plugged("igorplugusb") as one:
        assert main(["load", one.receiver.rc, keymap]) == 0
        with keys_of(one.receiver) as keys:
            events = []
            for _ in range(rounds):
                one.hear(nec(8), "burst")
                one.hear(recorded("rc5-1e3b"), "burst")
                events += keys.until_quiet(0.3)
    assert pressed(events) == [ecodes.KEY_SELECT] * rounds
    assert scans(events) == [0x1E3B] * rounds


def suspend() -> None:
    """Put the machine to sleep, its devices and drivers too, and wake it after a second (Documentation/power/basic-pm-debugging)."""
    Path("/sys/power/pm_test").write_text("devices")
    Path("/sys/module/suspend/parameters/pm_test_delay").write_text("1")
    Path("/sys/power/state").write_text("mem")


def until_down(keys: Keys) -> list[tuple[str, int, int]]:
    """The events up to the first key that goes down."""
    events: list[tuple[str, int, int]] = []
    while not any(kind == "EV_KEY" and value == 1 for kind, _, value in events):
        assert select.select([keys.device.fd], [], [], 20)[0], "no key went down"
        events += [(ecodes.EV[one.type], one.code, one.value) for one in keys.device.read() if one.type in (ecodes.EV_MSC, ecodes.EV_KEY)]
    return events


def test_suspend_and_resume(loopback: Receiver, keymap: str) -> None:
    """What is loaded stays loaded; a key that is down when the machine goes to sleep comes up."""
    assert main(["load", loopback.rc, keymap]) == 0
    with keys_of(loopback) as keys:
        suspend()
        transmit(loopback, unsigned_nec(8))
        assert pressed(keys.until_quiet()) == [ecodes.KEY_1]
        transmit(loopback, unsigned_nec(9))
        events = until_down(keys)
        suspend()
        assert pressed([*events, *keys.until_quiet()]) == [ecodes.KEY_2]
        transmit(loopback, unsigned_nec(8))
        assert pressed(keys.until_quiet()) == [ecodes.KEY_1]
    assert main(["unload", loopback.rc]) == 0


def test_a_receiver_that_loses_power_in_suspend(udev: None) -> None:  # noqa: F811
    """It comes back as a new device, and `irbpf watch` sees to it, whatever was going on."""
    with Watch() as watch, plugged("mceusb") as one:
        for _ in range(10 if LONG else 2):
            before = wait_for("the keymap", lambda: loaded_one(one.receiver))
            with keys_of(one.receiver) as keys:
                one.hear(traffic("mceusb"))
                assert pressed(keys.until_quiet(0.3)) == [ecodes.KEY_MEDIA]
                one.begin(traffic("mceusb"))
                until_down(keys)
                suspend()
            wait_for("the new device", lambda: (now := loaded_one(one.receiver)) and now != before)
        assert watch.program.poll() is None
        with keys_of(one.receiver) as keys:
            one.hear(traffic("mceusb"))
            assert pressed(keys.until_quiet()) == [ecodes.KEY_MEDIA]


def loaded_one(one: Receiver) -> int | None:
    """Which device it is that has its keymap."""
    return discovery.identity(one.rc) if loaded(one) else None


def test_killed_at_random(receiver: Plugged, keymap: str, other: str) -> None:
    """A load or an unload that dies at any moment: the next one repairs, the keys work, and unload gives back what was there."""
    rng = random.Random(4)
    rc = receiver.receiver.rc
    before, ids = shape(receiver.receiver), bpf_ids()
    for one in (keymap, other, keymap):  # compiled now, so that the last shows what a load takes
        begin = time.monotonic()
        assert main(["load", rc, one]) == 0
    whole = time.monotonic() - begin
    killed = 0
    for turn in range(200 if LONG else 30):
        arguments = rng.choice([["load", rc, keymap], ["load", rc, other], ["unload", rc]])
        killed += killed_after(rng.uniform(0, 3 * whole), arguments)
        if turn % 10 == 9:
            with keys_of(receiver.receiver) as keys:
                assert main(["load", rc, keymap]) == 0
                receiver.hear(nec(8), "burst")
                assert pressed(keys.until_quiet(0.3)) == [ecodes.KEY_1]
            assert main(["unload", rc]) == 0
            assert shape(receiver.receiver) == before
    assert killed > turn // 4
    assert not list(kernel.PINS.glob("*"))
    print(f"{killed} of {turn + 1} runs died on the way")
    wait_for("the kernel to free what was attached", lambda: bpf_ids() == ids)


def killed_after(seconds: float, arguments: list[str]) -> bool:
    """Run the command in a process of its own and kill it; whether that came before its end."""
    pid = os.fork()
    if pid == 0:
        os.close(1)
        os._exit(main(arguments))
    time.sleep(seconds)  # the moment of the kill; nothing waits for it
    os.kill(pid, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


def shape(one: Receiver) -> tuple[object, ...]:
    """All that loading changes."""
    assert one.lirc and one.event
    with lirc.opened(one.lirc) as fd, open(one.event, "rb") as event:
        return (tuple(bpf.attached(fd)), scancodes.read_table(event.fileno()), discovery.read_protocols(one.rc)[0], lirc.timeout(fd))


@pytest.mark.parametrize("new", [
    OTHER, KEYMAP, "protocols: [{protocol: nec, keys: {0x409: KEY_2}}]", "protocols: [{protocol: rc5, keys: {0x1e3b: KEY_SELECT}}]", None],
    ids=["another key", "the same", "the key is gone", "the protocol is gone", "unload"])
def test_a_keymap_is_edited_while_a_key_is_held(receiver: Plugged, keymap: str, tmp_path: Path, new: str | None) -> None:
    assert main(["load", receiver.receiver.rc, keymap]) == 0
    with keys_of(receiver.receiver) as keys:
        for _ in range(10 if LONG else 2):
            receiver.begin(nec(8, 12))
            events = until_down(keys)
            arguments = ["load", receiver.receiver.rc, written(tmp_path / "new.yaml", new)] if new else ["unload", receiver.receiver.rc]
            assert main(arguments) == 0
            receiver.finished()
            events += keys.until_quiet()
            assert pressed(events)[0] == ecodes.KEY_1
            assert set(pressed(events)) <= {ecodes.KEY_1, ecodes.KEY_3}
            assert main(["load", receiver.receiver.rc, keymap]) == 0


def test_the_clock_jumps(receiver: Plugged, keymap: str) -> None:
    """A day back and a day on, while a key is held: it goes down and up once, and lasts as long as it was held."""
    assert main(["load", receiver.receiver.rc, keymap]) == 0
    now = time.time()
    try:
        with keys_of(receiver.receiver) as keys:
            for days in (-1, 1, 400, 0):
                begin = time.monotonic()
                receiver.begin(nec(8, 8))
                events = until_down(keys)
                time.clock_settime(time.CLOCK_REALTIME, now + days * 86400)
                receiver.finished()
                events += keys.until_quiet()
                assert pressed(events) == [ecodes.KEY_1]
                assert scans(events) == [0x408] * 9
                assert time.monotonic() - begin < 10
    finally:
        time.clock_settime(time.CLOCK_REALTIME, now)
