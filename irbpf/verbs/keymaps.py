"""Verbs about keymaps: check, build."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from irbpf.errors import Error
from irbpf.verbs.form import Verbs, emit


def do_check(args: argparse.Namespace) -> int:
    from irbpf.keymap import load

    problems = []
    for name in args.file:
        try:
            keymap = load(Path(name))
        except Error as error:
            problems.append({"file": name, "error": error.message, "hint": error.hint})
            if not args.json:
                print(error, file=sys.stderr)
            continue
        if not args.json:
            print(f"{name}: {keymap.name}: {len(keymap.entries)} protocols, {len(keymap.keys)} keys")
    if args.json:
        emit(problems)
    return 1 if problems else 0

def do_build(args: argparse.Namespace) -> int:
    from irbpf import library
    from irbpf.bundle import build
    from irbpf.cache import Cache, default_folder

    bundle, _ = build(library.load_all(args.keymap), Cache(default_folder()))
    try:
        Path(args.output).write_bytes(bundle.dump())
    except OSError as error:
        raise Error(f"{args.output}: {error.strerror}") from error
    print(f"{args.output}: {len(bundle.objects)} programs, {len(bundle.keys)} keys")
    return 0


def add(verbs: Verbs) -> None:
    one = verbs.add("check", do_check, "check keymaps without touching a device", as_json=True)
    one.add_argument("file", nargs="+")
    one = verbs.add("build", do_build, "compile keymaps into a file that a machine without a compiler loads")
    one.add_argument("keymap", nargs="+")
    one.add_argument("-o", "--output", required=True, metavar="FILE.irbpf")
