"""Run inside the test kernel: records what the kernel's own encoder sends for protocols that ir-ctl cannot, as trace files."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

from irbpf import lirc, trace
from irbpf.pulses import Kind, Sample
from irbpf.receiver import Receiver
from tests.kernel.guest.conftest import JOB, plug
from tests.kernel.guest.test_keymaps import MCIR2_KBD, MCIR2_MSE, send_scancode

# name of the trace: protocol and scancode; what the decoder must say is in the trace
SENT = {f"mce_kbd-key-{code:x}": (MCIR2_KBD, code) for code in (0x000400, 0x000402, 0x002C00, 0x0000E1, 0x050400, 0)} | {
    f"mce_kbd-mouse-{code:x}": (MCIR2_MSE, code) for code in (0x20, 0x40, 0x80, 0x1FFF80, 0x1E4280, 0x60)}


def record(receiver: Receiver, protocol: int, scancode: int) -> list[Sample]:
    got: list[Sample] = []
    assert receiver.lirc is not None
    with lirc.opened(receiver.lirc) as fd:
        lirc.set_timeout(fd, 125_000)

        def listen() -> None:
            for sample in lirc.samples(fd, 3):
                if got or sample.kind == Kind.PULSE:
                    got.append(sample)
                if sample.kind == Kind.TIMEOUT and got:
                    return

        listener = threading.Thread(target=listen)
        listener.start()
        send_scancode(receiver, protocol, scancode)
        listener.join()
    return got


def main() -> None:
    release = subprocess.run(["/bin/uname", "-r"], capture_output=True, text=True, check=True).stdout.strip()
    receiver = plug()
    out = Path(JOB) / "traces"
    out.mkdir()
    for name, (protocol, scancode) in SENT.items():
        trace.write(out / f"{name}.trace", record(receiver, protocol, scancode), [f"mce_kbd:{scancode:#x}"],
                    {"sent by": f"Linux {release}, LIRC_MODE_SCANCODE, enum rc_proto {protocol}, scancode {scancode:#x}",
                     "recorded": "2026-11-24 from /dev/lirc0 of rc-loopback, timeout 125000 µs"})


if __name__ == "__main__":
    main()
