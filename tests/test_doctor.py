"""Remedies: exact for the distribution, and for what is in the way."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from irbpf import bpf, distribution, doctor
from irbpf.errors import Error

RELEASES = {"Debian": "NAME=\"Debian GNU/Linux\"\nID=debian\n", "Ubuntu": "NAME=Ubuntu\nID=ubuntu\nID_LIKE=debian\n",
            "Fedora": "NAME=\"Fedora Linux\"\nID=fedora\n", "openSUSE": "NAME=\"openSUSE Leap\"\nID=opensuse-leap\nID_LIKE=\"suse opensuse\"\n",
            "Arch": "NAME=\"Arch Linux\"\nID=arch\n", "Nix": "NAME=NixOS\nID=nixos\n"}


def of(tmp_path: Path, release: str) -> distribution.Distribution:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "os-release").write_text(RELEASES[release])
    return distribution.distribution(tmp_path)


@pytest.mark.parametrize(("release", "command"), [
    ("Debian", "apt install python3-bpfcc linux-libc-dev"), ("Ubuntu", "apt install python3-bpfcc linux-libc-dev"),
    ("Fedora", "dnf install python3-bcc kernel-headers"), ("openSUSE", "zypper install python3-bcc linux-glibc-devel"),
    ("Arch", "pacman -S python-bcc linux-api-headers"), ("Nix", "install bcc and headers")])
def test_packages(tmp_path: Path, release: str, command: str) -> None:
    assert of(tmp_path, release).install("bcc", "headers") == command


@pytest.mark.parametrize(("release", "says"), [("Ubuntu", "make bindeb-pkg"), ("openSUSE", "make rpm-pkg"), ("Fedora", "CONFIG_RC_CORE=y")])
def test_a_kernel_of_ones_own(tmp_path: Path, release: str, says: str) -> None:
    assert says in of(tmp_path, release).kernel({"RC_CORE": "m"})


def test_the_kernels_configuration(tmp_path: Path) -> None:
    assert distribution.kernel_config(tmp_path, "6.1") == {}
    (tmp_path / "boot").mkdir()
    (tmp_path / "boot" / "config-6.1").write_text("CONFIG_RC_CORE=m\n# CONFIG_LIRC is not set\n")
    assert distribution.kernel_config(tmp_path, "6.1") == {"RC_CORE": "m"}
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "config.gz").write_bytes(gzip.compress(b"CONFIG_RC_CORE=y\n"))
    assert distribution.kernel_config(tmp_path, "6.1") == {"RC_CORE": "y"}
    (tmp_path / "proc" / "config.gz").write_bytes(b"damaged")
    assert distribution.kernel_config(tmp_path, "6.1") == {"RC_CORE": "m"}


def test_containers_and_lockdown(tmp_path: Path) -> None:
    assert distribution.confined(tmp_path) is None and distribution.lockdown(tmp_path) == "none"
    (tmp_path / "proc" / "self").mkdir(parents=True)
    (tmp_path / "proc" / "self" / "uid_map").write_text("         0     100000      65536\n")
    assert distribution.confined(tmp_path)
    (tmp_path / "proc" / "self" / "uid_map").write_text("         0          0 4294967295\n")
    assert distribution.confined(tmp_path) is None
    (tmp_path / "sys" / "kernel" / "security").mkdir(parents=True)
    (tmp_path / "sys" / "kernel" / "security" / "lockdown").write_text("none [integrity] confidentiality\n")
    assert distribution.lockdown(tmp_path) == "integrity"


def machine(*, confined: str | None = None, root: bool = True, config: dict[str, str] | None = None) -> doctor.Machine:
    return doctor.Machine(distribution.Distribution("Debian GNU/Linux", ("debian",)), config or {"INPUT_UINPUT": "m"}, confined, "none", root)


NO_UINPUT = Error("/dev/uinput: No such file or directory", "modprobe uinput")


@pytest.mark.parametrize(("here", "problem", "says"), [
    (machine(), bpf.Unsupported("no"), "bindeb-pkg"), (machine(), NO_UINPUT, "modules-load.d"),
    (machine(confined="a container"), NO_UINPUT, "give the container"), (machine(config={"X": "y"}), NO_UINPUT, "CONFIG_INPUT_UINPUT=m"),
    (machine(root=False), Error("program cannot be loaded: EPERM"), "sudo"), (machine(confined="a container"), Error("EPERM"), "on the host"),
    (machine(root=False), NO_UINPUT, "sudo"), (machine(config={"BPF_SYSCALL": "n"}), Error("ENOSYS"), "CONFIG_BPF_SYSCALL"),
    (machine(), Error("libbpf.so.1 is missing"), "apt install libbpf1")])
def test_remedies(here: doctor.Machine, problem: Error, says: str) -> None:
    assert says in doctor.remedy(here, problem)


def jit(tmp_path: Path, found: dict[str, Error | None]) -> list[doctor.Finding]:
    return [one for one in doctor.kernel_options(machine(config={"LIRC": "y"}), found, tmp_path) if "interprets" in one.what]


def test_a_kernel_that_interprets_bpf(tmp_path: Path) -> None:
    runs: dict[str, Error | None] = {"kernel": None, "bpf": None}
    assert [one.remedy for one in jit(tmp_path, runs)] == ["a kernel with CONFIG_BPF_JIT=y"]
    switch = tmp_path / "proc" / "sys" / "net" / "core" / "bpf_jit_enable"
    switch.parent.mkdir(parents=True)
    switch.write_text("0\n")
    assert [one.remedy for one in jit(tmp_path, runs)] == ["sysctl net.core.bpf_jit_enable=1"]
    assert jit(tmp_path, {"kernel": Error("closed"), "bpf": Error("closed")}) == []
    switch.write_text("1\n")
    assert jit(tmp_path, runs) == []


@pytest.mark.parametrize(("mounts", "good"), [
    ("bpf /sys/fs/bpf bpf rw 0 0\n", True), ("proc /proc proc rw 0 0\n", False), ("tmpfs /sys/fs/bpf tmpfs rw 0 0\n", False)])
def test_bpffs(tmp_path: Path, mounts: str, good: bool) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "mounts").write_text(mounts)
    (finding,) = (one for one in doctor.surroundings(tmp_path) if "bpffs" in one.what)
    assert (finding.good, finding.remedy) == (good, "" if good else "mount -t bpf bpf /sys/fs/bpf")


def test_this_machine() -> None:
    findings = doctor.examine()
    assert all(one.remedy for one in findings if not one.good)
    assert any("engine" in one.what for one in findings)
