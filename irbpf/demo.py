"""The demonstration: a recorded press, through a BPF decoder in this kernel, out as a key."""

from __future__ import annotations

import select
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

from irbpf import keycodes, trace, uinput
from irbpf.cache import Cache, default_folder
from irbpf.errors import Error
from irbpf.paths import data
from irbpf.protocols import catalogue
from irbpf.pulses import format_samples
from irbpf.replay import Player, of_protocols

KEY = "KEY_1"
PATIENCE_S = 2.0


def demo() -> Iterator[str]:
    """Lines for a person. Needs root and bcc; an evdev device is made where uinput is there."""
    recorded = trace.read(data("keymaps", "demo.trace"))
    if not recorded.expect:
        raise Error(f"{data('keymaps', 'demo.trace')} says nothing of what it holds", "install irbpf anew")
    sent = recorded.expect[0]
    yield f"recorded:  {format_samples(recorded.samples)[:70]}..."
    yield f"sent by:   {recorded.provenance.get('sent by', 'nobody knows')}"
    protocol = catalogue()[sent.protocol]
    yield f"protocol:  {protocol.irp.text}"
    plain = of_protocols([protocol])[0]
    with Player([replace(plain, keys={sent.scancode: KEY})], "bpf", Cache(default_folder())) as player:
        batches = player.batches[0]
        yield f"decoder:   compiled by bcc, accepted by this kernel's verifier, program id {batches.program.id}"
        events = player.play(recorded.samples)
        yield f"decoded:   {len(events)} events from {batches.samples} samples, {batches.nanoseconds / max(1, batches.samples):.1f} ns a sample"
    for event in events:
        yield f"key:       {event.key} (scancode {event.decoded.scancode:#x}{', held' if event.decoded.repeat else ''})"
    if trace.presses(event.decoded for event in events) != (sent,):
        raise Error(f"the decoder should have said {sent}", "this is a mistake in irbpf; please report it")
    yield f"evdev:     {_evdev(KEY)}"


def _evdev(key: str) -> str:
    """The key through a real input device, read back, where this kernel has uinput."""
    from evdev import InputDevice, ecodes

    code = keycodes.number(key)
    try:
        made = uinput.Device(uinput.Looks("irbpf demo", ecodes.BUS_VIRTUAL, 0, 0, 1, "irbpf/demo"), [code])
    except Error as error:
        return f"no input device is made here: {error}"
    node = made.node
    with closing(made), closing(InputDevice(node)) as reader:
        for value in (1, 0):
            made.write([(ecodes.EV_KEY, code, value), (ecodes.EV_SYN, 0, 0)])
        said: list[str] = []
        while len(said) < 2 and select.select([reader.fd], [], [], PATIENCE_S)[0]:
            said += [f"{keycodes.name(one.code)} {'down' if one.value else 'up'}" for one in reader.read() if one.type == ecodes.EV_KEY]
    return f"{node} said {', '.join(said) or 'nothing'}"
