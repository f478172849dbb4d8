"""Files that are damaged or mean harm: each gives an Error or a list of problems, in bounded time; never anything else."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from irbpf.errors import Error
from irbpf.importers import FORMATS, read, read_text, recognised
from irbpf.keymap import parse
from irbpf.keymapfile import dump

SAMPLES = sorted((Path(__file__).parent / "samples").iterdir())


def fed(path: Path, form: str | None) -> None:
    """Whatever comes out can be written and read."""
    try:
        imported = read(path, form)
    except Error:
        return
    for remote in imported.remotes:
        parse(dump(remote.keymap, remote.comments, remote.remarks), "a.yaml")
    assert all(problem.line >= 1 or problem.line == 0 for problem in imported.problems)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_cut_and_changed(sample: Path, tmp_path: Path) -> None:
    raw, rng = sample.read_bytes(), random.Random(sample.name)
    form = recognised(read_text(sample), sample)
    for number in range(4 if form == "lircd" else 25):
        damaged = bytearray(raw[:rng.randrange(len(raw))] if number % 2 else raw)
        for _ in range(number):
            if damaged:
                damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        path = tmp_path / sample.name
        path.write_bytes(damaged)
        fed(path, form)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from(sorted(FORMATS)), st.text(max_size=300))
def test_any_text(tmp_path: Path, form: str, text: str) -> None:
    path = tmp_path / "any"
    path.write_text(text, encoding="utf-8", errors="replace")
    fed(path, form)


@pytest.mark.parametrize("form", sorted(FORMATS))
@pytest.mark.parametrize("raw", [b"", b"\0" * 1000, b"\xff\xfe\x00" * 99, b"[" * 50_000, b"<a>" * 50_000, b"9" * 200_000, b"0000 " * 40_000,
                                 b"pulse 1\n" * 40_000, b"begin remote\n" * 5000, b"name: a\n" * 5000, b"\n" * 100_000],
                         ids=["empty", "zeros", "not-utf8", "brackets", "deep-xml", "digits", "words", "pulses", "begins", "names", "lines"])
def test_odd(form: str, raw: bytes, tmp_path: Path) -> None:
    path = tmp_path / "odd"
    path.write_bytes(raw)
    fed(path, form)


def test_bombs_and_entities(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    bomb = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    for doctype in (f'<!DOCTYPE remotes [<!ENTITY a0 "boom">{bomb}]>', f'<!DOCTYPE remotes [<!ENTITY x SYSTEM "file://{secret}">]>',
                    '<!DOCTYPE remotes SYSTEM "http://127.0.0.1:1/x.dtd">'):
        path = tmp_path / "a.girr"
        path.write_text(f'<?xml version="1.0"?>{doctype}<remotes><remote name="&x;&a11;"/></remotes>')
        with pytest.raises(Error, match="document type"):
            read(path)


def test_too_large(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(1 << 33)
    with pytest.raises(Error, match="larger than"):
        read(path)
    with pytest.raises(Error):
        read(tmp_path)


def test_a_remote_of_thousands_of_buttons(tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    path.write_text("functionname,protocol,device,subdevice,function\n" + "".join(f"B{n},NEC1,{n >> 8},-1,{n & 255}\n" for n in range(3000)))
    made = read(path)
    assert len(made.remotes[0].keymap.keys) == 512
    assert sum("room for 512" in one.what for one in made.problems) == 3000 - 512


def test_hundreds_of_patterns(tmp_path: Path) -> None:
    rng = random.Random(1)
    lines = ["begin remote", "name many", "flags RAW_CODES", "begin raw_codes"]
    for number in range(300):
        lines += [f"name B{number}", " ".join(str(rng.choice((500, 1500))) for _ in range(33))]
    path = tmp_path / "many.conf"
    path.write_text("\n".join([*lines, "end raw_codes", "end remote"]))
    made = read(path)
    kept = made.remotes[0].keymap.entries[0]
    assert len(kept.patterns) + sum("left out" in one.what for one in made.problems) == 300  # type: ignore[union-attr]
