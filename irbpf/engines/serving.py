"""The small process that serves a receiver, from its first line to its last: it is started by `irbpf.engines.launch`, with the job in a file.

It imports little, and nothing that compiles or reads keymaps.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from contextlib import suppress

from irbpf import discovery
from irbpf.engines import control, journal, kernel
from irbpf.engines.job import Job
from irbpf.engines.userspace import CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON, Server, drop_capabilities
from irbpf.errors import Error, Gone


CRASHED = 70  # the unit is started again after this; not after 1, which would come again


def main() -> int:
    job = _job(int(sys.argv[1]))
    try:
        listening = control.listen(job.rc)
    except control.Served:
        return _leave_it(job)
    except Error as error:
        _restore(job)
        return _failed(error)
    with listening:
        try:
            return _live(job, listening)
        finally:  # who asks from now on is not served, and before now waits until the receiver has all back
            with suppress(OSError):
                control.path(job.rc).unlink()


def _live(job: Job, listening: socket.socket) -> int:
    try:
        told = serve(job, listening)
    except Error as error:
        _restore(job)
        return _failed(error)
    except Exception:
        sys.excepthook(*sys.exc_info())
        _restore(job)  # nobody may be there to start it again
        return CRASHED
    if told:
        _restore(job)
    else:
        journal.forget_unplugged(job.rc, job.identity)
    return 0


def _leave_it(job: Job) -> int:
    """Another was started at the same time and was the first; it takes the job on, since whoever comes last is right. But systemd, if
    it started this one, has to have the one that serves: it starts the unit again, which then ends the other."""
    if "NOTIFY_SOCKET" in os.environ:
        return CRASHED
    try:
        if control.call(job.rc, "job", job.dump()) is None:
            raise Error(f"{job.rc}: the process that served it ended meanwhile", "load it again")
    except Error as error:
        return _failed(error)
    _ready(job)
    return 0


def _ready(job: Job) -> None:
    control.notify(f"READY=1\nSTATUS={', '.join(job.names)} by the engine {job.engine}")
    _say({})


def _failed(error: Error) -> int:
    _say({"message": error.message, "hint": error.hint})
    return 1


def _job(fd: int) -> Job:
    with os.fdopen(fd, "rb") as file:
        file.seek(0)
        return Job.read(file.read())


def serve(job: Job, listening: socket.socket) -> bool:
    """Until told to stop (True) or unplugged (False)."""
    server = Server(job, listening, int(os.environ.get("WATCHDOG_USEC", "0")) // 2)
    try:
        drop_capabilities((CAP_NET_ADMIN, CAP_PERFMON, CAP_BPF))
        _ready(job)
        return server.run()
    finally:
        control.notify("STOPPING=1")
        server.close()


def _say(what: dict[str, str]) -> None:
    """To whoever started this and waits (launch.spawn); then it speaks to nobody any more."""
    if "say" in sys.argv[2:]:
        print(json.dumps(what), flush=True)
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        os.close(nowhere)
    elif what:
        print(f"irbpf: {Error(**what)}", file=sys.stderr)


def _restore(job: Job) -> None:
    """Give the receiver back what it had; what cannot be given back now, the next run gives. Another may have its name by now, and what
    that has is not ours."""
    with suppress(Error, OSError):
        try:
            same = discovery.identity(job.rc) == job.identity
        except Gone:
            same = False
        if same:
            kernel.take_back(discovery.receiver(job.rc))
        else:
            journal.forget_unplugged(job.rc, job.identity)
