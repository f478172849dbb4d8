"""Verbs about recordings: decode."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from irbpf.errors import Error
from irbpf.verbs.form import LARGEST, Verbs, emit, lines_of

if TYPE_CHECKING:
    from irbpf.replay import Decoder, Event

EXAMPLES = """  irbpf decode recording.txt                       by all protocols that are known, the likeliest first
  ir-ctl -d /dev/lirc0 -r --one-shot | irbpf decode --keymap hauppauge -
  irbpf decode --protocol nec,necx --each-line signals.txt | jq .scancode
  ir-ctl -d /dev/lirc0 -r | irbpf decode --each-line -   each press as it comes
  irbpf decode --engine bpf tv/*.trace             by the bytecode, in this kernel (as root)
"""


def _decoders(args: argparse.Namespace) -> list[Decoder]:
    from irbpf import library
    from irbpf.keymap import load
    from irbpf.protocols import named
    from irbpf.replay import of_catalogue, of_keymap, of_protocols
    from irbpf.verbs.form import BUILDING, progress

    if args.keymap:
        return of_keymap(load(library.find(args.keymap)))
    if not args.protocol:
        return of_catalogue(progress(BUILDING))
    return of_protocols([named(name) for name in args.protocol.split(",")])


def event_row(signal: int, event: Event) -> dict[str, Any]:
    """The fixed form of a decoded event."""
    decoded = event.decoded
    return {"signal": signal, "protocol": decoded.protocol, "scancode": f"{decoded.scancode:#x}", "params": dict(decoded.params),
            "toggle": decoded.toggle, "repeat": decoded.repeat, "key": event.key}


def do_decode(args: argparse.Namespace) -> int:
    from irbpf.cache import Cache, default_folder
    from irbpf.entries import HandWritten
    from irbpf.pulses import iter_signals
    from irbpf.replay import Player
    from irbpf.verbs.form import progress

    signal, decoders = 0, _decoders(args)
    silent = [one.name for one in decoders if isinstance(one.entry, HandWritten)] if args.engine == "python" else []
    if silent:
        print(f"irbpf: warning: not decoded: {', '.join(silent)} (written in C: --engine bpf runs it)", file=sys.stderr)
    with Player(decoders, args.engine, Cache(default_folder()), compete=not args.keymap, progress=progress("compiling")) as player:
        for name in args.file:
            for samples in iter_signals(_lines(name, args.each_line), name, args.each_line):
                for event in player.play(samples):
                    emit(event_row(signal, event))
                signal += 1
    return 0


def _lines(name: str, endless: bool) -> Iterator[str]:
    """The lines of a recording. What is taken as one signal has to end: LARGEST characters at most."""
    taken = 0
    for line in lines_of(name):
        taken = len(line) + (0 if endless else taken)
        if taken > LARGEST:
            raise Error(f"{name}: more than {LARGEST >> 20} MB in one signal", "--each-line takes one signal a line, without an end")
        yield line


def add(verbs: Verbs) -> None:
    one = verbs.add("decode", do_decode, "decode recordings; one JSON line for each event", examples=EXAMPLES)
    what = one.add_mutually_exclusive_group()
    what.add_argument("--keymap", help="with the protocols and keys of a keymap")
    what.add_argument("--protocol", metavar="NAME[,NAME...]", help="with these protocols (default: the whole catalogue)")
    one.add_argument("--engine", choices=("python", "bpf"), default="python", help="bpf: through this kernel's verifier and JIT (root)")
    one.add_argument("--each-line", action="store_true", help="one signal a line, decoded as soon as it is there (default: all of a file is one)")
    one.add_argument("--json", action="store_true", help="(the output is JSON in any case)")
    one.add_argument("file", nargs="+", help="a recording; - for standard input")
