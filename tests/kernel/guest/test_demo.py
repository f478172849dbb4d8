"""The demonstration, where uinput is: the recorded press goes through BPF_PROG_TEST_RUN and out of an input device."""

from __future__ import annotations

import pytest

from irbpf.cli import main


def test_the_key_comes_out_of_an_input_device(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo"]) == 0
    said = capsys.readouterr().out
    assert said.count("key:       KEY_1") == 4
    assert "/dev/input/event" in said
    assert said.endswith("said KEY_1 down, KEY_1 up\n")
