"""CPU and wake-ups of a press without a receiver: recorded mode2 samples come through a pipe, edge by edge as they would over the air.

lircd reads such a pipe by its default driver. Our server reads it by the very loop that reads receivers; only the two devices that are
not there, the receiver's ioctls and uinput, are replaced.
"""

from __future__ import annotations

import contextlib
import os
import select
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
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
KEYMAP = "protocols: [{protocol: nec, keys: {0x408: KEY_1}}]"
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


def play(fd: int, presses: int, ended: bool) -> None:
    """Each edge when it is over, as an edge-timed receiver tells it. `ended`: a timeout after each press, as rc-core tells."""
    at = time.monotonic()
    for _ in range(presses):
        for sample in [Sample(Kind.SPACE, 200_000), *words(), *([TIMEOUT] if ended else [])]:
            at += sample.duration / 1_000_000
            while (left := at - time.monotonic()) > 0:
                time.sleep(left)
            os.write(fd, struct.pack("=I", sample.word))


@contextlib.contextmanager
def ours(folder: Path) -> Iterator[tuple[int, Path]]:
    bundle, _ = build([parse(KEYMAP, "bench.yaml")], None, ("test_run",))
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
    by: dict[str, Callable[[Path], Any]] = {"bpf": ours} | ({"lircd": lircd} if lirc.there() else {})
    for engine, start in by.items():
        with tempfile.TemporaryDirectory() as name, start(Path(name)) as (pid, out):
            pipe = os.open(Path(name) / "pipe", os.O_RDWR)
            listening = _listen(out)
            play(pipe, 3, engine == "bpf")
            _count(listening, b"")
            before = used(pid)
            play(pipe, presses, engine == "bpf")
            after = used(pid)
            found.append({"engine": engine, "keys": f"{_count(listening, b'KEY_1' if engine == 'lircd' else struct.pack('=HHi', 1, 2, 1))} of {presses}",
                          "CPU µs a press": round((after[0] - before[0]) / presses), "wake-ups a press": round((after[1] - before[1]) / presses, 1)})
            os.close(pipe)
            os.close(listening)
    if len(found) == 2:
        found[0] |= {f"{what} to lircd's": round(found[0][key] / found[1][key], 2)
                     for what, key in (("CPU", "CPU µs a press"), ("wake-ups", "wake-ups a press"))}
    return found


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


def _count(fd: int, what: bytes) -> int:
    data = b""
    while select.select([fd], [], [], 0.3)[0] and (part := os.read(fd, 1 << 16)):
        data += part
    return data.count(what) if what else 0


if __name__ == "__main__":
    for row in rows(int(sys.argv[1])):
        print(row)
