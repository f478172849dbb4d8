"""What goes wrong in the decoders that people have today, each a case that works here; `CASES` says which test shows it.

Most of them are where they belong by their subject; what has no other place is below.
"""

from __future__ import annotations

import ast
import random
from pathlib import Path

import pytest

from irbpf.families import family
from irbpf.irp.automaton import build_automaton
from irbpf.irp.interpreter import Interpreter
from irbpf.irp.render import press
from irbpf.keymapcheck import check
from irbpf.protocols import catalogue
from irbpf.pulses import Kind, Sample, from_durations
from tests.conftest import ROOT
from tests.test_automaton import codes, sent

# what goes wrong -> the tests that show that it does not here
CASES = {
    "more than 32 raw patterns fire wrongly": ["test_raw.py::test_one_press_is_one_key"],
    "1000 raw patterns cost 44,055 instructions a sample": ["test_raw.py::test_a_thousand_cost_no_more_than_ten",
                                                            "kernel/guest/test_keymaps.py::test_a_thousand_raw_patterns"],
    "header-less repeats after a full frame": ["test_automaton.py::test_repeat_without_leader", "test_families.py::test_an_optional_header"],
    "repeats that share the frame's leader": ["test_automaton.py::test_repeat_that_shares_the_leader", "test_families.py::test_a_repeat_frame_holds_the_key"],
    "a 12-bit decoder fires on a 20-bit frame, a 16-bit one on 32 bits": ["test_automaton.py::test_a_longer_frame_is_no_shorter_one",
                                                                          "test_raw.py::test_a_longer_signal_is_not_the_shorter_pattern"],
    "two half frames joined across an overflow": ["test_automaton.py::test_overflow_does_not_join_two_halves"],
    "two pulses in a row, from a full FIFO": ["test_automaton.py::test_two_pulses_in_a_row"],
    "a start in the middle of a frame": ["test_automaton.py::test_start_in_the_middle_of_a_frame"],
    "a 9000 µs leader measured as 9250 refused": ["test_automaton.py::test_leader_that_is_too_long"],
    "a pulse shorter than the margin never matches": ["test_known_failures.py::test_a_pulse_shorter_than_the_margin"],
    "manchester with a header decodes nothing": ["test_families.py::test_manchester_with_a_header"],
    "the manchester encoder's polarity is the other way round": ["test_families.py::test_what_ir_ctl_sends",
                                                                 "test_families.py::test_manchester_is_set_up_for_rc5"],
    "manchester does not load at all": ["test_known_failures.py::test_manchester_loads"],
    "10 % on each duration: pulse distance, Grundig, Xbox DVD, RC-MM": ["test_automaton.py::test_distorted_by_ten_percent",
                                                                        "test_known_failures.py::test_ten_percent_on_each_duration"],
    "10 % on each duration: raw": ["test_raw.py::test_jitter_on_each_duration"],
    "Samsung36 with a marker gap of 5040 µs": ["test_known_failures.py::test_samsung36_as_the_notation_has_it"],
    "iMON fires on Nokia, Canon and Thomson frames": ["test_known_failures.py::test_what_imon_takes_for_its_own"],
    "a foreign repeat frame re-emits the last scancode": ["test_automaton.py::test_foreign_repeat_says_nothing"],
    "JVC with a last gap of 17.5 ms or less": ["test_automaton.py::test_short_last_gap_of_jvc"],
    "every foreign program wiped on load": ["kernel/guest/test_path.py::test_reload_replaces_and_foreign_programs_stay"],
    "exit 0 when nothing was loaded": ["test_bad_input.py::test_without_that_receiver", "test_bad_input.py::test_keymap"],
    "unknown parameters ignored": ["test_keymap.py::test_wrong"],
    "timeout lost after writing protocols": ["kernel/guest/test_life.py::test_the_timeout_is_set_after_the_protocols"],
    "two equal receivers cannot have two keymaps": ["kernel/guest/test_path.py::test_two_receivers_with_two_keymaps",
                                                    "test_keymap.py::test_receivers_yaml_assigns"],
    "a parse error continues with an uninitialised map": ["test_bad_input.py::test_keymap"],
    "work where the kernel lacks the option, or say so plainly": ["kernel/guest/test_stock_path.py::*", "test_bad_input.py::test_a_kernel_without_the_option"],
    "no compiler on small targets": ["kernel/guest/test_path.py::test_a_built_object_needs_no_compiler"],
    "no double presses": ["kernel/guest/test_path.py::test_a_held_key_is_one_press", "kernel/guest/test_path.py::test_kernel_decoders_do_not_double",
                          "test_keymap.py::test_two_protocols_that_both_decode_one_signal"],
    "keycodes above 255 do not reach X11": ["test_keymap.py::test_warnings_keep_nothing_from_being_used"],
    "an invalid complement": ["test_automaton.py::test_a_wrong_complement_is_refused"],
    "toggles": ["test_automaton.py::test_toggle_tells_presses_apart"],
}


@pytest.mark.parametrize("case", CASES)
def test_is_shown(case: str) -> None:
    for one in CASES[case]:
        file, _, name = one.partition("::")
        tree = ast.parse((ROOT / "tests" / file).read_text())
        assert name == "*" or name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, one


def test_a_pulse_shorter_than_the_margin() -> None:
    """duration > nominal - margin wraps for it, in unsigned numbers."""
    given = {"bit_pulse": 120, "trailer_pulse": 120, "margin": 200, "bits": 8}
    machine = Interpreter(build_automaton(family("pulse_distance", given)))
    signal = from_durations(press(family("pulse_distance", given).irp, {"X": 0x5A})[:-1])
    for shorter in (0, 60, 100):
        machine.reset()
        heard = [Sample(kind, duration - shorter if duration == 120 else duration) for kind, duration in signal]
        assert [one.scancode for one in machine.feed([*heard, Sample(Kind.TIMEOUT, 125_000)])] == [0x5A]


@pytest.mark.bpf
def test_manchester_loads(tmp_path: Path) -> None:
    from irbpf import bpf
    from irbpf.compiler import compile_sources
    from irbpf.keymap import parse
    from irbpf.programs import automaton_of, source_of

    entry = parse("protocols: [{protocol: manchester, header_pulse: 2000, header_space: 900, bits: 20}]", "k.yaml").entries[0]
    with bpf.load(compile_sources([source_of(entry, automaton_of(entry), "test_run")])[0]) as program:
        assert program.id


@pytest.mark.parametrize("name", ["grundig", "xbox_dvd", "rcmm12", "rcmm24", "rcmm32", "pulse_distance"])
def test_ten_percent_on_each_duration(name: str) -> None:
    """Every one of 50, and never another scancode."""
    protocol = family("pulse_distance", {"bits": 16}) if name == "pulse_distance" else catalogue()[name]
    machine = Interpreter(build_automaton(protocol))
    for seed in range(50):
        rng = random.Random(seed)
        params = {one.name: rng.randint(one.least, one.most) for one in protocol.irp.parameters}
        plain = press(protocol.irp, params)
        found = []
        for durations in (plain, [round(duration * rng.uniform(0.9, 1.1)) for duration in plain]):
            machine.reset()
            found.append([one.scancode for one in machine.feed([*from_durations(durations), Sample(Kind.TIMEOUT, 125_000)])])
        assert found[0] == found[1] and len(found[0]) == 1, params


def test_samsung36_as_the_notation_has_it() -> None:
    for value in range(13):
        durations = sent("samsung36", X=0x1234, Y=value)
        assert codes("samsung36", [5040 if duration == 4500 and place == 35 else duration for place, duration in enumerate(durations)]) == codes(
            "samsung36", durations) == [0x1234 << 20 | value]


@pytest.mark.parametrize("name", ["Nokia", "Nokia32", "Canon", "Thomson"])
def test_what_imon_takes_for_its_own(name: str) -> None:
    """The decoders of the iMON's remotes here are NECX and the one for its stick, written in C; none says a word about these."""
    protocol, rng = catalogue()[name], random.Random(name)
    for _ in range(20):
        params = {one.name: rng.randint(one.least, one.most) for one in protocol.irp.parameters}
        assert codes("necx", press(protocol.irp, params)) == []


def test_every_shipped_keymap_says_one_press_for_one_signal() -> None:
    """What two of a keymap's protocols both decode would be two presses: `check` warns of it, and none that ships needs that."""
    for path in sorted((ROOT / "keymaps").glob("*.yaml")):
        assert not [one for one in check(path).warnings if " is " in one.message], path
