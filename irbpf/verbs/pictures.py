"""Verbs that draw: plot."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from irbpf.errors import Error
from irbpf.verbs.form import BUILDING, Verbs, lines_of, progress
from irbpf.verbs.values import columns, whole

if TYPE_CHECKING:
    from irbpf.keymap import Keymap
    from irbpf.picture import Reader
    from irbpf.signals import Signal

EXAMPLES = """  irbpf plot tv.trace                          in the terminal
  irbpf plot tv/*.trace -o tv.svg              the signals of several recordings, aligned
  irbpf plot sony-tv --key KEY_POWER --histogram   what a keymap's remote sends
"""


def do_plot(args: argparse.Namespace) -> int:
    from irbpf.picture import Windows, windows

    if args.output is not None and Path(args.output).exists() and not args.force:
        raise Error(f"{args.output} is there already", "another name, or --force to overwrite it")
    signals, keymap = _signals(args)
    if len(signals) > args.signals:
        print(f"irbpf: the first {args.signals} of {len(signals)} signals are shown (--signals)", file=sys.stderr)
    reader = _reader(args.protocol, keymap)
    drawings = [reader.drawing(signal, title) for title, signal in signals[:args.signals]]
    first = next(iter(reader.used.values()), None)
    counted = [one for one in drawings if first is None or first.name in one.read]
    through = windows(first, counted) if first is not None else Windows()
    if args.output is not None:
        from irbpf.plot_figure import save

        save(Path(args.output), drawings, counted, through, "" if first is None else first.name)
        return 0
    from irbpf.plot_text import draw, histogram

    import shutil

    width = args.width or shutil.get_terminal_size((100, 24)).columns
    print("\n".join(draw(drawing, width) for drawing in drawings), end="")
    if args.histogram:
        print(f"\n{histogram(counted, through, width)}", end="")
    return 0


def _signals(args: argparse.Namespace) -> tuple[list[tuple[str, Signal]], Keymap | None]:
    """Titled signals of all files, and the keymap to read them with."""
    from irbpf import library
    from irbpf.keymap import load
    from irbpf.picture import of_keymap, of_recording

    keymap = load(library.find(args.keymap)) if args.keymap else None
    signals: list[tuple[str, Signal]] = []
    drawn = False
    for name in args.file:
        if name.endswith(".yaml") or (name != "-" and not Path(name).exists() and name in library.files()):
            keymap = load(library.find(name))
            signals += of_keymap(keymap, args.key)
            drawn = True
        else:
            signals += of_recording(lines_of(name), name)
    if args.key and not drawn:
        raise Error("--key chooses keys of a keymap, and none is drawn", "name one, or leave --key out")
    if not signals:
        raise Error("there is no signal to draw", "record some with irbpf record")
    return signals, keymap


def _reader(names: str | None, keymap: Keymap | None) -> Reader:
    from irbpf.picture import Reader
    from irbpf.protocols import named
    from irbpf.replay import of_catalogue, of_keymap, of_protocols

    if keymap is not None and names is None:
        return Reader(of_keymap(keymap))
    return Reader(of_protocols([named(name) for name in names.split(",")]) if names else of_catalogue(progress(BUILDING)))


def add(verbs: Verbs) -> None:
    one = verbs.add("plot", do_plot, "draw signals, with what was read in them", examples=EXAMPLES)
    one.add_argument("file", nargs="+", metavar="TRACE|KEYMAP", help="recordings (- for standard input), or a keymap, by name or file")
    one.add_argument("-o", "--output", metavar="FILE", help="a picture: *.svg, *.png or *.pdf (default: a drawing in the terminal)")
    one.add_argument("--force", action="store_true", help="overwrite the picture")
    one.add_argument("--keymap", help="read recordings with the protocols and keys of this keymap")
    one.add_argument("--protocol", metavar="NAME[,NAME...]", help="read them with these protocols (default: the whole catalogue)")
    one.add_argument("--key", action="append", default=[], help="draw this key of a keymap; may be given again (default: all)")
    one.add_argument("--signals", type=whole, default=8, metavar="N", help="draw at most so many signals (default: 8)")
    one.add_argument("--histogram", action="store_true", help="in the terminal too: how often each duration comes, and its window")
    one.add_argument("--width", type=columns, metavar="N", help="characters in a line (default: those of the terminal)")
