"""What a signal is, and why not: each kind of damage must be named by the rule that it breaks, where it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from irbpf import cli
from irbpf.identify import Miss, identify
from irbpf.irp.render import press
from irbpf.protocols import catalogue
from irbpf.pulses import format_samples, from_durations
from irbpf.replay import Player, of_protocols

NEC = press(catalogue()["nec"].irp, {"D": 4, "F": 8})[:-1]
BIT = 2 + 2 * 24 + 1  # the space of the first bit of the last byte


@pytest.fixture(scope="module")
def player() -> Player:
    return Player(of_protocols([catalogue()[name] for name in ("nec", "jvc", "sony12")]), "python")


def miss(durations: list[int], player: Player, name: str = "nec") -> Miss:
    got = identify(from_durations(durations), player)
    assert name not in [one.protocol for one in got.found]
    return next(one for one in got.misses if one.protocol == name)


def test_a_reading_has_its_fit(player: Player) -> None:
    off = [duration + (60 if place == 10 else 0) for place, duration in enumerate(NEC)]
    (found,) = identify(from_durations(off), player).found
    assert (found.protocol, found.scancode, found.rule, found.rank) == ("nec", 0x408, "complement", 0)
    assert 55 <= found.fit.most_us <= 65 and found.fit.mean_us < 5
    assert (found.first, found.last) == (0, len(NEC))


def test_a_broken_complement(player: Player) -> None:
    damaged = [*NEC]
    damaged[BIT] = 1690 if damaged[BIT] < 1000 else 564
    assert miss(damaged, player).rule == "complement"


def test_a_duration_that_fits_nothing(player: Player) -> None:
    damaged = [*NEC]
    damaged[20] = 1500
    got = miss(damaged, player)
    assert (got.rule, got.matched) == ("duration", 20)
    assert "duration 21 is a pulse of 1500 µs" in got.why


def test_a_signal_that_is_cut(player: Player) -> None:
    got = miss(NEC[:41], player)
    assert got.rule == "length" and "ends after 41 durations" in got.why


def test_a_signal_that_goes_on(player: Player) -> None:
    got = miss([*NEC, 564, 564, 564, 564, 564], player)
    assert got.rule == "length" and "goes on" in got.why


def test_another_leader_is_no_near_miss(player: Player) -> None:
    assert not any(one.protocol == "sony12" for one in identify(from_durations(NEC), player).misses)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "one.txt"
    path.write_text(format_samples(from_durations(NEC)))
    assert cli.main(["identify", str(path), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["readings"][0]["protocol"] == "nec" and row["readings"][0]["scancode"] == "0x408"
    assert row["misses"]
    assert cli.main(["identify", str(path), "--json", "--most", "2"]) == 0
    assert len(json.loads(capsys.readouterr().out)[0]["misses"]) == 2
    assert cli.main(["identify", str(path)]) == 0
    assert "decided by" in capsys.readouterr().out


def test_a_file_without_signals_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "none.txt").write_text("# nothing\n")
    assert cli.main(["identify", str(tmp_path / "none.txt")]) == 1
    assert "has no signals" in capsys.readouterr().err
