"""Verbs that go on until they are interrupted and show what happens: test."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from irbpf.errors import Error
from irbpf.verbs.form import BUILDING, Verbs, progress
from irbpf.verbs.values import whole

if TYPE_CHECKING:
    from irbpf.live import View
    from irbpf.receiver import Receiver


def do_test(args: argparse.Namespace) -> int:
    from irbpf import discovery, library, lirc
    from irbpf.keymap import load
    from irbpf.live import View
    from irbpf.replay import Player, of_catalogue, of_keymap

    receiver = discovery.receiver(args.rc)
    decoders = of_keymap(load(library.find(args.keymap))) if args.keymap else of_catalogue(progress(BUILDING))
    with ExitStack() as stack:
        view = View(receiver, stack.enter_context(Player(decoders, "python", compete=not args.keymap)), *_loaded(receiver))
        fd = stack.enter_context(lirc.opened(receiver.lirc)) if receiver.lirc is not None and receiver.raw else None
        devices = _devices(receiver, stack)
        if fd is None and not devices:
            raise Error(f"{receiver.rc} has neither a lirc nor an input device", "see irbpf doctor")
        _shown(view, fd, devices, args.count, args.plain)
    return 0


def _devices(receiver: Receiver, stack: ExitStack) -> dict[int, Any]:
    """The input devices that give the receiver's keys, opened, by their fds: rc-core's, and that of the userspace engine if it runs."""
    from irbpf.engines import control, kernel

    state = kernel.saved(receiver.rc)
    server = control.call(receiver.rc, "status") if state is not None and state.engine != "kernel" else None
    paths = [path for path in (receiver.event, None if server is None else server["event"]) if path is not None]
    if not paths:
        return {}
    from evdev import InputDevice

    devices = {}
    for path in paths:
        try:
            device = InputDevice(path)
        except OSError as error:
            raise Error(f"{path}: {error.strerror}", "run it as root") from error
        stack.callback(device.close)
        devices[device.fd] = device
    return devices


def _loaded(receiver: Receiver) -> tuple[tuple[str, ...], str]:
    """The keymaps on it, and the engine that makes their keys."""
    from irbpf.engines import kernel

    state = kernel.saved(receiver.rc)
    return (tuple(state.names), state.engine) if state else ((), "")


def _shown(view: View, fd: int | None, devices: dict[int, Any], count: int | None, plain: bool) -> None:
    screen = None
    if sys.stdout.isatty() and not plain:
        try:
            from irbpf.liveview import Screen

            screen = Screen(view)
        except ImportError:
            print("irbpf: python3-rich is not installed, so here are plain lines", file=sys.stderr)
    if screen is None:
        _plain(view, fd, devices, count)
        return
    from rich.live import Live

    from irbpf.live import watch

    with Live(screen, auto_refresh=False, screen=True) as live:
        try:
            for _ in watch(view, fd, devices):
                live.refresh()
                if _enough(view, count):
                    break
        except KeyboardInterrupt:
            pass


def _enough(view: View, count: int | None) -> bool:
    return count is not None and view.counts["complete"] >= count


def _plain(view: View, fd: int | None, devices: dict[int, Any], count: int | None) -> None:
    from irbpf.live import watch
    from irbpf.plot_text import waveform

    one, done = view.receiver, 0
    print(f"{one.rc}: {one.name} (driver {one.driver}); {view.loaded_text}; Ctrl-C ends", flush=True)
    try:
        for said in watch(view, fd, devices):
            if said is not None:
                print(f"  input device: {said}", flush=True)
            for row in [row for row in view.rows if row.complete and row.number > done]:
                done = row.number
                print(f"{row.number:3}: {waveform(row.drawing, 100)}\n     {row.reading or 'no protocol knows it'}", flush=True)
            if _enough(view, count):
                break
    except KeyboardInterrupt:
        pass


def add(verbs: Verbs) -> None:
    one = verbs.add("test", do_test, "show live what a receiver hears, what it means, and what its input device says",
                    examples="  irbpf test rc0\n  irbpf test rc0 --keymap hauppauge --count 3\n")
    one.add_argument("rc", help="a receiver, such as rc0")
    one.add_argument("--keymap", help="read with this keymap, and show its keys (default: all protocols)")
    one.add_argument("--count", type=whole, metavar="N", help="end after so many signals")
    one.add_argument("--plain", action="store_true", help="plain lines, as when standard output is no terminal")
