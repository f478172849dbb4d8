"""Recording: signals from a receiver or a text, kept as trace files with where they come from. It prints and decodes nothing."""

from __future__ import annotations

import datetime
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from irbpf import lirc, trace
from irbpf.errors import Error
from irbpf.receiver import Receiver
from irbpf.signals import GAP_US, LATE_US, Signal, Splitter

LONGEST_NAME = 100
# the fields of a trace file: those that recording writes, and those that others add
FIELDS: Mapping[str, str] = {
    "recorded": "When, in UTC.", "receiver": "The name of the receiver.", "driver": "Its driver.",
    "resolution": "The steps in which it measures, where it says so.", "kernel": "The kernel it was recorded with.",
    "carrier": "The carrier in Hz, where the receiver can measure it.", "key": "The key that was pressed.",
    "read": "Of a recording that was a text before: when and from where it was read.",
    "sent by": "What sent it, where that was a program.",
    "keymap": "The file, beside the trace, of the keymap that it is for; without it, it is for a protocol of the catalogue.",
    "expect": "A press that it must be decoded to; one line for each, in order. It is PROTOCOL:SCANCODE, and after it, where they matter, "
              "toggle=0 or toggle=1, repeats=N (events that say that the key is still held) and key=KEY_NAME. 'nothing' says that nothing "
              "may be decoded.",
}


def heard(fd: int, gap: int = GAP_US, seconds: float | None = None) -> Iterator[Signal]:
    """What a receiver hears, each signal when `gap` µs of silence followed it; for `seconds`, or until it is unplugged (errors.Gone)."""
    splitter = Splitter(gap)
    quiet = (gap + LATE_US) / 1_000_000
    end = None if seconds is None else time.monotonic() + seconds
    while end is None or time.monotonic() < end:
        wait = quiet if splitter.held or end is None else min(quiet, max(0.001, end - time.monotonic()))
        for sample in lirc.samples(fd, wait):
            if (signal := splitter.take(sample)) is not None:
                yield signal
            if end is not None and not splitter.held and time.monotonic() >= end:
                return
        if (signal := splitter.finish()) is not None:
            yield signal


def provenance(receiver: Receiver, resolution: int | None) -> dict[str, str]:
    """Where a recording comes from, as fields of a trace file."""
    system = os.uname()
    return {"recorded": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC"),
            "receiver": _line(receiver.name), "driver": receiver.driver,
            **({"resolution": f"{resolution} µs"} if resolution else {}), "kernel": f"{system.sysname} {system.release}"}


def imported(origin: str, lines: Sequence[str] = ()) -> dict[str, str]:
    """The same for a recording that was a text before; a trace keeps what it says of itself, but not what it must be decoded to."""
    fields = trace.parse("".join(lines), origin, origin).provenance if lines and lines[0].rstrip("\n") == trace.FIRST else {}
    return {**fields, "read": f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d} from {_line(origin)}"}


def _line(text: str) -> str:
    return " ".join(text.split())


@dataclass
class Store:
    """Keeps signals in the file `name`, or, in a folder (one that is there, or a name that ends in /), one for each, `KEY-1.trace` and so on.

    Each signal is on the disk as soon as it is added, and no reader ever sees half a file.
    """

    name: str
    provenance: Mapping[str, str]
    key: str | None = None
    force: bool = False
    signals: list[Signal] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.target = Path(self.name)
        self.folder = self.target.is_dir() or self.name.endswith("/")
        self.stem = (self.key or "signal")[:LONGEST_NAME].replace("/", "_")
        if not self.force and (there := next(self.existing(), None)) is not None:
            raise Error(f"{there} is there already", "another name, or --force to overwrite it")

    def existing(self) -> Iterator[Path]:
        if self.folder:
            yield from self.target.glob(f"{self.stem}-*.trace")
        elif self.target.exists():
            yield self.target

    def add(self, signal: Signal) -> Path:
        """The file that `signal` is in."""
        self.signals.append(signal)
        first = self.folder or len(self.signals) == 1
        path = self.target / f"{self.stem}-{len(self.signals)}.trace" if self.folder else self.target
        put(path, text([signal] if self.folder else self.signals, self.provenance, self.key), fresh=first and not self.force)
        return path


def text(signals: list[Signal], provenance: Mapping[str, str], key: str | None = None) -> str:
    """A trace file of `signals`; the carrier is the one that was measured last."""
    carrier = next((signal.carrier for signal in reversed(signals) if signal.carrier), None)
    fields = {**provenance, **({"carrier": f"{carrier} Hz"} if carrier else {}), **({"key": key} if key else {})}
    return trace.text([signal.samples for signal in signals], None, fields)


def put(path: Path, content: str, fresh: bool) -> None:
    """Write a whole file at once; `fresh`: Error if there is one of that name. A device or folder is never replaced, nor a link."""
    temporary = ""
    path = path.resolve() if path.is_symlink() else path  # what it points to, not the link
    if path.exists() and not path.is_file():
        raise Error(f"{path} is no file, and is not replaced", "name a file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fd, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        with os.fdopen(fd, "w") as file:
            file.write(content)
            file.flush()
            os.fchmod(fd, 0o644)
            os.fsync(fd)
        if fresh:
            os.link(temporary, path)
        else:
            os.replace(temporary, path)
            temporary = ""
    except FileExistsError as error:
        raise Error(f"{path} is there already", "another name, or --force to overwrite it") from error
    except OSError as error:
        raise Error(f"{path}: {error.strerror}", "check the folder and its permissions") from error
    finally:
        if temporary:
            with suppress(OSError):
                os.unlink(temporary)
