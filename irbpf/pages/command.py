"""The command as plain values: its verbs, their options and arguments, and what each of these may be. Read from its parser."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

# what an argument is completed with, by its name in the parser; the shells know each kind
KINDS = {"rc": ("receivers",), "source": ("receivers", "files"), "keymap": ("keymaps", "files"), "file": ("files",), "output": ("files",),
         "traces": ("files",), "key": ("keys",), "protocol": ("protocols",), "what": ("protocols",), "from": ("files",), "from_": ("files",)}
# where a name alone does not say it
EXCEPTIONS = {("plot", "file"): ("keymaps", "files"), ("check", "file"): ("keymaps", "files"), ("send", "what"): ("protocols", "keys", "files")}


@dataclass(frozen=True)
class Option:
    """`value` is the name of its value, "" where it has none; `kinds` and `choices` are what the value may be."""

    flags: tuple[str, ...]
    value: str
    text: str
    kinds: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Argument:
    """`many`: all that follow are of the same kind."""

    name: str
    text: str
    kinds: tuple[str, ...]
    choices: tuple[str, ...]
    many: bool


@dataclass(frozen=True)
class Verb:
    name: str
    text: str
    usage: str
    options: tuple[Option, ...]
    arguments: tuple[Argument, ...]
    epilog: str


@dataclass(frozen=True)
class Command:
    name: str
    text: str
    options: tuple[Option, ...]
    verbs: tuple[Verb, ...]
    epilog: str


def command_of(parser: argparse.ArgumentParser) -> Command:
    verbs: list[Verb] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            texts = {choice.dest: choice.help or "" for choice in action._choices_actions}
            verbs = [_verb(name, texts.get(name, ""), one) for name, one in action.choices.items()]
    return Command(parser.prog, parser.description or "", _options(parser, ""), tuple(verbs), parser.epilog or "")


def _verb(name: str, text: str, parser: argparse.ArgumentParser) -> Verb:
    arguments = [Argument(str(action.metavar or action.dest), _help(action), _kinds(name, action), _choices(action), action.nargs in ("*", "+"))
                 for action in parser._actions if not action.option_strings and action.help != argparse.SUPPRESS]
    usage = " ".join(parser.format_usage().removeprefix("usage: ").split())
    return Verb(name, text, usage, _options(parser, name), tuple(arguments), parser.epilog or "")


def _options(parser: argparse.ArgumentParser, verb: str) -> tuple[Option, ...]:
    found = []
    for action in parser._actions:
        if action.option_strings and action.help != argparse.SUPPRESS:
            value = "" if action.nargs == 0 else str(action.metavar or "|".join(_choices(action)) or action.dest.upper())
            found.append(Option(tuple(action.option_strings), value, _help(action), _kinds(verb, action) if value else (), _choices(action)))
    return tuple(found)


def _help(action: argparse.Action) -> str:
    return (action.help or "") % {"default": action.default, "prog": "irbpf"}


def _kinds(verb: str, action: argparse.Action) -> tuple[str, ...]:
    """By the name, else by how the value is called: FILE, DIR."""
    if action.choices:
        return ()
    called = str(action.metavar or "").upper()
    return EXCEPTIONS.get((verb, action.dest)) or KINDS.get(action.dest) or (("files",) if "FILE" in called or "DIR" in called else ())


def _choices(action: argparse.Action) -> tuple[str, ...]:
    return tuple(map(str, action.choices or ()))
