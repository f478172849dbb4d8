"""Verbs about remotes that nobody knows yet: learn, identify, verify."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from irbpf.errors import Error
from irbpf.verbs.form import Verbs, emit, standard_input
from irbpf.verbs.values import whole

if TYPE_CHECKING:
    from irbpf.identify import Found, Identified
    from irbpf.learn.listen import Listener
    from irbpf.learn.press import Press
    from irbpf.learn.remote import Learned
    from irbpf.replay import Decoder

LEARN_EXAMPLES = """  irbpf learn rc0 -o living-room.yaml       key by key, with questions; again to go on after a break
  irbpf learn --from recordings -o tv.yaml  without questions: recordings/KEY_POWER.trace, KEY_OK-1.txt ...
"""
VERIFY_EXAMPLES = "  irbpf verify tv.yaml traces/tv   does each trace still decode to its key?\n"


def do_learn(args: argparse.Namespace) -> int:
    if (args.folder is None) == (args.source is None):
        raise Error("learn what?", "name a receiver (irbpf list), or --from DIR with recordings")
    return _learn_files(args) if args.folder is not None else _guided(args)


def _guided(args: argparse.Namespace) -> int:
    """With questions: a session that can be broken off, and then the keymap."""
    from irbpf.learn.guide import Guide
    from irbpf.learn.remote import learn
    from irbpf.learn.session import resume
    from irbpf.replay import Player

    standard_input("replace")
    path = Path(args.output or "remote.yaml")
    session = resume(path.with_suffix(".learn"))
    if path.exists() and not session.keys and not args.force:
        raise Error(f"{path} is there already", "another name with -o, or --force to overwrite it")
    with ExitStack() as stack:
        player = stack.enter_context(Player(_catalogue(), "python"))
        listener, provenance, receiver = _listening(args.source, stack)
        if not Guide(listener, session, player, _ask, lambda text: print(text, flush=True), args.presses).run():
            print(f"{session.path}: {len(session.keys)} keys; the same command goes on")
            return 0
        if not session.presses:
            raise Error("no key was learned", "press the keys of the remote when asked")
        learned = learn(session.presses, player, name=path.stem, progress=print)
    code = finish(path, args.name or path.stem, session.presses, learned, provenance, args.json)
    return code or _installed(path, receiver)


def _listening(source: str, stack: ExitStack) -> tuple[Listener, dict[str, str], str | None]:
    """Where signals come from, and the receiver, if it is one."""
    from irbpf import discovery, record
    from irbpf.learn.listen import of_receiver, of_text

    if not re.fullmatch(r"rc\d+|/dev/lirc\d+", source):
        return stack.enter_context(of_text(source, sys.stdin.fileno())), record.imported(source), None
    receiver = discovery.receiver(source)
    if receiver.lirc is None or not receiver.raw:
        raise Error(f"{receiver.rc} delivers no pulses and spaces", "only raw receivers can be learned from")
    listener = stack.enter_context(of_receiver(receiver.lirc, sys.stdin.fileno()))
    return listener, record.provenance(receiver, None), receiver.rc


def _ask(question: str) -> str | None:
    if question:
        print(question, end="", flush=True)
    line = sys.stdin.readline()
    return line if line else None


def _installed(path: Path, receiver: str | None) -> int:
    """Offers to install the keymap, and to load it."""
    from irbpf import record
    from irbpf.paths import etc
    from irbpf.service import load_receiver

    target = etc("keymaps", path.name)
    if (_ask(f"install it as {target}? [y/N] ") or "").strip().lower() not in ("y", "yes"):
        return 0
    record.put(target, path.read_text(), fresh=False)
    print(f"{target}: installed")
    if receiver is not None and (_ask(f"load it on {receiver} now? [y/N] ") or "").strip().lower() in ("y", "yes"):
        load_receiver(receiver, [str(target)])
        print(f"{receiver}: loaded")
    return 0


def _learn_files(args: argparse.Namespace) -> int:
    from irbpf.learn.files import presses_of
    from irbpf.learn.remote import learn
    from irbpf.record import imported
    from irbpf.replay import Player

    presses = presses_of(Path(args.folder))
    path = Path(args.output or f"{Path(args.folder).resolve().name}.yaml")
    if path.exists() and not args.force:
        raise Error(f"{path} is there already", "another name with -o, or --force to overwrite it")
    with Player(_catalogue(), "python") as player:
        learned = learn(presses, player, name=path.stem, progress=lambda text: print(f"irbpf: {text}", file=sys.stderr))
    return finish(path, args.name or path.stem, presses, learned, imported(args.folder), args.json)


def _catalogue() -> list[Decoder]:
    from irbpf.replay import of_catalogue
    from irbpf.verbs.form import progress

    return of_catalogue(progress("building the catalogue's decoders, once"))


def finish(path: Path, name: str, presses: list[Press], learned: Learned, provenance: dict[str, str], as_json: bool) -> int:
    """Write, check and prove what was learned, and say what it is."""
    from irbpf.keymapcheck import check
    from irbpf.learn.result import keymap_of, traces_of, write
    from irbpf.verify import traces, verify

    keymap, notes = keymap_of(learned, name, str(path))
    write(keymap, presses, notes, provenance)
    checked, proof = check(path), traces_of(path)
    if checked.problems or checked.keymap is None:
        raise checked.problems[0]
    wrong = [one for one in verify(checked.keymap, traces([str(proof)])) if one.why]
    groups = [{"protocol": one.protocol.name, "known": one.line is None, "irp": one.protocol.irp.text, "keys": len(one.scancodes),
               "presses": len(one.presses)} for one in learned.groups]
    if as_json:
        emit({"keymap": str(path), "protocols": groups, "raw": sorted({one.key for one in learned.raw}), "notes": notes,
              "wrong": [{"trace": str(one.path), "key": one.key, "why": one.why} for one in wrong]})
        return 1 if wrong else 0
    for row in groups:
        print(f"{row['keys']} keys: {row['protocol']}{'' if row['known'] else ' (a line of our own)'}, proven by {row['presses']} presses")
    for note in [*notes, *map(str, checked.warnings), *(f"{one.path}: {one.why}" for one in wrong)]:
        print(f"note: {note}")
    print(f"{path}: {len(keymap.keys)} keys; {proof}: {len(presses)} traces (irbpf verify {path} {proof})")
    return 1 if wrong else 0


def do_identify(args: argparse.Namespace) -> int:
    from irbpf.identify import identify
    from irbpf.replay import Player
    from irbpf.signals import of_text

    try:
        lines = (standard_input() if args.file == "-" else Path(args.file).open(encoding="utf-8")).readlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Error(f"{args.file}: {getattr(error, 'strerror', None) or 'not a text'}") from error
    signals = list(of_text(lines, args.file))
    if not signals:
        raise Error(f"{args.file} has no signals", "a recording is text: pulse 9000 / space 4500, or +9000 -4500 ...")
    with Player(_catalogue(), "python") as player:
        all_of_them = [identify(signal.samples, player, args.most) for signal in signals]
    if args.json:
        emit([{"signal": number, "readings": [_reading_row(one) for one in each.found],
               "misses": [vars(miss) for miss in each.misses]} for number, each in enumerate(all_of_them)])
        return 0
    for number, each in enumerate(all_of_them):
        if len(all_of_them) > 1:
            print(f"signal {number}")
        _show(each)
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

    verdicts = list(verify(load(library.find(args.keymap)), traces(args.traces)))
    wrong = [one for one in verdicts if one.why]
    if args.json:
        emit([{"trace": str(one.path), "key": one.key, "heard": list(one.heard), "why": one.why or None} for one in verdicts])
    else:
        for one in wrong:
            print(f"{one.path}: {one.key}: {one.why}")
        print(f"{len(verdicts) - len(wrong)} of {len(verdicts)} traces decode to their keys")
    return 1 if wrong else 0


def add(verbs: Verbs) -> None:
    one = verbs.add("learn", do_learn, "make a keymap from the presses of a remote", as_json=True, examples=LEARN_EXAMPLES)
    one.add_argument("source", nargs="?", metavar="RC|FILE", help="a receiver, such as rc0; or a pipe or file of signals")
    one.add_argument("--from", dest="folder", metavar="DIR", help="without questions: from recordings, whose file names are their keys")
    one.add_argument("-o", "--output", metavar="FILE.yaml", help="the keymap; traces of its keys go into traces/FILE/ beside it")
    one.add_argument("--name", help="the name of the remote")
    one.add_argument("--presses", type=whole, default=2, metavar="N", help="how often each key is pressed (default: 2)")
    one.add_argument("--force", action="store_true", help="overwrite what is there")
    one = verbs.add("identify", do_identify, "what a signal is, how well it fits, and why it is nothing else", as_json=True,
                    examples="  irbpf identify tv.trace   why was this press not decoded?\n")
    one.add_argument("file", metavar="FILE|-", help="a recording; - for standard input")
    one.add_argument("--most", type=whole, default=12, metavar="N", help="how many protocols that nearly fit (default: 12)")
    one = verbs.add("verify", do_verify, "does each trace decode to its key with a keymap?", as_json=True, examples=VERIFY_EXAMPLES)
    one.add_argument("keymap", help="a keymap, by name or file")
    one.add_argument("traces", nargs="+", metavar="FILE|DIR", help="trace files, or folders of them")
