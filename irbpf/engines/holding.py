"""Receivers whose drivers listen only while somebody has the lirc or the input device open. It loads nothing.

Whoever reads keys has the input device open, so keys are not lost for want of this; but a receiver that is switched on by the first
reader takes its time, and until then no decoder of ours sees a pulse.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from irbpf.errors import Error, Gone
from irbpf.receiver import Receiver

# Linux 6.1: raw receivers with rc_dev.open, by driver name
DRIVERS = frozenset({"ene_ir", "fintek-cir", "hix5hd2-ir", "iguanair", "ite-cir",
                     "nuvoton-cir", "serial_ir", "st-rc", "cx23885", "cx88xx", "saa7134"})
IDLE = "/usr/bin/sleep"


def needed(receiver: Receiver) -> bool:
    return receiver.driver in DRIVERS and receiver.raw


def hold(receiver: Receiver) -> int:
    """The fd that keeps it listening."""
    try:
        return os.open(str(receiver.event), os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise Gone(f"{receiver.rc}: the receiver is gone") from error


def become_holder(receiver: Receiver) -> None:
    """Turn this process into a tiny one that does nothing but keep the receiver listening, until it is ended."""
    fd = hold(receiver)
    os.set_inheritable(fd, True)
    try:
        os.execv(IDLE, [f"irbpf keeps {receiver.rc} listening", "infinity"])
    except OSError as error:
        raise Error(f"{IDLE}: {error.strerror}", "install coreutils") from error


def holders(receiver: Receiver) -> list[int]:
    """The processes that have the receiver open. Those of other users are seen by root only."""
    nodes = {receiver.lirc, receiver.event}
    return [pid for pid in _processes() if any(target in nodes for target in _open_files(pid))]


def _processes() -> list[int]:
    return sorted(int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())


def _open_files(pid: int) -> Iterable[str]:
    with suppress(OSError):
        for path in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                yield os.readlink(path)
