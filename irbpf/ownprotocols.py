"""The protocol of a keymap's entry: one of the catalogue, of a family, or an IRP line of its own, narrowed by the entry's fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NoReturn

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
NARROWING = ("where", "tolerance", "number")
_OWN = ("scancode", "toggle", "require")  # they come with irp:


def read_protocol(fields: Mapping[str, Node], problems: Problems) -> Protocol:
    node = fields["protocol"]
    name = node.string("the protocol")
    if "irp" in fields:
        if name in FAMILIES:
            fields["irp"].fail(f"{name} is a family with parameters and has no line of its own", "give your protocol another name")
        protocol = _narrowed(_own(name, fields), fields, problems)
        _can_be_decoded(protocol, fields["irp"])
        return protocol
    for one in _OWN:
        if one in fields:
            with problems.here():
                fields[one].fail(f"{one} belongs to a protocol of your own", "give its irp: line too")
    if name in FAMILIES:
        return _narrowed(_of_family(name, fields), fields, problems)
    if name not in catalogue():
        near = nearest(name, [*catalogue(), *FAMILIES]).removesuffix("?") or "see irbpf protocols"
        node.fail(f"there is no protocol {name[:60]!r}", f"{near}, or is it your own, with irp:?")
    return _narrowed(catalogue()[name], fields, problems)


def _of_family(name: str, fields: Mapping[str, Node]) -> Protocol:
    values = {}
    for one in FAMILIES[name].fields:
        if one in fields:
            values[one] = fields[one].integer(one)
            try:
                family(name, {"header_pulse": 1000, "header_space": 1000, one: values[one]})
            except Error as error:
                fields[one].fail(error.message, error.hint)
    if "margin" in fields and "tolerance" in fields:
        fields["tolerance"].fail("margin and tolerance say the same", "give one of them")
    try:
        protocol = family(name, values)
        build_automaton(protocol)
    except Error as error:
        fields["protocol"].fail(error.message, error.hint)
    return protocol


def _own(name: str, fields: Mapping[str, Node]) -> Protocol:
    """Field after field, so that what is wrong is told of the one that it is in."""
    given: dict[str, str] = {}
    protocol = None
    for one in ("irp", "scancode", "require", "toggle"):
        if one in fields:
            given[one] = fields[one].string(one)
            try:
                protocol = define(name, given["irp"], given.get("scancode"), require=given.get("require"), toggle=given.get("toggle"))
            except Error as error:
                fields[one].fail_within(error)
    assert protocol is not None
    known = {parameter.name for parameter in protocol.irp.parameters} | set(protocol.irp.definitions)
    if protocol.toggle is not None and protocol.toggle not in known:
        fields["toggle"].fail(f"{protocol.toggle[:60]} is no parameter", nearest(protocol.toggle, sorted(known)))
    used = {"scancode": protocol.scancode, "require": () if protocol.require is None else (protocol.require,)}
    for one, expressions in used.items():
        for unknown in sorted({name for expression in expressions for name in names_in(expression)} - known):
            fields[one].fail(f"{unknown[:60]} is no parameter", nearest(unknown, sorted(known)))
    if sum(int(getattr(part.width, "value", 0)) for part in protocol.scancode) > 64:
        fields.get("scancode", fields["irp"]).fail("the scancode has more than 64 bits", "leave out what does not tell keys apart")
    return protocol


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


def _narrowed(protocol: Protocol, fields: Mapping[str, Node], problems: Problems) -> Protocol:
    if "where" in fields:
        with problems.here():
            protocol = replace(protocol, where={**protocol.where, **_where(fields["where"], protocol)})
    if "tolerance" in fields:
        with problems.here():
            protocol = replace(protocol, tolerance=read_tolerance(fields["tolerance"]))
    if "number" in fields:
        with problems.here():
            protocol = replace(protocol, number=read_number(fields["number"]))
    return protocol


def _where(node: Node, protocol: Protocol) -> dict[str, int]:
    parameters = {parameter.name: parameter for parameter in protocol.irp.parameters}
    where = {}
    for name, value in node.mapping("where", list(parameters)).items():
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


def read_tolerance(node: Node) -> Tolerance:
    fields = node.mapping("tolerance", ("absolute", "relative"))

    def wrong(error: Error, place: Node) -> NoReturn:
        place.fail(error.message, error.hint)

    for name, value in fields.items():
        try:
            parse_tolerance({name: value.value})
        except Error as error:
            wrong(error, value)
    if not fields:
        node.fail("the tolerance says nothing", "absolute: 100us, relative: 25%, or both")
    return parse_tolerance({name: value.value for name, value in fields.items()})
