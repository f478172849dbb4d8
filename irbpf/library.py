"""The installed keymaps, and which of them fit a receiver, and why. It loads nothing into a receiver."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from irbpf import yamlnodes
from irbpf.errors import Error
from irbpf.keymap import Keymap, Match, load, match
from irbpf.paths import data, etc
from irbpf.problems import Problems, nearest
from irbpf.receiver import Receiver
from irbpf.yamlnodes import Node

# from the vaguest to the most precise: the most precise keymaps that fit are taken, all of the same precision together
_WEIGHT = {"driver": 1, "rc_map": 2, "name": 4, "bus": 8, "vendor": 8, "product": 8, "path": 32}
TABLES = "ir-keytable"
_VAGUE = re.compile(r"name|bus|vendor|product|path|[\\&*!|>]")  # needs more than a look for rc_map and driver
_SOMEWHERE = re.compile(r"""receivers["']?\s*:""")
_RECEIVERS = re.compile(r"^receivers:.*\n?(?:(?:[ \t#-].*)?\n)*", re.MULTILINE)


@dataclass(frozen=True)
class Choice:
    keymap: Keymap
    reason: str


def files() -> dict[str, Path]:
    """Keymap files by name; a file in /etc/irbpf/keymaps hides the shipped one of the same name."""
    found: dict[str, Path] = {}
    for folder in (data("keymaps"), etc("keymaps")):
        if folder.is_dir():
            found |= {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    return found


def find(name: str) -> Path:
    """A keymap by its file name, with or without folder and ending."""
    if "/" in name or name.endswith(".yaml"):
        return Path(name)
    installed = files()
    if name not in installed:
        raise Error(f"there is no keymap {name[:60]!r}", f"{nearest(name, installed) or 'see irbpf list'} - or give the path of a file")
    return installed[name]


def choose(receiver: Receiver) -> tuple[list[Choice], list[Error]]:
    """The keymaps for a receiver, and what is wrong with files that could have been among them."""
    assigned = _assigned(receiver)
    if assigned is not None:
        return [Choice(load(find(name)), f"{etc('receivers.yaml')} says so") for name in assigned], []
    ranked: list[tuple[int, Choice]] = []
    problems: list[Error] = []
    for path in files().values():
        if not _may_fit(path, receiver):
            continue
        try:
            keymap = load(path)
        except Error as error:
            problems.append(error)
            continue
        best = max((fit for one in keymap.receivers if (fit := weigh(one, receiver))), default=None)
        if best is not None:
            ranked.append((best[0], Choice(keymap, best[1])))
    for other in _assignments()[1] if not ranked else ():
        if other != TABLES and not receiver.raw:
            continue  # it decodes by itself, and has the table that fits it
        found = _of_table(receiver, problems) if other == TABLES else [Choice(load(find(other)), f"{etc('receivers.yaml')} says so of all others")]
        if found:
            return found, problems
    most = max((weight for weight, _ in ranked), default=0)
    return [choice for weight, choice in ranked if weight == most], problems


def _may_fit(path: Path, receiver: Receiver) -> bool:
    """Whether the receivers that a file names might be this one, by those lines alone: to read all keymaps whole costs more than
    the load of one. What is in doubt may fit, and is read."""
    problems = Problems()
    fits = False
    with problems.whole():
        text = yamlnodes.content(path)
        blocks = _RECEIVERS.findall(text)
        if len(blocks) != 1:
            return _SOMEWHERE.search(text) is not None
        if not _VAGUE.search(blocks[0]) and receiver.rc_map not in blocks[0] and receiver.driver not in blocks[0]:
            return False
        wanted = yamlnodes.parse(blocks[0], str(path), problems).mapping("a keymap", ("receivers",), problems)["receivers"]
        fits = any(weigh(match(one, problems), receiver) is not None for one in wanted.list("the list of receivers"))
    return fits or bool(problems.found)


def _of_table(receiver: Receiver, problems: list[Error]) -> list[Choice]:
    """The table that ir-keytable has for the receiver, if there is anything in it to decode."""
    from irbpf import keytable
    from irbpf.importers import read

    path = keytable.installed(receiver)
    if path is None:
        return []
    try:
        remotes = read(path, "rc_keymap").remotes
    except Error as error:
        problems.append(error)
        return []
    return [Choice(remote.keymap, f"ir-keytable has {path} for it, and {etc('receivers.yaml')} allows that")
            for remote in remotes if remote.keymap.decoded]


def weigh(wanted: Match, receiver: Receiver) -> tuple[int, str] | None:
    """How precisely `wanted` names the receiver, and in words; None if it is another."""
    weight, words = 0, []
    for one in fields(wanted):
        value = getattr(wanted, one.name)
        if value is None:
            continue
        have = getattr(receiver, one.name)
        if not (fnmatch.fnmatchcase(have, value) if one.name == "name" else have == value):
            return None
        weight += _WEIGHT[one.name]
        words.append(f"{one.name} is {value if isinstance(value, str) else hex(value)}")
    return weight, " and ".join(words)


def _assigned(receiver: Receiver) -> list[str] | None:
    """What the administrator's own list says: the first entry that fits counts."""
    return next((names for wanted, names in _assignments()[0] if weigh(wanted, receiver) is not None), None)


def _assignments() -> tuple[list[tuple[Match, list[str]]], list[str]]:
    path = etc("receivers.yaml")
    if not path.exists():
        return [], []
    problems = Problems()
    found = read_assignments(yamlnodes.content(path), str(path), problems)
    problems.raise_first()
    return found


def read_assignments(text: str, path: str, problems: Problems) -> tuple[list[tuple[Match, list[str]]], list[str]]:
    """The administrator's list of receivers, each with the names of its keymaps; and what receivers get that no keymap fits, the first
    of which counts that has anything for them: ir-keytable's tables, or a keymap."""
    assigned, others = [], []
    with problems.whole():
        for node in yamlnodes.parse(text, path, problems).list("the list of receivers"):
            with problems.here():
                entry = node.mapping("an entry", ("receiver", "keymaps", "otherwise"), problems)
                if set(entry) == {"otherwise"}:
                    others.append(TABLES if entry["otherwise"].text == TABLES else _known(entry["otherwise"]))
                    continue
                if set(entry) != {"receiver", "keymaps"} and len(entry) == len(node.pairs or ()):
                    node.fail("an entry has receiver: and keymaps:", "see the README")
                names: list[str] = []
                with problems.here():
                    for one in entry["keymaps"].list("keymaps") if "keymaps" in entry else ():
                        with problems.here():
                            names.append(_known(one))
                if "receiver" in entry:
                    assigned.append((match(entry["receiver"], problems), names))
    return assigned, others


def _known(node: Node) -> str:
    name = node.string("a keymap")
    try:
        path = find(name)
    except Error as error:
        node.fail(error.message, error.hint)
    if not path.exists():
        node.fail(f"there is no file {name[:60]}", "check the name")
    return name


def load_all(names: Sequence[str]) -> list[Keymap]:
    return [load(find(name)) for name in names]
