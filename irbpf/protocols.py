"""Protocols: an IRP line with a scancode layout and what the kernel calls it. The catalogue names them; nothing is decoded here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from irbpf.irp.syntax import BitField, Expression, Irp


@dataclass(frozen=True)
class Tolerance:
    """How far a measured duration may be off: the larger of `absolute` µs and `relative` (0.3 is 30 %) of the nominal one."""

    absolute: int = 100
    relative: float = 0.3


@dataclass(frozen=True)
class Protocol:
    """A protocol that can be decoded.

    `scancode` is the layout, most significant field first; `toggle` the name of the parameter that changes with every press;
    `number` the kernel's enum rc_proto (0: it has none, so a number of our own is taken when it is loaded);
    `require` an expression over the parameters that must not be 0; `where` parameters that must have these values;
    `prefer_over` names protocols whose reading of the same signal is worth less than ours.
    """

    name: str
    irp: Irp
    scancode: tuple[BitField, ...]
    toggle: str | None = None
    number: int = 0
    tolerance: Tolerance = Tolerance()
    require: Expression | None = None
    where: Mapping[str, int] = field(default_factory=dict)
    prefer_over: tuple[str, ...] = ()
    note: str = ""
