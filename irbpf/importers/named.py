"""Signals by the name of their protocol and its parameters, or by their durations alone, as protocols of the catalogue. It reads no file."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from irbpf.encoding import parameters_of, scancode_of
from irbpf.errors import Error
from irbpf.importers.values import Button
from irbpf.irp.render import render
from irbpf.protocols import Protocol, Tolerance, catalogue
from irbpf.pulses import from_durations
from irbpf.raw import MOST_DURATIONS

if TYPE_CHECKING:
    from irbpf.replay import Event, Player

USUAL_CARRIER = range(30_000, 60_001)  # Hz: what receivers are made for
USUAL = Tolerance()
# what the kernel has under a name of its own is the same signal there, and has its number and scancodes
_KERNEL = {"nec1": "nec", "nec": "nec", "rc5": "rc5", "rc6": "rc6_0", "sony12": "sony12", "sony15": "sony15", "sony20": "sony20",
           "jvc": "jvc", "mce": "rc6_mce", "rc5x": "rc5x_20"}
# names that differ between collections
_ALIASES = {"rca(old)": "RCA(Old)", "nec2": "NEC2", "necx2": "NECx2", "denon-k": "Denon-K", "g.i.cable": "G.I.Cable", "sirc": "Sony12",
            "sirc15": "Sony15", "sirc20": "Sony20"}


def named(name: str, params: Mapping[str, int]) -> tuple[Protocol, int]:
    """The protocol of the catalogue that the field calls `name`, and the scancode of `params`; Error if there is none or they do not fit."""
    if name.lower() in ("necx", "necx1") and (found := _fitting(short_leader(), {"S": 255 - params.get("D", 0), **params})) is not None:
        return found
    kernel = _KERNEL.get(name.lower())
    if kernel is not None and (found := _of_kernel(kernel, params)) is not None:
        return found
    protocol = _exact(name)
    given = {key: value for key, value in params.items() if key in {one.name for one in protocol.irp.parameters}}
    given = {one.name: one.least for one in protocol.irp.parameters if one.memory or one.name == "T"} | given  # toggles start anywhere
    extra = params.keys() - given.keys() - {"T"}
    if extra:
        raise Error(f"{protocol.name} has no parameter {', '.join(sorted(extra))}")
    for one in protocol.irp.parameters:
        if one.name in given and not one.least <= given[one.name] <= one.most:
            raise Error(f"{one.name}={given[one.name]} is not within {one.least}..{one.most} of {protocol.name}")
    return protocol, scancode_of(protocol, given)


def _exact(name: str) -> Protocol:
    wanted = _ALIASES.get(name.lower(), name)
    if wanted in catalogue():
        return catalogue()[wanted]
    for known in catalogue():
        if known.lower() == wanted.lower():
            return catalogue()[known]
    raise Error(f"there is no protocol {name[:40]!r} in the catalogue")


def _of_kernel(kernel: str, params: Mapping[str, int]) -> tuple[Protocol, int] | None:
    """By the kernel's name, where its parameters say the same; None where they do not."""
    if not {"D", "F"} <= params.keys() or params.keys() - {"D", "F", "S"}:
        return None
    device, function, sub = params["D"], params["F"], params.get("S")
    values = dict(params)
    if kernel == "nec":
        kernel, values = ("nec", {"D": device, "F": function}) if sub in (None, 255 - device) else ("necx", values)
    elif kernel == "rc6_mce":
        values = {"OEM": 0x8000 | (0x0F if sub is None else sub), "D": device, "F": function}
    protocol = catalogue()[kernel]
    return _fitting(protocol, values)


def short_leader() -> Protocol:
    """NEC with the short leader, which no scancode shows."""
    return replace(catalogue()["necx"], where={"L": 1})


def _fitting(protocol: Protocol, values: Mapping[str, int]) -> tuple[Protocol, int] | None:
    ranges = {one.name: one for one in protocol.irp.parameters}
    if any(name not in ranges or not ranges[name].least <= value <= ranges[name].most for name, value in values.items()):
        return None
    scancode = scancode_of(protocol, values)
    try:
        parameters_of(protocol, scancode)
    except Error:
        return None
    return protocol, scancode


# -- durations --------------------------------------------------------------------------------------------------------------

@functools.cache
def _player() -> Player:
    from irbpf.replay import Player, of_catalogue

    return Player(of_catalogue(), "python")


def recognised(durations: Sequence[int]) -> tuple[Protocol, int] | None:
    """The protocol and scancode that a signal is, if all of its frames say the same; `durations` in µs, pulse first.

    Of several readings it is the best that the kernel has a number for, so that its own scancodes are used; else the best.
    """
    readings: dict[str, list[Event]] = {}
    for event in _player().play(from_durations(durations)):
        readings.setdefault(event.decoded.protocol, []).append(event)
    firsts = [frames[0] for frames in readings.values() if len({one.decoded.scancode for one in frames}) == 1]
    whole = [one.decoded for one in firsts if _is_all_of(catalogue()[one.decoded.protocol], one, durations)]
    if not whole:
        return None
    chosen = next((one for one in whole if catalogue()[one.protocol].number), whole[0])
    protocol = catalogue()[chosen.protocol]
    if protocol.number and chosen.params.get("L"):
        protocol = replace(protocol, where={"L": 1})  # no scancode shows the leader
    return protocol, chosen.scancode


def _is_all_of(protocol: Protocol, event: Event, durations: Sequence[int]) -> bool:
    """Whether the signal begins with the whole frame that was read, and silence follows it; the decoder vouches for its durations."""
    try:
        signal = render(protocol.irp, event.decoded.params)
    except Error:
        return False
    *frame, gap = signal.intro or signal.repeat
    after = durations[len(frame)] if len(durations) > len(frame) else gap
    first = event.sample <= len(signal.intro) + len(signal.repeat)  # a frame further on leaves those before it unexplained
    return first and len(durations) >= len(frame) and after > gap // 2


def raw_button(name: str, line: int, durations: tuple[int, ...], carrier: int | None = None) -> tuple[Button, str]:
    """A signal by its durations: a protocol where one fits, else a pattern, and what that does not keep, "" if nothing is lost.

    `carrier` in Hz, None where it is unknown.
    """
    found = recognised(durations)
    if found is not None:
        return Button(name, line, *found), ""
    frame, *rest = frames_of(durations)
    if len(frame) < 3:
        raise Error("the signal is too short")
    if len(frame) > MOST_DURATIONS:
        raise Error(f"the signal has {len(frame)} durations without a gap")
    lost = [f"a pattern keeps no carrier: it was {carrier} Hz"] if carrier is not None and carrier not in USUAL_CARRIER else []
    if others := sum(not _again(one, frame) for one in rest):
        lost.append(f"the pattern is its first frame: {others} after it {'is another' if others == 1 else 'are others'}, and left out")
    return Button(name, line, durations=frame), "; ".join(lost)


def _again(durations: Sequence[int], frame: Sequence[int]) -> bool:
    """Whether it is `frame` once more, or the beginning of it."""
    return len(durations) <= len(frame) and all(
        abs(one - other) <= max(USUAL.absolute, other * USUAL.relative) for one, other in zip(durations, frame, strict=False))


def trimmed(durations: Sequence[int]) -> tuple[int, ...]:
    """Without a space at the end."""
    return tuple(durations[:len(durations) - (len(durations) + 1) % 2])


def frames_of(durations: Sequence[int], gap: int = 20_000) -> list[tuple[int, ...]]:
    """The signal cut at its long spaces (µs); the first part is what a press is recognised by."""
    ends = [place for place in range(1, len(durations), 2) if durations[place] >= gap]
    return [trimmed(durations[start:end]) for start, end in zip([0, *(end + 1 for end in ends)], [*ends, len(durations)], strict=True)
            if start < end or not start]
