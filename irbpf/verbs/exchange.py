"""Verbs that take remotes from other software and give them to it: import, export."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from irbpf.errors import Error
from irbpf.verbs.form import Verbs, counted, emit

if TYPE_CHECKING:
    from irbpf.importers.values import Imported, Remote


def do_import(args: argparse.Namespace) -> int:
    from irbpf import importers
    from irbpf.importers.closest import in_catalogue

    if args.json and args.output == "-":
        raise Error("--json tells what was written, and -o - writes the keymaps there", "one of them")
    rows, taken, failed = [], set[str](), False
    for name in args.file:
        try:
            imported = importers.read(Path(name), args.format)
            if args.catalogue:
                imported = in_catalogue(imported)
        except Error as error:
            row = {"file": name, "keymaps": [], "problems": []} | _refused(error, args)
        else:
            row = _row(name, imported, args, taken)
        failed = failed or not row["keymaps"] or "error" in row
        rows.append(row)
        if not args.json:
            _tell(row, sys.stderr if args.output == "-" else sys.stdout)
    if args.json:
        emit(rows)
    return 1 if failed else 0


def _refused(error: Error, args: argparse.Namespace) -> dict[str, Any]:
    if not args.json:
        print(f"irbpf: {error}", file=sys.stderr)
    return {"error": error.message, "hint": error.hint}


def _row(name: str, imported: Imported, args: argparse.Namespace, taken: set[str]) -> dict[str, Any]:
    """The remotes of one file, each written; one that cannot be keeps none of the others from it."""
    row: dict[str, Any] = {"file": name, "keymaps": [],
                           "problems": [{"file": one.file, "line": one.line, "what": one.what} for one in imported.problems]}
    for remote in imported.remotes:
        try:
            row["keymaps"].append({"path": _written(remote, args, taken), "name": remote.keymap.name,
                                   "protocols": len(remote.keymap.entries), "keys": len(remote.keymap.keys)})
        except Error as error:
            row |= _refused(error, args)
    return row


def _tell(row: dict[str, Any], stream: Any) -> None:
    for one in row["keymaps"]:
        print(f"{one['path']}: {one['name']}: {counted(one['protocols'], 'protocol')}, {counted(one['keys'], 'key')}", file=stream)
    for one in row["problems"]:
        print(f"{one['file']}:{one['line']}: {one['what']}", file=sys.stderr)
    if not row["keymaps"] and "error" not in row:
        print(f"irbpf: {row['file']}: nothing of it can be a keymap", file=sys.stderr)


def _written(remote: Remote, args: argparse.Namespace, taken: set[str]) -> str:
    """Write the keymap; its path."""
    from irbpf.importers.values import file_name
    from irbpf.keymapfile import dump

    text = dump(remote.keymap, remote.comments, remote.remarks)
    if args.output == "-":
        print(text, end="")
        return "-"
    path = Path(args.output) / file_name(remote.keymap.name, taken)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w" if args.force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise Error(f"{path} is there already", "give another folder with -o, or --force") from error
    except OSError as error:
        raise Error(f"{path}: {error.strerror}") from error
    return str(path)


def do_export(args: argparse.Namespace) -> int:
    from irbpf import exporters, library
    from irbpf.keymap import load
    from irbpf.record import put

    exported = exporters.write(load(library.find(args.keymap)), args.to)
    if args.output == "-":
        print(exported.text, end="")
    else:
        path = Path(args.output)
        if path.exists() and not path.is_file() and not path.is_dir():  # a device, or a pipe
            try:
                path.write_text(exported.text, encoding="utf-8")
            except OSError as error:
                raise Error(f"{path}: {error.strerror}") from error
        else:
            put(path, exported.text, fresh=not args.force)
        print(f"{args.output}: {counted(exported.keys, 'key')}", file=sys.stderr)
    for problem in exported.problems:
        print(f"irbpf: {args.keymap}: {problem}", file=sys.stderr)
    return 0


IMPORT_EXAMPLES = """  irbpf import lircd.conf                         each remote of it becomes NAME.yaml here
  irbpf import -o keymaps /lib/udev/rc_keymaps/*.toml
  irbpf import --catalogue lircd.conf             nec and rc5 instead of lines with the durations of the file
  irbpf import -o - remote.ir                     look at it first
"""
EXPORT_EXAMPLES = """  irbpf export lg-tv --to flipper -o lg.ir
  irbpf export ./mine.yaml --to toml -o mine.toml && ir-keytable -c -w mine.toml
"""


def add(verbs: Verbs) -> None:
    from irbpf import exporters
    from irbpf.importers import FORMATS

    one = verbs.add("import", do_import, "make keymaps of what other software has: lircd.conf, ir-keytable, Flipper, Girr, IRDB, Pronto",
                    as_json=True, examples=IMPORT_EXAMPLES)
    one.add_argument("file", nargs="+", help="a file of another program, or a recording named after its key")
    one.add_argument("-o", "--output", default=".", metavar="DIR", help="folder for the keymaps, or - for standard output (default: here)")
    one.add_argument("--format", choices=tuple(FORMATS), help="what the files are (default: look)")
    one.add_argument("--catalogue", action="store_true",
                     help="name the catalogue's protocol where all keys are frames of one, instead of the durations of the file")
    one.add_argument("--force", action="store_true", help="overwrite keymaps")
    one = verbs.add("export", do_export, "write a keymap as ir-keytable, LIRC, Flipper or Pronto have it", examples=EXPORT_EXAMPLES)
    one.add_argument("keymap", help="a keymap, by name or file")
    one.add_argument("--to", choices=tuple(exporters.FORMATS), required=True,
                     help="; ".join(f"{name}: {what}" for name, what in exporters.FORMATS.items()))
    one.add_argument("-o", "--output", default="-", metavar="FILE", help="(default: standard output)")
    one.add_argument("--force", action="store_true", help="overwrite the file")
