"""The text of the generated C. What it does is compared with the interpreter by tests/test_equivalence.py."""

from __future__ import annotations

from irbpf.irp.automaton import build_automaton
from irbpf.irp.codegen import generate
from irbpf.protocols import catalogue


def test_one_case_for_a_whole_bit_field() -> None:
    text = generate(build_automaton(catalogue()["nec"]))
    assert len(text.splitlines()) < 400
    assert "case 5 ... 3" in text or " ... " in text
