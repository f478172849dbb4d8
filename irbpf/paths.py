"""Where files are: what ships (beside the package in a checkout, else /usr/share/irbpf), and what the administrator wrote. It reads none."""

from __future__ import annotations

import os
from pathlib import Path

INSTALLED = Path("/usr/share/irbpf")


def data(*parts: str) -> Path:
    """The path of a file that ships with the program, such as `data("bpf", "include")` or `data("keymaps")`.

    IRBPF_DATA names another place for all of them.
    """
    if (named := os.environ.get("IRBPF_DATA")) is not None:
        return Path(named).joinpath(*parts)
    checkout = Path(__file__).resolve().parent.parent
    root = checkout if (checkout / "bpf" / "host").is_dir() else INSTALLED
    return root.joinpath(*parts)


def etc(*parts: str) -> Path:
    """The path of a file of the administrator's, under /etc/irbpf; IRBPF_ETC names another place."""
    return Path(os.environ.get("IRBPF_ETC", "/etc/irbpf")).joinpath(*parts)


def decoder_file(name: str) -> Path:
    """The decoder written in C that a keymap calls `name`: the administrator's before the one that ships."""
    own = etc("bpf", f"{name}.c")
    return own if own.exists() else data("bpf", f"{name}.c")
