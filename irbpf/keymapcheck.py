"""All that is wrong with files of keymaps, without touching a device; and what is right but may surprise. It loads nothing."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from irbpf import keycodes, library, yamlnodes
from irbpf.encoding import parameters_of
from irbpf.entries import AnyEntry, Entry
from irbpf.errors import Error
from irbpf.irp.interpreter import Interpreter
from irbpf.irp.render import press
from irbpf.irp.spacing import nearest_alternatives
from irbpf.keymap import Keymap, read
from irbpf.problems import PlacedError, Problems
from irbpf.programs import automaton_of
from irbpf.pulses import Kind, Sample, from_durations

ASSIGNMENTS = "receivers.yaml"
MOST_TRIED = 3  # keys of each entry that are sent to the others
_END = Sample(Kind.TIMEOUT, 125_000)


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
    """Protocols of one receiver that both decode one signal: two presses for one. Some keys of each are sent to all the others."""
    entries = [(keymap, entry) for keymap in keymaps for entry in keymap.entries if isinstance(entry, Entry)]
    automata = [automaton_of(entry) for _, entry in entries]
    for (one, (keymap, entry)), (other, (_, rival)) in itertools.permutations(enumerate(entries), 2):
        automaton = automata[other]
        if automaton is None or entry.protocol.name == rival.protocol.name:
            continue
        for scancode in list(entry.keys)[:MOST_TRIED]:
            heard = list(Interpreter(automaton).feed(_sent(entry, scancode)))
            if heard and heard[0].scancode != scancode:
                key = rival.keys.get(heard[0].scancode)
                yield _placed(keymap, scancode, f"a press of {entry.keys[scancode]} is {rival.protocol.name} {heard[0].scancode:#x} too"
                              + (f", which is {key}" if key else ""), f"narrow {rival.protocol.name} by where:, or leave it out")
                break


def _sent(entry: Entry, scancode: int) -> list[Sample]:
    try:
        return [*from_durations(press(entry.protocol.irp, parameters_of(entry.protocol, scancode))), _END]
    except Error:
        return []
