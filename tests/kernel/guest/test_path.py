"""The whole path: a keymap is loaded, a signal is sent, a key comes out; and all that was changed is put back."""

from __future__ import annotations

from pathlib import Path

import pytest
from evdev import ecodes

from irbpf import bpf, discovery, lirc, scancodes
from irbpf.cache import Cache
from irbpf.cli import main
from irbpf.engines import kernel
from irbpf.irp.render import press
from irbpf.protocols import catalogue
from irbpf.receiver import Receiver
from tests.kernel.guest.conftest import ir_ctl, keys_of, transmit

KEYMAP = """
name: guest
receivers: [{rc_map: rc-empty}]
protocols:
  - protocol: nec
    keys: {0x408: KEY_1, 0x409: KEY_2}
  - protocol: rc5
    keys: {0x1e3b: KEY_SELECT}
"""


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("IRBPF_CACHE_DIR", str(Path("/tmp/irbpf-cache")))


@pytest.fixture()
def keymap(tmp_path: Path) -> str:
    path = tmp_path / "guest.yaml"
    path.write_text(KEYMAP)
    return str(path)


def state(receiver: Receiver) -> tuple[object, ...]:
    """All that loading changes."""
    assert receiver.lirc and receiver.event
    with lirc.opened(receiver.lirc) as fd, open(receiver.event, "rb") as event:
        return (tuple(bpf.attached(fd)), scancodes.read_table(event.fileno()), discovery.read_protocols(receiver.rc)[0], lirc.timeout(fd))


def scan(code: int) -> tuple[str, int, int]:
    return ("EV_MSC", ecodes.MSC_SCAN, code)


def test_a_press_becomes_a_key(loopback: Receiver, keymap: str) -> None:
    before = state(loopback)
    assert main(["load", loopback.rc, keymap]) == 0
    assert len(state(loopback)[0]) == 2  # type: ignore[arg-type]
    with keys_of(loopback) as keys:
        ir_ctl(loopback, "-S", "nec:0x408")
        assert keys.until_quiet() == [scan(0x408), ("EV_KEY", ecodes.KEY_1, 1), ("EV_KEY", ecodes.KEY_1, 0)]
        ir_ctl(loopback, "-S", "rc5:0x1e3b")
        assert keys.until_quiet() == [scan(0x1E3B), ("EV_KEY", ecodes.KEY_SELECT, 1), ("EV_KEY", ecodes.KEY_SELECT, 0)]
        ir_ctl(loopback, "-S", "nec:0x499")
        assert keys.until_quiet() == [scan(0x499)]
    assert main(["unload", loopback.rc]) == 0
    assert state(loopback) == before
    assert kernel.saved(loopback.rc) is None
    assert not list(kernel.PINS.glob("*"))


def test_a_held_key_is_one_press(loopback: Receiver, keymap: str) -> None:
    assert main(["load", loopback.rc, keymap]) == 0
    frame = press(catalogue()["nec"].irp, {"D": 4, "F": 8}, 3)
    with keys_of(loopback) as keys:
        transmit(loopback, frame)
        events = keys.until_quiet()
    assert [event for event in events if event[0] == "EV_KEY" and event[2] != 2] == [("EV_KEY", ecodes.KEY_1, 1), ("EV_KEY", ecodes.KEY_1, 0)]
    assert events.count(scan(0x408)) == 4


def test_kernel_decoders_do_not_double(loopback: Receiver, keymap: str) -> None:
    discovery.write_protocols(loopback.rc, {"nec", "sony", "jvc"})
    assert main(["load", loopback.rc, keymap]) == 0
    assert discovery.read_protocols(loopback.rc)[0] - {"lirc"} == {"sony", "jvc"}
    with keys_of(loopback) as keys:
        ir_ctl(loopback, "-S", "nec:0x408")
        assert keys.until_quiet().count(scan(0x408)) == 1
    assert main(["unload", loopback.rc]) == 0
    assert discovery.read_protocols(loopback.rc)[0] - {"lirc"} == {"nec", "sony", "jvc"}


def test_reload_replaces_and_foreign_programs_stay(loopback: Receiver, keymap: str, tmp_path: Path) -> None:
    from irbpf.bundle import build
    from irbpf.keymap import parse

    foreign = build([parse("protocols: [{protocol: jvc}]", "f.yaml")], Cache(tmp_path))[0].objects[0]
    assert loopback.lirc
    with bpf.load(foreign) as program, lirc.opened(loopback.lirc) as fd:
        bpf.attach(program.fd, fd)
        for _ in range(3):
            assert main(["load", loopback.rc, keymap]) == 0
            assert len(bpf.attached(fd)) == 3
        assert main(["unload", loopback.rc]) == 0
        assert bpf.attached(fd) == [program.id]


def test_two_receivers_with_two_keymaps(loopback: Receiver, second: Receiver, keymap: str, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text("protocols: [{protocol: nec, keys: {0x408: KEY_9}}]")
    assert main(["load", loopback.rc, keymap]) == 0
    assert main(["load", second.rc, str(other)]) == 0
    with keys_of(loopback) as first_keys, keys_of(second) as second_keys:
        ir_ctl(loopback, "-S", "nec:0x408")
        assert ("EV_KEY", ecodes.KEY_1, 1) in first_keys.until_quiet()
        assert second_keys.until_quiet(0.1) == []
        ir_ctl(second, "-S", "nec:0x408")
        assert ("EV_KEY", ecodes.KEY_9, 1) in second_keys.until_quiet()


def test_a_built_object_needs_no_compiler(loopback: Receiver, keymap: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tmp_path / "guest.irbpf"
    assert main(["build", keymap, "-o", str(made)]) == 0
    monkeypatch.setattr("irbpf.compiler.PYTHON", "/nonexistent")
    monkeypatch.setattr("irbpf.compiler.sys.executable", "/nonexistent")
    assert main(["load", loopback.rc, str(made)]) == 0
    with keys_of(loopback) as keys:
        ir_ctl(loopback, "-S", "nec:0x409")
        assert ("EV_KEY", ecodes.KEY_2, 1) in keys.until_quiet()
