"""Decoders through the real compiler, verifier and JIT of this kernel."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from irbpf import bpf
from irbpf.compiling import compiled
from irbpf.compiler import compile_sources
from irbpf.errors import Error
from irbpf.hosts import host_source
from irbpf.irp.automaton import Automaton, build_automaton
from irbpf.irp.codegen import generate
from irbpf.objects import MapSpec, Object, Source
from irbpf.protocols import catalogue
from tests.conftest import ROOT

pytestmark = [pytest.mark.bpf, pytest.mark.xdist_group("bytecode")]  # compiled once for all
NAMES = [one.name for one in catalogue().decodable()]


@cache
def automaton(name: str) -> Automaton:
    return build_automaton(catalogue()[name])


@pytest.fixture(scope="module")
def objects() -> Mapping[str, Object]:
    sources = [host_source(generate(automaton(name)), "lirc", name) for name in NAMES]
    return dict(zip(NAMES, compiled(sources, None)[0], strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_the_kernels_program_is_within_limits(name: str, objects: Mapping[str, Object]) -> None:
    """Type 20 passes the verifier too, or this kernel has no type 20 and says so."""
    try:
        with bpf.load(objects[name]) as program:
            assert program.id > 0
    except bpf.Unsupported as error:
        assert "CONFIG_BPF_LIRC_MODE2" in error.hint
    assert len(objects[name].instructions) < 8 * (4096 if catalogue()[name].number else 32767)


def test_verifier_errors_are_shown() -> None:
    out_of_stack = bytes.fromhex("b701000000000000" "7b1a00fe00000000" "7b1af8fc00000000" "b700000000000000" "9500000000000000")
    with pytest.raises(Error, match="verifier refused bad"):
        bpf.load(Object("bad", "test_run", out_of_stack, (), ()))


def test_a_map_that_cannot_be_leaves_no_fds() -> None:
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(Error, match="map huge"):
        bpf.load(Object("bad", "test_run", b"", (MapSpec("small", 2, 4, 8, 1), MapSpec("huge", 2, 4, 1 << 30, 1 << 30)), ()))
    assert len(os.listdir("/proc/self/fd")) == before


def test_compiler_errors_name_the_decoders_line() -> None:
    source = host_source("struct state { int x; };\nstatic inline void step(struct state *s, __u32 a, struct report *r)\n{\n\tnonsense;\n}",
                         "test_run", "mine")
    with pytest.raises(Error, match=r"mine\.c:4:"):
        compile_sources([source])


def test_bcc_is_never_in_this_process(objects: Mapping[str, Object]) -> None:
    assert objects
    assert not any(name == "bcc" or name.startswith("bcc.") for name in sys.modules)


def test_without_bcc_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The real child, under an interpreter to which the module is hidden."""
    hidden = tmp_path / "python"
    hidden.write_text("#!/bin/sh\nshift\nexec /usr/bin/python3 -S -I \"$@\"\n")
    hidden.chmod(0o755)
    monkeypatch.setattr("irbpf.compiler.PYTHON", str(hidden))
    with pytest.raises(Error, match="bcc is not installed") as caught:
        compile_sources([Source("x", "test_run", "int decode(void *c) { return 0; }")])
    assert "python3-bpfcc" in caught.value.hint


@pytest.fixture()
def nobody() -> Iterator[list[str]]:
    yield ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def test_without_root_the_remedy_is_named(nobody: list[str]) -> None:
    code = ("import sys; sys.path.insert(0, sys.argv[1])\nfrom irbpf import bpf\n"
            "print({host: str(why) for host, why in bpf.probe().items()})")
    done = subprocess.run([*nobody, "/usr/bin/python3", "-c", code, str(ROOT)], capture_output=True, text=True, check=True)
    assert "CAP_BPF" in done.stdout
    assert os.strerror(errno.EPERM) in done.stdout
