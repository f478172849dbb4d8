"""Verbs about receivers: list, status, load, unload, watch."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from irbpf.engines import ENGINES
from irbpf.errors import Error, Gone
from irbpf.verbs.form import Verbs, counted, emit, progress

LOAD_EXAMPLES = """  irbpf load rc0                               the keymaps that fit it
  irbpf load rc0 hauppauge ./mine.yaml         these
  irbpf load rc0 living-room.irbpf             what irbpf build made
"""


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
        emit(rows)
        return 0
    for row in rows:
        print(f"{row['rc']}: {row['name']} (driver {row['driver']}, rc_map {row['rc_map']}, {row['lirc'] or 'not raw'}) "
              f"keymaps: {', '.join(row['keymaps']) or 'none fits'}")
    if not rows:
        print("no receivers", file=sys.stderr)
    return 0


def do_status(args: argparse.Namespace) -> int:
    from irbpf import discovery
    from irbpf.status import examine

    rows = []
    for receiver in [discovery.receiver(args.rc)] if args.rc else discovery.receivers():
        try:
            rows.append(examine(receiver))
        except Gone:
            if args.rc:
                raise
    if args.json:
        emit(rows)
        return 0
    for row in rows:
        print(f"{row['rc']}: {row['name']}")
        _print_loaded(row)
        for note in row["notes"]:
            print(f"  note: {note}")
    if not rows:
        print("no receivers", file=sys.stderr)
    return 0


def _print_loaded(row: dict[str, Any]) -> None:
    print(f"  keymaps: {', '.join(row['keymaps']) or 'none loaded'}")
    if row["engine"] is not None:
        print(f"  engine: {row['engine']}" + (f", because {row['why']}" if row["why"] else ""))
    if row["server"] is not None:
        print("  served by process {pid}, as {event}: {samples} samples, {events} events, {wakeups} wake-ups".format(**row["server"]))
    print(f"  programs: {', '.join(program['name'] for program in row['programs']) or 'none'}"
          + (f", and {row['foreign']} of other software" if row["foreign"] else ""))
    print(f"  kernel decoders: {' '.join(row['kernel_decoders']) or 'none'}; "
          f"timeout: {'unknown' if row['timeout'] is None else str(row['timeout']) + ' µs'}")


def do_load(args: argparse.Namespace) -> int:
    from irbpf.engines import holding, launch
    from irbpf.service import NothingFits, load_receiver

    by_unit = "NOTIFY_SOCKET" in os.environ
    stays = args.hold or by_unit
    try:
        loaded = load_receiver(args.rc, args.keymap, args.engine, stays, progress("compiling"))
    except NothingFits as error:
        if not by_unit:
            raise
        print(f"irbpf: {error}", file=sys.stderr)
        _notify(error.message)
        return 0
    for warning in loaded.warnings:
        print(f"irbpf: warning: {warning}", file=sys.stderr)
    if loaded.job is not None and not stays:
        launch.spawn(loaded.job)
    if args.json:
        emit({"rc": loaded.rc, "engine": loaded.choice.engine, "why": loaded.choice.why, "keymaps": list(loaded.names),
              "programs": loaded.programs, "keys": loaded.keys, "timeout": loaded.timeout})
    else:
        print(f"{loaded.rc}: {loaded.choice.line}")
        for name, why in zip(loaded.names, loaded.why, strict=False):
            print(f"{loaded.rc}: {name} ({why})")
        print(f"{loaded.rc}: {', '.join(loaded.names)} loaded: {counted(loaded.programs, 'program')}, {counted(loaded.keys, 'key')}, "
              f"timeout {loaded.timeout} µs", flush=True)
    if loaded.job is not None and stays:
        launch.become(loaded.job)
    _notify(f"{loaded.rc}: {', '.join(loaded.names)}")
    if holding.needed(loaded.receiver) and loaded.choice.engine == "kernel":
        if stays:
            holding.become_holder(loaded.receiver)
        print(f"irbpf: warning: the driver {loaded.receiver.driver} listens only while somebody has the receiver open; the service "
              f"irbpf@{loaded.rc} sees to that, and so does irbpf load --hold {loaded.rc}", file=sys.stderr)
    return 0


def _notify(status: str) -> None:
    """Tell systemd that the receiver is ready, where it asked to be told."""
    if "NOTIFY_SOCKET" not in os.environ:
        return
    try:
        from systemd import daemon
    except ImportError as error:
        raise Error("systemd cannot be told that the receiver is ready", "apt install python3-systemd") from error
    daemon.notify(f"READY=1\nSTATUS={status}")


def do_unload(args: argparse.Namespace) -> int:
    from irbpf.service import unload_receiver

    if not unload_receiver(args.rc):
        raise Error(f"nothing of ours is on {args.rc}", "see irbpf status")
    print(f"{args.rc}: nothing of ours is left on it")
    return 0


def do_watch(args: argparse.Namespace) -> int:
    from irbpf.watch import watch

    for line in watch():
        print(line, flush=True)
    return 0


def add(verbs: Verbs) -> None:
    verbs.add("list", do_list, "list the receivers and the keymaps that fit them", as_json=True,
              examples="  irbpf list\n  irbpf list --json | jq -r '.[].rc'\n")
    one = verbs.add("status", do_status, "what is loaded on a receiver", as_json=True, examples="  irbpf status\n  irbpf status rc0 --json\n")
    one.add_argument("rc", nargs="?", help="a receiver, such as rc0 (default: all)")
    one = verbs.add("load", do_load, "give a receiver its keymaps", as_json=True, examples=LOAD_EXAMPLES)
    one.add_argument("rc", help="a receiver, such as rc0")
    one.add_argument("keymap", nargs="*", default=[],  # else argparse says that it is required
                     help="keymaps by name or file, or one file of irbpf build (default: those that fit)")
    one.add_argument("--engine", choices=ENGINES, help="how keys are made (default: the first of these that runs here)")
    one.add_argument("--hold", action="store_true", help="stay, where a process has to: to make the keys, or to keep the receiver open")
    one = verbs.add("unload", do_unload, "take our keymaps back and restore what was there", examples="  irbpf unload rc0\n")
    one.add_argument("rc", help="a receiver, such as rc0")
    verbs.add("watch", do_watch, "load receivers as they are plugged in, without systemd", examples="  irbpf watch &\n")
