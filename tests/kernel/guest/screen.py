"""A person at a terminal inside the test kernel: what a command shows there, and what is typed."""

from __future__ import annotations

import os
import pty
import re
import select
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.conftest import ROOT


class Screen:
    """A command on a terminal of 120 columns; what it wrote, without the codes that colour and place it."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str] = os.environ, folder: Path = ROOT) -> None:
        self.child, self.terminal = pty.fork()
        if self.child == 0:
            os.chdir(folder)
            os.execve(argv[0], list(argv), {**env, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "120", "LINES": "40"})
        self.shown = ""

    def until(self, text: str) -> None:
        while text not in self.shown:
            assert select.select([self.terminal], [], [], 20)[0], self.shown
            self.shown += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", os.read(self.terminal, 65536).decode(errors="replace"))

    def after(self, text: str) -> None:
        """Wait for `text`, and forget all up to its end: a person reads on."""
        self.until(text)
        self.shown = self.shown.split(text, 1)[1]

    def types(self, prompt: str, line: str) -> None:
        """`line` in answer to `prompt`."""
        self.after(prompt)
        os.write(self.terminal, f"{line}\n".encode())

    def end(self) -> int:
        try:
            while select.select([self.terminal], [], [], 20)[0] and os.read(self.terminal, 65536):
                pass
        except OSError:
            pass
        _, status = os.waitpid(self.child, 0)
        self.child = 0
        return os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        if self.child:
            os.kill(self.child, 9)
            os.waitpid(self.child, 0)
        os.close(self.terminal)
