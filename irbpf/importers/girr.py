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

_ROOTS = ("remotes", "remote", "commandSet", "command")


def looks_like(text: str, name: str) -> bool:
    return re.match(r"\s*(<\?xml|<!|<\s*([\w-]+:)?(remotes|remote|commandSet|command)\b)", text) is not None


def read(text: str, file: str) -> Imported:
    # what is text already has no other encoding left to name
    root = xmltree.parse(re.sub(r"^(\s*<\?xml[^>]*?)\s+encoding\s*=\s*(\"[^\"]*\"|'[^']*')", r"\1", text), file)
    if root.tag not in _ROOTS:
        raise Error(f"{file}:{root.line}: <{root.tag[:40]}> is no Girr", f"its root is one of {', '.join(_ROOTS)}")
    remotes = [root] if root.tag != "remotes" else list(root.below("remote"))
    return together(_remote(one, file) for one in remotes)


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
        if child.tag in ("remote", "commandSet", "command"):
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
        button = raw_button(name, command.line, _durations(raw))
        return button, f"{why}: taken by its durations" if protocol else ""
    for ccf in command.all("ccf"):
        return pronto.button(name, command.line, " ".join(ccf.text.split()))
    raise Error(why)


def _numbers(params: Mapping[str, str]) -> dict[str, int]:
    found = {}
    for name, value in params.items():
        try:
            found[name] = int(value[:30], 0)
        except ValueError:
            raise Error(f"parameter {name[:20]} is {value[:20]!r}, no number") from None
    return {name: value for name, value in found.items() if name != "T"}


def _durations(raw: Element) -> tuple[int, ...]:
    """Intro, else repeat; as text or as flash and gap elements."""
    for part in ("intro", "repeat"):
        for one in raw.all(part):
            text = one.text.strip() or " ".join(("-" if each.tag == "gap" else "+") + each.text.strip() for each in one.children)
            if text:
                return tuple(sample.duration for sample in parse_samples(text, "raw"))
    raise Error("its raw signal is empty")
