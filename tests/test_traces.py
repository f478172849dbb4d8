"""Recorded traces through every tier that needs no receiver: interpreter, native C, and this kernel's verifier and JIT.

The expectation in a trace is what the sender, whose encoder nobody here wrote, was asked to send. The real kernel's turn is in
tests/kernel/guest/test_traces.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from irbpf import bpf, trace
from irbpf.compiler import compile_sources
from irbpf.engines.testrun import RESET, Batches
from irbpf.errors import Error
from irbpf.hosts import host_source
from irbpf.irp.codegen import generate
from irbpf.pulses import Kind, Sample
from irbpf.replay import Player, of_catalogue
from irbpf.reports import Reader
from irbpf.trace import Press, presses
from tests.support.distortion import DISTORTIONS, distorted
from tests.support.native import Native
from tests.support.traces import FILES, decoder, expected, groups, variants

WANTED = {"nec", "necx", "nec32", "rc5", "rc5x_20", "rc5_sz", "rc6_0", "rc6_6a_20", "rc6_6a_24", "rc6_6a_32", "rc6_mce", "sony12", "sony15",
          "sony20", "jvc", "sanyo", "sharp", "xmp", "rcmm12", "rcmm24", "rcmm32", "grundig", "xbox_dvd", "samsung36",
          "pulse_distance", "pulse_length", "manchester"}


def test_there_are_enough() -> None:
    assert len(FILES) >= 60
    traces = [one for group in groups().values() for one in group]
    assert {press.protocol for one in traces for press in expected(one)} == WANTED
    assert all({"sent by", "recorded"} <= set(one.provenance) for one in traces)
    assert sum(press.repeats > 0 for one in traces for press in expected(one)) >= 15, "too few held keys"


@pytest.mark.parametrize("group", list(groups()))
def test_interpreter(group: str) -> None:
    one = decoder(group)
    with Player([one], "python") as player:
        for recorded in groups()[group]:
            for name, samples in variants(recorded):
                found = presses((event.decoded for event in player.play(samples)), one.keys.get)
                assert found == expected(recorded), name


@pytest.mark.parametrize("path", [path for path in FILES if "keymap" not in trace.read(path).provenance], ids=lambda path: path.stem)
def test_the_whole_catalogue_prefers_the_right_one(path: Path, whole: Player) -> None:
    """Of the protocols that have a trace; some of the field's say the same of it, with fewer bits left open."""
    recorded = trace.read(path)
    first = next(event.decoded for event in whole.play(recorded.samples) if event.decoded.protocol in WANTED)
    assert (first.protocol, first.scancode) == (expected(recorded)[0].protocol, expected(recorded)[0].scancode)


@pytest.fixture(scope="module")
def whole() -> Player:
    return Player(of_catalogue(), "python")


@pytest.mark.native
@pytest.mark.parametrize("group", list(groups()))
def test_native(group: str, tmp_path: Path) -> None:
    one = decoder(group)
    native, reader = Native(host_source(generate(one.automaton), "native", one.name), tmp_path), Reader(one.name, one.automaton)
    for recorded in groups()[group]:
        for name, samples in variants(recorded):
            assert presses(reader.all(native.feed([*RESET, *samples])), one.keys.get) == expected(recorded), name


@pytest.mark.bpf
@pytest.mark.parametrize("group", list(groups()))
def test_bpf(group: str) -> None:
    one = decoder(group)
    reader = Reader(one.name, one.automaton)
    with bpf.load(compile_sources([host_source(generate(one.automaton), "test_run", one.name)])[0]) as program:
        batches = Batches(program)
        for recorded in groups()[group]:
            for name, samples in variants(recorded):
                assert presses(reader.all(batches.feed([*RESET, *samples])), one.keys.get) == expected(recorded), name


# -- the format -------------------------------------------------------------------------------------------------------


def test_written_and_read_again(tmp_path: Path) -> None:
    samples = [Sample(Kind.FREQUENCY, 38_000), Sample(Kind.PULSE, 9000), Sample(Kind.SPACE, 4500), Sample(Kind.PULSE, 560),
               Sample(Kind.TIMEOUT, 20_000), Sample(Kind.OVERFLOW, 0), Sample(Kind.PULSE, 9000)]
    expect = (Press("nec", 0x408, None, 3, "KEY_1"), Press("rc5", 0x1E3B, 1))
    trace.write(tmp_path / "x.trace", samples, expect, {"sent by": "a remote", "recorded": "today"})
    assert trace.read(tmp_path / "x.trace") == trace.Trace("x", tuple(samples), expect, {"sent by": "a remote", "recorded": "today"})
    for nothing in (None, ()):
        trace.write(tmp_path / "x.trace", samples, nothing, {})
        assert trace.read(tmp_path / "x.trace").expect == nothing


@pytest.mark.parametrize(("text", "says"), [
    ("", "f:1:1: not a trace file"), ("+9000 -4500", "f:1:1: not a trace file"), ("# irbpf trace 2\n+1", "f:1:1: not a trace file"),
    ("# irbpf trace 1\n", "f:1:1: no samples"), ("# irbpf trace 1\n# sent by: me\n", "f:2:1: no samples"),
    ("# irbpf trace 1\n# words\n+1 -1", "f:2:2: not a field"), ("# irbpf trace 1\n#a: b\n+1 -1", "f:2:2: not a field"),
    ("# irbpf trace 1\n# a: b\n# a: c\n+1", "f:3:6: 'a' is there already"), ("# irbpf trace 1\n# a:\n+1", "f:2:2: not a field"),
    ("# irbpf trace 1\n+1 -1\n# a: b", "f:3:1: a field after the samples"), ("# irbpf trace 1\n+1 -1 # x", "f:2:7: a field after"),
    ("# irbpf trace 1\n# expect: nec\n+1", "f:2:11: 'nec' is no PROTOCOL:SCANCODE"), ("# irbpf trace 1\n# expect: nec:0X4\n+1", "f:2:11:"),
    ("# irbpf trace 1\n# expect: nec:0x4 repeats=-1\n+1", "f:2:11: 'repeats=-1' says nothing"),
    ("# irbpf trace 1\n# expect: nec:0x4 toggle=2\n+1", "'toggle=2' says nothing"), ("# irbpf trace 1\n+1 -0", "f:2:4: a duration of 0"),
    ("# irbpf trace 1\n+1 -1e3", "f:2:4: '-1e3' is no duration"), ("# irbpf trace 1\n\n+1 pulse 999999999999", "f:3:10:"),
    ("# irbpf trace 1\n# expect: nec:0x12345678123456789\n+1", "is no PROTOCOL:SCANCODE"),
])
def test_what_is_wrong_is_told_with_its_place(text: str, says: str) -> None:
    with pytest.raises(Error) as caught:
        trace.parse(text, "f", "f")
    assert says in str(caught.value)
    assert caught.value.hint


def test_files_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"# irbpf trace 1\n+1 \xff")
    with pytest.raises(Error, match=r"binary:2:4: not UTF-8"):
        trace.read(tmp_path / "binary")
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(Error, match="Is a directory|No such file"):
            trace.read(path)
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(trace.LARGEST + 1)
    with pytest.raises(Error, match="more than 16 MB"):
        trace.read(tmp_path / "huge")


# -- the distortions --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(DISTORTIONS))
def test_a_distortion_is_the_same_for_the_same_seed_and_no_other(name: str) -> None:
    samples = trace.read(FILES[0]).samples
    assert distorted(samples, name, 1) == distorted(samples, name, 1) != distorted(samples, name, 2)
    assert [one.kind for one in distorted(samples, name, 1)] == [one.kind for one in samples]
