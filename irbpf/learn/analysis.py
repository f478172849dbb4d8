"""From recorded presses of an unknown remote to an IRP line that decodes them: guesses, the cheapest first, each put to the proof."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from irbpf.errors import Error
from irbpf.irp.automaton import build_automaton
from irbpf.learn.code import Code, middle
from irbpf.learn.fields import meaning
from irbpf.learn.line import Line, cuts, write
from irbpf.learn.pairs import pair_code
from irbpf.learn.press import Durations, Press, Split, split, thresholds
from irbpf.learn.proof import Proof, prove
from irbpf.learn.repeats import repeat_frames
from irbpf.learn.units import unit_codes
from irbpf.protocols import Protocol, define

LEAST_GAP_US = 10_000
MOST_DURATIONS = 500
PAIR_COST = 20
RATIOS = ((1.5, 1.5), (1.3, 1.3), (1.2, 1.2), (1.5, 1.3), (1.5, 1.2), (1.5, 1.1), (1.5, 1.05))  # of pulses and of spaces
USUAL_GAP_US = 40_000
MOST_LINES = 60


@dataclass(frozen=True)
class Proposal:
    """A line that was found, as a protocol, and what it proved."""

    line: Line
    protocol: Protocol
    proof: Proof


@dataclass(frozen=True)
class _Frames:
    """Frames of one kind out of presses: `ordinal` says which of each press; `extra` is what the choice costs."""

    splits: tuple[Split, ...]
    frames: tuple[Durations, ...]
    gap: int
    extra: float


@dataclass(frozen=True)
class _Guess:
    cost: float
    code: Code
    indices: tuple[int, ...]  # of the frames that have this code
    chosen: _Frames


def propose(presses: Sequence[Press], name: str = "learned") -> Proposal | None:
    """The cheapest line that proves itself on most of `presses`; None if none decodes any."""
    best: Proposal | None = None
    for line in itertools.islice(_lines(presses), MOST_LINES):
        proposal = attempt(line, presses, name)
        if proposal is not None and (best is None or len(proposal.proof.covered) > len(best.proof.covered)):
            best = proposal
            if len(best.proof.covered) == len(presses):
                break
    return best


def attempt(line: Line, presses: Sequence[Press], name: str) -> Proposal | None:
    try:
        protocol = define(name, line.irp, line.scancode, toggle=line.toggle)
        proof = prove(build_automaton(protocol), presses)
    except Error:
        return None
    return Proposal(line, protocol, proof) if proof.covered else None


def _lines(presses: Sequence[Press]) -> Iterator[Line]:
    """All lines that could be meant, the cheapest first, none of them twice."""
    guesses = [_Guess(code.cost + chosen.extra, code, indices, chosen) for threshold in thresholds(presses)
               for chosen in _choices([split(press, threshold) for press in presses]) for code, indices in _codes(chosen.frames)]
    seen: set[str] = set()
    measured = [press.carrier for press in presses if press.carrier]
    carrier = round(middle(measured), -2) if measured else None
    for guess in sorted(guesses, key=lambda guess: guess.cost):
        for line in _written(guess, carrier):
            if line.irp not in seen:
                seen.add(line.irp)
                yield line


def _choices(splits: Sequence[Split]) -> Iterator[_Frames]:
    """Which frames to look at: the first of each press, all, the second, two at a time, or the last."""
    gaps = [gap for one in splits for gap in one.gaps]
    gap = middle(gaps) if gaps else USUAL_GAP_US
    several = [one for one in splits if len(one.frames) > 1]
    yield from _chosen([(one, one.frames[0]) for one in splits], splits, gap, 0)
    if several:
        yield from _chosen([(one, frame) for one in splits for frame in one.frames], splits, gap, 10)
        pairs = [(one, (*one.frames[0], one.gaps[0], *one.frames[1])) for one in several]
        yield from _chosen(pairs, splits, _after(splits), PAIR_COST)
        yield from _chosen([(one, one.frames[1]) for one in several], splits, gap, 60)
        yield from _chosen([(one, one.frames[-1]) for one in several], splits, gap, 80)


def _chosen(found: Sequence[tuple[Split, Durations]], splits: Sequence[Split], gap: int, extra: float) -> Iterator[_Frames]:
    """One choice, if most presses have such frames."""
    short = [(one, frame) for one, frame in found if len(frame) <= MOST_DURATIONS]
    if len({id(one) for one, _ in short}) * 2 > len(splits):
        yield _Frames(tuple(one for one, _ in short), tuple(frame for _, frame in short), gap, extra)


def _after(splits: Sequence[Split]) -> int:
    later = [gap for one in splits for gap in one.gaps[1::2]]
    return middle(later) if later else USUAL_GAP_US


def _codes(frames: Sequence[Durations]) -> Iterator[tuple[Code, tuple[int, ...]]]:
    """Codes with the indices of the frames that they are of: the others are of another kind."""
    usual = Counter(len(frame) for frame in frames).most_common(2)
    for length, count in usual:
        chosen = tuple(index for index, frame in enumerate(frames) if len(frame) == length)
        found: set[object] = set()
        for ratio in RATIOS if count else ():
            code = pair_code([frames[index] for index in chosen], *ratio)
            if code is not None and (code.specs, code.parts) not in found:
                found.add((code.specs, code.parts))
                yield code, chosen
    for code in unit_codes(frames):
        yield code, tuple(range(len(frames)))


def _written(guess: _Guess, carrier: int | None) -> Iterator[Line]:
    """The lines that a code can be written as: with and without relations between fields, in either order of bits."""
    code, chosen = guess.code, guess.chosen
    splits = [chosen.splits[index] for index in guess.indices]
    keys = [one.press.key for one in splits]
    if len(set(keys)) > 1 and len(set(code.messages)) < 2:
        return
    longest = max((space for index in guess.indices for space in chosen.frames[index][1::2]), default=0)
    gap = max(chosen.gap, longest + longest // 2, LEAST_GAP_US)
    repeats = repeat_frames(code, splits) if chosen.extra == 0 else []
    msb = code.unit != 1 or len(code.specs) != 2
    orders = ((msb, False),) if code.by_unit else ((msb, True), (not msb, True), (msb, False))
    for order, relate in orders:
        yield write(code, meaning(code.messages, keys, cuts(code), order, relate), gap, repeats, carrier)
