"""Recordings of a remote in a folder: the file's name is the key's, each signal in it a press. It reads files and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from irbpf import keycodes, trace
from irbpf.errors import Error
from irbpf.learn.press import Press, durations
from irbpf.record import imported
from irbpf.signals import of_text

_NUMBER = re.compile(r"[-_. ]\d+$")
NOT_KEPT = ("key", "carrier", "keymap")  # of a trace's fields: what each press has anew, and what was said for another keymap
SHORTEST = 3  # durations: what is shorter is a spike and no press
ENDINGS = (".trace", ".txt", ".mode2", ".ir", ".raw", ".log", "")


def presses_of(folder: Path) -> list[Press]:
    """All presses in the files of `folder`; Error for a name that is no key's, and for a file that cannot be read."""
    if not folder.is_dir():
        raise Error(f"{folder} is no folder", "give a folder with a recording for each key, such as KEY_POWER.trace")
    found: list[Press] = []
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix in ENDINGS and not path.name.startswith("."):
            presses = read_presses(path)
            if not presses:
                raise Error(f"{path}: there is no press in it", "record the key again, or take the file away")
            found += presses
    if not found:
        raise Error(f"{folder} has no recordings", "name them after their keys, such as KEY_POWER.trace or KEY_POWER-2.txt")
    return found


def read_presses(path: Path) -> list[Press]:
    """The presses of one file; its key is in the trace's own field, or else its name."""
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Error(f"{path}: {getattr(error, 'strerror', None) or 'not a text'}") from error
    said = trace.parse(text, str(path), path.stem).provenance if text.startswith(trace.FIRST) else {}
    given, carrier = said.get("key"), _carrier(said)
    if given is not None and not keycodes.exists(given):
        raise Error(f"{path}: its field says key: {given[:60]}, which is no key", "such as KEY_POWER, as in input-event-codes.h")
    name = given or key_name(path)
    fields = {one: value for one, value in said.items() if one not in NOT_KEPT} or imported(str(path))
    presses = [Press(name, durations(signal.samples), str(path), signal.carrier or carrier, fields)
               for signal in of_text(text.splitlines(), str(path))]
    return [press for press in presses if len(press.durations) >= SHORTEST]


def _carrier(fields: Mapping[str, str]) -> int | None:
    """Of a trace that says it, in Hz."""
    number = fields.get("carrier", "").removesuffix(" Hz")
    return int(number) if number.isascii() and number.isdigit() and len(number) < 8 else None


def key_name(path: Path) -> str:
    """The key that a file is named after: KEY_POWER, power or POWER-2 is KEY_POWER; Error for what is no key."""
    stem = path.stem
    for name in (stem, stem.upper(), _NUMBER.sub("", stem), _NUMBER.sub("", stem.upper())):
        for full in (name, f"KEY_{name}"):
            if keycodes.exists(full):
                return full
    try:
        keycodes.number(f"KEY_{_NUMBER.sub('', stem.upper()).removeprefix('KEY_')}")
    except Error as error:
        raise Error(f"{path}: {error.message}", f"a file is named after its key, as in input-event-codes.h; {error.hint}") from error
    raise AssertionError
