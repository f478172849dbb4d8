"""Every table that Debian's ir-keytable installs: imported and loaded, it gives the keys that ir-ctl sends by the same file."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

import pytest
from evdev import ecodes

from irbpf import keycodes
from irbpf.cli import main
from irbpf.importers import read
from irbpf.importers.values import Remote
from irbpf.keymap import Entry
from irbpf.keymapfile import dump
from irbpf.receiver import Receiver
from tests.kernel.guest.conftest import keys_of

TABLES = sorted(Path("/lib/udev/rc_keymaps").glob("*.toml"))
NOT_SENT = {"samsung36", "xbox_dvd"}  # ir-ctl has no encoder for them


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRBPF_CACHE_DIR", "/tmp/irbpf-cache")


def sample(remote: Remote) -> list[str]:
    """Some keys of each protocol that ir-ctl sends, of those that the file names once: ir-ctl takes the first of a name."""
    once = {name for name, count in Counter(remote.keymap.keys.values()).items() if count == 1}
    chosen: list[str] = []
    for entry in remote.keymap.entries:
        if isinstance(entry, Entry) and entry.protocol.name not in NOT_SENT:
            names = [name for name in entry.keys.values() if name in once]
            chosen += dict.fromkeys((names[0], names[-1])) if names else ()
    return chosen


def test_every_table(loopback: Receiver, tmp_path: Path) -> None:
    sent, wrong = 0, []
    with keys_of(loopback) as keys:
        for table in TABLES:
            remote = read(table).remotes[0]
            names = sample(remote)
            if not names:
                continue
            keymap = tmp_path / f"{table.stem}.yaml"
            keymap.write_text(dump(remote.keymap))
            assert main(["load", loopback.rc, str(keymap)]) == 0, table.name
            for name in names:
                subprocess.run(["/usr/bin/ir-ctl", "-d", str(loopback.lirc), "--keymap", table, "--keycode", name], check=True,
                               capture_output=True)
                came = {code for kind, code, value in keys.until_quiet(0.3) if kind == "EV_KEY" and value == 1}
                sent += 1
                if came != {keycodes.number(name)}:
                    wrong.append((table.name, name, [ecodes.KEY.get(code, code) for code in came]))
    assert not wrong
    assert sent >= 130
