"""Captures of real remotes that nobody here made, where they are at hand: by the decoder of their protocol, and by all of the kernel's at once.

Every automaton is built once; a row is a capture of one press, or of a key that was held.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from irbpf.irp.automaton import LOST
from irbpf.irp.interpreter import Interpreter
from irbpf.protocols import catalogue
from irbpf.pulses import END, LONGEST_US, Sample, from_durations
from irbpf.replay import Player, of_protocols
from tests.support.traces import KERNEL

pytestmark = [pytest.mark.shared, pytest.mark.xdist_group("corpus")]

MOST_MISSED = 0.01


@pytest.fixture(scope="module")
def player() -> Player:
    return Player(of_protocols([catalogue()[name] for name in KERNEL]), "python")


def rows(shared: Path, name: str) -> Iterator[dict[str, Any]]:
    with gzip.open(shared / "corpus" / f"{name}.jsonl.gz", "rt") as lines:
        yield from map(json.loads, lines)


def heard(row: dict[str, Any]) -> list[Sample]:
    return [*from_durations([min(duration, LONGEST_US) for duration in row["timings"]]), END]


def named(row: dict[str, Any]) -> tuple[set[int], set[int]]:
    """The scancodes that a row is known to hold, and those that may come besides."""
    also = {int(code) for code in row.get("linux_also", [])}
    others = {int(other.split(":")[1], 16) for other in row.get("linux_other", []) if other.split(":")[0] == row["linux_protocol"]}
    return {row["linux_scancode"], *also}, others


def reason(machine: Interpreter, samples: list[Sample]) -> str:
    """How far the decoder came in the longest stretch that fitted."""
    machine.reset()
    start, best, end = 0, 0, 0
    for index, sample in enumerate(samples):
        machine.step(sample)
        if machine.state == LOST:
            if index - start > best:
                best, end = index - start, index
            start = index + 1
    return f"fitted for {best} samples, then {'+' if end % 2 == 0 else '-'}{samples[end].duration}" if best else "every sample fitted, the frame did not"


def test_captures_of_the_kernels_protocols(shared: Path, player: Player, figures: Callable[[str], None]) -> None:
    """At least 99 % give their scancode, from one decoder and from all at once, and none gives another one of its protocol."""
    machines = {one.name: Interpreter(one.automaton) for one in player.decoders if one.automaton is not None}
    total, alone, together, first = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    missed, wrong = [], []
    for row in rows(shared, "captures"):
        name = row.get("linux_protocol")
        if name is None:
            continue
        samples = heard(row)
        truth, others = named(row)
        machines[name].reset()
        single = {decoded.scancode for decoded in machines[name].feed(samples)}
        events = [event.decoded for event in player.play(samples)]
        every = {one.scancode for one in events if one.protocol == name}
        total[name] += 1
        alone[name] += bool(single & truth)
        together[name] += bool(every & truth)
        first[name] += bool(events) and events[0].protocol == name
        if not single & truth or not every & truth:
            missed.append(f"{row['id']} {name}:{row['linux_scancode']:#x}: {reason(machines[name], samples)}")
        wrong += [f"{row['id']}: {name}:{code:#x}" for code in (single | every) - truth - others]
    figures(f"{'captures':12} {'rows':>5} {'alone':>6} {'of all':>6} {'first':>6}")
    for name in sorted(total):
        figures(f"{name:12} {total[name]:5} {alone[name]:6} {together[name]:6} {first[name]:6}")
    figures(f"{'in all':12} {total.total():5} {alone.total():6} {together.total():6} {first.total():6}")
    figures("missed:" + "".join(f"\n  {one}" for one in missed) if missed else "none missed")
    assert not wrong
    assert min(alone.total(), together.total()) >= (1 - MOST_MISSED) * total.total()


def test_signals_without_a_truth_crash_nothing(shared: Path, player: Player, figures: Callable[[str], None]) -> None:
    """They need not mean anything; what is decoded is counted, for a person to look at."""
    found, silent = Counter[str](), 0
    for row in rows(shared, "unlabelled"):
        events = player.play(heard(row))
        found.update({event.decoded.protocol for event in events})
        silent += not events
    figures(f"unlabelled: {silent} say nothing; " + "  ".join(f"{name} {count}" for name, count in found.most_common()))
    assert found
