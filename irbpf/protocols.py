"""Protocols: an IRP line with a scancode layout and what the kernel calls it. The catalogue names them; nothing is decoded here."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from irbpf.errors import Error
from irbpf.irp.parser import parse, parse_expression, parse_layout
from irbpf.irp.syntax import BitField, Expression, Irp
from irbpf.paths import data


@dataclass(frozen=True)
class Tolerance:
    """How far a measured duration may be off: the larger of `absolute` µs and `relative` (0.3 is 30 %) of the nominal one."""

    absolute: int = 150
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


def parse_tolerance(value: Mapping[str, object]) -> Tolerance:
    """`{absolute: 100us, relative: 25%}`, either of which may be left out."""
    unknown = set(value) - {"absolute", "relative"}
    if unknown:
        raise Error(f"unknown tolerance {sorted(map(str, unknown))[0]!r}", "absolute (such as 100us) or relative (such as 25%)")
    absolute = _number(value.get("absolute", "150us"), "us", "100us")
    relative = _number(value.get("relative", "30%"), "%", "25%")
    if not 0 <= absolute <= 10_000 or not 0 <= relative <= 60:
        raise Error("this tolerance lets anything pass", "at most 10000us and 60%")
    return Tolerance(int(absolute), relative / 100)


def _number(value: object, unit: str, example: str) -> float:
    if not isinstance(value, str) or not re.fullmatch(rf"[0-9]{{1,6}}(\.[0-9]{{1,6}})?\s*{unit}", value):
        raise Error(f"{str(value)[:40]!r} is no tolerance", f"write it like {example}")
    return float(value.removesuffix(unit))


def define(name: str, irp: str, scancode: str | None = None, *, toggle: str | None = None, number: int = 0,
           tolerance: Tolerance = Tolerance(), require: str | None = None, where: Mapping[str, int] | None = None,
           prefer_over: Sequence[str] = (), note: str = "") -> Protocol:
    """A protocol from its texts. `scancode` None: all parameters, in the order of their specification, with their full widths."""
    line = parse(irp)
    layout = parse_layout(scancode) if scancode is not None else default_layout(line)
    return Protocol(name, line, layout, toggle if toggle is not None else default_toggle(line), number, tolerance,
                    None if require is None else parse_expression(require), dict(where or {}), tuple(prefer_over), note)


def default_layout(irp: Irp) -> tuple[BitField, ...]:
    """All parameters but toggles, most significant first; Error where they do not fit into 64 bits."""
    parts = [parameter for parameter in irp.parameters if not parameter.memory]
    if sum(max(1, part.most.bit_length()) for part in parts) > 64:
        raise Error("the parameters do not fit into a scancode of 64 bits", "name the ones that matter with `scancode`")
    return parse_layout(",".join(f"{part.name}:{max(1, part.most.bit_length())}" for part in parts)) if parts else ()


def default_toggle(irp: Irp) -> str | None:
    """The only parameter of one bit that keeps its value from press to press, if there is one."""
    names = [parameter.name for parameter in irp.parameters if parameter.memory and parameter.most == 1]
    return names[0] if len(names) == 1 else None


class Catalogue(Mapping[str, Protocol]):
    """The named protocols, in order of preference. An entry is parsed when it is asked for, since few are."""

    def __init__(self, entries: Mapping[str, Mapping[str, object]], origin: str) -> None:
        self.entries, self.origin = entries, origin
        self.parsed: dict[str, Protocol] = {}

    def __getitem__(self, name: str) -> Protocol:
        if name not in self.parsed:
            self.parsed[name] = self.parse(name)
        return self.parsed[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def parse(self, name: str) -> Protocol:
        entry = dict(self.entries[name])
        if "tolerance" in entry:
            entry["tolerance"] = parse_tolerance(entry["tolerance"])  # type: ignore[arg-type]
        try:
            return define(name, **entry)  # type: ignore[arg-type]
        except Error as error:
            raise Error(f"{self.origin}: protocol {name}: {error.message}", error.hint) from error


def read_catalogue(path: Path) -> Catalogue:
    return Catalogue(yaml.load(path.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader)), str(path))


@functools.cache
def catalogue() -> Catalogue:
    """The protocols that ship with the program."""
    return read_catalogue(data("keymaps", "protocols", "kernel.yaml"))
