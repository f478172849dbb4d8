"""Emulated receivers as a guest test sees them: plugged in, made to hear signals, pulled out."""

from __future__ import annotations

import select
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from evdev import ecodes

from irbpf import discovery
from irbpf.engines import control
from irbpf.pulses import Kind, Sample
from irbpf.receiver import Receiver
from tests.conftest import ROOT
from tests.kernel.guest.conftest import Keys, complete, wait_for

DEADLINE = 60.0


class Plugged:
    """A receiver on the emulated bus, and the program that plays it."""

    def __init__(self, model: str, port: int = 0) -> None:
        before = {one.rc for one in discovery.receivers()}
        self.port = port
        self.program = subprocess.Popen(["/usr/bin/python3", "-EsS", "-m", "tests.kernel.usb.emulator", model, str(port)], cwd=ROOT,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            found = wait_for(f"{model} on the bus", lambda: [one for one in complete() if one.rc not in before] or self._ended())
        except AssertionError:
            self.pull()
            raise
        assert self.program.poll() is None, f"the emulator ended with {self.program.returncode}"
        self.receiver: Receiver = found[0]  # type: ignore[index]

    def _ended(self) -> object:
        return self.program.poll() is not None

    def _say(self, word: str, durations: Sequence[int]) -> None:
        assert self.program.stdin is not None
        self.program.stdin.write(f"{word} {' '.join(map(str, durations))}\n".encode())
        self.program.stdin.flush()

    def begin(self, durations: Sequence[int], word: str = "play") -> None:
        """Let it hear a signal, without waiting for its end. Pulses are positive, spaces negative."""
        self._say(word, durations)

    def finished(self) -> None:
        """Wait until the host has taken all of what was begun."""
        assert self.program.stdout is not None
        assert select.select([self.program.stdout], [], [], DEADLINE)[0], "the host does not take the reports"
        assert self.program.stdout.readline() == b"played\n", "the emulator ended"

    def hear(self, durations: Sequence[int], word: str = "play") -> None:
        self.begin(durations, word)
        self.finished()

    def pull(self) -> None:
        """Out of the socket, whatever is going on; returns at once."""
        self.program.kill()
        self.program.wait()
        for stream in (self.program.stdin, self.program.stdout):
            assert stream is not None
            with suppress(BrokenPipeError):
                stream.close()

    def gone(self) -> None:
        """Wait until the kernel has taken the receiver away."""
        wait_for("the receiver to go", lambda: not (discovery.RC / self.receiver.rc).exists())


@contextmanager
def plugged(model: str, port: int = 0) -> Iterator[Plugged]:
    one = Plugged(model, port)
    try:
        yield one
    finally:
        one.pull()
        one.gone()


@contextmanager
def heard_by(receiver: Receiver) -> Iterator[Keys]:
    """The input device that says the keys of a loaded receiver, whichever engine makes them."""
    served = control.call(receiver.rc, "status")
    keys = Keys(str(served["event"] if served else receiver.event))
    try:
        yield keys
    finally:
        keys.close()


def signed(samples: Sequence[Sample]) -> list[int]:
    """Durations as the emulator takes them; what is no pulse is silence."""
    return [duration if kind == Kind.PULSE else -duration for kind, duration in samples]


def pressed(events: Sequence[tuple[str, int, int]]) -> list[int]:
    """The keys that went down, in order; every one must come up again, and none may go down twice before it has."""
    down: set[int] = set()
    order = []
    for kind, code, value in events:
        if kind != "EV_KEY" or value == 2:
            continue
        assert (code in down) != (value == 1), f"{'down' if value else 'up'} of {code} twice: {events}"
        if value:
            down.add(code)
            order.append(code)
        else:
            down.remove(code)
    assert not down, f"stuck: {down}"
    return order


def scans(events: Sequence[tuple[str, int, int]]) -> list[int]:
    """The scancodes that were reported."""
    return [value for kind, code, value in unsigned(events) if (kind, code) == ("EV_MSC", ecodes.MSC_SCAN)]


def unsigned(events: Sequence[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """Scancodes as the unsigned numbers they are, and no repeats of the input layer."""
    return [(kind, code, value & 0xFFFFFFFF) for kind, code, value in events if (kind, value) != ("EV_KEY", 2)]
