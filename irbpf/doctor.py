"""What this machine can do, and what would make it better, with the remedy of its distribution. It changes nothing."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from irbpf import bpf, discovery, distribution, engines, keytable, uinput
from irbpf.errors import Error


@dataclass(frozen=True)
class Finding:
    """`good` findings need nothing done; a remedy may stand by them all the same."""

    good: bool
    what: str
    remedy: str = ""


@dataclass(frozen=True)
class Machine:
    """What the remedies depend on."""

    distribution: distribution.Distribution
    config: dict[str, str]
    confined: str | None
    lockdown: str
    root: bool


def machine() -> Machine:
    return Machine(distribution.distribution(), distribution.kernel_config(), distribution.confined(), distribution.lockdown(),
                   os.geteuid() == 0)


def examine() -> list[Finding]:
    here, found = machine(), engines.probe()
    return [*_rights(here), _choice(), *(_engine(here, name, problem) for name, problem in found.items()), *kernel_options(here, found),
            *_packages(here), *surroundings(), *_receivers()]


def _rights(here: Machine) -> Iterator[Finding]:
    yield Finding(True, "runs as root") if here.root else Finding(False, "does not run as root", "sudo irbpf doctor")
    if here.confined:
        yield Finding(False, f"runs in {here.confined}: the kernel gives it neither BPF nor input devices",
                      "run irbpf on the host; programs in containers read the keys all the same, from /dev/input")
    if here.lockdown != "none":
        yield Finding(True, f"the kernel is locked down ({here.lockdown}); decoders are allowed all the same")


def _choice() -> Finding:
    try:
        return Finding(True, engines.choose().line)
    except Error as error:
        return Finding(False, error.message, error.hint)


def _engine(here: Machine, name: str, problem: Error | None) -> Finding:
    if problem is None:
        return Finding(True, f"engine {name}: runs here")
    return Finding(False, f"engine {name}: {problem.message.splitlines()[0]}", remedy(here, problem))


def remedy(here: Machine, problem: Error) -> str:
    """What to do about it on this machine."""
    if isinstance(problem, bpf.Unsupported):
        return here.distribution.kernel(here.config) + "; until then the other engines make the same keys"
    if uinput.PATH in problem.message:
        return _for_uinput(here, problem)
    if "libbpf" in problem.message:
        return here.distribution.install("libbpf")
    if here.confined:
        return "bpf(2) is closed in such a container; run irbpf on the host"
    if not here.root:
        return "sudo irbpf doctor"
    if here.config.get("BPF_SYSCALL", "y") != "y":
        return "build a kernel with CONFIG_BPF_SYSCALL=y"
    return problem.hint


def _for_uinput(here: Machine, problem: Error) -> str:
    if here.confined:
        return f"give the container the device {uinput.PATH}, or run irbpf on the host"
    if not here.root:
        return "sudo irbpf doctor"
    if here.config and here.config.get("INPUT_UINPUT") not in ("y", "m"):
        return "build a kernel with CONFIG_INPUT_UINPUT=m"
    return "modprobe uinput; to have it at each start: echo uinput > /etc/modules-load.d/uinput.conf"


def kernel_options(here: Machine, found: dict[str, Error | None], root: Path = Path("/")) -> Iterator[Finding]:
    """What the probes do not show; `root` is where /proc is."""
    if not here.config:
        yield Finding(True, "the kernel's configuration is nowhere to be read (/proc/config.gz, /boot/config-*)")
    elif here.config.get("LIRC") != "y" and not discovery.RC.exists():
        yield Finding(False, f"CONFIG_LIRC is {here.config.get('LIRC', 'not set')}: receivers have no /dev/lirc, so nothing can decode",
                      "build a kernel with CONFIG_RC_CORE and CONFIG_LIRC=y")
    jit = root / "proc/sys/net/core/bpf_jit_enable"
    if found["kernel"] is None or found["bpf"] is None:
        if not jit.exists() or jit.read_text().strip() == "0":
            yield Finding(True, "the kernel interprets BPF: decoders take some times longer than compiled",
                          "sysctl net.core.bpf_jit_enable=1" if jit.exists() else "a kernel with CONFIG_BPF_JIT=y")


def _packages(here: Machine) -> Iterator[Finding]:
    bcc = Path("/usr/lib/python3/dist-packages/bcc").is_dir() or importlib.util.find_spec("bcc") is not None
    yield Finding(bcc, "bcc compiles decoders" if bcc else "no bcc: decoders cannot be compiled, only those of irbpf build be loaded",
                  "" if bcc else here.distribution.install("bcc", "headers"))
    for module in ("evdev", "pyudev", "systemd"):
        there = importlib.util.find_spec(module) is not None
        yield Finding(there, f"the module {module}" if there else f"the module {module} is missing",
                      "" if there else here.distribution.install(module))


def surroundings(root: Path = Path("/")) -> Iterator[Finding]:
    """What is mounted and installed around it; `root` is where /proc is."""
    mounted = any(line.split()[1:3] == ["/sys/fs/bpf", "bpf"] for line in (root / "proc/mounts").read_text().splitlines())
    yield Finding(mounted, "bpffs at /sys/fs/bpf" if mounted else "no bpffs at /sys/fs/bpf: the kernel engine keeps its programs there",
                  "" if mounted else "mount -t bpf bpf /sys/fs/bpf")
    if rule := keytable.rule():
        yield Finding(True, f"ir-keytable's udev rule {rule} is in force: it loads a table first, ours comes after and replaces it",
                      f"ln -s /dev/null /etc/udev/rules.d/{rule.name} makes it quiet")


def _receivers() -> Iterator[Finding]:
    found = discovery.receivers()
    yield Finding(bool(found), f"{len(found)} receivers" if found else "no receivers",
                  "" if found else "plug one in; if it stays unseen, its driver is missing: see dmesg, and CONFIG_RC_DEVICES")
