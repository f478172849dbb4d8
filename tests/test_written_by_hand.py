"""Decoders written in C, dropped in as files: the ones that ship, one that a test drops in, and the one of bpf/README.md.

The signals of the keyboard were sent by the kernel's own encoder (tests/kernel/record_scancodes.py).
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from irbpf import bpf, bundle, trace
from irbpf.cache import Cache
from irbpf.cli import main
from irbpf.compiler import compile_sources
from irbpf.engines.testrun import RESET, Batches
from irbpf.hosts import host_source
from irbpf.irp.render import press
from irbpf.keymap import load, parse
from irbpf.paths import data
from irbpf.programs import source_of
from irbpf.protocols import catalogue
from irbpf.pulses import Kind, Sample, from_durations
from irbpf.replay import Player, of_keymap
from irbpf.reports import DOWN, POINTER, Event
from tests.conftest import ROOT
from tests.support.native import SANITIZERS, Native
from tests.support.signals import random_signals

TRACES = sorted((ROOT / "tests" / "traces" / "written-by-hand").glob("*.trace"))
SHIPPED = sorted(path.stem for path in (ROOT / "bpf").glob("*.c"))
END = Sample(Kind.TIMEOUT, 125_000)
BUTTONS = 0x0100_0000


def native(name: str, folder: Path) -> Native:
    return Native(host_source(data("bpf", f"{name}.c").read_text(), "native", name), folder, SANITIZERS)


def said(events: Sequence[Event]) -> list[tuple[object, ...]]:
    return [("pointer", event.x, event.y) if event.kind == POINTER else ("down", event.scancode) for event in events]


def meant(path: Path) -> list[tuple[object, ...]]:
    """What the kernel was asked to send, in its own scancodes (ir-mce_kbd-decoder.c)."""
    scancode = int(path.stem.rsplit("-", 1)[1], 16)
    if "key" in path.stem.split("-")[1]:
        return [("down", scancode)] if scancode else []
    x, y = (value - 128 if value & 64 else value for value in (scancode >> 7 & 127, scancode >> 14 & 127))
    return [("down", BUTTONS | scancode & 0x60)] if scancode & 0x60 else [("pointer", x, y)]


def test_there_are_some() -> None:
    assert len(SHIPPED) >= 2
    assert len(TRACES) >= 10


@pytest.mark.native
def test_the_keyboard_as_the_kernel_sends_it(tmp_path: Path) -> None:
    decoder = native("mce_kbd", tmp_path)
    for path in TRACES:
        samples, rng = trace.read(path).samples, random.Random(path.stem)
        for spread in (0, 0, 0.1, 0.2):
            heard = [Sample(kind, max(1, round(duration * rng.uniform(1 - spread, 1 + spread)))) for kind, duration in samples]
            assert said(decoder.feed([*RESET, *heard])) == meant(path), path.stem


@pytest.mark.native
def test_a_held_key_is_one_press_and_its_release_ends_it(tmp_path: Path) -> None:
    decoder = native("mce_kbd", tmp_path)
    key, release = (
        trace.read(TRACES[0].with_name(f"mce_kbd-key-{code}.trace")).samples for code in ("400", "0"))
    events = decoder.feed([*RESET, *key, *key, *release, *key])
    assert [(event.scancode, event.again) for event in events] == [(0x400, False), (0x400, True), (0x400, False)]


@pytest.mark.native
def test_a_frame_that_is_cut_or_too_long_is_nothing(tmp_path: Path) -> None:
    decoder = native("mce_kbd", tmp_path)
    samples = [one for one in trace.read(TRACES[0].with_name("mce_kbd-key-402.trace")).samples if one.kind != Kind.TIMEOUT]
    pulses = samples if samples[-1].kind == Kind.PULSE else samples[:-1]
    for cut in range(2, len(pulses) - 1):
        assert said(decoder.feed([*RESET, *pulses[:cut], END])) == [], cut
        assert said(decoder.feed([*RESET, *pulses[:cut], Sample(Kind.OVERFLOW, 0), *pulses[cut:], END])) == [], cut
    assert said(decoder.feed([*RESET, *pulses, Sample(Kind.SPACE, 333), Sample(Kind.PULSE, 333), END])) == []
    assert said(decoder.feed([*RESET, *pulses, END])) == [("down", 0x402)]


def stick(bits: str, leader: int = 2000) -> list[int]:
    """A push of the iMON RSC's stick: a leader, and a space for each bit."""
    return [leader, *(part for bit in bits for part in ((1800 if bit == "1" else 625), 625))]


@pytest.mark.native
@pytest.mark.parametrize(("bits", "x", "y"), [("0000", 0, -4), ("0001", 0, 4), ("0010", 4, 0), ("0011", -4, 0), ("0100", 4, -4), ("0101", -4, 4),
                                              ("1000", 2, -4), ("1010", 4, 2), ("1101", -4, 2), ("1111", -2, -4), ("11110", 2, 4)])
def test_the_stick(tmp_path: Path, bits: str, x: int, y: int) -> None:
    """Directions as in v4l-utils' decoder of that name."""
    decoder = native("imon_rsc", tmp_path)
    for leader in (2000, 3250):
        assert said(decoder.feed([*RESET, *from_durations(stick(bits, leader)), END])) == [("pointer", x, y)]
    assert said(decoder.feed([*RESET, *from_durations(stick("000")), END])) == []
    assert said(decoder.feed([*RESET, *from_durations(stick("000000")), END])) == []


@pytest.mark.native
@pytest.mark.parametrize("name", SHIPPED)
def test_other_remotes_and_noise_do_not_speak_for_it(tmp_path: Path, name: str) -> None:
    """With the sanitizers on; a stray event in thousands of mangled frames of other protocols would be a phantom press."""
    decoder = native(name, tmp_path)
    others = [catalogue()[one] for one in ("nec", "rc5", "rc6_mce", "sony12", "jvc", "rc6_0")]
    events = [event for samples in random_signals(others, 400, seed=5) for event in decoder.feed(samples)]
    assert [event for event in events if event.kind == DOWN] == []
    assert len(events) <= 2


@pytest.mark.bpf
@pytest.mark.parametrize("name", SHIPPED)
def test_the_verifier_takes_it(name: str) -> None:
    """As a test run, and as the kernel's own type (or this kernel has no such type)."""
    keymap = parse(f"protocols: [{{decoder: {name}}}]", "k.yaml")
    run, real = compile_sources([source_of(keymap.entries[0], None, host) for host in ("test_run", "lirc")])
    with bpf.load(run) as program:
        for path in TRACES if name == "mce_kbd" else ():
            assert said(Batches(program).feed([*RESET, *trace.read(path).samples])) == meant(path)
    try:
        bpf.load(real).close()
    except bpf.Unsupported as error:
        assert "CONFIG_BPF_LIRC_MODE2" in error.hint


# -- dropping one in ------------------------------------------------------------------------------------------------------

# Morse, of all things: a dot, a dash or another pulse after a pause; no IRP line counts dots without end.
MORSE = """#ifndef DASH
#error DASH: from how many microseconds on a pulse is a dash
#endif
struct state {
	__u32 n, held, toggle, pressed;
	__u64 scancode;
};

ALWAYS_INLINE void step(struct state *s, __u32 sample, struct report *r)
{
	__u32 kind = sample >> 24, duration = sample & 0xffffff;

	if (kind == SAMPLE_PULSE) {
		s->n = (s->n ? s->n : 1) << 1 | (duration > DASH);
	} else if (kind == SAMPLE_TIMEOUT || duration > 3 * DASH) {
		if (s->n)
			report_down(s, r, s->n, NO_TOGGLE);
		s->n = 0;
	}
}
"""


@pytest.fixture()
def dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A decoder of the administrator's in /etc/irbpf/bpf, and a keymap that names it."""
    monkeypatch.setenv("IRBPF_ETC", str(tmp_path))
    (tmp_path / "bpf").mkdir()
    (tmp_path / "bpf" / "morse.c").write_text(MORSE)
    keymap = tmp_path / "morse.yaml"
    keymap.write_text("protocols:\n  - decoder: morse\n    parameters: {DASH: 2000}\n    keys: {5: KEY_A, 24: KEY_B}\n")
    return keymap


@pytest.mark.bpf
def test_a_dropped_in_decoder_decodes(dropped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recording = tmp_path / "recording"
    recording.write_text("+1000 -1000 +3000\n+3000 -1000 +1000 -1000 +1000 -1000 +1000\n")
    assert main(["decode", "--engine", "bpf", "--keymap", str(dropped), "--each-line", str(recording)]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["protocol"], row["scancode"], row["key"]) for row in rows] == [("morse", "0x5", "KEY_A"), ("morse", "0x18", "KEY_B")]


@pytest.mark.bpf
def test_a_dropped_in_decoder_is_built(dropped: Path, tmp_path: Path) -> None:
    made = tmp_path / "morse.irbpf"
    assert main(["build", str(dropped), "-o", str(made)]) == 0
    read = bundle.Bundle.read(made.read_bytes())
    assert [(one.name, one.host) for one in read.objects] == [("morse", "lirc"), ("morse", "test_run")]
    assert read.keys == {5: 30, 24: 48}


@pytest.mark.bpf
def test_a_mistake_in_it_is_told_with_its_line(dropped: Path, tmp_path: Path) -> None:
    (tmp_path / "bpf" / "morse.c").write_text(MORSE.replace("s->n = 0", "s->m = 0"))
    with pytest.raises(Exception, match=r"morse\.c:18:"):
        bundle.build([load(dropped)], Cache(tmp_path / "cache"))


@pytest.mark.bpf
def test_the_example_of_the_readme_compiles_and_decodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "bpf" / "README.md").read_text()
    code, = re.findall(r"^```c\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    keymap, = re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(code.splitlines()) <= 30
    monkeypatch.setenv("IRBPF_ETC", str(tmp_path))
    (tmp_path / "bpf").mkdir()
    (tmp_path / "bpf" / "knob.c").write_text(code)
    with Player(of_keymap(parse(keymap, "README.md")), "bpf") as player:
        events = player.play(from_durations([3000, 1000, 500, 1000, 500, 1000, 500]))
    assert [(event.decoded.scancode, event.key) for event in events] == [(3, "KEY_VOLUMEUP")]


def test_in_python_it_says_nothing_but_that_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "k.yaml").write_text("protocols: [{decoder: mce_kbd}]")
    assert main(["decode", "--keymap", str(tmp_path / "k.yaml"), "/dev/null"]) == 0
    assert capsys.readouterr().err == "irbpf: warning: not decoded: mce_kbd (written in C: --engine bpf runs it)\n"
    with Player(of_keymap(parse("protocols: [{decoder: mce_kbd}, {protocol: nec}]", "k.yaml")), "python") as player:
        events = player.play(from_durations(press(catalogue()["nec"].irp, {"D": 4, "F": 8})))
    assert [event.decoded.protocol for event in events] == ["nec"]
