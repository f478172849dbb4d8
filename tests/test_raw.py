"""Raw patterns: ten or a thousand, the interpreter, C and the bytecode say the same, in as many instructions; and what is too much is refused."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from irbpf.cli import main
from irbpf.compiler import compile_sources
from irbpf.errors import Error
from irbpf.hosts import host_source
from irbpf.irp.automaton import Automaton
from irbpf.irp.interpreter import Interpreter
from irbpf.keymap import RAW_BASE, load
from irbpf.objects import Source
from irbpf.protocols import Tolerance
from irbpf.pulses import Kind, Sample, format_samples, from_durations
from irbpf.raw import Pattern, build_raw
from irbpf.rawtable import LARGEST, table_decoder
from irbpf.replay import Player, of_keymap
from tests.bench.machine import Machine
from tests.support import engines
from tests.support.patterns import durations, keymap_text, thousand

END = Sample(Kind.TIMEOUT, 125_000)


def patterns(count: int) -> list[Pattern]:
    rng = random.Random(count)
    return [Pattern(f"KEY_{number}", number, durations(number, rng)) for number in range(count)]


def mixed(count: int, seed: int) -> list[Pattern]:
    """Patterns of all lengths, some the beginning of others."""
    rng = random.Random(seed)
    found = [Pattern("KEY_A", 1, (3000, 1000, 500)), Pattern("KEY_B", 2, (3000, 1000, 500, 2000, 500)),
             Pattern("KEY_C", 3, (3000, 1000, 500, 2000, 500, 40_000, 3000))]
    steps = [200, 500, 1200, 2600, 5600]
    for number in range(count):
        one = (9000, *(rng.choice(steps) for _ in range(2 * rng.randint(5, 20))))
        try:
            build_raw("raw", [*found, Pattern("KEY_X", 10 + number, one)])
        except Error:
            continue
        found.append(Pattern("KEY_X", 10 + number, one))
    return found


def mangled(known: list[Pattern], count: int, seed: int) -> list[list[Sample]]:
    rng = random.Random(seed)
    signals = []
    for _ in range(count):
        samples = from_durations([max(1, round(duration * rng.uniform(0.8, 1.2))) for duration in rng.choice(known).durations])
        match rng.randrange(8):
            case 0:
                del samples[rng.randrange(len(samples))]
            case 1:
                samples = samples[rng.randrange(len(samples)):]
            case 2:
                samples = samples[:rng.randrange(len(samples))]
            case 3:
                samples.insert(rng.randrange(len(samples)), Sample(rng.choice(list(Kind)), rng.randint(0, 300_000)))
            case 4:
                place = rng.randrange(len(samples))
                samples[place] = Sample(samples[place].kind, rng.choice([0, 1, 5000, 200_000, 200_001, 0xFFFFFF]))
        signals.append([*samples, Sample(rng.choice([Kind.TIMEOUT, Kind.SPACE]), rng.choice([5000, 30_000, 125_000, 200_000, 200_001]))])
    return signals


def source(automaton: Automaton, host: str) -> Source:
    text, tables = table_decoder(automaton)
    return host_source(text, host, "raw", tables=tables)


@pytest.mark.native
@pytest.mark.parametrize("known", [patterns(10), patterns(1000), mixed(60, 3)], ids=["10", "1000", "mixed"])
def test_c_says_what_the_interpreter_says(known: list[Pattern], tmp_path: Path) -> None:
    automaton = build_raw("raw", known)
    both = {"interpreter": engines.interpreter(automaton), "native C": engines.native("raw", automaton, source(automaton, "native"), tmp_path)}
    signals = mangled(known, 1500, 2)
    events = sum(len(engines.assert_equal("raw", both, [*one, *other])) for one, other in zip(signals[::2], signals[1::2], strict=True))
    assert events > 500


@pytest.mark.parametrize("count", [33, 1000])
def test_one_press_is_one_key(count: int) -> None:
    """33 patterns were two keys for one press once, and 1000 were 489."""
    known = patterns(count)
    machine, rng = Interpreter(build_raw("raw", known)), random.Random(4)
    for pattern in rng.sample(known, 33):
        machine.reset()
        heard = [round(duration * rng.uniform(0.9, 1.1)) for duration in pattern.durations]
        assert [one.scancode for one in machine.feed([*from_durations(heard), END])] == [pattern.scancode]


def test_jitter_on_each_duration() -> None:
    """Jitter of 10 % on each duration, for patterns that differ in one."""
    known = [Pattern("KEY_A", 1, (9000, 4500, 560, 560, 560)), Pattern("KEY_B", 2, (9000, 4500, 560, 1690, 560)),
             Pattern("KEY_C", 3, (9000, 2250, 560))]
    machine = Interpreter(build_raw("raw", known))
    for seed in range(100):
        rng = random.Random(seed)
        for pattern in known:
            machine.reset()
            heard = [round(duration * rng.uniform(0.9, 1.1)) for duration in pattern.durations]
            assert [one.scancode for one in machine.feed([*from_durations(heard), END])] == [pattern.scancode]


def test_a_longer_signal_is_not_the_shorter_pattern() -> None:
    known = [Pattern("KEY_A", 1, (3000, 1000, 500)), Pattern("KEY_B", 2, (3000, 1000, 500, 2000, 500))]
    machine = Interpreter(build_raw("raw", known))
    assert [one.scancode for one in machine.feed([*from_durations(known[0].durations), END])] == [1]
    assert [one.scancode for one in machine.feed([*from_durations(known[1].durations), END])] == [2]
    assert list(machine.feed([*from_durations([3000, 1000, 500, 2000, 500, 2000, 500]), END])) == []


def test_held_is_one_press() -> None:
    pattern = (3000, 1000, 500, 40_000)
    machine = Interpreter(build_raw("raw", [Pattern("KEY_A", 1, pattern)]))
    assert [one.repeat for one in machine.feed([*from_durations(pattern * 3), END])] == [False, True, True]


# -- how much it costs ------------------------------------------------------------------------------------------------------


def executed(count: int) -> float:
    """Instructions that the kernel's program executes for a sample, over a frame of one of `count` patterns."""
    known = patterns(count)
    program = compile_sources([source(build_raw("raw", known), "lirc")])[0]
    machine = Machine(program)
    samples = [*from_durations(known[count // 2].durations), END]
    for sample in samples:
        machine.run(sample.word.to_bytes(4, "little"))
    assert [name for name, _ in machine.calls] == ["rc_keydown"]
    return machine.executed / len(samples)


@pytest.mark.bpf
def test_a_thousand_cost_no_more_than_ten(figures: Callable[[str], None]) -> None:
    """v4l-utils' decoder takes 44,055 instructions a sample for a thousand."""
    few, many = executed(10), executed(1000)
    figures(f"raw patterns, instructions a sample: {few:.1f} for 10, {many:.1f} for 1000")
    assert many <= 1.2 * few
    assert many <= 120


@pytest.mark.bpf
def test_a_keymap_of_a_thousand_through_the_jit(tmp_path: Path) -> None:
    """Compiled, verified, and the same as in Python, by `decode --keymap`."""
    known = thousand()
    path = tmp_path / "raw.yaml"
    path.write_text(keymap_text(known))
    decoders = of_keymap(load(path))
    with Player(decoders, "bpf") as bpf_player, Player(decoders, "python") as python_player:
        for name, one in random.Random(1).sample(known, 60):
            events = bpf_player.play(from_durations(one))
            assert [event.key for event in events] == [name]
            assert events == python_player.play(from_durations(one))
    recording = tmp_path / "recording"
    recording.write_text(format_samples(from_durations(known[7][1])))
    assert main(["decode", "--engine", "bpf", "--keymap", str(path), str(recording)]) == 0


def test_more_patterns_than_keys(tmp_path: Path) -> None:
    path = tmp_path / "raw.yaml"
    path.write_text(keymap_text(thousand()))
    keymap = load(path)
    assert len(keymap.keys) == 500
    assert all(RAW_BASE <= code < RAW_BASE + 0x300 for code in keymap.keys)


def test_ten_thousand_are_refused_in_a_moment() -> None:
    """They make a table that the kernel would not take."""
    automaton = build_raw("raw", patterns(10_000))
    with pytest.raises(Error, match=rf"a table of \d+ KiB \(at most {LARGEST >> 10}"):
        table_decoder(automaton)


def test_patterns_that_are_all_alike_are_refused_in_a_moment() -> None:
    """The worst for telling apart: each differs from the next by less than the tolerance."""
    known = [Pattern("KEY_A", number, (9000, 4500, 500 + number % 100, *((500 + number // 100,) * 60))) for number in range(5000)]
    with pytest.raises(Error, match="cannot be told apart"):
        build_raw("raw", known)


@pytest.mark.parametrize(("one", "message"), [
    ((100,), "too short"), ((100, 100), "too short"), (tuple([500] * 1101), "more than 1024 durations"),
    ((500, 0, 500), "no receiver can deliver"), ((500, 0x1000000, 500), "no receiver can deliver"), ((500, 200_001, 500), "record one press"),
])
def test_what_is_no_pattern(one: tuple[int, ...], message: str) -> None:
    with pytest.raises(Error, match=message):
        build_raw("raw", [Pattern("KEY_A", 1, one)], Tolerance())
