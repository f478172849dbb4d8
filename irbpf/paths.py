"""Where the files that belong to the program are: beside the package in a checkout, under /usr/share/irbpf when installed."""

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
