"""For the guest that compares the engines over the whole catalogue: signals of every protocol, and what each engine is to be given for them.

All is made here, where compiling is quick, and kept for the guest. Nothing is sent here.
"""

from __future__ import annotations

import json
import pickle
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import cast

from irbpf.bundle import Bundle, build, parts
from irbpf.cache import Cache
from irbpf.compiling import compiled
from irbpf.encoding import scancode_of
from irbpf.engines.intake import Intake, PythonDecoder
from irbpf.entries import Entry
from irbpf.errors import Error
from irbpf.irp.automaton import Automaton, build_automaton
from irbpf.irp.interpreter import Interpreter
from irbpf.irp.render import press
from irbpf.keymap import Keymap, parse
from irbpf.listeners import listeners
from irbpf.protocols import Protocol, catalogue
from irbpf.pulses import END, Sample, from_durations
from tests.kernel.every import COMPILED, FOLDER

TOGETHER = 8  # protocols on one receiver: enough that they meet each other's frames, and as many as one keymap may want
MOST_US, MOST_DURATIONS = 450_000, 500  # what rc-loopback sends at once, and what rc-core keeps until a decoder has taken it
WAITED_US = 20_000  # a gap that is longer is no part of what is sent, but waited for
LONGEST_GAP_US, PAUSE_US = 60_000, 25_000
TRIES = 20


@dataclass(frozen=True)
class Case:
    """A signal of a protocol (µs, from pulse to gap): a press held for a repeat, at once one of another key, and that key once more with the
    other toggle (`toggles`: whether there is one). `half`: of that, the first half of the first press; `frame`: the press alone, unheld."""

    name: str
    scancodes: tuple[int, ...]
    toggles: bool
    signal: list[int] = field(repr=False)
    half: list[int] = field(repr=False)
    frame: list[int] = field(repr=False)


@dataclass(frozen=True)
class Batch:
    """Some cases, and what decodes all of them: programs for both hosts, and for the Python engine."""

    cases: tuple[Case, ...]
    bundle: Bundle
    automata: tuple[Automaton, ...]


def prepare() -> None:
    """Write what `read` reads. What is compiled is kept for the next time."""
    found, left = cases()
    groups = grouped(found)
    keymaps = [keymap_of(group) for group in groups]
    FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    cache = Cache(COMPILED)
    compiled([part.source for keymap in keymaps for host in ("lirc", "test_run") for part in parts([keymap], host)], cache)
    for number, keymap in enumerate(keymaps):
        bundle = build([keymap], cache, ("lirc", "test_run"))[0]
        (FOLDER / f"same-{number}.bundle").write_bytes(bundle.dump())
        machines = tuple(part.automaton for part in parts([keymap], "test_run"))
        (FOLDER / f"same-{number}.automata").write_bytes(pickle.dumps(machines))
    (FOLDER / "same.json").write_text(json.dumps({"groups": [[asdict(one) for one in group] for group in groups], "left": left}))


def read() -> tuple[list[Batch], list[str]]:
    """What was prepared, and the names of what cannot be sent."""
    kept = json.loads((FOLDER / "same.json").read_text())
    found = []
    for number, group in enumerate(kept["groups"]):
        found.append(Batch(tuple(Case(**row | {"scancodes": tuple(row["scancodes"])}) for row in group),
                           Bundle.read((FOLDER / f"same-{number}.bundle").read_bytes()),
                           pickle.loads((FOLDER / f"same-{number}.automata").read_bytes())))
    return found, list(kept["left"])


def cases() -> tuple[list[Case], list[str]]:
    """What is sent, and the names of what cannot be."""
    made = {protocol.name: case(protocol) for protocol in catalogue().decodable()}
    return [one for one in made.values() if one is not None], [name for name, one in made.items() if one is None]


def case(protocol: Protocol) -> Case | None:
    """Of some values, those of which its decoder reads the most. None for what rc-loopback cannot carry."""
    rng, found = random.Random(protocol.name), dict[int, Case]()
    for number in range(2 * TRIES):
        if number == TRIES and found and max(found):
            break
        with suppress(Error):  # `require` refuses some values
            one = tried(protocol, rng, number >= TRIES)
            if carried(one.signal) and found.setdefault(len(decoded(protocol, one)), one) and max(found) == len(one.scancodes):
                break
    return found[max(found)] if found else None


def tried(protocol: Protocol, rng: random.Random, every: bool) -> Case:
    """`every`: parameters with a default get another value too; some protocols are told from others by that alone."""
    names = {one.name for one in protocol.irp.parameters}
    first, second = ({one.name: rng.randint(one.least, one.most) for one in protocol.irp.parameters if every or one.default is None}
                     | dict(protocol.where) for _ in range(2))
    toggles = {"T"} & names - set(protocol.where)
    sent = [(first | dict.fromkeys(toggles, 1), 1), (second | dict.fromkeys(toggles, 0), 0), (second | dict.fromkeys(toggles, 1), 0)]
    presses = [press(protocol.irp, params, repeats) for params, repeats in sent]
    return Case(protocol.name, tuple(sorted({scancode_of(protocol, params) for params, _ in sent})), bool(toggles),
                [duration for durations in presses for duration in paused(durations)], presses[0][:len(presses[0]) // 4 * 2 + 1],
                presses[1][:len(presses[1]) - (len(presses[1]) + 1) % 2])


def received(signal: Sequence[int]) -> list[Sample]:
    """As rc-loopback gives it: it ends by a timeout what is sent at once."""
    return [*(END if not sample.kind and sample.duration > WAITED_US else sample for sample in from_durations(signal)), END]


def decoded(protocol: Protocol, case: Case) -> set[int]:
    """Its scancodes that its decoder reads by itself."""
    return {one.scancode for one in Interpreter(build_automaton(protocol)).feed(received(case.signal))} & set(case.scancodes)


def grouped(found: Sequence[Case]) -> list[list[Case]]:
    """Batches in which each protocol is heard: who is not, because another reads its frames first, goes to another batch."""
    many = -(-len(found) // TOGETHER)
    groups = [list(found[start::many]) for start in range(many)]  # those next to one another are often too alike
    moved = []
    for group in groups:
        while (silent := drowned(group)):
            group.remove(silent[-1])
            moved.append(silent[-1])
    for one in moved:
        room = next((group for group in groups if len(group) < TOGETHER and not drowned([*group, one])), None)
        if room is None:
            groups.append(room := [])
        room.append(one)
    return groups


def drowned(group: Sequence[Case]) -> list[Case]:
    """Those whose signal or frame their own decoder reads when alone, and of which a receiver with all of `group` hears nothing from it."""
    heard = [own(group, one) for one in group]
    return [one for one, both in zip(group, heard, strict=True) if both != (True, True) and both != own([one], one)]


def own(group: Sequence[Case], one: Case) -> tuple[bool, bool]:
    """Whether a receiver with decoders for `group` hears a scancode of this one from its own decoder: of its signal, and of its frame alone."""
    names, machines, reading_on = receiver(text_of(group))
    heard = []
    for signal in (one.signal, one.frame):
        for each in machines:
            each.machine.reset()
        intake = Intake(machines, 0, reading_on)
        reports = [*intake.take([sample.word for sample in received(signal)]), *intake.look()]
        heard.append(any(report.scancode in one.scancodes and names[report.decoder] == one.name for report in reports))
    return heard[0], heard[1]


@lru_cache(1)
def receiver(text: str) -> tuple[list[str], list[PythonDecoder], frozenset[int]]:
    """The names of its protocols in the order in which they are heard, their decoders, and those that read on."""
    side_by_side = listeners(parse(text, "some.yaml").decoded)
    return ([cast(Entry, one.entry).protocol.name for one in side_by_side],
            [PythonDecoder(cast(Automaton, one.loaded), place) for place, one in enumerate(side_by_side)],
            frozenset(place for place, one in enumerate(side_by_side) if one.reads_on))


def paused(durations: Sequence[int]) -> list[int]:
    """With a silence at the end, as between two presses; gaps are cut short, so that a slow machine does not make two presses of one."""
    *frames, last = durations if len(durations) % 2 == 0 else [*durations, LONGEST_GAP_US]
    return [min(duration, LONGEST_GAP_US) if place % 2 else duration for place, duration in enumerate([*frames, max(last, PAUSE_US)])]


def carried(signal: Sequence[int]) -> bool:
    """Whether each part of it, up to a gap that is waited for, is short enough."""
    room, count = 0, 0
    for place, duration in enumerate(signal):
        room, count = (0, 0) if place % 2 and duration > WAITED_US else (room + duration, count + 1)
        if room > MOST_US or count > MOST_DURATIONS:
            return False
    return True


def keymap_of(some: Sequence[Case]) -> Keymap:
    return parse(text_of(some), "some.yaml")


def text_of(some: Sequence[Case]) -> str:
    """The same scancode is the same key in every protocol."""
    return "protocols:\n" + "\n".join(
        f"- {{protocol: {json.dumps(one.name)}, keys: {{{', '.join(f'{code:#x}: KEY_F{1 + code % 12}' for code in one.scancodes)}}}}}"
        for one in some)
