"""Receivers that decode by themselves: what can work there is loaded as a table, what cannot is said."""

from __future__ import annotations

import pytest

from irbpf.bundle import table_only
from irbpf.errors import Error
from irbpf.keymap import parse

BOTH = parse("protocols: [{protocol: nec, keys: {0x408: KEY_1}}, {protocol: sony12, keys: {0x10015: KEY_POWER}}]", "both.yaml")
NEC = parse("protocols: [{protocol: nec, keys: {0x408: KEY_1}}]", "nec.yaml")
OWN = parse("protocols: [{protocol: mine, irp: '{38k,500}<1,-1|1,-3>(8,-4,A:8,1,-60)[A:0..255]', scancode: 'A:8', keys: {1: KEY_1}}]", "own.yaml")


def test_all_of_it_works() -> None:
    bundle, needed, said = table_only([BOTH], {"nec", "sony", "rc-5"})
    assert (bundle.objects, needed, said) == ((), {"nec", "sony"}, [])
    assert bundle.keys == {0x408: 2, 0x10015: 116}


def test_what_will_not_come_is_said() -> None:
    _, needed, said = table_only([BOTH], {"nec", "rc-6"})
    assert needed == {"nec"}
    assert said == ["keys of sony12 will not come: its hardware decodes nec, rc-6"]


@pytest.mark.parametrize("keymap", [NEC, OWN])
def test_nothing_of_it_can_work(keymap: object) -> None:
    with pytest.raises(Error, match="decodes by itself, and not") as caught:
        table_only([keymap], {"rc-6"})  # type: ignore[list-item]
    assert "rc-6" in caught.value.hint


@pytest.mark.parametrize("decodes", [set(), {"other"}, {"unknown", "rc-5"}, {"lirc"}])
def test_hardware_that_does_not_tell_is_believed(decodes: set[str]) -> None:
    assert table_only([NEC], decodes)[2] == []
