"""The captures of the field's protocols, and noise through those with a guard; the whole is `tests/bench/run field noise`."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from irbpf import automata
from irbpf.irp.automaton import build_automaton
from irbpf.irp.interpreter import Interpreter
from irbpf.protocols import catalogue
from irbpf.pulses import Sample
from irbpf.replay import Player, of_catalogue
from tests import test_corpus
from tests.bench.field import judged
from tests.bench.noise import counted, decoders, guard

HOURS = float(os.environ.get("IRBPF_TEST_NOISE_HOURS", "0.3"))

POOR = 0.3  # durations that are off by more in the mean are another protocol's


@pytest.mark.shared
def test_parameters_agree_across_the_rows_of_one_remote(shared: Path, figures: Callable[[str], None]) -> None:
    machines = {one.name: Interpreter(one.automaton) for one in of_catalogue() if one.automaton is not None}
    verdicts = judged(test_corpus.rows(shared, "captures"), machines)
    good = sum(not why for _, why in verdicts)
    figures(f"captures of protocols with a line but no scancode: {good} of {len(verdicts)} ({good / len(verdicts):.2%}; wanted 98 %)")
    assert len(verdicts) > 1500
    assert good >= 0.98 * len(verdicts), [(one.row["id"], why) for one, why in verdicts if why]


@pytest.mark.native
def test_noise_is_no_key(tmp_path: Path, figures: Callable[[str], None]) -> None:
    """Through every protocol with a checksum, a complement or a leader; at most one event of each is wanted of 24 hours."""
    kept = automata.of_catalogue()
    guarded = [one.name for one in catalogue().decodable() if guard(kept.automaton(one.name))]
    assert len(guarded) > 170
    found = {name: sum(events.values()) for name, events in counted(decoders(guarded, tmp_path), HOURS).items()}
    figures(f"noise, {HOURS:g} hours through {len(guarded)} protocols with a guard: {sum(found.values())} events")
    assert not sum(found.values()), {name: count for name, count in found.items() if count}


def deviation(name: str, samples: Sequence[Sample]) -> float:
    """How far the durations of the worst frame that `name` reads are off, in the mean, as parts of what they should be."""
    machine = Interpreter(build_automaton(catalogue()[name]))
    return max(machine.off / machine.measured for sample in samples if machine.step(sample) is not None)


@pytest.mark.shared
def test_what_unlabelled_signals_say_is_plausible(shared: Path, figures: Callable[[str], None]) -> None:
    """Every tenth through all protocols: nothing, or parameters that the line allows, of durations that are those of the line on the whole."""
    silent, off = 0, []
    with Player(of_catalogue(), "python") as player:
        for row in list(test_corpus.rows(shared, "unlabelled"))[::10]:
            events = player.play(test_corpus.heard(row))
            silent += not events
            off += [deviation(name, test_corpus.heard(row)) for name in {event.decoded.protocol for event in events if event.rank == 0}]
            for event in events:
                allowed = {one.name: one for one in catalogue()[event.decoded.protocol].irp.parameters}
                assert all(allowed[name].least <= value <= allowed[name].most for name, value in event.decoded.params.items() if name in allowed), event
    figures(f"unlabelled: {len(off)} preferred readings, off by {sum(off) / len(off):.1%} in the mean, {sum(map(POOR.__lt__, off))} by more than "
            f"{POOR:.0%}; {silent} say nothing")
    assert silent
    assert sum(map(POOR.__lt__, off)) <= 0.03 * len(off)
