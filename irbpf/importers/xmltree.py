"""XML as a tree with line numbers, within bounds, and without what can hurt: no document types, so no entities, and nothing is fetched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from irbpf.errors import Error

DEEPEST = 40
MOST_ELEMENTS = 200_000


@dataclass
class Element:
    """`tag` and attributes without their namespaces; `text` is all that stands directly in it."""

    tag: str
    line: int
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    text: str = ""

    def all(self, tag: str) -> Iterator[Element]:
        return (child for child in self.children if child.tag == tag)


def parse(text: str, file: str) -> Element:
    """The tree; Error as `file:line:column: ...`."""
    parser = expat.ParserCreate(namespace_separator=" ")
    stack = [Element("", 0, {})]
    count = 0

    def fail(what: str, hint: str = "") -> None:
        raise Error(f"{file}:{parser.CurrentLineNumber}:{parser.CurrentColumnNumber + 1}: {what}", hint)

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if len(stack) > DEEPEST or count > MOST_ELEMENTS:
            fail("too many elements", "no remote has that many keys")
        element = Element(_local(tag), parser.CurrentLineNumber, {_local(name): value for name, value in attributes.items()})
        stack[-1].children.append(element)
        stack.append(element)

    def end(tag: str) -> None:
        stack.pop()

    def data(text: str) -> None:
        stack[-1].text += text

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, data
    parser.StartDoctypeDeclHandler = lambda *_: fail("a document type is not read", "take the <!DOCTYPE> line out")
    parser.buffer_text = True
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        raise Error(f"{file}:{error.lineno}:{error.offset + 1}: {expat.errors.messages[error.code]}", "the file is not valid XML") from error
    return stack[0].children[0]


def _local(name: str) -> str:
    return name.rpartition(" ")[2]
