"""YAML as nodes with places, within bounds: nothing is dropped, and no file can exhaust the machine. It knows no keymap."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import yaml

from irbpf.errors import Error
from irbpf.problems import PlacedError, Problems, nearest

LARGEST = 1 << 20
DEEPEST = 12
MOST_NODES = 20_000
LONGEST_NUMBER = 200  # characters: what is longer is a text, for a number would take its time
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*|0x[0-9a-fA-F]+|0b[01]+)")


@dataclass(frozen=True)
class Node:
    """A scalar (`value` is str, int, float, bool or None, `text` as written), a list, or a mapping (pairs of key node and node).

    `inside` is the column of the first character of a text that stands on one line as it is, else 0.
    """

    file: str
    line: int
    column: int
    text: str = ""
    value: object = None
    items: tuple[Node, ...] | None = None
    pairs: tuple[tuple[Node, Node], ...] | None = None
    inside: int = 0

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def fail(self, message: str, hint: str = "") -> NoReturn:
        raise PlacedError(self.file, self.line, self.column, message, hint)

    def fail_within(self, error: Error) -> NoReturn:
        """Raise what is wrong in this text: `column N: ...` becomes a place in the file, if the text stands there as it is."""
        column, _, rest = error.message.removeprefix("column ").partition(": ")
        if not (error.message.startswith("column ") and column.isdigit()):
            self.fail(error.message, error.hint)
        if not self.inside:
            self.fail(f"{rest} (column {column} of the text)", error.hint)
        raise PlacedError(self.file, self.line, self.inside + int(column) - 1, rest, error.hint)

    def mapping(self, what: str, known: Collection[str], problems: Problems) -> dict[str, Node]:
        """The known fields of a mapping; each unknown one goes to `problems`, with the nearest name. Error for what is no mapping."""
        if self.pairs is None:
            self.fail(f"{what} is a mapping", f"with {', '.join(known)}")
        for key, _ in self.pairs:
            with problems.here():
                if key.text not in known:
                    key.fail(f"{what} has no field {key.text[:60]!r}", nearest(key.text, known))
        return {key.text: value for key, value in self.pairs if key.text in known}

    def list(self, what: str) -> tuple[Node, ...]:
        if self.items is None:
            self.fail(f"{what} is a list", "begin each entry with '- '")
        return self.items

    def string(self, what: str) -> str:
        if isinstance(self.value, bool):
            self.fail(f"{what} is a text, and YAML takes {self.text} for a truth value", "put it in quotes")
        if not isinstance(self.value, str):
            self.fail(f"{what} is a text, not {self.text[:60] or 'a collection'}", "put it in quotes")
        return self.value

    def truth(self, what: str) -> bool:
        if not isinstance(self.value, bool):
            self.fail(f"{what} is true or false, not {self.text[:40]!r}" if self.text else f"{what} is true or false")
        return self.value

    def integer(self, what: str) -> int:
        if len(self.text) > LONGEST_NUMBER:
            self.fail(f"{what} is a whole number, not a number of {len(self.text)} digits", "such as 0x408 or 1032")
        if isinstance(self.value, str) and _INTEGER.fullmatch(self.value):
            self.fail(f"{what} is a whole number, not a text", "take the quotes away")
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            self.fail(f"{what} is a whole number, not {self.text[:60] or 'a collection'}", "such as 0x408 or 1032")
        if re.fullmatch("[-+]?0[0-7_]+", self.text):
            self.fail(f"{self.text[:60]} is octal in YAML: {self.value}", "write 0x... or leave the leading 0 out")
        if not _INTEGER.fullmatch(self.text):
            self.fail(f"{self.text[:60]} is {str(self.value)[:20]} in YAML", "write a plain number, or 0x...")
        return self.value


def content(path: Path) -> str:
    """The text of a file. Only a plain file is read, and no more of it than is allowed."""
    try:
        raw = _bytes(path)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "no name of a file"
        raise Error(f"{path}: {why}", "check the name and the permissions") from error
    if len(raw) > LARGEST:
        raise PlacedError(str(path), 1, 1, "the file is larger than 1 MiB", "no remote has that many keys")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        start = raw.rfind(b"\n", 0, error.start) + 1
        column = len(raw[start:error.start].decode(errors="replace")) + 1
        raise PlacedError(str(path), raw[:error.start].count(b"\n") + 1, column, "not UTF-8", "save the file as UTF-8") from error


def _bytes(path: Path) -> bytes:
    """At most one byte more than is allowed. A pipe or a device is not read: it might never end."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        mode = os.fstat(fd).st_mode
        if not stat.S_ISREG(mode):
            raise Error(f"{path}: not a file but {_kind(mode)}", "name keymap files")
        with os.fdopen(fd, "rb", closefd=False) as file:
            return file.read(LARGEST + 1)
    finally:
        os.close(fd)


def _kind(mode: int) -> str:
    return "a folder" if stat.S_ISDIR(mode) else "a pipe" if stat.S_ISFIFO(mode) else "a device" if stat.S_ISCHR(mode) else "something else"


def parse(text: str, file: str, problems: Problems) -> Node:
    """The one document of a text, for use under `problems.whole`. What leaves the rest readable goes to `problems`; Error for other faults."""
    try:
        _bound(text, file, problems)
        root = yaml.compose(text, _LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise PlacedError(file, line, column, str(error.problem or error.context), "the file is not valid YAML") from error
    except yaml.reader.ReaderError as error:
        before = text[:error.position] if isinstance(error.position, int) else ""
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise PlacedError(file, line, column, "a control character", "take it out") from error
    except yaml.YAMLError as error:
        raise PlacedError(file, 1, 1, str(error).splitlines()[0][:200], "the file is not valid YAML") from error
    if root is None:
        raise PlacedError(file, 1, 1, "the file is empty", "see the README for what a keymap holds")
    return _node(root, file, yaml.SafeLoader(""), problems)


def _bound(text: str, file: str, problems: Problems) -> None:
    """Nothing is composed before it is known to be small; an alias may stand for more than fits into memory."""
    depth = count = 0
    for event in yaml.parse(text, _LOADER):
        def fail(message: str, hint: str, mark: yaml.Mark = event.start_mark) -> NoReturn:
            raise PlacedError(file, mark.line + 1, mark.column + 1, message, hint)

        if isinstance(event, yaml.AliasEvent):
            fail("anchors and aliases are not used here", "write it out")
        with problems.here():
            if getattr(event, "anchor", None):
                fail("anchors and aliases are not used here", "write it out")
        with problems.here():
            if getattr(event, "tag", None) and isinstance(event, yaml.NodeEvent):
                fail("tags are not used here", "write the value plainly")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        count += 1
        if depth > DEEPEST:
            fail("nested too deeply", f"at most {DEEPEST} levels")
        if count > MOST_NODES:
            fail(f"more than {MOST_NODES} values", "a receiver's table has room for 512 keys")


def _node(node: yaml.Node, file: str, loader: yaml.SafeLoader, problems: Problems) -> Node:
    line, column = node.start_mark.line + 1, node.start_mark.column + 1
    if isinstance(node, yaml.SequenceNode):
        return Node(file, line, column, items=tuple(_node(one, file, loader, problems) for one in node.value))
    if isinstance(node, yaml.MappingNode):
        pairs = [(_node(key, file, loader, problems), _node(value, file, loader, problems)) for key, value in node.value]
        return Node(file, line, column, pairs=tuple(_named(pairs, problems)))
    try:
        value = node.value if len(node.value) > LONGEST_NUMBER else loader.construct_object(node)
    except (yaml.YAMLError, ValueError, OverflowError):
        value = node.value
    quotes = 1 if node.style in ("'", '"') else 0
    plain = node.end_mark.line == node.start_mark.line and node.end_mark.column - node.start_mark.column == len(node.value) + 2 * quotes
    return Node(file, line, column, node.value, value, inside=column + quotes if plain else 0)


def _named(pairs: Sequence[tuple[Node, Node]], problems: Problems) -> Iterator[tuple[Node, Node]]:
    """Those whose key can be one, each key as often as it is there."""
    seen: dict[object, Node] = {}
    for key, value in pairs:
        with problems.here():
            if key.items is not None or key.pairs is not None:
                key.fail("a key is a plain word or number")
            yield key, value
            if key.value in seen:
                key.fail(f"{key.text[:60]} is there twice", f"the first is in line {seen[key.value].line}")
            seen[key.value] = key
