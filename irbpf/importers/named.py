"""Signals by the name of their protocol and its parameters, or by their durations alone, as protocols of the catalogue. It reads no file."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace

from irbpf.encoding import parameters_of, scancode_of
from irbpf.errors import Error
from irbpf.importers.values import Button
from irbpf.irp.automaton import build_automaton
from irbpf.irp.interpreter import Interpreter
from irbpf.protocols import Protocol, catalogue
from irbpf.pulses import Kind, Sample, from_durations
from irbpf.raw import MOST_DURATIONS

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

# the kernel's protocols in which a signal is looked for; without those that say nothing about it (any 32 bits are nec32)
_LOOKED_FOR = ("nec", "necx", "rc5", "rc5x_20", "rc5_sz", "rc6_0", "rc6_6a_20", "rc6_6a_24", "rc6_mce", "rc6_6a_32", "sony12", "sony15",
               "sony20", "jvc", "sanyo", "sharp", "rcmm12", "rcmm24", "rcmm32", "samsung36", "xbox_dvd")


@functools.cache
def _automata():  # type: ignore[no-untyped-def]
    return [(catalogue()[name], build_automaton(catalogue()[name])) for name in _LOOKED_FOR]


def recognised(durations: Sequence[int]) -> tuple[Protocol, int] | None:
    """The protocol and scancode that the whole of a signal is, if one fits all of it; `durations` in µs, pulse first."""
    found = []
    samples = [*from_durations(durations), *([Sample(Kind.SPACE, 200_000)] if len(durations) % 2 else [])]
    for protocol, automaton in _automata():
        events = list(Interpreter(automaton).feed(samples))
        if events and len({one.scancode for one in events}) == 1:
            short = replace(protocol, where={"L": 1}) if events[0].params.get("L") else protocol  # no scancode shows the leader
            found.append((short, events[0].scancode, {one.name for one in protocol.prefer_over}))
    beaten = {name for _, _, worse in found for name in worse}
    left = [(protocol, scancode) for protocol, scancode, _ in found if protocol.name not in beaten]
    return left[0] if len(left) == 1 else None


def raw_button(name: str, line: int, durations: tuple[int, ...]) -> Button:
    """A signal by its durations: a protocol where one fits, else a pattern."""
    found = recognised(durations)
    if found is not None:
        return Button(name, line, *found)
    frame = first_frame(durations)
    if len(frame) < 3:
        raise Error("the signal is too short")
    if len(frame) > MOST_DURATIONS:
        raise Error(f"the signal has {len(frame)} durations without a gap")
    return Button(name, line, durations=frame)


def trimmed(durations: Sequence[int]) -> tuple[int, ...]:
    """Without a space at the end."""
    return tuple(durations[:len(durations) - (len(durations) + 1) % 2])


def first_frame(durations: Sequence[int], gap: int = 20_000) -> tuple[int, ...]:
    """The signal up to its first long space (µs), which is what a press is recognised by."""
    end = next((place for place in range(1, len(durations), 2) if durations[place] >= gap), len(durations))
    return trimmed(durations[:end])
