"""Keymaps: YAML files that say which protocols a receiver decodes and which key each scancode is. No device is touched here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from irbpf import keycodes, yamlnodes
from irbpf.errors import Error
from irbpf.families import FAMILIES, family
from irbpf.paths import data
from irbpf.protocols import Protocol, Tolerance, catalogue, define, parse_tolerance
from irbpf.pulses import Kind, parse_samples
from irbpf.raw import Pattern, build_raw
from irbpf.yamlnodes import Node

MOST_KEYS = 512
RAW_BASE = 0x7261_0000  # scancodes of raw patterns: "ra" and a number

_TOP = ("name", "receivers", "protocols")
_MATCH = ("rc_map", "driver", "name", "bus", "vendor", "product", "path")
_ENTRY = ("protocol", "irp", "scancode", "toggle", "where", "tolerance", "number", "require", "keys")
_RAW = ("raw", "tolerance")
_TABLE = ("table",)
_DECODER = ("decoder", "keys", "parameters", "number")


@dataclass(frozen=True)
class Match:
    """What a receiver must be for a keymap to fit; a field that is None does not matter. `name` is a glob."""

    rc_map: str | None = None
    driver: str | None = None
    name: str | None = None
    bus: int | None = None
    vendor: int | None = None
    product: int | None = None
    path: str | None = None


@dataclass(frozen=True)
class Entry:
    """One protocol and its keys (scancode -> key name)."""

    protocol: Protocol
    keys: Mapping[int, str]


@dataclass(frozen=True)
class Raw:
    """Patterns without a protocol; their labels are key names."""

    patterns: tuple[Pattern, ...]
    tolerance: Tolerance

    @property
    def keys(self) -> Mapping[int, str]:
        return {pattern.scancode: pattern.label for pattern in self.patterns}


@dataclass(frozen=True)
class HandWritten:
    """A decoder written in C, bpf/`decoder`.c, with the values of its macros."""

    decoder: str
    keys: Mapping[int, str]
    parameters: Mapping[str, int] = field(default_factory=dict)
    number: int = 0


@dataclass(frozen=True)
class Table:
    """Keys of scancodes that the receiver, or a decoder of the kernel, delivers by itself: there is nothing for us to decode."""

    keys: Mapping[int, str]


@dataclass(frozen=True)
class Keymap:
    path: str
    name: str
    receivers: tuple[Match, ...]
    entries: tuple[Entry | Raw | HandWritten | Table, ...]

    @property
    def decoded(self) -> tuple[Entry | Raw | HandWritten, ...]:
        """The entries that need a decoder of ours."""
        return tuple(entry for entry in self.entries if not isinstance(entry, Table))

    @property
    def keys(self) -> dict[int, str]:
        """All scancodes; the kernel's table knows no protocols, so they are together in one."""
        return {scancode: key for entry in self.entries for scancode, key in entry.keys.items()}


def load(path: Path) -> Keymap:
    """Read and check a keymap. Errors are `file:line:column: ...`."""
    return build(yamlnodes.read(path))


def parse(text: str, path: str) -> Keymap:
    return build(yamlnodes.parse(text, path))


def build(root: Node) -> Keymap:
    fields = root.mapping("a keymap", _TOP)
    if "protocols" not in fields:
        root.fail("the keymap has no protocols", "add protocols: with at least one entry")
    name = fields["name"].string("the name") if "name" in fields else Path(root.file).stem
    receivers = tuple(match(node) for node in fields["receivers"].list("receivers")) if "receivers" in fields else ()
    entries: list[Entry | Raw | HandWritten | Table] = []
    taken: dict[int, tuple[str, int]] = {}
    for node in fields["protocols"].list("protocols"):
        entry = _entry(node)
        for scancode, key in entry.keys.items():
            if taken.setdefault(scancode, (key, node.line))[0] != key:
                node.fail(f"scancode {scancode:#x} is {key} here and {taken[scancode][0]} in the entry of line {taken[scancode][1]}",
                          "the kernel's table has one key for a scancode, whatever the protocol")
        entries.append(entry)
    if not entries:
        fields["protocols"].fail("the keymap has no protocols", "add at least one entry")
    if len(taken) > MOST_KEYS:
        root.fail(f"{len(taken)} keys", f"the kernel's table has room for {MOST_KEYS}")
    return Keymap(root.file, name, receivers, tuple(entries))


def match(node: Node) -> Match:
    """One way for a receiver to fit."""
    fields = node.mapping("a receiver", _MATCH)
    if not fields:
        node.fail("this fits every receiver", f"name at least one of {', '.join(_MATCH)}")
    return Match(**{name: value.integer(name) if name in ("bus", "vendor", "product") else value.string(name)
                    for name, value in fields.items()})  # type: ignore[arg-type]


def _entry(node: Node) -> Entry | Raw | HandWritten | Table:
    names = [key.text for key, _ in node.pairs or ()]
    if "raw" in names:
        return _raw(node.mapping("a raw entry", _RAW))
    if "table" in names:
        return Table(_keys(node.mapping("a table entry", _TABLE)["table"], None))
    if "decoder" in names:
        return _hand_written(node, node.mapping("a decoder entry", _DECODER))
    protocol_name = next((value.text for key, value in node.pairs or () if key.text == "protocol"), "")
    known = _ENTRY + (FAMILIES[protocol_name].fields if protocol_name in FAMILIES else ())
    fields = node.mapping("a protocol entry", known)
    if "protocol" not in fields:
        node.fail("the entry names no protocol", "add protocol: with a name of irbpf protocols, or of your own with irp:")
    protocol = _protocol(fields)
    return Entry(protocol, _keys(fields.get("keys"), protocol))


def _protocol(fields: Mapping[str, Node]) -> Protocol:
    node = fields["protocol"]
    name = node.string("the protocol")
    try:
        if name in FAMILIES:
            values = {key: value.integer(key) for key, value in fields.items() if key in FAMILIES[name].fields}
            protocol = family(name, values)
        elif "irp" in fields:
            protocol = _own(name, fields)
        elif name in catalogue():
            protocol = catalogue()[name]
        else:
            raise Error(f"there is no protocol {name[:60]!r}", f"one of {', '.join([*catalogue(), *FAMILIES])}, or your own with irp:")
    except Error as error:
        if error.message.startswith(node.file + ":"):
            raise
        node.fail(error.message, error.hint)
    if "irp" not in fields:
        for field_name in ("scancode", "toggle", "require", "number"):
            if field_name in fields and field_name != "number":
                fields[field_name].fail(f"{field_name} belongs to a protocol of your own", "give its irp: line too")
    return _narrowed(protocol, fields)


def _own(name: str, fields: Mapping[str, Node]) -> Protocol:
    for field_name in ("irp", "scancode", "require"):
        if field_name not in fields:
            continue
        node = fields[field_name]
        try:
            values = {key: fields[key].string(key) for key in ("irp", "scancode", "require") if key in fields
                      and ("irp", "scancode", "require").index(key) <= ("irp", "scancode", "require").index(field_name)}
            protocol = define(name, values["irp"], values.get("scancode"), require=values.get("require"),
                              toggle=fields["toggle"].string("toggle") if "toggle" in fields else None)
        except Error as error:
            column, _, rest = error.message.removeprefix("column ").partition(": ")
            if error.message.startswith("column ") and column.isdigit():
                replace(node, column=node.column + int(column)).fail(rest, error.hint)
            node.fail(error.message, error.hint)
    if protocol.toggle is not None and protocol.toggle not in {p.name for p in protocol.irp.parameters} | set(protocol.irp.definitions):
        fields["toggle"].fail(f"{protocol.toggle} is no parameter", "name the parameter that changes with each press")
    return protocol


def _narrowed(protocol: Protocol, fields: Mapping[str, Node]) -> Protocol:
    if "where" in fields:
        parameters = {parameter.name: parameter for parameter in protocol.irp.parameters}
        where = {}
        for name, value in fields["where"].mapping("where", list(parameters)).items():
            number = value.integer(name)
            if not parameters[name].least <= number <= parameters[name].most:
                value.fail(f"{name} is never {number}", f"it is {parameters[name].least} to {parameters[name].most}")
            where[name] = number
        protocol = replace(protocol, where={**protocol.where, **where})
    if "tolerance" in fields:
        protocol = replace(protocol, tolerance=_tolerance(fields["tolerance"]))
    if "number" in fields:
        protocol = replace(protocol, number=_number(fields["number"]))
    return protocol


def _number(node: Node) -> int:
    number = node.integer("the protocol number")
    if not 0 <= number <= 0xFFFF:
        node.fail(f"{number} is no protocol number", "0 to 65535")
    return number


def _tolerance(node: Node) -> Tolerance:
    fields = node.mapping("tolerance", ("absolute", "relative"))
    try:
        return parse_tolerance({name: value.value for name, value in fields.items()})
    except Error as error:
        node.fail(error.message, error.hint)


def _keys(node: Node | None, protocol: Protocol | None) -> dict[int, str]:
    """scancode -> key name."""
    if node is None:
        return {}
    if node.pairs is None:
        node.fail("keys is a mapping of scancodes to key names", "such as 0x1e3b: KEY_SELECT")
    width = 64 if protocol is None else sum(int(part.width.value) for part in protocol.scancode
                                            if part.width is not None and hasattr(part.width, "value"))
    keys = {}
    for key, value in node.pairs:
        scancode = key.integer("a scancode")
        if not 0 <= scancode < 1 << width:
            key.fail(f"scancode {key.text[:40]} does not fit into the {width} bits of the protocol's layout", "see irbpf protocols")
        keys[scancode] = _key_name(value)
        if len(keys) > MOST_KEYS:
            key.fail(f"more than {MOST_KEYS} keys", "the kernel's table has no more room")
    return keys


def _key_name(node: Node) -> str:
    name = node.string("a key")
    try:
        keycodes.number(name)
    except Error as error:
        node.fail(error.message, error.hint)
    return name


def _raw(fields: Mapping[str, Node]) -> Raw:
    tolerance = _tolerance(fields["tolerance"]) if "tolerance" in fields else Tolerance()
    patterns = []
    for index, (key, value) in enumerate(fields["raw"].pairs or ()):
        name = _key_name(key)
        samples = parse_samples(value.string("a pattern"), f"{value.file}:{value.line}")
        if not samples or any((sample.kind == Kind.PULSE) != (place % 2 == 0) for place, sample in enumerate(samples)):
            value.fail("a pattern goes pulse, space, pulse ...", "such as +9000 -4500 +560")
        patterns.append(Pattern(name, RAW_BASE + index, tuple(sample.duration for sample in samples)))
    if not patterns:
        fields["raw"].fail("there is no pattern", "such as KEY_POWER: +9000 -4500 +560")
    try:
        build_raw("raw", patterns, tolerance)
    except Error as error:
        fields["raw"].fail(error.message, error.hint)
    return Raw(tuple(patterns), tolerance)


def _hand_written(node: Node, fields: Mapping[str, Node]) -> HandWritten:
    name = fields["decoder"].string("the decoder")
    if not name.replace("_", "").isalnum() or not data("bpf", f"{name}.c").is_file():
        fields["decoder"].fail(f"there is no decoder {name[:60]!r}", f"put it at {data('bpf', 'NAME.c')}")
    parameters = {}
    for key, value in (fields["parameters"].pairs or ()) if "parameters" in fields else ():
        if not key.text.isidentifier():
            key.fail(f"{key.text[:40]!r} is no name of a macro")
        parameters[key.text] = value.integer(key.text)
    return HandWritten(name, _keys(fields.get("keys"), None), parameters, _number(fields["number"]) if "number" in fields else 0)
