"""The command: verbs, help and exit codes. The only module that prints results or exits; the work is done elsewhere."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from irbpf import __version__
from irbpf.errors import Error

if TYPE_CHECKING:
    from irbpf.replay import Decoder, Event

# Each verb imports what it needs: starting the command must not cost what only another verb uses.

EXAMPLES = """examples:
  irbpf list                                   the receivers of this machine, and the keymaps that fit
  irbpf load rc0                               give rc0 the keymaps that fit it
  irbpf load rc0 hauppauge-grey ./mine.yaml    give it these
  irbpf decode --protocol nec recording.txt    what is in a recording
  irbpf render nec D=4 F=8 | irbpf decode -    there and back
  irbpf check mine.yaml                        is it right?
"""


def _emit(value: Any) -> None:
    print(json.dumps(value))


# -- receivers ------------------------------------------------------------------------------------------------------


def do_list(args: argparse.Namespace) -> int:
    from irbpf import discovery, library

    rows: list[dict[str, Any]] = []
    for receiver in discovery.receivers():
        choices, problems = library.choose(receiver)
        rows.append({"rc": receiver.rc, "name": receiver.name, "driver": receiver.driver, "rc_map": receiver.rc_map,
                     "lirc": receiver.lirc, "event": receiver.event, "raw": receiver.raw,
                     "keymaps": [choice.keymap.name for choice in choices]})
        for problem in problems:
            print(f"irbpf: warning: {problem}", file=sys.stderr)
    if args.json:
        _emit(rows)
        return 0
    for row in rows:
        print(f"{row['rc']}: {row['name']} (driver {row['driver']}, rc_map {row['rc_map']}, {row['lirc'] or 'not raw'}) "
              f"keymaps: {', '.join(row['keymaps']) or 'none fits'}")
    if not rows:
        print("no receivers", file=sys.stderr)
    return 0


def do_status(args: argparse.Namespace) -> int:
    from irbpf import bpf, discovery, lirc
    from irbpf.engines import kernel

    rows = []
    wanted = [discovery.receiver(args.rc)] if args.rc else discovery.receivers()
    for receiver in wanted:
        state = kernel.saved(receiver.rc)
        row: dict[str, Any] = {"rc": receiver.rc, "name": receiver.name, "engine": "kernel" if state else None,
                               "keymaps": state.names if state else [], "programs": [], "foreign": 0,
                               "kernel_decoders": sorted(discovery.read_protocols(receiver.rc)[0]), "timeout": None}
        if receiver.lirc is not None and os.geteuid() == 0:
            with lirc.opened(receiver.lirc) as fd:
                row["timeout"] = lirc.timeout(fd)
                ours = {}
                for pin in (state.pins if state else []):
                    pinned = bpf.open_pinned(kernel.PINS / receiver.rc / pin)
                    number, name = bpf.program_info(pinned)
                    ours[number] = name
                    os.close(pinned)
                ids = bpf.attached(fd) if bpf.probe()["lirc"] is None else []
                row["programs"] = [{"id": number, "name": ours[number]} for number in ids if number in ours]
                row["foreign"] = len([number for number in ids if number not in ours])
        rows.append(row)
    if args.json:
        _emit(rows)
        return 0
    for row in rows:
        print(f"{row['rc']}: {row['name']}")
        print(f"  keymaps: {', '.join(row['keymaps']) or 'none loaded'}")
        print(f"  programs: {', '.join(program['name'] for program in row['programs']) or 'none'}"
              + (f", and {row['foreign']} of other software" if row["foreign"] else ""))
        print(f"  kernel decoders: {' '.join(row['kernel_decoders']) or 'none'}; timeout: {row['timeout']} µs")
    if not rows:
        print("no receivers", file=sys.stderr)
    return 0


def do_load(args: argparse.Namespace) -> int:
    from irbpf.service import load_receiver

    loaded = load_receiver(args.rc, args.keymap)
    for warning in loaded.warnings:
        print(f"irbpf: warning: {warning}", file=sys.stderr)
    if args.json:
        _emit({"rc": loaded.rc, "keymaps": list(loaded.bundle.names), "programs": len(loaded.bundle.objects),
               "keys": len(loaded.bundle.keys), "timeout": loaded.bundle.timeout})
    else:
        for name, why in zip(loaded.bundle.names, loaded.why, strict=False):
            print(f"{loaded.rc}: {name} ({why})")
        print(f"{loaded.rc}: {len(loaded.bundle.objects)} programs, {len(loaded.bundle.keys)} keys, "
              f"timeout {loaded.bundle.timeout} µs")
    _notify(f"{loaded.rc}: {', '.join(loaded.bundle.names)}")
    return 0


def _notify(status: str) -> None:
    """Tell systemd that the receiver is ready, where it asked to be told."""
    if "NOTIFY_SOCKET" not in os.environ:
        return
    try:
        from systemd import daemon
    except ImportError:
        return
    daemon.notify(f"READY=1\nSTATUS={status}")


def do_unload(args: argparse.Namespace) -> int:
    from irbpf.service import unload_receiver

    if not unload_receiver(args.rc):
        raise Error(f"nothing of ours is on {args.rc}", "see irbpf status")
    print(f"{args.rc}: as it was before")
    return 0


def do_watch(args: argparse.Namespace) -> int:
    from irbpf.watch import watch

    for line in watch():
        print(line, flush=True)
    return 0


def do_test(args: argparse.Namespace) -> int:
    from irbpf.live import live

    return live(args.rc, args.keymap)


# -- keymaps and protocols ------------------------------------------------------------------------------------------


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
        _emit(problems)
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


def do_protocols(args: argparse.Namespace) -> int:
    from irbpf.irp.text import layout_text
    from irbpf.protocols import catalogue

    rows: list[dict[str, Any]] = [{"name": one.name, "irp": one.irp.text, "scancode": layout_text(one.scancode), "number": one.number or None,
             "toggle": one.toggle, "parameters": [parameter.name for parameter in one.irp.parameters]}
            for one in catalogue().values()]
    if args.json:
        _emit(rows)
    else:
        for row in rows:
            print(f"{row['name']:12} {row['scancode']:28} {row['irp'][:100]}")
    return 0


def do_render(args: argparse.Namespace) -> int:
    from irbpf.irp.render import press
    from irbpf.protocols import catalogue, define
    from irbpf.pulses import format_samples, from_durations

    protocol = define("given", args.protocol) if args.protocol.startswith("{") else catalogue().get(args.protocol)
    if protocol is None:
        raise Error(f"there is no protocol {args.protocol!r}", "see irbpf protocols, or give an IRP line")
    params = {}
    for pair in args.param:
        name, _, value = pair.partition("=")
        try:
            params[name] = int(value, 0)
        except ValueError:
            raise Error(f"{pair!r} is no parameter", "write NAME=NUMBER, such as D=4 or F=0x1c") from None
    print(format_samples(from_durations(press(protocol.irp, params, args.repeats))))
    return 0


def do_show(args: argparse.Namespace) -> int:
    from irbpf.show import show

    print(show(args.what, args.form))
    return 0


# -- decode ---------------------------------------------------------------------------------------------------------


def _decoders(args: argparse.Namespace) -> list[Decoder]:
    from irbpf import library
    from irbpf.keymap import load
    from irbpf.protocols import catalogue
    from irbpf.replay import of_keymap, of_protocols

    if args.keymap:
        return of_keymap(load(library.find(args.keymap)))
    names = args.protocol.split(",") if args.protocol else list(catalogue())
    for name in names:
        if name not in catalogue():
            raise Error(f"there is no protocol {name!r}", f"one of {', '.join(catalogue())}")
    return of_protocols([catalogue()[name] for name in names])


def event_row(signal: int, event: Event) -> dict[str, Any]:
    """The fixed form of a decoded event."""
    decoded = event.decoded
    return {"signal": signal, "protocol": decoded.protocol, "scancode": f"{decoded.scancode:#x}", "params": dict(decoded.params),
            "toggle": decoded.toggle, "repeat": decoded.repeat, "key": event.key}


def do_decode(args: argparse.Namespace) -> int:
    from irbpf.cache import Cache, default_folder
    from irbpf.pulses import iter_signals
    from irbpf.replay import Player

    signal = 0
    with Player(_decoders(args), args.engine, Cache(default_folder())) as player:
        for name in args.file:
            try:
                stream = sys.stdin if name == "-" else open(name, encoding="utf-8")  # noqa: SIM115
            except OSError as error:
                raise Error(f"{name}: {error.strerror}") from error
            with stream:
                try:
                    for samples in iter_signals(stream, name, args.each_line):
                        for event in player.play(samples):
                            _emit(event_row(signal, event))
                        signal += 1
                except UnicodeDecodeError as error:
                    raise Error(f"{name}: not a text", "a recording is text: pulse 9000 / space 4500, or +9000 -4500 ...") from error
    return 0


def do_doctor(args: argparse.Namespace) -> int:
    from irbpf.doctor import examine

    findings = examine()
    if args.json:
        _emit([{"good": one.good, "what": one.what, "remedy": one.remedy} for one in findings])
    else:
        for one in findings:
            print(f"{'good' if one.good else 'BAD '}  {one.what}" + (f"\n      -> {one.remedy}" if one.remedy else ""))
    return 0


def do_demo(args: argparse.Namespace) -> int:
    from irbpf.demo import demo

    for line in demo():
        print(line, flush=True)
    return 0


# -- the command ----------------------------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="irbpf", description="Infrared protocols in IRP notation, decoded by BPF in the kernel.",
                                  epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    top.add_argument("--version", action="version", version=f"irbpf {__version__}")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, does: object, text: str, *, as_json: bool = False) -> argparse.ArgumentParser:
        one = verbs.add_parser(name, help=text, description=text)
        one.set_defaults(does=does)
        if as_json:
            one.add_argument("--json", action="store_true", help="write JSON")
        return one

    verb("list", do_list, "list the receivers and the keymaps that fit them", as_json=True)
    one = verb("status", do_status, "what is loaded on a receiver", as_json=True)
    one.add_argument("rc", nargs="?", help="a receiver, such as rc0 (default: all)")
    one = verb("load", do_load, "give a receiver its keymaps", as_json=True)
    one.add_argument("rc", help="a receiver, such as rc0")
    one.add_argument("keymap", nargs="*", help="keymaps by name or file, or one file of irbpf build (default: those that fit)")
    one = verb("unload", do_unload, "take our keymaps back and restore what was there")
    one.add_argument("rc")
    verb("watch", do_watch, "load receivers as they are plugged in, without systemd")
    one = verb("test", do_test, "show live what a receiver hears")
    one.add_argument("rc")
    one.add_argument("--keymap", help="show its keys (default: all protocols)")
    one = verb("check", do_check, "check keymaps without touching a device", as_json=True)
    one.add_argument("file", nargs="+")
    one = verb("build", do_build, "compile keymaps into a file that a machine without a compiler loads")
    one.add_argument("keymap", nargs="+")
    one.add_argument("-o", "--output", required=True, metavar="FILE.irbpf")
    one = verb("decode", do_decode, "decode recordings; one JSON line for each event")
    what = one.add_mutually_exclusive_group()
    what.add_argument("--keymap", help="with the protocols and keys of a keymap")
    what.add_argument("--protocol", metavar="NAME[,NAME...]", help="with these protocols (default: the whole catalogue)")
    one.add_argument("--engine", choices=("python", "bpf"), default="python", help="bpf: through this kernel's verifier and JIT (root)")
    one.add_argument("--each-line", action="store_true", help="one signal a line")
    one.add_argument("--json", action="store_true", help="(the output is JSON in any case)")
    one.add_argument("file", nargs="+", help="a recording; - for standard input")
    one = verb("render", do_render, "what a remote sends")
    one.add_argument("protocol", help="a name, or an IRP line")
    one.add_argument("param", nargs="*", metavar="P=V")
    one.add_argument("--repeats", type=int, default=0)
    one = verb("show", do_show, "a protocol, stage by stage")
    one.add_argument("what", help="a protocol's name or an IRP line")
    form = one.add_mutually_exclusive_group()
    for name in ("irp", "automaton", "c", "asm"):
        form.add_argument(f"--{name}", dest="form", action="store_const", const=name)
    one.set_defaults(form="irp")
    verb("protocols", do_protocols, "list the catalogue", as_json=True)
    verb("doctor", do_doctor, "what this machine can do, and what would make it better", as_json=True)
    verb("demo", do_demo, "a recorded key press through a BPF decoder in this kernel")
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """0 done, 1 failed, 2 wrong usage."""
    args = parser().parse_args(argv)
    try:
        return int(args.does(args))
    except Error as error:
        print(f"irbpf: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
