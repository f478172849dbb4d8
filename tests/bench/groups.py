"""Makes keymaps/protocols/together.yaml: which protocols of the catalogue share an automaton, and are decoded with few instructions.

    /usr/bin/python3 -m tests.bench.groups > new.yaml    the present groups made better; half an hour if there is much to do

Each group of protocols has an automaton of its own, which is woken by what its protocols begin with; so what a group costs is for how many
samples of others it is awake. Protocols move to other groups, and groups join, as long as that makes a sample cheaper. The order of the groups
says who is heard.
"""

from __future__ import annotations

import functools
import math
import random
import sys
from collections.abc import Callable, Mapping, Sequence

import yaml

from irbpf.automata import of_catalogue
from irbpf.irp.automaton import LOST, Automaton, Incompatible, build_union
from irbpf.irp.codegen import generate
from irbpf.irp.interpreter import Interpreter
from irbpf.irp.pool import start_of
from irbpf.protocols import Protocol, catalogue
from irbpf.pulses import LONGEST_US, Kind, Sample
from irbpf.together import MOST_STATES, POOL, alone, groups, numbers, protocols
from tests.bench.cost import samples_of

BIASES = (-50, 0, 60, 100)  # µs
JITTER, JITTERED = 0.08, 6  # part of a duration; presses of each protocol that are distorted so
MOST_TEXT = 200_000  # characters of C: 20,000 to 28,000 instructions, since a jump cannot be longer than 32,767
RUN, DEPTH = 88, 2.2  # instructions of a member, and more of them for twice as many states; as tests/bench/run cost counts them
LOST_PRESS = 2  # as bad as so many instructions a sample: a distorted press that a protocol reads alone, and not in its group
WORTH = 0.3  # instructions a sample: what is not worth a move
SMALL = 14  # groups that are tried to be joined with others
HEAD = """# Where all protocols of the catalogue are loaded at once (protocol: any): `alone` are left out, and why; `groups` share an automaton
# each, and those named first are heard first. The groups are made by tests/bench/groups.py.
"""
Names = tuple[str, ...]


def improved(start: Sequence[Names]) -> list[Names]:
    """`start` with protocols moved and groups joined until nothing makes it cheaper, in no more groups than one pool has room for."""
    found = list(start)
    while True:
        before = total(found)
        while len(found) > 1 and (len(found) >= POOL or joined(found)[0] < 0):
            found = joined(found)[1]
        for name in sorted((name for group in found for name in group), key=lambda name: -_gain(found, name)):
            found = moved(found, name)
        print(f"\n{len(found)} groups, {total(found):.1f} instructions a sample", file=sys.stderr)
        if total(found) > before - WORTH:
            return found


def total(found: Sequence[Names]) -> float:
    return sum(weight(one) for one in found)


def joined(found: Sequence[Names]) -> tuple[float, list[Names]]:
    """The two groups joined that it is best to join; and how much worse that is."""
    small = sorted(found, key=weight)[:SMALL]
    pairs = [(one, other, in_order(one + other)) for one in small for other in found if other != one]
    worse, (one, other, both) = min(((weight(both) - weight(one) - weight(other), (one, other, both)) for one, other, both in pairs))
    if math.isinf(worse):
        raise SystemExit("no two groups can be joined")
    return worse, [*(group for group in found if group not in (one, other)), both]


def moved(found: list[Names], name: str) -> list[Names]:
    """With the protocol in the group where it costs least."""
    gain, source = _gain(found, name), _of(found, name)
    if gain < WORTH:
        return found
    print(f"\r{total(found):8.1f} {name:20}", end="", file=sys.stderr, flush=True)
    others = [*(group for group in found if group != source), *([()] if len(found) < POOL else [])]
    gains = [(gain + weight(group) - weight(in_order((*group, name))), group) for group in others]
    best, taker = max(gains)
    if best < WORTH:
        return found
    rest = _without(source, name)
    return [*(group for group in found if group not in (source, taker)), in_order((*taker, name)), *([rest] if rest else [])]


def _gain(found: Sequence[Names], name: str) -> float:
    source = _of(found, name)
    return weight(source) - weight(_without(source, name))


def _of(found: Sequence[Names], name: str) -> Names:
    return next(group for group in found if name in group)


def _without(group: Names, name: str) -> Names:
    return tuple(one for one in group if one != name)


def in_order(names: Names) -> Names:
    """Those that are preferred first: they are heard first."""
    return tuple(one.name for one in protocols() if one.name in names)


@functools.cache
def weight(names: Names) -> float:
    """What a group costs, in instructions for a sample of any protocol; infinite if its protocols cannot share an automaton."""
    group = [catalogue()[name] for name in names]
    if not group:
        return 0.0
    try:
        machine = build_union(group, MOST_STATES) if len(group) > 1 else build_union(group)
    except Incompatible:
        return math.inf
    if len(generate(machine, numbers())) > MOST_TEXT or silent(machine, group):
        return math.inf
    return awake(machine) * (RUN + DEPTH * math.log2(len(machine.states))) + LOST_PRESS * len(deaf(machine, group, _distorted))


def arranged(found: Sequence[Names]) -> list[Names]:
    """The groups in such an order that of all that read a press at once the preferred is heard, of as many presses as can be."""
    said, order = first_reports(found), list(range(len(found)))
    order.sort(key=lambda group: _rank()[found[group][0]])
    fewest, better = len(mistaken(said, order)), True
    while better:
        better = False
        for group in list(order):
            for place in range(len(order)):
                tried = [one for one in order if one != group]
                tried.insert(place, group)
                if (wrong := len(mistaken(said, tried))) < fewest:
                    fewest, order, better = wrong, tried, True
    return [found[group] for group in order]


def first_reports(found: Sequence[Names]) -> dict[str, dict[int, str]]:
    """Of a press of each protocol what is reported first: which groups do so at that sample, and as which protocol."""
    machines = [build_union([catalogue()[name] for name in group], MOST_STATES) for group in found]
    return {one.name: _first(machines, samples_of(of_catalogue().automaton(one.name))) for one in protocols()}


def _first(machines: Sequence[Automaton], samples: Sequence[Sample]) -> dict[int, str]:
    running = [Interpreter(one) for one in machines]
    for sample in samples:
        if said := {place: decoded.protocol for place, one in enumerate(running) if (decoded := one.step(sample)) is not None}:
            return said
    return {}


def mistaken(said: Mapping[str, Mapping[int, str]], order: Sequence[int]) -> list[str]:
    """The protocols of whose press another is heard than the preferred of those that report at once."""
    places = {group: place for place, group in enumerate(order)}
    return [name for name, first in said.items()
            if not first or first[min(first, key=places.__getitem__)] != min(first.values(), key=_rank().__getitem__)]


@functools.cache
def _rank() -> Mapping[str, int]:
    return {one.name: rank for rank, one in enumerate(protocols())}


def awake(machine: Automaton) -> float:
    """For how much of the presses of all protocols an automaton is awake, as bpf/host/head.c wakes it."""
    start, running, on, silence, count, of = start_of(machine), Interpreter(machine), False, LONGEST_US, 0, 0
    for sample in _all_presses():
        kind, duration = sample
        if kind == Kind.PULSE and not on and (silence >= start.gap or duration >= start.leader) and start.pulse(duration):
            on = True
            running.restart_from_silence()
        silence = 0 if kind == Kind.PULSE else LONGEST_US if kind == Kind.TIMEOUT else duration
        if on:
            running.step(sample)
            on = running.state != LOST
            count += 1
        of += 1
    return count / of


@functools.cache
def _all_presses() -> Sequence[Sample]:
    kept = of_catalogue()
    return [sample for one in protocols() for sample in (Sample(Kind.SPACE, 200_000), *samples_of(kept.automaton(one.name)))]


def silent(machine: Automaton, group: Sequence[Protocol]) -> list[str]:
    """Those of which a shared automaton does not hear a press that their own does, whatever the receiver adds to pulses: of durations
    that differ by little, the nearest is taken, whichever protocol's that is."""
    return sorted(set(deaf(machine, group, _biased)))


def deaf(machine: Automaton, group: Sequence[Protocol], presses: Callable[[str], list[list[Sample]]]) -> list[str]:
    """One name for each of the presses that a shared automaton does not hear, and the protocol's own does."""
    return [one.name for one in group for press in presses(one.name) if not list(Interpreter(machine).feed(press))]


@functools.cache
def _biased(name: str) -> list[list[Sample]]:
    """A press as receivers of several kinds hear it, those of them that the protocol's own automaton reads."""
    return _read(name, [(0.0, bias) for bias in BIASES])


@functools.cache
def _distorted(name: str) -> list[list[Sample]]:
    """The same, and no duration is quite what it should be."""
    return _read(name, [(JITTER, BIASES[one % len(BIASES)]) for one in range(JITTERED)])


def _read(name: str, kinds: Sequence[tuple[float, int]]) -> list[list[Sample]]:
    own = of_catalogue().automaton(name)
    heard = [_heard(samples_of(own), random.Random(f"{name} {place}"), *kind) for place, kind in enumerate(kinds)]
    return [samples for samples in heard if list(Interpreter(own).feed(samples))]


def _heard(samples: Sequence[Sample], rng: random.Random, jitter: float, bias: int) -> list[Sample]:
    added = {Kind.PULSE: bias, Kind.SPACE: -bias}
    return [one._replace(duration=max(1, round(one.duration * rng.uniform(1 - jitter, 1 + jitter)) + added[one.kind])) if one.kind in added else one
            for one in samples]


def main() -> None:
    found = improved([tuple(one.name for one in group) for group in groups()])
    made = {"alone": dict(alone()), "groups": [list(group) for group in arranged(found)]}
    print(HEAD + yaml.safe_dump(made, width=140, default_flow_style=None, sort_keys=False), end="")


if __name__ == "__main__":
    main()
