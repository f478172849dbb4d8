"""Syntax trees back to IRP text: layouts and expressions. It parses nothing."""

from __future__ import annotations

from collections.abc import Iterable

from irbpf.irp.syntax import Binary, BitField, Conditional, Expression, Name, Number, Unary


def layout_text(fields: Iterable[BitField]) -> str:
    return ",".join(expression_text(field) for field in fields)


def expression_text(expression: Expression) -> str:
    """Text that parses to the same tree; parentheses wherever something could bind otherwise."""
    match expression:
        case Number(value):
            return str(value)
        case Name(name):
            return name
        case Unary(op, operand):
            return f"({op}{_inner(operand)})"
        case Binary(op, left, right):
            return f"({expression_text(left)}{op}{expression_text(right)})"
        case Conditional(condition, yes, no):
            return f"({expression_text(condition)}?{_inner(yes)}:{expression_text(no)})"
        case BitField(data, width, skip, complement, reverse):
            start = f"{'~' if complement else ''}{_inner(data)}:"
            if width is None:
                return f"{start}:{_inner(skip)}"
            return f"{start}{'-' if reverse else ''}{_inner(width)}" + (f":{_inner(skip)}" if skip != Number(0) else "")


def _inner(expression: Expression) -> str:
    text = expression_text(expression)
    return text if isinstance(expression, (Number, Name)) or text.startswith("(") else f"({text})"
