"""Raw patterns: signals of which only the durations are known, as one automaton that tells them apart. It measures no protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from irbpf.errors import Error
from irbpf.irp.automaton import IDLE, LOST, Automaton, Edge, State
from irbpf.irp.readings import Reading
from irbpf.irp.syntax import Number
from irbpf.protocols import Tolerance
from irbpf.pulses import LONGEST_US

HOLD_GAP_US = 200_000  # a pattern that comes again within this was held
SHORTEST_END_US = 5_000
MOST_DURATIONS = 1024


@dataclass(frozen=True)
class Pattern:
    """One signal: `durations` in µs, pulse first, without the gap at its end; `label` names it in errors (its key)."""

    label: str
    scancode: int
    durations: tuple[int, ...]


class PatternError(Error):
    """`pattern` is the index of the one that is wrong, or of the later of two that are too much alike."""

    def __init__(self, pattern: int, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.pattern = pattern


@dataclass(frozen=True)
class _Cluster:
    """Durations at one place that are taken for the same, the patterns that have them, and their window."""

    least: int
    most: int
    patterns: tuple[int, ...]


def build_raw(name: str, patterns: Sequence[Pattern], tolerance: Tolerance = Tolerance()) -> Automaton:
    """The automaton of all `patterns`; Error where two of them cannot be told apart."""
    plain = [_trimmed(index, pattern) for index, pattern in enumerate(patterns)]
    builder = _Builder(plain, tolerance)
    states = builder.build()
    ends = [edge.least for state in states for edge in state.edges if edge.readings]
    pulses = [edge.most for state in states[1:] if state.sign > 0 for edge in state.edges]
    spaces = [edge.most for state in states if state.sign < 0 for edge in state.edges if not edge.readings]
    readings = tuple(Reading("down", scancode=Number(pattern.scancode)) for pattern in plain)
    return Automaton(name, tuple(states), readings, min(ends), max(pulses, default=0) + 1, HOLD_GAP_US, max(spaces, default=0))


def _trimmed(index: int, pattern: Pattern) -> Pattern:
    durations = pattern.durations[:len(pattern.durations) - (len(pattern.durations) + 1) % 2]
    if len(durations) < 3:
        raise PatternError(index, f"the pattern of {pattern.label} is too short", "record the whole signal")
    if len(durations) > MOST_DURATIONS:
        raise PatternError(index, f"the pattern of {pattern.label} has more than {MOST_DURATIONS} durations", "record one press, not a held key")
    if any(not 0 < duration <= LONGEST_US for duration in durations):
        raise PatternError(index, f"the pattern of {pattern.label} has a duration that no receiver can deliver", "durations are 1 to 16777215 µs")
    if max(durations[1::2]) > HOLD_GAP_US:
        raise PatternError(index, f"the pattern of {pattern.label} has a space of {max(durations[1::2])} µs", "record one press, not several")
    return Pattern(pattern.label, pattern.scancode, durations)


@dataclass
class _Builder:
    patterns: Sequence[Pattern]
    tolerance: Tolerance
    states: list[State] = field(default_factory=list)

    def build(self) -> list[State]:
        self.states = [State(1, ()), State(-1, ())]
        waiting = [(IDLE, tuple(range(len(self.patterns))), 0)]
        while waiting:
            number, alive, depth = waiting.pop()
            edges = self.end_edges(alive, depth) if depth % 2 else []
            for cluster in self.clusters([index for index in alive if len(self.patterns[index].durations) > depth], depth):
                target = len(self.states)
                self.states.append(State(1 if depth % 2 else -1, ()))
                waiting.append((target, cluster.patterns, depth + 1))
                edges.append(Edge(cluster.least, cluster.most, target))
            self.states[number] = State(-1 if depth % 2 else 1, _apart(edges), number == IDLE)
        return self.states

    def end_edges(self, alive: Sequence[int], depth: int) -> list[Edge]:
        """The gap after the patterns that are complete here."""
        complete = [index for index in alive if len(self.patterns[index].durations) == depth]
        if not complete:
            return []
        if len({self.patterns[index].scancode for index in complete}) > 1:
            first = complete[0]
            other = next(index for index in complete if self.patterns[index].scancode != self.patterns[first].scancode)
            raise PatternError(other, f"the raw patterns of {self.patterns[first].label} and {self.patterns[other].label} cannot be told apart",
                               "record one of them again, or lower the tolerance")
        floor = max(SHORTEST_END_US, *(2 * space for index in complete for space in self.patterns[index].durations[1::2]))
        floor = min(floor, HOLD_GAP_US // 2)
        return [Edge(floor, HOLD_GAP_US, IDLE, (), (complete[0],), IDLE, True, True),
                Edge(HOLD_GAP_US + 1, LONGEST_US, IDLE, (), (complete[0],), IDLE, True, False)]

    def clusters(self, going_on: Sequence[int], depth: int) -> list[_Cluster]:
        groups: list[list[int]] = []
        previous = 0
        for index in sorted(going_on, key=lambda index: self.patterns[index].durations[depth]):
            duration = self.patterns[index].durations[depth]
            if groups and duration - previous <= self.slack(previous):
                groups[-1].append(index)
            else:
                groups.append([index])
            previous = duration
        return [self.cluster(group, depth) for group in groups]

    def cluster(self, group: Sequence[int], depth: int) -> _Cluster:
        durations = [self.patterns[index].durations[depth] for index in group]
        least, most = min(durations), max(durations)
        return _Cluster(max(1, least - self.slack(least)), min(most + self.slack(most), LONGEST_US), tuple(sorted(group)))

    def slack(self, duration: int) -> int:
        return max(self.tolerance.absolute, int(duration * self.tolerance.relative))


def _apart(edges: Sequence[Edge]) -> tuple[Edge, ...]:
    """Windows that overlap are cut in the middle; what goes on has its window whole, before the end of a shorter pattern."""
    going_on = sorted((edge for edge in edges if not edge.readings), key=lambda edge: edge.least)
    cut: list[Edge] = []
    for edge in going_on:
        if cut and cut[-1].most >= edge.least:
            middle = (cut[-1].most + edge.least) // 2
            cut[-1] = Edge(cut[-1].least, middle, cut[-1].target)
            edge = Edge(middle + 1, edge.most, edge.target)
        cut.append(edge)
    rest = [piece for edge in edges if edge.readings for piece in _without(edge, cut)]
    return tuple(sorted([*cut, *rest], key=lambda edge: edge.least))


def _without(edge: Edge, taken: Sequence[Edge]) -> list[Edge]:
    pieces, least = [], edge.least
    for other in [*taken, Edge(edge.most + 1, edge.most + 1, LOST)]:
        if other.most < least or other.least > edge.most + 1:
            continue
        if other.least > least:
            pieces.append(Edge(least, other.least - 1, edge.target, (), edge.readings, edge.otherwise, edge.silence, edge.held))
        least = max(least, other.most + 1)
    return pieces
