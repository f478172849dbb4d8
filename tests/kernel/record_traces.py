"""Run inside the test kernel: records what ir-ctl sends over rc-loopback, as trace files in the folder shared with the host."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

from irbpf import lirc, trace
from irbpf.pulses import Kind, Sample
from tests.kernel.guest.conftest import JOB, plug

# protocol of the catalogue: what ir-ctl calls it, and scancodes (the toggle is left out by both)
SENT: dict[str, tuple[str, tuple[int, ...]]] = {
    "nec": ("nec", (0x408, 0x0, 0xFF00, 0x1DE2)), "necx": ("necx", (0x866B45, 0x070702, 0x40BE12, 0x102030, 0xFF1213)),
    "nec32": ("nec32", (0x87EED102, 0x12345678)), "rc5": ("rc5", (0x1E3B, 0x0, 0x1F7F, 0x0C)),
    "rc5x_20": ("rc5x_20", (0x123456 & 0x1F7F3F, 0x010203, 0x1F7F3F)), "rc5_sz": ("rc5_sz", (0x28C5, 0x123, 0x2FFF)),
    "rc6_0": ("rc6_0", (0x000C, 0x1234, 0xFFFF, 0x0401)), "rc6_6a_20": ("rc6_6a_20", (0x12345, 0xFFFFF, 0x1)),
    "rc6_6a_24": ("rc6_6a_24", (0x123456, 0xE60382, 0x1)), "rc6_6a_32": ("rc6_6a_32", (0x12345678, 0x800E040D, 0x1)),
    "rc6_mce": ("rc6_mce", (0x800F040D, 0x800F0400, 0x80460002, 0x800F7422)), "sony12": ("sony12", (0x10015, 0x110002, 0x1F007F)),
    "sony15": ("sony15", (0xA40015, 0xFF007F, 0x10001)), "sony20": ("sony20", (0x1AAB15, 0x1FFF7F, 0x20201)),
    "jvc": ("jvc", (0x317, 0xFFFF, 0x4303, 0x233D)), "sanyo": ("sanyo", (0x1D8100 >> 0 & 0x1FFFFF, 0x6E00, 0x1C1E55)),
    "sharp": ("sharp", (0x114A, 0x279, 0x1FFF, 0x35A)), "rcmm12": ("rcmm12", (0x123, 0xFFF, 0x801)),
    "rcmm24": ("rcmm24", (0xE0023, 0x123456, 0xFFFFFF)), "rcmm32": ("rcmm32", (0x28E02600, 0x20B02431, 0x12345678 & ~0x8000)),
}


def record(path: str, protocol: str, scancode: int) -> list[Sample]:
    got: list[Sample] = []
    with lirc.opened(path) as fd:
        lirc.set_timeout(fd, 125_000)

        def listen() -> None:
            for sample in lirc.samples(fd, 3):
                if got or sample.kind == Kind.PULSE:
                    got.append(sample)
                if sample.kind == Kind.TIMEOUT and got:
                    return

        listener = threading.Thread(target=listen)
        listener.start()
        subprocess.run(["/usr/bin/ir-ctl", "-d", path, "-S", f"{protocol}:{scancode:#x}"], check=True)
        listener.join()
    return got


def main() -> None:
    version = subprocess.run(["/usr/bin/ir-ctl", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    receiver = plug()
    out = Path(JOB) / "traces"
    out.mkdir()
    for name, (called, scancodes) in SENT.items():
        for scancode in scancodes:
            samples = record(str(receiver.lirc), called, scancode)
            trace.write(out / f"{name}-{scancode:x}.trace", samples, [f"{name}:{scancode:#x}"],
                        {"sent by": f"{version}, ir-ctl -S {called}:{scancode:#x}",
                         "recorded": "2026-11-24 from /dev/lirc0 of rc-loopback, Linux 6.1, timeout 125000 µs"})


if __name__ == "__main__":
    main()
