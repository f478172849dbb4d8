"""Completion for fish, from the verbs of the command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from irbpf.pages.command import Argument, Command, Option

HEAD = """# fish completion for irbpf, made by irbpf from its own verbs
function __irbpf_receivers
    for one in /sys/class/rc/rc*; basename $one; end
end
function __irbpf_keymaps
    set -l etc /etc/irbpf
    set -l data /usr/share/irbpf
    set -q IRBPF_ETC; and set etc $IRBPF_ETC
    set -q IRBPF_DATA; and set data $IRBPF_DATA
    for one in $etc/keymaps/*.yaml $data/keymaps/*.yaml; basename $one .yaml; end
end
function __irbpf_protocols
    printf '%%s\\n' %(protocols)s
end
function __irbpf_keys
    printf '%%s\\n' %(keys)s
end
complete -c irbpf -f
"""


def script(command: Command, words: Mapping[str, Sequence[str]]) -> str:
    lines = [_option("__fish_use_subcommand", one) for one in command.options]
    for verb in command.verbs:
        lines.append(f"complete -c irbpf -n __fish_use_subcommand -a {verb.name} -d {_quoted(verb.text)}")
        within = f"__fish_seen_subcommand_from {verb.name}"
        lines += [_option(within, one) for one in verb.options]
        lines += [f"complete -c irbpf -n {_quoted(within)} {_offer(one)}" for one in verb.arguments if one.kinds or one.choices]
    return HEAD % {name: " ".join(map(_quoted, values)) for name, values in words.items()} + "\n".join(lines) + "\n"


def _option(when: str, one: Option) -> str:
    names = " ".join(f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in one.flags)
    offer = f" -x {_offer(one)}".rstrip() if one.value and "files" not in one.kinds else f" -r {_offer(one)}" if one.value else ""
    return f"complete -c irbpf -n {_quoted(when)} {names}{offer} -d {_quoted(one.text)}"


def _offer(one: Option | Argument) -> str:
    words = [*(f"(__irbpf_{kind})" for kind in one.kinds if kind != "files"), *one.choices]
    return " ".join([*(["-F"] if "files" in one.kinds else []), *([f"-a {_quoted(' '.join(words))}"] if words else [])])


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
