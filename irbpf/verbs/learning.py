"""The verb that makes a keymap of a remote that nobody knows yet: learn."""

from __future__ import annotations

import argparse
import re
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from irbpf.errors import Error, Gone
from irbpf.verbs.form import BUILDING, Verbs, counted, emit, progress, standard_input
from irbpf.verbs.values import whole

if TYPE_CHECKING:
    from irbpf.learn.listen import Listener
    from irbpf.learn.press import Press
    from irbpf.learn.remote import Learned
    from irbpf.replay import Player

EXAMPLES = """  irbpf learn rc0 -o living-room.yaml       key by key, with questions; again to go on after a break
  irbpf learn --from recordings -o tv.yaml  without questions: recordings/KEY_POWER.trace, KEY_OK-1.txt ...
"""


def do_learn(args: argparse.Namespace) -> int:
    if (args.folder is None) == (args.source is None):
        raise Error("learn what?", "name a receiver (irbpf list), or --from DIR with recordings")
    return _learn_files(args) if args.folder is not None else _guided(args)


def _guided(args: argparse.Namespace) -> int:
    """With questions: a session that can be broken off, and then the keymap."""
    from irbpf.learn.guide import Guide
    from irbpf.learn.result import target
    from irbpf.learn.session import resume

    path = target(args.output or "remote.yaml", args.force)
    session = resume(path.with_suffix(".learn"))
    standard_input("replace")
    talk = _Talk(args.json)
    with ExitStack() as stack:
        listener, fields, receiver = _listening(args, stack)
        player = stack.enter_context(_player())
        try:
            done = Guide(listener, session, player, talk.ask, talk.say, args.presses, fields).run()
        except Gone as error:
            raise Gone(f"{error.message}; {len(session.keys)} keys are kept", "plug it in again; the same command goes on") from error
        if not done:
            return _broken_off(session.path, len(session.keys), args.json)
        if not session.presses:
            raise Error("no key was learned", "press the keys of the remote when asked")
        code = _made(path, args, session.presses, player, talk)
    if code:
        talk.say(f"{session.path} is kept: {_again(args)} --force goes on")
        return code
    session.forget()
    return 0 if args.json else _installed(path, receiver, talk)


def _again(args: argparse.Namespace) -> str:
    return f"irbpf learn {args.source}{f' -o {args.output}' if args.output else ''}"


def _broken_off(path: Path, keys: int, as_json: bool) -> int:
    if as_json:
        emit({"keymap": None, "session": str(path) if keys else None, "keys": keys})
    else:
        print(f"{path}: {keys} keys; the same command goes on" if keys else "nothing was learned")
    return 0


class _Talk:
    """Questions and words for the person at the terminal; on standard error, where standard output is for JSON."""

    def __init__(self, as_json: bool) -> None:
        self.stream = sys.stderr if as_json else sys.stdout

    def say(self, text: str) -> None:
        print(text, file=self.stream, flush=True)

    def ask(self, question: str) -> str | None:
        """The line that is typed; None at the end of input."""
        print(question, end="", file=self.stream, flush=True)
        return sys.stdin.readline() or None

    def agrees(self, question: str) -> bool:
        return (self.ask(f"{question} [y/N] ") or "").strip().lower() in ("y", "yes")


def _listening(args: argparse.Namespace, stack: ExitStack) -> tuple[Listener, dict[str, str], str | None]:
    """Where signals come from, and the receiver, if it is one."""
    from irbpf import discovery, lirc, record
    from irbpf.learn.listen import of_receiver, of_text

    person = sys.stdin.fileno()
    if not re.fullmatch(r"rc\d+|/dev/lirc\d+", args.source):
        return stack.enter_context(of_text(args.source, person)), record.imported(args.source), None
    receiver = discovery.receiver(args.source)
    if receiver.lirc is None or not receiver.raw:
        raise Error(f"{receiver.rc} delivers no pulses and spaces", "only raw receivers can be learned from")
    listener = stack.enter_context(of_receiver(receiver.lirc, person, not args.no_carrier))
    return listener, record.provenance(receiver, lirc.resolution(listener.fd)), receiver.rc


def _installed(path: Path, receiver: str | None, talk: _Talk) -> int:
    """Offers to install the keymap, and to load it."""
    from irbpf import record
    from irbpf.paths import etc
    from irbpf.service import load_receiver

    target = etc("keymaps", path.name)
    if not talk.agrees(f"install it as {target}{', in place of the one there' if target.exists() else ''}?"):
        return 0
    record.put(target, path.read_text(), fresh=False)
    talk.say(f"{target}: installed")
    if receiver is not None and talk.agrees(f"load it on {receiver} now?"):
        load_receiver(receiver, [str(target)])
        talk.say(f"{receiver}: loaded")
    return 0


def _learn_files(args: argparse.Namespace) -> int:
    from irbpf.learn.files import presses_of
    from irbpf.learn.result import target

    folder = Path(args.folder)
    path = target(args.output or f"{folder.resolve().name}.yaml", args.force, folder)
    presses = presses_of(folder)
    with _player() as player:
        return _made(path, args, presses, player, _Talk(True))


def _player() -> Player:
    from irbpf.replay import Player, of_catalogue

    return Player(of_catalogue(progress(BUILDING)), "python")


def _made(path: Path, args: argparse.Namespace, presses: list[Press], player: Player, talk: _Talk) -> int:
    """Learn, write, check and prove, and say what it is; 1 if a trace does not decode to its key."""
    from irbpf.keymapcheck import check
    from irbpf.learn.remote import learn
    from irbpf.learn.result import keymap_of, traces_of, write
    from irbpf.verify import proven, traces

    learned = learn(presses, player, name=path.stem, progress=talk.say)
    result = keymap_of(learned, args.name or path.stem, str(path))
    write(result, presses, args.folder is not None and Path(args.folder).resolve() == traces_of(path).resolve())
    checked, proof = check(path), traces_of(path)
    if checked.problems or checked.keymap is None:
        raise checked.problems[0]
    engines, verdicts = proven(checked.keymap, traces([str(proof)]))
    notes = [*result.notes, *map(str, checked.warnings)]
    said = {"keymap": str(path), "keys": len(checked.keymap.keys), "protocols": _groups(learned),
            "raw": sorted({one.key for one in learned.raw} & set(checked.keymap.keys.values())), "notes": notes,
            "left_out": [{"key": press.key, "why": why} for press, why in result.left_out],
            "traces": {"folder": str(proof), "count": len(verdicts), "engines": engines},
            "wrong": [{"trace": str(one.path), "key": one.key, "why": one.why} for one in verdicts if one.why]}
    if args.json:
        emit(said)
    else:
        _tell(said)
    return 1 if said["wrong"] else 0


def _groups(learned: Learned) -> list[dict[str, Any]]:
    return [{"protocol": one.protocol.name, "known": one.line is None, "irp": one.protocol.irp.text, "keys": len(one.scancodes),
             "presses": len(one.presses)} for one in learned.groups]


def _tell(said: dict[str, Any]) -> None:
    for row in said["protocols"]:
        own = "" if row["known"] else " (a line of our own)"
        print(f"{counted(row['keys'], 'key')}: {row['protocol']}{own}, proven by {counted(row['presses'], 'press')}")
    for note in [*said["notes"], *(f"{one['trace']}: {one['why']}" for one in said["wrong"])]:
        print(f"note: {note}")
    proof = said["traces"]
    compiled = "interpreted and as BPF" if "bpf" in proof["engines"] else "interpreted; irbpf verify --engine bpf runs the compiled program"
    print(f"{said['keymap']}: {counted(said['keys'], 'key')}; {proof['folder']}: {counted(proof['count'], 'trace')}, decoded {compiled}")


def add(verbs: Verbs) -> None:
    one = verbs.add("learn", do_learn, "make a keymap from the presses of a remote", as_json=True, examples=EXAMPLES)
    one.add_argument("source", nargs="?", metavar="RC|FILE", help="a receiver, such as rc0; or a pipe or file of signals")
    one.add_argument("--from", dest="folder", metavar="DIR", help="without questions: from recordings, whose file names are their keys")
    one.add_argument("-o", "--output", metavar="FILE.yaml", help="the keymap; traces of its keys go into traces/FILE/ beside it")
    one.add_argument("--name", help="the name of the remote")
    one.add_argument("--presses", type=whole, default=2, metavar="N", help="how often each key is pressed (default: 2)")
    one.add_argument("--no-carrier", action="store_true", help="do not measure the carrier, where the receiver could")
    one.add_argument("--force", action="store_true", help="overwrite what is there, the traces too")
