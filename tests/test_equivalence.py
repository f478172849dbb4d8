"""Interpreter, native C and bytecode say the same of every signal, event for event: of what hypothesis thinks up, of another
implementation's renders, and of captures.

IRBPF_TEST_STREAMS is how many streams of one to three signals each decoder is tried on (default: as CI has it). IRBPF_TEST_SEED makes
them others: the same seed makes the same ones, and 0 is CI's. A night's run: IRBPF_TEST_STREAMS=10000 IRBPF_TEST_SEED=$RANDOM.
"""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from itertools import chain
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings

from irbpf import trace
from irbpf.compiling import compiled
from irbpf.engines.testrun import RESET
from irbpf.hosts import host_source
from irbpf.irp.automaton import Automaton, build_automaton, build_union
from irbpf.irp.codegen import generate
from irbpf.irp.early import hasten
from irbpf.objects import Source
from irbpf.protocols import Protocol, catalogue, define
from irbpf.pulses import END, LONGEST_US, Sample, from_durations
from tests.conftest import closed
from tests.support import engines
from tests.support.streams import streams
from tests.support.traces import KERNEL

STREAMS = int(os.environ.get("IRBPF_TEST_STREAMS", "200"))  # of two signals in the mean, for each of 280 decoders
SEED = int(os.environ.get("IRBPF_TEST_SEED", "0"))
AT_ONCE = 16  # decoders that are compiled together, by one worker

LONG = ("{38k,500,msb}<1,-1|1,-3>(8,-8,A:48,B:48,C:40,(A^B):16,1,-50m)*"
        "[A:0..0xffffffffffff,B:0..0xffffffffffff,C:0..0xffffffffff]")
UNION = ("nec", "NEC1", "sony12", "rc5")
EARLY = [f"early-{name}" for name in (*KERNEL, "RC6-M-56", "XMP", "Denon-K", "NEC2", "Sony15", "Proton", "OrtekMCE", "Humax 4Phase", "NECx1")]  # report at the last edge
NAMES = [*(one.name for one in catalogue().decodable()), "long", "union", *EARLY]
GROUPS = [tuple(NAMES[start:start + AT_ONCE]) for start in range(0, len(NAMES), AT_ONCE)]
Machines = Mapping[str, Mapping[str, engines.Engine]]  # the engines of each of a group of decoders


@cache
def protocols(name: str) -> tuple[Protocol, ...]:
    if name == "long":
        return (define("long", LONG, "A:32,C:32"),)
    return tuple(catalogue()[one] for one in (UNION if name == "union" else [name.removeprefix("early-")]))


@cache
def automaton(name: str) -> Automaton:
    built = build_union(protocols(name)) if name == "union" else build_automaton(protocols(name)[0])
    return hasten(built, period=100_000) if name in EARLY else built


def source(name: str, host: str) -> Source:
    return host_source(generate(automaton(name)), host, name)


@pytest.fixture(scope="module")
def machines(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    """All engines that can run here, compiled and loaded for a group of decoders."""
    names: tuple[str, ...] = request.param
    found: dict[str, dict[str, engines.Engine]] = {
        name: {"interpreter": engines.interpreter(automaton(name)), "pool": engines.pool_of_one(name, automaton(name))} for name in names}
    with ExitStack() as programs:
        if closed("native") is None:
            for name in names:
                found[name]["native C"] = engines.native(name, automaton(name), source(name, "native"), tmp_path_factory.mktemp("native"))
        if closed("bpf") is None:
            made = compiled([source(name, "test_run") for name in names], None)[0]
            for name, one in zip(names, made, strict=True):
                found[name]["bytecode"] = programs.enter_context(engines.bytecode(name, automaton(name), one))
        yield found


def in_group(number: int, *values: object) -> ParameterSet:
    """On the worker that has compiled these decoders."""
    return pytest.param(*values, marks=pytest.mark.xdist_group(f"equivalence-{number}"))


@pytest.mark.parametrize(("machines", "name"), [in_group(number, group, name) for number, group in enumerate(GROUPS) for name in group],
                         indirect=["machines"], ids=NAMES)
def test_streams_that_hypothesis_thinks_up(machines: Machines, name: str, tally: Callable[[str, int], None]) -> None:
    counts: Counter[str] = Counter()
    others = [catalogue()[one] for one in KERNEL]

    @seed(zlib.crc32(name.encode()) + SEED)
    @settings(max_examples=STREAMS, database=None, deadline=None, phases=(Phase.generate, Phase.shrink),
              suppress_health_check=list(HealthCheck), report_multiple_bugs=False, verbosity=Verbosity.quiet)
    @given(streams(protocols(name), others, automaton(name)))
    def agree(signals: list[list[Sample]]) -> None:
        said = engines.assert_equal(name, machines[name], list(chain(*signals)))
        counts.update({engine: sum(map(bool, signals)) for engine in machines[name]})
        counts["events"] += len(said)

    agree()
    for engine, count in counts.items():
        tally(f"random signals, {engine}", count)
    assert counts["interpreter"] >= STREAMS
    assert counts["events"] > STREAMS / 10, "the signals say too little"


@pytest.mark.parametrize("machines", [in_group(number, group) for number, group in enumerate(GROUPS)], indirect=True,
                         ids=[f"{group[0]}-to-{group[-1]}" for group in GROUPS])
def test_recorded_and_rendered_signals(machines: Machines, shared: Path, tally: Callable[[str, int], None]) -> None:
    """Each of the shared data by each decoder, many in one stream, with a fresh start between two. The interpreters that cannot
    know a signal are left asleep: that they would say nothing is tested above."""
    together = engines.pool({name: automaton(name) for name in machines})
    signals = recorded(shared)
    for chunk in (signals[start:start + 500] for start in range(0, len(signals), 500)):
        stream = [sample for signal in chunk for sample in (*signal, *RESET)]
        expected = together(stream)
        for name, own in machines.items():
            for engine in own.keys() - {"interpreter", "pool"}:
                if own[engine](stream) != expected[name]:
                    for signal in chunk:
                        engines.assert_equal(name, own, signal)
                    pytest.fail(f"{name}: {engine} and pool differ on signals one after the other, and not on any of them alone")
                tally(f"renders and captures by each decoder, {engine}", len(chunk))
        tally("renders and captures by each decoder, pool", len(chunk) * len(machines))
        tally("renders and captures: events", sum(map(len, expected.values())))


@cache
def recorded(shared: Path) -> list[list[Sample]]:
    """All captures, and all renders with 0 to 3 repeats."""
    signals = []
    for name in ("corpus/captures", "corpus/unlabelled"):
        with gzip.open(shared / f"{name}.jsonl.gz", "rt") as rows:
            signals += [[*map_durations(json.loads(row)["timings"]), END] for row in rows]
    with gzip.open(shared / "irp/renders.jsonl.gz", "rt") as rows:
        for row in map(json.loads, rows):
            presses = [[*row["intro"], *row["repeat"] * repeats, *row["ending"]] for repeats in range(4 if row["repeat"] else 1)]
            signals += [[*map_durations(press), END] for press in presses if press]
    return signals


def map_durations(durations: Sequence[int]) -> list[Sample]:
    return from_durations([min(duration, LONGEST_US) for duration in durations])


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(streams(protocols("rc5"), protocols("nec"), automaton("rc5")))
def test_a_stream_that_is_printed_is_read_again(signals: list[list[Sample]]) -> None:
    """So that what a failure prints can be decoded by anybody."""
    samples = list(chain(*signals))
    assert not samples or trace.parse(trace.text([samples], None, {}), "printed", "").samples == tuple(samples)
