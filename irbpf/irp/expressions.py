"""Values of IRP expressions, in whole numbers of any size. It knows no signal."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping

from irbpf.errors import Error
from irbpf.irp.syntax import Binary, BitField, Conditional, Expression, Name, Number, Unary

MOST_BITS = 4096  # of a power or a shift: more is a mistake, or an attack

_ARITHMETIC: Mapping[str, Callable[[int, int], int]] = {
    "*": operator.mul, "+": operator.add, "-": operator.sub, "&": operator.and_, "^": operator.xor, "|": operator.or_,
    ">>": operator.rshift, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq,
    "!=": operator.ne,
}


def names_in(expression: Expression) -> frozenset[str]:
    """The names that the value of `expression` depends on."""
    match expression:
        case Name(name):
            return frozenset((name,))
        case Unary(_, operand):
            return names_in(operand)
        case Binary(_, left, right):
            return names_in(left) | names_in(right)
        case Conditional(condition, yes, no):
            return names_in(condition) | names_in(yes) | names_in(no)
        case BitField(data, width, skip):
            return names_in(data) | names_in(skip) | (names_in(width) if width is not None else frozenset())
    return frozenset()


def evaluate(expression: Expression, names: Mapping[str, int]) -> int:
    """The value of `expression` with `names`; Error for an unknown name, a division by zero or a value without bounds."""
    match expression:
        case Number(value):
            return int(value)
        case Name(name):
            if name not in names:
                raise Error(f"{name} has no value", f"known here: {', '.join(sorted(names)) or 'nothing'}")
            return names[name]
        case Unary(op, operand):
            return unary(op, evaluate(operand, names))
        case Binary("&&", left, right):
            return int(bool(evaluate(left, names)) and bool(evaluate(right, names)))
        case Binary("||", left, right):
            return int(bool(evaluate(left, names)) or bool(evaluate(right, names)))
        case Binary(op, left, right):
            return binary(op, evaluate(left, names), evaluate(right, names))
        case Conditional(condition, yes, no):
            return evaluate(yes if evaluate(condition, names) else no, names)
        case BitField(data, width, skip, complement, reverse):
            return bit_field(evaluate(data, names), None if width is None else evaluate(width, names),
                              evaluate(skip, names), complement, reverse)


def unary(op: str, value: int) -> int:
    if op == "#":
        return (value if value >= 0 else value & (1 << 64) - 1).bit_count()
    return {"-": -value, "~": ~value, "!": int(not value)}[op]


def binary(op: str, left: int, right: int) -> int:
    if op in ("/", "%"):
        if right == 0:
            raise Error("division by zero")
        return left // right if op == "/" else left % right
    if op in ("<<", "**"):
        size = right if op == "<<" else right * max(1, left.bit_length())
        if right < 0 or size > MOST_BITS:
            raise Error(f"{left}{op}{right} is out of bounds")
        return int(left << right if op == "<<" else left ** right)
    if op == ">>" and right < 0:
        raise Error("a shift by less than nothing")
    return int(_ARITHMETIC[op](left, right))


def bit_field(value: int, width: int | None, skip: int, complement: bool, reverse: bool) -> int:
    if skip < 0:
        raise Error("a bit field cannot start below bit 0")
    value = (~value if complement else value) >> skip
    if width is None:
        return value
    if not 0 <= abs(width) <= MOST_BITS:
        raise Error(f"a bit field of {width} bits")
    value &= (1 << abs(width)) - 1
    turned = reverse != (width < 0)
    return int(f"{value:0{abs(width)}b}"[::-1], 2) if turned and width else value
