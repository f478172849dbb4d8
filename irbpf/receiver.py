"""A receiver as udev and sysfs describe it: a plain value. It finds nothing and opens nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Receiver:
    """One rc device (`/sys/class/rc/rcN`).

    `name` is DEV_NAME, `driver` DRV_NAME, `rc_map` the kernel's default table (NAME in the rc uevent); `bus`, `vendor`,
    `product` are the input ids, 0 where there is no input device; `path` is udev's ID_PATH or ""; `lirc` and `event` are the
    device nodes (`/dev/lirc0`, `/dev/input/event3`) or None while they are missing. `raw` says that it delivers pulses and spaces.
    """

    rc: str
    name: str
    driver: str
    rc_map: str
    bus: int = 0
    vendor: int = 0
    product: int = 0
    path: str = ""
    lirc: str | None = None
    event: str | None = None
    raw: bool = True
