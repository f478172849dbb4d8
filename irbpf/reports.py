"""Events as a C host writes them (`struct event` of bpf/host), as Python values. It runs no program."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a process that only makes keys has no use, and no room, for them
    from irbpf.irp.automaton import Automaton
    from irbpf.irp.interpreter import Decoded

MOST_PARAMETERS = 16
_EVENT = struct.Struct(f"=II II Q II ii II {MOST_PARAMETERS}Q")
EVENT_SIZE = _EVENT.size
DOWN, REPEAT, POINTER = 1, 2, 3
NO_TOGGLE = 2


@dataclass(frozen=True)
class Event:
    """One report of a decoder; `sample` is the index of the sample that completed it, `x` and `y` those of a pointer.

    `age`: it is the last of as many samples of its frame. `protocol` is the kernel's number.
    """

    sample: int
    kind: int
    reading: int
    scancode: int
    toggle: int
    again: bool
    x: int
    y: int
    params: tuple[int, ...]
    age: int = 1
    protocol: int = 0


def read_events(data: bytes | memoryview, count: int) -> list[Event]:
    """The first `count` events in `data`."""
    events = []
    for sample, age, kind, reading, scancode, toggle, again, x, y, protocol, _, *params in _EVENT.iter_unpack(data[:count * EVENT_SIZE]):
        events.append(Event(sample, kind, reading, scancode, toggle, bool(again), x, y, tuple(params), age, protocol))
    return events


class Reader:
    """Turns the events of one decoder, in order, into `Decoded` values; a repeat shows what came before it."""

    def __init__(self, name: str, automaton: Automaton | None) -> None:
        self.name, self.automaton = name, automaton
        self.params: dict[str, int] = {}
        self.protocol = name

    def decoded(self, event: Event) -> Decoded:
        from irbpf.irp.interpreter import Decoded

        if event.kind == POINTER:
            self.params = {"x": event.x, "y": event.y}
        elif self.automaton is not None:
            if event.kind == DOWN:
                self.protocol = self.automaton.readings[event.reading].protocol or self.name
            said = dict(zip(self.automaton.readings[event.reading].shown, event.params, strict=False))
            self.params = {**self.params, **said} if event.again else said
        toggle = None if event.toggle == NO_TOGGLE else event.toggle
        return Decoded(self.protocol, event.scancode, dict(self.params), toggle, event.again)

    def all(self, events: Sequence[Event]) -> list[Decoded]:
        return [self.decoded(event) for event in events]
