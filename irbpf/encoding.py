"""Scancodes back to the parameters of their protocol, so that a key of a keymap can be sent. It renders nothing."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence

from irbpf.errors import Error
from irbpf.irp.expressions import evaluate, names_in
from irbpf.irp.function import function_of
from irbpf.irp.syntax import BitField, Expression, Name, Number, Parameter
from irbpf.irp.text import expression_text, layout_text
from irbpf.protocols import Protocol, define

MOST_TRIED = 1 << 17


class Unsolved(Error):
    """A scancode that is a digest of so many parameters that they cannot be found."""


def scancode_of(protocol: Protocol, params: Mapping[str, int]) -> int:
    """The scancode that `params` make (defaults fill in); Error for a parameter that is missing."""
    return _layout_value(protocol, completed(protocol, params))


def parameters_of(protocol: Protocol, scancode: int) -> dict[str, int]:
    """Parameters that give `scancode`, for `irp.render`: the layout's bit fields turned round, `where`, then defaults.

    A parameter that nothing names is the least that `require` allows. Error for a scancode that the protocol never has; Unsolved where
    that is not known.
    """
    fixed = dict(protocol.where)
    for field, value in _fields(protocol, scancode):
        _put(protocol, field, value, fixed)
    for params in itertools.chain(_candidates(protocol, fixed), _searched(protocol, fixed)):
        if _gives(protocol, params, scancode):
            return params
    found = _every(protocol).get(scancode)
    if found is None and _size(protocol.irp.parameters) > MOST_TRIED and any(_shown(protocol, part) is None for part in protocol.scancode):
        raise Unsolved(f"the scancodes of {protocol.name} cannot be turned round", "its layout is made of several parameters at once")
    if found is None:
        raise Error(f"{protocol.name} has no scancode {scancode:#x}", "see irbpf protocols for its layout")
    return dict(found)


def completed(protocol: Protocol, params: Mapping[str, int]) -> dict[str, int]:
    """All parameters: as given, as `where` says, or the default."""
    values = {**protocol.where, **params}
    for parameter in protocol.irp.parameters:
        if parameter.name not in values and parameter.default is not None:
            values[parameter.name] = evaluate(parameter.default, _defined(protocol, values, parameter.default))
    for parameter in protocol.irp.parameters:
        if parameter.name not in values:
            raise Error(f"parameter {parameter.name} is missing", f"give {parameter.name}={parameter.least}..{parameter.most}")
    return values


def _fields(protocol: Protocol, scancode: int) -> Iterator[tuple[BitField, int]]:
    """Each bit field of the layout with its bits of the scancode, the least significant first."""
    for field in reversed(protocol.scancode):
        assert field.width is not None
        width = abs(evaluate(field.width, {}))
        yield field, scancode & ((1 << width) - 1)
        scancode >>= width


def _put(protocol: Protocol, field: BitField, value: int, params: dict[str, int]) -> None:
    """Set the bits that `field` shows of a parameter."""
    name = _shown(protocol, field)
    if not name or name in protocol.where:
        return
    assert field.width is not None
    width, skip = evaluate(field.width, {}), evaluate(field.skip, {})
    if field.reverse != (width < 0):
        value = int(f"{value:0{abs(width)}b}"[::-1], 2)
    mask = (1 << abs(width)) - 1
    if field.complement:
        value ^= mask
    params[name] = params.get(name, 0) & ~(mask << skip) | value << skip


def _shown(protocol: Protocol, field: BitField) -> str | None:
    """The parameter that `field` shows, or that a definition in it depends on alone, and may be masked; "" for a constant, None for what
    several parameters make."""
    name = field.data.name if isinstance(field.data, Name) else ""
    if name in protocol.irp.definitions:
        behind = names_in(protocol.irp.definitions[name])
        several = len(behind) > 1 or behind & protocol.irp.definitions.keys()
        return None if several else "".join(behind)
    return name if name or isinstance(field.data, Number) else None


def _candidates(protocol: Protocol, fixed: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """Defaults for what the layout does not show; where there is none, the least."""
    try:
        yield completed(protocol, fixed)
    except Error:
        pass
    least = {parameter.name: parameter.least for parameter in protocol.irp.parameters if parameter.default is None}
    yield completed(protocol, {**least, **fixed})


def _searched(protocol: Protocol, fixed: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """All values of the parameters that the layout does not show, smallest first, if there are not too many."""
    free = [parameter for parameter in protocol.irp.parameters if parameter.name not in fixed]
    if free and _size(free) <= 1 << 12:
        for values in itertools.product(*(range(one.least, one.most + 1) for one in free)):
            yield {**dict(zip((one.name for one in free), values, strict=True)), **fixed}


def _gives(protocol: Protocol, params: Mapping[str, int], scancode: int) -> bool:
    ranges = {parameter.name: (parameter.least, parameter.most) for parameter in protocol.irp.parameters}
    if any(not ranges[name][0] <= value <= ranges[name][1] for name, value in params.items()):
        return False
    return _allowed(protocol, params) and _layout_value(protocol, params) == scancode


def _allowed(protocol: Protocol, params: Mapping[str, int]) -> bool:
    return protocol.require is None or bool(evaluate(protocol.require, _defined(protocol, params, protocol.require)))


def _layout_value(protocol: Protocol, params: Mapping[str, int]) -> int:
    value = 0
    for field in protocol.scancode:
        assert field.width is not None
        width = abs(evaluate(field.width, {}))
        value = value << width | evaluate(field, _defined(protocol, params, field)) & ((1 << width) - 1)
    return value


def _defined(protocol: Protocol, params: Mapping[str, int], expression: Expression) -> dict[str, int]:
    """`params` and the definitions that `expression` needs."""
    values = dict(params)
    waiting = sorted(names_in(expression) - values.keys())
    while waiting:
        name = waiting[-1]
        if name in values:
            waiting.pop()
            continue
        if name not in protocol.irp.definitions:
            raise Error(f"parameter {name} is missing", f"give {name}=NUMBER")
        missing = names_in(protocol.irp.definitions[name]) - values.keys()
        if missing:
            waiting += sorted(missing)
        else:
            values[waiting.pop()] = evaluate(protocol.irp.definitions[name], values)
    return values


def _every(protocol: Protocol) -> Mapping[int, Mapping[str, int]]:
    if _size(protocol.irp.parameters) > MOST_TRIED:
        return {}
    require = None if protocol.require is None else expression_text(protocol.require)
    return _table(protocol.irp.text, layout_text(protocol.scancode), require, tuple(protocol.where.items()))


def _size(parameters: Sequence[Parameter]) -> int:
    return math.prod(parameter.most - parameter.least + 1 for parameter in parameters)


@functools.lru_cache(16)
def _table(line: str, layout: str, require: str | None, where: tuple[tuple[str, int], ...]) -> Mapping[int, Mapping[str, int]]:
    """Every scancode of a small protocol, for layouts that no bit field turns round; the smallest parameters win."""
    protocol = define("", line, layout, require=require, where=dict(where))
    names = [parameter.name for parameter in protocol.irp.parameters]
    wanted = [*protocol.scancode, *([] if protocol.require is None else [protocol.require])]
    values_of = function_of(wanted, names, protocol.irp.definitions)
    widths = [abs(evaluate(field.width, {})) for field in protocol.scancode if field.width is not None]
    ranges = [[protocol.where[one.name]] if one.name in protocol.where else range(one.least, one.most + 1) for one in protocol.irp.parameters]
    found: dict[int, tuple[int, ...]] = {}
    for values in itertools.product(*ranges):
        made = values_of(*values)
        if protocol.require is None or made[-1]:
            scancode = 0
            for part, width in zip(made, widths, strict=False):
                scancode = scancode << width | part & (1 << width) - 1
            found.setdefault(scancode, values)
    return {scancode: dict(zip(names, values, strict=True)) for scancode, values in found.items()}
