"""What all verbs are made with: an entry in the command's help, and JSON on standard output. It knows no verb."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from io import TextIOWrapper
from typing import Any, TextIO

from irbpf.errors import Error

Does = Callable[[argparse.Namespace], int]


def emit(value: Any) -> None:
    """One JSON value, on one line."""
    print(json.dumps(value), flush=True)


def counted(number: int, what: str) -> str:
    """`1 key`, `2 keys`."""
    return f"{number} {what if number == 1 else re.sub('s$', 'se', what) + 's'}"


def standard_input(errors: str = "strict") -> TextIO:
    """What is typed or piped, as UTF-8 whatever the locale is; `errors` as with open(). Error if it was closed."""
    if sys.stdin is None:
        raise Error("there is no standard input")
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors=errors)
    return sys.stdin


LARGEST = 8 << 20  # an hour of pulses
TEXT = "a recording is text: pulse 9000 / space 4500, or +9000 -4500 ..."


def lines_of(name: str) -> Iterator[str]:
    """The lines of a recording, each as soon as it is there, also from a pipe with a name; - is standard input."""
    try:
        with _opened(name) as stream:
            while line := stream.readline(LARGEST + 1):
                if len(line) > LARGEST:
                    raise Error(f"{name}: more than {LARGEST >> 20} MB in one signal", TEXT)
                yield line
    except OSError as error:
        raise Error(f"{name}: {error.strerror}", "name a file, or - for standard input") from error
    except ValueError as error:
        raise Error(f"{name[:200]!r}: not a text", TEXT) from error


def _opened(name: str) -> AbstractContextManager[TextIO]:
    if name == "-":
        return nullcontext(standard_input())
    return open(name, encoding="utf-8")


MOST = 1000


def count(text: str) -> int:
    """An argument that says how often; for argparse."""
    if not text.isascii() or not text.isdigit() or int(text[:9]) > MOST:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a number from 0 to {MOST}")
    return int(text)


BUILDING = "building the catalogue's decoders, once"


def progress(what: str) -> Callable[[int, int], None]:
    """Tells a person at a terminal how far a long work is."""

    def tell(done: int, of: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{what}: {done} of {of} \033[K" if done < of else "\r\033[K", end="", file=sys.stderr, flush=True)

    return tell


class VerbParser(argparse.ArgumentParser):
    """Takes options between the other arguments too: `irbpf load rc0 --engine kernel mine.yaml`; tells of an unknown one by its own usage."""

    intermixed = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if self.intermixed:  # it comes back here, once for options and once for the rest
            return super().parse_known_args(args, namespace)
        self.intermixed = True
        try:
            found, unknown = self.parse_known_intermixed_args(args, namespace)
        finally:
            self.intermixed = False
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return found, unknown


class Verbs:
    """Collects the verbs of the command; man pages and completions are made from the same parser."""

    def __init__(self, parsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
        self.parsers = parsers

    def add(self, name: str, does: Does, text: str, *, as_json: bool = False, examples: str = "") -> argparse.ArgumentParser:
        """`irbpf NAME`; `does` gets the arguments and returns the exit code. `examples` stand at the end of its help."""
        one = self.parsers.add_parser(name, help=text, description=text, epilog=f"examples:\n{examples}" if examples else None,
                                      formatter_class=argparse.RawDescriptionHelpFormatter)
        one.set_defaults(does=does)
        if as_json:
            one.add_argument("--json", action="store_true", help="write JSON")
        return one
