"""What was learned as a keymap and as traces that prove it: values and texts, written by `write`. It analyses nothing."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from irbpf import keycodes, keymapfile, record, trace
from irbpf.entries import RAW_BASE, Entry, Raw
from irbpf.errors import Error
from irbpf.irp.parser import parse_layout
from irbpf.irp.text import layout_text
from irbpf.keymap import Keymap
from irbpf.learn.press import SILENCE_US, Press, split, thresholds
from irbpf.learn.remote import Group, Learned
from irbpf.pulses import from_durations
from irbpf.raw import Pattern, PatternError, build_raw
from irbpf.protocols import Tolerance

MOST_RAW = 3  # patterns of one key
LEAST = 6  # durations of a frame: what a shorter one ends with is the space of a leader, and no gap
LEFT_OUT = "left-out"  # the folder of traces that prove nothing


@dataclass(frozen=True)
class Result:
    """The keymap, what a person should know of it, and the presses that it does not decode, each with why not."""

    keymap: Keymap
    notes: tuple[str, ...]
    left_out: tuple[tuple[Press, str], ...] = ()


def keymap_of(learned: Learned, name: str, path: str) -> Result:
    """What was learned as a keymap; Error where nothing of it can be one."""
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
    patterns, left_out = _patterns(learned.raw)
    left_out += [(press, "it does not decode as its other presses do") for press in learned.odd]
    if patterns:
        entries.append(Raw(tuple(patterns), Tolerance()))
        keys = sorted({one.label for one in patterns})
        notes.append(f"{len(keys)} keys are raw patterns, the last resort, for nothing was found that decodes them: {', '.join(keys)}")
    if not entries:
        raise Error("nothing could be made of these recordings", "record each key again, close to the receiver")
    keymap = Keymap(path, name, (), tuple(entries))
    notes += [f"a press of {press.key} is left out: {why}" for press, why in left_out]
    missing = sorted({press.key for press, _ in left_out} - set(keymap.keys.values()))
    if missing:
        notes.append(f"not in the keymap: {', '.join(missing)}")
    return Result(keymap, tuple(notes), tuple(left_out))


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
    whole = [press for press in presses if len(press.durations) >= LEAST]
    cut = next((one for one in thresholds(presses)[1:] if all(len(split(press, one).frames[0]) >= LEAST for press in whole)), float("inf"))
    patterns: list[Pattern] = []
    left_out: list[tuple[Press, str]] = []
    for press in presses:
        if sum(one.label == press.key for one in patterns) >= MOST_RAW:
            continue
        one = Pattern(press.key, RAW_BASE + keycodes.number(press.key), split(press, cut).frames[0])
        try:
            build_raw("raw", [*patterns, one])
            patterns.append(one)
        except PatternError as error:
            left_out.append((press, error.message))
    return patterns, left_out


def write(result: Result, presses: Sequence[Press], own: bool = False) -> Path:
    """Write the keymap, `FOLDER/NAME.yaml`, and a trace of each press in `FOLDER/traces/NAME`; those that prove nothing in a folder of
    their own in it. What an earlier remote of that name left there goes. Returns the keymap's path."""
    path = Path(result.keymap.path)
    record.put(path, keymapfile.dump(result.keymap, ["Learned from recordings by irbpf learn.", *result.notes]), fresh=False)
    unproven = {id(press) for press, _ in result.left_out}
    counts: Counter[str] = Counter()
    written = set[Path]()
    for press in presses:
        counts[press.key] += 1
        folder = traces_of(path) / LEFT_OUT if id(press) in unproven else traces_of(path)
        while own and id(press) in unproven and (folder / f"{press.key}-{counts[press.key]}.trace").exists():
            counts[press.key] += 1
        file = folder / f"{press.key}-{counts[press.key]}.trace"
        record.put(file, _trace(press), fresh=False)
        written.add(file)
    left = () if own else (traces_of(path) / LEFT_OUT).glob("*.trace")  # those left out of the same remote before were not read
    for old in {*traces_of(path).glob("*.trace"), *left} - written:
        old.unlink()
    return path


def _trace(press: Press) -> str:
    fields = {**press.fields, **({"carrier": f"{press.carrier} Hz"} if press.carrier else {}), "key": press.key}
    return trace.text([from_durations([*press.durations, SILENCE_US])], None, fields)


def traces_of(path: Path) -> Path:
    """The folder with the traces of a keymap: one of its own, as keymaps in one folder have keys of the same names."""
    return path.parent / "traces" / path.stem


def target(name: str, force: bool = False, source: Path | None = None) -> Path:
    """Where a keymap and its traces are to be written; Error, before anybody has pressed a key, if they cannot be. `source` is the folder that
    the traces come from, which may be where they go to."""
    path = Path(name)
    if path.suffix != ".yaml":
        raise Error(f"{name}: the name of a keymap ends in .yaml", f"such as {path.stem or 'remote'}.yaml")
    for there in (path, traces_of(path)):
        own = source is not None and there.resolve() == source.resolve()
        if not force and not own and (any(there.glob("*.trace")) if there.is_dir() else there.exists()):
            raise Error(f"{there} is there already", "another name with -o, or --force to overwrite it")
    if path.is_dir():
        raise Error(f"{name} is a folder", "name a file")
    folder = next(one for one in path.absolute().parents if one.exists())
    try:
        with tempfile.TemporaryFile(dir=folder):
            return path
    except OSError as error:
        raise Error(f"{name} cannot be written: {folder}: {error.strerror}", "check the folder and its permissions") from error
