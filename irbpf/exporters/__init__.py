"""Writes keymaps as other software has them, where their protocols allow it; what is lost is told. It sends nothing."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from irbpf.errors import Error

if TYPE_CHECKING:
    from irbpf.exporters.values import Exported
    from irbpf.keymap import Keymap

# format: what it is; each has a module of the same name with `write(keymap) -> Exported`
FORMATS: Mapping[str, str] = {"toml": "a table of ir-keytable", "lircd": "lircd.conf of LIRC", "flipper": ".ir of Flipper",
                              "pronto": "Pronto hex, one key a line"}


def write(keymap: Keymap, form: str) -> Exported:
    """`keymap` in a format of FORMATS; Error where nothing of it can be said."""
    if form not in FORMATS:
        raise Error(f"there is no format {form!r}", f"one of {', '.join(FORMATS)}")
    exported: Exported = importlib.import_module(f"irbpf.exporters.{form}").write(keymap)
    if not exported.keys:
        raise Error(f"nothing of {keymap.name} can be {FORMATS[form]}", exported.problems[0] if exported.problems else "it has no keys")
    return exported
