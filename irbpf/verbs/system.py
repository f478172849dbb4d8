"""Verbs about this machine: doctor, demo."""

from __future__ import annotations

import argparse

from irbpf.verbs.form import Verbs, emit


def do_doctor(args: argparse.Namespace) -> int:
    from irbpf.doctor import examine

    findings = examine()
    if args.json:
        emit([{"good": one.good, "what": one.what, "remedy": one.remedy} for one in findings])
    else:
        for one in findings:
            print(f"{'good' if one.good else 'BAD '}  {one.what}" + (f"\n      -> {one.remedy}" if one.remedy else ""))
    return 0

def do_demo(args: argparse.Namespace) -> int:
    from irbpf.demo import demo

    for line in demo():
        print(line, flush=True)
    return 0


def do_pages(args: argparse.Namespace) -> int:
    from pathlib import Path

    from irbpf import __version__
    from irbpf.pages import pages
    from irbpf.record import put

    for name, text in pages(args.parser, __version__).items():
        put(Path(args.folder, name), text, fresh=False)
    return 0


def add(verbs: Verbs) -> None:
    verbs.add("doctor", do_doctor, "what this machine can do, and what would make it better", as_json=True,
              examples="  irbpf doctor\n  irbpf doctor --json | jq '.[] | select(.good | not)'\n")
    verbs.add("demo", do_demo, "a recorded key press through a BPF decoder in this kernel", examples="  irbpf demo\n")
    one = verbs.add("pages", do_pages, "write man pages and completions, as they belong under /usr/share",
                    examples="  irbpf pages debian/irbpf/usr/share\n")
    one.add_argument("folder", help="such as /usr/share")
