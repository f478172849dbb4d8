"""The syntax tree of an IRP line: plain frozen values. It knows no signal, no device and no decoding.

Notation: B. Mårtensson and contributors, "IRP notation" (www.harctoolbox.org/IrpTransmogrifier.html), as used in
IrpProtocols.xml. `at` is the offset of a node in the text, for error messages; it takes no part in comparisons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Union


@dataclass(frozen=True)
class Number:
    """A literal. A `Fraction` only inside a duration or an extent; an int everywhere else."""

    value: int | Fraction
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Name:
    name: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Unary:
    """`op` is one of `-`, `~`, `!`, `#` (the number of one bits)."""

    op: str
    operand: Expression
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Binary:
    """`op` is one of `** * / % + - << >> < <= > >= == != & ^ | && ||`."""

    op: str
    left: Expression
    right: Expression
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Conditional:
    """`condition ? yes : no`."""

    condition: Expression
    yes: Expression
    no: Expression
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class BitField:
    """`[~]data:[-]width[:skip]`: `width` bits of `data` from bit `skip` up; `width` None is the infinite form `data::skip`.

    In a stream it is sent bit by bit, in the order of the protocol (`msb` or the default, lsb), turned round when
    `reverse` is set (written as a negative width). In an expression it is a number.
    """

    data: Expression
    width: Expression | None
    skip: Expression = Number(0)
    complement: bool = False
    reverse: bool = False
    at: int = field(default=0, compare=False)


Expression = Union[Number, Name, Unary, Binary, Conditional, BitField]


@dataclass(frozen=True)
class Duration:
    """A flash (`sign` 1) or a gap (`sign` -1); `unit` is "" (units of the protocol), "u" (µs), "m" (ms), "p" (periods)."""

    value: Number | Name
    unit: str
    sign: int
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Extent:
    """`^value`: a gap that fills up to `value`, counted from the last extent or the start of its stream's pass."""

    value: Number | Name
    unit: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Assignment:
    name: str
    value: Expression
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Variation:
    """`[first pass][later passes][last pass]`: the second is for every pass after the first, the third, if any, for the ending."""

    alternatives: tuple[tuple[Item, ...], ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Repeat:
    """`least` passes at least, and more while the key is held when `more` is set: `*` is (0, True), `+` (1, True), `n+` (n, True), `n` (n, False)."""

    least: int = 1
    more: bool = False


@dataclass(frozen=True)
class Stream:
    """`(items)repeat`."""

    items: tuple[Item, ...]
    repeat: Repeat = Repeat()
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class BitSpec:
    """`<zero|one|...>`: what each chunk of log2(len(alternatives)) bits is sent as, most significant bit of the chunk first."""

    alternatives: tuple[tuple[Item, ...], ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Coded:
    """`<bitspec>(stream)`: `stream` with its bits sent by `bitspec`, whose own bit fields are sent by the enclosing one."""

    bitspec: BitSpec
    stream: Stream
    at: int = field(default=0, compare=False)


Item = Union[Duration, Extent, BitField, Assignment, Variation, Stream, Coded]


@dataclass(frozen=True)
class General:
    """`{carrier,unit,msb|lsb,duty}`. `carrier` in Hz (0: not modulated), `unit` in µs, `duty` in percent or None."""

    carrier: Fraction = Fraction(38000)
    unit: Fraction = Fraction(1)
    msb: bool = False
    duty: Fraction | None = None


@dataclass(frozen=True)
class Parameter:
    """`name[@]:least..most[=default]`; `memory` (`@`) keeps its value from one press to the next (a toggle)."""

    name: str
    least: int
    most: int
    default: Expression | None = None
    memory: bool = False
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Irp:
    """A whole IRP line. `text` is the line as given."""

    text: str
    general: General
    bitspec: BitSpec
    stream: Stream
    definitions: Mapping[str, Expression]
    parameters: tuple[Parameter, ...]
