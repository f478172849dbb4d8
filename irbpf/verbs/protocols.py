"""Verbs about protocols: protocols, render, show."""

from __future__ import annotations

import argparse
from typing import Any

from irbpf.errors import Error
from irbpf.verbs.form import Verbs, emit


def do_protocols(args: argparse.Namespace) -> int:
    from irbpf.irp.text import layout_text
    from irbpf.protocols import catalogue

    rows: list[dict[str, Any]] = [{"name": one.name, "irp": one.irp.text, "scancode": layout_text(one.scancode), "number": one.number or None,
             "toggle": one.toggle, "parameters": [parameter.name for parameter in one.irp.parameters]}
            for one in catalogue().values()]
    if args.json:
        emit(rows)
    else:
        for row in rows:
            print(f"{row['name']:12} {row['scancode']:28} {row['irp'][:100]}")
    return 0

def do_render(args: argparse.Namespace) -> int:
    from irbpf.irp.render import press
    from irbpf.protocols import catalogue, define
    from irbpf.pulses import format_samples, from_durations
    from irbpf.transmission import parameters

    protocol = define("given", args.protocol) if args.protocol.startswith("{") else catalogue().get(args.protocol)
    if protocol is None:
        raise Error(f"there is no protocol {args.protocol!r}", "see irbpf protocols, or give an IRP line")
    params = parameters(args.param)
    print(format_samples(from_durations(press(protocol.irp, params, args.repeats))))
    return 0

def do_show(args: argparse.Namespace) -> int:
    from irbpf.show import show

    print(show(args.what, args.form))
    return 0


def add(verbs: Verbs) -> None:
    verbs.add("protocols", do_protocols, "list the catalogue", as_json=True)
    one = verbs.add("render", do_render, "what a remote sends")
    one.add_argument("protocol", help="a name, or an IRP line")
    one.add_argument("param", nargs="*", metavar="P=V")
    one.add_argument("--repeats", type=int, default=0)
    one = verbs.add("show", do_show, "a protocol, stage by stage")
    one.add_argument("what", help="a protocol's name or an IRP line")
    form = one.add_mutually_exclusive_group()
    for name in ("irp", "automaton", "c", "asm"):
        form.add_argument(f"--{name}", dest="form", action="store_const", const=name)
    one.set_defaults(form="irp")
