"""All protocols of the catalogue for one receiver: a few automata, each of which several protocols share, and what runs only those
that a signal's beginning fits (bpf/host/pool.h). It compiles nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import yaml

from irbpf.hosts import host_source
from irbpf.irp.automaton import Automaton, build_union
from irbpf.irp.codegen import generate
from irbpf.irp.pool import start_of
from irbpf.irp.waking import choosing
from irbpf.objects import Source
from irbpf.paths import data
from irbpf.preference import in_order
from irbpf.protocols import Protocol, catalogue

POOL = 32  # members of one pool (bpf/host/pool.h)
FIRST_NUMBER = 128  # protocols that the kernel has no number for are told to it by numbers from here up
MOST_STATES = 1500  # of a shared automaton: what the compiler and the verifier take in a second or two


def numbers() -> Mapping[str, int]:
    """What the kernel is told each protocol of the catalogue is."""
    return {one.name: one.number or FIRST_NUMBER + place for place, one in enumerate(catalogue().decodable())}


def protocols() -> list[Protocol]:
    """Those of the catalogue that have a decoder and can be loaded with all others, the preferred first."""
    return in_order([one for one in catalogue().decodable() if one.name not in _listed()["alone"]])


@functools.cache
def _listed() -> Mapping[str, Any]:
    return dict(yaml.safe_load(data("keymaps", "protocols", "together.yaml").read_text()))


def alone() -> Mapping[str, str]:
    """The protocols that are left out, and why."""
    return dict(_listed()["alone"])


def groups() -> list[list[Protocol]]:
    """The protocols by the automata that they share. The list is made beforehand (tests/bench/groups), since it takes long; a protocol
    that is not in it has one for itself."""
    known, listed = catalogue(), _listed()["groups"]
    names = {name for group in listed for name in group}
    return [*([known[name] for name in group] for group in listed), *([one] for one in protocols() if one.name not in names)]


@functools.cache
def unions(progress: Callable[[int, int], None] | None = None) -> Sequence[Automaton]:
    """The automata; `progress` is told how many of how many are built."""
    found, all_groups = [], groups()
    for place, group in enumerate(all_groups):
        if progress is not None:
            progress(place, len(all_groups))
        found.append(build_union(group, MOST_STATES) if len(group) > 1 else build_union(group))
    return found


def sources(automata: Sequence[Automaton], host: str, pool_size: int = POOL) -> list[Source]:
    """The programs for `host`. In the kernel (`lirc`), those with a `slot` are called by the others, the heads, each of which has at most
    `pool_size` of them."""
    known = numbers()
    texts = [generate(one, known) for one in automata]
    names = [f"any_{place}" for place in range(len(automata))]
    if host != "lirc":
        return [host_source(text, host, name) for text, name in zip(texts, names, strict=True)]
    pools = -(-len(automata) // pool_size)
    heads, members = [], []
    for pool in range(pools):
        chosen = range(pool * pool_size, min((pool + 1) * pool_size, len(automata)))
        these = {"POOLS": pools, "POOL": pool}
        heads.append(host_source(choosing([start_of(automata[one]) for one in chosen]), "lirc", f"any_head_{pool}", template="head", defines=these))
        for bit, one in enumerate(chosen):
            source = host_source(texts[one], "lirc", names[one], defines={**these, "SEVERAL": 1, "MEMBER": bit})
            members.append(replace(source, slot=pool * POOL + slot(bit)))
    return [*heads, *members]


def slot(bit: int) -> int:
    """Where in its pool the member is that stands for `bit`: as bpf/host/pool.h finds it."""
    return (1 << bit) * 0x077CB531 >> 27 & 31
