"""Recording from texts and pipes, and how signals are told apart. From a receiver: tests/kernel/guest/test_owner.py."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irbpf import trace
from irbpf.cli import main
from irbpf.errors import Error
from irbpf.irp.render import press
from irbpf.protocols import catalogue
from irbpf.pulses import Kind, Sample, format_samples, from_durations
from irbpf.record import put, text
from irbpf.signals import GAP_US, MOST, of_text, split
from tests.conftest import ROOT

NEC = format_samples(from_durations(press(catalogue()["nec"].irp, {"D": 4, "F": 8})))
P, S, T, F, O = Kind.PULSE, Kind.SPACE, Kind.TIMEOUT, Kind.FREQUENCY, Kind.OVERFLOW
END = Sample(T, GAP_US)
KINDS = st.sampled_from([P, S, T, F, O])


def samples(*pairs: tuple[Kind, int]) -> list[Sample]:
    return [Sample(*pair) for pair in pairs]


@pytest.mark.parametrize(("given", "expected"), [
    ([(P, 900), (S, 500), (P, 600), (T, 125_000), (P, 700), (S, 130_000)], [[(P, 900), (S, 500), (P, 600), (T, 125_000)], [(P, 700), (T, 130_000)]]),
    ([(P, 900), (S, 40_000), (P, 600)], [[(P, 900), (S, 40_000), (P, 600), (T, GAP_US)]]),  # a repeat belongs to its press
    ([(P, 900), (T, 10_000), (S, 30_000), (P, 600)], [[(P, 900), (S, 40_000), (P, 600), (T, GAP_US)]]),  # a short timeout and the gap after it
    ([(P, 900), (T, 10_000), (P, 600)], [[(P, 900), (S, 10_000), (P, 600), (T, GAP_US)]]),
    ([(P, 900), (T, 10_000), (S, 115_000), (P, 600)], [[(P, 900), (T, 125_000)], [(P, 600), (T, GAP_US)]]),
    ([(S, 5_000_000), (P, 900), (O, 0), (P, 600)], [[(P, 900), (O, 0), (P, 600), (T, GAP_US)]]),
    ([(T, 125_000), (S, 7)], []),
    ([], []),
])
def test_signals_end_in_silence(given: list[tuple[Kind, int]], expected: list[list[tuple[Kind, int]]]) -> None:
    assert [list(one.samples) for one in split(samples(*given))] == [samples(*one) for one in expected]


def test_noise_without_end_is_cut() -> None:
    found = [one.samples for one in split(samples((P, 900), (S, 500)) * MOST)]
    assert len(found) == 2
    assert max(map(len, found)) <= MOST + 2
    assert sum(sample.kind == P for one in found for sample in one) == MOST
    assert all((one[0].kind, one[-1]) == (P, END) for one in found)


def test_the_carrier_belongs_to_its_signal() -> None:
    """rc-loopback tells it before the last pulse, other drivers after it."""
    found = list(split(samples((P, 900), (F, 36_000), (P, 600), (T, 125_000), (P, 900), (S, 500), (P, 600), (T, 125_000), (P, 1))))
    assert [one.carrier for one in found] == [36_000, None, None]
    assert "\n# carrier: 36000 Hz\n" in text(found, {})
    (twice,) = split(samples((P, 900), (F, 36_000), (P, 600), (F, 125_000)))
    assert twice.carrier == 36_000


def test_what_is_no_file_is_not_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Root can, and would have a file in the place of a device then."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Error, match="is no file"):
        put(tmp_path / "pipe", "text", fresh=False)
    (tmp_path / "in.txt").write_text("+900 -500 +600\n")
    assert main(["record", str(tmp_path / "in.txt"), "--quiet", "--force", "-o", str(tmp_path / "pipe")]) == 1
    assert (tmp_path / "pipe").is_fifo()
    assert "kept" not in capsys.readouterr().err


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    put(tmp_path / "link", "new", fresh=False)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_a_file_that_came_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    put(tmp_path / "x", "first", fresh=True)
    with pytest.raises(Error, match="already"):
        put(tmp_path / "x", "second", fresh=True)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["first"]


@given(st.lists(st.builds(Sample, KINDS, st.integers(1, 200_000)), max_size=60))
def test_pulses_are_never_lost(given: list[Sample]) -> None:
    found = list(split(given))
    assert [sample for one in found for sample in one.samples if sample.kind == P] == [sample for sample in given if sample.kind == P]
    for one in found:
        assert one.samples[0].kind == P
        assert one.samples[-1].kind == T
        assert one.samples[-1].duration >= GAP_US
        assert all(sample.duration < GAP_US for sample in one.samples[:-1] if sample.kind == S)


@pytest.mark.parametrize("text", ["+900 -500 +600\n+900 -500 +600\n", "+900 -500 +600 # timeout 125000\n+900 -500 +600 # timeout 125000\n",
                                  "pulse 900\nspace 500\npulse 600\ntimeout 125000\npulse 900\nspace 500\npulse 600\n",
                                  "900 500 600\n\n900 500 600", "+900\n-500 +600 -130000\n+900 -500\n+600"])
def test_the_signals_of_texts(text: str) -> None:
    found = [[sample.duration for sample in one.samples[:-1]] for one in of_text(text.splitlines(), "t")]
    assert found == [[900, 500, 600]] * 2


def test_a_file_becomes_a_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "tv.trace"
    source = str(ROOT / "tests" / "traces" / "rc5-c.trace")
    assert main(["record", source, "-o", str(out), "--key", "KEY_POWER"]) == 0
    assert "rc5 0xc" in capsys.readouterr().err
    recorded = trace.read(out)
    assert recorded.provenance["key"] == "KEY_POWER"
    assert recorded.provenance["sent by"] == trace.read(Path(source)).provenance["sent by"]
    assert recorded.expect is None
    assert recorded.samples == trace.read(Path(source)).samples
    before = out.read_text()
    assert main(["record", source, "-o", str(out)]) == 1
    assert "--force" in capsys.readouterr().err
    assert out.read_text() == before
    assert main(["record", source, "-o", str(out), "--force", "--quiet"]) == 0
    assert "key" not in trace.read(out).provenance


@pytest.mark.parametrize(("arguments", "says"), [
    (("record", "--quiet"), b"# irbpf trace 1\n"), (("record", "-o", "-"), b"# irbpf trace 1\n"),
    (("identify",), b"signal 0:"), (("decode", "--each-line", "--protocol", "nec"), b'{"signal": 0')], ids=["record", "record -o -", "identify", "decode"])
def test_a_pipe_with_a_name_is_read_as_it_comes(tmp_path: Path, arguments: tuple[str, ...], says: bytes) -> None:
    """It does not end as long as the test has it open."""
    os.mkfifo(pipe := tmp_path / "pipe")
    fd = os.open(pipe, os.O_RDWR)
    with subprocess.Popen(["/usr/bin/python3", "-m", "irbpf", *arguments, str(pipe)], cwd=ROOT, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdout is not None
        os.write(fd, f"{NEC} # timeout 125000\n".encode())
        ready = select.select([process.stdout], [], [], 60)[0]  # far more than it takes
        shown = os.read(process.stdout.fileno(), 100) if ready else b"nothing"
        process.kill()
    os.close(fd)
    assert shown.startswith(says)


def test_standard_output_gets_what_a_file_gets(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in.txt").write_text("+900 -500 +600\n+901 -501 +601\n")
    for output in ([], ["-o", "-"], ["-o", "out.trace"]):
        assert main(["record", "in.txt", "--quiet", "--key", "KEY_RED", *output]) == 0
    assert capsys.readouterr().out == 2 * Path("out.trace").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.txt", "out.trace"]


def test_output_that_names_nothing_is_no_folder(capsys: pytest.CaptureFixture[str]) -> None:
    """As from a variable of a shell that is not set."""
    assert main(["record", "-", "-o", ""]) == 1
    assert "-o names nothing" in capsys.readouterr().err


def test_seconds_are_for_receivers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["record", "-", "--seconds", "1"]) == 1
    assert "--seconds is for a receiver" in capsys.readouterr().err


def test_a_folder_gets_a_file_for_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = tmp_path / "text"
    text.write_text("+900 -500 +600\n" * 5)
    assert main(["record", str(text), "-o", f"{tmp_path}/tv/", "--key", "KEY_RED", "--count", "3", "--quiet"]) == 0
    assert sorted(path.name for path in (tmp_path / "tv").iterdir()) == [f"KEY_RED-{number}.trace" for number in (1, 2, 3)]
    assert main(["record", str(text), "-o", f"{tmp_path}/tv/", "--key", "KEY_RED"]) == 1
    assert main(["record", str(text), "-o", f"{tmp_path}/tv/", "--key", "KEY_RE"]) == 1
    assert "KEY_R" in capsys.readouterr().err


def test_overflow_survives_the_file(tmp_path: Path) -> None:
    lost = samples((P, 900), (S, 500), (O, 0), (P, 600), (S, 700))
    trace.write(tmp_path / "x.trace", lost, None, {})
    assert list(trace.read(tmp_path / "x.trace").samples) == lost


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_what_was_recorded_outlives_the_end(tmp_path: Path, how: signal.Signals) -> None:
    """However it ends, what was announced is on the disk; Ctrl-C is the ordinary end."""
    out = tmp_path / "x.trace"
    # a job in the background of a shell has Ctrl-C ignored, and hands that on
    with subprocess.Popen(["/usr/bin/env", "--default-signal=INT", "/usr/bin/python3", "-m", "irbpf", "record", "-", "-o", str(out)],
                          cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "PYTHONUNBUFFERED": "1"}) as process:
        assert process.stdin and process.stderr
        process.stdin.write(b"+900 -500 +600 -125000\n" * 2)
        process.stdin.flush()
        assert process.stderr.readline().startswith(b"  1:")
        assert process.stderr.readline().startswith(b"  2:")
        process.send_signal(how)
        code = process.wait()
    assert code == (0 if how == signal.SIGINT else -how)
    assert len(list(split(trace.read(out).samples))) == 2


@pytest.mark.parametrize(("arguments", "says"), [(["nowhere"], "No such file"), (["rc77"], "no receiver rc77"), (["/dev/null"], "no receiver"), (["/bin/true"], "not a text"),
                                                  (["-", "-o", "/proc/x/y"], "irbpf: /proc/x/y: No such file or directory (check")])
def test_refusals(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO("+900 -500 +600\n"))
    assert main(["record", *arguments]) == 1
    assert says in capsys.readouterr().err


def test_a_file_without_signals_is_not_told_to_hold_the_remote_closer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").write_text("# nothing\n")
    assert main(["record", str(tmp_path / "empty")]) == 1
    assert f"{tmp_path}/empty has no signals (a recording is text" in capsys.readouterr().err
