"""The captures of the field's protocols, and noise through some of them; the whole is `tests/bench/run field noise`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from irbpf.irp.interpreter import Interpreter
from irbpf.replay import of_catalogue
from tests import test_corpus
from tests.bench.field import judged
from tests.bench.noise import counted, decoders

NOISY = ["nec", "rcmm12", "Humax 4Phase", "Kaseikyo", "Bose", "OrtekMCE"]  # a checksum, a complement or a leader each


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
    """An hour's worth; at most one event of each protocol is wanted of 24 hours."""
    found = {name: sum(events.values()) for name, events in counted(decoders(NOISY, tmp_path), 1).items()}
    figures(f"noise, one hour: {found}")
    assert all(count <= 1 for count in found.values())
