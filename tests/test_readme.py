"""The README is true: its commands are ones that the command knows, its keymaps are right. The tutorial runs in the test kernel."""

from __future__ import annotations

import re
import shlex

import pytest

from irbpf import keymap
from irbpf.cli import parser
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text()
COMMANDS = sorted({part.strip() for line in re.findall(r"^    (.*)$", README, re.MULTILINE) for part in re.split(r"\||&&", line.split(" #")[0])
                   if part.strip().startswith("irbpf ")} | {one for one in re.findall(r"`(irbpf [a-z][^`]*)`", README)})


def test_there_are_commands() -> None:
    assert len(COMMANDS) >= 15


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_known(command: str) -> None:
    """Its verb is there, and where arguments are shown, they are ones that it takes."""
    words = shlex.split(re.sub(r"(\w+)(\|\w+)+", r"\1", command))[1:]  # of one|other the first
    try:
        parser().parse_args(words)
    except SystemExit as wrong:
        shown_alone = len(words) == 1 or (len(words) == 2 and words[1].startswith("-"))
        assert wrong.code == 2
        assert shown_alone, command
        assert words[0] in parser().format_help()


@pytest.mark.parametrize("text", [text for text in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL) if "protocols:" in text])
def test_a_keymap_is_right(text: str) -> None:
    assert keymap.parse(text, "README.md").keys
