"""Expressions as one Python function, for those that need their values tens of thousands of times. It gives what `evaluate` gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from irbpf.irp.expressions import binary, bit_field, names_in, unary
from irbpf.irp.syntax import Binary, BitField, Conditional, Expression, Name, Number, Unary

_PLAIN = {"+", "-", "*", "&", "|", "^"}
_TRUTH = {"<", "<=", ">", ">=", "==", "!="}


def function_of(expressions: Sequence[Expression], parameters: Sequence[str],
                definitions: Mapping[str, Expression]) -> Callable[..., tuple[int, ...]]:
    """A function of the values of `parameters`, in this order, that gives the values of `expressions`."""
    names = {name: f"p{index}" for index, name in enumerate(parameters)}
    lines = []
    for name in _ordered(expressions, names, definitions):
        names[name] = f"d{len(names)}"
        lines.append(f"    {names[name]} = {_text(definitions[name], names)}")
    result = "".join(f"{_text(one, names)}, " for one in expressions)
    source = "\n".join([f"def made({', '.join(names[name] for name in parameters)}):", *lines, f"    return ({result})"])
    space: dict[str, object] = {"binary": binary, "unary": unary, "bit_field": bit_field}
    exec(source, space)  # the text is made of numbers and of names that are ours
    return space["made"]  # type: ignore[return-value]


def _ordered(expressions: Sequence[Expression], known: Mapping[str, str], definitions: Mapping[str, Expression]) -> list[str]:
    """The definitions that are needed, each after those that it needs; they go round in no circle."""
    order: list[str] = []
    waiting = [name for one in expressions for name in sorted(names_in(one))]
    while waiting:
        name = waiting.pop()
        if name in known or name in order or name not in definitions:
            continue
        missing = [other for other in sorted(names_in(definitions[name])) if other not in known and other not in order and other in definitions]
        if missing:
            waiting += [name, *missing]
        else:
            order.append(name)
    return order


def _text(expression: Expression, names: Mapping[str, str]) -> str:
    match expression:
        case Number(value):
            return str(int(value))
        case Name(name):
            return names[name]
        case Unary(op, operand):
            inner = _text(operand, names)
            return {"-": f"(-{inner})", "~": f"(~{inner})"}.get(op, f"unary({op!r}, {inner})")
        case Binary(op, left, right):
            return _binary(op, _text(left, names), _text(right, names))
        case Conditional(condition, yes, no):
            return f"({_text(yes, names)} if {_text(condition, names)} else {_text(no, names)})"
        case BitField(data, width, skip, complement, reverse):
            parts = (_text(data, names), None if width is None else _text(width, names), _text(skip, names))
            return f"bit_field({', '.join(map(str, parts))}, {complement}, {reverse})"
    raise AssertionError


def _binary(op: str, left: str, right: str) -> str:
    if op in _PLAIN:
        return f"({left} {op} {right})"
    if op in _TRUTH:
        return f"int({left} {op} {right})"
    if op in ("&&", "||"):
        return f"int(bool({left}) {'and' if op == '&&' else 'or'} bool({right}))"
    return f"binary({op!r}, {left}, {right})"
