"""Recorded traces through every tier that needs no receiver: interpreter, native C, and this kernel's verifier and JIT.

The expectation in a trace is what the sender, whose encoder nobody here wrote, was asked to send.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from irbpf import bpf, trace
from irbpf.compiler import compile_sources
from irbpf.engines.testrun import RESET, Batches
from irbpf.hosts import host_source
from irbpf.irp.codegen import generate
from irbpf.protocols import catalogue
from irbpf.pulses import Kind, Sample
from irbpf.replay import Player, of_protocols
from irbpf.reports import Reader
from tests.conftest import ROOT
from tests.support.native import Native
from tests.test_automaton import automaton

FILES = sorted((ROOT / "tests" / "traces").glob("*.trace"))
NAMES = sorted({path.stem.split("-")[0] for path in FILES})


def receiver_like(samples: list[Sample], seed: int) -> list[Sample]:
    """What a cheap receiver makes of a signal: pulses longer by up to 120 µs, spaces shorter by as much, steps of 50 µs."""
    rng = random.Random(seed)
    bias, distorted = rng.randint(0, 120), []
    for kind, duration in samples:
        changed = duration + (bias if kind == Kind.PULSE else -bias) + rng.randint(-20, 20)
        distorted.append(Sample(kind, max(50, round(changed / 50) * 50)) if kind in (Kind.PULSE, Kind.SPACE) else Sample(kind, duration))
    return distorted


def variants(path: Path) -> list[list[Sample]]:
    samples = list(trace.read(path).samples)
    return [samples, *(receiver_like(samples, seed) for seed in range(3))]


def test_there_are_enough() -> None:
    assert len(FILES) >= 60
    assert all(trace.read(path).expect and trace.read(path).provenance for path in FILES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_interpreter(path: Path) -> None:
    expect = trace.read(path).expect
    name = expect[0].split(":")[0]
    with Player(of_protocols([catalogue()[name]]), "python") as player:
        for samples in variants(path):
            events = player.play(samples)
            assert tuple(dict.fromkeys(f"{one.decoded.protocol}:{one.decoded.scancode:#x}" for one in events)) == expect


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_whole_catalogue_prefers_the_right_one(path: Path, whole: Player) -> None:
    expect = trace.read(path).expect
    events = whole.play(trace.read(path).samples)
    assert f"{events[0].decoded.protocol}:{events[0].decoded.scancode:#x}" == expect[0]


@pytest.fixture(scope="module")
def whole() -> Player:
    return Player(of_protocols(list(catalogue().values())), "python")


@pytest.mark.native
@pytest.mark.parametrize("name", NAMES)
def test_native(name: str, tmp_path: Path) -> None:
    native = Native(host_source(generate(automaton(name)), "native", name), tmp_path)
    for path in (one for one in FILES if one.stem.split("-")[0] == name):
        for samples in variants(path):
            events = native.feed([*RESET, *samples])
            assert tuple(dict.fromkeys(f"{name}:{one.scancode:#x}" for one in events)) == trace.read(path).expect, path


@pytest.mark.bpf
@pytest.mark.parametrize("name", NAMES)
def test_bpf(name: str) -> None:
    reader = Reader(name, automaton(name))
    with bpf.load(compile_sources([host_source(generate(automaton(name)), "test_run", name)])[0]) as program:
        for path in (one for one in FILES if one.stem.split("-")[0] == name):
            for samples in variants(path):
                events = reader.all(Batches(program).feed([*RESET, *samples]))
                assert tuple(dict.fromkeys(f"{name}:{one.scancode:#x}" for one in events)) == trace.read(path).expect, path
