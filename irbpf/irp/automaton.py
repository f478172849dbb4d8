"""The automaton of a protocol: a deterministic table of which duration leads where, made from its graph.

Every decoder, in Python or in the kernel, is this table; it holds no state of a signal and runs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from irbpf.errors import Error
from irbpf.irp.graph import FLASH, GAP, Bit, Frame, Free, Graph, Restart, Span
from irbpf.irp.readings import Reading
from irbpf.irp.walk import build_graph
from irbpf.protocols import Protocol, Tolerance
from irbpf.pulses import LONGEST_US

IDLE, LOST = 0, 1  # the state after a silence, and the state in the middle of something unknown
RESTART = -1  # in `Edge.bits`: what was sent so far is forgotten
SAME_PERCENT = 15  # two durations this close are not told apart by themselves
MOST_STATES = 50_000
MOST_JOINED = 500
MOST_BITS_OF_ONE = 200  # in one duration: bits that are sent as nothing would go on for ever
MOST_PENDING, MOST_PENDING_STRICT = 24, 6  # bits that differ for longer are another code
MOST_MEMBERS = 256
MOST_CARRY_US = 150  # no receiver lengthens pulses by more than this
LONGEST_TELLING_US, OWN_ERROR = 600, 6  # what is off by less than a sixth of the first pulse is the sender's or the clock's error
LONG_PULSE_US = 300  # so that a pulse may be too long by that, by 100 of a coarse clock, and by some noise


class Incompatible(Error):
    """These protocols cannot share an automaton."""


@dataclass(frozen=True)
class Edge:
    """From `least` to `most` µs (both included) lead to state `target`.

    `bits` are appended to the frame first, most significant first. If there are `readings`, the first that holds is
    reported; if none holds, the way leads to `otherwise` instead. `silence`: the gap may be a timeout too; without `readings` it
    ends a frame that was reported at its last edge (`irbpf.irp.early`). `held`: the press may go on after it. `nominal` (0: unknown)
    is what it should have measured. What a pulse is too long is taken for the next space's.
    """

    least: int
    most: int
    target: int
    bits: tuple[int, ...] = ()
    readings: tuple[int, ...] = ()
    otherwise: int = IDLE
    silence: bool = False
    held: bool = False
    nominal: int = 0


@dataclass(frozen=True)
class State:
    """`sign` is 1 where a pulse is expected, -1 for a space; `edges` are in ascending order and do not overlap.

    `rest`: a silence came before, and further silence changes nothing.
    """

    sign: int
    edges: tuple[Edge, ...]
    rest: bool = False


@dataclass(frozen=True)
class Automaton:
    """States 0 and 1 are `IDLE` and `LOST`; a sample without an edge leads to one of them.

    `start_gap`: the shortest space (µs) after which a frame may start. `leader`: pulses from here (µs) up occur nowhere but
    at the start of a frame, so they start one even in the middle of another. `hold_gap`: after a longer space the key was
    released. `longest_space`: no longer space occurs between the pulses of a frame, other than a silence. `first` (0: none): the
    first pulse of every frame, where what it is too long by is what all others are, and what spaces are too short by.
    """

    name: str
    states: tuple[State, ...]
    readings: tuple[Reading, ...]
    start_gap: int
    leader: int
    hold_gap: int
    longest_space: int
    first: int = 0

    @property
    def bits(self) -> int:
        """The most bits that a frame holds."""
        return max((reading.bits for reading in self.readings), default=0)


@dataclass(frozen=True)
class _Path:
    """A run of spans of one sign that is one sample (in ns): what it appends, and the node after it."""

    least: int
    most: int
    bits: tuple[int, ...]
    readings: tuple[int, ...]
    floor: int | None
    loose: bool
    idle: bool
    end: int


_Members = tuple[tuple[int, tuple[int, ...]], ...]


@dataclass(frozen=True)
class _Choice:
    member: int
    pending: tuple[int, ...]
    path: _Path
    least: int
    most: int

    @property
    def bits(self) -> tuple[int, ...]:
        return self.pending + self.path.bits


def build_automaton(protocol: Protocol) -> Automaton:
    """The automaton of `protocol`; raises Error where it has no finite one of a sane size."""
    return build_union([protocol])


def build_union(protocols: Sequence[Protocol], most_states: int = MOST_STATES) -> Automaton:
    """One automaton for several protocols, which says of each frame what the first says that it can be.

    Raises `Incompatible` where they say different bits of the same durations.
    """
    for protocol in protocols:
        if protocol.undecodable:
            raise Error(f"protocol {protocol.name} has no decoder: {protocol.undecodable}", "its signals can be rendered and sent")
    graph = build_graph(protocols)
    widest = Tolerance(max(one.tolerance.absolute for one in protocols), max(one.tolerance.relative for one in protocols))
    name, strict = "+".join(one.name for one in protocols), len(protocols) > 1
    if not strict and graph.joins:
        with suppress(Incompatible):
            return _Builder(graph, widest, MOST_JOINED, strict).build(name)
        graph.joins = []  # a repeat that begins like the bits of a first frame is not worth as many states
    return _Builder(graph, widest, most_states, strict).build(name)


@dataclass
class _Builder:
    graph: Graph
    tolerance: Tolerance
    most_states: int
    strict: bool  # no reading may be given up for another
    numbers: dict[object, int] = field(default_factory=dict)
    waiting: list[tuple[_Members, int, bool]] = field(default_factory=list)
    cache: dict[tuple[int, int], list[_Path]] = field(default_factory=dict)

    def build(self, name: str) -> Automaton:
        self.idle = self.idle_members()
        self.numbers[self.idle, FLASH, True] = IDLE
        self.waiting.append((self.idle, FLASH, True))
        states: dict[int, State] = {LOST: State(GAP, ())}
        self.next = 2
        while self.waiting:
            members, sign, rest = self.waiting.pop(0)
            number = self.numbers[members, sign, rest]
            states[number] = State(sign, self.edges(members, sign), rest)
            if self.next > self.most_states:
                raise Incompatible(f"protocol {name}: more than {self.most_states} states", "shorten its bit fields")
        return _finish(name, tuple(states[number] for number in range(self.next)), tuple(self.graph.readings))

    # -- paths ------------------------------------------------------------------------------------------------------

    def idle_members(self) -> _Members:
        """Where a press can start: at its beginning, or, where that was not heard, at a repeat that says as much and has a leader too:
        the same one, or one at least half as long."""
        first = self.first_flashes(0)
        leaders = {path.least for node in first for path in self.paths(node, FLASH)}
        for join in self.graph.joins:
            for node in self.first_flashes(join):
                if all(2 * path.least >= min(leaders) for path in self.paths(node, FLASH)):
                    first.append(node)
        return tuple((node, ()) for node in dict.fromkeys(first))

    def first_flashes(self, start: int) -> list[int]:
        found, stack, seen = [], [start], {start}
        while stack:
            node = stack.pop(0)
            if any(isinstance(arc, Span) and arc.sign == FLASH for arc in self.graph.arcs[node]):
                found.append(node)
            for arc in self.graph.arcs[node]:
                if not (isinstance(arc, Span) and arc.sign == FLASH) and not isinstance(arc, Frame) and arc.to not in seen:
                    seen.add(arc.to)
                    stack.append(arc.to)
        return found

    def paths(self, start: int, sign: int) -> list[_Path]:
        if (start, sign) not in self.cache:
            self.cache[start, sign] = self.find_paths(start, sign)
        return self.cache[start, sign]

    def find_paths(self, start: int, sign: int) -> list[_Path]:
        done: dict[_Path, None] = {}
        stack = [_Path(0, 0, (), (), None, False, False, start)]
        steps = 0
        while stack:
            path = stack.pop()
            steps += 1
            if steps > 100_000 or len(path.bits) > MOST_BITS_OF_ONE:
                raise Error("too many ways to read one duration", "use a bit spec with fewer merging alternatives")
            sounded = path.most > 0 or path.idle
            following = []
            for arc in self.graph.arcs[path.end]:
                match arc:
                    case Span(sign=other) if other == sign:
                        following.append(_longer(path, arc))
                    case Span() if sounded:
                        done[path] = None
                    case Span():
                        pass
                    case Bit(value, to):
                        following.append(_with(path, to, bits=(*path.bits, value)))
                    case Restart(to):
                        following.append(_with(path, to, bits=(*path.bits, RESTART)))
                    case Frame(reading, floor, to):
                        ended = floor if self.graph.readings[reading].report != "check" else path.floor
                        following.append(_with(path, to, readings=(*path.readings, reading), floor=ended))
                    case Free(to):
                        following.append(_with(path, to))
            stack += [path for path in reversed(following) if not (path.idle and path.end == 0)]
            for path in following:
                if path.idle and path.end == 0:
                    done[path] = None
        return list(done)

    def window(self, path: _Path, sign: int) -> tuple[int, int]:
        """The measured durations (µs) that `path` stands for."""
        least, most = path.least - self.slack(path.least), path.most + self.slack(path.most)
        if sign == FLASH:
            most = max(most, path.most + LONG_PULSE_US * 1000)
        if sign == GAP and path.floor is not None:
            least, most = min(least, path.floor), max(most, 2 * path.most + 10_000_000)
        elif sign == GAP and path.loose:
            least, most = min(least, path.least * 6 // 10), max(most, path.most * 16 // 10)
        return max(1, -(-least // 1000)), LONGEST_US if path.idle else min(most // 1000, LONGEST_US)

    def slack(self, duration: int) -> int:
        return max(self.tolerance.absolute * 1000, round(duration * self.tolerance.relative))

    # -- edges ------------------------------------------------------------------------------------------------------

    def edges(self, members: _Members, sign: int) -> tuple[Edge, ...]:
        choices = []
        for index, (node, pending) in enumerate(members):
            for path in self.paths(node, sign):
                least, most = self.window(path, sign)
                choices.append(_Choice(index, pending, path, least, most))
        edges: list[Edge] = []
        bounds = sorted({bound for choice in choices for bound in (choice.least, choice.most + 1)} | set(_middles(choices)))
        for least, after in zip(bounds, bounds[1:], strict=False):
            active = _nearest([choice for choice in choices if choice.least <= least <= choice.most], least, after - 1)
            if active:
                _append(edges, self.edge(least, after - 1, active, sign))
        return tuple(edges)

    def edge(self, least: int, most: int, active: Sequence[_Choice], sign: int) -> Edge:
        ending = [choice for choice in active if choice.path.readings]
        going_on = [choice for choice in active if not choice.path.readings]
        if not ending:
            bits, members = _agree(going_on, self.strict)
            return Edge(least, most, self.number(members, -sign, False), bits, nominal=_nominal(active))
        bits = ending[0].bits
        if self.strict:
            self.refuse_to_cut(active, ending, bits)
        ending = [choice for choice in ending if choice.bits == bits]
        checked = all(self.only_checked(choice) for choice in ending)
        if not checked:
            going_on += [choice for choice in ending if self.only_checked(choice)]
            ending = [choice for choice in ending if not self.only_checked(choice)]
        # Bits that are all fixed are known better than the same bits as parameters.
        readings = tuple(sorted(dict.fromkeys(reading for choice in ending for reading in choice.path.readings),
                                key=lambda reading: self.graph.readings[reading].report != "quiet"))
        going_on = [choice for choice in going_on if choice.bits[:len(bits)] == bits]
        rest: _Members = tuple(dict.fromkeys((choice.path.end, choice.bits[len(bits):]) for choice in going_on))
        if checked:
            after: _Members = (*((choice.path.end, ()) for choice in ending), *rest)
            return Edge(least, most, self.number(tuple(dict.fromkeys(after)), -sign, True), bits, readings, IDLE, True,
                        nominal=_nominal(active))
        after = tuple((choice.path.end, ()) for choice in ending if not choice.path.idle)
        target = self.number(tuple(dict.fromkeys((*after, *self.idle))), -sign, True)
        otherwise = self.number(tuple(dict.fromkeys((*rest, *self.idle))), -sign, True) if rest else IDLE
        return Edge(least, most, target, bits, readings, otherwise, True, bool(after), _nominal(active))

    def refuse_to_cut(self, active: Sequence[_Choice], ending: Sequence[_Choice], bits: tuple[int, ...]) -> None:
        """One protocol's frame must not be the beginning of another's: the other would never be heard."""
        ends = {self.graph.owner(choice.path.end) if choice.path.end else None for choice in ending}
        goes_on = {self.graph.owner(choice.path.end) for choice in active if not choice.path.readings or self.only_checked(choice)}
        if any(choice.bits != bits for choice in ending) or (goes_on - ends):
            raise Incompatible("a frame of one is the beginning of a frame of another")

    def only_checked(self, choice: _Choice) -> bool:
        return all(self.graph.readings[reading].report == "check" for reading in choice.path.readings)

    def number(self, members: _Members, sign: int, rest: bool) -> int:
        if len(members) > MOST_MEMBERS:
            if self.strict:
                raise Incompatible("too many readings at once")
            members = members[:MOST_MEMBERS]
        key = (members, sign, rest)
        if key not in self.numbers:
            self.numbers[key] = self.next
            self.next += 1
            self.waiting.append((members, sign, rest))
        return self.numbers[key]


def _nominal(active: Sequence[_Choice]) -> int:
    """What the first of the choices that ends at all should measure, in µs."""
    return next(((choice.path.least + choice.path.most + 1000) // 2000 for choice in active if not choice.path.idle), 0)


def _longer(path: _Path, span: Span) -> _Path:
    return _Path(path.least + span.least, path.most + span.most, path.bits, path.readings, path.floor,
                 path.loose or span.loose, path.idle or span.idle, span.to)


def _with(path: _Path, end: int, bits: tuple[int, ...] | None = None, readings: tuple[int, ...] | None = None,
          floor: int | None = None) -> _Path:
    return _Path(path.least, path.most, path.bits if bits is None else bits, path.readings if readings is None else readings,
                 path.floor if floor is None else floor, path.loose, path.idle, end)


def _rival(one: _Choice, other: _Choice) -> bool:
    """Whether the nearest of the two is taken, because they say different things about different durations."""
    low, high = sorted((one.path, other.path), key=lambda path: path.least)
    if low.most >= high.least or low.idle:
        return False
    return one.bits != other.bits or (high.least - low.most) * 100 > low.most * SAME_PERCENT


def _middles(choices: Sequence[_Choice]) -> list[int]:
    middles = []
    for index, one in enumerate(choices):
        for other in choices[index + 1:]:
            if one.least <= other.most and other.least <= one.most and _rival(one, other):
                low, high = sorted((one.path, other.path), key=lambda path: path.least)
                middles.append((low.most + high.least) // 2000 + 1)
    return middles


def _nearest(active: list[_Choice], least: int, most: int) -> list[_Choice]:
    """Those of `active` that no rival is nearer to the durations `least` to `most`; of two that are as near, the shorter."""
    if len(active) < 2:
        return active
    middle = (least + most) * 500

    def distance(choice: _Choice) -> tuple[int, int]:
        path = choice.path
        return max(path.least - middle, 0 if path.idle else middle - path.most, 0), path.least

    ordered = sorted(((distance(choice), choice) for choice in active), key=lambda pair: pair[0])
    beaten = {id(one) for place, (far, one) in enumerate(ordered)
              if any(near < far and _rival(one, other) for near, other in ordered[:place])}
    return [one for one in active if id(one) not in beaten]


def _agree(choices: Sequence[_Choice], strict: bool) -> tuple[tuple[int, ...], _Members]:
    """The bits that all choices have in common, and what each still has to say."""
    first, common = choices[0].bits, 0
    while common < len(first) and all(choice.bits[:common + 1] == first[:common + 1] for choice in choices):
        common += 1
    members = [(choice.path.end, choice.bits[common:]) for choice in choices]
    if any(len(pending) > (MOST_PENDING_STRICT if strict else MOST_PENDING) for _, pending in members):
        if strict:
            raise Incompatible("the same durations are different bits")
        choices = [choice for choice in choices if choice.bits == first]
        return first, tuple(dict.fromkeys((choice.path.end, ()) for choice in choices))
    return first[:common], tuple(dict.fromkeys(members))


def _append(edges: list[Edge], edge: Edge) -> None:
    if edges and edges[-1].most == edge.least - 1 and replace(edge, least=edges[-1].least) == replace(edges[-1], most=edge.most):
        edge = replace(edge, least=edges.pop().least)
    edges.append(edge)


def _finish(name: str, states: tuple[State, ...], readings: tuple[Reading, ...]) -> Automaton:
    if not (ends := [edge for state in states for edge in state.edges if any(readings[one].report != "check" for one in edge.readings)]):
        raise Error(f"protocol {name}: no frame ever ends", "end it with a gap")
    spaces = [edge.most for state in states if state.sign == GAP for edge in state.edges if not edge.silence and edge.most < LONGEST_US]
    inner = [edge.most for state in states if state.sign == FLASH and not state.rest for edge in state.edges]
    return Automaton(name, states, readings, min(edge.least for edge in ends), max(inner, default=0) + 1,
                     max((edge.most for edge in ends if edge.held), default=0), max(spaces, default=0), _telling(states))


def _telling(states: Sequence[State]) -> int:
    """The first pulse, where it is short and always the same, and where a receiver may make one pulse of another; else 0."""
    first = {edge.nominal for state in states if state.sign == FLASH and state.rest for edge in state.edges}
    later = [state.edges for state in states if state.sign == FLASH and not state.rest]
    alike = any(0 < after.nominal - edge.nominal < MOST_CARRY_US for edges in later for edge, after in zip(edges, edges[1:], strict=False))
    return first.pop() if alike and len(first) == 1 and min(first) <= LONGEST_TELLING_US else 0
