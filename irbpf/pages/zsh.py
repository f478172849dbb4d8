"""Completion for zsh, from the verbs of the command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from irbpf.pages.command import Argument, Command, Option, Verb

HEAD = """#compdef irbpf
# made by irbpf from its own verbs
_irbpf_receivers() { local -a found; found=(/sys/class/rc/rc*(N:t)); compadd -a found }
_irbpf_keymaps() {
  local -a found
  found=(${IRBPF_ETC:-/etc/irbpf}/keymaps/*.yaml(N:t:r) ${IRBPF_DATA:-/usr/share/irbpf}/keymaps/*.yaml(N:t:r))
  compadd -a found
}
_irbpf_protocols() { compadd -- %(protocols)s }
_irbpf_keys() { compadd -- %(keys)s }
"""
TAIL = """_irbpf "$@"
"""


def script(command: Command, words: Mapping[str, Sequence[str]]) -> str:
    lines = ["_irbpf() {", "  local context state line", "  typeset -A opt_args",
             f"  _arguments -C {' '.join(_option(one) for one in command.options)} '1:verb:->verb' '*::argument:->rest'",
             "  case $state in", "  verb) local -a verbs; verbs=("]
    lines += [f"    {_quoted(f'{verb.name}:{_plain(verb.text)}')}" for verb in command.verbs]
    lines += ["    ); _describe verb verbs ;;", "  rest) case $words[1] in"]
    for verb in command.verbs:
        lines += [f"    {verb.name}) _arguments {' '.join([*map(_option, verb.options), *_arguments(verb)])} ;;"]
    lines += ["    esac ;;", "  esac", "}"]
    return HEAD % {name: " ".join(map(_quoted, values)) for name, values in words.items()} + "\n".join(lines) + "\n" + TAIL


def _option(one: Option) -> str:
    value = f":{_plain(one.value)}:{_action(one)}" if one.value else ""
    rest = _quoted(f"[{_plain(one.text)}]{value}")
    alone = f"({' '.join(one.flags)})" if len(one.flags) > 1 else ""
    return " ".join(f"{_quoted(alone)}{flag}{rest}" if alone else f"{flag}{rest}" for flag in one.flags)


def _arguments(verb: Verb) -> list[str]:
    return [_quoted(f"{'*' if one.many else place}:{_plain(one.name)}:{_action(one)}") for place, one in enumerate(verb.arguments, 1)]


def _action(one: Option | Argument) -> str:
    if one.choices:
        return f"({' '.join(one.choices)})"
    known = ["_files" if kind == "files" else f"_irbpf_{kind}" for kind in one.kinds]
    if len(known) < 2:
        return known[0] if known else " "
    return "_alternative " + " ".join(f'"{kind}:{kind}:{action}"' for kind, action in zip(one.kinds, known, strict=True))


def _plain(text: str) -> str:
    """Without what means something in a specification of _arguments."""
    return text.replace("[", "(").replace("]", ")").replace(":", " -").replace("\\", "")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
