"""What this machine can do, and what would make it better. It changes nothing."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from irbpf import bpf, discovery
from irbpf.compiler import PYTHON
from irbpf.errors import Error


@dataclass(frozen=True)
class Finding:
    good: bool
    what: str
    remedy: str = ""


def examine() -> list[Finding]:
    findings = [Finding(True, "runs as root") if os.geteuid() == 0 else Finding(False, "does not run as root", "sudo irbpf doctor")]
    try:
        for host, problem in bpf.probe().items():
            what = "BPF decoders in the kernel (type lirc_mode2)" if host == "lirc" else "BPF decoders by test runs"
            findings.append(Finding(problem is None, what if problem is None else f"{what}: {problem.message}",
                                    problem.hint if problem is not None else ""))
    except Error as error:
        findings.append(Finding(False, error.message, error.hint))
    bcc = Path("/usr/lib/python3/dist-packages/bcc").is_dir() or importlib.util.find_spec("bcc") is not None
    findings.append(Finding(bcc, f"bcc for {PYTHON}", "" if bcc else "apt install python3-bpfcc, or use objects of irbpf build"))
    for module, package in (("evdev", "python3-evdev"), ("pyudev", "python3-pyudev"), ("systemd", "python3-systemd")):
        there = importlib.util.find_spec(module) is not None
        findings.append(Finding(there, f"the module {module}", "" if there else f"apt install {package}"))
    mounted = any(line.split()[1] == "/sys/fs/bpf" for line in Path("/proc/mounts").read_text().splitlines())
    findings.append(Finding(mounted, "bpffs at /sys/fs/bpf", "" if mounted else "mount -t bpf bpf /sys/fs/bpf"))
    uinput = Path("/dev/uinput").exists()
    findings.append(Finding(uinput, "/dev/uinput", "" if uinput else "modprobe uinput"))
    rules = [path for path in ("/usr/lib/udev/rules.d/60-ir-keytable.rules", "/lib/udev/rules.d/60-ir-keytable.rules")
             if Path(path).exists()]
    if rules:
        findings.append(Finding(True, "ir-keytable's udev rule is there too: it loads a table first, ours comes after and replaces it",
                                "ln -s /dev/null /etc/udev/rules.d/60-ir-keytable.rules makes it quiet"))
    receivers = discovery.receivers()
    findings.append(Finding(bool(receivers), f"{len(receivers)} receivers", "" if receivers else "plug one in; load its driver"))
    return findings
