"""The graph of a protocol as a value: which flashes and gaps may follow one another, and where bits and whole frames are complete.

Loops stay loops, everything of a fixed count is unrolled; it is not yet deterministic, and it knows no tolerance. It is built in
`irbpf.irp.walk`.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Union

from irbpf.errors import Error
from irbpf.irp.readings import Reading

FLASH, GAP = 1, -1
MOST_NODES = 200_000


@dataclass(frozen=True)
class Span:
    """A flash or gap of `least` to `most` ns; `idle` is the silence that lasts until the next press."""

    sign: int
    least: int
    most: int
    to: int
    loose: bool = False
    idle: bool = False


@dataclass(frozen=True)
class Bit:
    value: int
    to: int


@dataclass(frozen=True)
class Restart:
    """What was sent so far says nothing by itself and is forgotten."""

    to: int


@dataclass(frozen=True)
class Frame:
    """The frame is complete: `reading` is the index of what it may mean, `floor` the shortest gap (ns) that ends it."""

    reading: int
    floor: int
    to: int


@dataclass(frozen=True)
class Free:
    to: int


Arc = Union[Span, Bit, Restart, Frame, Free]


@dataclass
class Graph:
    """`arcs[n]` leave node n, in order of preference; a press starts at node 0, or, of second choice, at any of `joins`.

    `firsts` are the first nodes of the protocols that share the graph.
    """

    arcs: list[list[Arc]] = field(default_factory=lambda: [[]])
    readings: list[Reading] = field(default_factory=list)
    joins: list[int] = field(default_factory=list)
    firsts: list[int] = field(default_factory=list)

    def node(self) -> int:
        if len(self.arcs) >= MOST_NODES:
            raise Error("the protocol has too many states", "shorten its repeats or bit fields")
        self.arcs.append([])
        return len(self.arcs) - 1

    def owner(self, node: int) -> int:
        """Which of the protocols `node` belongs to."""
        return bisect_right(self.firsts, node)

    def reading(self, reading: Reading) -> int:
        if reading not in self.readings:
            self.readings.append(reading)
        return self.readings.index(reading)
