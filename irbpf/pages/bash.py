"""Completion for bash, from the verbs of the command."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from irbpf.pages.command import Argument, Command, Option, Verb

HEAD = """# bash completion for irbpf, made by irbpf from its own verbs
_irbpf_receivers() {
	local one
	for one in /sys/class/rc/rc*; do [[ -e $one ]] && echo "${one##*/}"; done
}
_irbpf_keymaps() {
	local one
	for one in "${IRBPF_ETC:-/etc/irbpf}"/keymaps/*.yaml "${IRBPF_DATA:-/usr/share/irbpf}"/keymaps/*.yaml; do
		[[ -e $one ]] && one=${one##*/} && echo "${one%%.yaml}"
	done
}
_irbpf_protocols() {
	printf '%%s\\n' %(protocols)s
}
_irbpf_keys() {
	printf '%%s\\n' %(keys)s
}
_irbpf_offer() { # kinds of words, or words
	local kind IFS
	for kind; do
		IFS=$' \\t\\n'
		[[ $kind == files || $kind == keymaps || $kind == protocols ]] && compopt -o filenames 2> /dev/null # quotes what has spaces
		case $kind in
		files) mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "$cur") ;;
		receivers | keymaps | protocols | keys)
			IFS=$'\\n'
			mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W "$(_irbpf_$kind)" -- "$cur")
			;;
		*) mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W "$kind" -- "$cur") ;;
		esac
	done
}
_irbpf() {
	local cur=${COMP_WORDS[COMP_CWORD]} verb= number=0 word index skip=
	COMPREPLY=()
	for ((index = 1; index < COMP_CWORD; index++)); do
		word=${COMP_WORDS[index]}
		if [[ -n $skip ]]; then skip=; continue; fi
		case $verb:$word in
"""
TAIL = """	esac
}
complete -F _irbpf irbpf
"""


def script(command: Command, words: Mapping[str, Sequence[str]]) -> str:
    """What bash-completion loads when `irbpf` is completed for the first time."""
    valued = [f"{verb.name}:{flag}" for verb in command.verbs for one in verb.options if one.value for flag in one.flags]
    head = HEAD % {name: " ".join(map(shlex.quote, values)) for name, values in words.items()}
    lines = [f"\t\t{' | '.join(valued)}) skip=$word ;;" if valued else "",
             "\t\t*:-*) ;;", "\t\t:*) verb=$word ;;", "\t\t*) number=$((number + 1)) ;;", "\t\tesac", "\tdone",
             "\tcase $verb:$skip in"]
    for verb in command.verbs:
        lines += [f"\t{' | '.join(f'{verb.name}:{flag}' for flag in one.flags)}) _irbpf_offer {_kinds(one)}; return ;;"
                  for one in verb.options if one.value]
    lines += ["\tesac", "\tcase $verb in",
              f"\t'') _irbpf_offer {shlex.quote(' '.join([*(verb.name for verb in command.verbs), *_flags(command.options)]))} ;;"]
    for verb in command.verbs:
        lines += [f"\t{verb.name})", *_verb(verb), "\t\t;;"]
    return head + "\n".join(line for line in lines if line) + "\n" + TAIL


def _verb(verb: Verb) -> list[str]:
    """Options where a word begins with -, else what its place takes."""
    lines = [f"\t\tif [[ $cur == -* ]]; then _irbpf_offer {shlex.quote(' '.join(_flags(verb.options)))}; return; fi"]
    if verb.arguments:
        places = [f"{'*' if one.many else place}) _irbpf_offer {_kinds(one)} ;;" for place, one in enumerate(verb.arguments) if _kinds(one)]
        lines += [f"\t\tcase $number in {' '.join(places)} esac"] if places else []
    return lines


def _flags(options: Sequence[Option]) -> list[str]:
    return [flag for one in options for flag in one.flags]


def _kinds(one: Option | Argument) -> str:
    return " ".join([*one.kinds, *([shlex.quote(" ".join(one.choices))] if one.choices else [])])
