"""Verbs about protocols: protocols, render, show."""

from __future__ import annotations

import argparse
from typing import Any

from irbpf.verbs.form import Verbs, count, emit

FORMS = {"irp": "its line (the default)", "automaton": "its states and which duration leads where", "c": "the C made of that", "asm": "its bytecode"}
RENDER_EXAMPLES = """  irbpf render nec D=4 F=8
  irbpf render rc5 D=30 F=0x3b T=1 --repeats 2 | irbpf decode -
  irbpf render "{38k,500}<1,-1|1,-3>(8,-8,X:8,1,^60m)*[X:0..255]" X=17
"""
LATENCY = "what each protocol waits for after its last edge, and why"
SHOW_EXAMPLES = """  irbpf show nec --automaton                   which duration leads where
  irbpf show sony12 --c                        the C that is compiled
  irbpf show rc5 --asm                         its bytecode (needs bcc, and root)
  irbpf show sony-tv --latency                 when each protocol of a keymap reports a key
  sony12  the receiver's timeout of 7000 µs: sony15, sony20 or Sony15 could read on
"""


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
            print(f"{row['name']:12} {row['scancode']:28} {row['irp']}")
    return 0


def do_render(args: argparse.Namespace) -> int:
    from irbpf.irp.render import press
    from irbpf.protocols import given
    from irbpf.pulses import format_samples, from_durations
    from irbpf.transmission import parameters

    protocol = given(args.protocol)
    params = parameters(args.param)
    print(format_samples(from_durations(press(protocol.irp, params, args.repeats))))
    return 0


def do_show(args: argparse.Namespace) -> int:
    from irbpf.show import show, show_latency

    if args.form == "latency":
        rows = show_latency(args.what)
        if args.json:
            emit(rows)
        else:
            width = max((len(row["protocol"]) for row in rows), default=0)
            print("".join(f"{row['protocol']:{width}}  {row['text']}\n" for row in rows), end="")
        return 0
    text = show(args.what, args.form)
    if args.json:
        emit({"what": args.what, args.form: text})
    else:
        print(text)
    return 0


def add(verbs: Verbs) -> None:
    verbs.add("protocols", do_protocols, "list the catalogue", as_json=True,
              examples="  irbpf protocols\n  irbpf protocols --json | jq -r '.[] | select(.number == 9).irp'\n")
    one = verbs.add("render", do_render, "what a remote sends", examples=RENDER_EXAMPLES)
    one.add_argument("protocol", help="a name, or an IRP line")
    one.add_argument("param", nargs="*", default=[], metavar="P=V", help="the protocol's parameters, such as D=4 F=0x1c; some need not be given")
    one.add_argument("--repeats", type=count, default=0, metavar="N", help="as if the key was held for so many repeats (default: 0)")
    one = verbs.add("show", do_show, "a protocol, stage by stage", as_json=True, examples=SHOW_EXAMPLES)
    one.add_argument("what", help="a protocol's name or an IRP line; with --latency, a keymap")
    form = one.add_mutually_exclusive_group()
    for name, shows in FORMS.items():
        form.add_argument(f"--{name}", dest="form", action="store_const", const=name, help=shows)
    form.add_argument("--latency", dest="form", action="store_const", const="latency", help=LATENCY)
    one.set_defaults(form="irp")
