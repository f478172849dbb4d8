"""What is wrong in a file, and where: errors with a place, and how to go on after one to find the others. It reads nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from irbpf.errors import Error

MOST = 40  # problems of one file; the rest is found when these are mended


class PlacedError(Error):
    """An error in a file, `file:line:column: what`; what came from the file is printed without its control characters."""

    def __init__(self, file: str, line: int, column: int, what: str, hint: str = "") -> None:
        self.file, self.line, self.column, self.what = file, line, column, _printable(what)
        super().__init__(f"{_printable(file)}:{line}:{column}: {self.what}", _printable(hint))


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


class _Enough(Exception):
    """There are so many problems that looking for more is a waste."""


class Problems:
    """Collects the errors of the blocks that are run under `here`; `more`: there are so many that the rest was not looked for."""

    def __init__(self) -> None:
        self.found: list[Error] = []
        self.more = False

    @contextmanager
    def here(self) -> Iterator[None]:
        """What fails in the block is noted, and the caller goes on."""
        try:
            yield
        except Error as error:
            self.found.append(error)
            if len(self.found) >= MOST:
                raise _Enough from error

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Around all of it."""
        try:
            with self.here():
                yield
        except _Enough:
            self.more = True
        self.found.sort(key=lambda error: (error.line, error.column) if isinstance(error, PlacedError) else (0, 0))

    def raise_first(self) -> None:
        if self.found:
            raise self.found[0]


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint: the known name that is most like `name`, or all of them if they are few."""
    names = list(known)
    by_form = {_form(one): one for one in reversed(names)}
    import difflib

    near = difflib.get_close_matches(_form(name[:60]), by_form, 1, 0.5)
    if near:
        return f"did you mean {by_form[near[0]]}?"
    return f"known: {', '.join(names)}" if len(names) <= 40 else ""


def _form(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter not in "-_ .")
