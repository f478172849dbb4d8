"""The live view as a value, without a receiver. With one: tests/kernel/guest/test_owner.py."""

from __future__ import annotations

from types import SimpleNamespace

from irbpf.irp.render import press
from irbpf.live import View
from irbpf.protocols import catalogue
from irbpf.pulses import from_durations, parse_samples
from irbpf.receiver import Receiver
from irbpf.replay import Player, of_protocols
from irbpf.signals import Signal, split


def event(kind: int, code: int, value: int) -> SimpleNamespace:
    return SimpleNamespace(type=kind, code=code, value=value)


def view() -> View:
    return View(Receiver("rc0", "a receiver", "a driver", "rc-empty"), Player(of_protocols([catalogue()["nec"]]), "python"))


def nec(repeats: int) -> Signal:
    return next(split(from_durations(press(catalogue()["nec"].irp, {"D": 4, "F": 8}, repeats))))


def test_rows_and_counters() -> None:
    one = view()
    one.heard(nec(2))
    one.heard(next(split(parse_samples("+500 -500 +500 overflow 0 +700 -700", "t"))))
    assert [row.reading for row in one.rows] == ["nec 0x408 (D=4 F=8), 2 repeats", ""]
    assert one.counts == {"signals": 2, "frames": 3, "unknown": 1, "lost": 1, "complete": 2}


def test_what_the_input_device_says_goes_to_its_signal() -> None:
    """Before the signal is complete, and after: a key is released when no repeat came for a while."""
    one = view()
    assert one.said(event(4, 4, 0x408), True) == "scan 0x408"
    assert one.said(event(1, 2, 1), True) == "KEY_1 down"
    one.hearing(nec(0).samples)
    one.heard(nec(1))
    for _ in range(3):
        one.said(event(1, 2, 2), False)
    one.said(event(1, 2, 0), False)
    assert one.said(event(0, 0, 0), False) is None
    (row,) = one.rows
    assert row.said_text == "scan 0x408, KEY_1 down, KEY_1 held ×3, KEY_1 up"
    assert row.complete
    one.said(event(1, 2, 1), True)
    assert [row.number for row in one.rows] == [1, 2]


def test_a_key_held_for_long_is_not_read_again_for_each_repeat() -> None:
    one, times = view(), iter([0.0, 0.05, 0.1, 0.15, 0.25, 0.25, 0.3])
    one.clock = lambda: next(times)
    reads = []
    real = one.player.play
    one.player.play = lambda samples: reads.append(1) or real(samples)  # type: ignore[assignment,func-returns-value,method-assign]
    for _ in range(6):
        one.hearing(nec(0).samples)
    assert len(reads) == 2
    assert one.counts["signals"] == 1
