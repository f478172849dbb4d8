"""Loads receivers as they come, for systems without systemd. It keeps nothing of what it loads: each load is a process of its own.

When it is told to end it leaves the receivers as they are; started again, it loads them anew, without a gap.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from irbpf import discovery
from irbpf.engines import holding, journal
from irbpf.errors import Error, Gone

ROOT = Path(__file__).resolve().parent.parent
MAIN = "import sys; sys.path.insert(0, sys.argv.pop(1)); from irbpf.cli import main; sys.exit(main())"


def watch() -> Iterator[str]:
    """A line for everything that happens, until SIGTERM or SIGINT. Receivers that are there already come first."""
    with told_to_stop() as stop:
        events = discovery.monitor(stop)
        known: dict[str, Watched] = {}
        yield from catch_up(known)
        journal.clean()
        yield "watching"
        for _ in events:
            yield from catch_up(known)
    yield "stopped; the receivers stay as they are"


class Watched:
    """A receiver that was seen: which one, and the fd that keeps it listening where its driver wants that (else -1)."""

    def __init__(self, identity: int) -> None:
        self.identity, self.fd = identity, -1

    def let_go(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def catch_up(known: dict[str, Watched]) -> Iterator[str]:
    """Compare what is there with what was: an event that was lost, or two that came at once, do no harm."""
    present = {}
    for rc in discovery.names():
        with suppress(Gone):
            if discovery.event_nodes(rc):
                present[rc] = discovery.identity(rc)
    for rc in list(known):
        if present.get(rc) != known[rc].identity:
            gone = known.pop(rc)
            gone.let_go()
            yield f"{rc}: gone{left_behind(rc, gone.identity)}"
    for rc in present.keys() - known.keys():
        known[rc] = Watched(present[rc])
        yield load(rc, known[rc])


def left_behind(rc: str, identity: int) -> str:
    """Forget what was kept of a receiver that is gone; a word on it where that cannot be."""
    try:
        journal.forget_unplugged(rc, identity)
    except Error as error:
        return f"; {error}"
    return ""


def load(rc: str, watched: Watched) -> str:
    """What the load said in its last line. One that fails is only told."""
    try:
        done = subprocess.run([sys.executable, "-I", "-c", MAIN, str(ROOT), "load", rc], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, errors="replace", check=False)
    except OSError as error:  # no process, no memory
        return f"{rc}: not loaded: {error.strerror}"
    if done.returncode != 0:
        return f"{rc}: not loaded: {last(done.stderr) or f'exit {done.returncode}'}"
    try:
        receiver = discovery.read_receiver(rc)
        if holding.needed(receiver):
            watched.fd = holding.hold(receiver)
    except Error as error:
        return f"{rc}: {error}"
    return last(done.stdout)


def last(text: str) -> str:
    return (text.strip().splitlines() or [""])[-1].removeprefix("irbpf: ")


@contextmanager
def told_to_stop() -> Iterator[int]:
    """An fd with something to read once SIGTERM or SIGINT has come; nothing that is under way is broken off."""
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    wakeup = signal.set_wakeup_fd(writing)
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield reading
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup)
        os.close(reading)
        os.close(writing)
