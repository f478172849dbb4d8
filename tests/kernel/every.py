"""For the guest that loads every protocol of the catalogue: a bundle for each, made here, where compiling is quick, and a signal of it.

What is made is what `irbpf build` makes for machines without a compiler. Nothing is sent here.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from irbpf import keycodes
from irbpf.bundle import Bundle, build, parts
from irbpf.cache import Cache
from irbpf.compiling import compiled
from irbpf.errors import Error
from irbpf.irp.automaton import build_automaton
from irbpf.irp.interpreter import Interpreter
from irbpf.irp.render import press
from irbpf.keymap import Keymap, parse
from irbpf.protocols import Protocol, catalogue
from irbpf.pulses import END, from_durations
from tests.conftest import ROOT

COMPILED = Path.home() / ".cache" / "irbpf" / "every-protocol"  # the guest sees the host's files, but not its /tmp
FOLDER = COMPILED / hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]  # each checkout has its own protocols
MOST_US, MOST_DURATIONS = 490_000, 1023  # what rc-loopback sends at once


@dataclass(frozen=True)
class Case:
    """A signal (µs, from pulse to pulse) of a protocol, and the scancode and key that it is."""

    name: str
    scancode: int
    key: str
    signal: list[int]


def prepare() -> None:
    """Write `cases.json` and a bundle for each. What is compiled is kept for the next time."""
    cases, keymaps = [], []
    for protocol in catalogue().decodable():
        one = case(protocol, keycodes.name(keycodes.number("KEY_F1") + len(cases) % 10), cases[-1].scancode if cases else -1)
        cases.append(one)
        keymaps.append(keymap_of(one))
    FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    cache = Cache(COMPILED)
    compiled([part.source for keymap in keymaps for part in parts([keymap], "lirc")], cache)
    for number, keymap in enumerate(keymaps):
        (FOLDER / f"{number}.bundle").write_bytes(build([keymap], cache)[0].dump())
    (FOLDER / "cases.json").write_text(json.dumps([asdict(one) for one in cases]))


def read() -> Iterator[tuple[Case, Bundle]]:
    """What was prepared."""
    for number, row in enumerate(json.loads((FOLDER / "cases.json").read_text())):
        yield Case(**row), Bundle.read((FOLDER / f"{number}.bundle").read_bytes())


def keymap_of(one: Case) -> Keymap:
    return parse(f"protocols: [{{protocol: {json.dumps(one.name)}, keys: {{{one.scancode:#x}: {one.key}}}}}]", f"{one.name}.yaml")


def case(protocol: Protocol, key: str, before: int) -> Case:
    """The shortest press of some parameters up to its first event, which a timeout completes; another scancode than `before`."""
    rng = random.Random(protocol.name)
    for number in range(80):
        repeats = number // 20
        params = {one.name: rng.randint(one.least, one.most) for one in protocol.irp.parameters if one.default is None or number % 2}
        params |= protocol.where
        try:
            signal = press(protocol.irp, params, repeats)
        except Error:
            continue
        found = first(protocol, signal)
        if found is not None and found[0] != before:
            return Case(protocol.name, found[0], key, found[1])
    raise AssertionError(f"{protocol.name}: nothing that rc-loopback can carry")


def first(protocol: Protocol, signal: list[int]) -> tuple[int, list[int]] | None:
    """The scancode of the first event, and as much of the signal as is needed for it; None if rc-loopback cannot carry that."""
    machine = Interpreter(build_automaton(protocol))
    for place, sample in enumerate([*from_durations(signal), END]):
        if machine.step(sample) is not None:
            break
    end = place + 1 - place % 2
    for needed in (signal[:end], signal[:end + 2]):  # a gap may be such that a timeout is not like it
        needed = needed[:len(needed) - (len(needed) + 1) % 2]
        machine.reset()
        found = list(machine.feed([*from_durations(needed), END]))
        if found and sum(needed) <= MOST_US and len(needed) <= MOST_DURATIONS:
            return found[0].scancode, needed
    return None
