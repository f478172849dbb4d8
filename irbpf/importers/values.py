"""What importing gives: remotes as keymaps, and what could not be expressed. Buttons of any origin are put together here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from irbpf import keycodes
from irbpf.encoding import Unsolved, parameters_of
from irbpf.errors import Error
from irbpf.importers.keynames import SPARE, key_name
from irbpf.keymap import MOST_KEYS, RAW_BASE, AnyEntry, Entry, HandWritten, Keymap, Match, Raw, Table, parse
from irbpf.keymapfile import dump
from irbpf.problems import PlacedError
from irbpf.protocols import Protocol, Tolerance
from irbpf.raw import Pattern, PatternError, build_raw


@dataclass(frozen=True)
class Problem:
    """Something of a file that the keymap does not say, or not as the file does."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}"


@dataclass(frozen=True)
class Button:
    """One key of a remote as a file has it: a scancode of `protocol` (None: of what the receiver decodes itself), or `durations`
    (µs, pulse first, without the last gap)."""

    name: str
    line: int
    protocol: Protocol | None = None
    scancode: int = 0
    durations: tuple[int, ...] = ()


@dataclass(frozen=True)
class Remote:
    """`remarks`: what the file calls the key of a scancode, where it is not the key's name; `comments` for the top of the file."""

    keymap: Keymap
    remarks: Mapping[int, str] = field(default_factory=dict)
    comments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Imported:
    remotes: tuple[Remote, ...]
    problems: tuple[Problem, ...] = ()


def assemble(name: str, buttons: Sequence[Button], file: str, *, tolerance: Tolerance = Tolerance(), receivers: tuple[Match, ...] = (),
             comments: Sequence[str] = (), more: Sequence[HandWritten] = ()) -> Imported:
    """One remote of its buttons: an entry for each protocol, one for the patterns, and `more`. What does not fit is a problem."""
    maker = _Maker(file)
    for button in buttons:
        maker.add(button)
    entries = maker.usable([*maker.entries(), *more, *maker.raw(tolerance)])
    remotes = (Remote(Keymap(file, name, receivers, tuple(entries)), maker.remarks, (f"From {file.rsplit('/', 1)[-1]}.", *comments)),) \
        if entries else ()
    return Imported(remotes, tuple(maker.problems))


def together(parts: Iterable[Imported], problems: Iterable[Problem] = ()) -> Imported:
    parts = list(parts)
    every = [*(problem for part in parts for problem in part.problems), *problems]
    return Imported(tuple(remote for part in parts for remote in part.remotes), tuple(sorted(every, key=lambda one: (one.file, one.line))))


@dataclass
class _Maker:
    file: str
    problems: list[Problem] = field(default_factory=list)
    remarks: dict[int, str] = field(default_factory=dict)
    protocols: list[tuple[Protocol | None, dict[int, str]]] = field(default_factory=list)
    patterns: list[tuple[Button, str]] = field(default_factory=list)
    taken: dict[int, tuple[str, str]] = field(default_factory=dict)
    spare: dict[str, str] = field(default_factory=dict)

    def add(self, button: Button) -> None:
        same = None if button.durations else self.taken.get(button.scancode)
        if same is not None and key_name(button.name) != same[0]:
            self.problem(button, f"{button.name} has the scancode {button.scancode:#x} of {same[1]}: left out")
            return
        if button.protocol is not None and (why := _impossible(button.protocol, button.scancode)) is not None:
            self.problem(button, f"{button.name} is left out: {why}")
            return
        key = self.key(button)
        if len(self.taken) + len(self.patterns) >= MOST_KEYS:
            self.problem(button, f"the kernel's table has room for {MOST_KEYS} keys: {button.name} is left out")
        elif button.durations:
            self.patterns.append((button, key))
        else:
            self.taken[button.scancode] = (key, button.name)
            self.keys_of(button.protocol)[button.scancode] = key
            if button.name != key:
                self.remarks[button.scancode] = button.name

    def keys_of(self, protocol: Protocol | None) -> dict[int, str]:
        for known, keys in self.protocols:
            if known == protocol:
                return keys
        self.protocols.append((protocol, {}))
        return self.protocols[-1][1]

    def key(self, button: Button) -> str:
        """The kernel's name for a button; a spare one, and a problem, for a button that has none."""
        found = key_name(button.name) or self.spare.get(button.name)
        if found is None:
            found = next((one for one in SPARE if one not in self.spare.values()), "KEY_UNKNOWN")
            self.spare[button.name] = found
            self.problem(button, f"no key of the kernel is called {button.name[:60]!r}: it is {found} for now")
        return found

    def problem(self, button: Button, what: str) -> None:
        self.problems.append(Problem(self.file, button.line, what))

    def entries(self) -> list[Entry | Table]:
        return [Table(keys) if protocol is None else Entry(protocol, keys) for protocol, keys in self.protocols]

    def usable(self, entries: Sequence[AnyEntry | Table]) -> list[AnyEntry | Table]:
        """The entries that a keymap may have; the reader of keymaps is asked."""
        kept = []
        for entry in entries:
            why = refused(entry)
            if why is None:
                kept.append(entry)
            else:
                self.problems.append(Problem(self.file, 1, f"{', '.join(entry.keys.values())[:80]}: {why}"))
        return kept

    def raw(self, tolerance: Tolerance) -> list[Raw]:
        """The patterns that can be told apart."""
        waiting = [(button, Pattern(key, RAW_BASE + keycodes.number(key), button.durations)) for button, key in self.patterns]
        while waiting:
            try:
                build_raw("raw", [pattern for _, pattern in waiting], tolerance)
                break
            except PatternError as error:
                button, pattern = waiting.pop(error.pattern)
                self.problem(button, f"{button.name} is left out: {error.message.replace(pattern.label, button.name)}")
        self.remarks |= {pattern.scancode: button.name for button, pattern in waiting if button.name != pattern.label}
        return [Raw(tuple(pattern for _, pattern in waiting), tolerance)] if waiting else []


def _impossible(protocol: Protocol, scancode: int) -> str | None:
    try:
        parameters_of(protocol, scancode)
    except Unsolved:
        return None
    except Error as error:
        return error.message
    return None


def refused(entry: AnyEntry | Table) -> str | None:
    """Why no keymap can have the entry; None if one can."""
    try:
        parse(dump(Keymap("", "", (), (entry,))), "")
    except Error as error:
        return error.what if isinstance(error, PlacedError) else error.message
    return None


def file_name(name: str, taken: set[str]) -> str:
    """A file name for a keymap called `name`; `taken` has those that are given away, in lower case."""
    stem = re.sub(r"[^a-z0-9._+-]+", "-", name.lower()).strip("-.")[:80] or "remote"
    number, chosen = 1, stem
    while chosen in taken:
        number += 1
        chosen = f"{stem}-{number}"
    taken.add(chosen)
    return f"{chosen}.yaml"
