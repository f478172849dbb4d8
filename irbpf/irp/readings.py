"""Readings: what the bits of a frame mean, as expressions over the fields that were sent.

Sending computes fields from parameters; this turns the line round. What can not be turned round becomes a check.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from irbpf.errors import Error
from irbpf.irp.expressions import names_in
from irbpf.irp.solver import Solver
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

    `report` is "down", "repeat" (a frame that only says that the key is still held), "check" (not an event, only a test) or
    "quiet" (a frame that belongs to the protocol and is no event).
    Names are defined in this order: `$0`, `$1`, ... the `fields` (start, width, low_first), then `parameters`. The reading
    holds if no check is 0. `shown` are the parameters that were sent. `protocol` is whose reading it is, and `number` the kernel's
    number of that protocol, 0 where it has none.
    """

    report: str
    bits: int = 0
    fields: tuple[tuple[int, int, bool], ...] = ()
    parameters: tuple[tuple[str, Expression], ...] = ()
    checks: tuple[Expression, ...] = ()
    scancode: Expression = Number(0)
    toggle: Expression | None = None
    shown: tuple[str, ...] = ()
    protocol: str = ""
    number: int = 0


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


def solve(protocol: Protocol, sent: Sequence[SentField], report: str, fixed: Mapping[str, int] | None = None,
          later: frozenset[str] = frozenset()) -> Reading | None:
    """The reading of a frame in which `sent` was sent; None if it does not hold all that the scancode needs.

    Only "down" needs the scancode. `fixed` are parameters known from the form of the frame. A parameter in `later` is sent in
    another part of the press: its default says nothing about this frame.
    """
    parameters = {parameter.name: parameter for parameter in protocol.irp.parameters}
    solver = Solver(parameters)
    for name, value in (fixed or {}).items():
        solver.put_whole(name, Number(value))
        solver.finish(name)
    checks = _solve_fields(solver, sent, report == "down")
    wanted, toggle = _layout(protocol, parameters)
    needed = solver.unknown_in(wanted) | (solver.unknown_in(toggle) if toggle is not None else set())
    sent_names = tuple(name for name in parameters if solver.known(name))
    if report == "down" and not _add_defaults(solver, needed, protocol, later):
        return None
    checks += [*_ranges(solver, parameters, sent_names), *_conditions(solver, protocol, parameters)]
    bits = max((part.start + part.width for part in sent), default=0)
    return Reading(report, bits, tuple((part.start, part.width, part.low_first) for part in sent), tuple(solver.order),
                   tuple(dict.fromkeys(checks)), wanted if report == "down" else Number(0),
                   toggle if report == "down" else None, sent_names, protocol.name, protocol.number)


def _solve_fields(solver: Solver, sent: Sequence[SentField], whole: bool) -> list[Expression]:
    """Give all equations to `solver`; what they say twice comes back as checks. `whole`: bits that are not sent here never are."""
    checks: list[Expression] = []
    waiting = [(part, _target(index, part)) for index, part in enumerate(sent) if names_in(part.value.data)]
    while waiting:
        left = [equation for equation in waiting if not _use(solver, checks, *equation)]
        solver.finish_complete()
        if len(left) == len(waiting) and not _enumerate(solver, left) and not (whole and solver.finish_partial()):
            break
        waiting = left
    if whole:
        solver.finish_partial()
    return checks


def _target(index: int, part: SentField) -> Expression:
    return BitField(Name(f"${index}"), Number(part.width), complement=part.value.complement)


def _skip(part: SentField) -> int:
    return int(part.value.skip.value) if isinstance(part.value.skip, Number) else 0


def _use(solver: Solver, checks: list[Expression], part: SentField, target: Expression) -> bool:
    """Take one equation up: as a check if all in it is known, else as new knowledge. False: not yet."""
    data, skip = part.value.data, _skip(part)
    again = Binary("==", BitField(data, Number(part.width), Number(skip)), target)
    if not solver.unknown_in(data, ((1 << part.width) - 1) << skip):
        checks.append(again)
        return True
    if not solver.invert(data, target, part.width, skip):
        return False
    if not isinstance(data, Name):  # the way back may have lost bits: send it again and compare
        checks.append(again)
    return True


def _enumerate(solver: Solver, waiting: Sequence[tuple[SentField, Expression]]) -> bool:
    for part, target in waiting:
        if _skip(part) == 0 and solver.enumerate(part.value.data, target, part.width):
            solver.finish_complete()
            return True
    return False


def _layout(protocol: Protocol, parameters: Mapping[str, Parameter]) -> tuple[Expression, Expression | None]:
    total: Expression | None = None
    for part in protocol.scancode:
        value = substitute(part, {}, parameters, protocol.irp.definitions)
        total = value if total is None or part.width is None else Binary("|", Binary("<<", total, part.width), value)
    toggle = protocol.toggle and substitute(Name(protocol.toggle), {}, parameters, protocol.irp.definitions)
    return total or Number(0), toggle or None


def _add_defaults(solver: Solver, needed: Iterable[str], protocol: Protocol, later: frozenset[str]) -> bool:
    for name in sorted(needed):
        default = solver.parameters[name].default if name in solver.parameters else None
        if default is None or name in later or solver.unknown_in(default):
            return False
        solver.order.append((name, default))
    return True


def _ranges(solver: Solver, parameters: Mapping[str, Parameter], names: Iterable[str]) -> list[Expression]:
    checks: list[Expression] = []
    for name in names:
        least, most, known = parameters[name].least, parameters[name].most, solver.known_bits[name]
        if least > 0:
            checks.append(Binary(">=", Name(name), Number(least)))
        if most < known or most & (most + 1):
            checks.append(Binary("<=", Name(name), Number(most)))
    return checks


def _conditions(solver: Solver, protocol: Protocol, parameters: Mapping[str, Parameter]) -> list[Expression]:
    wanted: list[Expression] = [Binary("==", Name(name), Number(value)) for name, value in protocol.where.items()]
    if protocol.require is not None:
        wanted.append(protocol.require)
    resolved = [substitute(part, {}, parameters, protocol.irp.definitions) for part in wanted]
    return [part for part in resolved if not solver.unknown_in(part)]
