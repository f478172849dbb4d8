"""Object files and the cache: whole, or refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irbpf import objectfile
from irbpf.cache import Cache
from irbpf.errors import Error
from irbpf.objects import MapSpec, Object

OBJECT = Object("nec", "lirc", bytes(32), (MapSpec("receiver", 2, 4, 40, 1, 0, b"x" * 40),), ((1, 0),))
FILE = objectfile.dump([OBJECT], {"keys": {"1": 2}})


def test_round_trip() -> None:
    assert objectfile.load(FILE) == ([OBJECT], {"keys": {"1": 2}})


@given(st.integers(0, len(FILE) - 1), st.integers(1, 255))
def test_any_changed_byte_is_noticed(place: int, change: int) -> None:
    data = bytearray(FILE)
    data[place] ^= change
    with pytest.raises(objectfile.Damaged):
        objectfile.load(bytes(data))


@given(st.binary(max_size=200), st.integers(0, len(FILE)))
def test_nonsense_and_truncation_are_refused(data: bytes, size: int) -> None:
    for bad in (data, objectfile.MAGIC + data, FILE[:size] if size < len(FILE) else b""):
        with pytest.raises(Error):
            objectfile.load(bad)


@pytest.fixture()
def cache(tmp_path: Path) -> Cache:
    kept = Cache(tmp_path / "cache")
    assert kept.put("key", [OBJECT], {}) is None
    assert kept.get("key") == ([OBJECT], {})
    return kept


def test_unknown_key(cache: Cache) -> None:
    assert cache.get("other") is None


def test_damaged_is_a_miss_and_is_mended(cache: Cache) -> None:
    cache.path("key").write_bytes(FILE[:-1])
    assert cache.get("key") is None
    assert cache.put("key", [OBJECT], {}) is None
    assert cache.get("key") is not None


def test_writable_for_others_is_a_miss(cache: Cache) -> None:
    cache.path("key").chmod(0o666)
    assert cache.get("key") is None
    cache.path("key").chmod(0o644)
    cache.folder.chmod(0o777)
    assert cache.get("key") is None
    assert "others" in (cache.put("key", [OBJECT], {}) or "")


def test_links_and_fifos_are_a_miss(cache: Cache, tmp_path: Path) -> None:
    cache.path("key").rename(tmp_path / "elsewhere")
    cache.path("key").symlink_to(tmp_path / "elsewhere")
    assert cache.get("key") is None
    os.mkfifo(cache.path("pipe"))
    assert cache.get("pipe") is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_foreign_file_is_a_miss(cache: Cache) -> None:
    os.chown(cache.path("key"), 65534, 65534)
    assert cache.get("key") is None


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "Not a directory" in (Cache(tmp_path / "file" / "cache").put("key", [OBJECT], {}) or "")
    assert Path("/dev/full").exists()
    assert Cache(Path("/proc/irbpf")).put("key", [OBJECT], {}) is not None
