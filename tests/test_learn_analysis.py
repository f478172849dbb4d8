"""Unknown remotes: signals of lines that the analysis is not told, in, and a line that decodes them, out."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from irbpf.irp.render import press
from irbpf.learn.analysis import propose
from irbpf.learn.checksum import find_checksum
from irbpf.learn.cluster import clusters
from irbpf.learn.fields import meaning
from irbpf.learn.press import Press, durations, split, thresholds
from irbpf.protocols import define
from irbpf.pulses import Kind, Sample

LINES = {
    "distance": ("{38.4k,564}<1,-1|1,-3>(16,-8,D:8,~D:8,F:8,~F:8,1,^108m,(16,-4,1,^108m)*)[D:0..255,F:0..255]", {"D": 4}, 1),
    "length": ("{40k,600}<1,-1|2,-1>(4,-1,F:7,D:5,^45m)*[D:0..31,F:0..127]", {"D": 9}, 2),
    "biphase": ("{36k,msb,889}<1,-1|-1,1>((1,~F:1:6,T:1,D:5,F:6,^114m)*,T=1-T)[D:0..31,F:0..127,T@:0..1=0]", {"D": 5}, 1),
    "biphase with a wide bit": ("{36k,444,msb}<-1,1|1,-1>((6,-2,1:1,0:3,<-2,2|2,-2>(T:1),D:8,F:8,^107m)*,T=1-T)[D:0..255,F:0..255,T@:0..1=0]",
                                {"D": 4}, 1),
    "four levels": ("{36k,1p,msb}<6,-10|6,-16|6,-22|6,-28>(15,-10,D:4,F:8,6,^100m)*[D:0..15,F:0..255]", {"D": 3}, 1),
    "pairs": ("{40k,600,msb}<1,-1|1,-2|2,-1|2,-2>(10,-2,D:4,F:8,1,-50)*[D:0..15,F:0..255]", {"D": 12}, 1),
    "opposition": ("{37.9k,422}<1,-3|3,-1>(D:3,S:1,F:8,-80)*[D:0..7,S:0..1,F:0..255]", {"D": 3, "S": 1}, 1),
    "a gap inside": ("{38.5k,500}<1,-1|1,-3>(16,-8,D:8,1,-8,F:8,1,^63m)*[D:0..255,F:0..255]", {"D": 21}, 1),
    "units": ("{38k,417,lsb}<1|-1>(0:1,D:8,1:2,F:8,1:2,-40m)*[D:0..255,F:0..255]", {"D": 144}, 1),
}


def recorded(line: str, params: dict[str, int], repeats: int, codes: Sequence[int], seed: int = 1) -> list[Press]:
    """A press of each key as a receiver hears it: pulses too long, spaces too short, all a little uncertain."""
    rng, irp = random.Random(seed), define("sent", line).irp
    found = []
    for code in codes:
        sent = press(irp, {**params, "F": code}, repeats)
        heard = [round(one + (40 if place % 2 == 0 else -40) + rng.uniform(-25, 25)) for place, one in enumerate(sent)]
        found.append(Press(f"KEY_{code}", tuple(heard[:len(heard) - 1 + len(heard) % 2])))
    return found


@pytest.mark.parametrize("name", LINES)
def test_every_coding_is_found_and_proven(name: str) -> None:
    presses = recorded(*LINES[name], codes=(1, 2, 3, 8, 17, 34, 60, 63))
    proposal = propose(presses)
    assert proposal is not None
    assert len(proposal.proof.covered) == len(presses)
    assert len(set(proposal.proof.scancodes.values())) == len(presses)


def test_the_line_also_decodes_keys_that_were_not_pressed() -> None:
    proposal = propose(recorded(*LINES["distance"], codes=(1, 2, 4, 8, 16, 32, 64, 128)))
    assert proposal is not None and "complement" in proposal.line.notes
    from irbpf.irp.automaton import build_automaton
    from irbpf.learn.proof import prove

    others = recorded(*LINES["distance"], codes=(3, 77, 129, 250), seed=2)
    assert len(prove(build_automaton(proposal.protocol), others).covered) == 4


def test_a_broken_complement_is_refused() -> None:
    proposal = propose(recorded(*LINES["distance"], codes=(1, 2, 4, 8, 16, 32, 64, 128)))
    assert proposal is not None
    from irbpf.irp.automaton import build_automaton
    from irbpf.learn.proof import prove

    damaged = list(recorded(*LINES["distance"], codes=(3,))[0].durations)
    place = 2 + 2 * 24 + 1  # the space of a bit of the last byte
    damaged[place] = 1690 if damaged[place] < 1000 else 560
    assert not prove(build_automaton(proposal.protocol), [Press("KEY_A", tuple(damaged))]).covered


def test_a_toggle_is_no_part_of_the_key() -> None:
    line, params, repeats = LINES["biphase"]
    presses = [one for toggle in (0, 1) for one in recorded(line, {**params, "T": toggle}, repeats, (1, 2, 3, 8, 17, 34))]
    proposal = propose(presses)
    assert proposal is not None and len(proposal.proof.covered) == 12
    assert proposal.protocol.toggle is not None
    assert {event.toggle for events in proposal.proof.events for event in events} == {0, 1}


def test_noise_has_no_line() -> None:
    rng = random.Random(3)
    noise = [Press(f"KEY_{one}", tuple(rng.randint(50, 3000) for _ in range(rng.choice((21, 35, 41))))) for one in range(6)]
    assert propose(noise) is None or len(propose(noise).proof.covered) < 6  # type: ignore[union-attr]


def test_a_checksum_is_found_and_written() -> None:
    values = [[1, 2, 3, 5, 9, 14], [17, 40, 200, 31, 77, 250], []]
    values[2] = [(3 + a + (b & 15) + (b >> 4)) & 15 for a, b in zip(values[0], values[1], strict=True)]
    found = find_checksum(values, [4, 8, 4])
    assert found is not None and found.target == 2
    assert found.text(["D", "F", "C"]) == "(3+D+(F:4)+(F:4:4))&15"


def test_a_copy_and_a_complement_are_found() -> None:
    rng = random.Random(5)
    messages = []
    for _ in range(12):
        code = tuple(rng.randint(0, 1) for _ in range(8))
        messages.append((*code, *(1 - bit for bit in code), *code))
    found = meaning(messages, [str(one) for one in range(12)], [0, 24], msb=True)
    assert [field.text for field in found.fields] == ["F:8", "~F:8", "F:8"]


def test_durations_of_a_press() -> None:
    samples = [Sample(Kind.SPACE, 9), Sample(Kind.PULSE, 100), Sample(Kind.PULSE, 20), Sample(Kind.SPACE, 50), Sample(Kind.PULSE, 30),
               Sample(Kind.FREQUENCY, 38000), Sample(Kind.TIMEOUT, 1000), Sample(Kind.PULSE, 40), Sample(Kind.SPACE, 7)]
    assert durations(samples) == (120, 50, 30, 125_000, 40)


def test_frames_are_parted_at_gaps() -> None:
    press_ = Press("KEY_A", (900, 450, 56, 56, 56, 4000, 90, 45_000, 900, 450, 56))
    assert [len(one.frames) for one in (split(press_, threshold) for threshold in thresholds([press_]))] == [1, 2, 3]


def test_clusters() -> None:
    assert [(one.least, one.most) for one in clusters([500, 560, 600, 1600, 1700, 4500], 1.3)] == [(500, 600), (1600, 1700), (4500, 4500)]
