"""Keymaps: YAML files that say which protocols a receiver decodes and which key each scancode is. No device is touched here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from irbpf import yamlnodes
from irbpf.entries import MOST_KEYS, RAW_BASE, AnyEntry, Anything, Entry, HandWritten, Raw, Table, read_entry
from irbpf.problems import Problems
from irbpf.yamlnodes import Node

__all__ = ["MOST_KEYS", "RAW_BASE", "AnyEntry", "Anything", "Entry", "HandWritten", "Keymap", "Match", "Raw", "Table", "load", "match", "parse",
           "read"]

MOST_ENTRIES = 64
TOP_FIELDS = ("name", "receivers", "protocols")
MATCH_FIELDS = ("rc_map", "driver", "name", "bus", "vendor", "product", "path")
_IDS = ("bus", "vendor", "product")


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
class Keymap:
    """`places`: scancode -> `file:line:column`, for errors."""

    path: str
    name: str
    receivers: tuple[Match, ...]
    entries: tuple[AnyEntry | Table, ...]
    places: Mapping[int, str] = field(default_factory=dict, compare=False)

    @property
    def decoded(self) -> tuple[AnyEntry, ...]:
        """The entries that need a decoder of ours."""
        return tuple(entry for entry in self.entries if not isinstance(entry, Table))

    @property
    def certain(self) -> dict[int, str]:
        """Those that no others may contradict."""
        return {scancode: key for entry in self.entries if not isinstance(entry, Anything) for scancode, key in entry.keys.items()}

    @property
    def keys(self) -> dict[int, str]:
        """All scancodes; the kernel's table knows no protocols, so they are together in one."""
        return {scancode: key for entry in self.entries for scancode, key in entry.keys.items()}


def load(path: Path) -> Keymap:
    """Read and check a keymap. Errors are `file:line:column: ...`; the first of several is raised."""
    return parse(yamlnodes.content(path), str(path))


def parse(text: str, path: str) -> Keymap:
    problems = Problems()
    keymap = read(text, path, problems)
    problems.raise_first()
    assert keymap is not None
    return keymap


def read(text: str, path: str, problems: Problems, thorough: bool = False) -> Keymap | None:
    """The keymap without what is wrong in it, which goes to `problems`; None where nothing can be made of it. `thorough`: scancodes that
    take long to turn round are looked at too."""
    keymap = None
    with problems.whole():
        root = yamlnodes.parse(text, path, problems)
        fields = root.mapping("a keymap", TOP_FIELDS, problems)
        name = Path(path).stem
        with problems.here():
            if "name" in fields:
                name = fields["name"].string("the name")
        receivers = _receivers(fields["receivers"], problems) if "receivers" in fields else []
        if "protocols" not in fields:
            if not any(error.hint == "did you mean protocols?" for error in problems.found):
                root.fail("the keymap has no protocols", "add protocols: with at least one entry")
            return None
        entries, places = _entries(fields["protocols"], problems, thorough)
        keymap = Keymap(path, name, tuple(receivers), tuple(entries), {code: node.place for code, node in places.items()})
    return keymap


def _receivers(list_node: Node, problems: Problems) -> list[Match]:
    receivers: list[Match] = []
    with problems.here():
        for node in list_node.list("receivers"):
            with problems.here():
                receivers.append(match(node, problems))
    return receivers


def _entries(list_node: Node, problems: Problems, thorough: bool) -> tuple[list[AnyEntry | Table], dict[int, Node]]:
    entries: list[AnyEntry | Table] = []
    places: dict[int, Node] = {}
    keys: dict[int, str] = {}
    for number, node in enumerate(list_node.list("protocols")):
        if number >= MOST_ENTRIES:
            node.fail(f"more than {MOST_ENTRIES} protocols", "the kernel runs no more programs on a receiver")
        with problems.here():
            entry, own, where = read_entry(node, problems, thorough)
            if entry is not None:
                entries.append(entry)
            for scancode, key in own.items():
                with problems.here():
                    if keys.setdefault(scancode, key) != key:
                        where[scancode].fail(f"scancode {scancode:#x} is {key} here and {keys[scancode]} in line {places[scancode].line}",
                                             "the kernel's table has one key for a scancode, whatever the protocol")
                places.setdefault(scancode, where[scancode])
            if len(keys) > MOST_KEYS:
                node.fail(f"more than {MOST_KEYS} keys", "the kernel's table has no more room")
    if not list_node.items:
        list_node.fail("the keymap has no protocols", "add at least one entry")
    return entries, places


def match(node: Node, problems: Problems) -> Match:
    """One way for a receiver to fit."""
    fields = node.mapping("a receiver", MATCH_FIELDS, problems)
    if not node.pairs:
        node.fail("this fits every receiver", f"name at least one of {', '.join(MATCH_FIELDS)}")
    values: dict[str, Any] = {}
    for name, value in fields.items():
        with problems.here():
            values[name] = _id(value, name) if name in _IDS else value.string(name)
    return Match(**values)


def _id(node: Node, name: str) -> int:
    number = node.integer(name)
    if not 0 <= number <= 0xFFFF:
        node.fail(f"{name} is never {node.text[:40]}", "it is 0 to 0xffff, as irbpf list shows it")
    return number
