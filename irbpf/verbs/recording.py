"""Verbs about signals on their way: record, send."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from irbpf.errors import Error
from irbpf.verbs.form import BUILDING, TEXT, Verbs, counted, lines_of, progress
from irbpf.verbs.values import carrier, percent, positive, repeats, transmitters, whole

if TYPE_CHECKING:
    from irbpf.replay import Player
    from irbpf.send import Settings, Write
    from irbpf.signals import Signal
    from irbpf.transmission import Transmission

RECEIVER = r"rc\d+|/dev/(?!stdin|fd/|shm/)\S+"
LONGEST_HEAD = 1000  # lines

RECORD_EXAMPLES = """  irbpf record rc0 -o tv.trace                all that comes, until Ctrl-C
  irbpf record rc0 --key KEY_POWER --count 3 -o tv/   three presses of one key, a file for each
  ir-ctl -r | irbpf record - -o tv.trace      from another program
"""

SEND_EXAMPLES = """  irbpf send rc0 --keymap sony-tv KEY_POWER            a key of a keymap; of several, one press each
  irbpf send rc0 nec:0x408 --repeats 2                a scancode of a protocol
  irbpf send rc0 nec D=4 F=8 --hold 1.5               its parameters, held for a second and a half
  irbpf send rc0 '+9000 -4500 +560' --carrier 38000   durations
  irbpf send rc0 tv.trace                             a recording, or a file of Pronto hex
  irbpf send rc0 lg.pronto KEY_POWER                  a key of the file that irbpf export --to pronto wrote
"""


def do_record(args: argparse.Namespace) -> int:
    from irbpf.keycodes import number
    from irbpf.record import Store

    if args.key is not None:
        number(args.key)
    if args.seconds is not None and not re.fullmatch(RECEIVER, args.source):
        raise Error("--seconds is for a receiver", "a recording has an end of its own; --count takes so many signals of it")
    if not args.output:
        raise Error("-o names nothing", "a file, a folder, or - for standard output")
    with ExitStack() as stack:
        signals, fields = _source(args, stack)
        store = Store(args.output, fields, args.key, args.force) if args.output != "-" else None
        player = None if args.quiet else _player(stack)
        kept = 0
        error = None
        try:
            for signal in signals:
                where = store.add(signal) if store else None
                if store is None:
                    _print(signal, kept == 0, fields, args.key)
                kept += 1
                if player is not None:
                    print(_described(kept, signal, player, where), file=sys.stderr, flush=True)
                if kept == args.count:
                    break
        except KeyboardInterrupt:
            pass
        except Error as problem:
            error = problem
    if error is not None:
        raise Error(f"{error.message}; {kept} signal{'s were' if kept > 1 else ' was'} kept", error.hint) if kept else error
    if not kept:
        if not re.fullmatch(RECEIVER, args.source):
            raise Error(f"{args.source} has no signals", TEXT)
        raise Error("nothing was heard", "hold the remote close to the receiver; irbpf doctor looks for other reasons")
    return 0


def _print(signal: Signal, first: bool, fields: Mapping[str, str], key: str | None) -> None:
    """One more signal of a trace file on standard output, as soon as it was heard; the carrier is that of the first."""
    from irbpf.record import text

    whole = text([signal], fields, key)
    print(whole if first else whole.splitlines(keepends=True)[-1], end="", flush=True)


def do_send(args: argparse.Namespace) -> int:
    from irbpf import discovery, library
    from irbpf.keymap import load
    from irbpf.send import Settings, frames, send, writes
    from irbpf.transmission import understand

    gap = round(args.gap * 1000)
    presses = understand(args.what, load(library.find(args.keymap)) if args.keymap else None, gap)
    settings = Settings(args.carrier, args.duty_cycle, args.transmitters)
    made = [(one, writes(frames(one, args.repeats, args.hold))) for one in presses]
    if args.dry_run:
        print(_shown(made, settings), end="")
        return 0
    device = args.rc if args.rc.startswith("/dev/") else discovery.receiver(args.rc).lirc
    if device is None:
        raise Error(f"{args.rc} cannot send", "it has no lirc device")
    for warning in send(device, made, settings):
        print(f"irbpf: warning: {warning}", file=sys.stderr)
    return 0


def _shown(presses: Sequence[tuple[Transmission, Sequence[Write]]], settings: Settings) -> str:
    """What would be sent, as text that irbpf decode and irbpf record read: one write a line, with the gap after it."""
    from irbpf.pulses import format_samples, from_durations

    lines = []
    for sent, made in presses:
        carrier = sent.carrier if settings.carrier is None else settings.carrier
        duty = sent.duty_cycle if settings.duty_cycle is None else settings.duty_cycle
        words = [f"carrier: {carrier} Hz" if carrier else "carrier: none" if carrier == 0 else "",
                 f"duty cycle: {duty} %" if duty else "",
                 f"transmitters: {', '.join(map(str, settings.transmitters))}" if settings.transmitters else "",
                 counted(len(made), "write")]
        lines.append(f"# {'; '.join(filter(None, words))}")
        lines += [format_samples(from_durations([*write.durations, write.gap])) for write in made]
    return "\n".join(lines) + "\n"


def _source(args: argparse.Namespace, stack: ExitStack) -> tuple[Iterator[Signal], dict[str, str]]:
    """What comes, and where from."""
    from irbpf import discovery, lirc, record, signals

    gap = round(args.gap * 1000)
    if args.source == "-" or not re.fullmatch(RECEIVER, args.source):
        origin = "standard input" if args.source == "-" else args.source
        head, lines = _headed(lines_of(args.source))
        return signals.of_text(lines, origin, gap), record.imported(origin, head)
    receiver = discovery.receiver(args.source)
    if receiver.lirc is None or not receiver.raw:
        raise Error(f"{receiver.rc} delivers no pulses and spaces", "only raw receivers can be recorded from")
    fd = stack.enter_context(lirc.opened(receiver.lirc))
    stack.enter_context(lirc.patient(fd, gap))
    measured = stack.enter_context(lirc.measuring_carrier(fd, not args.no_carrier))
    if not args.quiet:
        print(f"recording from {receiver.rc} ({receiver.name}); Ctrl-C ends"
              + ("; it measures the carrier, so hold the remote close (--no-carrier: from afar)" if measured else ""), file=sys.stderr)
    return record.heard(fd, gap, args.seconds), record.provenance(receiver, lirc.resolution(fd))


def _headed(lines: Iterator[str]) -> tuple[list[str], Iterator[str]]:
    """The first lines of a text, up to the first with samples, which is as much as says where it comes from; and all lines."""
    head: list[str] = []
    for line in lines:
        head.append(line)
        if line.strip() and not line.startswith("#") or len(head) > LONGEST_HEAD:
            break
    return head, chain(head, lines)


def _player(stack: ExitStack) -> Player:
    from irbpf.replay import Player, of_catalogue

    return stack.enter_context(Player(of_catalogue(progress(BUILDING)), "python"))


def _described(number: int, signal: Signal, player: Player, where: Path | None) -> str:
    """One line about a signal: its size, and what it is read as."""
    from irbpf.replay import readings

    carrier = f", {signal.carrier / 1000:.1f} kHz" if signal.carrier else ""
    lost = ", samples were lost" if signal.overflow else ""
    return (f"{number:3}: {len(signal.samples) - 1} durations in {signal.length / 1000:.0f} ms{carrier}{lost}; "
            f"{readings(player.play(signal.samples)) or 'no protocol of the catalogue'}{f' -> {where}' if where else ''}")


def add(verbs: Verbs) -> None:
    one = verbs.add("record", do_record, "record signals into trace files", examples=RECORD_EXAMPLES)
    one.add_argument("source", metavar="RC|FILE|-", help="a receiver, such as rc0 or /dev/lirc0; a recording; - for standard input")
    one.add_argument("-o", "--output", default="-", metavar="FILE|DIR/",
                     help="one file for all, or a folder with one for each signal (default: -, standard output)")
    one.add_argument("--key", metavar="KEY", help="the key that is pressed; it names the files in a folder")
    one.add_argument("--count", type=whole, metavar="N", help="end after so many signals")
    one.add_argument("--seconds", type=positive, metavar="S", help="end after so many seconds (a receiver only)")
    one.add_argument("--gap", type=positive, default=120, metavar="MS", help="the silence that ends a signal (default: 120 ms, longer than "
                                                                           "the pauses of a held key)")
    one.add_argument("--no-carrier", action="store_true", help="do not measure the carrier, where the receiver could")
    one.add_argument("--force", action="store_true", help="overwrite what is there")
    one.add_argument("--quiet", action="store_true", help="no line for each signal")
    one = verbs.add("send", do_send, "send a key, a scancode, durations or a recording", examples=SEND_EXAMPLES)
    one.add_argument("rc", help="a device with a transmitter, such as rc0 or /dev/lirc1")
    one.add_argument("what", nargs="+", help="keys (with --keymap), PROTOCOL:SCANCODE, PROTOCOL P=V ..., an IRP line and P=V ..., durations, "
                                            "Pronto hex, or a file (and of Pronto hex with names, which); - for standard input")
    one.add_argument("--keymap", help="the keymap that the keys are of")
    held = one.add_mutually_exclusive_group()
    held.add_argument("--repeats", type=repeats, default=0, metavar="N", help="how often each press is repeated")
    held.add_argument("--hold", type=positive, metavar="S", help="hold each key for so many seconds")
    one.add_argument("--carrier", type=carrier, metavar="HZ", help="such as 38000 or 38k; 0 for none (default: the protocol's)")
    one.add_argument("--duty-cycle", type=percent, metavar="PERCENT", help="(default: the protocol's)")
    one.add_argument("--transmitters", type=transmitters, default=(), metavar="N[,N...]", help="only these, the first is 1")
    one.add_argument("--gap", type=positive, default=120, metavar="MS", help="the silence after durations that end with a pulse")
    one.add_argument("--dry-run", action="store_true", help="print what would be sent, one line for each write; touch no device")
