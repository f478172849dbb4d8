"""Which keymaps fit a receiver: found by a glance at each file, and the same as by reading all of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from irbpf import library
from irbpf.keymap import load
from irbpf.receiver import Receiver

PLAIN = Receiver("rc0", "a receiver", "a_driver", "rc-empty")


def like(match: object) -> Receiver:
    """A receiver that has all that a match asks for."""
    return replace(PLAIN, **{name: str(value).replace("*", "x") if isinstance(value, str) else value
                             for name, value in vars(match).items() if value is not None})


@pytest.mark.parametrize("path", sorted(library.files().values()), ids=lambda path: path.stem)
def test_what_a_keymap_asks_for_gets_it(path: Path) -> None:
    for match in load(path).receivers:
        choices, problems = library.choose(like(match))
        assert load(path) in [one.keymap for one in choices]
        assert not problems


@pytest.fixture()
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(library, "etc", lambda *parts: tmp_path.joinpath(*parts))
    monkeypatch.setattr(library, "data", lambda *parts: tmp_path / "none" / Path(*parts))
    (tmp_path / "keymaps").mkdir()
    return tmp_path / "keymaps"


@pytest.mark.parametrize(("receivers", "fits"), [
    ("receivers: [{rc_map: rc-x}]\n", True), ("receivers:\n- rc_map: rc-x\n", True), ("receivers:\n  # ours\n\n  - driver: y\n  - rc_map: rc-x\n", True),
    ('"receivers": [{rc_map: rc-x}]\n', True), ("receivers: [{rc_map: rc-y}]\n", False), ("", False), ("receivers: [{name: 'a rec*'}]\n", True)])
def test_however_it_is_written(etc: Path, receivers: str, fits: bool) -> None:
    (etc / "one.yaml").write_text(f"name: one\n{receivers}protocols: [{{protocol: nec, keys: {{0x1: KEY_1}}}}]\n")
    choices, problems = library.choose(replace(PLAIN, rc_map="rc-x"))
    assert ([one.keymap.name for one in choices], problems) == (["one"] if fits else [], [])


def test_only_a_file_that_could_have_fitted_is_a_problem(etc: Path) -> None:
    for rc_map in ("rc-x", "rc-y"):
        (etc / f"{rc_map}.yaml").write_text(f"receivers: [{{rc_map: {rc_map}}}]\nprotocols: nonsense\n")
    choices, problems = library.choose(replace(PLAIN, rc_map="rc-x"))
    assert not choices
    assert len(problems) == 1
    assert "rc-x.yaml" in problems[0].message
