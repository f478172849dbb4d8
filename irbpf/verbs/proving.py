"""Verbs that say what a recording is, and whether it still is that: identify, verify."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from irbpf.errors import Error
from irbpf.verbs.form import BUILDING, TEXT, Verbs, emit, lines_of, progress
from irbpf.verbs.values import whole

if TYPE_CHECKING:
    from irbpf.identify import Found, Identified

VERIFY_EXAMPLES = """  irbpf verify tv.yaml traces/tv               does each trace still decode to its key?
  irbpf verify tv.yaml traces/tv --engine bpf  and as the program that a receiver is given (as root)?
"""


def do_identify(args: argparse.Namespace) -> int:
    from irbpf.identify import identify
    from irbpf.replay import Player, of_catalogue
    from irbpf.signals import of_text

    rows: list[dict[str, Any]] = []
    number = -1
    with Player(of_catalogue(progress(BUILDING)), "python") as player:
        for number, signal in enumerate(of_text(lines_of(args.file), args.file)):
            each = identify(signal.samples, player, args.most)
            if args.json:
                rows.append({"signal": number, "readings": [_reading_row(one) for one in each.found], "misses": [vars(one) for one in each.misses]})
            else:
                print(f"signal {number}:")
                _show(each)
                sys.stdout.flush()  # the next may come from a pipe, and much later
    if number < 0:
        raise Error(f"{args.file} has no signals", TEXT)
    if args.json:
        emit(rows)
    return 0


def _reading_row(one: Found) -> dict[str, Any]:
    return {"protocol": one.protocol, "scancode": f"{one.scancode:#x}", "params": dict(one.params), "toggle": one.toggle,
            "repeats": one.repeats, "rank": one.rank, "first": one.first, "last": one.last, "rule": one.rule,
            "fit": {name: round(value, 2) for name, value in vars(one.fit).items()}}


def _show(each: Identified) -> None:
    found = [(one.protocol, f"{one.scancode:#x}", " ".join(f"{name}={value}" for name, value in one.params.items()),
              f"{one.fit.mean_us:.0f} µs, {one.fit.mean_percent:.1f} %", f"{one.fit.most_us:.0f} µs, {one.fit.most_percent:.1f} %", one.rule,
              str(one.repeats)) for one in each.found]
    table(("protocol", "scancode", "parameters", "mean off", "most off", "decided by", "repeats"), found)
    if not found:
        print("no protocol of the catalogue fits this signal; irbpf learn finds out how it is sent")
    misses = [(miss.protocol, str(miss.matched), miss.rule, miss.why) for miss in each.misses]
    if misses:
        print("\nnearly:")
        table(("protocol", "fits", "broken rule", "why"), misses)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Rows on the terminal; by rich, if it is there and somebody is watching."""
    if not rows:
        return
    if sys.stdout.isatty():
        try:
            from rich.console import Console
            from rich.table import Table
        except ImportError:
            pass
        else:
            made = Table(*head)
            for row in rows:
                made.add_row(*row)
            Console(markup=False).print(made)
            return
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, *rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def do_verify(args: argparse.Namespace) -> int:
    from irbpf import library
    from irbpf.keymap import load
    from irbpf.verify import traces, verify

    verdicts = list(verify(load(library.find(args.keymap)), traces(args.traces), args.engine))
    wrong = [one for one in verdicts if one.why]
    if args.json:
        emit([{"trace": str(one.path), "key": one.key, "heard": list(one.heard), "why": one.why or None} for one in verdicts])
    else:
        for one in wrong:
            print(f"{one.path}: {one.key}: {one.why}")
        print(f"{len(verdicts) - len(wrong)} of {len(verdicts)} traces decode to their keys")
    return 1 if wrong else 0


def add(verbs: Verbs) -> None:
    one = verbs.add("identify", do_identify, "what a signal is, how well it fits, and why it is nothing else", as_json=True,
                    examples="  irbpf identify tv.trace   why was this press not decoded?\n")
    one.add_argument("file", metavar="FILE|-", help="a recording; - for standard input")
    one.add_argument("--most", type=whole, default=12, metavar="N", help="how many protocols that nearly fit (default: 12)")
    one = verbs.add("verify", do_verify, "does each trace decode to its key with a keymap?", as_json=True, examples=VERIFY_EXAMPLES)
    one.add_argument("keymap", help="a keymap, by name or file")
    one.add_argument("--engine", choices=("python", "bpf"), default="python", help="bpf: through this kernel's verifier and JIT (root)")
    one.add_argument("traces", nargs="+", metavar="FILE|DIR", help="trace files, or folders of them")
