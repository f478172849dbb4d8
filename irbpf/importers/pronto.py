"""Reads Pronto hex with names: learned signals (0000, 0100) and the short forms that name a protocol (5000, 5001, 6000, 6001, 900A)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from irbpf.errors import Error
from irbpf.importers.named import named, raw_button
from irbpf.importers.values import Button, Imported, Problem, assemble, together
from irbpf.pronto import parse
from irbpf.protocols import Protocol

_HEX = re.compile(r"(?<![0-9a-fA-F])([0-9a-fA-F]{4}(?:\s+[0-9a-fA-F]{4}){5,})(?![0-9a-fA-F])")
_AROUND = " \t:=,;\"'<>-"  # a name
_BEGUN = re.compile(r"(?<!\w)(0000|0100|5000|5001|6000|6001|900[aA])\s+[0-9a-fA-F]{4}\b")


def looks_like(text: str, name: str) -> bool:
    found = _HEX.search(text)
    return found is not None and found[1][:4].upper() in ("0000", "0100", "5000", "5001", "6000", "6001", "900A") and (
        _form(found[1]) in SHORT or _whole(found[1]))


def _form(text: str) -> int:
    return int(text[:4], 16)


def _whole(text: str) -> bool:
    words = text.split()
    return len(words) == 4 + 2 * (int(words[2], 16) + int(words[3], 16))


def read(text: str, file: str) -> Imported:
    buttons: list[Button] = []
    problems: list[Problem] = []
    strays: list[tuple[int, str]] = []
    for line, name, words in codes(text, strays):
        try:
            made, note = button(name or f"signal {len(buttons) + 1}", line, words)
            buttons.append(made)
            if note:
                problems.append(Problem(file, line, f"{made.name}: {note}"))
        except Error as error:
            problems.append(Problem(file, line, f"{name[:60] or 'a signal'}: {error.message}"))
    problems += [Problem(file, line, f"{stray[:60]!r} is no Pronto hex, and names none") for line, stray in strays]
    return together([assemble(file.rsplit("/", 1)[-1].rsplit(".", 1)[0], buttons, file)], problems)


def codes(text: str, strays: list[tuple[int, str]] | None = None) -> Iterator[tuple[int, str, str]]:
    """Line, name and words of each code. A name stands before the code in its line, or in the line above. What is neither a code nor the
    name of one is put into `strays`, with its line."""
    lines = [line.strip() for line in text.splitlines()]
    above, number = 0, 0
    plain = {place for place, line in enumerate(lines, 1) if line and not line.startswith(("#", ";"))}
    while number < len(lines):
        line, first = lines[number], number + 1
        number += 1
        found = _HEX.search(line)
        begun = _BEGUN.search(line) if found is None else None
        start = found.start() if found else begun.start() if begun else -1
        if start < 0:
            above = first if first in plain else 0
            continue
        words = found[1] if found else line[start:]
        while found and number < len(lines) and re.fullmatch(r"([0-9a-fA-F]{4}\s*)+", lines[number]) and not _whole(words):
            words += " " + lines[number]
            number += 1
        name = line[:start].strip(_AROUND)
        plain -= {*range(first, number + 1), *(() if name else (above,))}
        yield first, name or (lines[above - 1].strip(_AROUND) if above else ""), words
        if strays is not None and found and (rest := line[found.end():].strip(_AROUND)) and rest[0] not in "#/":
            strays.append((first, rest))
        above = 0
    if strays is not None:
        strays += [(place, lines[place - 1]) for place in sorted(plain)]


def button(name: str, line: int, words: str) -> tuple[Button, str]:
    """The key of a code, and what of it is lost; Error for what is no Pronto hex."""
    if not _HEX.fullmatch(words):
        raise Error("this is no Pronto hex", "it is a row of words of four hexadecimal digits: 0000 006C 0022 0002 ...")
    if _form(words) in SHORT:
        return Button(name, line, *short(words)), ""
    signal = parse(words)
    return raw_button(name, line, signal.intro + signal.repeat, signal.carrier)


# form: protocol of the field, and its parameters in the words after the fourth (of two, the second's high byte first)
SHORT = {0x5000: ("RC5", "D F"), 0x5001: ("RC5x", "D S F"), 0x6000: ("RC6", "D F"), 0x6001: ("RC6-M-32", "OEM D F"), 0x900A: ("NEC1", "")}


def short(words: str) -> tuple[Protocol, int]:
    """The protocol and scancode of a short form; Error for what is damaged."""
    form, _, _, pairs, *values = (int(word, 16) for word in words.split())
    name, fields = SHORT[form]
    if len(values) != 2 * pairs or len(values) < max(2, len(fields.split())):
        raise Error(f"the Pronto hex announces {pairs} pairs, but has {len(values)} words", "copy it whole")
    if form == 0x900A:
        device, function = values[:2]
        if function >> 8 ^ function & 0xFF != 0xFF:
            raise Error(f"the check of the function {function:04X} is wrong", "the second byte is the complement of the first")
        return named(name, {"D": device >> 8, "S": device & 0xFF, "F": function >> 8})
    params = dict(zip(fields.split(), values, strict=False))
    return _rc6a(params) if form == 0x6001 else named(name, params)


def _rc6a(params: dict[str, int]) -> tuple[Protocol, int]:
    """RC-6-6A with a customer of 16 bits, Microsoft's with its toggle within."""
    from irbpf.encoding import scancode_of
    from irbpf.protocols import catalogue

    protocol = catalogue()["rc6_mce" if params["OEM"] in (0x800F, 0x8034, 0x8046) else "rc6_6a_32"]
    for one in protocol.irp.parameters:
        if one.name in params and not one.least <= params[one.name] <= one.most:
            raise Error(f"{one.name}={params[one.name]} is not within {one.least}..{one.most}")
    return protocol, scancode_of(protocol, params)
