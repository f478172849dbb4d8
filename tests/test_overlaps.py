"""Where the readings of a keymap's protocols overlap: what is said never to is never, what is named is a press that both read."""

from __future__ import annotations

import random
import re

import pytest

from irbpf import overlaps as module
from irbpf.irp.automaton import build_automaton
from irbpf.irp.interpreter import Interpreter
from irbpf.irp.overlap import TooMuch, overlap
from irbpf.keymap import parse
from irbpf.keymapcheck import warnings
from irbpf.protocols import catalogue
from tests.support.signals import random_signals

THICK = "{38k,10}<85,-45|85,-150>(900,-450,D:8,85,-50m)*[D:0..255]"
THIN = "{38k,10}<56,-56|56,-169>(900,-450,D:8,56,-50m)*[D:0..255]"


def told(text: str) -> list[str]:
    return [str(one) for one in warnings([parse(text, "k.yaml")])]


@pytest.mark.parametrize("seed", range(30))
def test_what_both_read_is_found_possible(seed: int) -> None:
    """Whatever signal two decoders both report at, the walk says that there may be such."""
    rng = random.Random(seed)
    names = [one.name for one in catalogue().decodable() if re.search("(?i)nec|sony|rc5|rc6|denon|jvc|sharp|panasonic", one.name)]
    one, *others = (build_automaton(catalogue()[name]) for name in rng.sample(names, 12))
    signals = list(random_signals([catalogue()[one.name]], 20, seed))
    heard = [{place for place, sample in enumerate(samples) if machine.step(sample)} for samples in signals
             if (machine := Interpreter(one))]
    for other in others:
        for samples, places in zip(signals, heard, strict=True):
            machine = Interpreter(other)
            if places & {place for place, sample in enumerate(samples) if machine.step(sample)}:
                assert overlap(one, other, 10**9).both, (one.name, other.name)


def test_every_key_is_looked_at() -> None:
    keys = ", ".join(f"{0x400 + number:#x}: KEY_{number}" for number in range(10))
    mine = "{38.4k,564}<1,-1|1,-3>(16,-8,A:32,1,^108m)*[A:0..4294967295]"
    (warning,) = told(f'protocols: [{{protocol: nec, keys: {{{keys}}}}}, {{protocol: mine, irp: "{mine}", where: {{A: {0xF609FB04}}}}}]')
    assert "a press of KEY_9 is mine 0xf609fb04 too; nec is heard" in warning
    assert told(f'protocols: [{{protocol: nec, keys: {{{keys}}}}}, {{protocol: mine, irp: "{mine}", where: {{A: 5}}}}]') == []


def test_what_only_a_poor_receiver_makes_of_it() -> None:
    warning, back = told(f'protocols: [{{protocol: thin, irp: "{THIN}", keys: {{0x5a: KEY_A}}}}, {{protocol: thick, irp: "{THICK}", scancode: "D:8,1:1", keys: {{0xb7: KEY_B}}}}]')
    assert "a press of KEY_A, its pulses 75 µs too long, is thick 0xb5 too; thin is heard" in warning
    assert "a press of KEY_B is thin 0x5b too; thin is heard" in back


def test_who_is_heard() -> None:
    """The first to report, and of those at the same sample the first in the keymap, where the catalogue prefers none."""
    text = "protocols: [{protocol: two, irp: \"" + THIN.replace("D:8", "D:4,E:4").replace("[D:0..255]", "[D:0..15,E:0..15]") + "\", scancode: \"E:4,D:4,7:4\"}"
    first = "{protocol: thin, irp: \"" + THIN + "\", keys: {0x5a: KEY_A}}"
    assert any("KEY_A is two 0x" in one and "too; two is heard" in one for one in told(f"{text}, {first}]"))
    assert any("KEY_A is two 0x" in one and "too; thin is heard" in one for one in told(f"protocols: [{first}, {text.partition('[')[2]}]"))


def test_raw_patterns_are_compared_too() -> None:
    pattern = "+9000 -4500 " + "+560 -560 " * 8 + "+560"
    found = told(f'protocols: [{{protocol: thin, irp: "{THIN}", keys: {{0: KEY_A}}}}, {{raw: {{KEY_B: "{pattern}"}}}}]')
    assert len(found) == 1 and "a press of KEY_A is raw 0x" in found[0] and "too, which is KEY_B; thin is heard" in found[0]


def test_protocols_without_keys_are_compared() -> None:
    assert any("a press of mine 0x" in one and "is nec 0x" in one for one in told(
        'protocols: [{protocol: mine, irp: "{38.4k,564}<1,-1|1,-3>(16,-8,D:8,~D:8,F:8,~F:8,1,^108m)*[D:0..255,F:0..255]", '
        'scancode: "F:8,D:8"}, {protocol: nec}]'))


def test_the_bound_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    nec32 = build_automaton(catalogue()["nec32"])
    with pytest.raises(TooMuch, match="5 pairs of states"):
        overlap(nec32, nec32, 5)
    text = "protocols: [{protocol: nec, keys: {0x408: KEY_A}}, {protocol: nec32}]"
    assert told(text) == []
    monkeypatch.setattr(module, "MOST_PLACES", 5)
    assert any("nec and nec32 were not compared in full: 5 pairs of states were looked at" in one for one in told(text))
    monkeypatch.undo()
    monkeypatch.setattr(module, "MOST_SAMPLES", 0)
    assert any("nec and nec32 were not compared in full: 0 of 1 keys were tried" in one for one in told(text))
