"""Several decoders on one signal: one is heard, the same in Python, in C and through the verifier."""

from __future__ import annotations

from pathlib import Path

import pytest

from irbpf.arbitration import Arbiter
from irbpf.irp.render import press
from irbpf.keymap import parse
from irbpf.protocols import catalogue
from irbpf.pulses import END, from_durations
from irbpf.replay import Player, of_keymap


def test_who_reports_first_is_heard_and_who_began_later_too() -> None:
    arbiter = Arbiter()
    assert arbiter.hears(0, 10, 10)
    assert not arbiter.hears(1, 10, 10)  # the same frame, at the same sample
    assert not arbiter.hears(1, 14, 9)  # one that had begun by then
    assert arbiter.hears(1, 20, 9)
    assert arbiter.hears(1, 22, 11)  # nobody contradicts oneself
    assert not arbiter.hears(0, 22, 3)


def test_a_later_report_may_be_of_a_frame_that_begins_right_after_the_first() -> None:
    arbiter = Arbiter()
    assert arbiter.hears(0, 10, 10)
    assert arbiter.hears(1, 15, 5)
    assert not arbiter.hears(0, 20, 6)


KEYMAP = """
protocols:
  - protocol: NEC-f16
    keys: {0x01: KEY_1}
  - protocol: nec32
    keys: {0x40bf0001: KEY_2}
  - protocol: nec
    keys: {0x408: KEY_3}
"""


@pytest.mark.parametrize("engine", ["python", pytest.param("bpf", marks=pytest.mark.bpf)])
def test_of_protocols_that_all_read_a_signal_the_preferred_is_heard(engine: str, tmp_path: Path) -> None:
    keymap = parse(KEYMAP, "several.yaml")
    with Player(of_keymap(keymap), engine, compete=True) as player:
        signal = [*from_durations(press(catalogue()["nec"].irp, {"D": 4, "F": 8}, 2)), END]
        assert {event.decoded.protocol for event in player.play(signal)} >= {"nec", "NEC-f16"}  # else this proves nothing
    with Player(of_keymap(keymap), engine, compete=False) as player:
        assert [(event.decoded.protocol, event.decoded.repeat) for event in player.play(signal)] == [("nec", False), ("nec", True), ("nec", True)]
