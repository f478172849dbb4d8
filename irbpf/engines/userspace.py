"""The userspace engine: reads a receiver's samples, runs the same decoders on them, and makes the keys with an input device of its own.

It is the small process that lives as long as the receiver; what it is to do, it is told (`Job`). It sleeps until infrared comes.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import struct
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from irbpf import bpf, lirc
from irbpf.engines import control
from irbpf.engines.intake import BpfDecoder, Decoder, Intake, PooledDecoder, PythonDecoder, Report
from irbpf.engines.job import Job
from irbpf.errors import Error, Gone
from irbpf.keystate import Event, KeyState, pointer
from irbpf.reports import DOWN, POINTER
from irbpf.uinput import Device

READ_BYTES = 4 * 512  # all that the kernel keeps for a reader
NAP_MS = 20  # a key comes so much later at worst; a wake-up for each edge costs ten times the decoding
DEFAULT_TIMEOUT_US = 125_000  # IR_DEFAULT_TIMEOUT of rc-core, where a driver does not tell
GRACE_US = 100_000  # so much later than it should come, a timeout of the driver is not waited for any more
CAP_NET_ADMIN, CAP_PERFMON, CAP_BPF = 12, 38, 39


def clock() -> int:
    """µs."""
    return time.monotonic_ns() // 1000


class Server:
    """One receiver being served. `watchdog` (µs, 0: none) is how often somebody wants to hear that it lives."""

    def __init__(self, job: Job, listening: socket.socket, watchdog: int = 0) -> None:
        self.resources = ExitStack()
        self.lirc = self.resources.enter_context(lirc.opened(job.lirc, blocking=False))
        self.listening, self.watchdog, self.next_ping = listening, watchdog, clock() + watchdog
        self.stop_asked, self.stop_pipe = False, os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.poll, self.others = select.poll(), select.poll()
        self.poll.register(self.lirc, select.POLLIN)
        for fd in (listening.fileno(), self.stop_pipe[0]):
            self.poll.register(fd, select.POLLIN)
            self.others.register(fd, select.POLLIN)
        self.wakeups = self.events = self.heard = 0
        self.more_follows = False
        self.programs = ExitStack()
        self.device: Device | None = None
        self.take_on(job)

    # -- what it is to do -------------------------------------------------------------------------------------------

    def take_on(self, job: Job) -> None:
        """Serve `job` from now on; on any failure go on with what was. The device stays, unless it lacks a key."""
        with ExitStack() as programs:
            decoders: list[Decoder] = [BpfDecoder(programs.enter_context(bpf.load(one))) for one in job.objects]
            decoders += [PythonDecoder(one, number) for one, number in zip(job.automata, job.numbers, strict=False)]
            decoders += [PooledDecoder()] if job.anything else []
            keycodes = frozenset(job.keys.values())
            if self.device is None or not keycodes <= self.device.keycodes:
                device = Device(job.looks, keycodes)
                if self.device is not None:
                    self.device.close()
                self.device = device
                self.keys = KeyState(job.keys, 0)
            self.keys.keys = job.keys
            self.keys.timeout = lirc.set_timeout(self.lirc, job.timeout) or lirc.timeout(self.lirc) or DEFAULT_TIMEOUT_US
            self.programs.close()
            self.programs = programs.pop_all()
        self.intake, self.job = Intake(decoders, job.quiet, job.reading_on), job
        self.nap_ms = NAP_MS if job.quiet else min(NAP_MS, self.keys.timeout // 1000)  # without `quiet`, pointers: every sample counts

    def answer(self) -> None:
        """Somebody wants something: a new job, to know how it goes, or the end."""
        with control.accepted(self.listening) as caller:
            if caller is None:
                return
            try:
                caller.reply(self._do(*caller.request))
            except Error as error:
                caller.reply({"error": error.message, "hint": error.hint})

    def _do(self, what: str, data: bytes) -> dict[str, Any]:
        if what == "job":
            self.take_on(Job.read(data))
        elif what == "stop":
            self.stop_asked = True
        return self.status()

    def status(self) -> dict[str, Any]:
        assert self.device is not None
        return {"pid": os.getpid(), "engine": self.job.engine, "why": self.job.why, "names": self.job.names, "event": self.device.node,
                "samples": self.intake.samples, "events": self.events, "wakeups": self.wakeups, "timeout": self.keys.timeout}

    # -- its life ---------------------------------------------------------------------------------------------------

    def run(self) -> bool:
        """Until it is told to stop (True) or the receiver is unplugged (False)."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        signal.set_wakeup_fd(self.stop_pipe[1], warn_on_full_buffer=False)
        try:
            self.loop()
        except Gone:
            return False
        return True

    def loop(self) -> None:
        while not self.stop_asked:
            # in the midst of a frame nothing of it is waited for: see listen()
            ready = self.others.poll(self.nap()) if self.more_follows else self.poll.poll(self.patience())
            self.wakeups += 1
            for fd, what in ready:
                if fd == self.stop_pipe[0]:
                    return
                if fd == self.listening.fileno():
                    self.answer()
                elif what & (select.POLLHUP | select.POLLERR):
                    raise Gone(f"{self.job.rc}: the receiver is gone")
                else:
                    self.more_follows = True
            if self.more_follows:
                self.listen()
            self.lapse(clock())  # also in the midst of a frame: noise may never end

    def patience(self) -> int | None:
        """How many ms may pass before something has to be done without a sample; None: any number."""
        times = [one for one in (self.keys.deadline, self.silent_at()) if one is not None]
        if self.watchdog:
            times.append(self.next_ping)
        return max(0, -(-(min(times) - clock()) // 1000)) if times else None

    def nap(self) -> int:
        """How many ms of the frame under way to sleep over; nothing that is due meanwhile is missed."""
        usual = self.nap_ms
        nap = -(-self.intake.nap(1000 * usual) // 1000)
        return max(1, nap) if nap <= usual or (due := self.patience()) is None else max(usual, min(nap, due))

    def silent_at(self) -> int | None:
        return self.heard + self.keys.timeout + GRACE_US if self.intake.in_frame else None

    def lapse(self, now: int) -> None:
        """What is due because of the time."""
        silent = self.silent_at()
        if silent is not None and now >= silent:
            self.report(self.intake.silence(now - self.heard), now)
        self.write(self.keys.expire(now))
        if self.watchdog and now >= self.next_ping:
            control.notify("WATCHDOG=1")
            self.next_ping = now + self.watchdog

    def listen(self) -> None:
        """Take what there is. In a frame nothing is due before the silence after it, so its next edges are slept over, for a while."""
        words = self.read()
        if words:
            self.heard = clock()
            self.report(self.intake.take(words), self.heard)
        else:
            self.report(self.intake.look(), clock())
        self.more_follows = bool(words) and self.intake.in_frame

    def read(self) -> Sequence[int]:
        try:
            data = os.read(self.lirc, READ_BYTES)
        except BlockingIOError:
            return ()
        except OSError as error:
            raise Gone(f"{self.job.rc}: the receiver is gone") from error
        return struct.unpack(f"={len(data) // 4}I", data)

    def report(self, reports: Sequence[Report], now: int) -> None:
        for one in reports:
            if one.kind == POINTER:
                self.write(pointer(one.x, one.y))
                continue
            self.write(self.keys.before(now, one.at))
            if one.kind == DOWN:
                self.write(self.keys.down(now, one.protocol, one.scancode, one.toggle))
            else:
                self.write(self.keys.repeat(now))

    def write(self, events: Sequence[Event]) -> None:
        if events:
            assert self.device is not None
            self.device.write(events)
            self.events += len(events)

    def close(self) -> None:
        """The kernel releases the keys when the device goes."""
        if self.device is not None:
            self.device.close()
        self.programs.close()
        self.resources.close()
        for fd in self.stop_pipe:
            os.close(fd)


def drop_capabilities(keep: Sequence[int]) -> None:
    """From now on only those in `keep`, also for what this process executes."""
    libc = ctypes.CDLL(None, use_errno=True)
    mask = sum(1 << number for number in keep)
    header = struct.pack("=II", 0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this process
    data = bytearray(24)
    libc.capget(header, (ctypes.c_char * 24).from_buffer(data))
    held = [word & (mask >> (32 * (index // 3))) & 0xFFFFFFFF for index, word in enumerate(struct.unpack("=6I", data))]
    libc.capset(header, struct.pack("=6I", *held))
