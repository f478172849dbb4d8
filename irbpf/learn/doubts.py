"""Why a press should be pressed again: cut, overlapped, noisy, or not what it was before. It compares, and asks nobody."""

from __future__ import annotations

from collections.abc import Sequence

from irbpf.learn.known import readings
from irbpf.learn.press import Durations, Press, split
from irbpf.replay import Player

LEAST = 6  # durations
FRAME_GAP_US = 8_000
SPIKE_US = 80
SHORTER = 0.7


def doubt(press: Press, others: Sequence[Press], player: Player, lost: bool = False) -> str:
    """What is unclear about `press`, "" for nothing; `others` are the presses so far. `lost`: the receiver said that it lost samples."""
    if lost:
        return "noise: the receiver could not follow and lost some of it"
    if len(press.durations) < LEAST:
        return f"cut: only {len(press.durations)} durations came"
    pulses = sorted(press.durations[::2])
    spikes = sum(pulse < min(SPIKE_US, pulses[len(pulses) // 2] / 4) for pulse in pulses)
    if spikes:
        return f"noise: {spikes} spikes of {pulses[0]} µs or little more"
    return _against(press, others, player)


def _against(press: Press, others: Sequence[Press], player: Player) -> str:
    """What is unclear beside the presses that came before."""
    said = _codes(press, player)
    several = next((name for name, codes in said.items() if len(codes) > 1), None)
    same = [other for other in others if other.key == press.key]
    if several is not None and several == next(iter(said)):
        return f"overlapped: two signals of {several} in one press"
    for other in same:
        before = _codes(other, player)
        common = [name for name in before if name in said]
        if before and not common:
            return f"{_shorter(press, other)}: it is no {next(iter(before))} as before"
        if common and said[common[0]] != before[common[0]]:
            return f"different from the last: {common[0]} {_hex(said[common[0]])}, before {_hex(before[common[0]])}"
        if not before and (why := _unlike(press, other)):
            return why
    if not same and others and (short := _cut(press, others)):
        return short
    return _taken(press, others, player, said)


def _codes(press: Press, player: Player) -> dict[str, set[int]]:
    return {name: {event.scancode for event in events} for name, events in readings(press, player).items()}


def _hex(codes: set[int]) -> str:
    return ", ".join(f"{code:#x}" for code in sorted(codes))


def _first(press: Press) -> Durations:
    return split(press, FRAME_GAP_US).frames[0]


def _shorter(press: Press, other: Press) -> str:
    return "cut" if len(press.durations) < SHORTER * len(other.durations) else "different from the last"


def _unlike(press: Press, other: Press) -> str:
    """Two presses of one key that no protocol reads must look alike in their first frames."""
    one, before = _first(press), _first(other)
    if abs(sum(one) - sum(before)) > 0.25 * sum(before):
        return f"{_shorter(press, other)}: its first frame lasts {sum(one) // 1000} ms, before {sum(before) // 1000} ms"
    return ""


def _cut(press: Press, others: Sequence[Press]) -> str:
    usual = sorted(len(_first(other)) for other in others)[len(others) // 2]
    return f"cut: {len(_first(press))} durations, where other keys have {usual}" if len(_first(press)) < 0.6 * usual else ""


def _taken(press: Press, others: Sequence[Press], player: Player, said: dict[str, set[int]]) -> str:
    best = next(iter(said.items()), None)
    for other in others if best is not None else ():
        if best is not None and other.key != press.key and _codes(other, player).get(best[0]) == best[1]:
            return f"the same as {other.key} sends"
    return ""
