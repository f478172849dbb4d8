"""How well the protocols of the field decode what real remotes sent: the shared captures, each by the protocol that its source names.

Rows without a `linux_scancode` have no truth in scancodes: what counts is that the parameters agree across the rows of one remote.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from irbpf.irp.interpreter import Decoded, Interpreter
from irbpf.protocols import catalogue
from irbpf.replay import Player, of_catalogue
from tests import test_corpus, test_field
from tests.bench.learn import TOGGLES, key_of
from tests.conftest import shared_folder

Row = dict[str, Any]
Verdict = tuple["Heard", str]
# What the sources call protocols that the catalogue has by another name, or by several: then the first that says anything counts.
LINES: Mapping[str, tuple[str, ...]] = {
    "KASEIKYO": ("Kaseikyo", "Denon-K", "Mitsubishi-K"), "Kaseikyo": ("Kaseikyo", "Denon-K", "Mitsubishi-K"),
    "F12": ("F12", "F12_relaxed"),  # a row of one frame: F12 sends two
    "GRUNDIG": ("Blaupunkt",), "NOKIA": ("NRC17",), "BANG_OLUFSEN": ("B&O", "B&O repeat"), "TECHNICS": ("Panasonic_Old",),
    "S100": ("RC5-7F-57",), "RUWIDO": ("TDC-38",), "SIEMENS": ("CanalSat",), "ORTEK": ("OrtekMCE", "OrtekMCE_relaxed"), "NEC42": ("Aiwa",),
    "NUBERT": ("F12",), "NIKAI": ("RCA",), "METZ": ("Metz19",), "MIDEA24": ("48-NEC1", "48-NEC2"), "DISH": ("Dish_Network",),
    "SIRCS": ("sony12", "sony15", "sony20"), "SONY38": ("sony12", "sony15", "sony20"), "SAMSUNG": ("necx",), "SHERWOOD": ("necx", "nec"),
    "FUJITSU_AC": ("Fujitsu-128", "Fujitsu-56", "Fujitsu_Aircon", "Fujitsu_Aircon_old"),
    "FUJITSUAC": ("Fujitsu-128", "Fujitsu-56", "Fujitsu_Aircon", "Fujitsu_Aircon_old"), "PIONEER": ("Pioneer",),
    "DENON": ("sharp", "Denon", "Denon-K"), "SHARP": ("sharp",), "JVC": ("jvc", "JVC", "JVC{2}"), "PANASONIC": ("Panasonic", "Kaseikyo"),
    "RC5": ("rc5", "rc5x_20"), "RC6": ("rc6_0", "rc6_mce", "RC6-M-32"), "NEC": ("nec", "necx", "nec32", "NEC1"),
    "TCL112AC": ("TCL_AC",), "MITSUBISHI": ("Mitsubishi",)}
NO_LINE = {"KATHREIN"}  # another protocol than the catalogue's of that name: 11 bits without a leader
OTHER_BITS = 4  # a source that says so many more or fewer bits than the line has shows its sender, not the protocol


@dataclass(frozen=True)
class Heard:
    """One row, its key, the lines that were tried, and what the first that said anything said first, without toggles."""

    row: Mapping[str, Any]
    key: str
    lines: tuple[str, ...]
    params: frozenset[tuple[str, int]] | None


@cache
def _folded() -> Mapping[str, tuple[str, ...]]:
    names: dict[str, tuple[str, ...]] = {}
    for one in catalogue().decodable():
        names[_fold(one.name)] = (*names.get(_fold(one.name), ()), one.name)
    return names


def _fold(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.casefold())


def lines(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The protocols of the catalogue that a row may be, () where there is no line for it."""
    said = row.get("expect") or {}
    name = said.get("protocol") or ""
    if name in NO_LINE:
        return ()
    if name in LINES:
        return LINES[name]
    return (catalogue()[name].name,) if name in catalogue() else _folded().get(_fold(name), ())


def set_aside(row: Mapping[str, Any], machines: Mapping[str, Interpreter]) -> str:
    """Why a row shows no frame of its protocol, by what the source says of it; "" where it may."""
    said = row.get("expect") or {}
    if said.get("repeat_only"):
        return "holds only a repeat"
    if row.get("linux_unverified"):
        return "no complete frame in it"
    widths = {machines[name].automaton.bits for name in lines(row)}
    if isinstance(bits := said.get("bits"), int) and all(abs(bits - width) > OTHER_BITS for width in widths):
        return f"{bits} bits, the line has {', '.join(map(str, sorted(widths)))}"
    return ""


def heard(row: Mapping[str, Any], machines: Mapping[str, Interpreter]) -> Heard:
    for name in (names := lines(row)):
        machines[name].reset()
        if events := list(machines[name].feed(test_corpus.heard(dict(row)))):
            return Heard(row, _key(row), names, _said(events))
    return Heard(row, _key(row), names, None)


def _key(row: Mapping[str, Any]) -> str:
    """A source that gives all bits as one value need give nothing else; one that gives nothing tells no keys apart."""
    said = row.get("expect") or {}
    if "value" in said:
        return f"{said['value']:#x}"
    return key_of({**row, "note": row["id"], "expect": {name: value for name, value in said.items() if name not in ("messages", "others")}})


def _said(events: Sequence[Decoded]) -> frozenset[tuple[str, int]]:
    memory = {parameter.name for parameter in catalogue()[events[0].protocol].irp.parameters if parameter.memory} | TOGGLES
    said = [frozenset((name, value) for name, value in event.params.items() if name not in memory) for event in events]
    return max(said, key=len)  # of those that say as much, the first


def judged(rows: Iterable[Mapping[str, Any]], machines: Mapping[str, Interpreter]) -> list[Verdict]:
    """Each row of a protocol with a line, and why it is wrong, "" where it is right."""
    remotes: dict[tuple[str, str], list[Heard]] = defaultdict(list)
    for row in rows:
        if "linux_scancode" not in row and lines(row) and not set_aside(row, machines):
            remotes[row["group"], row["protocol_key"]].append(heard(row, machines))
    return [(one, why) for remote in remotes.values() for one, why in _compared(remote, machines)]


def _compared(remote: Sequence[Heard], machines: Mapping[str, Interpreter]) -> Iterable[Verdict]:
    """The rows of one remote. What most rows of a key say is the key's."""
    by_key: dict[str, Counter[frozenset[tuple[str, int]]]] = defaultdict(Counter)
    for one in remote:
        if one.params is not None:
            by_key[one.key][one.params] += 1
    keys = {key: said.most_common(1)[0][0] for key, said in by_key.items()}
    owners = Counter(keys.values())
    for one in remote:
        if one.params is None:
            yield one, "; ".join(f"{name}: {test_corpus.reason(machines[name], test_corpus.heard(dict(one.row)))}" for name in one.lines[:1])
        elif one.params != keys[one.key]:
            yield one, f"says {dict(one.params)}, others of its key {dict(keys[one.key])}"
        else:
            yield one, "says the same as another key" if owners[one.params] > 1 else ""


def stated(one: Heard) -> bool | None:
    """Whether the parameters are those that the source states, None where it states none of these names."""
    said = {name: value for name, value in ((one.row.get("expect") or {}).get("params") or {}).items() if name not in TOGGLES}
    have = dict(one.params or ())
    return None if not said or one.params is None or not said.keys() <= have.keys() else said.items() <= have.items()


def machines_of(player: Player) -> Mapping[str, Interpreter]:
    return {one.name: Interpreter(one.automaton) for one in player.decoders if one.automaton is not None}


def field() -> list[Row]:
    """Renders, then captures by the protocol named: the kernel's by scancode, all others with a line by agreement within a remote."""
    shared = shared_folder()
    found = [{"renders": text.split(";")[0]} for text in _told(shared)]
    machines = machines_of(Player(of_catalogue(), "python"))
    linux = [row for row in test_corpus.rows(shared, "captures") if "linux_scancode" in row]
    right = sum(bool({one.scancode for one in _fresh(machines[row["linux_protocol"]]).feed(test_corpus.heard(row))} & test_corpus.named(row)[0])
                for row in linux)
    others = [row for row in test_corpus.rows(shared, "captures") if "linux_scancode" not in row]
    verdicts, without = judged(others, machines), Counter(row["protocol_key"] for row in others if not lines(row))
    aside = [(row, why) for row in others if lines(row) and (why := set_aside(row, machines))]
    good = sum(not why for _, why in verdicts)
    return [*found, _share("with a linux_scancode", right, len(linux), 99.5), _share("others with a line", good, len(verdicts), 98),
            {"captures": "set aside", "of": len(aside)}, {"captures": "without a line", "of": without.total()},
            *_table(verdicts), *({"no line": name, "captures of it": count} for name, count in without.most_common()),
            *({"set aside": row["id"], "as": row["protocol_key"], "because": why} for row, why in aside),
            *({"row": one.row["id"], "name": one.row["expect"]["protocol"], "why": why} for one, why in verdicts if why)]


def _fresh(machine: Interpreter) -> Interpreter:
    machine.reset()
    return machine


def _share(what: str, right: int, count: int, target: float) -> Row:
    return {"captures": what, "right": right, "of": count, "%": round(100 * right / max(1, count), 2), "target %": target}


def _table(verdicts: Sequence[Verdict]) -> list[Row]:
    by_name: dict[str, list[Verdict]] = defaultdict(list)
    for one, why in verdicts:
        by_name[one.row["expect"]["protocol"]].append((one, why))
    return [{"protocol": name, "line": "/".join(each[0][0].lines), "rows": len(each), "decoded": sum(one.params is not None for one, _ in each),
             "agree": sum(not why for _, why in each), "as stated": sum(bool(stated(one)) for one, _ in each),
             "stated": sum(stated(one) is not None for one, _ in each)} for name, each in sorted(by_name.items())]


def _told(shared: Path) -> list[str]:
    """What the tests of the renders measure, whether they pass or not."""
    tests: tuple[Callable[[Path, Callable[[str], None]], None], ...] = (
        test_field.test_renders_with_the_protocol_named, test_field.test_renders_distorted, test_field.test_renders_of_which_all_protocols_compete)
    told: list[str] = []
    for test in tests:
        with suppress(AssertionError):
            test(shared, told.append)
    return told
