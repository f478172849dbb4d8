"""Reads what other software calls a remote: plain keymaps come out, and a list of what could not be said. It writes nothing."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from irbpf.errors import Error

if TYPE_CHECKING:
    from irbpf.importers.values import Imported

# format: what it is; each has a module of the same name with `read(text, file) -> Imported` and `looks_like(text, file) -> bool`
FORMATS: Mapping[str, str] = {
    "lircd": "lircd.conf of LIRC", "rc_keymap": "a table of ir-keytable, TOML or the old text", "flipper": ".ir of Flipper",
    "girr": "Girr XML", "irdb": "CSV of IRDB", "pronto": "Pronto hex", "recording": "mode2 or ir-ctl recordings",
}
LARGEST = 8 << 20


def read(path: Path, form: str | None = None) -> Imported:
    """What is in a file; `form` is one of FORMATS, or None to look. Error for a file that cannot be read or is none of them."""
    text = read_text(path)
    return _module(form or recognised(text, path)).read(text, str(path))  # type: ignore[no-any-return]


def recognised(text: str, path: Path) -> str:
    """The format of a file, by its content."""
    for form in FORMATS:
        if _module(form).looks_like(text, path.name):
            return form
    raise Error(f"{path}: not recognised", f"give --format: {', '.join(FORMATS)}")


def read_text(path: Path) -> str:
    """A file of a sane size as text; old ones are often in Latin-1."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise Error(f"{path}: {error.strerror}", "check the name and the permissions") from error
    if len(raw) > LARGEST:
        raise Error(f"{path}: larger than {LARGEST >> 20} MiB", "no remote has that many keys")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _module(form: str):  # type: ignore[no-untyped-def]
    if form not in FORMATS:
        raise Error(f"there is no format {form!r}", f"one of {', '.join(FORMATS)}")
    return importlib.import_module(f"irbpf.importers.{form}")
