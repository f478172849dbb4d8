"""Names and parameters of the field against signals that another implementation rendered; and signals by their durations alone."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from irbpf.cli import main
from irbpf.encoding import parameters_of, scancode_of
from irbpf.errors import Error
from irbpf.importers.named import frames_of, named, recognised
from irbpf.irp.render import press, render
from irbpf.protocols import catalogue

DIGESTS = {"Fujitsu-128", "NEC-Shirriff"}  # more than 64 bits: their scancodes cannot be turned round


@pytest.mark.shared
def test_the_fields_names(shared: Path) -> None:
    """What a name and parameters are imported as is sent as the field's own renderer sends it: the frame of one press."""
    seen, wrong, refused = set(), [], set()
    for line in gzip.open(shared / "irp" / "renders.jsonl.gz", "rt"):
        row = json.loads(line)
        if row["protocol"] not in catalogue() and row["protocol"].lower() in catalogue() and row["protocol"] in ("Sharp", "XMP", "Samsung36"):
            continue  # the kernel's of this name has other parameters
        try:
            protocol, scancode = named(row["protocol"], {name: value for name, value in row["params"].items() if name != "T"})
            params = parameters_of(protocol, scancode)
        except Error as error:
            if row["protocol"] in catalogue():
                refused.add((row["protocol"], error.message))
            continue
        names = {one.name for one in protocol.irp.parameters}
        params |= {name: value for name, value in row["params"].items() if name in names - {"D", "S", "F"}}
        signal = render(protocol.irp, params)
        seen.add(row["protocol"])
        if not _near(signal.intro or signal.repeat, row["intro"] or row["repeat"]):
            wrong.append((row["protocol"], row["params"], protocol.name))
    assert {name for name, _, _ in wrong} == set(), wrong[:5]
    assert {name for name, _ in refused} <= DIGESTS
    assert len(seen) >= 215


def _near(ours: tuple[int, ...], theirs: list[int]) -> bool:
    """Equal but for the gap at the end and the rounding of durations."""
    return len(ours) == len(theirs) and all(abs(one - other) <= max(10, other // 50) for one, other in zip(ours[:-1], theirs[:-1], strict=True))


@pytest.mark.parametrize(("name", "params", "found"), [
    ("NEC1", {"D": 4, "F": 8}, ("nec", 0x408)), ("NEC", {"D": 4, "S": 251, "F": 8}, ("nec", 0x408)), ("NEC1", {"D": 4, "S": 9, "F": 8}, ("necx", 0x40908)),
    ("NECx1", {"D": 7, "F": 2}, ("necx", 0x07F802)), ("RC5", {"D": 30, "F": 59}, ("rc5", 0x1E3B)), ("rc6", {"D": 4, "F": 1}, ("rc6_0", 0x401)),
    ("Sony12", {"D": 1, "F": 21}, ("sony12", 0x10015)), ("Sony20", {"D": 26, "S": 171, "F": 21}, ("sony20", 0x1AAB15)),
    ("JVC", {"D": 3, "F": 23}, ("jvc", 0x317)), ("MCE", {"D": 4, "F": 13}, ("rc6_mce", 0x800F040D)),
])
def test_the_kernels_names_for_the_same(name: str, params: dict[str, int], found: tuple[str, int]) -> None:
    protocol, scancode = named(name, params)
    assert (protocol.name, scancode) == found


@pytest.mark.parametrize(("name", "params"), [("NoSuch", {"D": 1}), ("Sony12", {"D": 99, "F": 1}), ("NEC1", {"D": 4}), ("RC5", {"D": 1, "F": 2, "Q": 3})])
def test_what_there_is_not(name: str, params: dict[str, int]) -> None:
    with pytest.raises(Error):
        named(name, params)


@pytest.mark.parametrize("name", ["nec", "necx", "rc5", "rc5_sz", "rc6_0", "rc6_mce", "sony12", "sony15", "sony20", "jvc", "sharp", "rcmm24",
                                  "samsung36", "xbox_dvd"])
@pytest.mark.parametrize("repeats", [0, 2])
def test_a_signal_is_recognised_with_its_repeats(name: str, repeats: int) -> None:
    protocol = catalogue()[name]
    given = {one.name: min(one.most, 37 + place * 11) for place, one in enumerate(protocol.irp.parameters) if one.default is None or one.name == "S"}
    scancode = scancode_of(protocol, given)
    found = recognised(press(protocol.irp, given, repeats)[:-1])
    assert found is not None
    assert (found[0].name, found[1]) == (name, scancode)


def test_what_is_no_protocol_is_a_pattern() -> None:
    assert recognised((1000, 2000, 1000, 3000, 1000, 2000, 700)) is None
    assert recognised((9000,)) is None
    assert frames_of((100, 200, 300, 50_000, 100, 200, 300)) == [(100, 200, 300)] * 2
    assert frames_of((100, 200, 300, 400)) == [(100, 200, 300)]


def test_a_keymap_that_is_there_keeps_no_other_from_being_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "".join(f"begin remote\n name {name}\n bits 8\n flags SPACE_ENC\n one 500 1500\n zero 500 500\n ptrail 500\n gap 40000\n"
                   f" begin codes\n KEY_UP 0x1{place}\n end codes\nend remote\n" for place, name in enumerate(("one", "two", "three")))
    (tmp_path / "all.conf").write_text(text)
    (tmp_path / "two.yaml").write_text("mine")
    assert main(["import", "--json", "-o", str(tmp_path), str(tmp_path / "all.conf")]) == 1
    row, = json.loads(capsys.readouterr().out)
    assert [Path(one["path"]).name for one in row["keymaps"]] == ["one.yaml", "three.yaml"]
    assert "two.yaml" in row["error"] and (tmp_path / "two.yaml").read_text() == "mine"
