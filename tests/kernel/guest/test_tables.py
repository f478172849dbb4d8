"""Every table that Debian's ir-keytable installs: imported and loaded, it gives the keys that ir-ctl sends by the same file."""

from __future__ import annotations

import subprocess
import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from irbpf import keycodes
from irbpf.cli import main
from irbpf.importers import read
from irbpf.keymapfile import dump
from irbpf.receiver import Receiver
from tests.kernel.guest.conftest import ir_ctl, keys_of

TABLES = sorted(Path("/lib/udev/rc_keymaps").glob("*.toml"))
NOT_SENT = {"unknown", "other", "cec", "imon", "mce_kbd", "imon_rsc",  # there is no signal, or ir-ctl has no encoder
            "samsung36", "xbox_dvd"}
WIDEST = {"nec": 0xFFFF, "necx": 0xFFFFFF, "rc5": 0x1F7F}  # ir-ctl cuts a scancode down to its variant


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRBPF_CACHE_DIR", "/tmp/irbpf-cache")


def sample(document: Mapping[str, Any]) -> list[str]:
    """The first and the last key of each protocol, of those that the file names once: ir-ctl takes the first of a name."""
    once = Counter(key for entry in document["protocols"] for key in entry.get("scancodes", {}).values())
    chosen: list[str] = []
    for entry in document["protocols"]:
        variant = entry.get("variant", entry["protocol"])
        if variant not in NOT_SENT:
            names = [key for code, key in entry.get("scancodes", {}).items()
                     if once[key] == 1 and int(code, 16) & ~WIDEST.get(variant, ~0) == 0]
            chosen += dict.fromkeys((names[0], names[-1])) if names else ()
    return chosen


def test_every_table(loopback: Receiver, tmp_path: Path) -> None:
    sent, wrong = 0, []
    with keys_of(loopback) as keys:
        for table in TABLES:
            names = sample(tomllib.loads(table.read_text()))
            if not names:
                continue
            keymap = tmp_path / f"{table.stem}.yaml"
            keymap.write_text(dump(read(table).remotes[0].keymap))
            assert main(["load", loopback.rc, str(keymap)]) == 0, table.name
            # rc-loopback takes no signal without a carrier, and ir-ctl sends those of the families so
            given = tmp_path / table.name
            given.write_text(table.read_text().replace("\nbits =", "\ncarrier = 38000\nbits ="))
            for name in names:
                subprocess.run(["/usr/bin/ir-ctl", "-d", str(loopback.lirc), "--keymap", given, "--keycode", name], check=True,
                               capture_output=True)
                came = {code for kind, code, value in keys.until_quiet(0.3) if kind == "EV_KEY" and value == 1}
                sent += 1
                if came != {keycodes.number(name)}:
                    wrong.append((table.name, name, came))
    assert not wrong
    assert sent >= 130


def test_a_table_is_used_where_no_keymap_fits_and_it_is_wanted(loopback: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRBPF_ETC", str(tmp_path))
    Path("/etc/rc_keymaps").mkdir(exist_ok=True)
    name = f"{loopback.rc_map.removeprefix('rc-')}.toml"
    Path("/etc/rc_keymaps", name).write_text(
        '[[protocols]]\nname = "mine"\nprotocol = "nec"\nvariant = "nec"\n[protocols.scancodes]\n0x408 = "KEY_1"\n')
    assert main(["load", loopback.rc]) == 1
    (tmp_path / "receivers.yaml").write_text("- otherwise: ir-keytable\n")
    assert main(["load", loopback.rc]) == 0
    with keys_of(loopback) as keys:
        ir_ctl(loopback, "-S", "nec:0x408")
        assert ("EV_KEY", keycodes.number("KEY_1"), 1) in keys.until_quiet()
