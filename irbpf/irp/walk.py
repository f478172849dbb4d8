"""From an IRP line to its graph: every way through the line is followed at once, and ways that agree are joined.

It knows no tolerance and makes nothing deterministic; that is `irbpf.irp.automaton`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from irbpf.errors import Error
from irbpf.irp.expressions import evaluate, names_in
from irbpf.irp.graph import FLASH, GAP, Bit, Frame, Free, Graph, Restart, Span
from irbpf.irp.readings import Reading, SentField, solve, substitute
from irbpf.irp.syntax import (
    Assignment,
    BitField,
    BitSpec,
    Coded,
    Duration,
    Expression,
    Extent,
    Item,
    Name,
    Number,
    Stream,
    Variation,
)
from irbpf.protocols import Protocol

LONG_GAP_NS = 9_000_000  # a gap that separates parts of a frame, at which what was sent so far can already be checked
SHORTEST_END_NS = 5_000_000  # no gap shorter than this ends a frame, unless the protocol's own is
SNAP_PERCENT = 12
MOST_ENVIRONMENTS = 64
MOST_WIDTHS = 64  # of a bit field whose width is a parameter

Environment = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Thread:
    """One way through the line so far. Two threads that agree in `key` are one from there on."""

    node: int
    names: Environment = ()
    fields: tuple[SentField, ...] = ()
    least: int = 0  # ns since the last extent
    most: int = 0
    longest: int = 0  # the longest gap inside the frame, in ns
    gap: int = 0  # the gap at its end in ns, 0 after a flash
    sounded: bool = False

    @property
    def key(self) -> tuple[Environment, tuple[SentField, ...], bool]:
        return self.names, self.fields, self.sounded

    @property
    def bits(self) -> int:
        return sum(sent.width for sent in self.fields)


def build_graph(protocols: Sequence[Protocol]) -> Graph:
    """The graph of all that any of `protocols` can send; raises Error for what has no finite graph."""
    graph = Graph()
    known: list[tuple[int, int]] = []
    for protocol in protocols:
        graph.firsts.append(len(graph.arcs))
        _Walker(protocol, graph).walk()
        if len(protocols) > 1:
            _snap(graph, graph.firsts[-1], known)
    return graph


def _snap(graph: Graph, first: int, known: list[tuple[int, int]]) -> None:
    """Durations that no receiver can tell from one of another protocol become that one, so that both stay together in the automaton.

    `known` are sign and duration of those so far. Two durations of one protocol are never made the same.
    """
    spans = [arc for arcs in graph.arcs[first:] for arc in arcs if isinstance(arc, Span) and not arc.idle and arc.least == arc.most]
    new: dict[tuple[int, int], int] = {}
    for sign, duration in sorted({(span.sign, span.least) for span in spans}):
        free = [other for kind, other in known if kind == sign and (sign, other) not in {(kind, to) for (kind, _), to in new.items()}]
        near = min(free, key=lambda other: abs(other - duration), default=0)
        new[sign, duration] = near if abs(near - duration) * 100 <= SNAP_PERCENT * duration else duration
    known += [(sign, to) for (sign, _), to in new.items() if (sign, to) not in known]
    for node in range(first, len(graph.arcs)):
        graph.arcs[node] = [replace(arc, least=new[arc.sign, arc.least], most=new[arc.sign, arc.least])
                            if isinstance(arc, Span) and not arc.idle and arc.least == arc.most else arc for arc in graph.arcs[node]]


class _Walker:
    def __init__(self, protocol: Protocol, graph: Graph) -> None:
        self.protocol = protocol
        self.irp = protocol.irp
        self.graph = graph
        self.earlier = len(graph.readings)  # those are other protocols'
        self.parameters = {parameter.name: parameter for parameter in self.irp.parameters}
        self.all_sent = frozenset(name for sent in _sent_fields(self.irp.stream.items)
                                  for name in names_in(self.resolve(sent, ())))
        self.forked: set[str] = set()

    def walk(self) -> None:
        first = self.graph.node()
        self.graph.arcs[0].append(Free(first))
        for end in self.close(self.stream(self.irp.stream, [Thread(first)], (self.irp.bitspec,), 0)):
            self.graph.arcs[end.node].append(Span(GAP, 0, 0, 0, idle=True))
        if not self.pressed():
            raise Error(f"protocol {self.protocol.name}: no frame holds all that its scancode needs", "check the scancode layout")

    def pressed(self) -> bool:
        """Whether a frame that says which key it is was there already."""
        return any(reading.report == "down" for reading in self.graph.readings[self.earlier:])

    # -- values ---------------------------------------------------------------------------------------------------

    def resolve(self, expression: Expression, names: Environment) -> Expression:
        return substitute(expression, dict(names), self.parameters, self.irp.definitions)

    def constant(self, expression: Expression, names: Environment) -> int | None:
        resolved = self.resolve(expression, names)
        return None if names_in(resolved) else evaluate(resolved, {})

    def nanoseconds(self, item: Duration | Extent, names: Environment) -> int:
        value = item.value.value if isinstance(item.value, Number) else self.constant(item.value, names)
        if value is None:
            name = item.value.name if isinstance(item.value, Name) else "?"
            raise Error(f"protocol {self.protocol.name}: the duration {name} depends on a parameter",
                        "durations must be known beforehand: give it a value in the definitions")
        if item.unit == "p":
            if not self.irp.general.carrier:
                raise Error(f"protocol {self.protocol.name}: a duration in periods, but no carrier", "write it in u")
            return round(Fraction(value) * 1_000_000_000 / self.irp.general.carrier)
        return round(Fraction(value) * {"": self.irp.general.unit, "u": Fraction(1), "m": Fraction(1000)}[item.unit] * 1000)

    # -- items ----------------------------------------------------------------------------------------------------

    def items(self, items: Sequence[Item], threads: list[Thread], specs: tuple[BitSpec, ...], turn: int,
              record: bool = True) -> list[Thread]:
        position = 0
        while position < len(items):
            item = items[position]
            position += 1
            if isinstance(item, BitField):
                run = [item]
                while position < len(items) and isinstance(following := items[position], BitField):
                    run.append(following)
                    position += 1
                threads = self.bits(run, threads, specs, turn, record)
            else:
                threads = self.item(item, threads, specs, turn)
        return threads

    def item(self, item: Item, threads: list[Thread], specs: tuple[BitSpec, ...], turn: int) -> list[Thread]:
        match item:
            case Duration() | Extent():
                return [self.span(item, thread) for thread in threads]
            case Assignment():
                return self.merge([self.assign(item, thread) for thread in threads])
            case Variation():
                return self.items(item.alternatives[min(turn, len(item.alternatives) - 1)], threads, specs, turn)
            case Coded():
                return self.stream(item.stream, threads, (item.bitspec, *specs), turn)
            case Stream():
                return self.stream(item, threads, specs, turn)
            case BitField():
                return self.bits([item], threads, specs, turn, record=True)

    def span(self, item: Duration | Extent, thread: Thread) -> Thread:
        least = most = self.nanoseconds(item, thread.names)
        if isinstance(item, Extent):
            least, most = max(least - thread.most, 1000), max(least - thread.least, 1000)
        sign = FLASH if isinstance(item, Duration) and item.sign > 0 else GAP
        if sign == FLASH and thread.gap >= LONG_GAP_NS and thread.fields:
            thread = self.check(thread)
        node = self.graph.node()
        self.graph.arcs[thread.node].append(Span(sign, least, most, node, loose=isinstance(item, Extent)))
        after = replace(thread, node=node, least=thread.least + least, most=thread.most + most, sounded=True)
        if isinstance(item, Extent):
            after = replace(after, least=0, most=0)
        if sign == FLASH:
            return replace(after, longest=max(thread.longest, thread.gap), gap=0)
        return replace(after, gap=thread.gap + most)

    def check(self, thread: Thread) -> Thread:
        """At a long gap inside a frame, what was sent is tested already, so that a half frame of another kind ends there."""
        reading = self.read(thread, "check")
        if reading is None or not reading.checks:
            return thread
        node = self.graph.node()
        self.graph.arcs[thread.node].append(Frame(self.graph.reading(reading), 0, node))
        return replace(thread, node=node)

    def assign(self, item: Assignment, thread: Thread) -> Thread:
        value = self.constant(item.value, thread.names)
        names = {name: old for name, old in thread.names if name != item.name}
        if value is not None:
            names[item.name] = value
        return replace(thread, names=tuple(sorted(names.items())))

    # -- bits -----------------------------------------------------------------------------------------------------

    def bits(self, run: Sequence[BitField], threads: list[Thread], specs: tuple[BitSpec, ...], turn: int,
             record: bool) -> list[Thread]:
        if not specs:
            raise Error(f"protocol {self.protocol.name}: bits where there is no bit spec to send them with")
        done: list[Thread] = []
        for thread in self.fork_widths(run, threads):
            values, sent = self.sent(run, thread)
            after = self.chunks(values, thread, specs, turn, record)
            done += [replace(end, fields=end.fields + sent) for end in after] if record else after
        return self.merge(done)

    def fork_widths(self, run: Sequence[BitField], threads: list[Thread]) -> list[Thread]:
        """A width that is a parameter: one thread for each of its values."""
        for part in run:
            if part.width is None:
                raise Error(f"protocol {self.protocol.name}: a bit field without a width cannot be sent")
            for name in sorted(names_in(part.width)):
                if (parameter := self.parameters.get(name)) is not None and parameter.most - parameter.least < MOST_WIDTHS:
                    self.forked.add(name)
                    threads = [replace(thread, names=tuple(sorted({**dict(thread.names), name: value}.items())))
                               if name not in dict(thread.names) else thread
                               for thread in threads
                               for value in (range(parameter.least, parameter.most + 1)
                                             if name not in dict(thread.names) else (0,))]
        return threads

    def sent(self, run: Sequence[BitField], thread: Thread) -> tuple[list[int | None], tuple[SentField, ...]]:
        """The bits of `run` in the order sent, None where they depend on parameters, and the fields they belong to."""
        values: list[int | None] = []
        fields = []
        for part in run:
            width = None if part.width is None else self.constant(part.width, thread.names)
            skip = self.constant(part.skip, thread.names)
            if width is None or skip is None or abs(width) > 1024:
                raise Error(f"protocol {self.protocol.name}: the width of a bit field is not known")
            turned = part.reverse != (width < 0)
            data = self.resolve(part.data, thread.names)
            plain = BitField(data, Number(abs(width)), Number(skip), part.complement)
            low_first = self.irp.general.msb == turned
            fields.append(SentField(plain, thread.bits + len(values), abs(width), low_first))
            value = None if names_in(data) else evaluate(plain, {})
            order = range(abs(width)) if low_first else range(abs(width) - 1, -1, -1)
            values += [None if value is None else value >> place & 1 for place in order]
        return values, tuple(fields)

    def chunks(self, values: list[int | None], thread: Thread, specs: tuple[BitSpec, ...], turn: int,
               record: bool) -> list[Thread]:
        spec, size = specs[0], (len(specs[0].alternatives) - 1).bit_length()
        if not size or len(values) % size:
            if len(specs[0].alternatives) != 1:
                raise Error(f"protocol {self.protocol.name}: {len(values)} bits do not divide into chunks of {size}")
            size = 1
        threads = [thread]
        for start in range(0, len(values), size):
            threads = self.chunk(spec, values[start:start + size], threads, specs, turn, record)
        return threads

    def chunk(self, spec: BitSpec, known: Sequence[int | None], threads: list[Thread], specs: tuple[BitSpec, ...], turn: int,
              record: bool) -> list[Thread]:
        done: list[Thread] = []
        for index, alternative in enumerate(spec.alternatives):
            if not self.irp.general.msb:
                pattern = [index >> place & 1 for place in range(len(known))]
            else:
                pattern = [index >> place & 1 for place in range(len(known) - 1, -1, -1)]
            if all(have is None or have == want for have, want in zip(known, pattern, strict=True)):
                after = self.items(alternative, threads, specs[1:] or specs, turn, record=False)
                done += [self.mark(thread, pattern) for thread in after] if record else after
        return self.merge(done)

    def mark(self, thread: Thread, pattern: Iterable[int]) -> Thread:
        for bit in pattern:
            node = self.graph.node()
            self.graph.arcs[thread.node].append(Bit(bit, node))
            thread = replace(thread, node=node)
        return thread

    def merge(self, threads: Iterable[Thread]) -> list[Thread]:
        merged: dict[object, Thread] = {}
        groups: dict[object, list[Thread]] = {}
        for thread in threads:
            groups.setdefault(thread.key, []).append(thread)
        for key, group in groups.items():
            if len({thread.node for thread in group}) == 1:
                merged[key] = group[0]
                continue
            node = self.graph.node()
            for source in sorted({thread.node for thread in group}):
                self.graph.arcs[source].append(Free(node))
            merged[key] = replace(group[0], node=node, least=min(thread.least for thread in group),
                                  most=max(thread.most for thread in group), longest=max(thread.longest for thread in group),
                                  gap=max(thread.gap for thread in group))
        return list(merged.values())

    # -- streams and frames ---------------------------------------------------------------------------------------

    def stream(self, stream: Stream, threads: list[Thread], specs: tuple[BitSpec, ...], turn: int) -> list[Thread]:
        if stream.repeat.more:
            return self.loop(stream, threads, specs)
        for _ in range(stream.repeat.least):
            threads = self.items(stream.items, threads, specs, turn)
        return threads

    def loop(self, stream: Stream, threads: list[Thread], specs: tuple[BitSpec, ...]) -> list[Thread]:
        """Passes while the key is held: each is a frame of its own, however many of them the protocol demands."""
        kinds = _variations(stream.items)
        first = 0 if kinds > 1 and not _silent(stream.items, 0) else 1
        threads = self.close(threads, carry=stream.repeat.least > 0)
        exits = list(threads) if stream.repeat.least == 0 or kinds > 1 else []
        starts: dict[tuple[Environment, tuple[SentField, ...], int], int] = {}
        queue = [(thread, first) for thread in threads]
        while queue:
            thread, turn = queue.pop(0)
            key = (thread.names, thread.fields, turn)
            if (known := starts.get(key)) is not None:
                self.graph.arcs[thread.node].append(Free(known))
                continue
            if len(starts) >= MOST_ENVIRONMENTS:
                raise Error(f"protocol {self.protocol.name}: its repeats never come back to the same values")
            node = starts[key] = self.graph.node()
            self.graph.arcs[thread.node].append(Free(node))
            ends = self.close(self.items(stream.items, [replace(thread, node=node, least=0, most=0)], specs, turn), held=True)
            if not thread.fields and self.says_all(node):
                self.graph.joins.append(node)
            exits += ends
            queue += [(end, 1) for end in ends]
        exits = self.merge(exits)
        if kinds > 2 and not _silent(stream.items, 2):
            exits = self.merge(exits + self.close(self.items(stream.items, exits, specs, 2)))
        return exits

    def says_all(self, start: int) -> bool:
        """Whether a frame that was made since node `start` says which key it is."""
        return any(isinstance(arc, Frame) and self.graph.readings[arc.reading].report == "down" for arcs in self.graph.arcs[start:] for arc in arcs)

    def close(self, threads: list[Thread], *, held: bool = False, carry: bool = False) -> list[Thread]:
        """The end of a frame, where one is open: what it means, and a fresh start.

        `held`: it was sent because the key is held. `carry`: another pass must follow, and says what this one leaves open.
        """
        return self.merge([self.close_frame(thread, held, carry) if thread.sounded else thread for thread in threads])

    def close_frame(self, thread: Thread, held: bool, carry: bool) -> Thread:
        reading = self.read(thread, "down")
        if reading is None and carry and thread.fields:
            return thread
        if reading is None and self.pressed():
            reading = self.incomplete(thread, held)
        elif reading is None and thread.fields:
            reading = self.read(thread, "quiet")
        node = self.graph.node()
        if reading is None:
            self.graph.arcs[thread.node].append(Restart(node))
            return Thread(node, thread.names)
        if not thread.gap:  # the line ends with a flash: whatever comes, it comes after a silence
            silence = self.graph.node()
            self.graph.arcs[thread.node].append(Span(GAP, 0, 0, silence, idle=True))
            thread = replace(thread, node=silence)
        floor = max(2 * thread.longest, SHORTEST_END_NS)
        self.graph.arcs[thread.node].append(Frame(self.graph.reading(reading), floor, node))
        return Thread(node, thread.names)

    def incomplete(self, thread: Thread, held: bool) -> Reading | None:
        """A frame without all that the scancode needs: a sign that the key is still held, or the end of a press, which says nothing."""
        reading = self.read(thread, "repeat" if held else "quiet")
        return replace(reading, report="repeat") if reading is not None and reading.shown else reading

    def read(self, thread: Thread, report: str) -> Reading | None:
        fixed = {name: value for name, value in thread.names if name in self.parameters and name in self.forked}
        return solve(self.protocol, thread.fields, report, fixed, self.later(thread.fields))

    def later(self, fields: Sequence[SentField]) -> frozenset[str]:
        """The parameters that another frame of the press sends."""
        return self.all_sent - {name for sent in fields for name in names_in(sent.value)}


def _variations(items: Sequence[Item]) -> int:
    """How many kinds of passes there are: the longest list of alternatives in `items`, nested streams left out."""
    return max((len(item.alternatives) for item in items if isinstance(item, Variation)), default=0)


def _sent_fields(items: Sequence[Item]) -> Iterator[BitField]:
    for item in items:
        match item:
            case BitField():
                yield item
            case Stream():
                yield from _sent_fields(item.items)
            case Coded():
                yield from _sent_fields(item.stream.items)
            case Variation():
                for alternative in item.alternatives:
                    yield from _sent_fields(alternative)


def _silent(items: Sequence[Item], turn: int) -> bool:
    """An empty alternative says that this pass is not sent at all."""
    return any(isinstance(item, Variation) and turn < len(item.alternatives) and not item.alternatives[turn] for item in items)
