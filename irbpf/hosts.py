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


def texts() -> str:
    """All that is put around a decoder in the kernel."""
    return "".join(map(_text, ("lirc.c", "head.c", "pool.h", "decoder.h", "test_run.c")))


def program_name(name: str) -> str:
    """`name` as the kernel allows it: at most 15 of alnum, `_` and `.`."""
    return "".join(letter if letter.isascii() and letter.isalnum() or letter in "_." else "_" for letter in name)[:15] or "decoder"


def host_source(decoder: str, host: str, name: str, *, number: int = OWN_PROTOCOL, defines: Mapping[str, int] | None = None,
                tables: Mapping[str, bytes] | None = None, template: str = "") -> Source:
    """The program for `host` around the C text `decoder`. `number` is what the kernel is told the protocol is; `template` is the file
    of bpf/host, if it is not the host's own."""
    if host not in HOSTS:
        raise Error(f"there is no host {host!r}", f"one of {', '.join(HOSTS)}")
    file = f"{template or host}.c"
    before, _, after = _text(file).partition("// decoder\n")
    macros = "".join(f"#define {macro} {value}\n" for macro, value in {"PROTOCOL": number, **(defines or {})}.items())
    pool = f'#line 1 "pool.h"\n{_text("pool.h")}' if defines and "POOL" in defines else ""
    text = (f'{macros}#line 1 "{file}"\n{before}#line 1 "decoder.h"\n{_text("decoder.h")}{pool}'
            f'#line 1 "{name}.c"\n{decoder}\n#line {before.count(chr(10)) + 2} "{file}"\n{after}')
    return Source(program_name(name), host, text, dict(tables or {}))
