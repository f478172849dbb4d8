"""Every keymap that ships, as data: right by every rule, with its origin, and with the kernel's scancodes where it names a table of the kernel."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from irbpf import keycodes
from irbpf.irp.automaton import build_automaton
from irbpf.keymap import Entry, load
from irbpf.keymapcheck import check
from tests.conftest import ROOT

FILES = sorted((ROOT / "keymaps").glob("*.yaml"))
SOURCE = Path("/usr/src/linux-source-6.1.tar.xz")
ORIGIN = re.compile(r"# Scancodes and keys as in the kernel's table (rc-[\w-]+) \(drivers/media/rc/keymaps/([\w-]+\.c)\)")
FROM_THE_KERNEL = {path: found[2] for path in FILES if (found := ORIGIN.match(path.read_text()))}


def test_there_are_enough() -> None:
    assert len(FILES) >= 15


@pytest.mark.parametrize("word", ["Hauppauge", "Windows Media Center", "Apple", "Samsung", "LG", "Sony", "Philips", "JVC", "Panasonic"])
def test_the_common_ones_are_there(word: str) -> None:
    assert any(load(path).name.startswith(word) for path in FILES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_keymap(path: Path) -> None:
    checked = check(path)
    assert not checked.problems
    assert checked.keymap is not None
    assert len(checked.keymap.keys) >= 5
    assert all(keycodes.number(key) >= 0 for key in checked.keymap.keys.values())
    for entry in checked.keymap.entries:
        if isinstance(entry, Entry):
            assert build_automaton(entry.protocol).states


def test_no_two_for_one_name_or_table() -> None:
    names = [load(path).name for path in FILES]
    assert len(set(names)) == len(names)
    maps = [match.rc_map for path in FILES for match in load(path).receivers]
    assert len(set(maps)) == len(maps)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_says_where_it_comes_from(path: Path) -> None:
    """In its first line: a table of the kernel, or what is known of the remote and its codes."""
    first = path.read_text().splitlines()[0]
    assert re.match(r"# \S.{9,}", first)
    if path in FROM_THE_KERNEL:
        assert [match.rc_map for match in load(path).receivers] == [ORIGIN.match(first)[1]]  # type: ignore[index]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The kernel's tables: file name -> C text."""
    if not SOURCE.exists():
        pytest.skip(f"needs {SOURCE}, of the package linux-source-6.1")
    folder = tmp_path_factory.mktemp("linux")
    subprocess.run(["tar", "-xJf", SOURCE, "-C", folder, "--wildcards", "linux-source-6.1/drivers/media/rc/keymaps/*.c"], check=True)
    return {path.name: path.read_text(errors="replace") for path in folder.rglob("*.c")}


@pytest.mark.parametrize("path", FROM_THE_KERNEL, ids=lambda path: path.stem)
def test_scancodes_are_the_kernels(path: Path, tables: Mapping[str, str]) -> None:
    """All of the kernel's and no other, but for those that a comment says are left out."""
    text = re.sub(r"/\*.*?\*/", "", tables[FROM_THE_KERNEL[path]], flags=re.DOTALL)
    theirs = {int(code, 16): keycodes.number(key) for code, key in re.findall(r"\{\s*(0x[0-9a-fA-F]+)\s*,\s*((?:KEY|BTN)_\w+)", text)}
    ours = {code: keycodes.number(key) for code, key in load(path).keys.items()}
    left_out = {int(code, 16) for line in path.read_text().splitlines() if line.startswith("# Left out:") for code in re.findall(r"0x[0-9a-f]+", line.split(",")[0])}
    assert ours.items() <= theirs.items()
    assert theirs.keys() - ours.keys() == left_out
