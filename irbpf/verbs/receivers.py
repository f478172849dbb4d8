"""Verbs about receivers: list, status, load, unload, watch, test."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from irbpf.errors import Error
from irbpf.verbs.form import Verbs, emit


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
        emit(rows)
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
        emit({"rc": loaded.rc, "keymaps": list(loaded.bundle.names), "programs": len(loaded.bundle.objects),
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


def add(verbs: Verbs) -> None:
    verbs.add("list", do_list, "list the receivers and the keymaps that fit them", as_json=True)
    one = verbs.add("status", do_status, "what is loaded on a receiver", as_json=True)
    one.add_argument("rc", nargs="?", help="a receiver, such as rc0 (default: all)")
    one = verbs.add("load", do_load, "give a receiver its keymaps", as_json=True)
    one.add_argument("rc", help="a receiver, such as rc0")
    one.add_argument("keymap", nargs="*", help="keymaps by name or file, or one file of irbpf build (default: those that fit)")
    one = verbs.add("unload", do_unload, "take our keymaps back and restore what was there")
    one.add_argument("rc", help="a receiver, such as rc0")
    verbs.add("watch", do_watch, "load receivers as they are plugged in, without systemd")
    one = verbs.add("test", do_test, "show live what a receiver hears")
    one.add_argument("rc", help="a receiver, such as rc0")
    one.add_argument("--keymap", help="show its keys (default: all protocols)")
