"""A receiver's life with the kernel engine, broken off at every step: failing calls, kill -9, signals, unplugging."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from evdev import ecodes

from irbpf import bpf, discovery, lirc, scancodes
from irbpf.cli import main
from irbpf.engines import holding, kernel
from irbpf.errors import Error, Gone
from irbpf.receiver import Receiver
from tests.kernel.guest.conftest import bpf_ids, ir_ctl, keys_of, plug, unplug, wait_for
from tests.kernel.guest.steps import leftovers, stepping
from tests.kernel.usb.plug import plugged

NEW = """
name: new
protocols:
  - {protocol: nec, keys: {0x408: KEY_1, 0x409: KEY_2}}
  - {protocol: rc5, keys: {0x1e3b: KEY_SELECT}}
"""
OLD = "{name: old, protocols: [{protocol: sony12, keys: {0x10015: KEY_POWER}}]}"
MOST_STEPS = 60


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRBPF_CACHE_DIR", "/tmp/irbpf-cache")


@pytest.fixture()
def new(tmp_path: Path) -> str:
    return written(tmp_path / "new.yaml", NEW)


@pytest.fixture()
def old(tmp_path: Path) -> str:
    return written(tmp_path / "old.yaml", OLD)


def written(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


Shape = tuple[tuple[str, ...], dict[int, int], frozenset[str], int | None, bool]


@contextmanager
def program_by_id(number: int) -> Iterator[int]:
    """The fd of the program with an id, for as long as the block lasts."""
    fd = bpf._call("bpf_prog_get_fd_by_id", ctypes.c_uint32(number))
    try:
        yield fd
    finally:
        os.close(fd)


def shape(receiver: Receiver) -> Shape:
    """All that loading changes, and whether we know of it; programs by name, since each load makes new ones."""
    assert receiver.lirc and receiver.event
    names = []
    with lirc.opened(receiver.lirc) as fd, open(receiver.event, "rb") as event:
        for number in bpf.attached(fd):
            with program_by_id(number) as program:
                names.append(bpf.program_info(program)[1])
        return (tuple(names), scancodes.read_table(event.fileno()), frozenset(discovery.read_protocols(receiver.rc)[0]), lirc.timeout(fd),
                kernel.saved(receiver.rc) is not None)


def whole(receiver: Receiver) -> bool:
    """What is pinned is attached, and what is written down is pinned."""
    pins = sorted(path.name for path in (kernel.PINS / receiver.rc).glob("*"))
    state = kernel.saved(receiver.rc)
    condition = kernel.condition(receiver)
    return (state is None and not pins) or (state is not None and state.back is None and sorted(state.pins) == pins
                                            and len(condition.ours) == len(pins) and condition.foreign == 0)


def fresh_then_loaded(receiver: Receiver, new: str, old: str, loaded: bool) -> tuple[Shape, Shape]:
    """Put it into the state before the load of `new`; the shapes before and after that."""
    assert main(["load", receiver.rc, new]) == 0
    after = shape(receiver)
    again(receiver, old, loaded)
    return shape(receiver), after


def again(receiver: Receiver, old: str, loaded: bool) -> None:
    """Back to the state before the load of `new`."""
    assert main(["unload", receiver.rc]) == 0
    if loaded:
        assert main(["load", receiver.rc, old]) == 0


def in_child(do: Callable[[], object]) -> int:
    """Run it in a process of its own; the status that waitpid gives."""
    pid = os.fork()
    if pid == 0:
        os.close(1)
        os.close(2)
        os._exit(int(bool(do())))
    return os.waitpid(pid, 0)[1]


def breaking_off(receiver: Receiver, keymap: str, at: int, number: signal.Signals, after: bool) -> int:
    def load() -> int:
        with stepping(at, lambda: os.kill(os.getpid(), number), after=after):
            return main(["load", receiver.rc, keymap])

    return in_child(load)


def every_step(once: Callable[[int], bool]) -> None:
    """`once(at)` until it says that there are no more steps."""
    for at in range(MOST_STEPS):
        if not once(at):
            assert at > 5
            return
    raise AssertionError(f"more than {MOST_STEPS} steps")


@pytest.mark.parametrize("loaded", [False, True])
def test_killed_at_every_step(loopback: Receiver, new: str, old: str, loaded: bool, tmp_path: Path) -> None:
    """kill -9, then a load that cannot succeed: it repairs what it finds. After the last step, a load and an unload."""
    before, after = fresh_then_loaded(loopback, new, old, loaded)
    wrong = written(tmp_path / "wrong.yaml", "protocols: [{protocol: no-such}]")

    def once(at: int) -> bool:
        status = breaking_off(loopback, new, at, signal.SIGKILL, False)
        if status == 0:
            return False
        assert os.WTERMSIG(status) == signal.SIGKILL
        assert main(["load", loopback.rc, wrong]) == 1
        found = shape(loopback)
        assert found in (before, after), f"step {at}"
        if found == before:
            assert whole(loopback), f"step {at}"
        assert main(["load", loopback.rc, new]) == 0
        assert shape(loopback) == after
        assert whole(loopback)
        again(loopback, old, loaded)
        return True

    every_step(once)


def test_killed_while_it_unloads(loopback: Receiver, new: str, old: str) -> None:
    before, _ = fresh_then_loaded(loopback, new, old, False)

    def once(at: int) -> bool:
        assert main(["load", loopback.rc, new]) == 0

        def unload() -> int:
            with stepping(at, lambda: os.kill(os.getpid(), signal.SIGKILL)):
                return main(["unload", loopback.rc])

        killed = in_child(unload) != 0
        main(["unload", loopback.rc])
        assert shape(loopback) == before, f"step {at}"
        assert leftovers(kernel.PINS, kernel.RUN) == []
        return killed

    every_step(once)


def test_a_signal_waits_until_all_is_done(loopback: Receiver, new: str, old: str) -> None:
    before, after = fresh_then_loaded(loopback, new, old, False)

    def once(at: int) -> bool:
        status = breaking_off(loopback, new, at, signal.SIGTERM, False)
        assert status in (0, signal.SIGTERM)
        assert shape(loopback) == after
        assert whole(loopback)
        assert main(["unload", loopback.rc]) == 0
        assert shape(loopback) == before
        return status != 0

    every_step(once)


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("loaded", [False, True])
def test_each_step_fails_once(loopback: Receiver, new: str, old: str, loaded: bool, late: bool) -> None:
    """All or nothing: exit 1 leaves the old, exit 0 has brought the new."""
    before, after = fresh_then_loaded(loopback, new, old, loaded)

    def fail() -> None:
        raise Error("injected")

    def once(at: int) -> bool:
        with stepping(at, fail, after=late) as steps:
            code = main(["load", loopback.rc, new])
        assert shape(loopback) == (after if code == 0 else before), f"step {at}, exit {code}"
        if code == 0:
            again(loopback, old, loaded)
        else:
            assert whole(loopback)
        return steps.reached

    every_step(once)
    assert main(["unload", loopback.rc]) == int(not loaded)
    assert leftovers(kernel.PINS, kernel.RUN) == []


@pytest.mark.parametrize("verb", ["load", "unload"])
def test_unplugged_at_every_step(new: str, old: str, verb: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Each call meets a receiver that is gone: a plain word, no traceback, and nothing of it stays."""
    ids = bpf_ids()

    def once(at: int) -> bool:
        receiver = plug()
        assert main(["load", receiver.rc, old]) == 0
        capfd.readouterr()
        with stepping(at, unplug) as steps:
            code = main([verb, receiver.rc, *([new] if verb == "load" else [])])
        if steps.reached:
            said = capfd.readouterr().err
            assert (code == 1 and "gone" in said) or (code == 0 and verb == "unload"), f"step {at}: {said}"
        else:
            unplug()
        kernel.clean()
        assert leftovers(kernel.PINS, kernel.RUN) == []
        return steps.reached

    every_step(once)
    wait_for("the kernel to free what was attached", lambda: bpf_ids() == ids)


def test_two_loads_at_once(loopback: Receiver, new: str, old: str) -> None:
    """Whoever comes last wins, and nothing of the other stays."""
    command = [sys.executable, "-m", "irbpf", "load", loopback.rc]
    running = [subprocess.Popen([*command, keymap], stdout=subprocess.DEVNULL) for keymap in (new, old, new, old)]
    assert [one.wait() for one in running] == [0, 0, 0, 0]
    assert shape(loopback)[0] in (("rc5", "nec"), ("sony12",))  # in the order in which they are heard
    assert whole(loopback)


def test_the_timeout_is_set_after_the_protocols(loopback: Receiver, new: str) -> None:
    """Writing `protocols` resets it, so a load that did it the other way round would leave the kernel's own."""
    discovery.write_protocols(loopback.rc, {"nec", "rc-5", "sony", "xmp"})
    assert main(["load", loopback.rc, new]) == 0
    state = kernel.saved(loopback.rc)
    assert state is not None
    assert shape(loopback)[3] == state.needs != state.before.timeout


def test_a_name_that_another_receiver_has_now(loopback: Receiver, new: str, old: str) -> None:
    """rc0 is unplugged with no one to notice, and another becomes rc0: nothing of the first is taken for its own."""
    assert main(["load", loopback.rc, new]) == 0
    unplug()
    other = plug("rc-loopback2")
    try:
        assert other.rc == loopback.rc
        assert kernel.saved(other.rc) is None
        before = shape(other)
        assert main(["load", other.rc, old]) == 0
        assert shape(other)[0] == ("sony12",)
        assert whole(other)
        assert main(["unload", other.rc]) == 0
        assert shape(other) == before
    finally:
        unplug("rc-loopback2")


def test_a_state_that_was_lost(loopback: Receiver, new: str, old: str) -> None:
    """Without /run/irbpf the pins still say what is ours: it is not left attached beside the new."""
    assert main(["load", loopback.rc, new]) == 0
    for path in kernel.RUN.glob("*.json"):
        path.unlink()
    assert main(["load", loopback.rc, old]) == 0
    assert shape(loopback)[0] == ("sony12",)
    assert whole(loopback)


def test_a_full_disk(loopback: Receiver, new: str, capfd: pytest.CaptureFixture[str]) -> None:
    """What cannot be written down is not done."""
    before = shape(loopback)
    kernel.RUN.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "none", kernel.RUN], check=True)
    try:
        assert main(["load", loopback.rc, new]) == 1
    finally:
        subprocess.run(["umount", kernel.RUN], check=True)
    assert "Read-only" in capfd.readouterr().err
    assert shape(loopback) == before
    assert leftovers(kernel.PINS) == []


def test_a_query_is_not_made_on_a_receiver_that_is_gone(loopback: Receiver) -> None:
    """The kernel would read through a null pointer; the fixture that reads the kernel's log would see it."""
    with lirc.opened(str(loopback.lirc)) as fd:
        unplug()
        with pytest.raises(Gone):
            lirc.features(fd)
    with pytest.raises(Gone):
        kernel.condition(loopback)


def test_status_tells_what_is_wrong(loopback: Receiver, new: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["load", loopback.rc, new]) == 0
    state = kernel.saved(loopback.rc)
    assert state is not None
    fd = bpf.open_pinned(kernel.PINS / loopback.rc / state.pins[0])
    with lirc.opened(str(loopback.lirc)) as lirc_fd:
        bpf.detach(fd, lirc_fd)
    os.close(fd)
    capfd.readouterr()
    assert main(["status", loopback.rc]) == 0
    assert "1 of our programs are not attached any more" in capfd.readouterr().out
    breaking_off(loopback, new, 3, signal.SIGKILL, False)
    assert main(["status", loopback.rc]) == 0
    assert "broken off" in capfd.readouterr().out


HOLD = """
import sys
from irbpf.engines import holding
holding.DRIVERS = frozenset({"rc-loopback"})
from irbpf.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_a_driver_that_listens_only_while_it_is_open(loopback: Receiver, new: str, monkeypatch: pytest.MonkeyPatch,
                                                      capfd: pytest.CaptureFixture[str]) -> None:
    assert loopback.driver == "rc-loopback"
    monkeypatch.setattr(holding, "DRIVERS", frozenset({"rc-loopback"}))
    assert main(["load", loopback.rc, new]) == 0
    assert "--hold" in capfd.readouterr().err
    assert holding.holders(loopback) == []
    with subprocess.Popen([sys.executable, "-c", HOLD, "load", "--hold", loopback.rc, new], stdout=subprocess.DEVNULL) as held:
        try:
            wait_for("the holder", lambda: b"keeps rc0 listening" in Path(f"/proc/{held.pid}/cmdline").read_bytes())
            assert holding.holders(loopback) == [held.pid]
            assert main(["status", loopback.rc]) == 0
            assert f"irbpf keeps {loopback.rc} listening ({held.pid}) has" in capfd.readouterr().out
        finally:
            held.terminate()


def test_200_plug_cycles_leave_nothing(new: str) -> None:
    ids, fds = bpf_ids(), 0
    for cycle in range(201):
        receiver = plug()
        assert main(["load", receiver.rc, new]) == 0
        if cycle % 50 == 0:
            assert bpf_ids() != ids
            with keys_of(receiver) as keys:
                ir_ctl(receiver, "-S", "nec:0x408")
                assert ("EV_KEY", ecodes.KEY_1, 1) in keys.until_quiet(0.2)
        unplug()
        kernel.clean(receiver.rc)
        fds = fds or len(os.listdir("/proc/self/fd"))  # from the second on: evdev opens some for itself, once
    assert len(os.listdir("/proc/self/fd")) == fds
    assert leftovers(kernel.PINS, kernel.RUN) == []
    wait_for("the kernel to free what was attached", lambda: bpf_ids() == ids)


def test_the_programs_of_a_receiver_that_is_gone() -> None:
    """The kernel reads through a null pointer when it is asked for them, and panics."""
    with plugged("mceusb") as one, lirc.opened(str(one.receiver.lirc)) as fd:
        assert bpf.attached(fd) == []
        one.pull()
        one.gone()
        with pytest.raises(Gone):
            bpf.attached(fd)
