"""Man pages and completions, all made from the tables that the command itself works by: its parser, the fields of keymaps and traces."""

from __future__ import annotations

import argparse
from collections.abc import Mapping


def pages(parser: argparse.ArgumentParser, version: str) -> Mapping[str, str]:
    """Text of each page, by its path under /usr/share."""
    from irbpf.keycodes import names
    from irbpf.pages import bash, fish, keymap_page, man, trace_page, zsh
    from irbpf.pages.command import command_of
    from irbpf.protocols import catalogue

    command = command_of(parser)
    words = {"protocols": tuple(catalogue()), "keys": names()}
    return {
        "man/man1/irbpf.1": man.page(command, version),
        "man/man5/irbpf-keymap.5": keymap_page.page(version),
        "man/man5/irbpf-trace.5": trace_page.page(version),
        "bash-completion/completions/irbpf": bash.script(command, words),
        "zsh/vendor-completions/_irbpf": zsh.script(command, words),
        "fish/vendor_completions.d/irbpf.fish": fish.script(command, words),
    }
