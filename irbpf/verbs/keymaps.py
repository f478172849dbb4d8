"""Verbs about keymaps: check, build."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from irbpf.errors import Error
from irbpf.verbs.form import Verbs, counted, emit, progress


def do_check(args: argparse.Namespace) -> int:
    from irbpf import library
    from irbpf.keymapcheck import Checked, check

    rows: list[dict[str, Any]] = []
    failed = False
    for name in args.file:
        checked: Checked = check(Path(name) if os.path.exists(name) else library.files().get(name, Path(name)))
        failed = failed or bool(checked.problems)
        for kind, found in (("error", checked.problems), ("warning", checked.warnings)):
            rows += [_row(name, kind, error) for error in found]
            if not args.json:
                print("".join(f"{'warning: ' if kind == 'warning' else ''}{error}\n" for error in found), end="", file=sys.stderr)
        if not args.json and not checked.problems:
            keymap = checked.keymap
            holds = f"{keymap.name}: {counted(len(keymap.entries), 'protocol')}, {counted(len(keymap.keys), 'key')}" if keymap else "right"
            print(f"{name}: {holds}")
    if args.json:
        emit(rows)
    return 1 if failed else 0


def _row(name: str, kind: str, error: Error) -> dict[str, Any]:
    """The fixed form of what is wrong: `line` and `column` are null where it is the whole file."""
    from irbpf.problems import PlacedError

    if isinstance(error, PlacedError):
        return {"kind": kind, "file": name, "line": error.line, "column": error.column, "message": error.what, "hint": error.hint}
    return {"kind": kind, "file": name, "line": None, "column": None, "message": error.message, "hint": error.hint}


def do_build(args: argparse.Namespace) -> int:
    from irbpf import library
    from irbpf.bundle import build
    from irbpf.cache import Cache, default_folder, write_whole

    path = Path(args.output)
    if path.suffix != ".irbpf" and (path.is_file() or not path.exists()):  # by that irbpf load knows it, and it overwrites nothing else
        raise Error(f"{args.output} does not end in .irbpf", "irbpf load knows such files by that")
    bundle, warnings = build(library.load_all(args.keymap), Cache(default_folder()), ("lirc", "test_run"), progress("compiling"))
    for warning in warnings:
        print(f"irbpf: warning: {warning}", file=sys.stderr)
    try:
        write_whole(path, bundle.dump())
    except OSError as error:
        raise Error(f"{args.output}: {error.strerror}", "name another place for it") from error
    print(f"{args.output}: {counted(bundle.attached, 'program')}, {counted(len(bundle.keys), 'key')}")
    return 0


def add(verbs: Verbs) -> None:
    one = verbs.add("check", do_check, "check keymaps without touching a device", as_json=True,
                    examples="  irbpf check mine.yaml\n  irbpf check --json /etc/irbpf/keymaps/*.yaml\n")
    one.add_argument("file", nargs="+", help="a keymap, by file or name; or receivers.yaml")
    one = verbs.add("build", do_build, "compile keymaps into a file that a machine without a compiler loads",
                    examples="  irbpf build hauppauge mine.yaml -o living-room.irbpf\n  irbpf load rc0 living-room.irbpf    # there\n")
    one.add_argument("keymap", nargs="+", help="keymaps of one receiver, by name or file")
    one.add_argument("-o", "--output", required=True, metavar="FILE.irbpf", help="the file that is written")
