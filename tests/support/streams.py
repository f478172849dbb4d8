"""Streams of samples for hypothesis: what protocols send, spliced and mutated in every way that receivers and rooms have, and noise.

A stream is a few presses one after the other, as one receiver hears them. What a decoder compares durations with is drawn from its
automaton, so that windows are tried at their very bounds. Nothing is asserted here.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from hypothesis import strategies as st

from irbpf.errors import Error
from irbpf.irp.automaton import Automaton
from irbpf.irp.interpreter import Interpreter
from irbpf.irp.render import press
from irbpf.protocols import Protocol
from irbpf.pulses import LONGEST_US, Kind, Sample, from_durations

MOST_SAMPLES = 1000  # of a press: air conditioners send 600
Stream = list[Sample]


def bounded(duration: int) -> int:
    return min(LONGEST_US, max(1, duration))


def legal(sample: Sample) -> Sample:
    """As a receiver can deliver it."""
    return Sample(sample.kind, 0 if sample.kind == Kind.OVERFLOW else bounded(sample.duration))


def bounds(automaton: Automaton) -> list[int]:
    """The durations that the automaton compares with, and those beside them."""
    edges = [edge for state in automaton.states for edge in state.edges]
    known = {bound for edge in edges for bound in (edge.least, edge.most, edge.nominal)} - {0}
    known |= {automaton.start_gap, automaton.leader, automaton.hold_gap, LONGEST_US, 1}
    return sorted({bounded(bound + off) for bound in known for off in (-1, 0, 1)})


Mutation = tuple[str, int, int]
# They take no protocol, and nothing is mapped: hypothesis would print what they hold for each example, which takes longer than all else.
noise = st.lists(st.integers(1, 3000), max_size=40)
kinds, pieces, repeats, small, large = st.integers(0, 10), st.integers(1, 3), st.integers(0, 3), st.integers(0, 255), st.integers(0, 0xFFFF)
after = st.sampled_from(((Kind.TIMEOUT,), (), (Kind.SPACE,), (Kind.TIMEOUT, Kind.SPACE), (Kind.OVERFLOW,)))
yes_or_no = st.booleans()
mutations = st.lists(st.tuples(st.sampled_from(("swap", "shift", "snap", "drop", "spike", "set", "bias", "jitter", "tail", "head", "twice", "told")),
                               small, large), max_size=4)


def pressed(draw: st.DrawFn, protocol: Protocol) -> Stream:
    """One press with any parameters: as sent, with up to three repeats."""
    least = draw(yes_or_no)
    params = {one.name: draw(st.integers(one.least, one.most)) for one in protocol.irp.parameters if one.default is None or not least}
    try:
        return from_durations(map(bounded, press(protocol.irp, params, draw(repeats))))[:MOST_SAMPLES]
    except Error:  # a signal that the line does not define
        return []


def mutated(samples: Stream, mutation: Mutation, known: Sequence[int]) -> Stream:
    """`samples` with one thing changed; `known` are durations that matter."""
    name, place, amount = mutation
    if not samples:
        return samples
    place %= len(samples)
    here = samples[place]
    match name:
        case "swap":  # with a neighbour of its kind: another bit
            other = (place + 2 + amount % 2 * 2) % len(samples)
            return [Sample(one.kind, samples[{place: other, other: place}.get(index, index)].duration) for index, one in enumerate(samples)]
        case "shift":
            return [*samples[:place], here._replace(duration=here.duration + amount % 1000 - 500), *samples[place + 1:]]
        case "snap":
            return [*samples[:place], here._replace(duration=nearest(here.duration, known, amount)), *samples[place + 1:]]
        case "drop":  # edges: two samples of a kind in a row, or one long one
            after = samples[place + 1 + amount % 3:]
            if amount & 4 and after:
                lost = sum(one.duration for one in samples[place:len(samples) - len(after)])
                after = [after[0]._replace(duration=after[0].duration + lost), *after[1:]]
            return [*samples[:place], *after]
        case "spike":
            other = Kind.SPACE if here.kind == Kind.PULSE else Kind.PULSE
            return [*samples[:place], here, Sample(other, 1 + amount % 300), *samples[place:]]
        case "set":
            return [*samples[:place], here._replace(duration=known[amount % len(known)]), *samples[place + 1:]]
        case "bias":
            off = amount % 400 - 150
            return [one._replace(duration=one.duration + (off if one.kind == Kind.PULSE else -off)) for one in samples]
        case "jitter":
            rng, spread = random.Random(amount), place / 700
            return [one._replace(duration=round(one.duration * rng.uniform(1 - spread, 1 + spread))) for one in samples]
        case "tail":
            return samples[place:]
        case "head":
            return samples[:place]
        case "twice":
            return [*samples[:place], *samples[amount % (place + 1):]]
        case _:
            kind = (Kind.OVERFLOW, Kind.TIMEOUT, Kind.FREQUENCY)[amount % 3]
            if kind == Kind.TIMEOUT and here.kind == Kind.SPACE:  # the receiver took this gap for the end
                return [*samples[:place], Sample(kind, here.duration), *samples[place + 1:]]
            return [*samples[:place], Sample(kind, known[amount // 3 % len(known)]), *samples[place:]]


def nearest(duration: int, known: Sequence[int], amount: int) -> int:
    """One of the known durations around `duration`."""
    around = sorted(known, key=lambda bound: abs(bound - duration))[:12]
    return around[amount % len(around)]


def snapped(automaton: Automaton, samples: Stream, choices: int) -> Stream:
    """The same way through the automaton, but at the bounds of each window, or beside them as the bits of `choices` say."""
    machine, rng, found = Interpreter(automaton), random.Random(choices), []
    for sample in samples:
        corrected = machine.corrected(*sample)
        edge = machine.edge(sample.kind, corrected) if rng.randrange(3) else None
        if edge is not None:
            beside = rng.randrange(40) == 0
            bound = rng.choice((edge.least - beside, edge.most + beside, max(edge.least, edge.nominal)))
            sample = sample._replace(duration=bounded(bound + sample.duration - corrected))
        machine.step(sample)
        found.append(sample)
    return found


def piece(draw: st.DrawFn, protocol: Protocol, automaton: Automaton, known: Sequence[int]) -> Stream:
    """One press, mutated or not, or noise."""
    what = draw(kinds)
    if what == 10:
        return from_durations(draw(noise))
    samples = pressed(draw, protocol)
    if what % 3 == 1:
        samples = snapped(automaton, samples, draw(large))
    if what % 3:
        for mutation in draw(mutations):
            samples = mutated(samples, mutation, known)
    return samples


def streams(own: Sequence[Protocol], others: Sequence[Protocol], automaton: Automaton) -> st.SearchStrategy[list[Stream]]:
    """One to three signals, four of five of the protocols `own`, each ending in a silence, in nothing or in an overflow."""
    known = bounds(automaton)
    mixed = [*own * (4 * len(others) // len(own)), *others]
    silences = [bounded(gap + off) for gap in (automaton.start_gap, automaton.hold_gap) for off in (-1, 0, 1)]
    gaps = [*silences * (1 + len(known) // len(silences)), *known]
    which, gap = st.integers(0, len(mixed) - 1), st.integers(0, len(gaps) - 1)

    @st.composite
    def stream(draw: st.DrawFn) -> list[Stream]:
        signals: list[Stream] = []
        samples: Stream = []
        for _ in range(draw(pieces)):
            if not samples or draw(yes_or_no):  # else the same key once more
                samples = piece(draw, mixed[draw(which)], automaton, known)
            signal = [*samples, *(Sample(kind, gaps[draw(gap)]) for kind in draw(after))]
            signals.append(list(map(legal, signal)))
        return signals

    return stream()
