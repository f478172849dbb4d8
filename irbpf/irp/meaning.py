"""What the names of an IRP line stand for: each is a parameter, a definition or assigned somewhere. It builds nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from irbpf.irp.syntax import (
    Assignment,
    Binary,
    BitField,
    Coded,
    Conditional,
    Duration,
    Expression,
    Extent,
    Irp,
    Item,
    Name,
    Stream,
    Unary,
    Variation,
)
from irbpf.irp.tokens import fail

DEEPEST = 100
MOST_SENT = 10_000  # items, with all fixed repeats written out


def check_meaning(irp: Irp) -> None:
    """Error where a name is unknown, a definition goes round in a circle, or nothing is ever sent."""
    items = list(all_items((irp.stream,))) + [item for part in irp.bitspec.alternatives for item in all_items(part)]
    known = {parameter.name for parameter in irp.parameters} | set(irp.definitions)
    known |= {item.name for item in items if isinstance(item, Assignment)}
    used = [name for item in items for expression in _expressions(item) for name in _names(expression)]
    used += [name for definition in irp.definitions.values() for name in _names(definition)]
    used += [name for parameter in irp.parameters if parameter.default is not None for name in _names(parameter.default)]
    for name in used:
        if name.name not in known:
            fail(name.at, f"{name.name} is neither a parameter nor defined", f"add it to the parameters: [{name.name}:0..255]")
    if not any(isinstance(item, (Duration, BitField)) for item in items):
        fail(irp.stream.at, "the stream sends nothing")
    if _sent((irp.stream,)) > MOST_SENT:
        fail(irp.stream.at, f"more than {MOST_SENT} items, with all repeats written out", "repeat less")
    _check_circles(irp)


def _sent(items: Sequence[Item]) -> int:
    """How many items are sent, with all fixed repeats written out."""
    total = 0
    for item in items:
        match item:
            case Stream():
                total += max(1, item.repeat.least) * _sent(item.items)
            case Coded():
                total += _sent((item.stream,))
            case Variation():
                total += max(map(_sent, item.alternatives))
            case _:
                total += 1
    return total


def _check_circles(irp: Irp) -> None:
    parameters = {parameter.name for parameter in irp.parameters}
    for start in irp.definitions:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            for name in _names(irp.definitions[waiting.pop()]):
                if name.name == start and name.name not in parameters:
                    fail(name.at, f"{start} is defined by itself")
                if name.name in irp.definitions and name.name not in parameters | seen:
                    seen.add(name.name)
                    waiting.append(name.name)


def all_items(items: Sequence[Item]) -> Iterator[Item]:
    """The items and all that is inside of them."""
    for item in items:
        yield item
        match item:
            case Stream():
                yield from all_items(item.items)
            case Coded():
                yield from (part for alternative in item.bitspec.alternatives for part in all_items(alternative))
                yield from all_items((item.stream,))
            case Variation():
                yield from (part for alternative in item.alternatives for part in all_items(alternative))


def _expressions(item: Item) -> tuple[Expression, ...]:
    match item:
        case BitField():
            return (item,)
        case Assignment():
            return (item.value,)
        case Duration() | Extent():
            return (item.value,)
    return ()


def _names(expression: Expression) -> Iterator[Name]:
    match expression:
        case Name():
            yield expression
        case Unary():
            yield from _names(expression.operand)
        case Binary():
            yield from _names(expression.left)
            yield from _names(expression.right)
        case Conditional():
            yield from _names(expression.condition)
            yield from _names(expression.yes)
            yield from _names(expression.no)
        case BitField():
            yield from _names(expression.data)
            yield from _names(expression.skip)
            if expression.width is not None:
                yield from _names(expression.width)
