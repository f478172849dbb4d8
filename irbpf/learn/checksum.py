"""Checksums: whether one field of recorded messages is a sum or an exclusive or of the others. It knows no signal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

LEAST_VALUES = 3
LEAST_MESSAGES = 5


@dataclass(frozen=True)
class Checksum:
    """Field `target` (`width` bits) is `constant` and the digits of the other fields, joined by `op` (`+`, `-` or `^`)."""

    target: int
    width: int
    op: str
    constant: int
    widths: tuple[int, ...]

    def text(self, names: Sequence[str]) -> str:
        """The IRP expression; `names` of all fields, that of the target is not used."""
        terms = [f"{name}:{min(self.width, size)}" + (f":{place}" if place else "") if size > self.width else name
                 for index, (name, size) in enumerate(zip(names, self.widths, strict=True)) if index != self.target
                 for place in range(0, size, self.width)]
        joined = "".join(f"{self.op}({term})" if ":" in term else f"{self.op}{term}" for term in terms)
        return f"({self.constant}{joined})&{(1 << self.width) - 1}" if self.op != "^" else f"{self.constant}{joined}"


def find_checksum(values: Sequence[Sequence[int]], widths: Sequence[int]) -> Checksum | None:
    """The checksum among fields; `values` of each field over different messages. None where nothing is proven."""
    if len(values) < 2 or len(values[0]) < LEAST_MESSAGES:
        return None
    for target in sorted(range(len(values)), reverse=True):
        if widths[target] not in (4, 8) or len(set(values[target])) < LEAST_VALUES:
            continue
        for op in "+-^":
            constant = _constant(values, widths, target, op)
            if constant is not None:
                return Checksum(target, widths[target], op, constant, tuple(widths))
    return None


def _constant(values: Sequence[Sequence[int]], widths: Sequence[int], target: int, op: str) -> int | None:
    """What is left when the digits are taken off, if it is the same in all messages."""
    mask = (1 << widths[target]) - 1
    undo: Callable[[int, int], int] = {"+": lambda a, b: a - b, "-": lambda a, b: a + b, "^": lambda a, b: a ^ b}[op]
    left = set()
    for number, value in enumerate(values[target]):
        for index, others in enumerate(values):
            if index != target:
                for place in range(0, widths[index], widths[target]):
                    value = undo(value, others[number] >> place & mask)
        left.add(value & mask)
    return left.pop() if len(left) == 1 else None
