"""What was learned so far of a remote, with undo and redo, in a file that is always whole. It asks nobody and analyses nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from irbpf import record
from irbpf.errors import Error
from irbpf.learn.press import Press

VERSION = 2


@dataclass
class Session:
    """`steps`: each a key and its presses (none: skipped), in order; `undone` those that were taken back, the last first."""

    path: Path
    steps: list[tuple[str, list[Press]]] = field(default_factory=list)
    undone: list[tuple[str, list[Press]]] = field(default_factory=list)

    @property
    def presses(self) -> list[Press]:
        return [press for presses in self.latest.values() for press in presses]

    @property
    def keys(self) -> list[str]:
        return list(self.latest)

    @property
    def latest(self) -> dict[str, list[Press]]:
        """What there is of each key: a key again replaces what it was, until that is undone."""
        return dict(self.steps)

    def add(self, key: str, presses: Sequence[Press]) -> None:
        self.steps.append((key, list(presses)))
        self.undone = []
        self.save()

    def undo(self) -> str | None:
        """Take the last step back; its key."""
        if not self.steps:
            return None
        self.undone.append(self.steps.pop())
        self.save()
        return self.undone[-1][0]

    def redo(self) -> str | None:
        if not self.undone:
            return None
        self.steps.append(self.undone.pop())
        self.save()
        return self.steps[-1][0]

    def save(self) -> None:
        text = json.dumps({"irbpf learn": VERSION, "steps": _plain(self.steps), "undone": _plain(self.undone)})
        record.put(self.path, text + "\n", fresh=False)

    def forget(self) -> None:
        """Nothing is left of it: what was learned is in the keymap and its traces."""
        self.path.unlink(missing_ok=True)


def _plain(steps: Sequence[tuple[str, list[Press]]]) -> list[list[object]]:
    return [[key, [{"durations": press.durations, "carrier": press.carrier, "fields": dict(press.fields)} for press in presses]]
            for key, presses in steps]


def resume(path: Path) -> Session:
    """The session that is kept in `path`, or a new one; Error for a file that is none of ours."""
    if not path.exists():
        return Session(path)
    try:
        data = json.loads(path.read_text())
        if data["irbpf learn"] != VERSION:
            raise ValueError
        return Session(path, _steps(data["steps"]), _steps(data["undone"]))
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise Error(f"{path}: not what irbpf learn left", "delete it to start from the beginning") from error


def _steps(data: Sequence[tuple[str, Sequence[Mapping[str, Any]]]]) -> list[tuple[str, list[Press]]]:
    return [(str(key), [_press(str(key), one) for one in presses]) for key, presses in data]


def _press(key: str, data: Mapping[str, Any]) -> Press:
    carrier = data["carrier"]
    return Press(key, tuple(map(int, data["durations"])), "", None if carrier is None else int(carrier),
                 {str(name): str(value) for name, value in data["fields"].items()})
