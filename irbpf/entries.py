"""The entries of a keymap: a protocol, raw patterns, or a decoder written in C, each with its keys; and how they are read from YAML."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from irbpf import keycodes
from irbpf.encoding import Unsolved, parameters_of
from irbpf.errors import Error
from irbpf.families import FAMILIES
from irbpf.irp.syntax import Name, Number
from irbpf.ownprotocols import FIELDS, NARROWING, read_number, read_protocol, read_tolerance
from irbpf.paths import data, decoder_file
from irbpf.problems import Problems, nearest
from irbpf.protocols import Protocol, Tolerance
from irbpf.pulses import Kind, parse_samples
from irbpf.raw import Pattern, PatternError, build_raw
from irbpf.yamlnodes import Node

MOST_KEYS = 512
RAW_BASE = 0x7261_0000  # scancodes of raw patterns: "ra" and the number of the key

RAW_FIELDS = ("raw", "tolerance")
TABLE_FIELDS = ("table",)
ANYTHING = "any"
ANYTHING_FIELDS = ("protocol", "keys")
DECODER_FIELDS = ("decoder", "keys", "parameters", "number")

Places = dict[int, Node]


@dataclass(frozen=True)
class Entry:
    """One protocol and its keys (scancode -> key name)."""

    protocol: Protocol
    keys: Mapping[int, str]


@dataclass(frozen=True)
class Raw:
    """Patterns without a protocol; their labels are key names, and those of one key have one scancode."""

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
class Anything:
    """Every protocol of the catalogue but those that cannot be loaded with all others (irbpf.together). Its keys give way to others'."""

    keys: Mapping[int, str]


@dataclass(frozen=True)
class Table:
    """Keys of scancodes that the receiver, or a decoder of the kernel, delivers by itself: there is nothing for us to decode."""

    keys: Mapping[int, str]


AnyEntry = Entry | Raw | HandWritten | Anything  # what a decoder is made of


def name_of(entry: AnyEntry) -> str:
    """What its decoder is called."""
    match entry:
        case Entry(protocol):
            return protocol.name
        case HandWritten(decoder):
            return decoder
        case Anything():
            return ANYTHING
    return "raw"


def read_entry(node: Node, problems: Problems, thorough: bool) -> tuple[AnyEntry | Table | None, Mapping[int, str], Places]:
    """One entry, None where nothing can be made of it; its keys, and where each of their scancodes is written."""
    names = [key.text for key, _ in node.pairs or ()]
    if "raw" in names:
        return _raw(node.mapping("a raw entry", RAW_FIELDS, problems), problems)
    if "table" in names:
        keys, places = _keys(node.mapping("a table entry", TABLE_FIELDS, problems)["table"], None, problems)
        return Table(keys), keys, places
    if "decoder" in names:
        return _hand_written(node.mapping("a decoder entry", DECODER_FIELDS, problems), problems)
    name = next((value.text for key, value in node.pairs or () if key.text == "protocol"), "")
    if name == ANYTHING:
        keys, places = _keys(node.mapping("an entry of any protocol", ANYTHING_FIELDS, problems).get("keys"), None, problems)
        return Anything(keys), keys, places
    family = FAMILIES[name].fields if name in FAMILIES else ()
    fields = node.mapping("a protocol entry", (*FIELDS, *NARROWING, "keys", *family), problems)
    protocol = None
    with problems.here():
        if "protocol" not in fields:
            node.fail("the entry names no protocol", "add protocol: with a name of irbpf protocols, or of your own with irp:")
        protocol = read_protocol(fields, problems)
    keys, places = _keys(fields.get("keys"), protocol, problems, thorough)
    return None if protocol is None else Entry(protocol, keys), keys, places


def _keys(node: Node | None, protocol: Protocol | None, problems: Problems, thorough: bool = False) -> tuple[dict[int, str], Places]:
    """scancode -> key name, and where it is."""
    keys: dict[int, str] = {}
    places: Places = {}
    if node is None:
        return keys, places
    if node.pairs is None:
        node.fail("keys is a mapping of scancodes to key names", "such as 0x1e3b: KEY_SELECT")
    width = 64 if protocol is None else layout_bits(protocol)
    check = thorough or protocol is not None and _plain(protocol)
    for key, value in node.pairs:
        name = scancode = None
        with problems.here():
            name = _key_name(value)
        with problems.here():
            scancode = _scancode(key, width, protocol if check else None)
        if name is not None and scancode is not None and scancode not in keys:
            keys[scancode], places[scancode] = name, key
        if len(keys) > MOST_KEYS:
            key.fail(f"more than {MOST_KEYS} keys", "the kernel's table has no more room")
    return keys, places


def _scancode(node: Node, width: int, protocol: Protocol | None) -> int:
    scancode = node.integer("a scancode")
    if not 0 <= scancode < 1 << width:
        node.fail(f"scancode {node.text[:40]} does not fit into the {width} bits of the protocol's layout", "see irbpf protocols")
    if protocol is not None:
        _possible(node, protocol, scancode)
    return scancode


def layout_bits(protocol: Protocol) -> int:
    return sum(int(part.width.value) for part in protocol.scancode if isinstance(part.width, Number))


def _plain(protocol: Protocol) -> bool:
    """Whether the layout shows parameters and constants only, so that it is turned round in no time."""
    names = {parameter.name for parameter in protocol.irp.parameters}
    return all(isinstance(part.data, Number) or isinstance(part.data, Name) and part.data.name in names for part in protocol.scancode)


def _possible(key: Node, protocol: Protocol, scancode: int) -> None:
    """Error where no frame of the protocol has this scancode: a fixed bit differs, a parameter or `where` is never so."""
    try:
        parameters_of(protocol, scancode)
    except Unsolved:
        pass
    except Error:
        ranges = ", ".join(f"{one.name} is {protocol.where[one.name] if one.name in protocol.where else f'{one.least}..{one.most}'}"
                           for one in protocol.irp.parameters)
        key.fail(f"{protocol.name} never has the scancode {key.text[:40]}", f"its layout and parameters do not allow it: {ranges}"[:300])


def _key_name(node: Node) -> str:
    name = node.string("a key")
    try:
        keycodes.number(name)
    except Error as error:
        node.fail(error.message, error.hint)
    return name


def _raw(fields: Mapping[str, Node], problems: Problems) -> tuple[Raw, Mapping[int, str], Places]:
    tolerance = Tolerance()
    with problems.here():
        if "tolerance" in fields:
            tolerance = read_tolerance(fields["tolerance"], problems)
    patterns: list[Pattern] = []
    nodes: list[Node] = []
    places: Places = {}
    for key, value in fields["raw"].pairs or ():
        with problems.here():
            name = _key_name(key)
            scancode = RAW_BASE + keycodes.number(name)
            places[scancode] = key
            for one in value.items if value.items is not None else (value,):
                with problems.here():
                    patterns.append(Pattern(name, scancode, _durations(one)))
                    nodes.append(one)
    if not fields["raw"].pairs:
        fields["raw"].fail("there is no pattern", "such as KEY_POWER: +9000 -4500 +560")
    _told_apart(patterns, nodes, tolerance, problems)
    raw = Raw(tuple(patterns), tolerance)
    return raw, raw.keys, places


def _durations(node: Node) -> tuple[int, ...]:
    text = node.string("a pattern")
    try:
        samples = parse_samples(text, "")
    except Error as error:
        node.fail(error.message.split(": ", 1)[-1], error.hint)
    if not samples or any((sample.kind == Kind.PULSE) != (place % 2 == 0) for place, sample in enumerate(samples)):
        node.fail("a pattern goes pulse, space, pulse ...", "such as +9000 -4500 +560")
    return tuple(sample.duration for sample in samples)


def _told_apart(patterns: Sequence[Pattern], nodes: Sequence[Node], tolerance: Tolerance, problems: Problems) -> None:
    """A pattern that is wrong is left out, and the others are looked at again."""
    good = list(zip(patterns, nodes, strict=True))
    while good:
        with problems.here():
            try:
                build_raw("raw", [pattern for pattern, _ in good], tolerance)
                return
            except PatternError as error:
                good.pop(error.pattern)[1].fail(error.message, error.hint)


def _hand_written(fields: Mapping[str, Node], problems: Problems) -> tuple[HandWritten | None, Mapping[int, str], Places]:
    name, parameters, number = "", {}, 0
    with problems.here():
        name = _decoder(fields["decoder"])
        parameters = _macros(fields["parameters"], name, problems) if "parameters" in fields else {}
    with problems.here():
        if "number" in fields:
            number = read_number(fields["number"])
    keys, places = _keys(fields.get("keys"), None, problems)
    return HandWritten(name, keys, parameters, number) if name else None, keys, places


def _decoder(node: Node) -> str:
    name = node.string("the decoder")
    if not name.replace("_", "").isalnum() or not decoder_file(name).is_file():
        node.fail(f"there is no decoder {name[:60]!r}", f"put it at {data('bpf', 'NAME.c')}")
    return name


def _macros(node: Node, decoder: str, problems: Problems) -> dict[str, int]:
    if node.pairs is None:
        node.fail("parameters is a mapping of macros to numbers", f"see the #ifndef lines of {decoder}.c")
    text = decoder_file(decoder).read_text(errors="replace")
    known = re.findall(r"^#[ \t]*ifndef[ \t]+(\w+)", text, re.MULTILINE)
    macros = {}
    for key, value in node.pairs:
        with problems.here():
            if key.text not in known:
                hint = nearest(key.text, known) if known else "see bpf/README.md"
                key.fail(f"{key.text[:40]!r} is no macro that {decoder}.c lets others set", hint)
            macros[key.text] = value.integer(key.text)
    return macros
