"""Waits for what comes first: a signal from a receiver, file or pipe, or a line that a person types. It decodes nothing."""

from __future__ import annotations

import os
import select
import stat
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from irbpf import lirc
from irbpf.errors import Error
from irbpf.pulses import Kind, Sample, parse_samples
from irbpf.signals import GAP_US, Signal, Splitter


class Typed:
    """Somebody typed a line, which is still to be read."""


@dataclass
class Listener:
    """`read` gives the samples that are there, None at the end; `person` is the fd of the terminal."""

    fd: int
    read: Callable[[], Sequence[Sample] | None]
    person: int
    splitter: Splitter = field(default_factory=Splitter)
    heard: deque[Signal] = field(default_factory=deque)
    ended: bool = False

    def wait(self) -> Signal | Typed | None:
        """The next signal, or `Typed`; None when no more signals will come."""
        poll = select.poll()
        poll.register(self.person, select.POLLIN)
        if not self.ended:
            poll.register(self.fd, select.POLLIN)
        while not self.heard:
            if self.ended:
                return None
            ready = dict(poll.poll(GAP_US // 1000 if self.splitter.held else None))
            if self.person in ready:
                return Typed()
            if self.fd in ready:
                self.take(self.read())
            elif (signal := self.splitter.finish()) is not None:
                self.heard.append(signal)
        return self.heard.popleft()

    def take(self, samples: Sequence[Sample] | None) -> None:
        for sample in samples or ():
            if (signal := self.splitter.take(sample)) is not None:
                self.heard.append(signal)
        if samples is None:
            self.ended = True
            if (signal := self.splitter.finish()) is not None:
                self.heard.append(signal)


@contextmanager
def of_receiver(path: str, person: int, carrier: bool = True) -> Iterator[Listener]:
    """`carrier`: it is measured, where the receiver can; it then hears only what is close."""
    with ExitStack() as stack:
        fd = stack.enter_context(lirc.opened(path, blocking=False))
        stack.enter_context(lirc.patient(fd, GAP_US))
        if carrier:
            stack.enter_context(lirc.measuring_carrier(fd))
        list(lirc.samples(fd, 0))  # what was heard before anybody asked
        yield Listener(fd, lambda: list(lirc.samples(fd, 0)), person)


@contextmanager
def of_text(path: str, person: int) -> Iterator[Listener]:
    """A file or pipe of text; a line of several durations that ends with a pulse is a whole signal. A pipe ends when the person does."""
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise Error(f"{path} is a folder", f"--from {path} learns from the recordings in it")
        pipe = stat.S_ISFIFO(mode)
        fd = os.open(path, (os.O_RDWR if pipe else os.O_RDONLY) | os.O_CLOEXEC)
    except OSError as error:
        raise Error(f"{path}: {error.strerror}", "name a receiver (irbpf list), a file or a pipe") from error
    left = bytearray()
    number = 0

    def read() -> list[Sample] | None:
        nonlocal number
        data = os.read(fd, 65536)
        left.extend(data or b"\n")
        *lines, rest = bytes(left).split(b"\n")
        left[:] = rest
        samples: list[Sample] = []
        for line in lines:
            number += 1
            found = parse_samples(line.decode(errors="replace"), path, number)
            samples += found
            if len(found) > 2 and found[-1].kind == Kind.PULSE:
                samples.append(Sample(Kind.TIMEOUT, GAP_US))
        return samples if data or samples else None

    try:
        yield Listener(fd, read, person)
    finally:
        os.close(fd)
