"""A person at a terminal: what a command shows there, and what is typed."""

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

    patience = 20.0  # s, for which only a test that fails waits

    def __init__(self, argv: Sequence[str], env: Mapping[str, str] = os.environ, folder: Path = ROOT) -> None:
        self.child, self.terminal = pty.fork()
        if self.child == 0:
            os.chdir(folder)
            os.execve(argv[0], list(argv), {**env, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "120", "LINES": "40"})
        self.shown = ""

    def until(self, text: str) -> None:
        while text not in self.shown:
            data = self.more()
            assert data, f"{text!r} did not come; instead: {self.shown}"
            self.shown += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", data.decode(errors="replace"))

    def more(self) -> bytes:
        """What is written next; nothing if the command has ended, or says nothing for too long."""
        try:
            return os.read(self.terminal, 65536) if select.select([self.terminal], [], [], self.patience)[0] else b""
        except OSError:  # the terminal is closed: the command has ended
            return b""

    def after(self, text: str) -> None:
        """Wait for `text`, and forget all up to its end: a person reads on."""
        self.until(text)
        self.shown = self.shown.split(text, 1)[1]

    def types(self, prompt: str, line: str) -> None:
        """`line` in answer to `prompt`."""
        self.after(prompt)
        os.write(self.terminal, f"{line}\n".encode())

    def end(self) -> int:
        while self.more():
            pass
        _, status = os.waitpid(self.child, 0)
        self.child = 0
        return os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        if self.child:
            os.kill(self.child, 9)
            os.waitpid(self.child, 0)
        os.close(self.terminal)
