"""CPU and wake-ups of a press without a receiver: recorded mode2 samples come through a pipe, edge by edge as they would over the air.

lircd reads such a pipe by its default driver. Our server reads it by the very loop that reads receivers; only the two devices that are
not there, the receiver's ioctls and uinput, are replaced.
"""

from __future__ import annotations

import contextlib
import functools
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
from pathlib import Path
from typing import Any

from irbpf.bundle import build
from irbpf.engines.job import Job
from irbpf.keymap import parse
from irbpf.pulses import Kind, Sample
from irbpf.trace import read
from irbpf.uinput import Looks
from tests.bench.engines import LIRCD_CONF
from tests.support import lirc

ROOT = Path(__file__).resolve().parents[2]
KEYMAPS = {"bpf": "protocols: [{protocol: nec, keys: {0x408: KEY_1}}]",
           "bpf, at the last edge": "protocols: [{protocol: nec, alone: true, keys: {0x408: KEY_1}}]"}
TIMEOUT = Sample(Kind.TIMEOUT, 10_000)
GAP_S = 0.2
SERVER = """
import contextlib, os, sys
sys.path.insert(0, sys.argv[1])
from irbpf import lirc
from irbpf.engines import control, userspace
from irbpf.engines.job import Job
class Device:
    def __init__(self, looks, keycodes):
        self.keycodes, self.node, self.fd = frozenset(keycodes), "", os.open(sys.argv[3], os.O_WRONLY)
    def write(self, events):
        os.write(self.fd, b"".join(userspace_event.pack(0, 0, *event) for event in events))
    def close(self):
        os.close(self.fd)
from irbpf.uinput import _EVENT as userspace_event
userspace.Device = Device
lirc.set_timeout = lambda fd, us: 10_000
job = Job.read(open(sys.argv[2], "rb").read())
userspace.Server(job, control.listen(job.rc)).run()
"""


def words() -> list[Sample]:
    return [sample for sample in read(ROOT / "tests" / "traces" / "nec-408.trace").samples[:67] if sample.kind != Kind.TIMEOUT]


def play(fd: int, presses: int) -> list[tuple[float, float]]:
    """Each edge when it is over, as an edge-timed receiver tells it, and a timeout after each press, as rc-core tells; how long the pause
    before a press was it tells with the first edge (lirc_raw_event). Returns when each last edge and each timeout could be read."""
    at, before, ends = time.monotonic(), struct.pack("=I", Sample(Kind.SPACE, round(1_000_000 * GAP_S)).word), []
    for _ in range(presses):
        at += GAP_S
        edge = told = 0.0
        for place, sample in enumerate([*words(), TIMEOUT]):
            at += sample.duration / 1_000_000
            while (left := at - time.monotonic()) > 0:
                time.sleep(left)
            edge, told = told, time.monotonic()
            os.write(fd, (b"" if place else before) + struct.pack("=I", sample.word))
        ends.append((edge, told))
    return ends


@contextlib.contextmanager
def ours(keymap: str, folder: Path) -> Iterator[tuple[int, Path]]:
    bundle, _ = build([parse(keymap, "bench.yaml")], None, ("test_run",))
    job = Job("rcbench", 0, str(folder / "pipe"), Looks("bench", 0, 0, 0, 0, ""), "bpf", "", bundle.names, bundle.numbers, bundle.quiet, bundle.keys,
              bundle.timeout, tuple(bundle.programs("test_run")))
    (folder / "job").write_bytes(job.dump())
    os.mkfifo(folder / "pipe")
    os.mkfifo(folder / "keys")
    with subprocess.Popen(["/usr/bin/python3", "-I", "-c", SERVER, ROOT, folder / "job", folder / "keys"],
                          env={**os.environ, "IRBPF_RUN_DIR": str(folder)}) as process:
        yield process.pid, folder / "keys"
        process.terminate()


@contextlib.contextmanager
def lircd(folder: Path) -> Iterator[tuple[int, Path]]:
    (folder / "lircd.conf").write_text(LIRCD_CONF)
    os.mkfifo(folder / "pipe")
    (library,) = (path.parent for path in lirc.folder().glob("usr/lib/*/liblirc.so.0"))
    with subprocess.Popen([lirc.folder() / "usr/sbin/lircd", "-n", "-i", "-H", "default", "-d", folder / "pipe", "-U", library / "lirc/plugins",
                           "-o", folder / "socket", "-P", folder / "pid", "-L", folder / "log", "-O", "/dev/null", folder / "lircd.conf"],
                          env={**os.environ, "LD_LIBRARY_PATH": str(library)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        yield process.pid, folder / "socket"
        process.terminate()


def used(pid: int) -> tuple[float, int]:
    """CPU µs, to the nanosecond of the scheduler, and voluntary context switches."""
    status = Path(f"/proc/{pid}/status").read_text()
    return time.clock_gettime_ns((~pid << 3) | 2) / 1000, int(status.split("\nvoluntary_ctxt_switches:")[1].split()[0])


def rows(presses: int = 50) -> list[dict[str, Any]]:
    found = []
    by: dict[str, Callable[[Path], Any]] = {engine: functools.partial(ours, keymap) for engine, keymap in KEYMAPS.items()}
    by |= {"lircd": lircd} if lirc.there() else {}
    for engine, start in by.items():
        with tempfile.TemporaryDirectory() as name, start(Path(name)) as (pid, out):
            pipe = os.open(Path(name) / "pipe", os.O_RDWR)
            heard = Heard(_listen(out), b"KEY_1" if engine == "lircd" else struct.pack("=HHi", 1, 2, 1))
            play(pipe, 3)
            heard.until_quiet()
            before = used(pid)
            ends = play(pipe, presses)
            after = used(pid)
            keys = heard.until_quiet()
            found.append({"engine": engine, "keys": f"{len(keys)} of {presses}", "CPU µs a press": round((after[0] - before[0]) / presses),
                          "wake-ups a press": round((after[1] - before[1]) / presses, 1)} | latency(ends, keys))
            os.close(pipe)
            heard.close()
    *mine, last = found
    for row in mine if last["engine"] == "lircd" else []:
        row |= {f"{what} to lircd's": round(row[key] / last[key], 2) for what, key in (("CPU", "CPU µs a press"), ("wake-ups", "wake-ups a press"))}
    return found


def latency(ends: Sequence[tuple[float, float]], keys: Sequence[float]) -> dict[str, float]:
    """ms from the last edge, and from the timeout after it, to the key of each press that gave one."""
    found: dict[str, float] = {}
    for what, index in (("edge", 0), ("timeout", 1)):
        took = sorted(1000 * (key - end[index]) for end in ends for key in keys if -GAP_S / 4 < key - end[0] < GAP_S)
        if took:
            found |= {f"ms after the {what}, median": round(statistics.median(took), 2), f"p99 after the {what}": round(took[int(len(took) * 0.99)], 2)}
    return found


class Heard:
    """Reads what comes out, in a thread: the times at which a key came."""

    def __init__(self, fd: int, what: bytes) -> None:
        self.fd, self.what, self.times, self.last = fd, what, list[float](), time.monotonic()
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self) -> None:
        while not self.stop.is_set():
            if select.select([self.fd], [], [], 0.1)[0] and (part := os.read(self.fd, 1 << 16)):
                self.last = time.monotonic()
                self.times += [self.last] * part.count(self.what)

    def until_quiet(self) -> list[float]:
        """The times since the last call."""
        while time.monotonic() < self.last + 0.4:
            time.sleep(0.1)
        times, self.times = self.times, []
        return times

    def close(self) -> None:
        self.stop.set()
        self.thread.join()
        os.close(self.fd)


def _listen(out: Path) -> int:
    """Somebody who takes what comes out."""
    end = time.monotonic() + 20
    while not out.exists() and time.monotonic() < end:
        time.sleep(0.05)
    if out.is_fifo():
        return os.open(out, os.O_RDWR | os.O_NONBLOCK)
    import socket

    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(out))
    connection.setblocking(False)
    return connection.detach()


if __name__ == "__main__":
    for row in rows(int(sys.argv[1])):
        print(row)
