"""Reads lircd.conf: the remotes of LIRC as it parses them. What they send is said in IRP by `irbpf.importers.lircd_irp`."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from irbpf.errors import Error
from irbpf.importers import lircd_irp
from irbpf.importers.values import Imported, Problem, together

PROTOCOLS = ("RC5", "SHIFT_ENC", "RC6", "RCMM", "SPACE_ENC", "SPACE_FIRST", "GRUNDIG", "BO", "SERIAL", "XMP", "RAW_CODES")
FLAGS = (*PROTOCOLS, "REVERSE", "NO_HEAD_REP", "NO_FOOT_REP", "CONST_LENGTH", "REPEAT_HEADER")
_NUMBERS = ("bits", "eps", "aeps", "plead", "ptrail", "pre_data_bits", "pre_data", "post_data_bits", "post_data", "gap", "repeat_gap",
            "repeat_mask", "toggle_bit", "repeat_bit", "toggle_bit_mask", "toggle_mask", "rc6_mask", "ignore_mask", "suppress_repeat",
            "min_repeat", "min_code_repeat", "frequency", "duty_cycle", "baud", "manual_sort")
_PAIRS = ("header", "three", "two", "one", "zero", "foot", "repeat", "pre", "post")
DEEPEST_INCLUDE = 10
MOST_INCLUDED = 200


@dataclass(frozen=True)
class Code:
    """A button: the codes that it sends one after the other, or its durations in µs."""

    name: str
    line: int
    codes: tuple[int, ...] = ()
    durations: tuple[int, ...] = ()


@dataclass
class LircRemote:
    """`numbers` has what is a number, `pairs` pulse and space in µs; `line` is where it begins."""

    file: str
    line: int
    name: str = ""
    flags: set[str] = field(default_factory=set)
    driver: str = ""
    numbers: dict[str, int] = field(default_factory=dict)
    pairs: dict[str, tuple[int, int]] = field(default_factory=dict)
    codes: list[Code] = field(default_factory=list)
    raw: bool = False

    def number(self, name: str) -> int:
        return self.numbers.get(name, 0)

    def pair(self, name: str) -> tuple[int, int]:
        return self.pairs.get(name, (0, 0))


def looks_like(text: str, name: str) -> bool:
    return re.search(r"^[ \t]*begin[ \t]+remote\b", text, re.MULTILINE | re.IGNORECASE) is not None or (
        "lircd" in name and re.search(r"^[ \t]*include[ \t]", text, re.MULTILINE) is not None)


def read(text: str, file: str) -> Imported:
    parser = _Parser()
    parser.parse(text, file, 0)
    parts = [lircd_irp.convert(remote) for remote in parser.remotes]
    return together(parts, parser.problems)


def remotes(text: str, file: str) -> list[LircRemote]:
    """The remotes as they stand in the file, without their meaning."""
    parser = _Parser()
    parser.parse(text, file, 0)
    return parser.remotes


class _Parser:
    def __init__(self) -> None:
        self.remotes: list[LircRemote] = []
        self.problems: list[Problem] = []
        self.included = 0
        self.file, self.line = "", 0

    def problem(self, what: str) -> None:
        self.problems.append(Problem(self.file, self.line, what))

    def parse(self, text: str, file: str, depth: int) -> None:
        remote: LircRemote | None = None
        section, button = "", None
        for line, words in _lines(text):
            self.file, self.line = file, line
            key, values = words[0].lower(), words[1:]
            if section == "" and key == "include" and values:
                self.include(" ".join(values), file, depth)
            elif key == "begin" and values and values[0].lower() in ("remote", "codes", "raw_codes"):
                remote, section = self.begin(values[0].lower(), remote, section, file)
                button = None
            elif key == "end" and values and values[0].lower() in ("remote", "codes", "raw_codes"):
                remote, section = self.end(values[0].lower(), remote)
            elif remote is None:
                self.problem(f"{' '.join(words)[:60]!r} stands outside a remote")
            elif section == "codes":
                self.code(words, remote)
            elif section == "raw_codes":
                button = self.raw(words, remote, button)
            else:
                self.field(key, values, remote)
        self.file = file
        if remote is not None:
            self.problem(f"the file ends inside {remote.name or 'a remote'}")
            self.remotes.append(remote)

    def begin(self, what: str, remote: LircRemote | None, section: str, file: str) -> tuple[LircRemote | None, str]:
        if what == "remote":
            if remote is not None:
                self.problem(f"{remote.name or 'a remote'} does not end before the next begins")
                self.remotes.append(remote)
            return LircRemote(file, self.line), ""
        if remote is None or section:
            self.problem(f"begin {what} is not expected here")
            return remote, section
        remote.raw = remote.raw or what == "raw_codes"
        return remote, what

    def end(self, what: str, remote: LircRemote | None) -> tuple[LircRemote | None, str]:
        if what == "remote" and remote is not None:
            self.remotes.append(remote)
            return None, ""
        return remote, ""

    def field(self, key: str, values: list[str], remote: LircRemote) -> None:
        if key in ("name", "driver") and values:
            setattr(remote, key, values[0])
        elif key == "flags":
            self.flags(" ".join(values), remote)
        elif key in _NUMBERS and values:
            self.numbers(key, values, remote)
        elif key in _PAIRS and len(values) > 1:
            pair = tuple(self.number(value, 32) for value in values[:2])
            if None not in pair:
                remote.pairs[key] = pair  # type: ignore[assignment]
            self.garbage(key, values[2:])
        elif key == "serial_mode":
            self.problem("serial_mode: signals of a serial line are not expressed")
        elif key == "dyncodes_name":
            self.problem("dyncodes_name: codes that are not in the file are not expressed")
        else:
            self.problem(f"{key[:40]} is no parameter of lircd.conf, or its values are missing")

    def flags(self, text: str, remote: LircRemote) -> None:
        for flag in re.split(r"[|\s]+", text.partition("#")[0].strip()):
            if flag.upper() in FLAGS:
                remote.flags.add(flag.upper())
            elif flag:
                self.problem(f"{flag[:40]!r} is no flag of lircd.conf")

    def numbers(self, key: str, values: list[str], remote: LircRemote) -> None:
        number = self.number(values[0], 64)
        if number is not None:
            remote.numbers["toggle_bit" if key == "repeat_bit" else key] = number
        if key == "gap" and len(values) > 1 and not values[1].startswith("#"):
            second = self.number(values[1], 32)
            if second:
                remote.numbers["gap"] = min(second, number or second)
            values = values[1:]
        self.garbage(key, values[1:])

    def garbage(self, key: str, rest: list[str]) -> None:
        if rest and not rest[0].startswith("#"):
            self.problem(f"{' '.join(rest)[:40]!r} after {key} says nothing")

    def number(self, text: str, bits: int) -> int | None:
        """As C's strtoul with base 0: 0x is hexadecimal, a leading 0 octal."""
        try:
            value = int(text[:30], 8 if re.fullmatch("0[0-7]+", text[:30]) else 0)
        except ValueError:
            value = -1
        if not 0 <= value < 1 << bits:
            self.problem(f"{text[:40]!r} is no number of {bits} bits")
            return None
        return value

    def code(self, words: list[str], remote: LircRemote) -> None:
        codes = []
        for word in words[1:]:
            if word.startswith("#"):
                break
            value = self.number(word, 64)
            if value is not None:
                codes.append(value)
        if codes:
            remote.codes.append(Code(words[0], self.line, tuple(codes)))
        else:
            self.problem(f"{words[0][:40]} has no code")

    def raw(self, words: list[str], remote: LircRemote, button: Code | None) -> Code | None:
        """One line of raw codes: the name of the next button, or durations of the last."""
        if words[0].lower() == "name" and len(words) > 1:
            remote.codes.append(Code(words[1], self.line))
            return remote.codes[-1]
        if button is None:
            self.problem("durations before the name of their button")
            return None
        durations = []
        for word in words:
            if word.startswith("#"):
                break
            value = self.number(word, 32)
            if value is not None:
                durations.append(value)
        remote.codes[-1] = Code(button.name, button.line, (), (*remote.codes[-1].durations, *durations))
        return button

    def include(self, quoted: str, file: str, depth: int) -> None:
        found = re.fullmatch(r'["<](.+)[">]', quoted.strip())
        if found is None:
            self.problem("include is written with quotes")
            return
        here = self.line
        paths = sorted(glob.glob(str(Path(file).parent / found[1])))
        if not paths:
            self.problem(f"{found[1][:80]} includes nothing")
        for path in paths:
            self.included += 1
            if depth >= DEEPEST_INCLUDE or self.included > MOST_INCLUDED:
                self.problem("too many files are included")
                break
            self.read_included(Path(path), depth)
            self.file, self.line = file, here

    def read_included(self, path: Path, depth: int) -> None:
        from irbpf.importers import read_text

        try:
            text = read_text(path)
        except Error as error:
            self.problem(error.message)
            return
        self.parse(text, str(path), depth + 1)


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Number and words of the lines that say something. Only a # in the first column begins a comment: further on it is a button's name."""
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if words and not line.startswith("#") and not (words[0].startswith("#") and not _begins_number(words[1:])):
            yield number, words


def _begins_number(words: list[str]) -> bool:
    return bool(words) and re.fullmatch(r"0x[0-9a-fA-F]+|\d+", words[0]) is not None
