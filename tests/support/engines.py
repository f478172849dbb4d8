"""One automaton in all engines that need no receiver, each fed the same samples: what they say must be equal, event for event."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from irbpf import bpf, trace
from irbpf.engines.testrun import RESET, Batches
from irbpf.irp.automaton import Automaton
from irbpf.irp.interpreter import Decoded, Interpreter
from irbpf.irp.pool import Pool, start_of
from irbpf.objects import Object, Source
from irbpf.pulses import Sample
from irbpf.reports import Event, Reader
from tests.support.native import SANITIZERS, Native

Said = list[tuple[int, Decoded, int]]  # the index of a sample, the event that it completes, and how many samples its frame took
Engine = Callable[[Sequence[Sample]], Said]


def interpreter(automaton: Automaton) -> Engine:
    machine = Interpreter(automaton)

    def feed(samples: Sequence[Sample]) -> Said:
        machine.reset()
        return [(index, decoded, machine.spent) for index, sample in enumerate(samples) if (decoded := machine.step(sample)) is not None]

    return feed


def pool(automata: Mapping[str, Automaton]) -> Callable[[Sequence[Sample]], Mapping[str, Said]]:
    """The interpreter as `irbpf decode` runs it, for several at once: each asleep until a signal begins as the automaton's do."""
    names, all_of_them = list(automata), list(automata.values())
    machines = Pool([start_of(one) for one in all_of_them], lambda number: all_of_them[number])

    def feed(samples: Sequence[Sample]) -> Mapping[str, Said]:
        machines.reset()
        said: dict[str, Said] = {name: [] for name in names}
        for index, sample in enumerate(samples):
            for number, decoded, machine in machines.step(sample):
                said[names[number]].append((index, decoded, machine.spent))
        return said

    return feed


def pool_of_one(name: str, automaton: Automaton) -> Engine:
    machines = pool({name: automaton})
    return lambda samples: machines(samples)[name]


def _read(name: str, automaton: Automaton, events: Sequence[Event], after: int = 0) -> Said:
    reader = Reader(name, automaton)
    return [(event.sample - after, reader.decoded(event), event.age) for event in events]


def native(name: str, automaton: Automaton, source: Source, folder: Path) -> Engine:
    """`source` is for the host `native`; each needs a folder of its own."""
    machine = Native(source, folder, SANITIZERS)

    def feed(samples: Sequence[Sample]) -> Said:
        machine.reset()
        return _read(name, automaton, machine.feed(samples))

    return feed


@contextmanager
def bytecode(name: str, automaton: Automaton, made: Object) -> Iterator[Engine]:
    """A `test_run` program in this kernel; it is brought back to its start as the product does it, by samples."""
    with bpf.load(made) as program:
        batches = Batches(program)
        yield lambda samples: _read(name, automaton, batches.feed([*RESET, *samples]), len(RESET))


def assert_equal(name: str, engines: Mapping[str, Engine], samples: Sequence[Sample]) -> Said:
    """What all engines say of `samples`."""
    (first, expected), *others = ((engine, feed(samples)) for engine, feed in engines.items())
    for engine, said in others:
        assert said == expected, differ(name, samples, {first: expected, engine: said})
    return expected


def differ(name: str, samples: Sequence[Sample], said: Mapping[str, Said]) -> str:
    """The recording that shows it, to be kept in a file and decoded, and what was said of it."""
    words = {engine: "; ".join(f"{place}: {decoded} of {age} samples" for place, decoded, age in events) or "nothing"
             for engine, events in said.items()}
    command = f"irbpf decode --protocol {name.removeprefix('early-')} --engine"
    return (f"{' and '.join(said)} differ. In a file, to be read by `{command} python` and `{command} bpf`:\n" + trace.text([samples], None, words))
