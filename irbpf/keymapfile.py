"""Keymap values as the YAML text that `irbpf.keymap` reads: what is written and read again is the same keymap. It checks nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields

from irbpf.errors import Error
from irbpf.families import FAMILIES
from irbpf.irp.text import expression_text, layout_text
from irbpf.keymap import AnyEntry, Anything, Entry, HandWritten, Keymap, Match, Raw, Table
from irbpf.layouts import default_layout
from irbpf.protocols import Protocol, Tolerance, catalogue
from irbpf.raw import Pattern


def dump(keymap: Keymap, comments: Sequence[str] = (), remarks: Mapping[int, str] | None = None) -> str:
    """The text of `keymap`; `comments` are lines for its top, `remarks` stand behind the keys of these scancodes."""
    lines = [*_comments(comments), f"name: {quoted(keymap.name)}"]
    if keymap.receivers:
        lines += ["receivers:", *(f"  - {_match(one)}" for one in keymap.receivers)]
    lines.append("protocols:")
    for entry in keymap.entries:
        first, *rest = _entry(entry, remarks or {})
        lines += [f"  - {first}", *(f"    {line}" for line in rest)]
    return "\n".join(lines) + "\n"


def _comments(lines: Sequence[str]) -> list[str]:
    """Each line of each text as a comment, without what would end one."""
    return [f"# {_printable(line)}".rstrip() for text in lines for line in text.splitlines() or [""]]


def _match(match: Match) -> str:
    given = [(one.name, getattr(match, one.name)) for one in fields(match) if getattr(match, one.name) is not None]
    texts = (f"{name}: {quoted(value) if isinstance(value, str) else hex(value)}" for name, value in given)
    return f"{{{', '.join(texts)}}}"


def _entry(entry: AnyEntry | Table, remarks: Mapping[int, str]) -> Iterator[str]:
    match entry:
        case Entry(protocol, keys):
            yield from _protocol(protocol)
            yield from _keys(keys, remarks, sum(_width(protocol)))
        case Raw(patterns, tolerance):
            yield "raw:"
            yield from _patterns(patterns, remarks)
            if tolerance != Tolerance():
                yield _tolerance(tolerance)
        case HandWritten(decoder, keys, parameters, number):
            yield f"decoder: {quoted(decoder)}"
            if number:
                yield f"number: {number}"
            if parameters:
                yield f"parameters: {{{', '.join(f'{name}: {value}' for name, value in parameters.items())}}}"
            yield from _keys(keys, remarks, 0)
        case Anything(keys):
            yield "protocol: any"
            yield from _keys(keys, remarks, 0)
        case Table(keys):
            yield from _keys(keys, remarks, 0, "table")


def _patterns(patterns: Sequence[Pattern], remarks: Mapping[int, str]) -> Iterator[str]:
    """Those of one key together: as a list, if there are several."""
    by_key: dict[tuple[str, int], list[str]] = {}
    for pattern in patterns:
        text = " ".join(f"{'-' if place % 2 else '+'}{duration}" for place, duration in enumerate(pattern.durations))
        by_key.setdefault((pattern.label, pattern.scancode), []).append(quoted(text))
    for (label, scancode), texts in by_key.items():
        remark = _remark(remarks, scancode)
        if len(texts) == 1:
            yield f"  {label}: {texts[0]}{remark}"
        else:
            yield f"  {label}:{remark}"
            yield from (f"    - {text}" for text in texts)


def _protocol(protocol: Protocol) -> Iterator[str]:
    """Everything of the entry but its keys."""
    known = catalogue().get(protocol.name)
    if known is not None and known.irp == protocol.irp and known.scancode == protocol.scancode and known.toggle == protocol.toggle:
        base = known
        yield f"protocol: {quoted(protocol.name)}"
    else:
        yield f"protocol: {quoted(own_name(protocol.name))}"
        yield f"irp: {quoted(protocol.irp.text)}"
        base = Protocol(protocol.name, protocol.irp, protocol.scancode)
        yield from _meaning(protocol)
    narrowed = {name: value for name, value in protocol.where.items() if base.where.get(name) != value}
    if narrowed:
        yield f"where: {{{', '.join(f'{name}: {hex(value)}' for name, value in narrowed.items())}}}"
    if protocol.tolerance != base.tolerance:
        yield _tolerance(protocol.tolerance)
    if protocol.alone:
        yield "alone: true"
    if protocol.number != base.number:
        yield f"number: {protocol.number}"


def _meaning(protocol: Protocol) -> Iterator[str]:
    try:
        implied = protocol.scancode == default_layout(protocol.irp)
    except Error:
        implied = False
    if not implied:
        yield f"scancode: {quoted(layout_text(protocol.scancode))}"
    if protocol.toggle is not None:
        yield f"toggle: {quoted(protocol.toggle)}"
    if protocol.require is not None:
        yield f"require: {quoted(expression_text(protocol.require))}"


def own_name(name: str) -> str:
    """A name that is neither the catalogue's nor a family's, for a protocol that is not theirs."""
    while name in catalogue() or name in FAMILIES:
        name = f"my-{name}"
    return name


def _tolerance(tolerance: Tolerance) -> str:
    return f"tolerance: {{absolute: {tolerance.absolute}us, relative: {tolerance.relative * 100:g}%}}"


def _keys(keys: Mapping[int, str], remarks: Mapping[int, str], bits: int, what: str = "keys") -> Iterator[str]:
    if not keys:
        return
    digits = max(2, (bits + 3) // 4, *(len(f"{scancode:x}") for scancode in keys))
    yield f"{what}:"
    for scancode, key in keys.items():
        yield f"  0x{scancode:0{digits}x}: {key}{_remark(remarks, scancode)}"


def _width(protocol: Protocol) -> Iterator[int]:
    for part in protocol.scancode:
        value = getattr(part.width, "value", None)
        yield int(value) if value is not None else 0


def _remark(remarks: Mapping[int, str], scancode: int) -> str:
    return f"  # {_printable(remarks[scancode]).strip()}" if remarks.get(scancode, "").strip() else ""


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() and _plain(one) else " " for one in text)


def _plain(character: str) -> bool:
    return "\x20" <= character <= "\x7e" or "\xa0" <= character <= "\ud7ff" or "\ue000" <= character <= "\ufffd" and character != "\ufeff"


_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def quoted(text: str) -> str:
    """A YAML scalar in double quotes on one line, whatever is in `text`."""
    return '"' + "".join(_escaped(one) for one in text) + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if _plain(character) and character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
