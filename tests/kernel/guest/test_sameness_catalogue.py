"""The engines beside each other for the protocols of the catalogue: a press held for one repeat, at once another press, then half a frame.

All of them with IRBPF_TEST_LONG=1, else every twelfth, beside those of test_sameness.py. How long a key is held on is compared in ticks of
this kernel's clock, of 10 ms, and so is how long after a frame was sent the key goes down.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from irbpf.encoding import scancode_of
from irbpf.engines import kernel
from irbpf.errors import Error
from irbpf.irp.render import press
from irbpf.keymap import Keymap, parse
from irbpf.protocols import Protocol, catalogue
from irbpf.receiver import Receiver
from tests.kernel.guest.conftest import plug, sends, transmit, unplug
from tests.kernel.guest.test_sameness import ENGINES, TRIES, Event, events_of, loaded, plain
from tests.kernel.usb.scenes import LONG

TOGETHER = 8  # protocols on one receiver: enough that they meet each other's frames, and as many as one keymap may want
MOST_US, MOST_DURATIONS = 450_000, 1000  # what rc-loopback sends at once
TICK_S = 0.01


@dataclass(frozen=True)
class Case:
    """Two presses of a protocol, and the first half of one."""

    name: str
    scancodes: tuple[int, int]
    signal: list[int] = field(repr=False)
    half: list[int] = field(repr=False)


def case(protocol: Protocol, rng: random.Random) -> Case | None:
    """None for what rc-loopback cannot carry."""
    presses, codes = [], []
    for repeats in (1, 0):
        params = {one.name: rng.randint(one.least, one.most) for one in protocol.irp.parameters if one.default is None} | dict(protocol.where)
        for name in {"T"} & {one.name for one in protocol.irp.parameters}:
            params[name] = repeats
        presses.append(press(protocol.irp, params, repeats))
        codes.append(scancode_of(protocol, params))
    signal = [duration for durations in presses for duration in paused(durations)]
    if not carried(signal):
        return None
    return Case(protocol.name, (codes[0], codes[1]), signal, presses[0][:len(presses[0]) // 4 * 2 + 1])


def paused(durations: Sequence[int]) -> list[int]:
    """With a silence at the end; gaps are cut short, so that a slow machine does not make two presses of one."""
    whole = [*durations] if len(durations) % 2 == 0 else [*durations, 60_000]
    return [min(duration, 60_000) if place % 2 else duration for place, duration in enumerate(whole)]


def carried(signal: Sequence[int]) -> bool:
    """Whether each part of it, up to a gap that is waited for, is short enough."""
    room, count = 0, 0
    for place, duration in enumerate(signal):
        room, count = (0, 0) if place % 2 and duration > 20_000 else (room + duration, count + 1)
        if room > MOST_US or count > MOST_DURATIONS:
            return False
    return True


def cases() -> tuple[list[Case], list[str]]:
    """What is sent, and the names of what cannot be."""
    rng = random.Random(6)
    found, left = [], []
    for place, (name, protocol) in enumerate(sorted(catalogue().items())):
        if not LONG and place % 12:
            continue
        try:
            one = next((one for _ in range(20) if (one := tried(protocol, rng)) is not None), None)
        except Error as error:
            left.append(f"{name}: {error}")
            continue
        if one is None:
            left.append(name)
        else:
            found.append(one)
    return found, left


def tried(protocol: Protocol, rng: random.Random) -> Case | None:
    """`require` may refuse some values."""
    try:
        return case(protocol, rng)
    except Error:
        return None


def keymap_of(some: Sequence[Case]) -> Keymap:
    """The same scancode is the same key in every protocol."""
    return parse("protocols:\n" + "\n".join(
        f"- {{protocol: {json.dumps(one.name)}, keys: {{{', '.join(f'{code:#x}: KEY_F{1 + code % 12}' for code in dict.fromkeys(one.scancodes))}}}}}"
        for one in some), "some.yaml")


def one_press(receiver: Receiver, path: str, one: Case) -> tuple[list[Event], list[float]]:
    """What it says, and for each key how long after its last scancode it was let go."""
    events = events_of(path, lambda: sends(one.signal)(receiver), 0.3)
    return events, held(events)


def held(events: Sequence[Event]) -> list[float]:
    last, found = 0.0, []
    for event in events:
        if event.type == 4:
            last = event.time
        elif (event.type, event.value) == (1, 0):
            found.append(event.time - last)
    return found


def batches(found: Sequence[Case]) -> Iterator[Sequence[Case]]:
    for start in range(0, len(found), TOGETHER):
        yield found[start:start + TOGETHER]


def said(some: Sequence[Case]) -> tuple[dict[str, list[list[tuple[int, int, int]]]], dict[str, list[list[float]]]]:
    """By each engine, for each case: the events, and how long keys were held on. An engine that says something else than the kernel
    is asked again, and so is the kernel: a machine with other work may keep the sender waiting in the midst of a press."""
    events: dict[str, list[list[tuple[int, int, int]]]] = {engine: [] for engine in ENGINES}
    times: dict[str, list[list[float]]] = {engine: [] for engine in ENGINES}
    for engine in ENGINES:
        receiver = plug()
        with loaded(receiver, engine, keymap_of(some)) as path:
            for place, one in enumerate(some):
                heard, on = one_press(receiver, path, one)
                for _ in range(TRIES):
                    wanted = plain(heard) if engine == "kernel" else events["kernel"][place]
                    if engine != "kernel" and plain(heard) == wanted:
                        break
                    heard, on = one_press(receiver, path, one)
                    if engine == "kernel" and plain(heard) == wanted:
                        break
                events[engine].append(plain(heard))
                times[engine].append(on)
                transmit(receiver, one.half)  # it must not matter to the next
        unplug()
        kernel.clean(receiver.rc)
    return events, times


def test_every_protocol(capsys: pytest.CaptureFixture[str]) -> None:
    found, left = cases()
    silent, wrong, off, count = [], [], [], 0
    begun = time.monotonic()
    for some in batches(found):
        events, times = said(some)
        for place, one in enumerate(some):
            expected = events["kernel"][place]
            count += len(expected)
            if not any(kind == 1 for kind, _, _ in expected):
                silent.append(one.name)
            wrong += [f"{one.name}: {engine} says {events[engine][place]}, the kernel {expected}"
                      for engine in ENGINES[1:] if events[engine][place] != expected]
            off += [abs(mine - theirs) for engine in ENGINES[1:] for mine, theirs in zip(times[engine][place], times["kernel"][place], strict=False)]
    with capsys.disabled():
        print(f"{len(found)} of {len(found) + len(left)} protocols, {count} events, in {time.monotonic() - begun:.0f} s: equal but for {len(wrong)}; "
              f"keys are held on for as long within {statistics.median(off) * 1000:.1f} ms (median), "
              f"{sorted(off)[int(len(off) * 0.95)] * 1000:.0f} ms (95 %); no key of {silent}; not sent: {left}")
    assert not wrong, "\n".join(wrong)
    assert statistics.median(off) <= TICK_S
    assert len(silent) <= len(found) // 20, silent
    assert len(left) <= (len(found) + len(left)) // 20, left
