"""What was learned as a keymap and as traces that prove it: values and texts, written by `write`. It analyses nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from irbpf import keycodes, keymapfile, record, trace
from irbpf.entries import RAW_BASE, Entry, Raw
from irbpf.errors import Error
from irbpf.irp.parser import parse_layout
from irbpf.irp.text import layout_text
from irbpf.keymap import Keymap, Match
from irbpf.learn.press import Press, split, thresholds
from irbpf.learn.remote import Group, Learned
from irbpf.pulses import from_durations
from irbpf.raw import Pattern, PatternError, build_raw
from irbpf.protocols import Tolerance

MOST_RAW = 3  # patterns of one key


def keymap_of(learned: Learned, name: str, path: str, receivers: Sequence[Match] = ()) -> tuple[Keymap, list[str]]:
    """The keymap, and what a person should know of it."""
    notes: list[str] = []
    entries: list[Entry | Raw] = []
    taken: dict[int, str] = {}
    for group in learned.groups:
        entry = _entry(group, taken, len(entries))
        taken |= entry.keys
        entries.append(entry)
        if group.line is not None:
            notes.append(f"{len(entry.keys)} keys are sent with a protocol that the catalogue does not know: {group.line.kind}"
                         + (f" with {', '.join(group.line.notes)}" if group.line.notes else "")
                         + f"; its line was made from the recordings, and decodes {len(group.presses)} of them: {group.line.irp}")
    if learned.raw:
        patterns, lost = _patterns(learned.raw)
        if patterns:
            entries.append(Raw(tuple(patterns), Tolerance()))
            keys = sorted({one.label for one in patterns})
            notes.append(f"{len(keys)} keys are raw patterns, the last resort, for nothing was found that decodes them: {', '.join(keys)}")
        notes += [f"{press.key} is left out: {why}" for press, why in lost]
    if not entries:
        raise Error("nothing could be made of these recordings", "record each key again, close to the receiver")
    return Keymap(path, name, tuple(receivers), tuple(entries)), notes


def _entry(group: Group, taken: Mapping[int, str], number: int) -> Entry:
    """The entry of a group; its scancodes get a digit in front where other keys have the same."""
    keys = {scancode: key for key, scancode in group.scancodes.items()}
    if all(taken.get(scancode, key) == key for scancode, key in keys.items()):
        return Entry(group.protocol, keys)
    width = sum(int(getattr(part.width, "value", 0)) for part in group.protocol.scancode)
    if width > 60:
        raise Error("two protocols of the remote have the same scancodes", "make a keymap of each")
    layout = parse_layout(f"{number}:4,{layout_text(group.protocol.scancode)}")
    protocol = replace(group.protocol, name=keymapfile.own_name(group.protocol.name), scancode=layout, number=0)
    return Entry(protocol, {number << width | scancode: key for scancode, key in keys.items()})


def _patterns(presses: Sequence[Press]) -> tuple[list[Pattern], list[tuple[Press, str]]]:
    """Those that can be told apart; of the others, why not."""
    cut = next(iter(thresholds(presses)[1:]), float("inf"))
    patterns: list[Pattern] = []
    lost: list[tuple[Press, str]] = []
    for press in presses:
        if sum(one.label == press.key for one in patterns) >= MOST_RAW:
            continue
        one = Pattern(press.key, RAW_BASE + keycodes.number(press.key), split(press, cut).frames[0])
        try:
            build_raw("raw", [*patterns, one])
            patterns.append(one)
        except PatternError as error:
            lost.append((press, error.message))
    return patterns, lost


def write(keymap: Keymap, presses: Sequence[Press], notes: Sequence[str], provenance: Mapping[str, str],
          carriers: Mapping[int, int | None] | None = None) -> Path:
    """Write the keymap, `FOLDER/NAME.yaml`, and a trace of each press in `FOLDER/traces/NAME`; returns the keymap's path."""
    path = Path(keymap.path)
    record.put(path, keymapfile.dump(keymap, ["Learned from recordings by irbpf learn.", *notes]), fresh=False)
    counts: dict[str, int] = {}
    for press in presses:
        counts[press.key] = counts.get(press.key, 0) + 1
        carrier = (carriers or {}).get(id(press))
        fields = {**provenance, **({"carrier": f"{carrier} Hz"} if carrier else {}), "key": press.key}
        text = trace.text([from_durations([*press.durations, trace_gap()])], None, fields)
        record.put(traces_of(path) / f"{press.key}-{counts[press.key]}.trace", text, fresh=False)
    return path


def traces_of(path: Path) -> Path:
    """The folder with the traces of a keymap: one of its own, as keymaps in one folder have keys of the same names."""
    return path.parent / "traces" / path.stem


def trace_gap() -> int:
    """The silence at the end of a trace, in µs."""
    return 125_000
