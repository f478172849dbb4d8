"""Which of several readings of one signal is the better one, as rules. It decodes nothing.

In this order: more of the signal is explained; the whole signal is what the line sends for the parameters that were read; the carrier
fits, where it was measured; the durations fit clearly better; Linux has a name for it, so that its scancodes are what tables have; a
press without repeats is not said to be unlikely; the catalogue prefers it (`prefer_over`); fewer bits are left open; the durations
fit slightly better; it comes first in the catalogue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from irbpf.errors import Error
from irbpf.irp.expressions import evaluate
from irbpf.irp.interpreter import Decoded
from irbpf.irp.render import render
from irbpf.protocols import Protocol
from irbpf.pulses import Kind, Sample

CLEARLY = 0.005  # fits whose mean relative deviations differ by this are told apart
CARRIER_PERCENT = 3
LONG_US = 100_000
MATCH_PERCENT, MATCH_US = 40, 250  # a duration of the signal is the one that was rendered


@dataclass(frozen=True)
class Read:
    """One event: the index of its sample, how many samples its frame took, the mean relative deviation of those, and what it says."""

    place: int
    spent: int
    off: float
    decoded: Decoded


@dataclass(frozen=True)
class Reading:
    """All that one protocol says of a signal, in order of time; at least one event."""

    protocol: Protocol
    events: Sequence[Read]

    @property
    def covered(self) -> int:
        """How many samples of the signal are explained."""
        return len({place for event in self.events for place in range(event.place - event.spent + 1, event.place + 1)})

    @property
    def off(self) -> float:
        return sum(event.off for event in self.events) / len(self.events)


def ordered(readings: Sequence[Reading], samples: Sequence[Sample], carrier: int | None = None) -> list[Reading]:
    """`readings` of `samples`, the best first. `carrier` in Hz, None where it was not measured."""
    if len(readings) < 2:
        return list(readings)
    against = {reading.protocol.name: compared(reading, samples) for reading in readings}
    best = min(off for _, off in against.values())
    names = {reading.protocol.name for reading in readings}
    beaten = {name: sum(_prefers(reading, name) for reading in readings) for name in names}

    def key(reading: Reading) -> tuple[float, ...]:
        protocol, (wrong, off) = reading.protocol, against[reading.protocol.name]
        return (-reading.covered, wrong, _other_carrier(protocol, carrier), (off - best) // CLEARLY, not protocol.common,
                protocol.repeatless_unlikely and len(reading.events) == 1, beaten[protocol.name], _open_bits(reading), round(off, 4))

    return sorted(readings, key=key)


def in_order(protocols: Sequence[Protocol]) -> list[Protocol]:
    """`protocols` with each before those that it is preferred to whatever the signal; otherwise those that Linux has a name for
    first, then those that leave fewer bits open, which say more by being there; then in the order given."""
    left, done = sorted(protocols, key=lambda one: (not one.common, _bits(one))), []
    while left:
        after = {preference.name for one in left for preference in one.prefer_over if preference.condition is None}
        first = next((one for one in left if one.name not in after), left[0])
        left.remove(first)
        done.append(first)
    return done


def _bits(protocol: Protocol) -> int:
    return sum(parameter.most.bit_length() for parameter in protocol.irp.parameters if parameter.name not in protocol.where)


def _prefers(reading: Reading, name: str) -> bool:
    return any(preference.name == name and _holds(preference.condition, reading) for preference in reading.protocol.prefer_over)


def _holds(condition: object, reading: Reading) -> bool:
    if condition is None:
        return True
    try:
        return bool(evaluate(condition, reading.events[-1].decoded.params))  # type: ignore[arg-type]
    except Error:
        return False


def _other_carrier(protocol: Protocol, carrier: int | None) -> bool:
    ours = protocol.irp.general.carrier
    return carrier is not None and abs(float(ours) - carrier) * 100 > CARRIER_PERCENT * max(carrier, float(ours))


def _open_bits(reading: Reading) -> int:
    """How many bits the signal could have been different in and still be this protocol's."""
    said = reading.events[-1].decoded.params
    return sum(parameter.most.bit_length() for parameter in reading.protocol.irp.parameters if parameter.name in said)


def compared(reading: Reading, samples: Sequence[Sample]) -> tuple[int, float]:
    """The signal beside a press with the parameters that were read: how many durations are others, and the mean relative deviation."""
    first = reading.events[0]
    signal = [sample.duration for sample in samples[first.place - first.spent + 1:] if sample.kind in (Kind.PULSE, Kind.SPACE)]
    try:
        sent = render(reading.protocol.irp, reading.events[-1].decoded.params)
    except Error:
        return len(signal), 1.0
    fixed = len(sent.intro) + len(sent.ending)
    fewest = 0 if sent.intro or sent.ending else 1
    count = max(fewest, round((len(signal) - fixed) / len(sent.repeat))) if sent.repeat else 0
    return _different(signal, [*sent.intro, *sent.repeat * min(count, len(signal)), *sent.ending])


def _different(signal: Sequence[int], sent: Sequence[int]) -> tuple[int, float]:
    """The last gap may be any longer than it was sent: silence has no end."""
    if len(signal) == len(sent) and len(sent) % 2 == 0 and signal[-1] > sent[-1]:
        signal = [*signal[:-1], sent[-1]] if signal[-1] > LONG_US else signal
    pairs = list(zip(signal, sent, strict=False))
    wrong = sum(abs(have - want) > max(MATCH_US, want * MATCH_PERCENT // 100) for have, want in pairs)
    missing = abs((len(signal) + 1) // 2 - (len(sent) + 1) // 2) * 2
    return wrong + missing, sum(min(1.0, abs(have - want) / want) for have, want in pairs) / max(1, len(pairs))
