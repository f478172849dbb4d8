"""Runs commands inside the test kernel, on the host's own files behind an overlay. It builds no kernel."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
JOB = "/irbpf-job"  # where the guest sees the folder that it shares with the host

INIT = """#!/bin/busybox sh
# The host's files are the root, read-only under an overlay; only the job's folder is shared.
B=/bin/busybox
$B mount -t tmpfs none /mnt
$B mkdir /mnt/up /mnt/work /mnt/root
$B mount -t overlay -o lowerdir=/,upperdir=/mnt/up,workdir=/mnt/work overlay /mnt/root
cd /mnt/root
$B mount -t proc proc proc
$B mount -t sysfs sysfs sys
$B mount --move /dev dev
$B mkdir -p dev/pts dev/shm run irbpf-job
$B mount -t tmpfs none run
$B mount -t devpts devpts dev/pts
$B mount -t tmpfs none dev/shm
$B mount -t tmpfs none tmp
$B mount -t bpf bpf sys/fs/bpf
$B mount -t hostfs none irbpf-job -o {job}
{last}
"""
SYSTEMD = """$B mkdir -p run/systemd/system
$B cp irbpf-job/irbpf-job.service run/systemd/system/
exec $B chroot . /lib/systemd/systemd --unit=irbpf-job.service"""
SERVICE = f"""[Unit]
Description=The job
Wants=systemd-udevd.service systemd-udev-trigger.service systemd-journald.service
After=systemd-udevd.service systemd-udev-trigger.service systemd-journald.service

[Service]
Type=oneshot
TimeoutStartSec=infinity
StandardInput=null
ExecStart=/bin/sh -c '/bin/sh {JOB}/command > {JOB}/output 2>&1; echo $? > {JOB}/status; /bin/busybox poweroff -f'
"""
RUN = """$B chroot . /bin/sh /irbpf-job/command > {job}/output 2>&1
echo $? > {job}/status
$B poweroff -f"""


@dataclass(frozen=True)
class Done:
    """How a command ended in the guest: `status` None if it never ended. `console` is what the kernel printed."""

    status: int | None
    output: str
    console: str
    folder: Path


def kernel_folder() -> Path | None:
    """Where the built kernel is, or None."""
    done = subprocess.run([HERE / "build", "--where"], capture_output=True, text=True, check=False)
    return Path(done.stdout.strip()) if done.returncode == 0 else None


def run(command: Sequence[str], timeout: float = 600, env: Mapping[str, str] | None = None, image: str = "linux",
        systemd: bool = False) -> Done:
    """Boot, run `command` in the checkout as root, power off. A guest that hangs is killed after `timeout` seconds.

    With `systemd` that is process 1, and the command is a unit; else there is nothing but the command.

    `image` "linux-stock" is the kernel without BPF_LIRC_MODE2. Two emulated USB sockets are there (tests/kernel/usb).
    """
    kernel = kernel_folder()
    if kernel is None:
        raise RuntimeError("the test kernel is not built: tests/kernel/build")
    folder = Path(tempfile.mkdtemp(prefix="irbpf-vm-"))
    folder.chmod(0o755)
    for module in kernel.glob("*.ko"):
        (folder / module.name).write_bytes(module.read_bytes())
    variables = {"PATH": "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8", "IRBPF_IN_VM": "1",
                 "PYTHONDONTWRITEBYTECODE": "1", "SYSTEMD_IGNORE_CHROOT": "1", **(env or {})}
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
    (folder / "command").write_text(f"{exports}cd {shlex.quote(str(ROOT))}\nip link set lo up 2>/dev/null\n{shlex.join(command)}\n")
    init = folder / "init"
    init.write_text(INIT.format(job=folder, last=SYSTEMD if systemd else RUN.format(job=JOB.lstrip("/"))))
    (folder / "irbpf-job.service").write_text(SERVICE)
    init.chmod(0o755)
    console = folder / "console"
    with console.open("wb") as log, subprocess.Popen(
            [str(kernel / image), "mem=1500M", "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "rw", f"init={init}",
             "con=null", "con0=fd:0,fd:1", "quiet", "loglevel=4", "dummy_hcd.num=2",
             "systemd.unified_cgroup_hierarchy=1", "systemd.show_status=false"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            env={**os.environ, "TMPDIR": "/dev/shm"}) as process:
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
    status = folder / "status"
    output = folder / "output"
    return Done(int(status.read_text()) if status.exists() and status.read_text().strip() else None,
                output.read_text(errors="replace") if output.exists() else "", console.read_text(errors="replace"), folder)
