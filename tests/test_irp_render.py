"""The encoder, against signals that another implementation rendered."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from irbpf.errors import Error
from irbpf.irp.parser import parse
from irbpf.irp.render import press, render
from tests.test_irp_parser import NEC


def test_press_of_nec() -> None:
    one = press(parse(NEC), {"D": 4, "F": 8})
    assert one[:2] == [9024, 4512]
    assert len(one) == 68
    held = press(parse(NEC), {"D": 4, "F": 8}, repeats=2)
    assert len(held) == 68 + 2 * 4
    assert held[68:72] == held[72:76] == [9024, 2256, 564, 96156]


@pytest.mark.parametrize(("params", "word"), [({"D": 4}, "F is missing"), ({"D": 4, "F": 256}, "out of range"),
                                              ({"D": 4, "F": 1, "Q": 1}, "no parameter Q")])
def test_wrong_parameters(params: dict[str, int], word: str) -> None:
    with pytest.raises(Error, match=word):
        render(parse(NEC), params)


def test_all_renders_of_the_field(shared: Path) -> None:
    lines = {entry["name"]: entry["irp"] for entry in json.loads((shared / "irp/protocols.json").read_text())["protocols"]}
    different = set()
    with gzip.open(shared / "irp/renders.jsonl.gz", "rt") as rows:
        for row in map(json.loads, rows):
            if row["protocol"] == "NEC-Shirriff":  # declares no parameters
                continue
            signal = render(parse(lines[row["protocol"]]), row["params"])
            for have, want in zip((signal.intro, signal.repeat, signal.ending), (row["intro"], row["repeat"], row["ending"]),
                                  strict=True):
                if len(have) != len(want) or any(abs(one - other) > 1 for one, other in zip(have, want, strict=True)):
                    different.add(row["protocol"])
    assert not different
