"""Reads .ir files of Flipper: parsed signals by their protocol, and raw ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from irbpf.encoding import scancode_of
from irbpf.errors import Error
from irbpf.importers.named import named, raw_button, short_leader
from irbpf.importers.values import Button, Imported, Problem, assemble, together
from irbpf.protocols import Protocol, catalogue
from irbpf.pulses import LONGEST_US

_HEAD = re.compile(r"Filetype:\s*IR (signals|library) file", re.IGNORECASE)


@dataclass
class _Signal:
    line: int
    fields: dict[str, str] = field(default_factory=dict)


def looks_like(text: str, name: str) -> bool:
    return _HEAD.match(text.lstrip()) is not None


def read(text: str, file: str) -> Imported:
    buttons: list[Button] = []
    problems: list[Problem] = []
    for signal in _signals(text, file, problems):
        name = signal.fields.get("name", "")
        try:
            button, lost = _button(name, signal)
            buttons.append(button)
            if lost:
                problems.append(Problem(file, signal.line, f"{name}: {lost}"))
        except Error as error:
            problems.append(Problem(file, signal.line, f"{name[:60] or 'a signal without a name'}: {error}"))
    return together([assemble(file.rsplit("/", 1)[-1].removesuffix(".ir"), buttons, file)], problems)


def _signals(text: str, file: str, problems: list[Problem]) -> Iterator[_Signal]:
    signal: _Signal | None = None
    for number, line in enumerate(text.splitlines(), 1):
        key, colon, value = line.partition(":")
        key = key.strip().lower()
        if line.lstrip().startswith("#") or not line.strip() or key in ("filetype", "version"):
            continue
        if not colon or key not in ("name", "type", "protocol", "address", "command", "frequency", "duty_cycle", "data"):
            problems.append(Problem(file, number, f"{line.strip()[:60]!r} is no field of a signal"))
        elif key == "name":
            if signal is not None:
                yield signal
            signal = _Signal(number, {"name": value.strip()})
        elif signal is None:
            problems.append(Problem(file, number, f"{key} before the name of its signal"))
        else:
            if key in signal.fields:
                problems.append(Problem(file, number, f"{signal.fields['name'][:60]} has its {key} twice: the last counts"))
            signal.fields[key] = value.strip()
    if signal is not None:
        yield signal


def _button(name: str, signal: _Signal) -> tuple[Button, str]:
    """The key, and what of its signal is lost."""
    kind = signal.fields.get("type", "")
    if kind == "raw":
        return raw_button(name, signal.line, _durations(signal.fields.get("data", "")), _frequency(signal))
    if kind != "parsed":
        raise Error(f"the type {kind[:30]!r} is neither parsed nor raw")
    protocol, scancode = parsed(signal.fields.get("protocol", ""), _number(signal.fields, "address"), _number(signal.fields, "command"))
    return Button(name, signal.line, protocol, scancode), ""


def _frequency(signal: _Signal) -> int | None:
    text = signal.fields.get("frequency", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else None


def _durations(data: str) -> tuple[int, ...]:
    words = data.split()
    if not words or len(words) > 100_000 or not all(word.isascii() and word.isdigit() and 0 < int(word[:12]) for word in words):
        raise Error("its data are not durations")
    return tuple(min(int(word[:12]), LONGEST_US) for word in words)


def _number(fields: Mapping[str, str], name: str) -> int:
    """Four bytes in hex, the lowest first."""
    try:
        raw = bytes.fromhex(fields.get(name, ""))
    except ValueError:
        raw = b""
    if not 1 <= len(raw) <= 8:
        raise Error(f"its {name} is not bytes in hex")
    return int.from_bytes(raw, "little")


def parsed(protocol: str, address: int, command: int) -> tuple[Protocol, int]:
    """As Flipper's encoders lay out address and command."""
    low, high = address & 0xFF, address >> 8 & 0xFF
    match protocol.upper():
        case "NEC":
            return named("NEC1", {"D": low, "F": command & 0xFF})
        case "NECEXT":
            if (command & 0xFF) ^ (command >> 8 & 0xFF) == 0xFF:
                return named("NEC1", {"D": low, "S": high, "F": command & 0xFF})
            return _kernel("nec32", {"D": low, "S": high, "F": command & 0xFF, "E": command >> 8 & 0xFF})
        case "SAMSUNG32":
            return short_leader(), scancode_of(short_leader(), {"D": low, "S": low, "F": command & 0xFF})
        case "RC5":
            return _kernel("rc5", {"D": address & 0x1F, "F": command & 0x3F})
        case "RC5X":
            return _kernel("rc5", {"D": address & 0x1F, "F": command & 0x3F | 0x40})
        case "RC6":
            return _kernel("rc6_0", {"D": low, "F": command & 0xFF})
        case "SIRC":
            return _kernel("sony12", {"D": address & 0x1F, "F": command & 0x7F})
        case "SIRC15":
            return _kernel("sony15", {"D": low, "F": command & 0x7F})
        case "SIRC20":
            return _kernel("sony20", {"D": address & 0x1F, "S": address >> 5 & 0xFF, "F": command & 0x7F})
        case "NEC42":
            return _kernel("sanyo", {"D": address & 0x1FFF, "F": command & 0xFF})
        case "KASEIKYO":
            genre, vendor, device = address & 0xFF, address >> 8 & 0xFFFF, address >> 24 & 3
            return _kaseikyo(genre, vendor, device, command)
        case "PIONEER":
            return named("Pioneer", {"D": low, "F": command & 0xFF})
        case "RCA":
            return named("RCA", {"D": _turned(address, 4), "F": _turned(command, 8)})  # the field sends its highest bit first
    raise Error(f"the protocol {protocol[:30]!r} is not expressed")


def _kernel(name: str, params: Mapping[str, int]) -> tuple[Protocol, int]:
    return catalogue()[name], scancode_of(catalogue()[name], params)


def _kaseikyo(genre: int, vendor: int, device: int, command: int) -> tuple[Protocol, int]:
    """The third byte is a check of the vendor and the first genre, the fourth the second genre and four bits of the command, the fifth
    the rest of it and two bits of a device; vendors have names for it in the field."""
    check = (vendor >> 12 ^ vendor >> 8 ^ vendor >> 4 ^ vendor) & 0xF
    first, sub, function = genre >> 4, genre & 0xF | (command & 0xF) << 4, command >> 4 & 0x3F | device << 6
    name = {0x2002: "Panasonic", 0x0103: "JVC-48"}.get(vendor)
    if name is not None:
        return named(name, {"D": check | first << 4, "S": sub, "F": function})
    if check:
        raise Error(f"Kaseikyo of the vendor {vendor:#06x} is not expressed")
    return named("Kaseikyo", {"M": vendor & 0xFF, "N": vendor >> 8, "D": first, "S": sub, "F": function,
                              "E": (sub ^ function) & 0xF})


def _turned(value: int, width: int) -> int:
    return int(f"{value & (1 << width) - 1:0{width}b}"[::-1], 2)
