"""irbpf watch with a real udevd and no systemd: plug, unplug, replug, receivers that were there before, and what it costs to have it."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from evdev import ecodes

from irbpf import discovery
from irbpf.engines import kernel
from tests.conftest import ROOT
from tests.kernel.guest.conftest import DEADLINE, bpf_ids, ir_ctl, keys_of, plug, unplug, wait_for
from tests.kernel.guest.steps import leftovers

MOST_KB = 25_000
HOLDS = "from irbpf.engines import holding; holding.DRIVERS = frozenset({'rc-loopback'}); from irbpf.cli import main; main(['watch'])"


@pytest.fixture(scope="module", autouse=True)
def udevd() -> Iterator[None]:
    """Debian's udevd and rules; ours is not installed, so nothing but `watch` loads anything."""
    subprocess.run(["/lib/systemd/systemd-udevd", "--daemon"], check=True)
    subprocess.run(["udevadm", "trigger", "--action=add", "--settle"], check=True)
    yield
    subprocess.run(["udevadm", "control", "--exit"], check=True)


@pytest.fixture(autouse=True)
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keymaps for the two ports, and for receivers with the empty table."""
    folder = tmp_path / "etc"
    (folder / "keymaps").mkdir(parents=True)
    (folder / "receivers.yaml").write_text("- {receiver: {path: platform-ir-port.1}, keymaps: [left]}\n"
                                           "- {receiver: {path: platform-ir-port.2}, keymaps: [right]}\n")
    for name, key, more in (("left", "KEY_LEFT", ""), ("right", "KEY_RIGHT", ""), ("empty", "KEY_1", "receivers: [{rc_map: rc-empty}]")):
        (folder / "keymaps" / f"{name}.yaml").write_text(f"{more}\nprotocols: [{{protocol: nec, keys: {{0x408: {key}}}}}]\n")
    monkeypatch.setenv("IRBPF_ETC", str(folder))
    monkeypatch.setenv("IRBPF_CACHE_DIR", "/tmp/irbpf-cache")
    return folder


@pytest.fixture(autouse=True)
def _nothing_stays() -> Iterator[None]:
    yield
    for module in ("rc-loopback", "rc-port1", "rc-port2"):
        unplug(module)
    kernel.clean()
    assert leftovers(kernel.PINS, kernel.RUN) == []


class Watching:
    """A running `irbpf watch` and what it says."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        self.process, self.said = process, b""
        self.out = process.stdout.fileno()

    def until(self, pattern: str) -> str:
        """Wait for a line that it has not said before."""
        while (found := re.search(rf"^.*{pattern}.*\n", self.said.decode(), re.MULTILINE)) is None:
            assert select.select([self.out], [], [], DEADLINE)[0], f"waited for {pattern} after {self.said!r}"
            more = os.read(self.out, 4096)
            assert more, f"it ended: {self.said!r}"
            self.said += more
        self.said = self.said.decode()[found.end():].encode()
        return found[0].strip()

    def memory(self) -> int:
        """The most it ever had, in kB."""
        return int(re.findall(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.process.pid}/status").read_text())[0])

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(DEADLINE)


@contextmanager
def watching(*command: str) -> Iterator[Watching]:
    process = subprocess.Popen(command or (sys.executable, "-m", "irbpf", "watch"), stdout=subprocess.PIPE, cwd=ROOT)
    try:
        yield Watching(process)
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def children(pid: int) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/status"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            if re.search(rf"^PPid:\t{pid}$", path.read_text(), re.MULTILINE):
                found.append(path.parent.name)
    return found


def test_before_plug_unplug_replug() -> None:
    ids = bpf_ids()
    early = plug()
    with watching() as watch:
        assert watch.until(f"{early.rc}: empty loaded")
        watch.until("watching")
        left = plug("rc-port1")
        watch.until(f"{left.rc}: left loaded")
        right = plug("rc-port2")
        watch.until(f"{right.rc}: right loaded")
        for receiver, key in ((early, ecodes.KEY_1), (left, ecodes.KEY_LEFT), (right, ecodes.KEY_RIGHT)):
            with keys_of(receiver) as keys:
                ir_ctl(receiver, "-S", "nec:0x408")
                assert [code for kind, code, value in keys.until_quiet() if kind == "EV_KEY" and value == 1] == [key]
        unplug("rc-port1")
        watch.until(f"{left.rc}: gone")
        assert not [path for path in leftovers(kernel.PINS, kernel.RUN) if left.rc in path]
        again = plug("rc-port1")
        watch.until(f"{again.rc}: left loaded")
        for module, receiver in (("rc-port1", again), ("rc-port2", right), ("rc-loopback", early)):
            unplug(module)
            watch.until(f"{receiver.rc}: gone")
        assert leftovers(kernel.PINS, kernel.RUN) == []
        wait_for("the kernel to free what was attached", lambda: bpf_ids() == ids)
        assert watch.memory() <= MOST_KB
        print(f"irbpf watch: {watch.memory()} kB at most")


def test_unplugged_and_plugged_at_once() -> None:
    """The same name twice in a moment: whatever it saw of that, the last is loaded."""
    with watching() as watch:
        watch.until("watching")
        receiver = plug("rc-port1")
        for _ in range(5):
            unplug("rc-port1")
            receiver = plug("rc-port1")
        wait_for("the last to be loaded", lambda: (state := kernel.saved(receiver.rc)) is not None and state.back is None)
        with keys_of(receiver) as keys:
            ir_ctl(receiver, "-S", "nec:0x408")
            assert ("EV_KEY", ecodes.KEY_LEFT, 1) in keys.until_quiet()
        assert kernel.condition(receiver).foreign == 0


def test_a_load_that_fails_does_not_stop_it(etc: Path) -> None:
    (etc / "keymaps" / "left.yaml").write_text("protocols: [{protocol: nce}]")
    with watching() as watch:
        watch.until("watching")
        plug("rc-port1")
        assert "there is no protocol 'nce'" in watch.until("not loaded")
        right = plug("rc-port2")
        watch.until(f"{right.rc}: right loaded")


def test_what_cannot_be_written_does_not_stop_it() -> None:
    """/run is read-only for a while: it says so, and does its work when it is not."""
    with watching() as watch:
        watch.until("watching")
        left = plug("rc-port1")
        watch.until(f"{left.rc}: left loaded")
        subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", "ro", "none", kernel.RUN], check=True)
        try:
            unplug("rc-port1")
            assert "Read-only file system" in watch.until(f"{left.rc}: gone")
            right = plug("rc-port2")
            assert "Read-only file system" in watch.until(f"{right.rc}: not loaded")
        finally:
            subprocess.run(["/bin/umount", kernel.RUN], check=True)
        again = plug("rc-port1")
        watch.until(f"{again.rc}: left loaded")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_told(number: signal.Signals) -> None:
    """Receivers stay loaded; what was unplugged meanwhile is cleaned up by the next."""
    receiver = plug()
    with watching() as watch:
        watch.until("watching")
        assert watch.end(number) == 0
        watch.until("stopped")
    assert kernel.saved(receiver.rc) is not None
    unplug()
    assert leftovers(kernel.PINS, kernel.RUN) != []
    with watching() as watch:
        watch.until("watching")
        assert leftovers(kernel.PINS, kernel.RUN) == []


def test_told_while_it_loads() -> None:
    """The load is not broken off."""
    receiver = plug()
    with watching() as watch:
        wait_for("the load", lambda: children(watch.process.pid))
        assert watch.end() == 0
    state = kernel.saved(receiver.rc)
    assert state is not None and state.back is None


def test_it_keeps_open_what_wants_to_be_open() -> None:
    with watching(sys.executable, "-c", HOLDS) as watch:
        watch.until("watching")
        receiver = plug("rc-port1")
        watch.until(f"{receiver.rc}: left loaded")
        held = [os.readlink(path) for path in Path(f"/proc/{watch.process.pid}/fd").iterdir()]
        assert held.count(str(receiver.event)) == 1
        fds = len(held)
        unplug("rc-port1")
        watch.until(f"{receiver.rc}: gone")
        assert len(list(Path(f"/proc/{watch.process.pid}/fd").iterdir())) == fds - 1


def test_without_udevd_it_listens_to_the_kernel(udevd: None) -> None:
    """As with busybox's mdev."""
    subprocess.run(["udevadm", "control", "--exit"], check=True)
    wait_for("udevd to end", lambda: not any(path.read_text() == "systemd-udevd\n" for path in Path("/proc").glob("[0-9]*/comm")))
    assert not discovery.udev_runs()
    try:
        with watching() as watch:
            watch.until("watching")
            receiver = plug()
            watch.until(f"{receiver.rc}: empty loaded")
            unplug()
            watch.until(f"{receiver.rc}: gone")
    finally:
        subprocess.run(["/lib/systemd/systemd-udevd", "--daemon"], check=True)
