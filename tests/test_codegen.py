"""The generated C says what the interpreter says, event for event, with sanitizers on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from irbpf.hosts import host_source
from irbpf.irp.automaton import build_automaton
from irbpf.irp.codegen import generate
from irbpf.irp.interpreter import Decoded, Interpreter
from irbpf.protocols import Protocol, catalogue, define
from irbpf.pulses import Sample
from irbpf.reports import Event, Reader
from tests.support.native import Native
from tests.support.signals import random_signals
from tests.support.traces import KERNEL

SIGNALS = int(os.environ.get("IRBPF_TEST_SIGNALS", "250"))

LONG = ("{38k,500,msb}<1,-1|1,-3>(8,-8,A:48,B:48,C:40,(A^B):16,1,-50m)*"
        "[A:0..0xffffffffffff,B:0..0xffffffffffff,C:0..0xffffffffff]")


def interpreted(machine: Interpreter, samples: list[Sample]) -> list[tuple[int, Decoded]]:
    return [(index, decoded) for index, sample in enumerate(samples) if (decoded := machine.step(sample)) is not None]


def reported(reader: Reader, events: list[Event]) -> list[tuple[int, Decoded]]:
    return [(event.sample, reader.decoded(event)) for event in events]


@pytest.mark.native
@pytest.mark.parametrize("name", [*(one.name for one in catalogue().decodable()), "long"])
def test_c_says_what_the_interpreter_says(name: str, tmp_path: Path) -> None:
    protocols: list[Protocol] = [define("long", LONG, "A:32,C:32")] if name == "long" else [catalogue()[name]]
    automaton = build_automaton(protocols[0])
    native = Native(host_source(generate(automaton), "native", name), tmp_path, ("-O1", "-fsanitize=undefined,bounds", "-fno-sanitize-recover"))
    machine, reader = Interpreter(automaton), Reader(name, automaton)
    events = 0
    for samples in random_signals([*protocols * 3, catalogue()["nec"], catalogue()["rc5"]], SIGNALS, seed=7):
        expected = interpreted(machine, samples)
        assert reported(reader, native.feed(samples)) == expected
        events += len(expected)
    assert events > SIGNALS / (5 if name in KERNEL else 40), "the signals say too little"


def test_one_case_for_a_whole_bit_field() -> None:
    text = generate(build_automaton(catalogue()["nec"]))
    assert len(text.splitlines()) < 400
    assert "case 5 ... 3" in text or " ... " in text
