"""Object files and the cache: whole, or refused."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irbpf import objectfile
from irbpf.compiling import compiled
from irbpf.cache import Cache
from irbpf.errors import Error
from irbpf.objects import MapSpec, Object, Source
from tests.conftest import ROOT

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


# -- compiled once ----------------------------------------------------------------------------------------------------


@pytest.fixture()
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A compiler that counts: what is tested is when it is asked."""
    asked: list[str] = []

    def compile_sources(sources: list[Source]) -> list[Object]:
        asked.extend(one.text for one in sources)
        return [replace(OBJECT, name=one.name, host=one.host, instructions=one.text.encode().ljust(32)) for one in sources]

    monkeypatch.setattr("irbpf.compiler.compile_sources", compile_sources)
    return asked


def source(text: str, **more: object) -> Source:
    return replace(Source("x", "lirc", text), **more)  # type: ignore[arg-type]


def test_compiled_once(tmp_path: Path, counted: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path / "cache")
    first, warnings = compiled([source("a"), source("b"), source("a")], cache)
    assert (counted, warnings) == (["a", "b"], [])
    assert compiled([source("a"), source("b"), source("a")], cache) == (first, [])
    assert counted == ["a", "b"]
    for other in (source("a", host="test_run"), source("a", tables={"t": b"1"}), source("a", tables={"t": b"2"}), source("a", name="y")):
        compiled([other], cache)
    assert counted == ["a", "b", "a", "a", "a", "a"]
    compiled([source("a")], None)
    assert len(counted) == 7
    monkeypatch.setattr("irbpf.compiler.version", lambda: "9.9")
    compiled([source("a")], cache)
    assert len(counted) == 8, "another compiler makes other code"
    monkeypatch.setattr("irbpf.compiler.version", lambda: "")
    compiled([source("a"), source("b")], cache)
    assert len(counted) == 8, "without a compiler, what is there is taken"


def test_files_under_each_others_names_are_a_miss(tmp_path: Path, counted: list[str]) -> None:
    cache = Cache(tmp_path / "cache")
    compiled([source("a"), source("b")], cache)
    one, two = sorted((tmp_path / "cache").iterdir())
    one.rename(tmp_path / "aside")
    two.rename(one)
    (tmp_path / "aside").rename(two)
    objects, _ = compiled([source("a"), source("b")], cache)
    assert [made.instructions[:1] for made in objects] == [b"a", b"b"]
    assert len(counted) == 4


def test_a_cache_that_cannot_be_written_is_told_once(tmp_path: Path, counted: list[str]) -> None:
    (tmp_path / "file").write_text("")
    _, warnings = compiled([source("a"), source("b")], Cache(tmp_path / "file"))
    assert len(warnings) == 1
    assert counted == ["a", "b"]


def test_only_the_newest_are_kept_and_nothing_unfinished(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("irbpf.cache.MOST_FILES", 3)
    for number in range(6):
        cache.put(f"{number}", [OBJECT], {})
        os.utime(cache.path(f"{number}"), (number, number))
    for name, age in ((".new-old", 7200), (".new-fresh", 0)):
        (cache.folder / name).write_text("")
        os.utime(cache.folder / name, (time.time() - age,) * 2)
    cache.put("last", [OBJECT], {})
    assert sorted(path.name for path in cache.folder.iterdir()) == [".new-fresh", "5.irbpf", "key.irbpf", "last.irbpf"]


def test_what_is_in_use_outlasts_what_was_written_later(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as the decoders of a receiver, when the whole catalogue is compiled once for a recording."""
    monkeypatch.setattr("irbpf.cache.MOST_FILES", 3)
    cache.path("key").unlink()
    for number, key in enumerate(("receiver", "one", "two")):
        cache.put(key, [OBJECT], {})
        os.utime(cache.path(key), (number, number))
    assert cache.get("receiver") is not None
    cache.put("three", [OBJECT], {})
    assert cache.get("receiver") is not None
    assert cache.get("one") is None


WRITER = """
import sys
from pathlib import Path
from irbpf.cache import Cache
from irbpf.objects import MapSpec, Object
cache, number = Cache(Path(sys.argv[1])), int(sys.argv[2])
for turn in range(60):
    made = Object("nec", "lirc", bytes([number]) * 80_000, (), ())
    assert cache.put(f"key{turn % 3}", [made], {"n": number}) is None
    hit = cache.get(f"key{turn % 3}")
    assert hit is not None and set(hit[0][0].instructions) == {hit[1]["n"]}, "half of one and half of another"
"""


def test_many_writers_at_once(tmp_path: Path) -> None:
    writers = [subprocess.Popen(["/usr/bin/python3", "-c", WRITER, str(tmp_path / "cache"), str(number)], cwd=ROOT) for number in range(4)]
    assert [one.wait() for one in writers] == [0] * 4
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == [f"key{turn}.irbpf" for turn in range(3)]
