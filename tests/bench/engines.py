"""Run inside the test kernel: what a press costs each engine, beside Debian's lircd with lircd-uinput on the same receiver. One JSON line.

CPU time is the scheduler's own count of each process, which in that kernel comes in ticks of 10 ms; a wake-up is a voluntary context switch. The kernel engine has no process.
Time is counted from when the last edge of a press could be read: the silence that ends it, as long as the receiver's timeout, is in it.
"""

from __future__ import annotations

import json
import os
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import evdev

from irbpf import discovery
from irbpf.bundle import build
from irbpf.cache import Cache
from irbpf.engines import Choice, control, kernel, launch
from irbpf.keymap import parse
from irbpf.pulses import Kind
from irbpf.receiver import Receiver
from irbpf.trace import read
from tests.kernel.guest.conftest import plug, transmit, wait_for
from tests.kernel.usb.plug import plugged

ROOT = Path(__file__).resolve().parents[2]
CACHE = Cache(Path("/tmp/irbpf-cache"))
KEYMAP = parse("protocols: [{protocol: nec, keys: {0x408: KEY_1}}]", "bench.yaml")
PRESS = [sample.duration for sample in read(ROOT / "tests" / "traces" / "nec-408.trace").samples if sample.kind != Kind.TIMEOUT]
QUIET_S = 0.4  # after which a press is over
LIRCD_CONF = """begin remote
  name bench
  bits 16
  flags SPACE_ENC
  eps 30
  aeps 100
  header 9000 4500
  one 562 1687
  zero 562 562
  ptrail 562
  repeat 9000 2250
  pre_data_bits 16
  pre_data 0x20DF
  gap 108000
  begin codes
    KEY_1 0x10EF
  end codes
end remote
"""


def cpu_us(pids: Sequence[int]) -> float:
    """What these processes have run so far."""
    return sum(time.clock_gettime_ns((~pid << 3) | 2) for pid in pids) / 1000  # the kernel's CPUCLOCK_SCHED of a process


def wakeups(pids: Sequence[int]) -> int:
    return sum(int(Path(f"/proc/{pid}/status").read_text().split("\nvoluntary_ctxt_switches:")[1].split()[0]) for pid in pids)


@contextmanager
def ours(receiver: Receiver, engine: str) -> Iterator[tuple[str, list[int]]]:
    """The input device, and the processes that take part."""
    if engine == "kernel":
        kernel.apply(receiver, build([KEYMAP], CACHE)[0])
        yield str(receiver.event), []
        kernel.take_back(receiver)
        return
    job = launch.prepare(receiver, [KEYMAP], Choice(engine, "it is measured"), CACHE)[0]
    if not launch.take(receiver, job):
        launch.spawn(job)
    answer = control.call(receiver.rc, "status")
    assert answer is not None
    yield answer["event"], [answer["pid"]]
    launch.stop(receiver.rc)


@contextmanager
def lircd(receiver: Receiver, _: str) -> Iterator[tuple[str, list[int]]]:
    """Debian's lircd and lircd-uinput, from where tests/run unpacked them."""
    folder = Path(os.environ["IRBPF_TEST_LIRC_DIR"])
    (library,) = (path.parent for path in folder.glob("usr/lib/*/liblirc.so.0"))
    env = {**os.environ, "LD_LIBRARY_PATH": str(library)}
    before = set(evdev.list_devices())
    discovery.write_protocols(receiver.rc, set())
    with tempfile.TemporaryDirectory() as name:
        conf, out = Path(name) / "lircd.conf", Path(name) / "socket"
        conf.write_text(LIRCD_CONF)
        daemon = subprocess.Popen([folder / "usr/sbin/lircd", "-n", "-H", "default", "-d", str(receiver.lirc), "-U", library / "lirc/plugins",
                                   "-o", out, "-P", f"{name}/pid", "-L", f"{name}/log", "-O", "/dev/null", conf], env=env,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("lircd's socket", out.exists)
        keys = subprocess.Popen([folder / "usr/sbin/lircd-uinput", "-a", "-O", "/dev/null", out], env=env, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)
        made = wait_for("lircd-uinput's device", lambda: [path for path in evdev.list_devices() if path not in before])
        yield made[0], [daemon.pid, keys.pid]  # type: ignore[index]
        for process in (keys, daemon):
            process.terminate()
            process.wait()


class Edges(threading.Thread):
    """Reads the receiver too: when the last pulse of each press could be read."""

    def __init__(self, path: str) -> None:
        super().__init__(daemon=True)
        self.fd, self.last, self.ended = os.open(path, os.O_RDWR | os.O_NONBLOCK), 0.0, False
        self.start()

    def run(self) -> None:
        while not self.ended:
            if select.select([self.fd], [], [], 0.1)[0]:
                now = time.time()
                if any(word >> 24 == Kind.PULSE for (word,) in struct.iter_unpack("=I", os.read(self.fd, 4096))):
                    self.last = now

    def close(self) -> None:
        self.ended = True
        self.join()
        os.close(self.fd)


def measured(event: str, edges: Edges, pids: Sequence[int], sends: Callable[[], None], presses: int) -> dict[str, Any]:
    device = evdev.InputDevice(event)
    took: list[float] = []
    before, woken = cpu_us(pids), wakeups(pids)
    for _ in range(presses):
        begun, down = time.time(), list[float]()
        sends()
        while select.select([device.fd], [], [], QUIET_S)[0] and time.time() < begun + 2:
            down += [one.timestamp() for one in device.read() if one.type == evdev.ecodes.EV_KEY and one.value == 1]
        took += [1000 * (one - edges.last) for one in down]
    device.close()
    row: dict[str, Any] = {"keys": f"{len(took)} of {presses}"}
    if pids:
        row |= {"CPU µs a press": round((cpu_us(pids) - before) / presses), "wake-ups a press": round((wakeups(pids) - woken) / presses, 1),
                "RSS MB": round(sum(int(Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()[0]) for pid in pids) / 1024, 1)}
    if took:
        row |= {"ms after the last edge, median": round(statistics.median(took), 2), "p99": round(sorted(took)[int(len(took) * 0.99)], 2)}
    return row


def engines() -> dict[str, Callable[[Receiver, str], Any]]:
    found: dict[str, Callable[[Receiver, str], Any]] = {engine: ours for engine in ("kernel", "bpf", "python")}
    return found | ({"lircd": lircd} if "IRBPF_TEST_LIRC_DIR" in os.environ else {})


def compare(name: str, receiver: Receiver, sends: Callable[[], None], presses: int) -> list[dict[str, Any]]:
    rows = []
    for engine, by in engines().items():
        print(name, engine, file=sys.stderr, flush=True)
        with by(receiver, engine) as (event, pids):
            edges = Edges(str(receiver.lirc))
            measured(event, edges, pids, sends, 3)  # the first are slower: pages, caches
            rows.append({"receiver": name, "engine": engine, **measured(event, edges, pids, sends, presses)})
            edges.close()
    theirs = next((row for row in rows if row["engine"] == "lircd"), {})
    for row in rows:
        for what, ratio in (("CPU µs a press", "CPU to lircd's"), ("wake-ups a press", "wake-ups to lircd's")):
            if what in row and theirs.get(what):
                row[ratio] = round(row[what] / theirs[what], 2)
    return rows


def main(presses: int) -> None:
    receiver = plug()
    rows = compare("rc-loopback", receiver, lambda: transmit(receiver, PRESS), presses)
    with plugged("mceusb") as usb:
        durations = [-duration if index % 2 else duration for index, duration in enumerate([*PRESS[:67], 150_000])]
        rows += compare("mceusb", usb.receiver, lambda: usb.hear(durations), presses)
    print(json.dumps(rows))


if __name__ == "__main__":
    main(int(sys.argv[1]))
