"""Hosts: the C around a decoder that makes a whole program of it. It compiles nothing."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from irbpf.errors import Error
from irbpf.objects import Source
from irbpf.paths import data

HOSTS = ("lirc", "test_run", "native")
OWN_PROTOCOL = 64  # from here up, numbers are ours: the kernel has names for the first ones only, and any number is allowed


@functools.cache
def _text(name: str) -> str:
    return data("bpf", "host", name).read_text()


def program_name(name: str) -> str:
    """`name` as the kernel allows it: at most 15 of alnum, `_` and `.`."""
    return "".join(letter if letter.isascii() and letter.isalnum() or letter in "_." else "_" for letter in name)[:15] or "decoder"


def host_source(decoder: str, host: str, name: str, *, number: int = OWN_PROTOCOL, defines: Mapping[str, int] | None = None,
                tables: Mapping[str, bytes] | None = None) -> Source:
    """The program for `host` around the C text `decoder`. `number` is what the kernel is told the protocol is."""
    if host not in HOSTS:
        raise Error(f"there is no host {host!r}", f"one of {', '.join(HOSTS)}")
    before, _, after = _text(f"{host}.c").partition("// decoder\n")
    macros = "".join(f"#define {macro} {value}\n" for macro, value in {"PROTOCOL": number, **(defines or {})}.items())
    text = (f'{macros}#line 1 "{host}.c"\n{before}#line 1 "decoder.h"\n{_text("decoder.h")}'
            f'#line 1 "{name}.c"\n{decoder}\n#line {before.count(chr(10)) + 2} "{host}.c"\n{after}')
    return Source(program_name(name), host, text, dict(tables or {}))
