"""House rules that a machine can check."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT, ruff

MODULES = sorted((ROOT / "irbpf").rglob("*.py"))


def test_types() -> None:
    done = subprocess.run(["/usr/bin/mypy", "--cache-dir=/dev/null", "irbpf"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.ruff
def test_ruff() -> None:
    done = subprocess.run([ruff(), "check", "--no-cache", "."], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_is_there_that_nothing_uses() -> None:
    """What only tests use belongs to them."""
    done = subprocess.run(["/usr/bin/vulture"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module(path: Path) -> None:
    """A docstring that says what it is, lines that fit, and a size that can be read in one go."""
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text)), "no module docstring"
    assert len(text.splitlines()) <= 400
    assert not [number for number, line in enumerate(text.splitlines(), 1) if len(line) > 150]


def test_only_the_compiler_child_imports_bcc() -> None:
    assert [path.name for path in MODULES if "import BPF" in path.read_text()] == ["compiler_child.py"]


# What a module may import lies in its own group or above it. A package stands for all of its modules.
GROUPS = (
    "__init__ errors problems paths",
    "irp pulses signals protocols layouts preference entries keystate ownprotocols families raw rawtable yamlnodes keymap keymapfile keycodes "
    "receiver encoding trace objects objectfile hosts programs together cache automata pronto reports arbitration latency listeners waiting needs",  # descriptions: plain values, no device, no root
    "discovery lirc scancodes keytable bpf compiler compiler_child disassembly uinput distribution",  # the kernel: one interface a file
    "engines bundle compiling everything",  # running
    "service replay library keymapcheck overlaps learn importers exporters identify verify record send transmission live liveview picture plot_text "
    "plot_figure demo doctor status watch show",  # what people do
    "pages verbs",
    "cli __main__",
)
RANK = {name: rank for rank, group in enumerate(GROUPS) for name in group.split()}


def imported(text: str) -> set[str]:
    """The modules and packages right below irbpf that the text of a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import"
            found |= {f"{node.module}.{one.name}" for one in node.names if one.name != "__version__"}
    return {name.split(".")[1] for name in found if name.startswith("irbpf.")} | found & {"irbpf"}


@pytest.mark.parametrize(("line", "found"), [
    ("import irbpf.cli", {"cli"}), ("import os, irbpf.irp.walk as walk", {"irp"}), ("from irbpf import cli, keymap", {"cli", "keymap"}),
    ("from irbpf.irp.walk import graph", {"irp"}), ("def f():\n    import irbpf.bpf", {"bpf"}), ("from irbpf import __version__", set()),
    ("import irbpfx, os.path", set()), ("import irbpf", {"irbpf"}),
])
def test_imports_are_seen_however_they_are_written(line: str, found: set[str]) -> None:
    assert imported(line) == found


def test_relative_imports_are_seen() -> None:
    with pytest.raises(AssertionError, match="line 1"):
        imported("from .cli import main")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    name = path.relative_to(ROOT / "irbpf").parts[0].removesuffix(".py")
    assert name in RANK, f"{name} has no place among the groups"
    assert not [other for other in imported(path.read_text()) if RANK.get(other, len(GROUPS)) > RANK[name]]
