"""The demonstration: a recorded press, through a BPF decoder in this kernel, out as a key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from irbpf import keycodes
from irbpf.cache import Cache, default_folder
from irbpf.errors import Error
from irbpf.protocols import catalogue
from irbpf.pulses import format_samples, parse_samples
from irbpf.replay import Player, of_protocols

KEYS = {0x408: "KEY_1"}
# A press of NEC 4, 8, held for one repeat, as ir-ctl's encoder sends it (v4l-utils 1.22, nec:0x408) and its repeat.
RECORDED = ("+9000 -4500 +562 -562 +562 -562 +562 -1687 +562 -562 +562 -562 +562 -562 +562 -562 +562 -562 +562 -1687 +562 -1687 "
            "+562 -562 +562 -1687 +562 -1687 +562 -1687 +562 -1687 +562 -1687 +562 -562 +562 -562 +562 -562 +562 -1687 +562 -562 "
            "+562 -562 +562 -562 +562 -562 +562 -1687 +562 -1687 +562 -1687 +562 -562 +562 -1687 +562 -1687 +562 -1687 +562 -1687 "
            "+562 -40000 +9000 -2250 +562 -96000")


def demo() -> Iterator[str]:
    """Lines for a person. Needs root and bcc; an evdev device is made where uinput is there."""
    samples = parse_samples(RECORDED, "demo")
    yield f"recorded:  {format_samples(samples)[:70]}..."
    protocol = catalogue()["nec"]
    yield f"protocol:  {protocol.irp.text}"
    plain = of_protocols([protocol])[0]
    with Player([replace(plain, keys=KEYS)], "bpf", Cache(default_folder())) as player:
        batches = player.batches[0]
        yield f"decoder:   compiled by bcc, accepted by this kernel's verifier, program id {batches.program.id}"
        events = player.play(samples)
        if not events:
            raise Error("the decoder said nothing", "this is a mistake in irbpf")
        yield f"decoded:   {len(events)} events from {batches.samples} samples, {batches.nanoseconds / batches.samples:.1f} ns a sample"
    for event in events:
        yield f"key:       {event.key} (scancode {event.decoded.scancode:#x}{', held' if event.decoded.repeat else ''})"
    yield _evdev(str(events[0].key))


def _evdev(key: str) -> str:
    """The key through a real input device, read back, where this kernel has uinput."""
    if not Path("/dev/uinput").exists():
        return "evdev:     this kernel has no /dev/uinput (modprobe uinput), so no input device is made"
    from evdev import InputDevice, UInput, ecodes

    code = keycodes.number(key)
    with UInput({ecodes.EV_KEY: [code]}, name="irbpf demo") as made:
        reader = InputDevice(made.device.path)
        made.write(ecodes.EV_KEY, code, 1)
        made.write(ecodes.EV_KEY, code, 0)
        made.syn()
        for event in reader.read_loop():
            if event.type == ecodes.EV_KEY:
                return f"evdev:     {reader.path} said {keycodes.name(event.code)} {'down' if event.value else 'up'}"
    return ""
