"""Run inside the test kernel: what a load takes there, beside Debian's ir-keytable on the same receiver. One JSON line."""

from __future__ import annotations

import json
import os
import resource
import subprocess
from collections.abc import Sequence
from typing import Any

from tests.kernel.guest.conftest import plug

TIMES = 5
ENV = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | {"PYTHONPYCACHEPREFIX": "/tmp/compiled"}


def cpu(command: Sequence[str]) -> tuple[float, bool]:
    """The least CPU time in ms of some runs after a first one, and whether it did what it was asked."""
    took, good = [], True
    for _ in range(TIMES + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENV)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        good = good and done.returncode == 0 and "rror" not in done.stderr
        took.append(1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))
    return round(min(took[1:]), 1), good


def resident() -> list[str]:
    return subprocess.run(["/usr/bin/pgrep", "-af", "irbpf (load|watch)|compiler_child"], capture_output=True, text=True, check=False).stdout.split("\n")[:-1]


def main() -> None:
    rc = plug().rc
    rows: list[dict[str, Any]] = []
    keymaps = "/lib/udev/rc_keymaps"
    for name, theirs in (("hauppauge", "hauppauge.toml"), ("rc6-mce", "rc6_mce.toml"), ("xbox-dvd", "xbox_dvd.toml")):
        ours, loaded = cpu(["/usr/bin/python3", "-m", "irbpf", "load", rc, name])
        subprocess.run(["/usr/bin/python3", "-m", "irbpf", "unload", rc], check=True, capture_output=True)
        other, worked = cpu(["/usr/bin/ir-keytable", "-s", rc, "-c", "-w", f"{keymaps}/{theirs}"])
        rows.append({"keymap": name, "irbpf load CPU ms": ours, "done": loaded, f"ir-keytable -c -w {theirs} CPU ms": other,
                     "ir-keytable done": worked, "ratio": round(ours / max(other, 1), 1)})
    rows = [{key.replace(f" {row['keymap'].replace('-', '_')}.toml", "").replace(" hauppauge.toml", ""): value for key, value in row.items()}
            for row in rows]
    bare, _ = cpu(["/usr/bin/python3", "-c", "pass"])
    print(json.dumps([*rows, {"keymap": "(Python's start alone)", "irbpf load CPU ms": bare}, {"keymap": "left running after a load", "done": resident()}]))


if __name__ == "__main__":
    main()
