"""Loads receivers as they come, for systems without systemd. It keeps nothing of what it loads."""

from __future__ import annotations

from collections.abc import Iterator

from irbpf import discovery
from irbpf.engines import kernel
from irbpf.errors import Error
from irbpf.service import load_receiver


def watch() -> Iterator[str]:
    """A line for everything that happens, without end. Receivers that are there already come first."""
    events = discovery.monitor()
    for receiver in discovery.receivers():
        yield load_line(receiver.rc)
    yield "watching"
    for action, rc in events:
        if action == "add":
            yield load_line(rc)
        else:
            kernel.clean(rc)
            yield f"{rc}: gone"


def load_line(rc: str) -> str:
    try:
        loaded = load_receiver(rc, [])
    except Error as error:
        return f"{rc}: {error}"
    return f"{rc}: {', '.join(loaded.bundle.names)} loaded"
