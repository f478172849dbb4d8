"""All protocols of the catalogue: what is sent is decoded, also as a receiver distorts it, and the field's own renders are.

The renders in the shared data are another implementation's; what our own encoder sends is compared by sending again what was decoded,
since some lines have parameters of which not all bits are ever sent.
"""

from __future__ import annotations

import gzip
import json
import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest

from irbpf.errors import Error
from irbpf.irp.automaton import Automaton, build_automaton
from irbpf.irp.interpreter import Decoded, Interpreter
from irbpf.irp.render import press
from irbpf.preference import in_order
from irbpf.protocols import catalogue
from irbpf.pulses import Kind, Sample, from_durations
from irbpf.replay import Player, of_catalogue

NAMES = [one.name for one in catalogue().decodable()]
TIMEOUT = Sample(Kind.TIMEOUT, 125_000)
# Steps of 136 µs in gaps of up to 2800 µs: 8 % of such a gap are two steps.
FINE = {"XMP", "XMP-1", "XMP-2", "XMPff", "XMPff-1", "XMPff-2", "Velodyne"}
# Sent bits that say nothing, at the beginning and the end of a press: without a repeat nothing else is sent.
SILENT_WITHOUT_REPEAT = {"JVC_squashed", "DirecTV_3FG", "NRC17", "F12x"}
REPEATS = (0, 1, 3)
# Of twelve presses with any parameters: those that say nothing without a repeat, have fields whose range is not all that a remote
# sends, or (Canon) a last bit that is lost in the silence after it.
FEW = {**dict.fromkeys(SILENT_WITHOUT_REPEAT, 8), "TCL_AC": 4, "Samsung-SMT-G": 4, "Solidtek16": 4, "Rs200": 4, "Canon": 4}


@cache
def automaton(name: str) -> Automaton:
    return build_automaton(catalogue()[name])


def decode(name: str, durations: Sequence[int]) -> list[Decoded]:
    samples = from_durations(durations)
    if len(durations) % 2 == 0:  # the silence after a press goes on
        samples[-1] = Sample(Kind.SPACE, samples[-1].duration + TIMEOUT.duration)
    return list(Interpreter(automaton(name)).feed([*samples, TIMEOUT]))


def legal(name: str, rng: random.Random) -> dict[str, int]:
    """Parameters that the line allows (an air conditioner's fields have more values than its remote)."""
    parameters = catalogue()[name].irp.parameters
    return {one.name: rng.randint(one.least, one.most) for one in parameters if one.default is None or rng.random() < 0.5}


@pytest.mark.parametrize("name", [name for name in NAMES if not catalogue()[name].number and name not in ("grundig", "samsung36")])
def test_what_is_decoded_sends_the_same_signal(name: str) -> None:
    rng = random.Random(name)
    decoded = 0
    for repeats in REPEATS:
        for _ in range(4):
            params = legal(name, rng)
            try:
                signal = press(catalogue()[name].irp, params, repeats)
            except Error:
                continue
            events = decode(name, signal)
            if not events:
                continue
            decoded += 1
            said = {**params, **events[-1].params}
            assert press(catalogue()[name].irp, said, repeats) == signal, (params, events[-1])
    assert decoded >= FEW.get(name, 10)


def test_why_there_is_no_decoder_is_said() -> None:
    without = [name for name in catalogue() if name not in NAMES]
    assert without == ["NEC-Shirriff"]
    with pytest.raises(Error, match="no pulse follows the last bit"):
        build_automaton(catalogue()["NEC-Shirriff"])


# -- renders of another implementation ------------------------------------------------------------------------------


def renders(shared: Path) -> Iterator[tuple[Mapping[str, object], int, list[int]]]:
    """Each row with 0 to 3 repeats, as durations, where that is a press that says something."""
    with gzip.open(shared / "irp/renders.jsonl.gz", "rt") as rows:
        for row in map(json.loads, rows):
            if row["protocol"] not in NAMES:
                continue
            for repeats in range(4 if row["repeat"] else 1):
                durations = [*row["intro"], *row["repeat"] * repeats, *row["ending"]]
                if durations and not (repeats == 0 and (row["protocol"] in SILENT_WITHOUT_REPEAT or (row["repeat"] and not row["intro"]))):
                    yield row, repeats, durations


def never_sent(row: Mapping[str, object]) -> Mapping[str, int]:
    """The bits of a row's parameters that its line does not send."""
    params = row["params"]
    assert isinstance(params, dict)
    name = str(row["protocol"])
    if name.startswith("Zenith"):
        return {"F": 0xFF & ~((1 << int(params.get("D", 0) or name[6:])) - 1)}
    return {"tOn": 0xF0} if name == "Fujitsu_Aircon_old" else {}


def agrees(events: Sequence[Decoded], row: Mapping[str, object]) -> bool:
    """The last event says all that was rendered, and no other says anything else."""
    params, hidden = row["params"], never_sent(row)
    assert isinstance(params, dict)
    sent = {name: value & ~hidden.get(name, 0) for name, value in params.items()}
    earlier = all(event.params.items() <= sent.items() for event in events) or row["protocol"] == "Epson"
    return bool(events) and earlier and events[-1].params.items() >= sent.items()


def test_renders_with_the_protocol_named(shared: Path, figures: Callable[[str], None]) -> None:
    right, missed = 0, []
    for row, repeats, durations in renders(shared):
        if agrees(decode(str(row["protocol"]), durations), row):
            right += 1
        else:
            missed.append((row["protocol"], row["params"], repeats))
    figures(f"renders, protocol named: {right} of {right + len(missed)}; missed: {missed or 'none'}")
    assert not missed


def nearest_is_right(durations: Sequence[int]) -> float:
    """How likely all gaps of a press in steps of 136 µs are still nearest to their own step, after up to 8 % on each."""
    return math.prod(min(1, 68 / (0.08 * gap)) for gap in durations[1::2] if gap < 3000)


def test_renders_distorted(shared: Path, figures: Callable[[str], None]) -> None:
    """Up to 8 % on each duration on its own, and pulses 60 µs too long, spaces as much too short. Of `FINE`, no reading of one duration
    after the other can get more than a few right."""
    rng, possible = random.Random(8), 0.0
    right, wrong = Counter[str](), Counter[str]()
    for row, _, durations in renders(shared):
        name = str(row["protocol"])
        changed = [max(1, round(duration * rng.uniform(0.92, 1.08)) + (-60 if index % 2 else 60)) for index, duration in enumerate(durations)]
        good = [event.params for event in decode(name, changed)] == [event.params for event in decode(name, durations)]
        (right if good else wrong)[name] += 1
        possible += nearest_is_right(durations) if name in FINE else 0
    rest = sum(count for name, count in wrong.items() if name not in FINE)
    others = sum(count for name, count in (right + wrong).items() if name not in FINE)
    figures(f"renders, distorted: {right.total()} of {right.total() + wrong.total()}; wrong: {dict(wrong)}; {1 - rest / others:.2%} of those whose "
            f"steps are not finer than the distortion; of the {sum(right[name] + wrong[name] for name in FINE)} others the nearest step is the "
            f"right one throughout in {possible:.1f}")
    assert rest <= 0.005 * others


@pytest.mark.parametrize("bias", [20, 60, 100, 150])
def test_steps_as_fine_as_what_a_receiver_adds(bias: int) -> None:
    """Humax' pulses differ by 105 µs; its first one is always the same, and tells how much too long the others are."""
    rng = random.Random(bias)
    for _ in range(20):
        params = legal("Humax 4Phase", rng)
        heard = [round(one * rng.uniform(0.97, 1.03)) + (-bias if index % 2 else bias)
                 for index, one in enumerate(press(catalogue()["Humax 4Phase"].irp, params, 1))]
        assert [event.params for event in decode("Humax 4Phase", heard)] == [params, params]


def same_signal(decoded: Sequence[Decoded], durations: Sequence[int]) -> bool:
    """Whether the reading's own line sends these durations too, but for the silence at the end: nothing can tell the two lines apart."""
    sent: list[int] = []
    for repeats in range(5):
        try:
            sent = press(catalogue()[decoded[-1].protocol].irp, decoded[-1].params, repeats) if decoded else []
        except Error:
            return False
        if len(sent) == len(durations):
            break
    return len(sent) == len(durations) and all(abs(one - other) <= 2 + one // 50 for one, other in zip(sent[:-1], durations, strict=False))


def test_renders_of_which_all_protocols_compete(shared: Path, figures: Callable[[str], None]) -> None:
    first = same = among = count = 0
    mistaken: dict[str, Counter[str]] = defaultdict(Counter)
    with Player(of_catalogue(), "python") as player:
        for row, repeats, durations in renders(shared):
            if repeats not in (0, 1, 3):
                continue
            events = player.play([Sample(Kind.FREQUENCY, int(str(row["carrier"] or 0))), *from_durations(durations)])
            readings = list(dict.fromkeys(event.decoded.protocol for event in events))
            count += 1
            first += readings[:1] == [row["protocol"]]
            among += row["protocol"] in readings
            alike = same_signal([event.decoded for event in events if event.rank == 0], durations)
            same += readings[:1] == [row["protocol"]] or alike
            if readings[:1] != [row["protocol"]] and not alike:
                mistaken[str(row["protocol"])][readings[0] if readings else "nothing"] += 1
    figures(f"renders, all compete: first {first / count:.1%}, first or another line that sends the very same {same / count:.1%}, "
            f"among the readings {among / count:.1%} of {count}; taken for: "
            + ", ".join(f"{name}: {dict(others)}" for name, others in mistaken.items()))
    assert among >= 0.995 * count
    assert same >= 0.95 * count


def test_no_preference_goes_round_in_circles() -> None:
    order = [one.name for one in in_order(catalogue().decodable())]
    for one in catalogue().decodable():
        for preference in one.prefer_over:
            assert preference.name in catalogue(), f"{one.name} is preferred to {preference.name}, which there is not"
            assert preference.condition is not None or order.index(one.name) < order.index(preference.name) or preference.name not in NAMES
