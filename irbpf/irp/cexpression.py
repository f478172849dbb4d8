"""IRP expressions as C, in 64-bit arithmetic without a sign, as BPF has it. It knows no decoder."""

from __future__ import annotations

from collections.abc import Mapping

from irbpf.errors import Error
from irbpf.irp.syntax import Binary, BitField, Conditional, Expression, Name, Number, Unary

SIGNED = {"<", "<=", ">", ">="}


def c_expression(expression: Expression, names: Mapping[str, str]) -> str:
    """`expression` as C over the variables `names` (all __u64); it uses `ones()`, `truth()` and others of bpf/host/decoder.h."""

    def again(part: Expression) -> str:
        return c_expression(part, names)

    match expression:
        case Number(value):
            return f"{int(value)}ull"
        case Name(name):
            return names[name]
        case Unary("#", operand):
            return f"ones({again(operand)})"
        case Unary("!", operand):
            return f"(1 ^ truth({again(operand)}))"
        case Unary(op, operand):
            return f"(__u64){op}({again(operand)})"
        case Conditional(condition, yes, no):
            return f"choice({again(condition)}, {again(yes)}, {again(no)})"
        case Binary(op, left, right):
            return _binary(op, again(left), again(right))
        case BitField():
            return _bit_field(expression, names)
    raise Error(f"no C for {expression}")


def _binary(op: str, left: str, right: str) -> str:
    if op == "**":
        return f"power({left}, {right})"
    if op in ("==", "!="):
        different = f"truth(({left}) ^ ({right}))"
        return different if op == "!=" else f"(1 ^ {different})"
    if op in ("&&", "||"):
        return f"(truth({left}) {op[0]} truth({right}))"
    if op in SIGNED:
        return f"((__s64)({left}) {op} (__s64)({right}))"
    if op in ("<<", ">>"):
        return f"(({left}) {op} (({right}) & 63))"
    return f"(({left}) {op} ({right}))"


def _bit_field(field: BitField, names: Mapping[str, str]) -> str:
    value = c_expression(field.data, names)
    if field.complement:
        value = f"~({value})"
    if field.skip != Number(0):
        value = f"(({value}) >> {c_expression(field.skip, names)})"
    if field.width is None:
        return f"({value})"
    if not isinstance(field.width, Number):
        raise Error("the width of a bit field in an expression depends on a parameter", "write it with a mask")
    width = int(field.width.value)
    if width < 64:
        value = f"(({value}) & {hex((1 << abs(width)) - 1)}ull)"
    return f"turned({value}, {width})" if field.reverse else f"({value})"


def c_refusal(check: Expression, names: Mapping[str, str]) -> str:
    """A C condition that is true where `check` does not hold."""
    if isinstance(check, Binary) and check.op == "==":
        return f"({c_expression(check.left, names)}) != ({c_expression(check.right, names)})"
    return f"({c_expression(check, names)}) == 0"
