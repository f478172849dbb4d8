"""Something happens at a chosen step of a load: each call that changes a receiver, a pin or a file is one step."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CHANGES = ("irbpf.bpf.pin", "irbpf.bpf.attach", "irbpf.bpf.detach", "irbpf.bpf.open_pinned", "irbpf.scancodes._set", "irbpf.lirc.set_timeout",
           "irbpf.discovery.write_protocols", "irbpf.engines.kernel.write", "irbpf.engines.kernel.remove", "irbpf.engines.kernel.forget")


class Steps:
    """`count` steps were made; when number `at` comes, `do` runs before it, or after it."""

    def __init__(self, at: int, do: Callable[[], None], *, after: bool = False) -> None:
        self.at, self.do, self.after, self.count = at, do, after, 0

    @property
    def reached(self) -> bool:
        return self.count > self.at

    def around(self, real: Callable[..., object]) -> Callable[..., object]:
        def step(*arguments: object) -> object:
            now, self.count = self.count == self.at, self.count + 1
            if now and not self.after:
                self.do()
            result = real(*arguments)
            if now and self.after:
                self.do()
            return result

        return step


@contextmanager
def stepping(at: int, do: Callable[[], None], *, after: bool = False) -> Iterator[Steps]:
    steps = Steps(at, do, after=after)
    with pytest.MonkeyPatch.context() as patch:
        for where in CHANGES:
            module, name = where.rsplit(".", 1)
            patch.setattr(where, steps.around(getattr(importlib.import_module(module), name)))
        yield steps


def leftovers(*folders: Path) -> list[str]:
    """What is in the folders that should be empty when nothing is loaded; locks may stay while there is a receiver."""
    return sorted(str(path) for folder in folders for path in folder.glob("**/*") if path.suffix != ".lock" and path.name != "lock")
