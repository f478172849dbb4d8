"""YAML as nodes with places, within bounds: nothing is dropped, and no file can exhaust the machine. It knows no keymap."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import yaml

from irbpf.errors import Error

LARGEST = 1 << 20
DEEPEST = 12
MOST_NODES = 20_000
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Node:
    """A scalar (`value` is str, int, float, bool or None, `text` as written), a list, or a mapping (pairs of key node and node)."""

    file: str
    line: int
    column: int
    text: str = ""
    value: object = None
    items: tuple[Node, ...] | None = None
    pairs: tuple[tuple[Node, Node], ...] | None = field(default=None)

    def fail(self, message: str, hint: str = "") -> NoReturn:
        raise Error(f"{self.file}:{self.line}:{self.column}: {message}", hint)

    def mapping(self, what: str, known: Collection[str]) -> dict[str, Node]:
        """The fields of a mapping; Error for an unknown one, with the nearest name."""
        if self.pairs is None:
            self.fail(f"{what} is a mapping", f"with {', '.join(known)}")
        fields = {}
        for key, value in self.pairs:
            if key.text not in known:
                near = difflib.get_close_matches(key.text, known, 1)
                key.fail(f"{what} has no field {key.text[:60]!r}", f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}")
            fields[key.text] = value
        return fields

    def list(self, what: str) -> tuple[Node, ...]:
        if self.items is None:
            self.fail(f"{what} is a list", "begin each entry with '- '")
        return self.items

    def string(self, what: str) -> str:
        if not isinstance(self.value, str):
            self.fail(f"{what} is a text, not {self.text[:60] or 'a collection'}", "put it in quotes")
        return self.value

    def integer(self, what: str) -> int:
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            self.fail(f"{what} is a whole number, not {self.text[:60] or 'a collection'}", "such as 0x408 or 1032")
        if len(self.text) > 1 and self.text[0] == "0" and self.text[1] in "0123456789_":
            self.fail(f"{self.text} is octal in YAML: {self.value}", "write 0x... or leave the leading 0 out")
        return self.value


def read(path: Path) -> Node:
    """The one document of a file."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise Error(f"{path}: {error.strerror}", "check the name and the permissions") from error
    if len(raw) > LARGEST:
        raise Error(f"{path}:1:1: the file is larger than 1 MiB", "no remote has that many keys")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line = raw[:error.start].count(b"\n") + 1
        raise Error(f"{path}:{line}:1: not UTF-8", "save the file as UTF-8") from error
    return parse(text, str(path))


def parse(text: str, file: str) -> Node:
    if len(text) > LARGEST:
        raise Error(f"{file}:1:1: the file is larger than 1 MiB", "no remote has that many keys")
    try:
        _bound(text, file)
        root = yaml.compose(text, _LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else f"{file}:1:1"
        raise Error(f"{place}: {error.problem or error.context}", "the file is not valid YAML") from error
    except yaml.YAMLError as error:
        raise Error(f"{file}:1:1: {str(error).splitlines()[0][:200]}", "the file is not valid YAML") from error
    if root is None:
        raise Error(f"{file}:1:1: the file is empty", "see the README for what a keymap holds")
    return _node(root, file, yaml.SafeLoader(""))


def _bound(text: str, file: str) -> None:
    depth = count = 0
    for event in yaml.parse(text, _LOADER):
        place = f"{file}:{event.start_mark.line + 1}:{event.start_mark.column + 1}"
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise Error(f"{place}: anchors and aliases are not used here", "write it out")
        if getattr(event, "tag", None) and isinstance(event, yaml.NodeEvent):
            raise Error(f"{place}: tags are not used here", "write the value plainly")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        count += 1
        if depth > DEEPEST:
            raise Error(f"{place}: nested too deeply", f"at most {DEEPEST} levels")
        if count > MOST_NODES:
            raise Error(f"{place}: more than {MOST_NODES} values", "a receiver's table has room for 512 keys")


def _node(node: yaml.Node, file: str, loader: yaml.SafeLoader) -> Node:
    line, column = node.start_mark.line + 1, node.start_mark.column + 1
    if isinstance(node, yaml.SequenceNode):
        return Node(file, line, column, items=tuple(_node(one, file, loader) for one in node.value))
    if isinstance(node, yaml.MappingNode):
        pairs = tuple((_node(key, file, loader), _node(value, file, loader)) for key, value in node.value)
        seen: dict[object, Node] = {}
        for key, _ in pairs:
            if key.items is not None or key.pairs is not None:
                key.fail("a key is a plain word or number")
            if key.value in seen:
                key.fail(f"{key.text[:60]} is there twice", f"the first is in line {seen[key.value].line}")
            seen[key.value] = key
        return Node(file, line, column, pairs=pairs)
    try:
        value = loader.construct_object(node)
    except (yaml.YAMLError, ValueError, OverflowError):
        value = node.value
    return Node(file, line, column, node.value, value)
