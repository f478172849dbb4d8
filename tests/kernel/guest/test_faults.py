"""Faults: suspend, kill -9 at random, no uinput, edits of a key that is held, clock jumps. Every down has its up, and all is put back.

Where the kernel can be given programs they run with the kernel engine, else with the userspace engine. IRBPF_TEST_LONG=1 gives each
its full length; else it is cut to what a minute allows.
"""

from __future__ import annotations

import os
import random
import signal
import stat
import time
from pathlib import Path

import pytest
from evdev import ecodes

from irbpf import discovery, uinput
from irbpf.cli import main
from irbpf.engines import control, kernel
from irbpf.errors import Gone
from irbpf.receiver import Receiver
from tests.kernel.guest.conftest import bpf_ids, transmit, wait_for
from tests.kernel.usb.daemons import Watch, udev  # noqa: F401
from tests.kernel.usb.plug import Plugged, heard_by, plugged, pressed, scans
from tests.kernel.usb.scenes import (  # noqa: F401
    KEYMAP, LONG, OTHER, as_before, keymap, loaded, nec, nothing_left, other, own_cache, receiver, shape, traffic, until_down, written)


def suspend() -> None:
    """Put the machine to sleep, its devices and drivers too, and wake it after a second (Documentation/power/basic-pm-debugging)."""
    Path("/sys/power/pm_test").write_text("devices")
    Path("/sys/module/suspend/parameters/pm_test_delay").write_text("1")
    Path("/sys/power/state").write_text("mem")


def test_suspend_and_resume(loopback: Receiver, keymap: str) -> None:
    """What is loaded stays loaded; a key that is down when the machine goes to sleep comes up."""
    assert main(["load", loopback.rc, keymap]) == 0
    with heard_by(loopback) as keys:
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


def unsigned_nec(function: int) -> list[int]:
    return [abs(duration) for duration in nec(function)]


def test_a_receiver_that_loses_power_in_suspend(udev: None) -> None:  # noqa: F811
    """It comes back as a new device, and `irbpf watch` sees to it, whatever was going on."""
    with Watch() as watch, plugged("mceusb") as one:
        for _ in range(10 if LONG else 2):
            before = wait_for("the keymap", lambda: loaded_one(one.receiver))
            with heard_by(one.receiver) as keys:
                one.hear(traffic("mceusb"))
                assert pressed(keys.until_quiet(0.3)) == [ecodes.KEY_MEDIA]
                one.begin(traffic("mceusb"))
                until_down(keys)
                suspend()
            wait_for("the new device", lambda: (now := loaded_one(one.receiver)) and now != before)
        assert watch.program.poll() is None
        with heard_by(one.receiver) as keys:
            one.hear(traffic("mceusb"))
            assert pressed(keys.until_quiet()) == [ecodes.KEY_MEDIA]


def loaded_one(one: Receiver) -> int | None:
    """Which device it is that has its keymap; it may go at any moment."""
    try:
        return discovery.identity(one.rc) if loaded(one) else None
    except Gone:
        return None


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
            assert main(["load", rc, keymap]) == 0
            with heard_by(receiver.receiver) as keys:
                receiver.hear(nec(8), "burst")
                assert pressed(keys.until_quiet(0.3)) == [ecodes.KEY_1]
            assert main(["unload", rc]) == 0
            as_before(receiver.receiver, before)
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


def test_the_server_is_killed_at_random(receiver: Plugged, keymap: str) -> None:
    """kill -9 of the userspace engine, also while a key is down: its device goes, and the next load serves again and repairs."""
    rc, rng = receiver.receiver.rc, random.Random(5)
    before, ids = shape(receiver.receiver), bpf_ids()
    for turn in range(200 if LONG else 15):
        assert main(["load", "--engine", "bpf", rc, keymap]) == 0
        with heard_by(receiver.receiver) as keys:
            receiver.begin(nec(8, 3))
            if turn % 3 == 0:
                until_down(keys)
            else:
                time.sleep(rng.uniform(0, 0.5))  # the moment of the kill
            served = control.call(rc, "status")
            assert served
            os.kill(served["pid"], signal.SIGKILL)
            os.waitpid(served["pid"], 0)
            assert not Path(keys.device.path).exists()
            receiver.finished()
        if turn % 5 == 4:
            assert main(["load", "--engine", "bpf", rc, keymap]) == 0
            assert main(["unload", rc]) == 0
            as_before(receiver.receiver, before)
    assert not control.path(rc).exists()
    wait_for("the kernel to free what was loaded", lambda: bpf_ids() == ids)


@pytest.mark.parametrize("fault", ["missing", "refused"])
def test_no_uinput(receiver: Plugged, keymap: str, fault: str, capfd: pytest.CaptureFixture[str]) -> None:
    """The userspace engine says what to do, and the receiver is as it was."""
    rc = receiver.receiver.rc
    before = shape(receiver.receiver)
    node = Path(uinput.PATH)
    device = node.stat().st_rdev
    node.unlink()
    try:
        if fault == "refused":
            os.mknod(node, 0o600 | stat.S_IFCHR, os.makedev(10, 254))  # nobody is behind it
        capfd.readouterr()
        assert main(["load", "--engine", "bpf", rc, keymap]) == 1
        assert "uinput" in (said := capfd.readouterr().err)
        assert "Traceback" not in said
    finally:
        node.unlink(missing_ok=True)
        os.mknod(node, 0o600 | stat.S_IFCHR, device)
    as_before(receiver.receiver, before)
    assert main(["load", "--engine", "bpf", rc, keymap]) == 0
    assert main(["unload", rc]) == 0


@pytest.mark.parametrize("new", [
    OTHER, KEYMAP, "protocols: [{protocol: nec, keys: {0x409: KEY_2}}]", "protocols: [{protocol: rc5, keys: {0x1e3b: KEY_2}}]", None],
    ids=["another key", "the same", "the key is gone", "the protocol is gone", "unload"])
def test_a_keymap_is_edited_while_a_key_is_held(receiver: Plugged, keymap: str, tmp_path: Path, new: str | None) -> None:
    rc = receiver.receiver.rc
    for _ in range(10 if LONG else 2):
        assert main(["load", rc, keymap]) == 0
        with heard_by(receiver.receiver) as keys:
            receiver.begin(nec(8, 12))
            events = until_down(keys)
            assert main(["load", rc, written(tmp_path / "new.yaml", new)] if new else ["unload", rc]) == 0
            receiver.finished()
            if Path(keys.device.path).exists():
                events += keys.until_quiet()
            else:  # the userspace engine's device goes with its keymap, and the input core releases what is down
                events.append(("EV_KEY", ecodes.KEY_1, 0))
            assert pressed(events)[0] == ecodes.KEY_1
            assert set(pressed(events)) <= {ecodes.KEY_1, ecodes.KEY_3}


def test_the_clock_jumps(receiver: Plugged, keymap: str) -> None:
    """A day back and a day on, while a key is held: it goes down and up once, and lasts as long as it was held."""
    assert main(["load", receiver.receiver.rc, keymap]) == 0
    now = time.time()
    try:
        with heard_by(receiver.receiver) as keys:
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
