"""A part of the shared captures learned remote by remote; the whole is `python3 -m tests.bench.learn`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bench.learn import figures as lines
from tests.bench.learn import remotes, run

PART = 12  # each so manieth remote


@pytest.mark.shared
def test_remotes_are_learned(shared: Path, figures: Callable[[str], None]) -> None:
    outcomes = list(run(remotes(shared / "corpus" / "captures.jsonl.gz", least=3)[::PART]))
    for line in lines(outcomes):
        figures(line)
    known = [one for one in outcomes if one.known is not None]
    assert sum(not one.known for one in known) >= 0.9 * len(known)
    assert sum(not one.unknown for one in outcomes) >= 0.8 * len(outcomes)
