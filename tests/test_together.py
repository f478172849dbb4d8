"""All protocols at once: the groups, and pools of programs whose members are woken and put to sleep. The kernel itself runs them in
tests/kernel/test_anything.py."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from evdev import ecodes

from irbpf import automata, bundle, discovery, together
from irbpf.arbitration import Arbiter
from irbpf.bundle import merged_keys
from irbpf.cache import Cache
from irbpf.compiler import compile_sources
from irbpf.engines.kernel import is_map
from irbpf.engines import Choice, launch
from irbpf.everything import Everything, everything, limits
from irbpf.exporters import write
from irbpf.irp.automaton import build_automaton, build_union
from irbpf.irp.interpreter import Interpreter
from irbpf.irp.pool import start_of
from irbpf.irp.render import press
from irbpf.irp.waking import choosing
from irbpf.keymap import MOST_KEYS, load, parse
from irbpf.library import find
from irbpf.needs import quiet_of, timeout_of
from irbpf.objects import Object
from irbpf.protocols import catalogue
from irbpf.pulses import LONGEST_US, Kind, Sample, from_durations
from irbpf.receiver import Receiver
from irbpf.show import show_latency
from irbpf.uinput import Looks
from tests.bench.groups import first_reports, mistaken, silent
from tests.bench.pools import Pools

NAMES = ("nec", "sony12", "rc5", "jvc", "rc6_0", "Denon", "Kaseikyo", "NEC-f16")  # the last reads what nec does


def test_every_protocol_is_in_one_group_and_only_one() -> None:
    names = [one.name for group in together.groups() for one in group]
    assert sorted([*names, *together.alone()]) == sorted(one.name for one in catalogue().decodable())
    assert len(together.groups()) <= together.POOL  # else a second pool costs every sample something


def test_every_shared_automaton_hears_the_presses_of_all_its_protocols() -> None:
    for machine, group in zip(together.unions(), together.groups(), strict=True):
        assert silent(machine, group) == [], machine.name


def test_of_all_that_read_a_press_at_once_the_preferred_is_heard() -> None:
    found = [tuple(one.name for one in group) for group in together.groups()]
    assert mistaken(first_reports(found), range(len(found))) == []


def test_numbers_are_told_apart() -> None:
    numbers = together.numbers()
    own = [number for number in numbers.values() if number >= together.FIRST_NUMBER]
    assert numbers["nec"] == 9 and len(set(own)) == len(own) and max(own) < 1 << 16  # struct lirc_scancode has 16 bits for it


def test_each_member_has_a_slot_of_its_own() -> None:
    assert sorted(map(together.slot, range(together.POOL))) == list(range(together.POOL))


def test_what_wakes_up_is_chosen_by_pulse_and_silence() -> None:
    starts = [start_of(build_automaton(catalogue()[name])) for name in NAMES]
    text = choosing(starts)
    assert text.count("ALWAYS_INLINE __u32") == 3
    assert f"{(1 << len(NAMES)) - 1:#x}u" in text  # a long silence lets any begin
    by_silence = text[text.index("by_silence"):text.index("by_leader")]
    assert all(f"(duration < {start.gap})" in by_silence for start in starts)  # the very silence that is long enough


def _mutated(rng: random.Random) -> Iterator[Sample]:
    """Presses, some of them cut, joined, or with a duration that is wrong."""
    protocol = catalogue()[rng.choice(NAMES)]
    params = {one.name: rng.randint(one.least, one.most) for one in protocol.irp.parameters}
    samples = list(from_durations(press(protocol.irp, params, rng.randint(0, 2))))
    for _ in range(rng.choice((0, 0, 1, 3))):
        place = rng.randrange(len(samples))
        samples[place] = Sample(samples[place].kind, max(1, int(samples[place].duration * rng.choice((0.3, 0.8, 1.2, 4)))))
    yield from samples[:rng.choice((len(samples), rng.randrange(1, len(samples) + 1)))]
    yield rng.choice((Sample(Kind.TIMEOUT, LONGEST_US), Sample(Kind.OVERFLOW, 0), Sample(Kind.SPACE, 30_000), Sample(Kind.FREQUENCY, 38_000)))


@pytest.mark.bpf
@pytest.mark.parametrize(("size", "heads"), [(together.POOL, 1), (3, 3)])
def test_a_pool_says_what_all_its_members_would_say(size: int, heads: int) -> None:
    known = catalogue()
    machines = [build_union([known["sony12"], known["rc6_0"]]), *(build_automaton(known[name]) for name in NAMES if name not in ("sony12", "rc6_0"))]
    pools = Pools(compile_sources(together.sources(machines, "lirc", size)))
    assert len(pools.heads) == heads and len(pools.members) == len(machines)
    running, arbiter, numbers = [Interpreter(one) for one in machines], Arbiter[object](), together.numbers()
    rng, place, reports, slept = random.Random(7), 0, 0, 0
    for _ in range(400):
        for sample in _mutated(rng):
            wanted = []
            for which, machine in enumerate(running):
                decoded = machine.step(sample)
                if decoded is not None and arbiter.take(place, [(which, machine.spent, decoded, decoded.repeat)]):
                    wanted.append((0, 0) if machine.reported == "repeat" else (numbers[decoded.protocol], decoded.scancode))
            executed, said = pools.take(sample)
            assert said == wanted, (place, sample)
            place, reports, slept = place + 1, reports + len(wanted), slept + (executed < 40 * heads)
    assert reports > 200 and slept > 100


def test_any_protocol_in_a_keymap() -> None:
    keymap = parse("protocols: [{protocol: any, keys: {0x408: KEY_1}}, {protocol: nec, keys: {0x409: KEY_2}}]", "any.yaml")
    assert keymap.certain == {0x409: "KEY_2"} and keymap.keys == {0x408: "KEY_1", 0x409: "KEY_2"}


def test_keys_of_any_protocol_give_way_to_others() -> None:
    every = parse("protocols: [{protocol: any, keys: {0x408: KEY_1, 0x40a: KEY_3}}]", "any.yaml")
    own = parse("protocols: [{protocol: nec, keys: {0x408: KEY_2}}]", "own.yaml")
    assert merged_keys([every, own]) == {0x408: ecodes.KEY_2, 0x40A: ecodes.KEY_3}
    many = parse(f"protocols: [{table(MOST_KEYS - 1)}]", "many.yaml")
    assert len(merged_keys([load(find("any")), many])) == MOST_KEYS
    assert set(many.keys) <= set(merged_keys([load(find("any")), many]))


def table(keys: int) -> str:
    return f"{{table: {{{', '.join(f'{scancode:#x}: KEY_A' for scancode in range(0x10000, 0x10000 + keys))}}}}}"


@pytest.mark.parametrize("way", ["build", "table_only", "prepare"])
def test_keys_of_any_protocol_for_which_there_is_no_room_are_told(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In whatever way a receiver gets them; what they are compiled to does not matter here."""
    monkeypatch.setattr(bundle, "compiled", lambda sources, *_: ([], []))
    monkeypatch.setattr("irbpf.everything.everything", lambda *_: Everything((), (), 0, 0))
    monkeypatch.setattr(discovery, "identity", lambda rc: 1)
    monkeypatch.setattr(launch, "looks", lambda receiver: Looks("r", 0, 0, 0, 0, ""))
    some = "{protocol: any, keys: {0x408: KEY_1, 0x409: KEY_2, 0x40a: KEY_3}}"

    def said(*texts: str) -> list[str]:
        keymaps = [parse(f"protocols: [{text}]", f"{place}.yaml") for place, text in enumerate(texts)]
        if way == "prepare":
            return launch.prepare(Receiver("rc0", "r", "d", "m"), keymaps, Choice("python", ""), None)[1]
        return bundle.build(keymaps, None)[1] if way == "build" else bundle.table_only(keymaps)[2]

    assert said(some, table(MOST_KEYS - 3)) == []
    assert said(some, table(MOST_KEYS - 1)) == [
        "0.yaml: the kernel's table has room for 512 keys: 2 of any protocol are left out: KEY_2 0x409, KEY_3 0x40a"]


def test_no_protocol_needs_more_than_the_limits_say() -> None:
    timeout, quiet = limits()
    for protocol in together.protocols():
        automaton = automata.of_catalogue().automaton(protocol.name)
        assert timeout_of(automaton, together.numbers()[protocol.name]) <= timeout and quiet <= quiet_of(automaton), protocol.name


def test_where_there_is_no_compiler_what_any_made_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Cache(tmp_path)
    monkeypatch.setattr("irbpf.compiler.version", lambda: "1")
    monkeypatch.setattr("irbpf.everything.compiled", lambda sources, *_: ([Object(one.name, one.host, b"", (), (), slot=one.slot) for one in sources], []))
    made = everything("lirc", kept)
    monkeypatch.setattr("irbpf.compiler.version", lambda: "")
    monkeypatch.setattr("irbpf.everything.compiled", lambda *_: pytest.fail("there is no compiler"))
    assert everything("lirc", kept) == made and any(one.slot is not None for one in made.objects)


def test_the_map_of_members_is_no_program_whatever_one_is_called() -> None:
    assert is_map("1-members") and not is_map("1-0-my_members") and not is_map("1-0-members")


def test_any_protocol_is_told_of_in_words() -> None:
    row, = show_latency("any")
    assert row["waits"] == "timeout" and row["timeout"] > 100_000 and "could always read on" in row["text"]
    assert any("any protocol" in line for line in write(load(find("any")), "toml").problems)
