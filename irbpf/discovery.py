"""Which receivers there are: sysfs and udev. It changes nothing but the list of protocols that the kernel decodes."""

from __future__ import annotations

import os
import re
import select
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from irbpf.errors import Error, Gone
from irbpf.receiver import Receiver

if TYPE_CHECKING:
    import pyudev

RC = Path("/sys/class/rc")
SETTLE_SECONDS = 10
_NAME = re.compile(r"rc\d+")


def names() -> list[str]:
    """rcN of all rc devices, in the order of their numbers."""
    try:
        return sorted((name for name in os.listdir(RC) if _NAME.fullmatch(name)), key=lambda name: int(name[2:]))
    except FileNotFoundError:
        return []


def receivers() -> list[Receiver]:
    """All receivers, in the order of their numbers; one that disappears meanwhile is left out."""
    found = []
    for name in names():
        with suppress(Gone):
            found.append(read_receiver(name))
    return found


def receiver(name: str) -> Receiver:
    """The receiver `rcN`, or the one that a /dev/lircN or /dev/input/eventN belongs to."""
    if _NAME.fullmatch(name) and (RC / name).exists():
        return read_receiver(name)
    present = receivers()
    for one in present:
        if name in (one.lirc, one.event):
            return one
    there = ", ".join(one.rc for one in present)
    shown = name if name.isprintable() and 0 < len(name) < 100 else repr(name[:100])
    raise Error(f"there is no receiver {shown}", f"there are: {there}" if there else "this machine has none; see irbpf doctor")


def only_sends(one: Receiver) -> bool:
    """Whether it is no receiver at all, but a transmitter: for those rc-core makes no input device and nothing that decodes."""
    return one.lirc is not None and (RC / one.rc).exists() and not (RC / one.rc / "protocols").exists()


def settled(name: str) -> Receiver:
    """The receiver, once udev is done with it: its nodes and its ID_PATH are there, and what other rules do to it is done."""
    one = receiver(name)
    if udev_runs() and not _initialised(one):
        import subprocess

        subprocess.run(["udevadm", "settle", f"--timeout={SETTLE_SECONDS}"], check=False)
        one = receiver(one.rc)
    return one


def udev_runs() -> bool:
    """Whether somebody listens at its socket, which stays when udevd ends."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as control:
        try:
            control.connect("/run/udev/control")
        except PermissionError:  # for root only, so it is there
            return True
        except OSError:
            return False
    return True


def _initialised(one: Receiver) -> bool:
    import pyudev

    if one.event is None or one.lirc is None:
        return False
    try:
        nodes = [pyudev.Devices.from_device_file(pyudev.Context(), path) for path in (one.event, one.lirc)]
    except (pyudev.DeviceNotFoundError, OSError, ValueError):
        return False
    return all(bool(node.is_initialized) for node in nodes)


def identity(name: str) -> int:
    """A number that no other receiver has had or will have since the machine started."""
    try:
        return os.stat(RC / name / "uevent").st_ino
    except OSError as error:
        raise Gone(f"{name}: the receiver is gone") from error


def event_nodes(name: str) -> list[Path]:
    """The sysfs folders of its input event nodes, which are the last to come; `Gone` when it disappears meanwhile."""
    try:
        return sorted((RC / name).glob("input*/event*"))
    except OSError as error:
        raise Gone(f"{name}: the receiver is gone") from error


def read_receiver(name: str) -> Receiver:
    """What sysfs and udev say of `rcN`; `Gone` when it disappears meanwhile."""
    folder = RC / name
    try:
        values = _uevent(folder / "uevent")
        event, ids = _input(folder)
        lirc = next((f"/dev/{child.name}" for child in folder.glob("lirc*")), None)
        # only receivers that deliver pulses and spaces have [lirc] among their protocols (rc/rc-main.c, show_protocols)
        raw = lirc is not None and (folder / "protocols").exists() and "lirc" in read_protocols(name)[1]
    except OSError as error:
        raise Gone(f"{name}: the receiver is gone") from error
    return Receiver(name, values.get("DEV_NAME", ""), values.get("DRV_NAME", ""), values.get("NAME", ""), *ids,
                    path=_id_path(folder), lirc=lirc, event=event, raw=raw)


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
    """udev's ID_PATH, from its database; "" where udev does not run.

    It is asked for the event node: udev is never told that an rc device is gone (rc/rc-main.c, rc_dev_uevent), so what it knows of
    one may be of another that had the name before."""
    try:
        import pyudev
    except ImportError:
        return ""
    try:
        for event in event_nodes(folder.name):
            return str(pyudev.Devices.from_path(pyudev.Context(), str(event.resolve())).properties.get("ID_PATH", ""))
    except (pyudev.DeviceNotFoundError, OSError):
        pass
    return ""


def read_protocols(name: str) -> tuple[set[str], set[str]]:
    """What the kernel itself decodes on the receiver: (enabled, available)."""
    try:
        words = (RC / name / "protocols").read_text().split()
    except OSError as error:
        if (RC / name).exists():  # it only sends
            return set(), set()
        raise Gone(f"{name}: the receiver is gone") from error
    return {word.strip("[]") for word in words if word[0] == "["}, {word.strip("[]") for word in words}


def write_protocols(name: str, enabled: set[str]) -> None:
    """Say what the kernel decodes. That resets the receiver's timeout (rc/rc-ir-raw.c).

    A name without a sign takes all others away (rc/rc-main.c, parse_protocol_change), hence the signs.
    """
    try:
        (RC / name / "protocols").write_text(" ".join(["none", *(f"+{one}" for one in sorted(enabled))]))
    except OSError as error:
        if not (RC / name).exists():
            raise Gone(f"{name}: the receiver is gone") from error
        raise Error(f"{name}: its protocols cannot be set: {error.strerror}", "run it as root") from error


def monitor(stop: int) -> Iterator[None]:
    """Something for every event of udev about receivers, until there is something to read from the fd `stop`. Listening begins
    with the call, so a receiver that comes before the first event is asked for is not missed."""
    import pyudev

    source = "udev" if udev_runs() else "kernel"
    watched = pyudev.Monitor.from_netlink(pyudev.Context(), source)
    for subsystem in ("rc", "lirc", "input"):
        watched.filter_by(subsystem)
    watched.start()
    return _events(watched, stop)


def _events(watched: pyudev.Monitor, stop: int) -> Iterator[None]:
    poll = select.poll()
    poll.register(watched.fileno(), select.POLLIN)
    poll.register(stop, select.POLLIN)
    while stop not in dict(poll.poll()):
        try:
            device = watched.poll(0)
        except OSError:  # more events than the socket holds: some are lost
            yield None
            continue
        if device is not None and "/rc/rc" in device.device_path:
            yield None
