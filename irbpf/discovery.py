"""Which receivers there are: sysfs and udev. It changes nothing but the list of protocols that the kernel decodes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from irbpf.errors import Error
from irbpf.receiver import Receiver

RC = Path("/sys/class/rc")
_NAME = re.compile(r"rc\d+")


def receivers() -> list[Receiver]:
    """All receivers, in the order of their numbers; one that disappears meanwhile is left out."""
    try:
        names = sorted((name for name in os.listdir(RC) if _NAME.fullmatch(name)), key=lambda name: int(name[2:]))
    except FileNotFoundError:
        return []
    found = []
    for name in names:
        try:
            found.append(read_receiver(name))
        except FileNotFoundError:
            continue
    return found


def receiver(name: str) -> Receiver:
    """The receiver `rcN`, or the one that a /dev/lircN belongs to."""
    present = receivers()
    for one in present:
        if name in (one.rc, one.lirc, one.event):
            return one
    there = ", ".join(one.rc for one in present) or "none at all"
    raise Error(f"there is no receiver {name}", f"there are: {there}")


def read_receiver(name: str) -> Receiver:
    folder = RC / name
    values = _uevent(folder / "uevent")
    event, ids = _input(folder)
    lirc = next((f"/dev/{child.name}" for child in folder.glob("lirc*")), None)
    return Receiver(name, values.get("DEV_NAME", ""), values.get("DRV_NAME", ""), values.get("NAME", ""), *ids,
                    path=_id_path(folder), lirc=lirc, event=event, raw=(folder / "protocols").exists() and lirc is not None)


def _uevent(path: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)


def _input(folder: Path) -> tuple[str | None, tuple[int, int, int]]:
    for child in folder.glob("input*"):
        event = next((f"/dev/input/{one.name}" for one in child.glob("event*")), None)
        try:
            bus, vendor, product = (int((child / "id" / part).read_text(), 16) for part in ("bustype", "vendor", "product"))
        except FileNotFoundError:
            continue
        return event, (bus, vendor, product)
    return None, (0, 0, 0)


def _id_path(folder: Path) -> str:
    """udev's ID_PATH, from its database; "" where udev does not run."""
    try:
        import pyudev
    except ImportError:
        return ""
    try:
        device = pyudev.Devices.from_path(pyudev.Context(), str(folder.resolve()))
        for one in (device, *device.children):
            if value := one.properties.get("ID_PATH"):
                return str(value)
    except (pyudev.DeviceNotFoundError, OSError):
        pass
    return ""


def read_protocols(name: str) -> tuple[set[str], set[str]]:
    """What the kernel itself decodes on the receiver: (enabled, available)."""
    try:
        words = (RC / name / "protocols").read_text().split()
    except OSError as error:
        raise Error(f"{name}: the receiver is gone") from error
    return {word.strip("[]") for word in words if word[0] == "["}, {word.strip("[]") for word in words}


def write_protocols(name: str, enabled: set[str]) -> None:
    """Say what the kernel decodes. That resets the receiver's timeout (rc/rc-ir-raw.c).

    A name without a sign takes all others away (rc/rc-main.c, parse_protocol_change), hence the signs.
    """
    try:
        (RC / name / "protocols").write_text(" ".join(["none", *(f"+{one}" for one in sorted(enabled))]))
    except OSError as error:
        raise Error(f"{name}: its protocols cannot be set: {error.strerror}", "run it as root") from error


def monitor() -> Iterator[tuple[str, str]]:
    """(action, rcN) whenever a receiver's event node comes or its rc device goes; the event node is the last to come."""
    import pyudev

    watched = pyudev.Monitor.from_netlink(pyudev.Context())
    watched.filter_by("input")
    watched.filter_by("rc")
    watched.start()
    device: pyudev.Device
    for device in iter(watched.poll, None):
        found = re.search(r"/rc/(rc\d+)", device.device_path)
        if found is None:
            continue
        if device.action == "add" and device.sys_name.startswith("event"):
            yield "add", found[1]
        elif device.action == "remove" and device.subsystem == "rc":
            yield "remove", found[1]
