"""Every keymap that ships, as data; and every hand-written decoder that one names."""

from __future__ import annotations

from pathlib import Path

import pytest

from irbpf.irp.automaton import build_automaton
from irbpf.keymap import Entry, load
from irbpf.yamlnodes import Node, read
from tests.conftest import ROOT

FILES = sorted((ROOT / "keymaps").glob("*.yaml"))


def test_there_are_enough() -> None:
    assert len(FILES) >= 15


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_keymap(path: Path) -> None:
    keymap = load(path)
    assert len(keymap.keys) >= 5
    for entry in keymap.entries:
        if isinstance(entry, Entry):
            assert build_automaton(entry.protocol).states


def test_no_two_for_one_name_or_table() -> None:
    names = [load(path).name for path in FILES]
    assert len(set(names)) == len(names)
    maps = [match.rc_map for path in FILES for match in load(path).receivers]
    assert len(set(maps)) == len(maps)


def test_each_says_where_it_comes_from() -> None:
    assert all(path.read_text().startswith("# ") for path in FILES)
    assert isinstance(read(FILES[0]), Node)
