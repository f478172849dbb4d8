"""Remotes that are said by their durations, in the protocols of the catalogue that they are. What is exact becomes what is usual:
the durations of the file are lost, and the kernel's scancodes and numbers are won. It reads no file."""

from __future__ import annotations

from dataclasses import replace

from irbpf.encoding import parameters_of
from irbpf.errors import Error
from irbpf.importers.named import recognised
from irbpf.importers.values import Imported, Problem, Remote
from irbpf.irp.render import press
from irbpf.keymap import AnyEntry, Entry, Table
from irbpf.protocols import Protocol, catalogue


def in_catalogue(imported: Imported) -> Imported:
    """With the catalogue's own protocols for every entry whose keys are all frames of them; the others stay, and a problem says so."""
    problems = list(imported.problems)
    remotes = tuple(_remote(remote, problems) for remote in imported.remotes)
    return Imported(remotes, tuple(problems))


def _remote(remote: Remote, problems: list[Problem]) -> Remote:
    entries: list[AnyEntry | Table] = []
    remarks = dict(remote.remarks)
    for entry in remote.keymap.entries:
        if not isinstance(entry, Entry) or entry.protocol.name in catalogue():
            entries.append(entry)
            continue
        found = _recognised(entry)
        taken = {scancode for one in entries for scancode in one.keys}
        if found is None or taken & {new for _, scancodes in found for new in scancodes.values()}:
            problems.append(Problem(remote.keymap.path, 1, f"{entry.protocol.name}: not all keys are of the catalogue: it keeps its own line"))
            entries.append(entry)
            continue
        for protocol, scancodes in found:
            entries.append(Entry(protocol, {new: entry.keys[old] for old, new in scancodes.items()}))
            remarks |= {new: remote.remarks[old] for old, new in scancodes.items() if old in remote.remarks}
    return Remote(replace(remote.keymap, entries=tuple(entries)), remarks, remote.comments)


def _recognised(entry: Entry) -> list[tuple[Protocol, dict[int, int]]] | None:
    """The protocols of the keys, each with their old and new scancodes; None if a key has none, or if two keys become one."""
    found: list[tuple[Protocol, dict[int, int]]] = []
    for scancode in entry.keys:
        try:
            one = recognised(press(entry.protocol.irp, parameters_of(entry.protocol, scancode))[:-1])
        except Error:
            return None
        if one is None or any(one[1] in scancodes.values() for _, scancodes in found):
            return None
        same = next((scancodes for protocol, scancodes in found if protocol == one[0]), None)
        if same is None:
            found.append((one[0], {scancode: one[1]}))
        else:
            same[scancode] = one[1]
    return found or None
