"""False keys: what every protocol's decoder, as native C, says of noise in which nobody pressed anything."""

from __future__ import annotations

import ctypes
import random
import tempfile
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from irbpf.automata import of_catalogue
from irbpf.hosts import host_source
from irbpf.irp.automaton import IDLE, Automaton
from irbpf.irp.codegen import generate
from irbpf.protocols import catalogue
from irbpf.pulses import LONGEST_US, Kind
from irbpf.replay import Player
from irbpf.replay import of_catalogue as of_all
from tests.conftest import shared_folder
from tests.support.native import Native
from tests.test_corpus import heard, rows

Row = dict[str, Any]
HOUR_US = 3_600_000_000
BATCH = 50_000  # samples
PULSE = Kind.PULSE << 24


def uniform(rng: random.Random) -> Iterator[tuple[int, int]]:
    """Pulses and spaces of 1 to 20 000 µs: 100 samples a second."""
    while True:
        yield 1 + int(rng.random() * 20_000), 1 + int(rng.random() * 20_000)


def exponential(rng: random.Random) -> Iterator[tuple[int, int]]:
    """Pulses and spaces of 800 µs in the mean, any length as likely to end: 1250 samples a second."""
    while True:
        yield 1 + int(rng.expovariate(1 / 800)), 1 + int(rng.expovariate(1 / 800))


def lamp(rng: random.Random) -> Iterator[tuple[int, int]]:
    """A burst of 1 to 12 short pulses at each half wave of the mains, 100 times a second: 1300 samples a second."""
    while True:
        left = 10_000 + int(rng.gauss(0, 100))
        for _ in range(rng.randint(0, 11)):
            pulse, space = 20 + int(rng.random() * 280), 20 + int(rng.random() * 430)
            left -= pulse + space
            yield pulse, space
        pulse = 20 + int(rng.random() * 280)
        yield pulse, max(1, left - pulse)


KINDS: Mapping[str, Callable[[random.Random], Iterator[tuple[int, int]]]] = {"uniform": uniform, "exponential": exponential, "lamp": lamp}


def batches(kind: str, hours: float, seed: int = 1) -> Iterator[array[int]]:
    """`hours` of one kind of noise as mode2 words (the kind of a space is 0)."""
    words, elapsed = array("I"), 0
    for pulse, space in KINDS[kind](random.Random(f"{kind} {seed}")):
        words.append(PULSE | min(pulse, LONGEST_US))
        words.append(min(space, LONGEST_US))
        elapsed += pulse + space
        if len(words) >= BATCH or elapsed >= hours * HOUR_US:
            yield words
            words = array("I")
        if elapsed >= hours * HOUR_US:
            return


def guard(automaton: Automaton) -> str:
    """What keeps noise out: `check` (a checksum, a complement or a constant in a frame of a byte at least: Canon only sends its one bit
    twice), `leader` (a first pulse twice as long as any other)."""
    inner = max((edge.nominal for state in automaton.states if state.sign > 0 and not state.rest for edge in state.edges), default=0)
    first = [edge.nominal for edge in automaton.states[IDLE].edges]
    checked = all(one.checks and one.bits >= 8 for one in automaton.readings if one.report == "down")
    return "+".join([*(["check"] if checked else []), *(["leader"] if first and min(first) >= 2 * inner else [])])


def decoders(names: Sequence[str], folder: Path) -> Mapping[str, Native]:
    kept = of_catalogue()
    return {name: Native(host_source(generate(kept.automaton(name)), "native", f"decoder{number}"), folder)
            for number, name in enumerate(names)}


def counted(machines: Mapping[str, Native], hours: float) -> Mapping[str, Mapping[str, int]]:
    """Protocol -> kind of noise -> events, each kind for a third of the hours."""
    found = {name: dict.fromkeys(KINDS, 0) for name in machines}
    for kind in KINDS:
        for machine in machines.values():
            machine.reset()
        for words in batches(kind, hours / len(KINDS)):
            room = (ctypes.c_uint32 * len(words)).from_buffer(words)
            for name, machine in machines.items():
                found[name][kind] += machine.count(room)
    return found


def noise(hours: float) -> list[Row]:
    """Events of every protocol in `hours` of noise, by what keeps noise out of it."""
    kept = of_catalogue()
    names = [one.name for one in catalogue().decodable()]
    with tempfile.TemporaryDirectory() as folder:
        found = counted(decoders(names, Path(folder)), hours)
    guards = {name: guard(kept.automaton(name)) for name in names}
    return [*_summed(found, guards, hours), *({"protocol": name, "guard": guards[name] or "none", **found[name], "in all": sum(found[name].values())}
            for name in sorted(names, key=lambda name: -sum(found[name].values())) if any(found[name].values())), *unlabelled(guards)]


def unlabelled(guards: Mapping[str, str]) -> list[Row]:
    """What all protocols together make of the shared captures without a truth: how many signals each is the preferred reading of."""
    if not shared_folder().is_dir():
        return []
    silent, first = 0, Counter[str]()
    with Player(of_all(), "python") as player:
        for row in rows(shared_folder(), "unlabelled"):
            names = {event.decoded.protocol for event in player.play(heard(row)) if event.rank == 0}
            silent, _ = silent + (not names), first.update(names)
    return [{"unlabelled": "say nothing", "signals": silent},
            *({"unlabelled": name, "signals": count, "its guard": guards[name] or "none"} for name, count in first.most_common())]


def _summed(found: Mapping[str, Mapping[str, int]], guards: Mapping[str, str], hours: float) -> list[Row]:
    rows = []
    for what in sorted(set(guards.values()), reverse=True):
        names = [name for name in found if guards[name] == what]
        events = [sum(found[name].values()) for name in names]
        rows.append({"hours": hours, "kept out by": what or "nothing", "protocols": len(names), "events": sum(events),
                     "more than 1": sum(count > 1 for count in events), "target": 0 if what else ""})
    return rows
