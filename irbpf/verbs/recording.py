"""Verbs about signals on their way: record."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from irbpf.errors import Error
from irbpf.verbs.form import Verbs

if TYPE_CHECKING:
    from irbpf.replay import Player
    from irbpf.signals import Signal

RECORD_EXAMPLES = """  irbpf record rc0 -o tv.trace                all that comes, until Ctrl-C
  irbpf record rc0 --key KEY_POWER --count 3 -o tv/   three presses of one key, a file for each
  ir-ctl -r | irbpf record - -o tv.trace      from another program
"""


def do_record(args: argparse.Namespace) -> int:
    from irbpf.keycodes import number
    from irbpf.record import Store, text

    if args.key is not None:
        number(args.key)
    with ExitStack() as stack:
        signals, fields = _source(args, stack)
        store = Store(args.output, fields, args.key, args.force) if args.output else None
        player = None if args.quiet else _player(stack)
        kept: list[Signal] = []
        error = None
        try:
            for signal in signals:
                kept.append(signal)
                where = store.add(signal) if store else None
                if player is not None:
                    print(_described(len(kept), signal, player, where), file=sys.stderr, flush=True)
                if len(kept) == args.count:
                    break
        except KeyboardInterrupt:
            pass
        except Error as problem:
            error = problem
    if kept and store is None:
        sys.stdout.write(text(kept, fields, args.key))
    if error is not None:
        raise Error(f"{error.message}; {len(kept)} signals were kept", error.hint) if kept else error
    if not kept:
        raise Error("nothing was heard", "hold the remote close to the receiver; irbpf doctor looks for other reasons")
    return 0


def _source(args: argparse.Namespace, stack: ExitStack) -> tuple[Iterator[Signal], dict[str, str]]:
    """What comes, and where from."""
    from irbpf import discovery, lirc, record, signals

    gap = round(args.gap * 1000)
    if args.source == "-" or not re.fullmatch(r"rc\d+|/dev/\S+", args.source):
        origin = "standard input" if args.source == "-" else args.source
        try:
            stream = sys.stdin if args.source == "-" else stack.enter_context(open(args.source, encoding="utf-8"))
        except OSError as error:
            raise Error(f"{args.source}: {error.strerror}", "name a receiver (irbpf list), a file, or - for standard input") from error
        return signals.of_text(stream, origin, gap), record.imported(origin)
    receiver = discovery.receiver(args.source)
    if receiver.lirc is None or not receiver.raw:
        raise Error(f"{receiver.rc} delivers no pulses and spaces", "only raw receivers can be recorded from")
    fd = stack.enter_context(lirc.opened(receiver.lirc))
    measured = stack.enter_context(lirc.measuring_carrier(fd, not args.no_carrier))
    if not args.quiet:
        print(f"recording from {receiver.rc} ({receiver.name}); Ctrl-C ends"
              + ("; it measures the carrier, so hold the remote close (--no-carrier: from afar)" if measured else ""), file=sys.stderr)
    return record.heard(fd, gap, args.seconds), record.provenance(receiver, lirc.resolution(fd))


def _player(stack: ExitStack) -> Player:
    from irbpf.protocols import catalogue
    from irbpf.replay import Player, of_protocols

    return stack.enter_context(Player(of_protocols(list(catalogue().values())), "python"))


def _described(number: int, signal: Signal, player: Player, where: Path | None) -> str:
    """One line about a signal: its size, and what it is read as."""
    from irbpf.replay import readings

    carrier = f", {signal.carrier / 1000:.1f} kHz" if signal.carrier else ""
    lost = ", samples were lost" if signal.overflow else ""
    return (f"{number:3}: {len(signal.samples) - 1} durations in {signal.length / 1000:.0f} ms{carrier}{lost}; "
            f"{readings(player.play(signal.samples)) or 'no protocol of the catalogue'}{f' -> {where}' if where else ''}")


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e6:
        raise ValueError
    return value


def _count(text: str) -> int:
    if (value := int(text)) < 1:
        raise ValueError
    return value


_positive.__name__, _count.__name__ = "positive number", "count of at least 1"


def add(verbs: Verbs) -> None:
    one = verbs.add("record", do_record, "record signals into trace files", examples=RECORD_EXAMPLES)
    one.add_argument("source", metavar="RC|FILE|-", help="a receiver, such as rc0 or /dev/lirc0; a recording; - for standard input")
    one.add_argument("-o", "--output", metavar="FILE|DIR/", help="one file for all, or a folder with one for each signal (default: standard output)")
    one.add_argument("--key", metavar="KEY", help="the key that is pressed; it names the files in a folder")
    one.add_argument("--count", type=_count, metavar="N", help="end after so many signals")
    one.add_argument("--seconds", type=_positive, metavar="S", help="end after so many seconds (a receiver only)")
    one.add_argument("--gap", type=_positive, default=120, metavar="MS", help="the silence that ends a signal (default: 120 ms, longer than "
                                                                           "the pauses of a held key)")
    one.add_argument("--no-carrier", action="store_true", help="do not measure the carrier, where the receiver could")
    one.add_argument("--force", action="store_true", help="overwrite what is there")
    one.add_argument("--quiet", action="store_true", help="no line for each signal")
