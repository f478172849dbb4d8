"""Protocols: an IRP line with a scancode layout and what the kernel calls it. The catalogue names them; nothing is decoded here."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from irbpf.errors import Error
from irbpf.irp.parser import parse, parse_expression, parse_layout
from irbpf.irp.syntax import BitField, Expression, Irp
from irbpf.layouts import default_layout, default_toggle, with_digest
from irbpf.paths import data
from irbpf.problems import nearest

FILES = ("kernel.yaml", "field.yaml")


@dataclass(frozen=True)
class Tolerance:
    """How far a measured duration may be off: the larger of `absolute` µs and `relative` (0.3 is 30 %) of the nominal one."""

    absolute: int = 150
    relative: float = 0.3


@dataclass(frozen=True)
class Preference:
    """Our reading of a signal is worth more than that of the protocol `name`, if `condition` holds for our parameters."""

    name: str
    condition: Expression | None = None


@dataclass(frozen=True)
class Protocol:
    """A protocol that can be decoded.

    `scancode` is the layout, most significant field first; `toggle` the name of the parameter that changes with every press;
    `number` the kernel's enum rc_proto (0: it has none, so a number of our own is taken when it is loaded);
    `require` an expression over the parameters that must not be 0; `where` parameters that must have these values;
    `prefer_over` says whose reading of the same signal is worth less than ours; with `repeatless_unlikely`, a press without any
    repeat is rather something else's. `common`: Linux has a name and a scancode layout for it. `undecodable` says why there can be no
    decoder, "" where there is one. `longer`: protocols of the catalogue with a frame that begins like a whole one of ours, the likeliest
    first and not all if they are many; None: not known. `alone`: no remote of those is used with the receiver.
    """

    name: str
    irp: Irp
    scancode: tuple[BitField, ...]
    toggle: str | None = None
    number: int = 0
    tolerance: Tolerance = Tolerance()
    require: Expression | None = None
    where: Mapping[str, int] = field(default_factory=dict)
    prefer_over: tuple[Preference, ...] = ()
    repeatless_unlikely: bool = False
    common: bool = False
    undecodable: str = ""
    note: str = ""
    longer: tuple[str, ...] | None = None
    alone: bool = False


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
           prefer_over: Sequence[str] = (), repeatless: str = "", undecodable: str = "", note: str = "",
           longer: Sequence[str] | None = None) -> Protocol:
    """A protocol from its texts. `scancode` None: all parameters, in the order of their specification, with their full widths, or
    a digest of them where they do not fit."""
    line = with_digest(parse(irp))
    layout = parse_layout(scancode) if scancode is not None else default_layout(line)
    return Protocol(name, line, layout, toggle if toggle is not None else default_toggle(line), number, tolerance,
                    None if require is None else parse_expression(require), dict(where or {}),
                    tuple(map(_preference, prefer_over)), repeatless == "reject", undecodable=undecodable, note=note,
                    longer=None if longer is None else tuple(longer))


def _preference(text: str) -> Preference:
    """`NAME` or `condition ; NAME`."""
    condition, _, name = text.rpartition(";")
    return Preference(name.strip(), parse_expression(condition) if condition else None)


class Catalogue(Mapping[str, Protocol]):
    """The named protocols. An entry is parsed when it is asked for, since few are.

    Names are looked up as they are written, then by their other names, then without regard to case where that is unambiguous.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = paths
        self.parsed: dict[str, Protocol] = {}

    @functools.cached_property
    def common(self) -> Mapping[str, Mapping[str, object]]:
        """The first file's: most keymaps ask for no others, and to read them all is a tenth of a load."""
        return _entries(self.paths[0])

    @functools.cached_property
    def entries(self) -> Mapping[str, Mapping[str, object]]:
        entries = dict(self.common)
        for path in self.paths[1:]:
            entries |= _entries(path)
        return entries

    @functools.cached_property
    def others(self) -> Mapping[str, str | None]:
        """Any way to write a name -> the name, None where it is ambiguous."""
        others: dict[str, str | None] = {}
        for name, entry in self.entries.items():
            for other in (name, *entry.get("alias", ())):  # type: ignore[misc]
                others.setdefault(other, name)
                folded = other.casefold()
                others[folded] = name if others.get(folded, name) == name or folded == name else (
                    folded if folded in self.entries else None)
        return others

    def _found(self, name: str) -> str | None:
        return name if name in self.common or name in self.entries else self.others.get(name) or self.others.get(name.casefold())

    def __getitem__(self, name: str) -> Protocol:
        found = self._found(name)
        if found is None:
            raise KeyError(name)
        if found not in self.parsed:
            self.parsed[found] = self.parse(found)
        return self.parsed[found]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._found(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def parse(self, name: str) -> Protocol:
        entry = {key: value for key, value in (self.common.get(name) or self.entries[name]).items() if key != "alias"}
        if "tolerance" in entry:
            entry["tolerance"] = parse_tolerance(entry["tolerance"])  # type: ignore[arg-type]
        try:
            return replace(define(name, **entry), common=name in self.common)  # type: ignore[arg-type]
        except Error as error:
            raise Error(f"the catalogue, protocol {name}: {error.message}", error.hint) from error

    def decodable(self) -> list[Protocol]:
        """All that have a decoder."""
        return [one for name in self.entries if not (one := self[name]).undecodable]


def _entries(path: Path) -> dict[str, Mapping[str, object]]:
    return dict(yaml.load(path.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


@functools.cache
def catalogue() -> Catalogue:
    """The protocols that ship with the program: those of the kernel with the kernel's scancodes, and the field's."""
    return Catalogue([data("keymaps", "protocols", name) for name in FILES])


def named(name: str) -> Protocol:
    """The protocol of the catalogue that somebody asked for; Error with the nearest name for one that there is not."""
    if name in catalogue():
        return catalogue()[name]
    raise Error(f"there is no protocol {name[:60]!r}", nearest(name, catalogue()) or "irbpf protocols lists all")


def given(text: str) -> Protocol:
    """A protocol by name, or an IRP line in its place."""
    return define("given", text) if text.lstrip().startswith("{") else named(text)
