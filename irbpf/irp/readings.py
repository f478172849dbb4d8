"""Readings: what the bits of a frame mean, as expressions over the fields that were sent.

Sending computes fields from parameters; this turns the line round. What can not be turned round becomes a check.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from irbpf.errors import Error
from irbpf.irp.expressions import names_in
from irbpf.irp.syntax import Binary, BitField, Conditional, Expression, Name, Number, Parameter, Unary
from irbpf.protocols import Protocol

DEEPEST = 200


@dataclass(frozen=True)
class SentField:
    """A bit field as sent: `width` bits from bit `start` of the frame, the lowest first if `low_first`."""

    value: BitField
    start: int
    width: int
    low_first: bool


@dataclass(frozen=True)
class Reading:
    """One meaning of a frame of `bits` bits.

    `report` is "down", "repeat" (a frame that only says that the key is still held) or "check" (not an event, only a test).
    Names are defined in this order: `$0`, `$1`, ... the `fields` (start, width, low_first), then `parameters`. The reading
    holds if no check is 0. `shown` are the parameters that were sent.
    """

    report: str
    bits: int = 0
    fields: tuple[tuple[int, int, bool], ...] = ()
    parameters: tuple[tuple[str, Expression], ...] = ()
    checks: tuple[Expression, ...] = ()
    scancode: Expression = Number(0)
    toggle: Expression | None = None
    shown: tuple[str, ...] = ()


def substitute(expression: Expression, values: Mapping[str, int], parameters: Mapping[str, Parameter],
               definitions: Mapping[str, Expression], depth: int = 0) -> Expression:
    """`expression` with assigned values and definitions put in, so that only parameters (and sent fields) are left."""
    if depth > DEEPEST:
        raise Error("the definitions are nested too deeply or go round in circles")

    def again(part: Expression) -> Expression:
        return substitute(part, values, parameters, definitions, depth + 1)

    match expression:
        case Name(name):
            if name in values:
                return Number(values[name])
            if name in parameters or name not in definitions:
                return expression
            return again(definitions[name])
        case Unary(op, operand):
            return Unary(op, again(operand))
        case Binary(op, left, right):
            return Binary(op, again(left), again(right))
        case Conditional(condition, yes, no):
            return Conditional(again(condition), again(yes), again(no))
        case BitField(data, width, skip, complement, reverse):
            return BitField(again(data), None if width is None else again(width), again(skip), complement, reverse)
        case Number():
            return expression


@dataclass
class _Solver:
    parameters: Mapping[str, Parameter]
    pieces: dict[str, list[Expression]] = field(default_factory=dict)
    known_bits: dict[str, int] = field(default_factory=dict)
    order: list[tuple[str, Expression]] = field(default_factory=list)
    checks: list[Expression] = field(default_factory=list)

    def known(self, name: str) -> bool:
        return any(name == done for done, _ in self.order)

    def unknown_in(self, expression: Expression) -> set[str]:
        return {name for name in names_in(expression) if not name.startswith("$") and not self.known(name)}

    def finish(self, name: str) -> None:
        value = self.pieces[name][0]
        for piece in self.pieces[name][1:]:
            value = Binary("|", value, piece)
        self.order.append((name, value))

    def finish_complete(self) -> None:
        for name in self.pieces:
            wanted = (1 << self.parameters[name].most.bit_length()) - 1
            if not self.known(name) and self.known_bits[name] & wanted == wanted:
                self.finish(name)

    def put(self, name: str, value: Expression, width: int, skip: int) -> bool:
        """Bits [skip, skip + width) of parameter `name` are `value`. False if they cannot be added (some are known already)."""
        mask = ((1 << width) - 1) << skip
        if self.known_bits.get(name, 0) & mask:
            return False
        self.known_bits[name] = self.known_bits.get(name, 0) | mask
        self.pieces.setdefault(name, []).append(Binary("<<", value, Number(skip)) if skip else value)
        return True

    def put_whole(self, name: str, value: Expression) -> bool:
        if name in self.known_bits:
            return False
        self.known_bits[name] = (1 << self.parameters[name].most.bit_length()) - 1
        self.pieces[name] = [value]
        return True

    def invert(self, data: Expression, sent: Expression, width: int, skip: int) -> bool:
        """Make bits [skip, skip + width) of `data` equal to `sent`; True if that gave new knowledge."""
        if width <= 0:
            return False
        match data:
            case Name(name):
                return not name.startswith("$") and self.put(name, sent, width, skip)
            case BitField(inner, Number(inner_width), Number(inner_skip), complement, False):
                width = min(width, int(inner_width) - skip)
                return self.invert(inner, BitField(sent, Number(width), complement=complement), width, skip + int(inner_skip))
            case BitField(inner, None, Number(inner_skip), complement, False):
                return self.invert(inner, BitField(sent, Number(width), complement=complement), width, skip + int(inner_skip))
            case Unary("~", operand):
                return self.invert(operand, BitField(sent, Number(width), complement=True), width, skip)
            case Binary("^", left, right):
                return any(self.invert(inner, Binary("^", sent, BitField(other, Number(width), Number(skip))), width, skip)
                           for inner, other in ((left, right), (right, left)) if not self.unknown_in(other))
            case Binary("+", left, right) if skip == 0:
                return any(self.whole(inner, Binary("-", sent, other))
                           for inner, other in ((left, right), (right, left)) if not self.unknown_in(other))
            case Binary("-", left, right) if skip == 0:
                if not self.unknown_in(right):
                    return self.whole(left, Binary("+", sent, right))
                return not self.unknown_in(left) and self.whole(right, Binary("-", left, sent))
            case Binary("*", inner, Number(factor)) if factor > 0 and factor & (int(factor) - 1) == 0:  # type: ignore[operator]
                return self.shifted(inner, sent, width, skip, int(factor).bit_length() - 1)
            case Binary("<<", inner, Number(places)):
                return self.shifted(inner, sent, width, skip, int(places))
        return False

    def whole(self, data: Expression, value: Expression) -> bool:
        return isinstance(data, Name) and not data.name.startswith("$") and self.put_whole(data.name, value)

    def shifted(self, inner: Expression, sent: Expression, width: int, skip: int, places: int) -> bool:
        if skip >= places:
            return self.invert(inner, sent, width, skip - places)
        lost = places - skip
        return self.invert(inner, Binary(">>", sent, Number(lost)), width - lost, 0)


def solve(protocol: Protocol, sent: Sequence[SentField], report: str) -> Reading | None:
    """The reading of a frame in which `sent` was sent; None if it does not hold all that the scancode needs ("check" needs nothing)."""
    parameters = {parameter.name: parameter for parameter in protocol.irp.parameters}
    solver = _Solver(parameters)
    _solve_fields(solver, sent)
    wanted, toggle = _layout(protocol, parameters)
    needed = solver.unknown_in(wanted) | (solver.unknown_in(toggle) if toggle is not None else set())
    sent_names = tuple(name for name in parameters if solver.known(name))
    if report != "check":
        if not _add_defaults(solver, needed, protocol):
            return None
    elif needed - set(sent_names):
        wanted, toggle = Number(0), None
    checks = [*solver.checks, *_ranges(solver, parameters, sent_names), *_conditions(solver, protocol, parameters)]
    bits = max((part.start + part.width for part in sent), default=0)
    return Reading(report, bits, tuple((part.start, part.width, part.low_first) for part in sent), tuple(solver.order),
                   tuple(dict.fromkeys(checks)), wanted if report == "down" else Number(0),
                   toggle if report == "down" else None, sent_names)


def _solve_fields(solver: _Solver, sent: Sequence[SentField]) -> None:
    equations = [(part, _target(index, part)) for index, part in enumerate(sent)]
    waiting = [equation for equation in equations if names_in(equation[0].value.data)]
    while waiting:
        left = [equation for equation in waiting if not _use(solver, *equation)]
        solver.finish_complete()
        if len(left) == len(waiting):
            partial = [name for name in solver.pieces if not solver.known(name)]
            if not partial:
                break
            for name in partial:  # its other bits are never sent
                solver.finish(name)
        waiting = left
    for name in solver.pieces:
        if not solver.known(name):
            solver.finish(name)


def _target(index: int, part: SentField) -> Expression:
    return BitField(Name(f"${index}"), Number(part.width), complement=part.value.complement)


def _use(solver: _Solver, part: SentField, target: Expression) -> bool:
    """Take one equation up: as a check if all in it is known, else as new knowledge. False: not yet."""
    value = part.value
    skip = int(value.skip.value) if isinstance(value.skip, Number) else 0
    if not solver.unknown_in(value.data):
        plain = BitField(value.data, Number(part.width), Number(skip))
        solver.checks.append(Binary("==", plain, target))
        return True
    if not solver.invert(value.data, target, part.width, skip):
        return False
    if not isinstance(value.data, Name):  # the way back may have lost bits: send it again and compare
        solver.checks.append(Binary("==", BitField(value.data, Number(part.width), Number(skip)), target))
    return True


def _layout(protocol: Protocol, parameters: Mapping[str, Parameter]) -> tuple[Expression, Expression | None]:
    total: Expression | None = None
    for part in protocol.scancode:
        value = substitute(part, {}, parameters, protocol.irp.definitions)
        total = value if total is None or part.width is None else Binary("|", Binary("<<", total, part.width), value)
    toggle = protocol.toggle and substitute(Name(protocol.toggle), {}, parameters, protocol.irp.definitions)
    return total or Number(0), toggle or None


def _add_defaults(solver: _Solver, needed: Iterable[str], protocol: Protocol) -> bool:
    for name in sorted(needed):
        default = solver.parameters[name].default if name in solver.parameters else None
        if default is None or solver.unknown_in(default):
            return False
        solver.order.append((name, default))
    return True


def _ranges(solver: _Solver, parameters: Mapping[str, Parameter], names: Iterable[str]) -> list[Expression]:
    checks: list[Expression] = []
    for name in names:
        least, most, known = parameters[name].least, parameters[name].most, solver.known_bits[name]
        if least > 0:
            checks.append(Binary(">=", Name(name), Number(least)))
        if most < known or most & (most + 1):
            checks.append(Binary("<=", Name(name), Number(most)))
    return checks


def _conditions(solver: _Solver, protocol: Protocol, parameters: Mapping[str, Parameter]) -> list[Expression]:
    wanted: list[Expression] = [Binary("==", Name(name), Number(value)) for name, value in protocol.where.items()]
    if protocol.require is not None:
        wanted.append(protocol.require)
    resolved = [substitute(part, {}, parameters, protocol.irp.definitions) for part in wanted]
    return [part for part in resolved if not solver.unknown_in(part)]
