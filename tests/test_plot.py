"""Pictures: the marks are where the fields are, and every form shows them."""

from __future__ import annotations

import builtins
import gzip
import itertools
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from irbpf import trace
from irbpf.cli import main
from irbpf.irp.marks import marked
from irbpf.irp.parser import parse
from irbpf.irp.render import render
from irbpf.picture import Drawing, Mark, Reader, Windows, windows
from irbpf.plot_text import draw, histogram
from irbpf.protocols import catalogue
from irbpf.pulses import Sample, from_durations, parse_samples
from irbpf.replay import of_catalogue, of_protocols
from irbpf.signals import Signal, split
from tests.conftest import ROOT
from tests.support.distortion import NARROW, distorted

TRACES = [path for path in sorted((ROOT / "tests" / "traces").glob("*.trace")) if "keymap" not in trace.read(path).provenance]


def reader(*names: str) -> Reader:
    return Reader(of_protocols([catalogue()[name] for name in names]))


def drawn(samples: list[Sample], *names: str) -> Drawing:
    return reader(*names).drawing(Signal(tuple(samples)), "title")


@pytest.mark.parametrize("name", sorted({path.stem.split("-")[0] for path in TRACES}))
def test_the_watched_renderer_sends_the_same(name: str) -> None:
    protocol = catalogue()[name]
    params = {one.name: one.most // 3 for one in protocol.irp.parameters}
    signal = render(protocol.irp, params)
    parts = marked(protocol.irp, params)
    assert [part.durations for part in parts] == [part for part in (signal.intro, signal.repeat, signal.ending) if part]
    widest = max(parts, key=lambda part: len(part.durations))
    assert widest.fields
    assert all(one.end <= other.start for one, other in zip(widest.fields, widest.fields[1:], strict=False))
    assert {one.label: one.value for one in widest.fields}.items() >= {(name, params[name]) for name in ("D",) if name in params}


def test_a_silence_at_the_start_is_heard_by_nobody() -> None:
    (part,) = marked(parse("{36k,msb,889}<1,-1|-1,1>(1:1,D:3,-100m)[D:0..7]"), {"D": 1})
    assert [(one.label, float(one.start), float(one.end)) for one in part.fields] == [("", 0, 889), ("D", 889, 889 + 3 * 1778)]


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_fields_are_marked_in_recordings(path: Path) -> None:
    """As received well and badly; the fields fill the frame one after the other."""
    recorded = trace.read(path)
    assert recorded.expect
    name = recorded.expect[0].protocol
    for samples in (list(recorded.samples), *([distorted(recorded.samples, "receiver", 1)] if name not in NARROW else [])):
        marks = drawn(samples, name).marks
        frame, *rest = [mark for mark in marks if mark.kind != "leader"][:1] + [mark for mark in marks if mark.kind == "field"]
        assert frame.text.startswith(f"{name} {recorded.expect[0].scancode:#x}")
        assert rest
        assert all(one.end <= other.start + 1e-6 for one, other in zip(rest, rest[1:], strict=False))
        assert all(frame.start <= one.start < one.end for one in rest)


def test_the_marks_are_at_the_bits() -> None:
    """In NEC eight pulses begin in each byte; in RC-5 a bit lasts 1778 µs wherever the edges are."""
    samples = distorted(trace.read(ROOT / "tests/traces/nec-408.trace").samples, "receiver", 2)
    drawing = drawn(samples, "nec")
    begins = [start for pulse, start in zip(drawing.pulses, drawing.edges, strict=False) if pulse]
    fields = {mark.text: mark for mark in drawing.marks if mark.kind == "field"}
    assert list(fields) == ["D=4", "~D=251", "F=8", "~F=247"]
    assert [sum(mark.start <= begin < mark.end for begin in begins) for mark in fields.values()] == [8] * 4
    rc5 = drawn(list(trace.read(ROOT / "tests/traces/rc5-1e3b.trace").samples), "rc5")
    widths = {mark.text: round((mark.end - mark.start) / 1778) for mark in rc5.marks if mark.kind == "field"}
    assert widths == {"~F:1:6=1": 1, "T=0": 1, "D=30": 5, "F=59": 6}


def test_repeats_and_what_is_unknown() -> None:
    nec = catalogue()["nec"]
    held = drawn(from_durations([*render(nec.irp, {"D": 4, "F": 8}).intro, *render(nec.irp, {"D": 4, "F": 8}).repeat * 2]), "nec")
    assert [mark.text for mark in held.marks if mark.kind == "frame"] == ["nec 0x408", "nec 0x408 held", "nec 0x408 held"]
    lines = draw(held, 70).splitlines()
    assert [line for line in lines if "held" in line] == ["└───nec 0x408 held───            └───nec 0x408 held───"]  # whole, and in one line
    assert all(len(line) <= 70 for line in lines)
    unknown = drawn(parse_samples("+100 -200 +300 -50000", "t"), "nec")
    assert unknown.marks == ()
    assert "█" in draw(unknown, 80)


def test_the_terminal_drawing() -> None:
    drawing = drawn(list(trace.read(ROOT / "tests/traces/sony12-10015.trace").samples), "sony12")
    assert draw(drawing, 80).splitlines() == [
        "title",
        "████▁██▁█▁██▁█▁██▁█▁█▁██▁█▁█▁█▁█┄┄┄125 ms┄┄┄",
        "└────└──────F=21──────└───D=1───",
        "└─────────sony12 0x10015────────",
        "█ pulse, ▁ space; a character is 600 µs"]
    assert all(len(line) <= 20 for line in draw(drawing, 20).splitlines()[:-1])
    through = windows(of_protocols([catalogue()["sony12"]])[0], [drawing])
    assert any(least <= 2400 <= most for least, most in through.pulses)
    rows = histogram([drawing], through, 80)
    assert "2400 µs" in rows
    assert "window" in rows
    assert histogram([Drawing("", (0,), ())], Windows(), 80) == "\n"


def test_narrow_marks_never_fail() -> None:
    edges = tuple(range(0, 100_000, 1000))
    marks = tuple(Mark(kind, "a text that is far too long", float(start), float(start + 1)) for start in (0, 99_000) for kind in ("field", "frame"))
    for width in (1, 2, 7, 300):
        assert draw(Drawing("t", edges, tuple(place % 2 == 0 for place in range(len(edges) - 1)), marks), width)


@pytest.mark.shared
def test_captures_of_real_remotes(shared: Path) -> None:
    """None is too odd to be drawn; where a frame was read, its fields are found in nearly all."""
    read = marked_too = 0
    one = Reader(of_catalogue())
    for name in ("captures", "unlabelled"):
        with gzip.open(shared / "corpus" / f"{name}.jsonl.gz", "rt") as rows:
            for row in itertools.islice(rows, 0, None, 25):
                timings = [duration for duration in json.loads(row)["timings"] if duration > 0]
                for signal in split(from_durations(timings)):
                    drawing = one.drawing(signal, "")
                    assert draw(drawing, 100)
                    kinds = {mark.kind for mark in drawing.marks}
                    read, marked_too = read + ("frame" in kinds), marked_too + ("field" in kinds)
    assert read > 50
    assert marked_too > 0.95 * read


def test_verb_in_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plot", "sony-tv", "--key", "KEY_POWER", "--histogram", "--width", "80"]) == 0
    out = capsys.readouterr().out
    assert "sony12 0x10015 KEY_POWER" in out
    assert "pulses" in out
    assert main(["plot", "sony-tv", "--signals", "3"]) == 0
    shown = capsys.readouterr()
    assert (shown.out.count("sony12"), "the first 3 of" in shown.err) == (3, True)
    assert main(["plot", str(ROOT / "tests/traces/rc5-c.trace"), "--protocol", "rc5"]) == 0
    assert "rc5 0xc" in capsys.readouterr().out
    for wrong in ([str(TRACES[0]), "--key", "KEY_A"], ["nowhere"], ["sony-tv", "--key", "KEY_F1"], [str(ROOT / "README.md")], ["/dev/null"], [str(TRACES[0]), "--protocol", "nothing"]):
        assert main(["plot", *wrong]) == 1


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_pictures(tmp_path: Path, ending: str) -> None:
    pytest.importorskip("matplotlib")
    out = tmp_path / f"x.{ending}"
    assert main(["plot", "sony-tv", "--key", "KEY_POWER", "--key", "KEY_MUTE", "-o", str(out)]) == 0
    if ending == "png":
        assert out.read_bytes().startswith(b"\x89PNG")
        return
    texts = [element.text for element in ElementTree.parse(out).iter() if element.tag.endswith("text")]
    assert texts.count("D=1") == 2
    assert {"F=21", "F=20", "sony12 0x10015 KEY_POWER", "KEY_MUTE", "durations, and the windows of sony12 that they fell into"} <= set(texts)


def test_durations_are_counted_of_the_protocol_whose_windows_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of signals of several protocols, which are all drawn."""
    pytest.importorskip("matplotlib")
    traces, out = [str(ROOT / "tests/traces" / f"{name}.trace") for name in ("nec-408", "rc5-1e3b")], tmp_path / "x.svg"
    assert main(["plot", *traces, "-o", str(out)]) == 0
    before = out.read_bytes()
    assert main(["plot", "sony-tv", "-o", str(out)]) == 1
    assert "--force" in capsys.readouterr().err
    assert out.read_bytes() == before
    assert main(["plot", *traces[::-1], "-o", str(out), "--force"]) == 0
    assert out.read_bytes() != before
    assert main(["plot", *traces, "-o", str(out), "--force"]) == 0
    texts = {element.text for element in ElementTree.parse(out).iter() if element.tag.endswith("text")}
    assert {"nec 0x408", "rc5 0x1e3b", "durations of the signals of nec, and the windows of nec that they fell into"} <= texts


@pytest.mark.parametrize("width", ["3", "0", "-4", "x", "99999999"])
def test_a_width_that_shows_nothing_is_refused(width: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["plot", str(TRACES[0]), "--width", width])
    assert stop.value.code == 2
    assert "number of columns" in capsys.readouterr().err


def test_without_matplotlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: object) -> object:
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", refuse)
    assert main(["plot", str(TRACES[0]), "-o", str(tmp_path / "x.svg")]) == 1
    assert "python3-matplotlib" in capsys.readouterr().err
    assert main(["plot", str(TRACES[0])]) == 0
    assert not list(tmp_path.iterdir())
