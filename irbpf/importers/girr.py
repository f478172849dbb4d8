"""Reads Girr, the XML of IrScrutinizer: commands by protocol and parameters, by durations, or as Pronto hex."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from irbpf.errors import Error
from irbpf.importers import pronto, xmltree
from irbpf.importers.named import named, raw_button
from irbpf.importers.values import Button, Imported, Problem, assemble, together
from irbpf.importers.xmltree import Element
from irbpf.pulses import parse_samples
from irbpf.signals import GAP_US

_ROOTS = ("remotes", "remote", "commandSet", "command")
# what is read, by what it is in
_READ = {"remotes": ("remote",), "remote": ("commandSet", "command", "parameters"), "commandSet": ("commandSet", "command", "parameters"),
         "command": ("parameters", "raw", "ccf"), "parameters": ("parameter",), "raw": ("intro", "repeat"),
         "intro": ("flash", "gap"), "repeat": ("flash", "gap")}
_WHY = {**dict.fromkeys(("adminData", "notes", "applicationData", "img"), "it describes, and says nothing of signals"),
        **dict.fromkeys(("raw", "ccf"), "one more signal of the same key, for another toggle"),
        "include": "other files are not fetched", "format": "another form of the same signal", "protocols": "protocols of its own are not read",
        "protocol": "protocols of its own are not read", "ending": "what ends a press is not expressed"}


def looks_like(text: str, name: str) -> bool:
    return re.match(r"\s*(<\?xml|<!|<\s*([\w-]+:)?(remotes|remote|commandSet|command)\b)", text) is not None


def read(text: str, file: str) -> Imported:
    # what is text already has no other encoding left to name
    root = xmltree.parse(re.sub(r"^(\s*<\?xml[^>]*?)\s+encoding\s*=\s*(\"[^\"]*\"|'[^']*')", r"\1", text), file)
    if root.tag not in _ROOTS:
        raise Error(f"{file}:{root.line}: <{root.tag[:40]}> is no Girr", f"its root is one of {', '.join(_ROOTS)}")
    remotes = [root] if root.tag != "remotes" else list(root.all("remote"))
    return together((_remote(one, file) for one in remotes), _left_out(root, file))


def _remote(remote: Element, file: str) -> Imported:
    problems: list[Problem] = []
    buttons: list[Button] = []
    for command, protocol, params in _commands(remote, "", {}):
        name = command.attributes.get("name") or command.attributes.get("displayName") or f"line {command.line}"
        try:
            button, note = _button(name, command, protocol, params)
            buttons.append(button)
            if note:
                problems.append(Problem(file, command.line, f"{name}: {note}"))
        except Error as error:
            problems.append(Problem(file, command.line, f"{name[:60]}: {error.message}"))
    title = remote.attributes.get("displayName") or remote.attributes.get("name") or file.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    facts = [f"{what}: {remote.attributes[what]}" for what in ("manufacturer", "model", "deviceClass") if remote.attributes.get(what)]
    return together([assemble(title, buttons, file, comments=facts)], problems)


def _commands(element: Element, protocol: str, params: Mapping[str, str]) -> Iterator[tuple[Element, str, dict[str, str]]]:
    """Each command with the protocol and the parameters that it has or inherits from the sets around it."""
    for one in element.all("parameters"):
        protocol = one.attributes.get("protocol", protocol)
        params = {**params, **{each.attributes.get("name", ""): each.attributes.get("value", "") for each in one.all("parameter")}}
    if element.tag == "command":
        extra = {name: value for name, value in element.attributes.items() if len(name) <= 2 and name.isupper()}
        yield element, element.attributes.get("protocol", protocol), {**params, **extra}
    for child in element.children:
        if child.tag in ("commandSet", "command"):
            yield from _commands(child, protocol, params)


def _button(name: str, command: Element, protocol: str, params: Mapping[str, str]) -> tuple[Button, str]:
    """By its parameters where the catalogue has them, else by its durations; both, where there is neither, say why."""
    why = "it has neither a protocol, nor durations, nor Pronto hex"
    if protocol:
        try:
            return Button(name, command.line, *named(protocol, _numbers(params))), ""
        except Error as error:
            why = f"{protocol}: {error.message}"
    for raw in command.all("raw"):
        button, lost = raw_button(name, command.line, _durations(raw), _carrier(raw))
        return button, "; ".join(filter(None, (f"{why}: taken by its durations" if protocol else "", lost)))
    for ccf in command.all("ccf"):
        return pronto.button(name, command.line, " ".join(ccf.text.split()))
    raise Error(why)


def _carrier(raw: Element) -> int | None:
    """In Hz; None where nothing is said."""
    text = raw.attributes.get("frequency", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else None


def _numbers(params: Mapping[str, str]) -> dict[str, int]:
    found = {}
    for name, value in params.items():
        try:
            found[name] = int(value[:30], 0)
        except ValueError:
            raise Error(f"parameter {name[:20]} is {value[:20]!r}, no number") from None
    return {name: value for name, value in found.items() if name != "T"}


def _durations(raw: Element) -> tuple[int, ...]:
    """Intro and repeat; as text or as flash and gap elements."""
    durations: list[int] = []
    for one in (*raw.all("intro"), *raw.all("repeat")):
        text = one.text.strip() or " ".join(("-" if each.tag == "gap" else "+") + each.text.strip() for each in one.children)
        if len(durations) % 2:  # the gap between them is not said
            durations.append(GAP_US)
        durations += [sample.duration for sample in parse_samples(text, "raw")]
    if not durations:
        raise Error("its raw signal is empty")
    return tuple(durations)


def _unread(element: Element, found: dict[tuple[str, str], list[int]]) -> dict[tuple[str, str], list[int]]:
    """The lines of what is not read, by the element's name and that of what it is in."""
    for child in element.children:
        if child.tag in _READ.get(element.tag, ()) and not (child.tag in ("raw", "ccf") and child is not next(element.all(child.tag))):
            _unread(child, found)
        else:
            found.setdefault((child.tag, element.tag), []).append(child.line)
    return found


def _left_out(root: Element, file: str) -> Iterator[Problem]:
    for (tag, within), lines in _unread(root, {}).items():
        often = f", {len(lines)} times" if len(lines) > 1 else ""
        yield Problem(file, lines[0], f"<{tag[:40]}> in <{within}>{often}: {_WHY.get(tag, 'not known')}: left out")
