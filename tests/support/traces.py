"""The recorded traces, sorted by the decoder that they are for, each as recorded and as receivers would distort it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import yaml

from irbpf import keymap, trace
from irbpf.paths import data
from irbpf.protocols import catalogue
from irbpf.pulses import Sample
from irbpf.replay import Decoder, of_keymap, of_protocols
from irbpf.trace import Press, Trace
from tests.support.distortion import DISTORTIONS, NARROW, distorted

FOLDER = Path(__file__).resolve().parent.parent / "traces"
FILES = sorted(FOLDER.glob("*.trace"))
SEEDS = 3
KERNEL: list[str] = list(yaml.safe_load(data("keymaps", "protocols", "kernel.yaml").read_text()))  # the protocols of rc-core and v4l-utils


@cache
def groups() -> Mapping[str, list[Trace]]:
    """Traces by the keymap they name, else by their protocol."""
    found: dict[str, list[Trace]] = {}
    for one in map(trace.read, FILES):
        assert one.expect, one.name
        found.setdefault(one.provenance.get("keymap", one.expect[0].protocol), []).append(one)
    return found


def decoder(group: str) -> Decoder:
    (one,) = of_keymap(keymap.load(FOLDER / group)) if group.endswith(".yaml") else of_protocols([catalogue()[group]])
    return one


def variants(one: Trace, seeds: int = SEEDS) -> Iterator[tuple[str, list[Sample]]]:
    """The samples as recorded, then through each distortion with each seed; the names are for messages."""
    yield f"{one.name} as recorded", list(one.samples)
    for name in DISTORTIONS if one.expect and one.expect[0].protocol not in NARROW else ():
        for seed in range(seeds):
            yield f"{one.name}, {name} {seed}", distorted(one.samples, name, seed)


def expected(one: Trace) -> tuple[Press, ...]:
    assert one.expect is not None
    return one.expect
