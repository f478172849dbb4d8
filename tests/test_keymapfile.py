"""Keymaps written and read again are the same, whatever is in them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irbpf.families import family
from irbpf.keymap import RAW_BASE, Entry, Keymap, Match, Raw, Table, load, parse
from irbpf.keymapfile import dump, own_name
from irbpf.protocols import Tolerance, catalogue, define
from irbpf.raw import Pattern
from tests.conftest import ROOT


def again(keymap: Keymap, **more: object) -> Keymap:
    return parse(dump(keymap, **more), keymap.path)  # type: ignore[arg-type]


@pytest.mark.parametrize("path", sorted((ROOT / "keymaps").glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped(path) -> None:  # type: ignore[no-untyped-def]
    keymap = load(path)
    for entry, other in zip(keymap.entries, again(keymap).entries, strict=True):
        assert entry.keys == other.keys
        if isinstance(entry, Entry) and isinstance(other, Entry):
            assert other.protocol == replace(entry.protocol, name=other.protocol.name)
            assert other.protocol.name in (entry.protocol.name, own_name(entry.protocol.name))
        else:
            assert entry == other


def test_everything_at_once() -> None:
    own = define("mine", "{38k,564}<1,-1|1,-3>(16,-8,D:8,S:8,F:8,T:1,1,^108m)+[D:0..255,S:0..255,F:0..255,T@:0..1=0]", "F:8,S:8",
                 require="S!=3", toggle="T", where={"D": 9}, number=300, tolerance=Tolerance(80, 0.2))
    narrowed = replace(catalogue()["nec"], where={"D": 4}, tolerance=Tolerance(200, 0.25))
    keymap = Keymap("a.yaml", 'A "name": with # and \\ and ü', (Match(rc_map="rc-x"), Match(bus=3, vendor=0x1B4F, product=2, name="A*")),
                    (Entry(own, {0x105: "KEY_1"}), Entry(narrowed, {0x408: "KEY_2"}), Entry(catalogue()["rc5"], {}),
                     Raw((Pattern("KEY_3", RAW_BASE + 4, (9000, 4500, 560)), Pattern("KEY_3", RAW_BASE + 4, (4500, 4500, 560)),), Tolerance(100, 0.1)),
                     Table({7: "KEY_7"})))
    assert again(keymap, comments=["From a file\nof two lines", ""], remarks={0x105: "power # on\n- x"}) == keymap


def test_a_family_becomes_a_line_of_its_own() -> None:
    keymap = Keymap("a.yaml", "a", (), (Entry(family("pulse_distance", {"bits": 16}), {1: "KEY_1"}),))
    read = again(keymap)
    assert isinstance(read.entries[0], Entry)
    assert read.entries[0].protocol.name == "my-pulse_distance"


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_any_text(name: str, comment: str, remark: str) -> None:
    name = "".join(one for one in name if not "\ud800" <= one <= "\udfff")
    keymap = Keymap("a.yaml", name, (), (Entry(catalogue()["nec"], {5: "KEY_5"}),))
    assert again(keymap, comments=[comment], remarks={5: remark}) == keymap
