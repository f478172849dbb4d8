"""The userspace engine on a real receiver: keys, a device that looks like rc-core's, and all put back when it ends."""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
import signal
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import evdev
import pytest
from evdev import ecodes

from irbpf import bundle, discovery, lirc, scancodes, uinput
from irbpf.cache import Cache
from irbpf.engines import Choice, control, kernel, launch, serving, userspace
from irbpf.errors import Error
from irbpf.irp.render import press
from irbpf.keymap import Keymap, parse
from irbpf.protocols import catalogue
from irbpf.pulses import Kind, Sample, from_durations
from irbpf.receiver import Receiver
from tests.kernel.guest.conftest import Keys, ir_ctl, sends, transmit, unplug, wait_for
from tests.kernel.usb.scenes import LONG, until_down

CACHE = Cache(Path("/tmp/irbpf-cache"))
PIDFD_GETFD, DEV_DESTROY = 438, 0x5502  # a system call, and UI_DEV_DESTROY
KEYMAP = """
name: guest
protocols:
  - protocol: nec
    keys: {0x408: KEY_1, 0x409: KEY_2}
  - protocol: rc5
    keys: {0x1e3b: KEY_SELECT}
"""


def start(receiver: Receiver, engine: str, *keymaps: Keymap) -> dict[str, object]:
    """Serve the receiver; what the server says of itself."""
    job = launch.prepare(receiver, keymaps or [parse(KEYMAP, "guest.yaml")], Choice(engine, "a test wants it"), CACHE)[0]
    if not launch.take(receiver, job):
        launch.spawn(job)
    answer = control.call(receiver.rc, "status")
    assert answer is not None
    return answer


@pytest.fixture(params=["bpf", "python"])
def served(request: pytest.FixtureRequest, loopback: Receiver) -> Iterator[tuple[Receiver, Keys]]:
    keys = Keys(str(start(loopback, request.param)["event"]))
    yield loopback, keys
    keys.close()
    launch.stop(loopback.rc)


def state(receiver: Receiver) -> tuple[object, ...]:
    assert receiver.lirc and receiver.event
    with lirc.opened(receiver.lirc) as fd, open(receiver.event, "rb") as event:
        return (scancodes.read_table(event.fileno()), discovery.read_protocols(receiver.rc)[0], lirc.timeout(fd))


def scan(code: int) -> tuple[str, int, int]:
    return ("EV_MSC", ecodes.MSC_SCAN, code)


def test_keys(served: tuple[Receiver, Keys]) -> None:
    receiver, keys = served
    ir_ctl(receiver, "-S", "nec:0x408")
    assert keys.until_quiet() == [scan(0x408), ("EV_KEY", ecodes.KEY_1, 1), ("EV_KEY", ecodes.KEY_1, 0)]
    ir_ctl(receiver, "-S", "rc5:0x1e3b")
    assert keys.until_quiet() == [scan(0x1E3B), ("EV_KEY", ecodes.KEY_SELECT, 1), ("EV_KEY", ecodes.KEY_SELECT, 0)]
    ir_ctl(receiver, "-S", "nec:0x499")
    assert keys.until_quiet() == [scan(0x499)]


def test_a_held_key(served: tuple[Receiver, Keys]) -> None:
    receiver, keys = served
    transmit(receiver, press(catalogue()["nec"].irp, {"D": 4, "F": 8}, 3))
    events = keys.until_quiet()
    assert [event for event in events if event[0] == "EV_KEY"] == [("EV_KEY", ecodes.KEY_1, 1), ("EV_KEY", ecodes.KEY_1, 0)]
    assert events.count(scan(0x408)) == 4


def proc(pid: object, *fields: str) -> list[int]:
    values = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return [int(values[field].split()[0], 16 if field == "CapEff" else 10) for field in fields]


def test_small_asleep_and_without_privileges(served: tuple[Receiver, Keys]) -> None:
    receiver, keys = served
    answer = control.call(receiver.rc, "status")
    assert answer is not None
    ir_ctl(receiver, "-S", "nec:0x408")
    assert keys.until_quiet()
    before = proc(answer["pid"], "voluntary_ctxt_switches", "nonvoluntary_ctxt_switches")
    assert keys.until_quiet(60.0 if LONG else 3.0) == []
    assert proc(answer["pid"], "voluntary_ctxt_switches", "nonvoluntary_ctxt_switches") == before
    memory, capabilities = proc(answer["pid"], "VmHWM", "CapEff")
    print(f"{answer['engine']}: {memory} kB at most")
    assert memory <= 20 * 1024
    assert capabilities == 1 << 12 | 1 << 38 | 1 << 39  # CAP_NET_ADMIN, CAP_PERFMON, CAP_BPF


def test_it_looks_like_rc_cores_device(served: tuple[Receiver, Keys]) -> None:
    receiver, keys = served
    ours, theirs = keys.device, evdev.InputDevice(str(receiver.event))
    assert ours.name == theirs.name and ours.info == theirs.info and ours.input_props() == theirs.input_props()
    assert ours.phys and ours.phys == (theirs.phys or f"{receiver.rc}/input0")
    mine, others = ours.capabilities(), theirs.capabilities()
    assert {kind: codes for kind, codes in mine.items() if kind != ecodes.EV_KEY} == {
        kind: codes for kind, codes in others.items() if kind != ecodes.EV_KEY}
    assert set(mine[ecodes.EV_KEY]) == {ecodes.KEY_1, ecodes.KEY_2, ecodes.KEY_SELECT}
    assert ours.repeat == theirs.repeat == (500, 125)
    theirs.close()


def test_autorepeat_is_the_input_cores_and_can_be_set(served: tuple[Receiver, Keys]) -> None:
    receiver, keys = served
    held = sends([min(duration, 25_000) for duration in press(catalogue()["nec"].irp, {"D": 4, "F": 8}, 16)])
    held(receiver)
    assert [event for event in keys.until_quiet() if event[2] == 2 and event[0] == "EV_KEY"]
    keys.device.repeat = (5000, 125)
    held(receiver)
    assert not [event for event in keys.until_quiet() if event[2] == 2 and event[0] == "EV_KEY"]


def test_rc_core_is_silent_and_gets_all_back(loopback: Receiver) -> None:
    discovery.write_protocols(loopback.rc, {"nec", "sony"})
    assert loopback.event
    with open(loopback.event, "rb") as event:
        scancodes.write_table(event.fileno(), {0x408: ecodes.KEY_9, 0x10: ecodes.KEY_A})
    before = state(loopback)
    answer = start(loopback, "bpf")
    assert state(loopback)[:2] == ({}, {"lirc"})
    theirs, ours = Keys(loopback.event), Keys(str(answer["event"]))
    ir_ctl(loopback, "-S", "nec:0x408")
    assert ("EV_KEY", ecodes.KEY_1, 1) in ours.until_quiet()
    assert theirs.until_quiet(0.1) == []
    ours.close()
    theirs.close()
    assert launch.stop(loopback.rc)
    assert state(loopback) == before
    assert kernel.saved(loopback.rc) is None
    assert not control.path(loopback.rc).exists()


def test_a_reload_keeps_the_device_and_a_wider_keymap_does_not(served: tuple[Receiver, Keys]) -> None:
    receiver, keys = served
    answer = control.call(receiver.rc, "status")
    assert answer is not None
    swapped = parse("protocols: [{protocol: nec, keys: {0x408: KEY_2, 0x409: KEY_1}}]", "swapped.yaml")
    assert start(receiver, answer["engine"], swapped)["event"] == answer["event"]
    ir_ctl(receiver, "-S", "nec:0x408")
    assert ("EV_KEY", ecodes.KEY_2, 1) in keys.until_quiet()
    wider = parse("protocols: [{protocol: nec, keys: {0x408: KEY_POWER}}]", "wider.yaml")
    now = start(receiver, answer["engine"], wider)
    assert now["pid"] == answer["pid"]
    other = Keys(str(now["event"]))
    ir_ctl(receiver, "-S", "nec:0x408")
    assert ("EV_KEY", ecodes.KEY_POWER, 1) in other.until_quiet()
    other.close()
    assert now["timeout"] == state(receiver)[2] == max(part.timeout for part in bundle.parts([wider], "native"))
    narrower = parse("protocols: [{protocol: rc5, keys: {0x1e3b: KEY_POWER}}]", "narrower.yaml")
    assert start(receiver, answer["engine"], narrower)["timeout"] == state(receiver)[2] == 7000


def test_unplugged_it_ends_and_leaves_nothing(loopback: Receiver) -> None:
    answer = start(loopback, "bpf")
    unplug()
    wait_for("the server to end", lambda: not Path(f"/proc/{answer['pid']}").exists() or ended(answer["pid"]))
    assert not Path(str(answer["event"])).exists()
    kernel.clean(loopback.rc)
    assert [path.name for path in kernel.RUN.glob("*")] == ["lock"]


def test_its_input_device_is_taken_away(loopback: Receiver) -> None:
    """Nothing can be written any more: it ends, so that systemd starts it again, and the receiver has what it had, should nobody."""
    before = state(loopback)
    pid = int(str(start(loopback, "bpf")["pid"]))
    ours = next(int(path.name) for path in Path(f"/proc/{pid}/fd").iterdir() if os.readlink(path) == uinput.PATH)
    process = os.pidfd_open(pid)
    device = ctypes.CDLL(None).syscall(PIDFD_GETFD, process, ours, 0)
    fcntl.ioctl(device, DEV_DESTROY)
    ir_ctl(loopback, "-S", "nec:0x408")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == serving.CRASHED
    assert state(loopback) == before and kernel.saved(loopback.rc) is None
    os.close(device)
    os.close(process)


def test_another_receiver_of_its_name_is_left_alone(loopback: Receiver) -> None:
    """It was pulled out and another plugged in and loaded before the process was told to stop."""
    job = launch.prepare(loopback, [parse(KEYMAP, "guest.yaml")], Choice("bpf", "a test wants it"), CACHE)[0]
    assert not launch.take(loopback, job)
    taken = state(loopback)
    serving._restore(replace(job, identity=job.identity - 1))
    assert state(loopback) == taken and kernel.saved(loopback.rc)
    serving._restore(job)
    assert state(loopback) != taken and kernel.saved(loopback.rc) is None


def ended(pid: object) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] == "Z"


def test_killed_it_is_taken_back_by_the_next(loopback: Receiver) -> None:
    before = state(loopback)
    for engine in ("bpf", "python", "bpf"):
        answer = start(loopback, engine)
        os.kill(int(str(answer["pid"])), signal.SIGKILL)
        os.waitpid(int(str(answer["pid"])), 0)
        assert control.call(loopback.rc, "status") is None
        assert state(loopback)[:2] == ({}, {"lirc"})
    assert start(loopback, "bpf")
    assert launch.stop(loopback.rc)
    assert state(loopback) == before
    start(loopback, "bpf")
    assert (pid := control.call(loopback.rc, "status"))
    os.kill(pid["pid"], signal.SIGKILL)
    os.waitpid(pid["pid"], 0)
    kernel.take_back(loopback)
    assert state(loopback) == before


def test_without_uinput_nothing_is_changed(loopback: Receiver) -> None:
    before = state(loopback)
    hidden = Path("/dev/uinput-hidden")
    Path(uinput.PATH).rename(hidden)
    try:
        with pytest.raises(Error, match="uinput") as caught:
            start(loopback, "bpf")
        assert "modprobe uinput" in caught.value.hint
    finally:
        hidden.rename(uinput.PATH)
    assert state(loopback) == before


def test_a_broken_job_leaves_the_good_one_running(served: tuple[Receiver, Keys]) -> None:
    receiver, keys = served
    job = launch.prepare(receiver, [parse(KEYMAP, "guest.yaml")], Choice("bpf", "a test wants it"), CACHE)[0]
    broken = replace(job, objects=tuple(replace(one, instructions=bytes(16), relocations=()) for one in job.objects))
    with pytest.raises(Error, match="verifier refused"):
        control.call(receiver.rc, "job", broken.dump())
    ir_ctl(receiver, "-S", "nec:0x409")
    assert ("EV_KEY", ecodes.KEY_2, 1) in keys.until_quiet()


def test_a_pointer_written_by_hand(loopback: Receiver) -> None:
    answer = start(loopback, "bpf", parse("protocols: [{decoder: imon_rsc}]", "pointer.yaml"))
    device = evdev.InputDevice(str(answer["event"]))
    frame = [2000, *(value for bit in (0, 1, 0, 0) for value in (1800 if bit else 625, 625))]
    transmit(loopback, frame)
    wait_for("the pointer", lambda: select.select([device.fd], [], [], 0)[0])
    assert [(event.type, event.code, event.value) for event in device.read()] == [
        (ecodes.EV_REL, ecodes.REL_X, 4), (ecodes.EV_REL, ecodes.REL_Y, -4), (0, 0, 0)]
    device.close()
    launch.stop(loopback.rc)
    with pytest.raises(Error, match="Python engine"):
        start(loopback, "python", parse("protocols: [{decoder: imon_rsc}]", "pointer.yaml"))


def test_started_twice_at_once_one_serves(loopback: Receiver) -> None:
    """udev's unit and a person: neither finds a server yet, so each starts one. The second leaves its job to the first."""
    before = state(loopback)
    job = launch.prepare(loopback, [parse(KEYMAP, "guest.yaml")], Choice("bpf", "a test wants it"), CACHE)[0]
    last = launch.prepare(loopback, [parse("protocols: [{protocol: nec, keys: {0x408: KEY_2}}]", "last.yaml")], Choice("bpf", "it"), CACHE)[0]
    assert not launch.take(loopback, job) and not launch.take(loopback, last)
    first = launch.spawn(job)
    launch.spawn(last)
    answer = control.call(loopback.rc, "status")
    assert answer and answer["pid"] == first and answer["names"] == ["last"]
    assert state(loopback)[:2] == ({}, {"lirc"})
    keys = Keys(answer["event"])
    ir_ctl(loopback, "-S", "nec:0x408")
    assert keys.until_quiet() == [scan(0x408), ("EV_KEY", ecodes.KEY_2, 1), ("EV_KEY", ecodes.KEY_2, 0)]
    keys.close()
    assert launch.stop(loopback.rc)
    assert state(loopback) == before


def test_the_one_that_systemd_started_does_not_leave_it_to_another(loopback: Receiver) -> None:
    """It lost the race: it ends so that the unit is started again, which then ends the other first."""
    job = launch.prepare(loopback, [parse(KEYMAP, "guest.yaml")], Choice("bpf", "a test wants it"), CACHE)[0]
    assert not launch.take(loopback, job)
    pid = launch.spawn(job)
    _, arguments = launch._command(replace(job, names=("unit",)))
    done = subprocess.run(arguments, pass_fds=[int(arguments[-1])], env={**os.environ, "NOTIFY_SOCKET": "@nobody"}, check=False)
    assert done.returncode == serving.CRASHED
    answer = control.call(loopback.rc, "status")
    assert answer and answer["pid"] == pid and answer["names"] == ["guest"]
    assert not launch.take(loopback, job, stays=True)
    assert control.call(loopback.rc, "status") is None
    kernel.take_back(loopback)


def test_loaded_while_the_old_server_ends(loopback: Receiver) -> None:
    """What the old one gives back, it gives back before the new one takes it."""
    before = state(loopback)
    for _ in range(10):
        os.kill(int(str(start(loopback, "bpf")["pid"])), signal.SIGTERM)
        start(loopback, "bpf")
        assert state(loopback)[:2] == ({}, {"lirc"}) and kernel.saved(loopback.rc)
        assert launch.stop(loopback.rc)
        assert state(loopback) == before


@contextmanager
def by_pipe(receiver: Receiver, folder: Path, heard: bytes, watchdog: int = 0) -> Iterator[userspace.Server]:
    """A server that has heard this: by a pipe, since the receiver here ends by a timeout whatever it is sent."""
    os.mkfifo(folder / "pipe")
    job = launch.prepare(receiver, [parse(KEYMAP, "guest.yaml")], Choice("bpf", "a test wants it"), CACHE)[0]
    with control.listen("rc77") as listening:
        server = userspace.Server(replace(job, rc="rc77", lirc=str(folder / "pipe")), listening, watchdog)
        assert os.write(server.lirc, heard) == len(heard)
        serving = threading.Thread(target=server.loop)
        try:
            serving.start()
            yield server
        finally:
            control.call("rc77", "stop")
            serving.join()
            server.close()
    kernel.clean("rc77")


def test_it_says_that_it_lives_while_noise_never_ends(tmp_path: Path, loopback: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lamp: edges and edges, no silence among them."""
    noise = struct.pack("=2I", Sample(Kind.PULSE, 100).word, Sample(Kind.SPACE, 100).word) * 7500  # for 30 naps
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(20)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        with by_pipe(loopback, tmp_path, noise, 1000) as server:
            assert [systemd.recv(100), systemd.recv(100)] == [b"WATCHDOG=1"] * 2
            heard = server.intake.samples
    assert 0 < heard < len(noise) // 4


def test_a_key_let_go_while_the_machine_was_busy_is_pressed_twice(served: tuple[Receiver, Keys]) -> None:
    """The second press and the end of the first are seen in the same moment."""
    receiver, keys = served
    answer = control.call(receiver.rc, "status")
    assert answer is not None
    frame = press(catalogue()["nec"].irp, {"D": 4, "F": 8}, 0)
    transmit(receiver, frame)
    down = until_down(keys)
    os.kill(answer["pid"], signal.SIGSTOP)
    time.sleep(0.5)  # what is tested is that time goes by
    transmit(receiver, frame)
    os.kill(answer["pid"], signal.SIGCONT)
    events = [*down, *keys.until_quiet()]
    assert [value for kind, _, value in events if kind == "EV_KEY" and value != 2] == [1, 0, 1, 0]


def test_a_frame_that_no_timeout_of_the_driver_ends(tmp_path: Path, loopback: Receiver) -> None:
    """The last pulse, and then nothing: the silence is measured here, and makes the frame complete."""
    frame = from_durations(press(catalogue()["nec"].irp, {"D": 4, "F": 8}, 0))[:67]
    assert frame[-1].kind == Kind.PULSE
    with by_pipe(loopback, tmp_path, b"") as server:
        assert server.device
        keys = Keys(server.device.node)
        os.write(server.lirc, struct.pack(f"={len(frame)}I", *[sample.word for sample in frame]))
        wait_for("the key", lambda: select.select([keys.device.fd], [], [], 0)[0])
        assert keys.until_quiet() == [scan(0x408), ("EV_KEY", ecodes.KEY_1, 1), ("EV_KEY", ecodes.KEY_1, 0)]
        keys.close()
