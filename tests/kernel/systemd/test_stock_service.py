"""The same rule and unit on a kernel as distributions ship it: the unit keeps running, supervised, and the same keys come out."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from evdev import ecodes

from irbpf import discovery
from irbpf.engines import control, kernel
from irbpf.receiver import Receiver
from tests.conftest import ROOT
from tests.kernel.guest.conftest import Keys, ir_ctl, no_kernel_complaints, plug, unplug, wait_for
from tests.kernel.systemd.test_service import KEYMAPS, active, call, keymap, unit

__all__ = ["no_kernel_complaints"]


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    KEYMAPS.mkdir(parents=True)
    keymap("guest", "KEY_LEFT", "receivers: [{rc_map: rc-empty}]")
    call(str(ROOT / "udev" / "install"))


@pytest.fixture()
def served() -> Iterator[Receiver]:
    receiver = plug("rc-port1")
    active(receiver)
    yield receiver
    unplug("rc-port1")
    wait_for("the unit to go", lambda: unit(receiver.rc)["ActiveState"] == "inactive")


def pressed(receiver: Receiver) -> list[int]:
    answer = control.call(receiver.rc, "status")
    assert answer is not None
    keys = Keys(answer["event"])
    ir_ctl(receiver, "-S", "nec:0x408")
    codes = [code for kind, code, value in keys.until_quiet() if kind == "EV_KEY" and value == 1]
    keys.close()
    return codes


def test_from_the_plug_to_the_key_and_reload(served: Receiver) -> None:
    shown = unit(served.rc)
    assert (shown["ActiveState"], shown["SubState"]) == ("active", "running")
    assert shown["StatusText"] == "guest by the engine bpf"
    assert pressed(served) == [ecodes.KEY_LEFT]
    assert "because this kernel cannot attach BPF decoders" in call("journalctl", "--no-pager", "-u", f"irbpf@{served.rc}.service")
    try:
        keymap("guest", "KEY_UP", "receivers: [{rc_map: rc-empty}]")
        call("systemctl", "reload", f"irbpf@{served.rc}.service")
        assert pressed(served) == [ecodes.KEY_UP]
        assert unit(served.rc)["MainPID"] == shown["MainPID"]
    finally:
        keymap("guest", "KEY_LEFT", "receivers: [{rc_map: rc-empty}]")


def test_least_privilege(served: Receiver) -> None:
    status = Path(f"/proc/{unit(served.rc)['MainPID']}/status").read_text()
    assert re.search(r"^CapEff:\s+000000c000001000$", status, re.MULTILINE), status
    assert re.search(r"^CapPrm:\s+000000c000001000$", status, re.MULTILINE), status
    assert re.search(r"^Seccomp:\s+2$", status, re.MULTILINE) and re.search(r"^NoNewPrivs:\s+1$", status, re.MULTILINE)
    memory = int(re.findall(r"VmHWM:\s+(\d+)", status)[0])
    exposure = re.findall(r"Overall exposure level for \S+: ([\d.]+)", call("systemd-analyze", "security", f"irbpf@{served.rc}.service"))
    print(f"{memory} kB, exposure {exposure}")
    assert memory <= 20 * 1024
    assert float(exposure[0]) < 5.0  # up to there it says OK


def test_killed_it_is_started_again(served: Receiver) -> None:
    before = unit(served.rc)["MainPID"]
    os.kill(int(before), signal.SIGKILL)
    wait_for("another process", lambda: unit(served.rc)["MainPID"] not in (before, "0") and control.call(served.rc, "status"))
    assert pressed(served) == [ecodes.KEY_LEFT]


def test_stopped_it_gives_the_receiver_back() -> None:
    receiver = plug("rc-port2")
    discovered = active(receiver)
    assert discovered["SubState"] == "running"
    assert discovery.read_protocols(receiver.rc)[0] == {"lirc"}
    call("systemctl", "stop", f"irbpf@{receiver.rc}.service")
    assert kernel.saved(receiver.rc) is None
    assert control.call(receiver.rc, "status") is None
    assert unit(receiver.rc)["Result"] == "success"
    unplug("rc-port2")


def test_the_unit_is_the_one_that_serves() -> None:
    """A person had started a process of their own, which nobody watches over."""
    receiver = plug("rc-port2")
    active(receiver)
    call("systemctl", "stop", f"irbpf@{receiver.rc}.service")
    call("/usr/bin/irbpf", "load", receiver.rc)
    before = control.call(receiver.rc, "status")
    call("systemctl", "start", f"irbpf@{receiver.rc}.service")
    now, shown = control.call(receiver.rc, "status"), unit(receiver.rc)
    assert before and now and before["pid"] != now["pid"] == int(shown["MainPID"])
    assert (shown["ActiveState"], shown["SubState"]) == ("active", "running")
    assert pressed(receiver) == [ecodes.KEY_LEFT]
    unplug("rc-port2")


def test_where_bpf_is_closed_the_unit_serves_all_the_same() -> None:
    """By seccomp, as container engines do."""
    closed = Path("/etc/systemd/system/irbpf@.service.d/closed.conf")
    closed.parent.mkdir()
    closed.write_text("[Service]\nSystemCallFilter=~bpf\n")
    call("systemctl", "daemon-reload")
    try:
        receiver = plug("rc-port2")
        assert active(receiver)["StatusText"] == "guest by the engine python"
        assert pressed(receiver) == [ecodes.KEY_LEFT]
        unplug("rc-port2")
        wait_for("the unit to go", lambda: unit(receiver.rc)["ActiveState"] == "inactive")
    finally:
        closed.unlink()
        closed.parent.rmdir()
        call("systemctl", "daemon-reload")


def test_unplugged_it_ends_well() -> None:
    receiver = plug("rc-port1")
    active(receiver)
    unplug("rc-port1")
    wait_for("the unit to go", lambda: unit(receiver.rc)["ActiveState"] == "inactive")
    assert unit(receiver.rc)["Result"] == "success"
    wait_for("what was kept to go", lambda: not [path for path in kernel.RUN.glob(f"{receiver.rc}.*") if path.suffix != ".lock"])
