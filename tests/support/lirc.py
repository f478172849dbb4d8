"""Debian's LIRC, unpacked and not installed: its remotes, and irsimsend, which sends what they say as text."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from irbpf.importers import lircd, read_text

PACKAGES = ("lirc", "liblirc0", "lirc-compat-remotes")


def folder() -> Path:
    """Where tests/run unpacks the packages."""
    return Path(os.environ.get("IRBPF_TEST_LIRC_DIR", Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "irbpf" / "lirc"))


def there() -> bool:
    return (folder() / "usr/bin/irsimsend").exists() and (folder() / "usr/share/lirc/remotes").is_dir()


def unpack() -> None:
    """Fetch the packages with apt and unpack them."""
    target = folder()
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        download = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", *PACKAGES]
        if subprocess.run(download, cwd=name, check=False, stderr=subprocess.DEVNULL).returncode != 0:
            subprocess.run(["apt-get", "-qq", "update"], check=True)
            subprocess.run(download, cwd=name, check=True)
        for package in sorted(Path(name).glob("*.deb")):
            subprocess.run(["dpkg", "-x", package, target], check=True)


def files() -> list[Path]:
    """Every lircd.conf of the packages."""
    return sorted(path for path in (folder() / "usr/share/lirc").rglob("*") if path.is_file() and "lircd.conf" in path.name) + \
        sorted((folder() / "etc/lirc/lircd.conf.d").glob("*.lircd.conf"))


def remotes(path: Path) -> Iterator[tuple[lircd.LircRemote, list[str]]]:
    """Each remote of a file with its lines."""
    text = read_text(path)
    lines = text.splitlines()
    for remote in lircd.remotes(text, str(path)):
        end = next(number for number in range(remote.line, len(lines) + 1) if re.match(r"\s*end\s+remote", lines[number - 1], re.IGNORECASE))
        yield remote, lines[remote.line - 1:end]


def simsend(remote: lircd.LircRemote, lines: list[str], code: lircd.Code, count: int, whole: bool = False) -> list[int]:
    """What irsimsend sends for one code, alone in its remote (so that a toggle is 1): durations in µs, with the gap. Empty: it refuses."""
    others = set() if whole else {other.line - remote.line for other in remote.codes} - {code.line - remote.line}
    plugins = next((folder() / "usr/lib").glob("*/lirc/plugins"))
    with tempfile.TemporaryDirectory() as name:
        conf = Path(name, "one.conf")
        conf.write_text("\n".join(line for index, line in enumerate(lines) if index not in others) + "\n", encoding="latin-1", errors="replace")
        subprocess.run([folder() / "usr/bin/irsimsend", "-U", plugins, "-c", str(count), conf], cwd=name, check=False, capture_output=True,
                       env={**os.environ, "LD_LIBRARY_PATH": str(plugins.parent.parent), "HOME": name}, timeout=60)
        out = Path(name, "simsend.out")
        return [int(line.split()[1]) for line in out.read_text().splitlines()] if out.exists() else []


def simreceive(lines: list[str], durations: Sequence[int]) -> list[str]:
    """The buttons that irsimreceive finds in a signal (µs, pulse first) with the remote of `lines`."""
    plugins = next((folder() / "usr/lib").glob("*/lirc/plugins"))
    with tempfile.TemporaryDirectory() as name:
        Path(name, "one.conf").write_text("\n".join(lines) + "\n")
        Path(name, "signal").write_text("space 1000000\n" + "".join(
            f"{'space' if place % 2 else 'pulse'} {duration}\n" for place, duration in enumerate(durations)))
        done = subprocess.run([folder() / "usr/bin/irsimreceive", "-U", plugins, "one.conf", "signal"], cwd=name, check=False,
                              capture_output=True, text=True, env={**os.environ, "LD_LIBRARY_PATH": str(plugins.parent.parent), "HOME": name},
                              timeout=60)
        return [line.split()[2] for line in done.stdout.splitlines() if len(line.split()) == 4]


if __name__ == "__main__":
    there() or unpack()
