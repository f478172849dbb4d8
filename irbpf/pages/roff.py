"""Text as roff, for man pages. It knows the macros of man(7) and no page."""

from __future__ import annotations

import datetime
import os
import re
import textwrap
from collections.abc import Iterable

WIDTH = 70


def escape(text: str) -> str:
    """Plain text that roff prints as it is."""
    plain = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga").replace("'", "\\(aq").replace("^", "\\(ha").replace("~", "\\(ti")
    return "\n".join("\\&" + line if line.startswith((".", "'")) else line for line in plain.split("\n"))


def prose(text: str) -> str:
    """A paragraph; each sentence begins a line, as roff wants it."""
    sentences = re.sub(r"(?<!\.)\. (?=[A-Z])", ".\n", text).split("\n")
    return "\n".join(escape("\n".join(textwrap.wrap(one, WIDTH, break_long_words=False, break_on_hyphens=False))) for one in sentences)


def title(name: str, section: int, version: str, what: str) -> str:
    made = datetime.datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", datetime.datetime.now().timestamp())), datetime.timezone.utc)
    return (f'.\\" Made by irbpf from its own tables.\n.TH {escape(name.upper())} {section} {made:%Y-%m-%d} "irbpf {version}" "irbpf"\n'
            f".SH NAME\n{escape(name)} \\- {escape(what)}\n")


def section(name: str, *paragraphs: str) -> str:
    """Paragraphs are roff already."""
    return f".SH {name}\n" + _paragraphs(paragraphs)


def subsection(name: str, *paragraphs: str) -> str:
    return f".SS {escape(name)}\n" + _paragraphs(paragraphs)


def _paragraphs(paragraphs: Iterable[str]) -> str:
    return "".join(f"{'' if one.startswith('.') or not place else '.PP' + chr(10)}{one.strip(chr(10))}\n"
                   for place, one in enumerate(paragraphs)).removeprefix(".PP\n")


def tagged(rows: Iterable[tuple[str, str]]) -> str:
    """A list of terms (roff already, or plain with `bold`) and what they mean, in plain text."""
    return "".join(f".TP\n{term}\n{prose(text)}\n" for term, text in rows)


def bold(text: str) -> str:
    return f"\\fB{escape(text)}\\fR"


def italic(text: str) -> str:
    return f"\\fI{escape(text)}\\fR"


def example(text: str) -> str:
    """Lines as they are."""
    return f".PP\n.EX\n{escape(text.strip(chr(10)))}\n.EE\n"
