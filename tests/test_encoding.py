"""Scancodes to parameters and back, for every protocol of the catalogue and the layouts that are not plain bit fields."""

from __future__ import annotations

import random

import pytest

from irbpf.encoding import Unsolved, _defined, completed, parameters_of, scancode_of
from irbpf.errors import Error
from irbpf.families import family
from irbpf.irp.automaton import build_automaton
from irbpf.irp.expressions import evaluate
from irbpf.irp.function import function_of
from irbpf.irp.interpreter import Interpreter
from irbpf.irp.parser import parse_expression
from irbpf.irp.render import press
from irbpf.keymap import Entry, load, parse
from irbpf.protocols import Protocol, catalogue, define
from irbpf.pulses import from_durations
from tests.conftest import ROOT


def decoded(protocol: Protocol, params: dict[str, int]) -> set[int]:
    samples = from_durations([*press(protocol.irp, params), 200_000])
    return {one.scancode for one in Interpreter(build_automaton(protocol)).feed(samples)}


@pytest.mark.parametrize("name", ["nec", "necx", "nec32", "rc5", "rc5x_20", "rc5_sz", "rc6_0", "rc6_mce", "sony12", "sony15", "sony20",
                                  "jvc", "sanyo", "sharp", "xmp", "rcmm12", "rcmm24", "rcmm32", "xbox_dvd", "samsung36"])
def test_there_and_back(name: str) -> None:
    protocol = catalogue()[name]
    rng = random.Random(name)
    for _ in range(30):
        given = completed(protocol, {one.name: rng.randint(one.least, one.most) for one in protocol.irp.parameters
                                     if one.default is None})
        scancode = scancode_of(protocol, given)
        assert scancode_of(protocol, parameters_of(protocol, scancode)) == scancode


@pytest.mark.parametrize("path", sorted((ROOT / "keymaps").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_key_of_the_shipped_keymaps_decodes_from_what_is_sent(path) -> None:  # type: ignore[no-untyped-def]
    for entry in load(path).entries:
        if isinstance(entry, Entry):
            for scancode in list(entry.keys)[:3]:
                assert scancode in decoded(entry.protocol, parameters_of(entry.protocol, scancode)), hex(scancode)


def test_masked_definitions_and_small_tables() -> None:
    manchester = family("manchester", {"bits": 14, "toggle_bit": 11})
    assert parameters_of(manchester, 0x123)["X"] == 0x123
    odd = define("odd", "{38k,564}<1,-1|1,-3>(16,-8,F:8,D:4,1,^108m){V=F*3+D}[F:0..255,D:0..15]", "V:16")
    assert scancode_of(odd, parameters_of(odd, 200)) == 200


def test_where_and_require() -> None:
    protocol = define("n", "{38k,564}<1,-1|1,-3>(16,-8,D:8,S:8,F:8,1,-30m)[D:0..255,S:0..255,F:0..255]", "F:8", where={"D": 7},
                      require="S>2")
    assert parameters_of(protocol, 9) == {"D": 7, "S": 3, "F": 9}
    assert parameters_of(catalogue()["necx"], 0x04FB08)["L"] == 1


@pytest.mark.parametrize(("name", "scancode"), [("nec", 0x10000), ("rc5", 0xFF00), ("rc6_mce", 0x12340000)])
def test_a_scancode_that_there_is_not(name: str, scancode: int) -> None:
    with pytest.raises(Error, match="has no scancode"):
        parameters_of(catalogue()[name], scancode)


def test_expressions_as_a_function_are_what_they_are_alone() -> None:
    """For every protocol of the catalogue: its layout, condition and definitions."""
    rng = random.Random(5)
    for protocol in catalogue().values():
        names = [one.name for one in protocol.irp.parameters]
        wanted = [*protocol.scancode, *([protocol.require] if protocol.require is not None else [])]
        try:
            made = function_of(wanted, names, protocol.irp.definitions)
        except KeyError:
            continue  # a name that the stream assigns
        for _ in range(5):
            params = {one.name: rng.randint(one.least, one.most) for one in protocol.irp.parameters}
            expected = [evaluate(one, _defined(protocol, params, one)) for one in wanted]
            assert list(made(*params.values())) == expected, protocol.name


def test_every_kind_of_expression() -> None:
    text = "(a?b:c)+(a&&b)*(a||c)-(-b)+(~c)+(!a)+(#b)+a/3+b%5+(c<<2)+(b>>1)+(a**2)+(a<b)+(a>=b)+(a!=c)+(a^b|c&7)+(~b:4:1)+c:-3"
    expression = parse_expression(text)
    made = function_of([expression], ["a", "b", "c"], {})
    for values in ((0, 1, 2), (5, 9, 200), (3, 3, 0)):
        assert made(*values) == (evaluate(expression, dict(zip("abc", values, strict=True))),)


def test_a_digest_is_not_called_impossible() -> None:
    with pytest.raises(Unsolved, match="cannot be turned round"):
        parameters_of(catalogue()["Fujitsu-128"], 0x20635532)
    assert parse("protocols: [{protocol: Fujitsu-128, keys: {0x20635532: KEY_1}}]", "a.yaml").keys == {0x20635532: "KEY_1"}
