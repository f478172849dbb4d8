"""House rules that a machine can check."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

MODULES = sorted((ROOT / "irbpf").rglob("*.py"))


def test_types() -> None:
    done = subprocess.run(["/usr/bin/mypy", "--cache-dir=/dev/null", "irbpf"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module(path: Path) -> None:
    """A docstring that says what it is, lines that fit, and a size that can be read in one go."""
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text)), "no module docstring"
    assert len(text.splitlines()) <= 410
    assert not [number for number, line in enumerate(text.splitlines(), 1) if len(line) > 150]


def test_only_the_compiler_child_imports_bcc() -> None:
    assert [path.name for path in MODULES if "import BPF" in path.read_text()] == ["compiler_child.py"]
