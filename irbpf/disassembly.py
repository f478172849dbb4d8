"""BPF bytecode as instructions, and those as text that a person reads (Linux' Documentation/bpf/instruction-set.rst). It runs nothing."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from irbpf.objects import Object

LD, LDX, ST, STX, ALU, JMP, JMP32, ALU64 = range(8)  # the class: the lowest three bits of an opcode
LOAD_64 = 0x18  # takes two slots
CALL, EXIT = 0x85, 0x95
SIZES = {0x00: 4, 0x08: 2, 0x10: 1, 0x18: 8}
OPERATIONS = {0x00: "+=", 0x10: "-=", 0x20: "*=", 0x30: "/=", 0x40: "|=", 0x50: "&=", 0x60: "<<=", 0x70: ">>=", 0x90: "%=", 0xA0: "^=",
              0xB0: "=", 0xC0: "s>>="}
NEGATE, SWAP = 0x80, 0xD0
JUMPS = {0x10: "==", 0x20: ">", 0x30: ">=", 0x40: "&", 0x50: "!=", 0x60: "s>", 0x70: "s>=", 0xA0: "<", 0xB0: "<=", 0xC0: "s<", 0xD0: "s<="}
ALWAYS = 0x00
HELPERS = {1: "map_lookup_elem", 2: "map_update_elem", 3: "map_delete_elem", 5: "ktime_get_ns", 6: "trace_printk", 7: "get_prandom_u32",
           12: "tail_call", 77: "rc_repeat", 78: "rc_keydown", 92: "rc_pointer_rel"}
_SLOT = struct.Struct("=BBhi")


class Instruction(NamedTuple):
    """One instruction at slot `at`; `value` is its immediate number, of 64 bits in a load of two slots."""

    at: int
    opcode: int
    target: int
    source: int
    offset: int
    value: int

    @property
    def kind(self) -> int:
        return self.opcode & 7

    @property
    def next(self) -> int:
        """The slot of the instruction after it."""
        return self.at + (2 if self.opcode == LOAD_64 else 1)


def instructions(code: bytes) -> Iterator[Instruction]:
    """The instructions of `code` in order."""
    at, total = 0, len(code) // _SLOT.size
    while at < total:
        opcode, registers, offset, value = _SLOT.unpack_from(code, at * _SLOT.size)
        if opcode == LOAD_64 and at + 1 < total:
            value = value & 0xFFFFFFFF | _SLOT.unpack_from(code, (at + 1) * _SLOT.size)[3] << 32
        one = Instruction(at, opcode, registers & 15, registers >> 4, offset, value)
        yield one
        at = one.next


def disassemble(program: Object) -> str:
    """A line for each instruction: its slot, and what it does, with maps and helpers by name and an arrow at jumps' targets."""
    every = list(instructions(program.instructions))
    targets = {one.next + one.offset for one in every if is_jump(one)}
    maps = {at: program.maps[index].name for at, index in program.relocations}
    return "\n".join(f"{'>' if one.at in targets else ' '}{one.at:5}: {describe(one, maps)}" for one in every)


def is_jump(one: Instruction) -> bool:
    return one.kind in (JMP, JMP32) and one.opcode not in (CALL, EXIT)


def describe(one: Instruction, maps: Mapping[int, str]) -> str:
    """What one instruction does, as the kernel's verifier writes it; w0 to w10 are the lower halves of r0 to r10."""
    if one.opcode == LOAD_64:
        return f"r{one.target} = " + (f"map {maps[one.at]}" if one.at in maps else f"{one.value & (1 << 64) - 1:#x}")
    if one.kind in (ALU, ALU64):
        return _arithmetic(one)
    if one.kind in (JMP, JMP32):
        return _jump(one)
    return _memory(one)


def _register(one: Instruction, number: int) -> str:
    return f"{'w' if one.kind in (ALU, JMP32) else 'r'}{number}"


def _operand(one: Instruction) -> str:
    return _register(one, one.source) if one.opcode & 8 else str(one.value)


def _arithmetic(one: Instruction) -> str:
    target, operation = _register(one, one.target), one.opcode & 0xF0
    if operation == NEGATE:
        return f"{target} = -{target}"
    if operation == SWAP:
        return f"r{one.target} = {'be' if one.opcode & 8 else 'le'}{one.value} r{one.target}"
    return f"{target} {OPERATIONS.get(operation, '?=')} {_operand(one)}"


def _jump(one: Instruction) -> str:
    if one.opcode == CALL:
        return f"call {HELPERS.get(one.value, one.value)}" if one.source == 0 else f"call {one.next + one.value}"
    if one.opcode == EXIT:
        return "exit"
    way = f"goto {one.next + one.offset}"
    if one.opcode & 0xF0 == ALWAYS:
        return way
    return f"if {_register(one, one.target)} {JUMPS.get(one.opcode & 0xF0, '?')} {_operand(one)} {way}"


def _memory(one: Instruction) -> str:
    base = one.source if one.kind == LDX else one.target
    place = f"*(u{8 * SIZES[one.opcode & 0x18]} *)(r{base} {'-' if one.offset < 0 else '+'} {abs(one.offset)})"
    if one.kind == LDX:
        return f"r{one.target} = {place}"
    return f"{place} = " + (f"r{one.source}" if one.kind == STX else str(one.value))
