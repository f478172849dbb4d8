"""Reads the tables of ir-keytable: TOML as in rc_keymap(5), and the text form before it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from irbpf import keycodes
from irbpf.encoding import parameters_of
from irbpf.errors import Error
from irbpf.families import FAMILIES, family
from irbpf.importers.values import Button, Imported, Problem, assemble, together
from irbpf.keymap import HandWritten
from irbpf.paths import decoder_file
from irbpf.protocols import Protocol, catalogue, define
from irbpf.pulses import parse_samples

_TABLE = re.compile(r"#\s*table\b\s*:?\s*(?P<name>[^,\s]*)\s*(?:,\s*type\s*:?\s*(?P<types>.*))?", re.IGNORECASE)
_LINE = re.compile(r"(0[xX][0-9a-fA-F]+|\d+)[\s=:]+(\S+)\s*(?:#.*)?")
# what rc-core's decoder of a name gives, by the size of the scancode: the first whose scancodes go so far
_VARIANTS: Mapping[str, tuple[tuple[int, str], ...]] = {
    "nec": ((0xFFFF, "nec"), (0xFFFFFF, "necx"), (0xFFFFFFFF, "nec32")), "rc5": ((0xFFFF, "rc5"), (0xFFFFFF, "rc5x_20")),
    "rc6": ((0xFFFF, "rc6_0"), (0xFFFFF, "rc6_6a_20"), (0xFFFFFF, "rc6_6a_24"), (0xFFFFFFFF, "rc6_6a_32")),
    "rcmm": ((0xFFF, "rcmm12"), (0xFFFFFF, "rcmm24"), (0xFFFFFFFF, "rcmm32")),
}
_NO_DECODER = {"unknown": "its protocol is not known", "other": "its protocol is not known", "cec": "HDMI-CEC is no infrared protocol",
               "imon": "the receiver, or the kernel's imon decoder, delivers it", "mce_kbd": "the kernel's mce_kbd decoder delivers it"}
_MCE_TOGGLE = 0x8000
_KNOWN = {"name", "protocol", "variant", "scancodes", "raw", "irp"}


def looks_like(text: str, name: str) -> bool:
    if re.search(r"^[ \t]*\[\[protocols\]\]", text, re.MULTILINE):
        return True
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return any(_TABLE.fullmatch(line) for line in lines[:5]) or bool(
        lines and all(line.startswith("#") or (found := _LINE.fullmatch(line)) and found[2].upper().startswith(("KEY_", "BTN_"))
                      for line in lines))


def read(text: str, file: str) -> Imported:
    return _read_toml(text, file) if re.search(r"^[ \t]*\[\[?protocols", text, re.MULTILINE) else _read_text(text, file)


# -- TOML -------------------------------------------------------------------------------------------------------------------


def _read_toml(text: str, file: str) -> Imported:
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Error(f"{file}: {error or 'nested too deeply'}", "the file is not valid TOML") from error
    entries = document.get("protocols")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise Error(f"{file}: there are no [[protocols]]", "rc_keymap(5) tells the format")
    reader = _Toml(text, file)
    buttons = [button for entry in entries for button in reader.entry(entry)]
    by_hand = [made for entry in entries if (made := reader.by_hand(entry)) is not None]
    for key in document.keys() - {"protocols"}:
        reader.problem(key, f"{key[:40]} is no part of a table")
    name = next((str(entry["name"]) for entry in entries if "name" in entry), file.rsplit("/", 1)[-1].removesuffix(".toml"))
    return together([assemble(name, buttons, file, more=by_hand)], reader.problems)


class _Toml:
    def __init__(self, text: str, file: str) -> None:
        self.file, self.problems = file, list[Problem]()
        self.lines: dict[str, int] = {}
        for number, line in enumerate(text.splitlines(), 1):
            self.lines.setdefault(line.partition("=")[0].strip().strip("'\"[]"), number)

    def line(self, key: str) -> int:
        """Where a key first stands; tomllib does not tell."""
        return self.lines.get(key, 1)

    def problem(self, key: str, what: str) -> None:
        self.problems.append(Problem(self.file, self.line(key), what))

    def entry(self, entry: Mapping[str, Any]) -> Iterator[Button]:
        name = str(entry.get("protocol", ""))
        yield from self.raw(entry.get("raw", []))
        scancodes = self.scancodes(entry)
        if _by_hand(name):
            return
        own = None
        name = str(entry.get("variant") or name)
        if _plain(name) in FAMILIES or "irp" in entry or _plain(name) in catalogue() and set(entry) - _KNOWN:
            try:
                own = self.own(_plain(name), entry)
            except Error as error:
                self.problem("protocol", f"{name}: {error}")
        if _plain(name) in _NO_DECODER and scancodes:
            self.problem("protocol", f"{name}: {_NO_DECODER[_plain(name)]}, so the keymap has the table alone")
        for text, key in scancodes.items():
            yield from self.key(entry, own, str(text), key)
        for field in entry.keys() - _KNOWN:
            if own is None:
                self.problem(field, f"{field[:40]} is not expressed")

    def scancodes(self, entry: Mapping[str, Any]) -> Mapping[str, Any]:
        scancodes = entry.get("scancodes", {})
        if isinstance(scancodes, dict):
            return scancodes
        self.problem("scancodes", "scancodes are not a table")
        return {}

    def by_hand(self, entry: Mapping[str, Any]) -> HandWritten | None:
        """A decoder of ours that is written in C, with the values of its macros."""
        name, keys = str(entry.get("protocol", "")), {}
        if not _by_hand(name):
            return None
        for text, key in self.scancodes(entry).items():
            if re.fullmatch(r"0[xX][0-9a-fA-F]{1,16}|\d{1,18}", str(text)) and isinstance(key, str) and keycodes.exists(key):
                keys[int(str(text), 0)] = key
            else:
                self.problem(str(text), f"{str(text)[:40]!r} is no scancode with a key")
        given = {field: value for field, value in entry.items() if field not in _KNOWN and isinstance(value, int)}
        for field in entry.keys() - _KNOWN - given.keys():
            self.problem(field, f"{field[:40]} of {name} is no number")
        return HandWritten(name, keys, given)

    def own(self, name: str, entry: Mapping[str, Any]) -> Protocol:
        """A family with parameters, an IRP line, or a decoder of the catalogue whose parameters are left at what they are."""
        if "irp" in entry or name not in FAMILIES:
            for field in entry.keys() - _KNOWN:
                self.problem(field, f"{field[:40]} of {name} is not expressed: the decoder is {'its line' if 'irp' in entry else 'the catalogue'}'s")
            return define(name or "irp", str(entry["irp"])) if "irp" in entry else catalogue()[name]
        given = {field: value for field, value in entry.items() if field not in _KNOWN and isinstance(value, int)}
        unknown = [field for field in entry if field not in _KNOWN and (field not in FAMILIES[name].fields or field not in given)]
        for field in unknown:
            self.problem(field, f"{field[:40]} is no parameter of {name}")
        return family(name, {field: value for field, value in given.items() if field not in unknown})

    def key(self, entry: Mapping[str, Any], own: Protocol | None, text: str, key: Any) -> Iterator[Button]:
        try:
            scancode = int(text, 0)
        except ValueError:
            scancode = -1
        if not 0 <= scancode < 1 << 64 or not isinstance(key, str):
            self.problem(text, f"{text[:40]!r} is no scancode with a key")
            return
        name = str(entry.get("variant") or entry.get("protocol", ""))
        try:
            protocol = own or protocol_of(name, scancode)
        except Error as error:
            self.problem(text, f"{key}: {error.message}")
            return
        reported = as_reported(protocol, scancode)
        if protocol is not None and reported[0] != (protocol, scancode):
            self.problem(text, _never(key, protocol, scancode, reported[0][0]))
        for one, code in reported:
            yield Button(key, self.line(text), one, code)

    def raw(self, patterns: Any) -> Iterator[Button]:
        for one in patterns if isinstance(patterns, list) else []:
            try:
                samples = parse_samples(str(one["raw"]), self.file)
                yield Button(str(one["keycode"]), self.line("raw"), durations=tuple(sample.duration for sample in samples))
            except (Error, KeyError, TypeError) as error:
                self.problem("raw", f"a raw pattern is not readable: {error}")


def _by_hand(name: str) -> bool:
    return re.fullmatch(r"\w{1,40}", name, re.ASCII) is not None and _plain(name) not in (*catalogue(), *FAMILIES) \
        and decoder_file(name).is_file()


def as_reported(protocol: Protocol | None, scancode: int) -> list[tuple[Protocol | None, int]]:
    """What the receivers of a table report for one of its scancodes.

    Drivers that decode by themselves have scancodes of their own in such tables, which no frame has as rc-core reads it: then it is
    the one that rc-core has for the frame, if that is known, and the table's own, without a decoder. A nec32 whose last byte is the
    complement of the one before goes out from ir-ctl (1.22) with the bytes in another order: that is a third.
    """
    if protocol is None:
        return [(None, scancode)]
    other = _other(protocol, scancode)
    if other is not None:
        return [other, *([_plainer(scancode >> 8)] if protocol.name == "nec32" else []), (None, scancode)]
    try:
        parameters_of(protocol, scancode)
    except Error:
        return [(None, scancode)]
    return [(protocol, scancode)]


def _never(key: str, protocol: Protocol, scancode: int, read: Protocol | None) -> str:
    kept = f"the keymap has {read.name} for it, and the scancode itself" if read is not None else "the keymap has it"
    return f"{key}: no frame of {protocol.name} has the scancode {scancode:#x}, as rc-core reads it: {kept} in a table"


def _other(protocol: Protocol, scancode: int) -> tuple[Protocol, int] | None:
    """Complements in the bytes of NEC, and the toggle of MCE, are no part of rc-core's scancodes."""
    if protocol.name == "rc6_mce" and scancode & _MCE_TOGGLE:
        return protocol, scancode & ~_MCE_TOGGLE
    if protocol.name == "nec32" and (scancode >> 8 ^ scancode) & 0xFF == 0xFF:
        turned = (scancode >> 16 & 0xFF) << 16 | (scancode >> 24) << 8 | scancode & 0xFF
        return _plainer(turned)
    if protocol.name == "necx" and (scancode >> 16 ^ scancode >> 8) & 0xFF == 0xFF:
        return catalogue()["nec"], scancode >> 8 & 0xFF00 | scancode & 0xFF
    return None


def _plainer(scancode: int) -> tuple[Protocol, int]:
    """What rc-core makes of a frame of necx."""
    return _other(catalogue()["necx"], scancode) or (catalogue()["necx"], scancode)


def _plain(name: str) -> str:
    """As ir-keytable compares names: rc-5, rc_5 and RC5 are the same."""
    squeezed = re.sub(r"[-_]", "", name.lower())
    return next((known for known in (*catalogue(), *FAMILIES, *_NO_DECODER) if known.replace("_", "") == squeezed), squeezed)


def protocol_of(name: str, scancode: int) -> Protocol | None:
    """The protocol that rc-core calls `name`, for a scancode of this size; None if there is no decoder for it. Error if it is unknown."""
    plain = _plain(name)
    if plain in _NO_DECODER:
        return None
    if plain == "sony":
        plain = "sony20" if scancode & 0xFF00 else "sony15" if scancode >> 16 > 31 else "sony12"
    elif plain in _VARIANTS and not name[-1:].isdigit() or plain == "rc5" and scancode > 0xFFFF or plain == "rc6":
        plain = next((variant for most, variant in _VARIANTS[plain] if scancode <= most), plain)
    if plain in ("rc6_6a_32", "rc6_mce"):  # by the maker, as rc-core does (rc/ir-rc6-decoder.c)
        plain = "rc6_mce" if scancode >> 16 in (0x800F, 0x8034, 0x8046) else "rc6_6a_32"
    if plain not in catalogue():
        raise Error(f"there is no protocol {name[:40]!r}", "see irbpf protocols")
    return catalogue()[plain]


# -- text -------------------------------------------------------------------------------------------------------------------


def _read_text(text: str, file: str) -> Imported:
    name, types = file.rsplit("/", 1)[-1].removesuffix(".txt"), list[str]()
    buttons: list[Button] = []
    problems: list[Problem] = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if (head := _TABLE.fullmatch(line)) is not None:
            name = head["name"] or name
            types = re.split(r"[\s,|]+", (head["types"] or "").strip()) if head["types"] else types
        elif line and not line.startswith("#"):
            found = _LINE.fullmatch(line)
            if found is None:
                problems.append(Problem(file, number, f"{line[:60]!r} is no scancode with a key"))
                continue
            scancode, key = int(found[1], 16 if found[1][:2].lower() == "0x" else 10), found[2]
            made, why = _text_buttons(key, number, types or ["unknown"], scancode)
            buttons += made
            problems += [Problem(file, number, why)] if why else []
    if all(one.protocol is None for one in buttons) and buttons:
        problems.append(Problem(file, 1, f"{', '.join(types) or 'no type'}: {_NO_DECODER['unknown']}, so the keymap has the table alone"))
    return together([assemble(name, buttons, file)], problems)


def _text_buttons(key: str, line: int, types: list[str], scancode: int) -> tuple[list[Button], str]:
    """A line's key, by the first of several types that there is."""
    if scancode >= 1 << 64:
        return [], f"{scancode:#x} has more than 64 bits"
    name = keycodes.name(int(key, 0)) if re.fullmatch(r"0x[0-9a-fA-F]+|\d{2,}", key) else key
    failed = ""
    for one in types:
        try:
            protocol = protocol_of(one, scancode)
        except Error as error:
            failed = f"{key}: {error.message}"
            continue
        reported = as_reported(protocol, scancode)
        why = _never(key, protocol, scancode, reported[0][0]) if protocol is not None and reported[0] != (protocol, scancode) else ""
        return [Button(name, line, *each) for each in reported], why
    return [], failed
