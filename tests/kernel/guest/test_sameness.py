"""The engines beside each other: the same signals over the same receiver give the same evdev events, event for event."""

from __future__ import annotations

import select
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import evdev
import pytest

from irbpf.bundle import build
from irbpf.cache import Cache
from irbpf.engines import Choice, control, kernel, launch
from irbpf.irp.render import press
from irbpf.keymap import Keymap, parse
from irbpf.protocols import catalogue
from irbpf.receiver import Receiver
from irbpf.trace import read
from tests.conftest import ROOT
from tests.kernel.guest.conftest import plug, sends, transmit, unplug, wait_for

CACHE = Cache(Path("/tmp/irbpf-cache"))
TRACES = sorted((ROOT / "tests" / "traces").glob("*.trace"))
NUMBERED = {name for name in catalogue() if catalogue()[name].number}
ENGINES = ("kernel", "bpf", "python")
TRIES = 4
RESOLUTION_S = 0.1  # of times, in the median: jiffies here are 10 ms, key-up is rounded up to two of them, and the machine has other work


class Event(NamedTuple):
    type: int
    code: int
    value: int
    time: float


def load(receiver: Receiver, engine: str, keymap: Keymap) -> str:
    """The path of the input device that says the keys."""
    if engine == "kernel":
        kernel.apply(receiver, build([keymap], CACHE)[0])
        return str(receiver.event)
    job = launch.prepare(receiver, [keymap], Choice(engine, "a test wants it"), CACHE)[0]
    assert not launch.take(receiver, job)
    launch.spawn(job)
    answer = control.call(receiver.rc, "status")
    assert answer
    return str(answer["event"])


@contextmanager
def loaded(receiver: Receiver, engine: str, keymap: Keymap) -> Iterator[str]:
    yield load(receiver, engine, keymap)
    if not launch.stop(receiver.rc):
        kernel.take_back(receiver)


def events_of(path: str, does: Callable[[], None], quiet: float = 0.5) -> list[Event]:
    """All that the device says, until it is quiet; times from the first event."""
    device = evdev.InputDevice(path)
    does()
    events: list[Event] = []
    while select.select([device.fd], [], [], quiet)[0]:
        try:
            events += [Event(one.type, one.code, one.value, one.timestamp()) for one in device.read()]
        except OSError:  # unplugged
            break
    device.close()
    return [Event(*one[:3], one.time - events[0].time) for one in events]


def split(events: Sequence[Event]) -> tuple[list[Event], list[Event]]:
    """Autorepeats, which the input core makes by its own timer, and all others. A report of the former ends with SYN_REPORT 1."""
    repeated = [event for event in events if event[:1] + event[2:3] == (1, 2)]
    return repeated, [event for event in events if event not in repeated and event[:3] != (0, 0, 1)]


def assert_equal(found: dict[str, list[Event]], what: str) -> list[float]:
    """Equal but for the times; returns by how many seconds those differ. Of autorepeats there may be one more or less: how long
    the sender holds the key is not the same to the millisecond each time."""
    (repeated, first), *others = [split(events) for events in found.values()]
    assert any(event.type == 1 for event in first), f"{what}: no key at all"
    off = []
    for engine, (their_repeated, events) in zip(list(found)[1:], others, strict=True):
        assert [one[:3] for one in events] == [one[:3] for one in first], f"{what}: {engine} is not as the kernel"
        assert abs(len(repeated) - len(their_repeated)) <= 1, f"{what}: {engine} repeats more or less often"
        pairs = [*zip(events, first, strict=True), *zip(their_repeated, repeated, strict=False)]
        assert all(one.code == other.code for one, other in pairs)
        off += [abs(one.time - other.time) for one, other in pairs]
    return off


def said_of_times(off: list[float]) -> str:
    assert statistics.median(off) <= RESOLUTION_S, sorted(off)
    return f"equal, event for event; times differ by {statistics.median(off) * 1000:.0f} ms (median), {max(off) * 1000:.0f} ms at most"


def on_each_engine(keymap: Keymap, does: Sequence[Callable[[Receiver], None]]) -> list[float]:
    """A machine that has other work may keep the sender waiting in the midst of a press, which makes two of it. So what the kernel
    says counts once it has said the same twice running, and an engine that says something else is asked again; a real difference
    is there each time."""
    found: list[dict[str, list[Event]]] = [{} for _ in does]
    for engine in ENGINES:
        receiver = plug()
        with loaded(receiver, engine, keymap) as path:
            for one, streams in zip(does, found, strict=True):
                events = events_of(path, lambda one=one: one(receiver))  # type: ignore[misc]
                for _ in range(TRIES):
                    expected = plain(streams.get("kernel", events)) if engine != "kernel" else None
                    if plain(events) == expected:
                        break
                    before, events = events, events_of(path, lambda one=one: one(receiver))  # type: ignore[misc]
                    if engine == "kernel" and plain(before) == plain(events):
                        break
                streams[engine] = events
        unplug()
    return [off for index, each in enumerate(found) for off in assert_equal(each, f"signal {index}")]


def plain(events: Sequence[Event]) -> list[tuple[int, int, int]]:
    """What is said, without when, and without autorepeats."""
    return [one[:3] for one in split(events)[1]]


def test_traces_of_every_protocol_loaded_together(capsys: pytest.CaptureFixture[str]) -> None:
    """All protocols that the kernel has a number for, at once on one receiver, so the order of programs counts too."""
    every = [one for one in map(read, TRACES) if one.expect and one.expect[0].protocol in NUMBERED]
    by_name = {one.expect[0].protocol: [other for other in every if other.expect[0].protocol == one.expect[0].protocol] for one in every}
    traces = [one for several in by_name.values() for one in several[:2]]
    entries = []
    for name in dict.fromkeys(trace.expect[0].protocol for trace in traces):
        codes = sorted({trace.expect[0].scancode for trace in traces if trace.expect[0].protocol == name})
        entries.append(f"- {{protocol: {name}, keys: {{{', '.join(f'{code:#x}: KEY_F{1 + code % 12}' for code in codes)}}}}}")
    keymap = parse("protocols:\n" + "\n".join(entries), "all.yaml")
    # the gaps are cut short, so that a slow machine does not make two presses of one
    off = on_each_engine(keymap, [sends([min(sample.duration, 25_000) for sample in trace.samples[:-1]]) for trace in traces])
    with capsys.disabled():
        print(f"{len(traces)} traces over {len(entries)} protocols at once: {said_of_times(off)}")


NEC = [min(duration, 25_000) for duration in press(catalogue()["nec"].irp, {"D": 4, "F": 8}, 16)]  # gaps with room for a slow machine
NEC_FRAME = next(index for index, duration in enumerate(NEC) if duration > 20_000)
RC5 = [press(catalogue()["rc5"].irp, {"D": 30, "F": 59, "T": toggle}, 2) for toggle in (0, 1)]
KEYMAP = parse("""
protocols:
  - {protocol: nec, keys: {0x408: KEY_1, 0x409: KEY_2}}
  - {protocol: rc5, keys: {0x1e3b: KEY_SELECT}}
  - raw: {KEY_RED: "+3000 -3000 +700 -2000 +700"}
""", "three.yaml")


def test_held_keys_toggles_fast_presses_and_what_is_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    two = press(catalogue()["nec"].irp, {"D": 4, "F": 9}, 0)
    signals = {"held for a second": NEC, "toggle": [*RC5[0], *RC5[1], *RC5[0]], "fast presses": [*NEC[:NEC_FRAME + 1], *two, *NEC[:NEC_FRAME + 1]],
               "a raw pattern twice": [3000, 3000, 700, 2000, 700, 60000] * 2,
               "a key that none has, then one that is there": [*press(catalogue()["nec"].irp, {"D": 9, "F": 9}, 2), *NEC[:NEC_FRAME + 1]]}
    off = on_each_engine(KEYMAP, [sends(signal) for signal in signals.values()])
    with capsys.disabled():
        print(f"{'; '.join(signals)}: {said_of_times(off)}")


def test_unplugged_while_a_key_is_down() -> None:
    """A frame, and half of the next; the input core releases the key in the same moment as the device goes."""
    found = {}
    for engine in ENGINES:
        receiver = plug()
        device = evdev.InputDevice(load(receiver, engine, KEYMAP))
        transmit(receiver, NEC[:NEC_FRAME])
        assert select.select([device.fd], [], [], 20.0)[0]
        found[engine] = [Event(one.type, one.code, one.value, 0.0) for one in device.read()]
        transmit(receiver, NEC[:31])
        assert device.active_keys() == [evdev.ecodes.KEY_1]
        unplug()
        wait_for("the end of the server", lambda: control.call(receiver.rc, "status") is None)
        with pytest.raises(OSError):
            list(device.read())
        assert not Path(device.path).exists()
        device.close()
        kernel.clean(receiver.rc)
    assert_equal(found, "unplugged")
