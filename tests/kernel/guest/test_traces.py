"""Recorded traces over rc-loopback of a real kernel: the decoder is loaded as a user loads it, and keys are read from the input device.

What a trace expects is what must come, no more and no less: a scan code for every event, a key down and a key up for every press.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from evdev import ecodes

from irbpf import lirc
from irbpf.cli import main
from irbpf.pulses import Kind, Sample
from irbpf.receiver import Receiver
from irbpf.trace import Press
from tests.kernel.guest.conftest import Keys, keys_of, wait_for
from tests.support.traces import FOLDER, expected, groups, variants

LONGEST_WRITE_US = 490_000  # the kernel refuses 500 ms
SHORTEST_GAP_US = 20_000


def keymap(group: str, tmp_path: Path) -> tuple[str, dict[int, str]]:
    """The keymap that a trace names, or one for its protocol with a key for every scan code expected."""
    if group.endswith(".yaml"):
        return str(FOLDER / group), {}
    codes = sorted({press.scancode for one in groups()[group] for press in expected(one)})
    keys = {code: f"KEY_F{number}" for number, code in enumerate(codes, 1)}
    path = tmp_path / f"{group}.yaml"
    path.write_text(f"protocols:\n  - protocol: {group}\n    keys:\n" + "".join(f"      {code:#x}: {key}\n" for code, key in keys.items()))
    return str(path), keys


def writes(samples: Sequence[Sample]) -> Iterator[list[int]]:
    """What can be sent in one piece: it ends where the receiver said timeout, or in a gap when it would get too long."""
    piece: list[int] = []
    for sample in samples:
        long = sample.kind == Kind.SPACE and sample.duration > SHORTEST_GAP_US and sum(piece) > LONGEST_WRITE_US / 2
        if sample.kind == Kind.TIMEOUT or long:
            yield piece
            piece = []
        elif piece or sample.kind == Kind.PULSE:
            piece.append(sample.duration)
    if piece:
        yield piece[:len(piece) - (len(piece) + 1) % 2]


def events(presses: Sequence[Press], keys: dict[int, str]) -> list[tuple[str, int, int]]:
    """What the input device says: scan codes (of up to 32 bits) of every event, and keys, without the repeats of the input layer."""
    found: list[tuple[str, int, int]] = []
    for press in presses:
        code = ecodes.ecodes[press.key or keys[press.scancode]]
        scans = [("EV_MSC", ecodes.MSC_SCAN, press.scancode)] if press.scancode < 1 << 32 else []
        found += [*scans, ("EV_KEY", code, 1), *scans * press.repeats, ("EV_KEY", code, 0)]
    return found


def heard(keys: Keys, downs: int) -> list[tuple[str, int, int]]:
    """All events up to the release of the last key expected."""
    found: list[tuple[str, int, int]] = []

    def released() -> bool:
        found.extend(event for event in keys.until_quiet(0.02) if event[0] != "EV_KEY" or event[2] != 2)
        return sum(event[0] == "EV_KEY" and event[2] == 0 for event in found) >= downs

    wait_for("the key's release", released)
    return [(kind, code, value if kind == "EV_KEY" or value >= 0 else value + (1 << 32)) for kind, code, value in found]


@pytest.mark.parametrize("group", list(groups()))
def test_presses_become_keys(group: str, loopback: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRBPF_CACHE_DIR", str(tmp_path))
    path, keys = keymap(group, tmp_path)
    assert main(["load", loopback.rc, path]) == 0
    assert loopback.lirc is not None
    with keys_of(loopback) as device, lirc.opened(loopback.lirc) as fd:
        for index, one in enumerate(groups()[group]):
            recorded, *others = variants(one, seeds=1)
            for name, samples in [recorded, *others[index % 3:index % 3 + 1]]:  # each distortion has its turn
                for piece in writes(samples):
                    lirc.send(fd, piece)
                assert heard(device, len(expected(one))) == events(expected(one), keys), name
    assert main(["unload", loopback.rc]) == 0
