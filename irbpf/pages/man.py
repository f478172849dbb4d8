"""irbpf(1), from the parser of the command."""

from __future__ import annotations

import textwrap

from irbpf.pages.command import Command, Option, Verb
from irbpf.pages.roff import bold, example, italic, prose, section, subsection, tagged, title

EXIT = (("0", "done."), ("1", "it failed; what is wrong and what to do about it is on standard error. Loading nothing is a failure."),
        ("2", "the command was written wrongly."))
FILES = (("/etc/irbpf/keymaps/*.yaml", "your keymaps; a file hides the shipped one of the same name."),
         ("/etc/irbpf/receivers.yaml", "which receiver gets which keymaps, where that is said by hand."),
         ("/usr/share/irbpf/keymaps/*.yaml", "the keymaps that are shipped."),
         ("/etc/irbpf/bpf/*.c, /usr/share/irbpf/bpf/*.c", "decoders written by hand in C: yours, and those that are shipped."),
         ("/var/cache/irbpf", "compiled programs; it may be deleted at any time."),
         ("/run/irbpf, /sys/fs/bpf/irbpf", "what is loaded now, and what was there before."))
ENVIRONMENT = (("IRBPF_DATA", "in place of /usr/share/irbpf."), ("IRBPF_ETC", "in place of /etc/irbpf."),
               ("IRBPF_RUN_DIR", "in place of /run/irbpf."),
               ("IRBPF_CACHE_DIR", "in place of /var/cache/irbpf, or for others than root $XDG_CACHE_HOME/irbpf."))
ABOUT = ("Any infrared protocol that can be written as a line of IRP notation is compiled to BPF and run by the kernel on what a receiver hears, "
         "so that a remote control is an ordinary input device. Which protocols and keys, keymaps say; they are given to a receiver when it is "
         "plugged in.")


def page(command: Command, version: str) -> str:
    return "".join([
        title(command.name, 1, version, "infrared remote controls, decoded by BPF in the kernel"),
        section("SYNOPSIS", f"{bold(command.name)} {italic('verb')} [{italic('option')} ...] [{italic('argument')} ...]"),
        section("DESCRIPTION", prose(ABOUT)),
        section("OPTIONS", _options(command.options)),
        section("VERBS"), *map(_verb, command.verbs),
        section("EXIT STATUS", tagged((bold(code), text) for code, text in EXIT)),
        section("FILES", tagged((italic(name), text) for name, text in FILES)),
        section("ENVIRONMENT", tagged((bold(name), text) for name, text in ENVIRONMENT)),
        section("EXAMPLES", example(_block(command.epilog))) if command.epilog else "",
        section("SEE ALSO", f"{bold('irbpf-keymap')}(5), {bold('irbpf-trace')}(5), {bold('ir-keytable')}(1), {bold('ir-ctl')}(1)")])


def _verb(verb: Verb) -> str:
    rows = [(italic(one.name), one.text or (f"one of {', '.join(one.choices)}" if one.choices else "")) for one in verb.arguments]
    shown = [option for option in verb.options if "--help" not in option.flags]
    return (subsection(verb.usage, prose(verb.text[:1].upper() + verb.text[1:] + "."))
            + tagged((term, text) for term, text in rows if text) + (_options(tuple(shown)) if shown else "")
            + (example(_block(verb.epilog)) if verb.epilog else ""))


def _options(options: tuple[Option, ...]) -> str:
    return tagged((", ".join(map(bold, one.flags)) + (f" {italic(one.value)}" if one.value else ""), one.text) for one in options)


def _block(epilog: str) -> str:
    """The lines under `examples:`."""
    return textwrap.dedent(epilog.removeprefix("examples:\n"))
