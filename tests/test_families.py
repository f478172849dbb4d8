"""The families that ir-keytable users know: its parameters, its defaults, and what its companion ir-ctl sends for them."""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from irbpf.errors import Error
from irbpf.families import FAMILIES, family
from irbpf.hosts import host_source
from irbpf.irp.automaton import build_automaton
from irbpf.irp.codegen import generate
from irbpf.irp.interpreter import Interpreter
from irbpf.irp.render import press
from irbpf.protocols import catalogue
from irbpf.pulses import Kind, Sample, from_durations, parse_samples
from irbpf.reports import Reader
from tests.support.native import Native

END = Sample(Kind.TIMEOUT, 125_000)
MANUAL = Path("/usr/share/man/man5/rc_keymap.5.gz")

# family, parameters, scancode, and what `ir-ctl -v --keymap --keycode` of v4l-utils 1.22.1 (Debian 12) says that it sends for them
SENT: list[tuple[str, dict[str, int], int, str]] = [
    ("pulse_distance", {}, 0x0,
     "+2125 -1875 +625 -375 +625 -375 +625 -375 +625 -375 +625"),
    ("pulse_distance", {}, 0x5,
     "+2125 -1875 +625 -375 +625 -1625 +625 -375 +625 -1625 +625"),
    ("pulse_distance", {}, 0xa,
     "+2125 -1875 +625 -1625 +625 -375 +625 -1625 +625 -375 +625"),
    ("pulse_distance", {}, 0xf,
     "+2125 -1875 +625 -1625 +625 -1625 +625 -1625 +625 -1625 +625"),
    ("pulse_distance", {"header_pulse": 4500, "header_space": 4500, "bits": 16, "bit_pulse": 560, "bit_0_space": 560, "bit_1_space": 1690, "trailer_pulse": 560}, 0x0,
     "+4500 -4500 +560 -560 +560 -560 +560 -560 +560 -560 +560 -560 +560 -560 +560 -560 +560 -560 +560 -560 +560 -560 "
     "+560 -560 +560 -560 +560 -560 +560 -560 +560 -560 +560 -560 +560"),
    ("pulse_distance", {"header_pulse": 4500, "header_space": 4500, "bits": 16, "bit_pulse": 560, "bit_0_space": 560, "bit_1_space": 1690, "trailer_pulse": 560}, 0x1234,
     "+4500 -4500 +560 -560 +560 -560 +560 -560 +560 -1690 +560 -560 +560 -560 +560 -1690 +560 -560 +560 -560 +560 -560 "
     "+560 -1690 +560 -1690 +560 -560 +560 -1690 +560 -560 +560 -560 +560"),
    ("pulse_distance", {"header_pulse": 4500, "header_space": 4500, "bits": 16, "bit_pulse": 560, "bit_0_space": 560, "bit_1_space": 1690, "trailer_pulse": 560}, 0xffff,
     "+4500 -4500 +560 -1690 +560 -1690 +560 -1690 +560 -1690 +560 -1690 +560 -1690 +560 -1690 +560 -1690 +560 -1690 +560 "
     "-1690 +560 -1690 +560 -1690 +560 -1690 +560 -1690 +560 -1690 +560 -1690 +560"),
    ("pulse_distance", {"bits": 24, "reverse": 1, "bit_pulse": 400}, 0x123456,
     "+2125 -1875 +400 -375 +400 -1625 +400 -1625 +400 -375 +400 -1625 +400 -375 +400 -1625 +400 -375 +400 -375 +400 -375 "
     "+400 -1625 +400 -375 +400 -1625 +400 -1625 +400 -375 +400 -375 +400 -375 +400 -1625 +400 -375 +400 -375 +400 -1625 "
     "+400 -375 +400 -375 +400 -375 +625"),
    ("pulse_distance", {"bits": 24, "reverse": 1, "bit_pulse": 400}, 0xffffff,
     "+2125 -1875 +400 -1625 +400 -1625 +400 -1625 +400 -1625 +400 -1625 +400 -1625 +400 -1625 +400 -1625 +400 -1625 +400 "
     "-1625 +400 -1625 +400 -1625 +400 -1625 +400 -1625 +400 -1625 +400 -1625 +400 -1625 +400 -1625 +400 -1625 +400 -1625 "
     "+400 -1625 +400 -1625 +400 -1625 +400 -1625 +625"),
    ("pulse_length", {}, 0x0,
     "+2125 -1875 +375 -625 +375 -625 +375 -625 +375 -625"),
    ("pulse_length", {}, 0x5,
     "+2125 -1875 +375 -625 +1625 -625 +375 -625 +1625 -625"),
    ("pulse_length", {}, 0xa,
     "+2125 -1875 +1625 -625 +375 -625 +1625 -625 +375 -625"),
    ("pulse_length", {}, 0xf,
     "+2125 -1875 +1625 -625 +1625 -625 +1625 -625 +1625 -625"),
    ("pulse_length", {"header_pulse": 2400, "header_space": 600, "bits": 20, "reverse": 1}, 0x12345,
     "+2400 -600 +1625 -625 +375 -625 +1625 -625 +375 -625 +375 -625 +375 -625 +1625 -625 +375 -625 +1625 -625 +1625 -625 "
     "+375 -625 +375 -625 +375 -625 +1625 -625 +375 -625 +375 -625 +1625 -625 +375 -625 +375 -625 +375 -625"),
    ("pulse_length", {"header_pulse": 2400, "header_space": 600, "bits": 20, "reverse": 1}, 0xfffff,
     "+2400 -600 +1625 -625 +1625 -625 +1625 -625 +1625 -625 +1625 -625 +1625 -625 +1625 -625 +1625 -625 +1625 -625 +1625 "
     "-625 +1625 -625 +1625 -625 +1625 -625 +1625 -625 +1625 -625 +1625 -625 +1625 -625 +1625 -625 +1625 -625 +1625 -625"),
    ("manchester", {}, 0x2000,
     "+888 -1776 +888 -888 +888 -888 +888 -888 +888 -888 +888 -888 +888 -888 +888 -888 +888 -888 +888 -888 +888 -888 +888 "
     "-888 +888 -888 +888"),
    ("manchester", {}, 0x26eb,
     "+888 -1776 +888 -888 +1776 -888 +888 -1776 +1776 -888 +888 -888 +888 -1776 +1776 -1776 +1776 -888 +888"),
    ("manchester", {}, 0x3fff,
     "+888 -888 +888 -888 +888 -888 +888 -888 +888 -888 +888 -888 +888 -888 +888 -888 +888 -888 +888 -888 +888 -888 +888 "
     "-888 +888 -888 +888"),
    ("manchester", {"bits": 20, "zero_pulse": 500, "zero_space": 500, "one_pulse": 500, "one_space": 500}, 0x80000,
     "+500 -1000 +500 -500 +500 -500 +500 -500 +500 -500 +500 -500 +500 -500 +500 -500 +500 -500 +500 -500 +500 -500 +500 "
     "-500 +500 -500 +500 -500 +500 -500 +500 -500 +500 -500 +500 -500 +500 -500 +500"),
    ("manchester", {"bits": 20, "zero_pulse": 500, "zero_space": 500, "one_pulse": 500, "one_space": 500}, 0xabcde,
     "+500 -1000 +1000 -1000 +1000 -1000 +1000 -500 +500 -500 +500 -500 +500 -1000 +500 -500 +1000 -500 +500 -1000 +1000 "
     "-500 +500 -500 +500 -500 +500 -1000 +500"),
]


def decoded(name: str, given: Mapping[str, int], samples: list[Sample]) -> list[tuple[int, bool]]:
    return [(one.scancode, one.repeat) for one in Interpreter(build_automaton(family(name, given))).feed([*samples, END])]


def signal(line: str) -> list[Sample]:
    """Without a space at the end: a receiver hears it as one with the silence after it."""
    samples = parse_samples(line, "ir-ctl")
    return samples if samples[-1].kind == Kind.PULSE else samples[:-1]


def meant(name: str, given: Mapping[str, int], scancode: int) -> int:
    """ir-ctl's manchester encoder sends each bit the other way round than v4l-utils' decoder reads it; RC-5 is as the decoder has it."""
    return ~scancode & (1 << given.get("bits", 14)) - 1 if name == "manchester" else scancode


@pytest.mark.parametrize("case", SENT, ids=lambda case: f"{case[0]} {case[2]:#x} {case[1].get('bits', '')}")
def test_what_ir_ctl_sends(case: tuple[str, dict[str, int], int, str]) -> None:
    name, given, scancode, line = case
    assert decoded(name, given, signal(line)) == [(meant(name, given, scancode), False)]


@pytest.mark.native
def test_what_ir_ctl_sends_in_c(tmp_path: Path) -> None:
    for number, (name, given, scancode, line) in enumerate(SENT):
        automaton = build_automaton(family(name, given))
        native = Native(host_source(generate(automaton), "native", f"{name}{number}"), tmp_path)
        assert [one.scancode for one in Reader(name, automaton).all(native.feed([*signal(line), END]))] == [meant(name, given, scancode)]


def test_manchester_is_set_up_for_rc5() -> None:
    """rc_keymap(5): "by default it is set up for rc-5"; the first two bits are its start and the field bit, then the toggle."""
    given = {"toggle_bit": 11, "scancode_mask": 0x3000}
    for toggle in (0, 1):
        sent = from_durations(press(catalogue()["rc5"].irp, {"D": 30, "F": 0x3B, "T": toggle}))
        found = list(Interpreter(build_automaton(family("manchester", given))).feed([*sent[:-1], END]))
        assert [(one.scancode, one.toggle) for one in found] == [(30 << 6 | 0x3B, toggle)]


def test_manchester_with_a_header() -> None:
    given = {"header_pulse": 2664, "header_space": 888, "bits": 16}
    line = family("manchester", given).irp
    for value in (0x0001, 0x8000, 0xABCD):
        assert decoded("manchester", given, from_durations(press(line, {"X": value}))[:-1]) == [(value, False)]


def test_a_repeat_frame_holds_the_key() -> None:
    given = {"header_pulse": 9000, "header_space": 4500, "repeat_pulse": 9000, "repeat_space": 2250, "bit_pulse": 560, "bit_0_space": 560,
             "bit_1_space": 1690, "trailer_pulse": 560, "bits": 16}
    held = press(family("pulse_distance", given).irp, {"X": 0x1234}, 2)
    assert decoded("pulse_distance", given, from_durations(held)[:-1]) == [(0x1234, False), (0x1234, True), (0x1234, True)]
    assert decoded("pulse_distance", given, from_durations([9000, 2250, 560])) == [], "without a frame before it, it says nothing"


@pytest.mark.parametrize("name", ["pulse_distance", "pulse_length"])
def test_an_optional_header(name: str) -> None:
    """The repeats come without it."""
    given = {"header_optional": 1, "bits": 8}
    held = press(family(name, given).irp, {"X": 0x5A}, 2)
    assert decoded(name, given, from_durations(held)[:-1]) == [(0x5A, False), (0x5A, True), (0x5A, True)]


def test_reverse_is_the_least_significant_bit_first() -> None:
    for name in ("pulse_distance", "pulse_length"):
        plain, turned = (from_durations(press(family(name, {"bits": 8, "reverse": reverse}).irp, {"X": value}))
                         for reverse, value in ((0, 0b00010110), (1, 0b01101000)))
        assert plain == turned


def test_a_trailer_of_pulse_length() -> None:
    given = {"trailer_pulse": 3000}
    sent = from_durations(press(family("pulse_length", given).irp, {"X": 9}))[:-1]
    assert sent[-1] == Sample(Kind.PULSE, 3000)
    assert decoded("pulse_length", given, sent) == [(9, False)]
    assert decoded("pulse_length", given, sent[:-1][:-1]) == []


def test_margin_is_the_tolerance() -> None:
    sent = from_durations(press(family("pulse_distance", {}).irp, {"X": 5}))[:-1]
    shifted = [Sample(kind, duration + 120 if kind == Kind.SPACE and duration < 1000 else duration) for kind, duration in sent]
    assert decoded("pulse_distance", {"margin": 150}, shifted) == [(5, False)]
    assert decoded("pulse_distance", {"margin": 50}, shifted) == []


@pytest.mark.parametrize(("name", "given", "message"), [
    ("pulse_distance", {"bits": 0}, "bits: 0 is out of range"), ("manchester", {"bits": 65}, "bits: 65"),
    ("pulse_length", {"bit_space": -1}, "bit_space: -1 is out of range"), ("manchester", {"header_pulse": 5}, "go together"),
    ("pulse_length", {"margin": 10 ** 7}, "margin"),
])
def test_out_of_range(name: str, given: dict[str, int], message: str) -> None:
    with pytest.raises(Error, match=message):
        family(name, given)


@pytest.mark.skipif(not MANUAL.exists(), reason="needs the manual page rc_keymap(5) of ir-keytable")
@pytest.mark.parametrize("name", FAMILIES)
def test_parameters_and_defaults_are_the_manuals(name: str) -> None:
    page = gzip.decompress(MANUAL.read_bytes()).decode().replace("\\_", "_")
    section = re.search(rf"^\.SS {name}\n(.*?)^\.S[SH]", page, re.MULTILINE | re.DOTALL)
    assert section
    said: dict[str, int | None] = {}
    for names, text in re.findall(r"^\.TP\n(\\fB.*)\n(.*?)(?=^\.TP|\Z)", section[1], re.MULTILINE | re.DOTALL):
        default = re.search(r"Default\s+(\d+)", text)
        said |= {one: int(default[1]) if default else None for one in re.findall(r"\\fB(\w+)\\fR", names)}
    assert said.keys() == FAMILIES[name].defaults.keys()
    assert {one: value for one, value in said.items() if value is not None}.items() <= FAMILIES[name].defaults.items()
