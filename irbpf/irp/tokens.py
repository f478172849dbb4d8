"""IRP text as tokens with their places. It knows no grammar."""

from __future__ import annotations

import re
from typing import NamedTuple, NoReturn

from irbpf.errors import Error

LONGEST_LINE = 16_384

_TOKEN = re.compile(r"""
      (?P<skip>\s+|/\*.*?\*/|//[^\n]*)
    | (?P<number>0x[0-9a-fA-F]+|0b[01]+|\d+\.\d+|\d+|\.\d+)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<sign>\*\*|<<|>>|<=|>=|==|!=|&&|\|\||\.\.|[-{}<>()\[\]|,:;=*+^%/~\#!&?@.])
""", re.VERBOSE | re.DOTALL)


class Token(NamedTuple):
    """`kind` is "number", "name", "sign" or "end"; `at` the offset in the text."""

    kind: str
    text: str
    at: int


def fail(at: int, message: str, hint: str = "") -> NoReturn:
    """An error at offset `at` of an IRP text; columns count from 1."""
    raise Error(f"column {at + 1}: {message}", hint)


def tokenize(text: str) -> list[Token]:
    """All tokens of `text`, with one of kind "end" as the last."""
    if len(text) > LONGEST_LINE:
        fail(LONGEST_LINE, f"an IRP line of {len(text)} characters", f"at most {LONGEST_LINE}")
    tokens, at = [], 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            fail(at, f"{text[at]!r} has no place in IRP notation")
        if found.lastgroup != "skip":
            tokens.append(Token(found.lastgroup or "", found.group(), at))
        at = found.end()
    return [*tokens, Token("end", "", len(text))]
