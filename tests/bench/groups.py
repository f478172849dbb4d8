"""Makes keymaps/protocols/together.yaml: which protocols of the catalogue share an automaton. It takes some minutes.

    /usr/bin/python3 -m tests.bench.groups > keymaps/protocols/together.yaml
"""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Sequence

import yaml

from irbpf.automata import of_catalogue
from irbpf.irp.automaton import IDLE, Automaton, Incompatible, build_automaton, build_union
from irbpf.irp.codegen import generate
from irbpf.irp.interpreter import Interpreter
from irbpf.protocols import Protocol, catalogue
from irbpf.pulses import Kind, Sample
from irbpf.together import MOST_STATES, POOL, alone, numbers, protocols
from tests.bench.cost import samples_of

BIASES = (-50, 0, 60, 100)  # µs
SHORT_US = 300  # whatever begins with less begins like the others
MOST_TEXT = 200_000  # characters of C: 20,000 to 28,000 instructions, since a jump cannot be longer than 32,767
HEAD = """# Where all protocols of the catalogue are loaded at once (protocol: any): `alone` are left out, and why; `groups` share an automaton
# each, and those named first are heard first. The groups are made by tests/bench/groups.py.
"""


def shared() -> list[list[Protocol]]:
    """Each protocol joins the first group that takes it, of those that begin with a pulse like its own: a signal is to wake up few."""
    groups: dict[int, list[list[Protocol]]] = {}
    chosen = protocols()
    for count, protocol in enumerate(chosen):
        print(f"\r{count} of {len(chosen)}: {sum(map(len, groups.values()))} groups ", end="", file=sys.stderr, flush=True)
        near = groups.setdefault(leader(protocol), [])
        group = next((one for one in near if all(_pair(other.name, protocol.name) for other in one) and _fit([*one, protocol])), None)
        if group is None:
            near.append([protocol])
        else:
            group.append(protocol)
    print(file=sys.stderr)
    return fewer([group for kind in sorted(groups, reverse=True) for group in groups[kind]])


def fewer(groups: list[list[Protocol]]) -> list[list[Protocol]]:
    """The smallest groups join others until all have room in one pool, if they can."""
    for small in sorted(groups, key=len):
        if len(groups) <= POOL:
            break
        taker = next((one for one in groups if one is not small and _fit([*one, *small])), None)
        if taker is not None:
            groups.remove(small)
            taker += small
    return groups


def leader(protocol: Protocol) -> int:
    """The kind of the first pulse: those of one kind differ by less than a third."""
    first = max(edge.nominal or edge.least for edge in build_automaton(protocol).states[IDLE].edges)
    return round(math.log(max(first, SHORT_US), 1.35))


@functools.cache
def _pair(one: str, other: str) -> bool:
    """Most that do not go together do not so in pairs, and that is soon seen."""
    return _fit([catalogue()[one], catalogue()[other]])


def _fit(group: list[Protocol]) -> bool:
    try:
        machine = build_union(group, MOST_STATES)
    except Incompatible:
        return False
    return len(generate(machine, numbers())) <= MOST_TEXT and not silent(machine, group)


def silent(machine: Automaton, group: Sequence[Protocol]) -> list[str]:
    """Those of which a shared automaton does not hear a press that their own does, whatever the receiver adds to pulses: of durations
    that differ by little, the nearest is taken, whichever protocol's that is."""
    return [one.name for one in group if any(not list(Interpreter(machine).feed(press)) for press in _presses(one.name))]


@functools.cache
def _presses(name: str) -> list[list[Sample]]:
    """A press as receivers of several kinds hear it, those of them that the protocol's own automaton reads."""
    own = of_catalogue().automaton(name)
    heard = ([_biased(sample, bias) for sample in samples_of(own)] for bias in BIASES)
    return [samples for samples in heard if list(Interpreter(own).feed(samples))]


def _biased(sample: Sample, bias: int) -> Sample:
    if sample.kind not in (Kind.PULSE, Kind.SPACE):
        return sample
    return sample._replace(duration=max(1, sample.duration + (bias if sample.kind == Kind.PULSE else -bias)))


def main() -> None:
    made = {"alone": alone(), "groups": [[one.name for one in group] for group in shared()]}
    print(HEAD + yaml.safe_dump(made, width=140, default_flow_style=None, sort_keys=False), end="")


if __name__ == "__main__":
    main()
