"""In a container, as engines for those make one: its own users, mounts, processes and /dev, where root is root of nothing but its own.

bpf(2) is closed there whatever the kernel has, so the Python interpreter makes the keys. A container is given the receiver's nodes, uinput
and a sysfs that can be written, no more.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from irbpf.engines import control
from irbpf.receiver import Receiver
from tests.conftest import ROOT
from tests.kernel.guest.conftest import wait_for
from tests.kernel.guest.test_stock_path import ONE, press_one
from tests.kernel.guest.test_userspace import KEYMAP, state

# The guest lives in a chroot (tests/kernel/vm.py), from where no user namespace can be made: out of it, and in again. Outside there is no
# /proc of this kernel.
ENTER = ["/usr/bin/nsenter", "--root=/proc/1/root", "--wd=/proc/1/root", "/usr/bin/unshare", "--mount", "/bin/sh", "-ec",
         "mount -t proc proc /proc; exec unshare --user --map-root-user --mount --pid --ipc --fork --kill-child "
         'chroot /mnt/root /bin/sh -ec "$0"']
INSIDE = """
mount -t proc proc /proc
mount -t tmpfs none /run
mount -t tmpfs none /tmp
mkdir /run/dev /run/dev/input
for node in null zero urandom uinput {nodes}; do
    touch /run/dev/$node
    mount --bind /dev/$node /run/dev/$node
done
mount --rbind /run/dev /dev
cd {root}
export IRBPF_CACHE_DIR=/tmp/cache
echo '{keymap}' > /tmp/guest.yaml
irbpf() {{ /usr/bin/python3 -m irbpf "$@"; }}
irbpf doctor >&2
irbpf load {rc} /tmp/guest.yaml >&2
irbpf status --json {rc}
read line
irbpf unload {rc} >&2
"""


@contextmanager
def container(receiver: Receiver) -> Iterator[tuple[dict[str, object], subprocess.Popen[str]]]:
    """What `irbpf status` says in it once it is loaded, and the container, which unloads and ends after a line."""
    nodes = " ".join(str(path).removeprefix("/dev/") for path in (receiver.lirc, receiver.event))
    script = INSIDE.format(nodes=nodes, root=ROOT, keymap=KEYMAP, rc=receiver.rc)
    with subprocess.Popen([*ENTER, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stderr
        try:
            said = process.stdout.readline()
            assert said, process.stderr.read()
            yield json.loads(said)[0], process
        finally:
            process.kill()


def test_from_lirc_to_key(loopback: Receiver) -> None:
    before = state(loopback)
    with container(loopback) as (found, process):
        server = found["server"]
        assert isinstance(server, dict) and found["engine"] == "python" and found["keymaps"] == ["guest"]
        assert "bpf" in str(found["why"]).lower() or "permitted" in str(found["why"])
        assert control.call(loopback.rc, "status") is None  # it has its own /run
        assert press_one(loopback, server["event"]) == ONE
        _, said = process.communicate("\n")
        assert process.returncode == 0, said
        assert "engine python: runs here" in said
    assert state(loopback) == before
    wait_for("its input device to go", lambda: not Path(server["event"]).exists())
