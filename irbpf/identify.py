"""What a signal is, and why it is not something else: the readings with their fit, and the protocols that nearly fit with what was in
their way. It answers "why was this press not decoded?"; it prints nothing and learns nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from irbpf.errors import Error
from irbpf.irp.automaton import IDLE, LOST, Automaton, Edge, State
from irbpf.irp.expressions import evaluate
from irbpf.irp.interpreter import FULL, Decoded, Interpreter
from irbpf.irp.pool import Start, start_of
from irbpf.irp.readings import Reading
from irbpf.irp.syntax import Binary, BitField, Conditional, Expression, Number, Unary
from irbpf.irp.text import expression_text
from irbpf.pulses import END, LONGEST_US, Kind, Sample
from irbpf.replay import Decoder, Event, Player

MOST_MISSES = 12
LONG_US = 5_000  # a space from here up may end a frame
CHECKS = ("complement", "checksum", "fixed bits", "condition", "range")  # the kinds of rules that frames are tested by, the strongest first


@dataclass(frozen=True)
class Fit:
    """How far the durations are off what they should be: the mean and the largest, in µs and percent."""

    mean_us: float = 0.0
    most_us: float = 0.0
    mean_percent: float = 0.0
    most_percent: float = 0.0


@dataclass(frozen=True)
class Found:
    """One reading: `rank` 0 is the preferred; `first` and `last` are the samples of its first frame; `rule` decided that it is one."""

    protocol: str
    scancode: int
    params: Mapping[str, int]
    toggle: int | None
    repeats: int
    rank: int
    first: int
    last: int
    fit: Fit
    rule: str


@dataclass(frozen=True)
class Miss:
    """A protocol that does not fit: `matched` samples did, from sample `first` on; then `rule` was broken, `why` in words."""

    protocol: str
    first: int
    matched: int
    rule: str
    why: str


@dataclass(frozen=True)
class Identified:
    found: tuple[Found, ...]
    misses: tuple[Miss, ...]


def identify(samples: Sequence[Sample], player: Player, most: int = MOST_MISSES) -> Identified:
    """The readings of one signal by `player`, the best first, and the protocols that came nearest of the others."""
    whole = [*samples, END] if samples and samples[-1].kind == Kind.PULSE else list(samples)
    by_name: dict[str, list[Event]] = {}
    for event in player.play(samples):
        by_name.setdefault(event.decoded.protocol, []).append(event)
    decoders = {one.name: one for one in player.decoders}
    found = [one for name, events in by_name.items() if (one := _found(decoders[name], events, whole)) is not None]
    misses = [miss for one in player.decoders if one.name not in by_name and (miss := _miss(one, whole)) is not None]
    misses.sort(key=lambda miss: -miss.matched)
    return Identified(tuple(sorted(found, key=lambda one: one.rank)), tuple(misses[:most]))


# -- a decoder that is watched ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Stop:
    place: int
    matched: int
    rule: str
    why: str


@dataclass
class _Watched(Interpreter):
    """Notes what each duration should have been, where the thread was lost, and which reading of a frame was taken."""

    automaton: Automaton
    place: int = 0
    measured_us: list[tuple[int, float, float]] = field(default_factory=list)  # sample, off in µs, off in parts
    stops: list[_Stop] = field(default_factory=list)
    taken: Reading | None = None

    def __post_init__(self) -> None:
        self.reset()

    def run(self, samples: Sequence[Sample]) -> Iterator[tuple[int, Decoded]]:
        for self.place, sample in enumerate(samples):
            decoded = self.step(sample)
            if decoded is not None:
                yield self.place, decoded

    def follow(self, edge: Edge, kind: Kind, duration: int) -> Decoded | None:
        if edge.nominal and kind != Kind.TIMEOUT and not edge.readings:
            off = float(abs(duration - edge.nominal))
            self.measured_us.append((self.place, off, off / edge.nominal))
        return super().follow(edge, kind, duration)

    def lose(self, kind: Kind, duration: int) -> None:
        if self.state != LOST:
            state = self.automaton.states[self.state]
            matched = 0 if self.state == IDLE else self.spent - 1
            self.stops.append(_Stop(self.place, matched, *_broken(state, kind, duration, matched)))
        super().lose(kind, duration)

    def read(self, edge: Edge) -> Decoded | None:
        readings = [self.automaton.readings[number] for number in edge.readings]
        held = next((one for one in readings if self.names(one) is not None), None)
        if held is None and readings:
            self.stops.append(_Stop(self.place, self.spent, *self.failed(readings[0])))
        elif held is not None and held.report in ("down", "repeat"):
            self.taken = self.taken or held
        return super().read(edge)

    def failed(self, reading: Reading) -> tuple[str, str]:
        """The rule that a complete frame breaks."""
        names = self.names(replace(reading, checks=())) or {}
        for check in reading.checks:
            if not evaluate(check, names) & FULL:
                return kind_of(check), _failed(check, names)
        return "length", "the frame has another length"


def _broken(state: State, kind: Kind, duration: int, matched: int) -> tuple[str, str]:
    """Which rule a sample breaks that no edge of `state` takes."""
    came = f"{'a pulse' if kind == Kind.PULSE else 'a silence' if kind == Kind.TIMEOUT else 'a space'} of {duration} µs"
    if (kind == Kind.PULSE) != (state.sign > 0):
        return "order", f"{came} came where a {'pulse' if state.sign > 0 else 'space'} should be"
    wanted = _windows(state.edges)
    number = f"duration {matched + 1}"
    ends = any(edge.readings or edge.silence for edge in state.edges)
    if matched <= 1:
        return "leader", f"{number} is {came}; it should be {wanted}"
    if kind != Kind.PULSE and ends and all(edge.least > duration for edge in state.edges if edge.readings or edge.silence):
        return "length", f"it goes on after {matched} durations: {came}, where the frame should end with {wanted}"
    if kind == Kind.TIMEOUT or (kind == Kind.SPACE and duration > LONG_US and all(edge.most < duration for edge in state.edges)):
        return "length", f"it ends after {matched} durations with {came}; it should go on with {wanted}"
    return "gap" if ends else "duration", f"{number} is {came}; it should be {wanted}"


def _windows(edges: Sequence[Edge]) -> str:
    texts = [f"{edge.least} µs or more" if edge.most >= LONGEST_US else f"{edge.least} to {edge.most} µs" for edge in edges]
    return " or ".join(dict.fromkeys(texts)) or "nothing at all"


def kind_of(check: Expression) -> str:
    """The kind of rule that a test of a frame is, one of `CHECKS`."""
    parts = list(_parts(check))
    ops = {part.op for part in parts if isinstance(part, (Unary, Binary))}
    if ops & {"!=", "||", "&&"}:
        return "condition"
    if ops & {"<", "<=", ">", ">="}:
        return "range"
    if ops & {"+", "-", "^", "*", "#", "%"}:
        return "checksum"
    if any(isinstance(part, BitField) and part.complement for part in parts) or "~" in ops:
        return "complement"
    return "fixed bits"


def _parts(expression: Expression) -> Iterator[Any]:
    yield expression
    match expression:
        case Unary():
            yield from _parts(expression.operand)
        case Binary():
            yield from _parts(expression.left)
            yield from _parts(expression.right)
        case Conditional():
            for part in (expression.condition, expression.yes, expression.no):
                yield from _parts(part)
        case BitField():
            yield from _parts(expression.data)


def _failed(check: Expression, names: Mapping[str, int]) -> str:
    if isinstance(check, Binary) and check.op == "==":
        try:
            wanted, have = evaluate(check.left, names) & FULL, evaluate(check.right, names) & FULL
        except Error:
            return f"{expression_text(check)} does not hold"
        if isinstance(check.right, Number):
            wanted, have = have, wanted
        return f"a field is {have:#x} and should be {wanted:#x}"
    return f"{expression_text(check)} does not hold"


# -- what is told -------------------------------------------------------------------------------------------------------


def _found(decoder: Decoder, events: Sequence[Event], samples: Sequence[Sample]) -> Found | None:
    automaton = decoder.automaton
    if automaton is None:
        return None
    machine = _Watched(automaton)
    first, last = 0, events[0].sample
    for place, _ in machine.run(samples):
        if place >= last:
            first = place + 1 - machine.spent
            break
    decoded = events[0].decoded
    repeats = sum(event.decoded.repeat for event in events)
    fit = _fit([(off, part) for place, off, part in machine.measured_us if first <= place <= last])
    return Found(decoder.name, decoded.scancode, dict(decoded.params), decoded.toggle, repeats, events[0].rank, first, last, fit,
                 _rule(machine.taken, automaton))


def _fit(off: Sequence[tuple[float, float]]) -> Fit:
    if not off:
        return Fit()
    return Fit(sum(one for one, _ in off) / len(off), max(one for one, _ in off), 100 * sum(part for _, part in off) / len(off),
               100 * max(part for _, part in off))


def _rule(reading: Reading | None, automaton: Automaton) -> str:
    """What speaks most for a reading: the strongest test that it passed, or else its leader, or only its length."""
    kinds = {kind_of(check) for check in reading.checks} if reading is not None else set()
    strongest = next((kind for kind in CHECKS if kind in kinds), None)
    leader = any(edge.least >= 1500 for edge in automaton.states[IDLE].edges)
    return strongest or ("leader" if leader else "length and gap")


def _miss(decoder: Decoder, samples: Sequence[Sample]) -> Miss | None:
    """Where the decoder came farthest. Those that the beginning of the signal does not fit are not even brought in."""
    start: Start | None = decoder.start or (start_of(decoder.automaton) if decoder.automaton is not None else None)
    if start is None or not any(start.both(pulse.duration, space.duration) for pulse, space in zip(samples[:3], samples[1:3], strict=False)
                                if pulse.kind == Kind.PULSE) or decoder.automaton is None:
        return None
    machine = _Watched(decoder.automaton)
    for _ in machine.run(samples):
        pass
    best = max(machine.stops, key=lambda stop: stop.matched, default=None)
    if best is None or best.matched < 2:
        return None
    return Miss(decoder.name, best.place - best.matched, best.matched, best.rule, best.why)
