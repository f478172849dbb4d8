"""Which distribution this is, what it calls the packages that we need, and how its kernel is configured. It installs nothing."""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/")

# by what os-release says in ID or ID_LIKE: how to install, and the names of what we use, in the order of _USED
_USED = ("bcc", "evdev", "pyudev", "yaml", "systemd", "libbpf", "headers")
_PACKAGES = {
    "debian": ("apt install", "python3-bpfcc", "python3-evdev", "python3-pyudev", "python3-yaml", "python3-systemd", "libbpf1", "linux-libc-dev"),
    "fedora": ("dnf install", "python3-bcc", "python3-evdev", "python3-pyudev", "python3-pyyaml", "python3-systemd", "libbpf", "kernel-headers"),
    "suse": ("zypper install", "python3-bcc", "python3-evdev", "python3-pyudev", "python3-PyYAML", "python3-systemd", "libbpf1",
             "linux-glibc-devel"),
    "arch": ("pacman -S", "python-bcc", "python-evdev", "python-pyudev", "python-yaml", "python-systemd", "libbpf", "linux-api-headers"),
}
# where CONFIG_RC_CORE is a module, so CONFIG_BPF_LIRC_MODE2 cannot be set; and how a kernel of one's own is built there
_MODULAR = {
    "debian": "apt install linux-source; in its tree: scripts/config -e RC_CORE -e LIRC -e BPF_LIRC_MODE2 && make bindeb-pkg",
    "suse": "zypper install kernel-source; in its tree: scripts/config -e RC_CORE -e LIRC -e BPF_LIRC_MODE2 && make rpm-pkg",
}
_ANY_KERNEL = "build a kernel with CONFIG_RC_CORE=y, CONFIG_LIRC=y, CONFIG_BPF_SYSCALL=y and CONFIG_BPF_LIRC_MODE2=y"


@dataclass(frozen=True)
class Distribution:
    """`name` for people; `families` are ID and ID_LIKE of os-release, the closest first."""

    name: str
    families: tuple[str, ...]

    def _known(self, table: Mapping[str, object]) -> str | None:
        return next((known for family in self.families for known in table if family == known or family.startswith(f"open{known}")), None)

    def install(self, *things: str) -> str:
        """The command that installs `things` (of bcc, evdev, pyudev, yaml, systemd, libbpf, headers)."""
        known = self._known(_PACKAGES)
        if known is None:
            return f"install {' and '.join(things)} for Python" if set(things) <= {"bcc", "evdev", "pyudev", "yaml", "systemd"} else (
                f"install {' and '.join(things)}")
        command, *names = _PACKAGES[known]
        return f"{command} {' '.join(names[_USED.index(thing)] for thing in things)}"

    def kernel(self, config: Mapping[str, str]) -> str:
        """What would give this machine a kernel that attaches BPF decoders to receivers."""
        known = self._known(_MODULAR)
        return (f"the kernels of {self.name} lack it (CONFIG_RC_CORE={config.get('RC_CORE', 'm')}). {_MODULAR[known]}" if known is not None
                else _ANY_KERNEL)


def distribution(root: Path = ROOT) -> Distribution:
    """Of this machine, or of what lies under `root`."""
    for path in (root / "etc/os-release", root / "usr/lib/os-release"):
        try:
            text = path.read_text()
        except OSError:
            continue
        values: dict[str, str] = {name: value.strip("\"'") for name, value in re.findall(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE)}
        return Distribution(values.get("NAME", "this Linux"),
                            (values.get("ID", "linux"), *values.get("ID_LIKE", "").split()))
    return Distribution("this Linux", ())


def kernel_config(root: Path = ROOT, release: str | None = None) -> dict[str, str]:
    """Option (without CONFIG_) -> value, of the kernel that runs; empty where it is nowhere to be read."""
    release = release or os.uname().release
    try:
        text = gzip.decompress((root / "proc/config.gz").read_bytes()).decode()
    except (OSError, EOFError, ValueError):
        places = (root / f"boot/config-{release}", root / f"usr/lib/modules/{release}/config", root / f"lib/modules/{release}/config")
        text = next((path.read_text(errors="replace") for path in places if path.is_file()), "")
    return dict(re.findall(r"^CONFIG_(\w+)=(.*)$", text, re.MULTILINE))


def confined(root: Path = ROOT) -> str | None:
    """What kind of container this is, if it is one without rights of its own on the kernel."""
    try:
        mapped = (root / "proc/self/uid_map").read_text().split()
    except OSError:
        return None
    return None if mapped[:3] == ["0", "0", "4294967295"] or not mapped else "an unprivileged container (a user namespace)"


def lockdown(root: Path = ROOT) -> str:
    """none, integrity or confidentiality."""
    try:
        found = re.search(r"\[(\w+)\]", (root / "sys/kernel/security/lockdown").read_text())
    except OSError:
        return "none"
    return found[1] if found else "none"
