"""What each protocol's program costs: instructions a sample, size, and the verifier's time."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from irbpf import bpf, together
from irbpf.automata import of_catalogue
from irbpf.compiling import compiled
from irbpf.everything import everything
from irbpf.cache import Cache, default_folder
from irbpf.errors import Error
from irbpf.irp.automaton import Automaton
from irbpf.irp.interpreter import Interpreter
from irbpf.irp.render import press
from irbpf.keymap import Entry
from irbpf.objects import Object
from irbpf.programs import source_of
from irbpf.protocols import catalogue
from irbpf.pulses import END, Kind, Sample, from_durations
from tests.bench.figures import executed
from tests.bench.pools import Pools

Row = dict[str, Any]
FIXED = {"rc6_mce": {"OEM": 0x800F}}  # what a decoder asks for and chance does not hit
REPEATS, WORST, LOADS, TRIES = 2, 10, 3, 200


def cost() -> list[Row]:
    """Of each program: instructions a sample of one press with two repeats, its size, and the time to load and verify it: the worst ten,
    and totals. The cache keeps what was compiled."""
    protocols, kept, cache = catalogue().decodable(), of_catalogue(), Cache(default_folder())
    made = {host: compiled([source_of(Entry(one, {}), kept.automaton(one.name), host) for one in protocols], cache)[0]
            for host in ("lirc", "test_run")}
    rows = [_row(kept.automaton(one.name), program, tried) for one, program, tried in zip(protocols, made["lirc"], made["test_run"], strict=True)]
    return [*_totals(rows), *(row for name in ("p99", "size", "verify ms") for row in _worst(rows, name))]


def _row(automaton: Automaton, program: Object, tried: Object) -> Row:
    counts = executed(program, samples_of(automaton))
    return {"protocol": automaton.name, "median": statistics.median(counts), "p99": sorted(counts)[int(len(counts) * 0.99)], "most": max(counts),
            "size": len(program.instructions) // 8, "verify ms": round(verified(tried), 2)}


def samples_of(automaton: Automaton) -> list[Sample]:
    """A press that the decoder understands, held for two repeats, and the silence after it."""
    protocol, rng = catalogue()[automaton.name], random.Random(automaton.name)
    for _ in range(TRIES):
        params = {one.name: rng.randint(one.least, one.most) for one in protocol.irp.parameters} | FIXED.get(protocol.name, {})
        with suppress(Error):
            samples = [*from_durations(press(protocol.irp, params, REPEATS)), END]
            if list(Interpreter(automaton).feed(samples)):
                return samples
    raise Error(f"{automaton.name}: no press with any parameters decodes")


def verified(program: Object) -> float:
    """The median time to load the program for the test host and let the kernel verify it, in ms; the decoder in it is the same."""
    took = []
    for _ in range(LOADS):
        begun = time.perf_counter()
        try:
            with bpf.load(program):
                took.append(1000 * (time.perf_counter() - begun))
        except Error as error:
            raise Error(f"{program.name}: {error.message}", error.hint) from error
    return statistics.median(took)


def _totals(rows: Sequence[Row]) -> list[Row]:
    return [{"of all": name, "programs": len(rows), "median of it": statistics.median(row[name] for row in rows),
             "p99 of it": sorted(row[name] for row in rows)[int(len(rows) * 0.99)], "highest": max(row[name] for row in rows),
             "sum": round(sum(row[name] for row in rows), 1)} for name in ("median", "p99", "most", "size", "verify ms")]


def _worst(rows: Sequence[Row], name: str) -> list[Row]:
    return [{"worst by": name, **row}
            for row in sorted(rows, key=lambda row: -float(row[name]))[:WORST]]


def merged() -> list[Row]:
    """All protocols at once (`protocol: any`): instructions a sample over a press of each protocol, those of each protocol alone, and how many
    times as many they are; and the size of the programs."""
    programs = everything("lirc", Cache(default_folder())).objects
    pools, kept, counts, singles, silent = Pools(programs), of_catalogue(), [], [], []
    alone = compiled([source_of(Entry(one, {}), kept.automaton(one.name), "lirc") for one in together.protocols()], Cache(default_folder()))[0]
    for protocol, program in zip(together.protocols(), alone, strict=True):
        samples = samples_of(kept.automaton(protocol.name))
        singles += executed(program, samples)
        taken = [pools.take(sample) for sample in [Sample(Kind.SPACE, 200_000), *samples]]
        counts += [count for count, _ in taken]
        silent += [] if any(said for _, said in taken) else [protocol.name]
    both = (counts, singles)
    return [{"protocols": len(alone), "programs": len(programs), "attached": len(pools.heads), "size": sum(len(one.instructions) // 8 for one in programs),
             **{name: [round(what(each), 1) for each in both] + [round(what(counts) / what(singles), 1)]
                for name, what in (("mean", statistics.mean), ("median", statistics.median), ("p99", _p99))}, "target": 10, "silent": silent}]


def _p99(counts: Sequence[int]) -> float:
    return sorted(counts)[int(len(counts) * 0.99)]
