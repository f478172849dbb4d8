"""Every table that Debian's ir-keytable installs: imported and loaded, it gives, for each of its keys, that key when ir-ctl sends it."""

from __future__ import annotations

import select
import subprocess
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import Any

import pytest
from evdev import ecodes

from irbpf import keycodes
from irbpf.cli import main
from irbpf.importers import read
from irbpf.keymapfile import dump
from irbpf.receiver import Receiver
from tests.kernel.guest.conftest import Keys, ir_ctl, keys_of

TABLES = sorted(Path("/lib/udev/rc_keymaps").glob("*.toml"))
NO_SIGNAL = {"unknown", "other", "cec", "imon"}  # what the driver delivers, or nobody knows how it is sent
NO_ENCODER = {"samsung36", "xbox_dvd"}  # ir-ctl cannot send them: irbpf send does
OF_NEC = ((0xFFFF, "nec"), (0xFFFFFF, "necx"), (0xFFFFFFFF, "nec32"))
MOST_RC5 = 0x1F7F  # a greater one is of a driver, and no frame has it
NO_KEY = {"KEY_RESERVED", "KEY_UNKNOWN"}  # they take a scancode out of the kernel's table (rc/rc-main.c, ir_update_mapping)
GAP_US = "20000"
loading = Lock()


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRBPF_CACHE_DIR", "/tmp/irbpf-cache")


@dataclass(frozen=True)
class Sent:
    """`how` ir-ctl is told to send the key `key`, or irbpf send, if that is `ours`."""

    how: tuple[str, ...]
    key: str
    ours: bool = False


def sendable(document: Mapping[str, Any], counts: Counter[str]) -> Iterator[Sent]:
    """All keys of a table that can be sent; `counts` of them, and of the others by their protocol."""
    for entry in document["protocols"]:
        variant = entry.get("variant", entry["protocol"])
        for text, key in entry.get("scancodes", {}).items():
            code = int(text, 16)
            if variant in NO_SIGNAL or variant == "rc5" and code > MOST_RC5 or key in NO_KEY:
                counts[f"not sent: {key if key in NO_KEY else variant}"] += 1
                continue
            counts[variant] += 1
            if variant in NO_ENCODER:
                yield Sent((f"{variant}:{code:#x}",), key, True)
            elif "bits" in entry:  # of a family, whose parameters are in the table: ir-ctl takes the name
                yield Sent(("-K", key), key)
            else:
                sent_as = next((name for most, name in OF_NEC if code <= most), variant) if variant == "nec" else variant
                yield Sent(("-S", f"{sent_as}:{code:#x}"), key)


def pressed(receiver: Receiver, keys: Keys, table: Path, sent: Sequence[Sent]) -> list[str]:
    """The keys that go down while all of `sent` are sent, in order."""
    down = []

    def take(quiet: float) -> None:
        while select.select([keys.device.fd], [], [], quiet)[0]:
            down.extend(event.code for event in keys.device.read() if event.type == ecodes.EV_KEY and event.value == 1)

    words = [word for one in sent if not one.ours for word in one.how]
    if words:
        with subprocess.Popen(["/usr/bin/ir-ctl", "-d", str(receiver.lirc), "-g", GAP_US, "-k", str(table), *words],
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            while process.poll() is None:
                take(0.05)
            assert process.stderr is not None
            assert process.returncode == 0, process.stderr.read()
    for one in sent:
        if one.ours:
            assert main(["send", receiver.rc, *one.how]) == 0
            take(0.02)
    take(0.3)
    return [keycodes.name(code) for code in down]


def heard_wrongly(receiver: Receiver, tables: SimpleQueue[Path], folder: Path, counts: Counter[str]) -> list[str]:
    """The tables of the queue, one after the other, on one receiver: what came and should not have, or did not come."""
    wrong = []
    with keys_of(receiver) as keys:
        while not tables.empty():
            table = tables.get()
            with loading:
                sent = sorted(sendable(tomllib.loads(table.read_text()), counts), key=lambda one: one.ours)  # as they are sent
                if not sent:
                    continue
                keymap = folder / f"{table.stem}.yaml"
                keymap.write_text(dump(read(table).remotes[0].keymap))
                assert main(["load", receiver.rc, str(keymap)]) == 0, table.name
                given = folder / table.name  # rc-loopback takes no signal without a carrier, and ir-ctl sends those of the families so
                given.write_text(table.read_text().replace("\nbits =", "\ncarrier = 38000\nbits ="))
            wanted = [keycodes.name(keycodes.number(one.key)) for one in sent]
            came = pressed(receiver, keys, given, sent)
            if came != wanted:
                alone = {one: pressed(receiver, keys, given, [one]) for one in sent}
                wrong += [f"{table.name}: {one.how[-1]} is {one.key}, and {came or 'nothing'} came" for one, came in alone.items()
                          if came != [keycodes.name(keycodes.number(one.key))]] or [f"{table.name}: {came}"]
    return wrong


def test_every_key_of_every_table(loopback: Receiver, second: Receiver, tmp_path: Path) -> None:
    """On two receivers at once, for a signal takes as long as it lasts."""
    tables: SimpleQueue[Path] = SimpleQueue()
    for table in TABLES:
        tables.put(table)
    counts: Counter[str] = Counter()
    with ThreadPoolExecutor(2) as pool:
        wrong = [line for lines in pool.map(lambda receiver: heard_wrongly(receiver, tables, tmp_path, counts), (loopback, second)) for line in lines]
    assert not wrong, "\n".join(wrong)
    assert sum(count for name, count in counts.items() if not name.startswith("not sent")) >= 2780, counts


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
