"""The live view as a value: what a receiver hears, what it is read as, and what the kernel makes of it. It changes and prints nothing."""

from __future__ import annotations

import select
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from irbpf import lirc
from irbpf.errors import Gone
from irbpf.keycodes import name
from irbpf.picture import Drawing
from irbpf.pulses import Kind, Sample
from irbpf.receiver import Receiver
from irbpf.replay import Event, Player, readings
from irbpf.signals import GAP_US, LATE_US, Signal, Splitter

MOST_ROWS = 200
FRAME_GAP_US = 8_000  # after such a space a frame may be complete
SHOWN_EVERY = 0.2  # seconds, while a key is held


@dataclass
class Row:
    """One signal: `reading` and `keys` are ours, `said` is what input devices said meanwhile, and how often."""

    number: int
    samples: tuple[Sample, ...] = ()
    reading: str = ""
    keys: tuple[str, ...] = ()
    said: Counter[str] = field(default_factory=Counter)
    complete: bool = False

    @property
    def drawing(self) -> Drawing:
        durations = [sample for sample in self.samples if sample.kind in (Kind.PULSE, Kind.SPACE, Kind.TIMEOUT)]
        edges = [0]
        for sample in durations:
            edges.append(edges[-1] + sample.duration)
        return Drawing("", tuple(edges), tuple(sample.kind == Kind.PULSE for sample in durations))

    @property
    def said_text(self) -> str:
        return ", ".join(f"{text} ×{times}" if times > 1 else text for text, times in self.said.items())


@dataclass
class View:
    """All of it. `loaded` names the keymaps that are on the receiver now, `engine` what makes their keys."""

    receiver: Receiver
    player: Player
    loaded: tuple[str, ...] = ()
    engine: str = ""
    rows: deque[Row] = field(default_factory=lambda: deque(maxlen=MOST_ROWS))
    counts: Counter[str] = field(default_factory=Counter)
    current: Row | None = None
    shown: float = 0.0
    clock: Callable[[], float] = time.monotonic

    @property
    def loaded_text(self) -> str:
        return f"keymaps loaded: {', '.join(self.loaded) or 'none'}" + (f" (engine {self.engine})" if self.engine else "")

    def row(self) -> Row:
        if self.current is None:
            self.counts["signals"] += 1
            self.current = Row(self.counts["signals"])
            self.rows.append(self.current)
        return self.current

    def hearing(self, samples: Sequence[Sample]) -> None:
        """The signal so far; not read again every time, for a key may be held for long."""
        if self.current is None or self.clock() - self.shown > SHOWN_EVERY:
            self.read(samples)
            self.shown = self.clock()

    def heard(self, signal: Signal) -> None:
        events = self.read(signal.samples)
        self.counts["frames"] += len({event.sample for event in events if not event.rank})
        self.counts["unknown"] += not events
        self.counts["lost"] += signal.overflow
        self.counts["complete"] += 1
        self.row().complete = True
        self.current = None

    def read(self, samples: Sequence[Sample]) -> list[Event]:
        row = self.row()
        events = self.player.play(samples)
        row.samples, row.reading = tuple(samples), readings(events)
        row.keys = tuple(dict.fromkeys(event.key for event in events if event.key))
        return events

    def said(self, event: Any, busy: bool) -> str | None:
        """Take an event of an input device to the signal that it belongs to; what it says, None for what is no news."""
        text = _text(event)
        if text is None:
            return None
        row = self.row() if busy else self.rows[-1] if self.rows else self.row()
        row.said[text] += 1
        return text


def _text(event: Any) -> str | None:
    """`scan 0x408`, `KEY_1 down`; event types and codes are those of linux/input-event-codes.h."""
    if (event.type, event.code) == (4, 4):  # EV_MSC, MSC_SCAN
        return f"scan {event.value & 0xFFFF_FFFF:#x}"
    if event.type == 1:  # EV_KEY
        return f"{name(event.code)} {('up', 'down', 'held')[min(event.value, 2)]}"
    if event.type == 2:  # EV_REL
        return "pointer"
    return None


def watch(view: View, fd: int | None, devices: Mapping[int, Any], gap: int = GAP_US) -> Iterator[str | None]:
    """Reads the receiver `fd` and input `devices` (by fd) into `view`; yields at every change, with what an input device said if it did.

    It ends with Gone when one of them is unplugged.
    """
    poll = select.poll()
    for one in [*devices, *([] if fd is None else [fd])]:
        poll.register(one, select.POLLIN)
    splitter = Splitter(gap)
    while True:
        ready = poll.poll((gap + LATE_US) / 1000 if splitter.held else None)
        if not ready and (signal := splitter.finish()) is not None:
            view.heard(signal)
            yield None
        for number, what in ready:
            if number == fd:
                _listen(view, splitter, lirc.read(number))
                yield None
            elif what & select.POLLIN:
                for event in _events(devices[number]):
                    if (text := view.said(event, bool(splitter.held))) is not None:
                        yield text
            else:
                raise Gone("the receiver is gone")


def _listen(view: View, splitter: Splitter, samples: Sequence[Sample]) -> None:
    for sample in samples:
        view.counts["samples"] += 1
        if (signal := splitter.take(sample)) is not None:
            view.heard(signal)
    if splitter.held and splitter.held[-1].kind in (Kind.SPACE, Kind.TIMEOUT) and splitter.held[-1].duration >= FRAME_GAP_US:
        view.hearing(splitter.held)


def _events(device: Any) -> list[Any]:
    try:
        return list(device.read())
    except OSError as error:
        raise Gone("the receiver is gone") from error
