"""The live view: what a receiver hears, what it means, and which key it is. It changes nothing on the receiver."""

from __future__ import annotations

from irbpf import discovery, library, lirc
from irbpf.errors import Error
from irbpf.keymap import load
from irbpf.protocols import catalogue
from irbpf.pulses import Kind, Sample, format_samples
from irbpf.replay import Player, of_keymap, of_protocols

LONG_US = 100_000


def live(rc: str, keymap: str | None) -> int:
    """Prints each signal, until interrupted or unplugged."""
    receiver = discovery.receiver(rc)
    if receiver.lirc is None:
        raise Error(f"{receiver.rc} delivers no pulses and spaces", "only raw receivers can be listened to")
    decoders = of_keymap(load(library.find(keymap))) if keymap else of_protocols(list(catalogue().values()))
    print(f"listening on {receiver.rc} ({receiver.name}); Ctrl-C ends", flush=True)
    with Player(decoders, "python") as player, lirc.opened(receiver.lirc) as fd:
        signal: list[Sample] = []
        for sample in lirc.samples(fd):
            if not signal and sample.kind != Kind.PULSE:
                continue
            signal.append(sample)
            if sample.kind == Kind.TIMEOUT or (sample.kind == Kind.SPACE and sample.duration > LONG_US):
                show(player, signal)
                signal = []
    return 0


def show(player: Player, signal: list[Sample]) -> None:
    print(format_samples(signal))
    events = player.play(signal)
    for event in events:
        decoded = event.decoded
        params = " ".join(f"{name}={value}" for name, value in decoded.params.items())
        print(f"  {decoded.protocol} {decoded.scancode:#x} {params} {event.key or ''}{' (held)' if decoded.repeat else ''}", flush=True)
    if not events:
        print("  no protocol", flush=True)
