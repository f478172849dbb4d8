"""The installed rule and unit under a real systemd, from the plug to the key, and back to a machine on which nothing of it is left."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from evdev import ecodes

from irbpf import discovery, scancodes
from irbpf.engines import kernel
from irbpf.receiver import Receiver
from tests.conftest import ROOT
from tests.kernel.guest.conftest import ir_ctl, keys_of, no_kernel_complaints, plug, unplug, wait_for
from tests.kernel.guest.steps import leftovers

__all__ = ["no_kernel_complaints"]
KEYMAPS = Path("/etc/irbpf/keymaps")
RECEIVERS = """
- {receiver: {path: platform-ir-port.1}, keymaps: [left]}
- {receiver: {path: platform-ir-port.2}, keymaps: [right]}
"""


def keymap(name: str, key: str, receivers: str = "") -> None:
    (KEYMAPS / f"{name}.yaml").write_text(f"name: {name}\n{receivers}\nprotocols: [{{protocol: nec, keys: {{0x408: {key}}}}}]\n")


def call(*command: str, code: int = 0) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}\n{journal()}"
    return done.stdout + done.stderr


def journal() -> str:
    return subprocess.run(["journalctl", "--no-pager", "-o", "cat", "-n", "60"], capture_output=True, text=True, check=False).stdout


def unit(rc: str) -> dict[str, str]:
    shown = call("systemctl", "show", f"irbpf@{rc}.service", "-p", "ActiveState,SubState,StatusText,MainPID,Result")
    return dict(line.split("=", 1) for line in shown.splitlines())


def active(receiver: Receiver) -> dict[str, str]:
    """Wait until its unit is up with this very receiver loaded."""
    try:
        wait_for(f"irbpf@{receiver.rc}", lambda: unit(receiver.rc)["ActiveState"] in ("active", "failed") and kernel.saved(receiver.rc))
    except AssertionError as error:
        raise AssertionError(f"{unit(receiver.rc)}\n{journal()}") from error
    return unit(receiver.rc)


def pressed(receiver: Receiver) -> list[int]:
    """The keys that NEC 0x408 presses there."""
    with keys_of(receiver) as keys:
        ir_ctl(receiver, "-S", "nec:0x408")
        return [code for kind, code, value in keys.until_quiet() if kind == "EV_KEY" and value == 1]


def footprint() -> list[str]:
    """Files of ours where programs are installed and keep things; what the administrator wrote and the test itself apart."""
    folders = ["/usr/bin", "/usr/lib", "/usr/lib/udev/rules.d", "/usr/lib/systemd/system", "/usr/share", "/usr/share/man/man1",
               "/usr/share/man/man5", "/usr/share/bash-completion/completions", "/usr/share/zsh/vendor-completions",
               "/usr/share/fish/vendor_completions.d", "/usr/share/doc", "/var/cache", "/var/lib", "/run", "/run/systemd", "/sys/fs/bpf"]
    found = [str(path) for folder in folders for path in Path(folder).glob("*irbpf*")]
    units = [str(path) for path in Path("/run/systemd").glob("*/*irbpf@*")] + [str(path) for path in Path("/etc/systemd").glob("*/*irbpf*")]
    return sorted([*found, *units, *call("udevadm", "info", "--export-db").count("irbpf") * ["udev"]])


@pytest.fixture(scope="module")
def early() -> Iterator[Receiver]:
    """A receiver that is there before anything is installed."""
    KEYMAPS.mkdir(parents=True)
    (KEYMAPS.parent / "receivers.yaml").write_text(RECEIVERS)
    keymap("left", "KEY_LEFT")
    keymap("right", "KEY_RIGHT")
    keymap("empty", "KEY_1", "receivers: [{rc_map: rc-empty}]")
    yield plug()
    unplug()


@pytest.fixture(scope="module")
def before(early: Receiver) -> list[str]:
    return footprint()


@pytest.fixture(scope="module", autouse=True)
def installed(before: list[str]) -> None:
    call(str(ROOT / "udev" / "install"))


@pytest.fixture()
def left() -> Iterator[Receiver]:
    yield plug("rc-port1")
    unplug("rc-port1")


@pytest.fixture()
def right() -> Iterator[Receiver]:
    yield plug("rc-port2")
    unplug("rc-port2")


def test_a_receiver_that_was_there_before(early: Receiver) -> None:
    state = active(early)
    assert (state["ActiveState"], state["SubState"], state["MainPID"]) == ("active", "exited", "0")
    assert state["StatusText"] == "rc0: empty"
    assert pressed(early) == [ecodes.KEY_1]


def test_plug_key_reload_unplug(left: Receiver) -> None:
    active(left)
    assert pressed(left) == [ecodes.KEY_LEFT]
    shown = call("systemctl", "status", f"irbpf@{left.rc}.service")
    assert "active (exited)" in shown and f"Infrared decoders for {left.rc}" in shown and "1 program, 1 key" in shown
    programs = list(kernel.condition(left).ours)
    try:
        keymap("left", "KEY_UP")
        call("systemctl", "reload", f"irbpf@{left.rc}.service")
        assert pressed(left) == [ecodes.KEY_UP]
    finally:
        keymap("left", "KEY_LEFT")
    assert len(kernel.condition(left).ours) == 1 and list(kernel.condition(left).ours) != programs
    assert kernel.condition(left).foreign == 0
    unplug("rc-port1")
    wait_for("the unit to go", lambda: unit(left.rc)["ActiveState"] == "inactive")
    assert unit(left.rc)["Result"] == "success"
    assert not [path for path in leftovers(kernel.RUN, kernel.PINS) if left.rc in path]


def test_two_equal_receivers_with_two_keymaps(left: Receiver, right: Receiver) -> None:
    assert (left.name, left.rc_map, left.driver) == (right.name, right.rc_map, right.driver)
    active(left), active(right)
    assert discovery.receiver(left.rc).path == "platform-ir-port.1"
    assert pressed(left) == [ecodes.KEY_LEFT]
    assert pressed(right) == [ecodes.KEY_RIGHT]


def test_stop_gives_it_back(left: Receiver) -> None:
    active(left)
    call("systemctl", "stop", f"irbpf@{left.rc}.service")
    assert kernel.saved(left.rc) is None
    assert pressed(left) == []
    call("systemctl", "start", f"irbpf@{left.rc}.service")
    assert pressed(left) == [ecodes.KEY_LEFT]


def test_unplugged_and_plugged_at_once() -> None:
    """The stop of the old is still on its way when the new one of the same name is there; as often as the contact comes and goes."""
    limit = Path("/run/systemd/system/irbpf@.service.d/limit.conf")
    limit.parent.mkdir()
    limit.write_text("[Unit]\nStartLimitIntervalSec=1h\n")  # five starts in ten seconds is the usual, and some machines are slow
    call("systemctl", "daemon-reload")
    for _ in range(6):
        receiver = plug("rc-port1")
        active(receiver)
        unplug("rc-port1")
    receiver = plug("rc-port1")
    active(receiver)
    assert pressed(receiver) == [ecodes.KEY_LEFT]
    unplug("rc-port1")
    wait_for("the unit to go", lambda: unit(receiver.rc)["ActiveState"] == "inactive")
    shutil.rmtree(limit.parent)
    call("systemctl", "daemon-reload")


def test_a_wrong_keymap_fails_the_unit_and_no_other(early: Receiver) -> None:
    (KEYMAPS / "left.yaml").write_text("protocols: [{protocol: nce}]")
    try:
        receiver = plug("rc-port1")
        wait_for("the unit to fail", lambda: unit(receiver.rc)["ActiveState"] == "failed")
        assert "there is no protocol 'nce'" in call("systemctl", "status", f"irbpf@{receiver.rc}.service", code=3)
        assert pressed(early) == [ecodes.KEY_1]
    finally:
        keymap("left", "KEY_LEFT")
    call("systemctl", "restart", f"irbpf@{receiver.rc}.service")
    assert pressed(receiver) == [ecodes.KEY_LEFT]
    unplug("rc-port1")


def test_no_keymap_is_no_failure() -> None:
    (KEYMAPS / "empty.yaml").unlink()
    try:
        receiver = plug("rc-loopback2")
        wait_for("the unit", lambda: "no keymap fits" in unit(receiver.rc)["StatusText"])
        assert unit(receiver.rc)["ActiveState"] == "active"
    finally:
        keymap("empty", "KEY_1", "receivers: [{rc_map: rc-empty}]")
        unplug("rc-loopback2")


def test_ir_keytable_acts_first() -> None:
    """Debian's rule gives the same receiver a table of its own: ours replaces it, says so, and gives it back."""
    Path("/etc/rc_keymaps/guest.toml").write_text('[[protocols]]\nname = "guest"\nprotocol = "sony"\nvariant = "sony12"\n'
                                                  '[protocols.scancodes]\n0x10015 = "KEY_POWER2"\n')
    with open("/etc/rc_maps.cfg", "a") as file:
        file.write("rc-loopback * guest.toml\n")
    receiver = plug("rc-port1")
    active(receiver)
    assert pressed(receiver) == [ecodes.KEY_LEFT]
    said = call("/usr/bin/irbpf", "status", receiver.rc)
    assert "ir-keytable's udev rule gives" in said and "guest.toml" in said
    assert "ir-keytable's udev rule gives" in call("journalctl", "--no-pager", "-u", f"irbpf@{receiver.rc}.service")
    call("/usr/bin/irbpf", "unload", receiver.rc)
    with open(str(receiver.event), "rb") as event:
        assert scancodes.read_table(event.fileno()) == {0x10015: ecodes.KEY_POWER2}
    unplug("rc-port1")


def test_installed_twice_and_taken_away(early: Receiver, before: list[str]) -> None:
    call(str(ROOT / "udev" / "install"))
    assert pressed(early) == [ecodes.KEY_1]
    call(str(ROOT / "udev" / "install"), "--uninstall")
    assert set(footprint()) <= set(before)
    assert pressed(early) == []
    assert "irbpf@" not in call("systemctl", "list-units", "--all", "--plain", "--no-legend", "irbpf@*")
    receiver = plug("rc-port1")
    call("udevadm", "settle")
    assert "irbpf" not in call("udevadm", "info", str(receiver.event))
    unplug("rc-port1")
