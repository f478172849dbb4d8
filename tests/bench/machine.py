"""Runs BPF bytecode in Python and counts what it executes, which no kernel tells. Not a verifier: a program that it refused may run here.

It knows what decoders use: array maps, the stack, the packet of a classifier, and the helpers of lirc programs.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping

from irbpf.disassembly import ALU, ALU64, CALL, EXIT, HELPERS, JMP, JMP32, LDX, LOAD_64, NEGATE, SIZES, STX, Instruction, instructions
from irbpf.objects import Object

FULL = (1 << 64) - 1
STACK = 512
SWAP = 0xD0
CONTEXT, FRAME, PACKET, MAPS = 1, 2, 3, 16  # regions of memory: the upper half of an address
SKB_DATA, SKB_END = 76, 80  # struct __sk_buff


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


_ARITHMETIC: Mapping[int, Callable[[int, int], int]] = {
    0x00: operator.add, 0x10: operator.sub, 0x20: operator.mul, 0x30: lambda a, b: a // b if b else 0, 0x40: operator.or_,
    0x50: operator.and_, 0x60: lambda a, b: a << (b & 63), 0x70: lambda a, b: a >> (b & 63), 0x90: lambda a, b: a % b if b else a,
    0xA0: operator.xor, 0xB0: lambda _, b: b}
_COMPARE: Mapping[int, Callable[[int, int], bool]] = {
    0x10: operator.eq, 0x20: operator.gt, 0x30: operator.ge, 0x40: lambda a, b: bool(a & b), 0x50: operator.ne, 0xA0: operator.lt, 0xB0: operator.le}
_SIGNED_COMPARE: Mapping[int, Callable[[int, int], bool]] = {0x60: operator.gt, 0x70: operator.ge, 0xC0: operator.lt, 0xD0: operator.le}


class Machine:
    """One loaded program with its maps. `executed` counts instructions, `calls` are the helpers that made something happen, `tail` the
    index of the program that the last run went on in, if any."""

    def __init__(self, program: Object) -> None:
        self.code = {one.at: one for one in instructions(program.instructions)}
        self.maps = program.maps
        self.relocations = dict(program.relocations)
        self.memory = {MAPS + index: bytearray(spec.contents.ljust(spec.value_size * spec.max_entries, b"\0"))
                       for index, spec in enumerate(program.maps)}
        self.executed = 0
        self.calls: list[tuple[str, tuple[int, ...]]] = []

    def run(self, context: bytes, packet: bytearray | None = None) -> int:
        """One run; the packet is changed in place. Returns r0."""
        self.memory |= {CONTEXT: bytearray(context), FRAME: bytearray(STACK), PACKET: packet if packet is not None else bytearray()}
        self.registers = [0] * 11
        self.registers[1], self.registers[10] = CONTEXT << 32, (FRAME << 32) + STACK
        self.has_packet, at = packet is not None, 0
        self.tail: int | None = None
        while True:
            one = self.code[at]
            self.executed += 1
            if one.opcode == EXIT:
                return self.registers[0]
            at = self.step(one)
            if self.tail is not None:
                return 0

    def step(self, one: Instruction) -> int:
        """Do one instruction; the slot of the next."""
        if one.opcode == LOAD_64:
            self.registers[one.target] = self.relocations[one.at] if one.at in self.relocations else one.value & FULL
        elif one.opcode == CALL:
            self.call(one)
        elif one.kind in (ALU, ALU64):
            self.arithmetic(one)
        elif one.kind in (JMP, JMP32):
            return one.next + (one.offset if self.taken(one) else 0)
        else:
            self.move(one)
        return one.next

    def operand(self, one: Instruction, bits: int) -> int:
        value = self.registers[one.source] if one.opcode & 8 else one.value
        return value & ((1 << bits) - 1)

    def arithmetic(self, one: Instruction) -> None:
        bits = 64 if one.kind == ALU64 else 32
        mask, operation = (1 << bits) - 1, one.opcode & 0xF0
        target, value = self.registers[one.target] & mask, 0 if operation == SWAP else self.operand(one, bits)
        if operation == NEGATE:
            result = -target
        elif operation == SWAP:  # the width is in the immediate; what is above it is cut off
            whole = self.registers[one.target] & ((1 << one.value) - 1)
            result = int.from_bytes(whole.to_bytes(one.value // 8, "little"), "big") if one.opcode & 8 or one.kind == ALU64 else whole
            mask = FULL
        elif operation == 0xC0:
            result = _signed(target, bits) >> (value & bits - 1)
        else:
            result = _ARITHMETIC[operation](target, value)
        self.registers[one.target] = result & mask

    def taken(self, one: Instruction) -> bool:
        operation, bits = one.opcode & 0xF0, 64 if one.kind == JMP else 32
        if operation == 0:
            return True
        target, value = self.registers[one.target] & ((1 << bits) - 1), self.operand(one, bits)
        if operation in _COMPARE:
            return _COMPARE[operation](target, value)
        return _SIGNED_COMPARE[operation](_signed(target, bits), _signed(value, bits))

    def move(self, one: Instruction) -> None:
        size = SIZES[one.opcode & 0x18]
        if one.kind == LDX:
            self.registers[one.target] = self.load(self.registers[one.source] + one.offset, size)
        else:
            value = self.registers[one.source] if one.kind == STX else one.value
            self.store(self.registers[one.target] + one.offset, size, value)

    def place(self, address: int, size: int) -> tuple[bytearray, int]:
        region, offset = self.memory[address >> 32], address & 0xFFFFFFFF
        if offset + size > len(region):
            raise IndexError(f"{size} bytes at {address:#x}, of {len(region)}")
        return region, offset

    def load(self, address: int, size: int) -> int:
        if self.has_packet and address >> 32 == CONTEXT:
            return (PACKET << 32) + {SKB_DATA: 0, SKB_END: len(self.memory[PACKET])}[address & 0xFFFFFFFF]
        region, offset = self.place(address, size)
        return int.from_bytes(region[offset:offset + size], "little")

    def store(self, address: int, size: int, value: int) -> None:
        region, offset = self.place(address, size)
        region[offset:offset + size] = (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")

    def call(self, one: Instruction) -> None:
        name, arguments = HELPERS[one.value], tuple(self.registers[1:6])
        self.registers[0:6] = [0] * 6
        if name == "map_lookup_elem":
            number, key = arguments[0], self.load(arguments[1], 4)
            spec = self.maps[number]
            self.registers[0] = (MAPS + number << 32) + key * spec.value_size if key < spec.max_entries else 0
        elif name == "tail_call":
            self.tail = arguments[2] & 0xFFFFFFFF
        else:
            self.calls.append((name, arguments))
