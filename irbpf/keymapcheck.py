"""All that is wrong with files of keymaps, without touching a device; and what is right but may surprise. It loads nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from irbpf import keycodes, library, yamlnodes
from irbpf.entries import AnyEntry, Entry, name_of
from irbpf.errors import Error
from irbpf.irp.spacing import nearest_alternatives
from irbpf.keymap import Keymap, read
from irbpf.overlaps import Double, Unsure, overlaps
from irbpf.problems import PlacedError, Problems

ASSIGNMENTS = "receivers.yaml"


@dataclass(frozen=True)
class Checked:
    """`keymap` is None where a file cannot be used; `problems` say why, `warnings` do not keep it from being used."""

    path: str
    keymap: Keymap | None
    problems: tuple[Error, ...]
    warnings: tuple[Error, ...]


def check(path: Path) -> Checked:
    """A keymap, or the list of receivers (`receivers.yaml`)."""
    problems = Problems()
    keymap = None
    with problems.whole():
        text = yamlnodes.content(path)
        if path.name == ASSIGNMENTS:
            library.read_assignments(text, str(path), problems)
        else:
            keymap = read(text, str(path), problems, thorough=True)
    if problems.more:
        problems.found.append(Error(f"{path}: there may be more mistakes", "they are told when these are mended"))
    if problems.found or keymap is None:
        return Checked(str(path), None, tuple(problems.found), ())
    return Checked(str(path), keymap, (), tuple(warnings([keymap])))


def warnings(keymaps: Sequence[Keymap]) -> Iterator[Error]:
    """What may surprise in keymaps that are loaded together."""
    for keymap in keymaps:
        high = [(scancode, key) for scancode, key in keymap.keys.items() if keycodes.number(key) > keycodes.X11_MOST]
        if high:
            others = f" and {len(high) - 1} more" if len(high) > 1 else ""
            yield _placed(keymap, high[0][0], f"X11 has no {high[0][1]}{others}", "its keycodes end at 255; Wayland and Kodi have them")
        for entry in keymap.decoded:
            yield from _close(keymap, entry)
    yield from _both(keymaps)


def _placed(keymap: Keymap, scancode: int, what: str, hint: str) -> Error:
    file, line, column = keymap.places[scancode].rsplit(":", 2)
    return PlacedError(file, int(line), int(column), what, hint)


def _close(keymap: Keymap, entry: AnyEntry) -> Iterator[Error]:
    if not isinstance(entry, Entry):
        return
    distance = nearest_alternatives(entry.protocol.irp)
    if distance is not None and distance <= 2 * entry.protocol.tolerance.absolute and distance <= 150:
        yield Error(f"{keymap.path}: {entry.protocol.name}: two values are sent {distance} µs apart, within the tolerance of "
                    f"{entry.protocol.tolerance.absolute} µs", "the nearest is taken; expect errors with cheap receivers")


def _both(keymaps: Sequence[Keymap]) -> Iterator[Error]:
    """Protocols of one receiver that read the same signal: only one of them is heard."""
    entries = [(keymap, entry) for keymap in keymaps for entry in keymap.decoded]
    for found in overlaps([entry for _, entry in entries]):
        (keymap, entry), (_, rival) = entries[found.one], entries[found.other]
        if isinstance(found, Unsure):
            yield Error(f"{keymap.path}: {name_of(entry)} and {name_of(rival)} were not compared in full: {found.done}", "see what irbpf test says")
        else:
            yield _double(keymap, found, entry, rival)


def _double(keymap: Keymap, found: Double, entry: AnyEntry, rival: AnyEntry) -> Error:
    key, other = entry.keys.get(found.scancode, f"{name_of(entry)} {found.scancode:#x}"), rival.keys.get(found.other_scancode)
    distorted = f", its pulses {abs(found.bias)} µs too {'long' if found.bias > 0 else 'short'}," if found.bias else ""
    what = f"a press of {key}{distorted} is {name_of(rival)} {found.other_scancode:#x} too" + (f", which is {other}" if other else "")
    ours = found.heard == found.one
    what += f"; {name_of(entry if ours else rival)} is heard"
    hint = f"narrow {name_of(rival)} by where:, or leave it out"
    return _placed(keymap, found.scancode, what, hint) if found.scancode in keymap.places else Error(f"{keymap.path}: {what}", hint)
