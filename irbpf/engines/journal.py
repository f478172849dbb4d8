"""What is known of receivers between two runs, and who may change one now. It opens no receiver.

/run/irbpf/rcN.json says what a receiver had before we came, what is ours on it, and, while a change is under way, what to go back
to; our programs are pinned under /sys/fs/bpf/irbpf/rcN. So any later run can finish what a killed one began.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from irbpf import discovery
from irbpf.errors import Error

RUN = Path(os.environ.get("IRBPF_RUN_DIR", "/run/irbpf"))
PINS = Path("/sys/fs/bpf/irbpf")


@dataclass(frozen=True)
class Settings:
    """What loading changes, programs apart: (scancode, keycode), the kernel's decoders, the timeout in µs if there is one."""

    table: list[tuple[int, int]]
    protocols: list[str]
    timeout: int | None


@dataclass(frozen=True)
class Saved:
    """A receiver that we changed. `identity` tells it from another that gets the same name later; `before` is what it had
    before us; `pins` are the programs in force. A change under way has `back`, what to go back to, and `coming`, the programs
    that it brings; `needs` is the timeout (µs) that the protocols want; `engine` makes the keys, and `why` it was chosen."""

    identity: int
    before: Settings
    names: list[str]
    pins: list[str]
    needs: int = 0
    coming: list[str] | None = None
    back: Settings | None = None
    engine: str = "kernel"
    why: str = ""


def state_file(rc: str) -> Path:
    return RUN / f"{rc}.json"


def saved(rc: str) -> Saved | None:
    """What is known of a receiver; None if nothing of ours is on it. `Gone` if it is."""
    identity = discovery.identity(rc)
    try:
        values = json.loads(state_file(rc).read_text())
        values["before"] = _settings(values["before"])
        values["back"] = _settings(values["back"])
        state = Saved(**values)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return state if state.identity == identity else None


def _settings(values: dict[str, object] | None) -> Settings | None:
    return None if values is None else Settings(**values)  # type: ignore[arg-type]


def write(rc: str, state: Saved) -> None:
    """Keep it, as a whole or not at all. /run is memory, so there is nothing to flush."""
    new = state_file(rc).with_suffix(".new")
    try:
        new.write_text(json.dumps(asdict(state)))
        new.rename(state_file(rc))
    except OSError as error:
        raise Error(f"{state_file(rc)}: {error.strerror}", "without it the receiver could not be given back what it had") from error


def forget(rc: str) -> None:
    """Nothing of ours is left on it."""
    for path in (state_file(rc), state_file(rc).with_suffix(".new")):
        remove(path)
    with suppress(OSError):
        (PINS / rc).rmdir()


def remove(path: Path) -> None:
    """A pin or a file of ours, if it is there."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise Error(f"{path}: {error.strerror}", "run it as root") from error


@contextmanager
def locked(rc: str) -> Iterator[None]:
    """One at a time for each receiver: udev, a person and a timer may all come at once. Signals that would end us wait meanwhile;
    it takes milliseconds."""
    signals = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    try:
        with _flock("lock", fcntl.LOCK_SH), _flock(f"{rc}.lock", fcntl.LOCK_EX):
            yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, signals)


@contextmanager
def _flock(name: str, how: int) -> Iterator[None]:
    """For root only: whoever may open the file can keep others waiting."""
    try:
        RUN.mkdir(mode=0o755, parents=True, exist_ok=True)
        fd = os.open(RUN / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Error(f"{RUN}: {error.strerror}", "run it as root") from error
    try:
        fcntl.flock(fd, how)
        yield
    finally:
        os.close(fd)


def locked_place(rc: str) -> AbstractContextManager[None]:
    """One at a time may become the process that serves it. `locked` will not do: a server that ends needs that to give the receiver
    back, while it lets wait who asks whether it is there."""
    return _flock(f"{rc}.socket.lock", fcntl.LOCK_EX)


def clean(rc: str | None = None) -> None:
    """Receivers that are gone took their programs with them; their pins and states go now (those of `rc`, or of all)."""
    if not (RUN / "lock").exists():
        return
    with _flock("lock", fcntl.LOCK_EX):  # nobody is at work on any
        for name in [rc] if rc is not None else _known():
            if (discovery.RC / name).exists():
                continue
            for path in [*(PINS / name).glob("*"), *(RUN / f"{name}.{end}" for end in ("lock", "socket", "socket.lock"))]:
                remove(path)
            forget(name)


def forget_unplugged(rc: str, identity: int) -> None:
    """The receiver of that identity is known to be unplugged: its programs are gone, and what is kept of it goes. sysfs may show it
    a moment longer (its nodes go before it does, and of its own end there is no event), or another of its name."""
    with locked(rc):
        try:
            same = json.loads(state_file(rc).read_text())["identity"] == identity
        except (OSError, ValueError, TypeError, KeyError):
            same = False
        if same:
            for path in (PINS / rc).glob("*"):
                remove(path)
            forget(rc)


def forget_gone(rc: str) -> bool:
    """Clean up after a receiver that is gone; False if it is there, or nothing is known of it."""
    if (discovery.RC / rc).exists() or rc not in _known():
        return False
    clean(rc)
    return True


def _known() -> list[str]:
    names = {path.name.partition(".")[0] for folder in (RUN, PINS) for path in folder.glob("rc*")}
    return sorted(name for name in names if re.fullmatch(r"rc\d+", name))
