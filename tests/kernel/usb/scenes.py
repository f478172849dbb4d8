"""What storms and faults have in common: keymaps, signals, and what a receiver looks like from outside. Fixtures are imported by name."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from pathlib import Path

import pytest
from evdev import ecodes

from irbpf import bpf, discovery, lirc, scancodes, trace
from irbpf.engines import control, kernel
from irbpf.errors import Gone
from irbpf.irp.render import press
from irbpf.protocols import catalogue
from irbpf.receiver import Receiver
from tests.kernel.guest.conftest import Keys, wait_for
from tests.kernel.usb.plug import Plugged, plugged, signed
from tests.support.traces import FOLDER

LONG = os.environ.get("IRBPF_TEST_LONG") == "1"
SILENCE = -130_000
KEYMAP = "{name: storm, protocols: [{protocol: nec, keys: {0x408: KEY_1, 0x409: KEY_2}}]}"
OTHER = "{name: other, protocols: [{protocol: nec, keys: {0x408: KEY_3}}, {protocol: rc5, keys: {0x1e3b: KEY_SELECT}}]}"


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRBPF_CACHE_DIR", "/tmp/irbpf-cache")


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    kernel.clean()
    assert not list(kernel.PINS.glob("*"))


@pytest.fixture()
def keymap(tmp_path: Path) -> str:
    return written(tmp_path / "storm.yaml", KEYMAP)


@pytest.fixture()
def other(tmp_path: Path) -> str:
    return written(tmp_path / "other.yaml", OTHER)


@pytest.fixture()
def receiver() -> Iterator[Plugged]:
    with plugged("mceusb") as one:
        yield one


def written(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def nec(function: int, repeats: int = 0) -> list[int]:
    """A press of NEC device 4: scancode 0x400 + function, held for `repeats` repeats; with a silence after it."""
    durations = press(catalogue()["nec"].irp, {"D": 4, "F": function}, repeats)
    return [duration if index % 2 == 0 else -duration for index, duration in enumerate(durations)] + [SILENCE] * (len(durations) % 2)


def recorded(name: str) -> list[int]:
    return signed(trace.read(FOLDER / f"{name}.trace").samples)


def traffic(model: str) -> list[int]:
    """A press of the remote that came with the receiver."""
    name, params = {"mceusb": ("rc6_mce", 0x800F040D), "streamzap": ("rc5_sz", 0x28C5)}[model]
    return recorded(f"{name}-{params:x}")


def until_down(keys: Keys) -> list[tuple[str, int, int]]:
    """The events up to the first key that goes down."""
    events: list[tuple[str, int, int]] = []
    while not any(kind == "EV_KEY" and value == 1 for kind, _, value in events):
        if not select.select([keys.device.fd], [], [], 20)[0]:
            served = [control.call(path.stem, "status") for path in kernel.RUN.glob("*.socket")]
            raise AssertionError(f"no key went down at {keys.device.path}: {events}; {served}")
        events += [(ecodes.EV[one.type], one.code, one.value) for one in keys.device.read() if one.type in (ecodes.EV_MSC, ecodes.EV_KEY)]
    return events


def loaded(one: Receiver) -> list[str] | None:
    try:
        state = kernel.saved(one.rc)
    except Gone:
        return None
    if state is None or (state.engine != "kernel" and control.call(one.rc, "status") is None):
        return None
    return list(state.names)


def as_before(one: Receiver, before: tuple[object, ...]) -> None:
    """Its shape is what it was. mceusb asks its device for each timeout that is set, and takes over the answer when it comes: what was
    set in between shows for a moment."""
    wait_for(f"the receiver to be as it was: {before}", lambda: shape(one) == before)


def shape(one: Receiver) -> tuple[object, ...]:
    """All that loading changes."""
    assert one.lirc and one.event
    with lirc.opened(one.lirc) as fd, open(one.event, "rb") as event:
        programs = bpf.attached(fd) if bpf.probe()["lirc"] is None else []
        return (programs, scancodes.read_table(event.fileno()), discovery.read_protocols(one.rc)[0], lirc.timeout(fd))
