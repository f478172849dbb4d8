"""The protocol of a keymap's entry: one of the catalogue, of a family, or an IRP line of its own, narrowed by the entry's fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from irbpf.errors import Error
from irbpf.families import FAMILIES, family
from irbpf.irp.automaton import build_automaton
from irbpf.irp.expressions import evaluate, names_in
from irbpf.irp.spacing import longest_gap, too_alike, too_long
from irbpf.problems import Problems, nearest
from irbpf.protocols import Protocol, Tolerance, catalogue, define, parse_tolerance
from irbpf.pulses import LONGEST_US
from irbpf.yamlnodes import Node

FIELDS = ("protocol", "irp", "scancode", "toggle", "require")
NARROWING = ("where", "tolerance", "number", "alone")
_OWN = ("scancode", "toggle", "require")  # they come with irp:
_STAND_IN = "{38k,500}<1,-1|1,-3>(X:1,1,-50m)[X:0..1]"  # for a line that is wrong, so that the fields beside it are still looked at


def read_protocol(fields: Mapping[str, Node], problems: Problems) -> Protocol | None:
    """None where nothing can be made of it."""
    protocol = None
    with problems.here():
        protocol = _named(fields, problems)
    changes: dict[str, Any] = {}
    with problems.here():
        if "tolerance" in fields:
            changes["tolerance"] = read_tolerance(fields["tolerance"], problems)
    with problems.here():
        if "number" in fields:
            changes["number"] = read_number(fields["number"])
    with problems.here():
        if "alone" in fields:
            changes["alone"] = fields["alone"].truth("alone")
    if protocol is None:
        return None
    with problems.here():
        if "where" in fields:
            changes["where"] = {**protocol.where, **_where(fields["where"], protocol, problems)}
    protocol = replace(protocol, **changes)
    with problems.here():
        if "irp" in fields:
            _can_be_decoded(protocol, fields["irp"])
    return protocol


def _named(fields: Mapping[str, Node], problems: Problems) -> Protocol | None:
    node = fields["protocol"]
    name = node.string("the protocol")
    if "irp" in fields:
        if name in FAMILIES:
            fields["irp"].fail(f"{name} is a family with parameters and has no line of its own", "give your protocol another name")
        return _own(name, fields, problems)
    for one in _OWN:
        with problems.here():
            if one in fields:
                fields[one].fail(f"{one} belongs to a protocol of your own", "give its irp: line too")
    if name in FAMILIES:
        return _of_family(name, fields, problems)
    if name not in catalogue():
        near = nearest(name, [*catalogue(), *FAMILIES]).removesuffix("?") or "see irbpf protocols"
        node.fail(f"there is no protocol {name[:60]!r}", f"{near}, or is it your own, with irp:?")
    return catalogue()[name]


def _of_family(name: str, fields: Mapping[str, Node], problems: Problems) -> Protocol | None:
    values = {}
    given = [one for one in FAMILIES[name].fields if one in fields]
    for one in given:
        with problems.here():
            value = fields[one].integer(one)
            try:
                family(name, {"header_pulse": 1000, "header_space": 1000, one: value})
            except Error as error:
                fields[one].fail(error.message, error.hint)
            values[one] = value
    with problems.here():
        if "margin" in fields and "tolerance" in fields:
            fields["tolerance"].fail("margin and tolerance say the same", "give one of them")
    if len(values) < len(given):
        return None
    try:
        protocol = family(name, values)
        build_automaton(protocol)
    except Error as error:
        fields["protocol"].fail(error.message, error.hint)
    return protocol


def _own(name: str, fields: Mapping[str, Node], problems: Problems) -> Protocol | None:
    """Field after field, so that what is wrong is told of the one that it is in."""
    before = len(problems.found)
    given: dict[str, str] = {}
    protocol = None
    for one in ("irp", "scancode", "require", "toggle"):
        with problems.here():
            if one in fields:
                text = fields[one].string(one)
                try:
                    protocol = define(name, **{"irp": _STAND_IN, **given, one: text})  # type: ignore[arg-type]
                except Error as error:
                    fields[one].fail_within(error)
                given[one] = text
    if protocol is None or len(problems.found) > before:
        return None
    for one, unknown, known in _unknown(protocol):
        with problems.here():
            fields[one].fail(f"{unknown[:60]} is no parameter", nearest(unknown, known))
    if sum(int(getattr(part.width, "value", 0)) for part in protocol.scancode) > 64:
        fields.get("scancode", fields["irp"]).fail("the scancode has more than 64 bits", "leave out what does not tell keys apart")
    return protocol if len(problems.found) == before else None


def _unknown(protocol: Protocol) -> Iterator[tuple[str, str, list[str]]]:
    """Each name that the line does not have: the field that uses it, the name, and those that there are."""
    known = sorted({parameter.name for parameter in protocol.irp.parameters} | set(protocol.irp.definitions))
    used = {"toggle": set() if protocol.toggle is None else {protocol.toggle},
            "scancode": {name for part in protocol.scancode for name in names_in(part)},
            "require": set() if protocol.require is None else names_in(protocol.require)}
    for one, names in used.items():
        yield from ((one, name, known) for name in sorted(names - set(known)))


def _can_be_decoded(protocol: Protocol, node: Node) -> None:
    if not all(protocol.irp.bitspec.alternatives):
        node.fail("a bit is sent as nothing", "give each alternative of the bit spec a duration")
    alike = too_alike(protocol.irp)
    if alike is not None:
        node.fail(f"{alike[0]:b} and {alike[1]:b} are sent too much alike to be told apart", "see the bit spec, <zero|one>")
    if (long := too_long(protocol.irp)) is not None:
        node.fail(f"a duration of {long} µs can never match", f"a receiver delivers at most {LONGEST_US} µs")
    try:
        automaton = build_automaton(protocol)
    except Error as error:
        node.fail_within(error)
    if automaton.start_gap <= longest_gap(protocol.irp):
        node.fail("no frame ever ends: no gap in it is longer than those of its bits", "end it with one, such as -30m")


def _where(node: Node, protocol: Protocol, problems: Problems) -> dict[str, int]:
    parameters = {parameter.name: parameter for parameter in protocol.irp.parameters}
    where = {}
    for name, value in node.mapping("where", list(parameters), problems).items():
        with problems.here():
            number = value.integer(name)
            if not parameters[name].least <= number <= parameters[name].most:
                value.fail(f"{name} is never {number}", f"it is {parameters[name].least} to {parameters[name].most}")
            where[name] = number
    if protocol.require is not None and names_in(protocol.require) <= where.keys() and not evaluate(protocol.require, where):
        node.fail("the protocol never has these values together", "its own condition (require) says so")
    return where


def read_number(node: Node) -> int:
    number = node.integer("the protocol number")
    if not 0 <= number <= 0xFFFF:
        node.fail(f"{number} is no protocol number", "0 to 65535")
    return number


def read_tolerance(node: Node, problems: Problems) -> Tolerance:
    values: dict[str, object] = {}
    for name, value in node.mapping("tolerance", ("absolute", "relative"), problems).items():
        with problems.here():
            try:
                parse_tolerance({name: value.value})
            except Error as error:
                value.fail(error.message, error.hint)
            values[name] = value.value
    if not node.pairs:
        node.fail("the tolerance says nothing", "absolute: 100us, relative: 25%, or both")
    return parse_tolerance(values)
