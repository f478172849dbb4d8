"""The cache of compiled objects. What is in it is used only if it is whole and ours; a cache that cannot be used is no cache."""

from __future__ import annotations

import os
import stat
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from irbpf import objectfile
from irbpf.errors import Error
from irbpf.objects import Object

MOST_FILES = 2000  # some 40 MB; the whole catalogue is 250 of them for each kind of host
UNFINISHED, UNFINISHED_S = ".new-", 3600


def default_folder() -> Path:
    """/var/cache/irbpf for root, the user's cache for others; IRBPF_CACHE_DIR names another."""
    if (named := os.environ.get("IRBPF_CACHE_DIR")) is not None:
        return Path(named)
    if os.geteuid() == 0:
        return Path("/var/cache/irbpf")
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "irbpf"


@dataclass(frozen=True)
class Cache:
    """Files by key in `folder`. A damaged, foreign or writable-for-others file is a miss."""

    folder: Path

    def path(self, key: str) -> Path:
        return self.folder / f"{key}.irbpf"

    def get(self, key: str) -> tuple[list[Object], dict[str, Any]] | None:
        raw = read_ours(self.path(key))
        try:
            found = None if raw is None else objectfile.load(raw)
        except Error:
            return None
        with suppress(OSError):  # somebody else's, or a disk that is read only
            if found is not None:
                os.utime(self.path(key), follow_symlinks=False)
        return found

    def put(self, key: str, objects: Sequence[Object], extra: Mapping[str, Any]) -> str | None:
        """Keep it; returns why it could not be kept, or None."""
        why = write_ours(self.path(key), objectfile.dump(objects, extra))
        if why is None:
            self.tidy()
        return why

    def keys(self, start: str) -> list[str]:
        """The keys there that begin with `start`."""
        return sorted(path.name.removesuffix(".irbpf") for path in self.folder.glob(f"{start}*.irbpf"))

    def tidy(self) -> None:
        """Keep the files that were used last, and nothing that a writer who was killed left. Others may do the same at the same time."""
        ages: list[tuple[float, Path]] = []
        for path in self.folder.glob("*"):
            with suppress(OSError):
                ages.append((path.stat().st_mtime, path))
        kept = sorted((age for age, path in ages if path.suffix == ".irbpf"), reverse=True)[:MOST_FILES]
        for age, path in ages:
            left = path.name.startswith(UNFINISHED) and age < time.time() - UNFINISHED_S
            if left or path.suffix == ".irbpf" and age < kept[-1]:
                with suppress(OSError):
                    path.unlink()


def read_ours(path: Path) -> bytes | None:
    """The bytes of a file in a cache; None if it or its folder belongs to anybody but root and us, or may be written by others."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(fd, "rb") as file:
        try:
            if not _ours(os.fstat(fd)) or not _ours(path.parent.stat(), folder=True):
                return None
            return file.read(objectfile.LARGEST + 1)
        except OSError:
            return None


def write_ours(path: Path, raw: bytes) -> str | None:
    """Put a file into a cache; returns why that could not be done, or None."""
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        if not _ours(path.parent.stat(), folder=True):
            return f"{path.parent} belongs to somebody else or may be written by others"
        write_whole(path, raw)
    except OSError as error:
        return f"{path.parent}: {error.strerror}"
    return None


def write_whole(path: Path, content: bytes) -> None:
    """The way in is a rename, so that nobody ever sees half a file; what is no file (a pipe, /dev/full) is written as it is. OSError."""
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    fd, temporary = tempfile.mkstemp(dir=path.parent, prefix=UNFINISHED)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(fd, 0o644)
            os.fsync(fd)
        os.rename(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _ours(info: os.stat_result, folder: bool = False) -> bool:
    kind = stat.S_ISDIR if folder else stat.S_ISREG
    return kind(info.st_mode) and info.st_uid in (0, os.geteuid()) and not info.st_mode & 0o022
