"""Verbs about recordings: decode."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from irbpf.errors import Error
from irbpf.verbs.form import Verbs, emit

if TYPE_CHECKING:
    from irbpf.replay import Decoder, Event


def _decoders(args: argparse.Namespace) -> list[Decoder]:
    from irbpf import library
    from irbpf.keymap import load
    from irbpf.protocols import catalogue
    from irbpf.replay import of_keymap, of_protocols

    if args.keymap:
        return of_keymap(load(library.find(args.keymap)))
    names = args.protocol.split(",") if args.protocol else list(catalogue())
    for name in names:
        if name not in catalogue():
            raise Error(f"there is no protocol {name!r}", f"one of {', '.join(catalogue())}")
    return of_protocols([catalogue()[name] for name in names])


def event_row(signal: int, event: Event) -> dict[str, Any]:
    """The fixed form of a decoded event."""
    decoded = event.decoded
    return {"signal": signal, "protocol": decoded.protocol, "scancode": f"{decoded.scancode:#x}", "params": dict(decoded.params),
            "toggle": decoded.toggle, "repeat": decoded.repeat, "key": event.key}


def do_decode(args: argparse.Namespace) -> int:
    from irbpf.cache import Cache, default_folder
    from irbpf.pulses import iter_signals
    from irbpf.replay import Player

    signal = 0
    with Player(_decoders(args), args.engine, Cache(default_folder())) as player:
        for name in args.file:
            try:
                stream = sys.stdin if name == "-" else open(name, encoding="utf-8")  # noqa: SIM115
            except OSError as error:
                raise Error(f"{name}: {error.strerror}") from error
            with stream:
                try:
                    for samples in iter_signals(stream, name, args.each_line):
                        for event in player.play(samples):
                            emit(event_row(signal, event))
                        signal += 1
                except UnicodeDecodeError as error:
                    raise Error(f"{name}: not a text", "a recording is text: pulse 9000 / space 4500, or +9000 -4500 ...") from error
    return 0


def add(verbs: Verbs) -> None:
    one = verbs.add("decode", do_decode, "decode recordings; one JSON line for each event")
    what = one.add_mutually_exclusive_group()
    what.add_argument("--keymap", help="with the protocols and keys of a keymap")
    what.add_argument("--protocol", metavar="NAME[,NAME...]", help="with these protocols (default: the whole catalogue)")
    one.add_argument("--engine", choices=("python", "bpf"), default="python", help="bpf: through this kernel's verifier and JIT (root)")
    one.add_argument("--each-line", action="store_true", help="one signal a line")
    one.add_argument("--json", action="store_true", help="(the output is JSON in any case)")
    one.add_argument("file", nargs="+", help="a recording; - for standard input")
