"""What is on receivers now, and whether it is as it was left. It changes nothing, and opens a receiver only for root."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from irbpf import discovery, keytable
from irbpf.engines import control, holding, kernel
from irbpf.engines.journal import Saved
from irbpf.errors import Error, Gone
from irbpf.receiver import Receiver


def examine(receiver: Receiver) -> dict[str, Any]:
    """One receiver, as `irbpf status --json` shows it."""
    state = kernel.saved(receiver.rc)
    row: dict[str, Any] = {"rc": receiver.rc, "name": receiver.name, "raw": receiver.raw, "engine": state.engine if state else None,
                           "why": state.why if state else "", "server": None,
                           "keymaps": state.names if state else [], "programs": [], "foreign": 0,
                           "kernel_decoders": sorted(discovery.read_protocols(receiver.rc)[0] - {"lirc"}), "timeout": None, "notes": []}
    if (why := kernel.unfit(receiver)) is not None:
        row["notes"].append(why)
    if os.geteuid() == 0:
        row |= _asked(receiver, state, row["notes"])
    if state is not None and state.back is not None:
        row["notes"].append("a change was broken off; the next load or unload undoes it")
    row["notes"] += _about(receiver)
    return row


def _asked(receiver: Receiver, state: Saved | None, notes: list[str]) -> dict[str, Any]:
    """What the kernel says, and the process that serves the receiver if there is one."""
    found: dict[str, Any] = {}
    try:
        condition = kernel.condition(receiver)
    except Gone:
        raise
    except Error as error:
        notes.append(str(error))
    else:
        found = {"programs": [{"id": number, "name": name} for number, name in condition.ours.items()],
                 "foreign": condition.foreign, "timeout": condition.timeout}
        missing = 0 if state is None else sum(not kernel.is_map(name) for name in state.pins) - len(condition.ours)
        if state is not None and state.back is None and missing > 0:
            notes.append(f"{missing} of our programs are not attached any more; load it again")
    if state is not None and state.engine != "kernel":
        found["server"] = control.call(receiver.rc, "status")
        if found["server"] is None:
            notes.append("the process that made its keys is gone; load it again, or unload it")
    return found


def _about(receiver: Receiver) -> list[str]:
    notes = [note] if (note := keytable.note(receiver)) else []
    if holding.needed(receiver):
        who = ", ".join(f"{_command(pid)} ({pid})" for pid in holding.holders(receiver)) or "nobody"
        notes.append(f"the driver {receiver.driver} listens only while somebody has the receiver open; {who} has")
    return notes


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode(errors="replace")
    except OSError:
        return "?"
