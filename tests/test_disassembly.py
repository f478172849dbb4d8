"""Bytecode as instructions, and as counted by tests/bench: an interpreter that says what the kernel says may be believed when it counts."""

from __future__ import annotations

import json
import re
import struct
import subprocess

import pytest

from irbpf import bpf
from irbpf.compiler import compile_sources
from irbpf.disassembly import LOAD_64, disassemble, instructions
from irbpf.engines.testrun import ROOM, START, STRIDE
from irbpf.keymap import Entry
from irbpf.objects import MapSpec, Object
from irbpf.programs import automaton_of, source_of
from irbpf.protocols import catalogue
from irbpf.reports import EVENT_SIZE
from tests.bench.figures import FRAMES, raw_entry
from tests.bench.machine import Machine
from tests.conftest import ROOT
from tests.support.signals import random_signals


def code(*rows: tuple[int, int, int, int, int]) -> bytes:
    return b"".join(struct.pack("=BBhi", opcode, source << 4 | target, offset, value) for opcode, target, source, offset, value in rows)


def test_what_instructions_are_called() -> None:
    program = Object("x", "lirc", code((0x18, 1, 1, 0, 0), (0, 0, 0, 0, 0), (0x18, 2, 0, 0, -1), (0, 0, 0, 0, 1), (0x61, 3, 6, 4, 0),
                                       (0x7B, 10, 3, -8, 0), (0x72, 10, 0, -1, 7), (0x07, 3, 0, 0, -5), (0x0F, 3, 4, 0, 0), (0xC7, 3, 0, 0, 2),
                                       (0x84, 3, 0, 0, 0), (0xB4, 5, 0, 0, 9), (0x2D, 3, 4, 1, 0), (0x05, 0, 0, 0, 0), (0x66, 3, 0, -2, 3),
                                       (0x85, 0, 0, 0, 78), (0x95, 0, 0, 0, 0)), (MapSpec("receiver", 2, 4, 8, 1),), ((0, 0),))
    assert [line.split(": ")[1] for line in disassemble(program).splitlines()] == [
        "r1 = map receiver", "r2 = 0x1ffffffff", "r3 = *(u32 *)(r6 + 4)", "*(u64 *)(r10 - 8) = r3", "*(u8 *)(r10 - 1) = 7", "r3 += -5", "r3 += r4",
        "r3 s>>= 2", "w3 = -w3", "w5 = 9", "if r3 > r4 goto 14", "goto 14", "if w3 s> 3 goto 13",
        "call rc_keydown", "exit"]


@pytest.mark.bpf
@pytest.mark.parametrize("name", ["nec", "rc6_0", "grundig", "sony12", "raw"])
def test_the_interpreter_of_bytecode_says_what_the_kernel_says(name: str) -> None:
    """Byte for byte the same packet, and every instruction has a name."""
    entry = raw_entry(50) if name == "raw" else Entry(catalogue()[name], {})
    (made,) = compile_sources([source_of(entry, automaton_of(entry), "test_run")])
    assert "?" not in re.sub(r"goto \d+", "", disassemble(made))
    assert sum(2 if one.opcode == LOAD_64 else 1 for one in instructions(made.instructions)) * 8 == len(made.instructions)
    machine = Machine(made)
    with bpf.load(made) as program:
        for samples in random_signals([catalogue()["nec" if name == "raw" else name]], 25, seed=3):
            words = [sample.word for sample in samples[:400]]
            packet = bytearray(START + 16 + (len(words) * 4 + 7 & ~7) + ROOM * EVENT_SIZE)
            struct.pack_into(f"=IIII{len(words)}I", packet, START, 0, len(words), 0, ROOM, *words)
            kernel, runs = bpf.TestRuns(program, len(packet)), -(-len(words) // STRIDE)
            kernel.packet[:] = packet
            kernel.run(len(packet), runs)
            for _ in range(runs):
                machine.run(b"", packet)
            assert packet == kernel.packet


@pytest.mark.bpf
def test_the_figures_can_be_printed() -> None:
    """`instructions` counts and measures no time, so what it says can be checked."""
    done = subprocess.run([ROOT / "tests" / "bench" / "run", "--json", "instructions"], capture_output=True, text=True, check=True)
    rows = {row["decoder"]: row for row in json.loads(done.stdout)["instructions"]}
    assert set(FRAMES) <= set(rows)
    assert all(row["mean"] <= row["target"] for row in rows.values()), rows
    wrong = subprocess.run([ROOT / "tests" / "bench" / "run", "nonsense"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert "no section 'nonsense'" in wrong.stderr
