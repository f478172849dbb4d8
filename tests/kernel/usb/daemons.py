"""What runs beside the tests in the guest: systemd-udevd, and `irbpf watch`."""

from __future__ import annotations

import select
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import pytest

from tests.conftest import ROOT
from tests.kernel.guest.conftest import wait_for

DEADLINE = 60.0


@pytest.fixture()
def udev() -> Iterator[None]:
    """Debian's udevd, with its own rules."""
    with subprocess.Popen(["/lib/systemd/systemd-udevd"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as daemon:
        wait_for("udevd", Path("/run/udev/control").exists)
        yield
        daemon.terminate()
    Path("/run/udev/control").unlink(missing_ok=True)


class Watch:
    """`irbpf watch` as a process, and what it says."""

    def __enter__(self) -> Watch:
        self.program = subprocess.Popen(["/usr/bin/python3", "-m", "irbpf", "watch"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.line() == "watching"
        return self

    def line(self) -> str:
        assert self.program.stdout is not None
        assert select.select([self.program.stdout], [], [], DEADLINE)[0], "watch says nothing"
        return self.program.stdout.readline().strip()

    def status(self, name: str) -> int:
        """A number of /proc/PID/status, such as VmRSS in kB."""
        text = Path(f"/proc/{self.program.pid}/status").read_text()
        return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name}:"))

    def open_files(self) -> int:
        return len(list(Path(f"/proc/{self.program.pid}/fd").iterdir()))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.program.kill()
        self.program.wait()
        assert self.program.stdout is not None
        self.program.stdout.close()
