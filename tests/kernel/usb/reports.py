"""What receivers make of a signal: the reports that their hardware sends over USB. Read from the drivers in drivers/media/rc.

A signal is a list of durations in µs, pulses positive and spaces negative. A report is (when, bytes): the time in µs from the
start of the signal at which the hardware knows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

Report = tuple[int, bytes]

MCE_UNIT = 50
SZ_UNIT, SZ_MOST = 256, 254
IGOR_UNIT, IGOR_ROOM = 85, 36


def mceusb(durations: Sequence[int], timeout: int) -> list[Report]:
    """Edges seen by a clock of 50 µs; at most 0x7f units a byte, 30 bytes a packet; 0x80 alone when `timeout` µs were silent."""
    reports: list[Report] = []
    packet = bytearray()

    def flush(time: int) -> None:
        if packet:
            reports.append((time, bytes((0x80 + len(packet),)) + packet))
            packet.clear()

    for time, symbol in _mce_symbols(durations, timeout):
        if symbol == 0:
            flush(time)
            reports.append((time, b"\x80"))
            continue
        packet.append(symbol)
        if len(packet) == 30:
            flush(time)
    flush(sum(abs(duration) for duration in durations))
    return reports


def _mce_symbols(durations: Sequence[int], timeout: int) -> Iterator[tuple[int, int]]:
    begin = 0
    for duration in durations:
        silent = -duration >= timeout
        end = begin + (timeout if silent else abs(duration))
        units = max(1, round(end / MCE_UNIT) - round(begin / MCE_UNIT))
        while units:
            part = min(units, 0x7F)
            units -= part
            yield end, part | (0x80 if duration > 0 else 0)
        if silent:
            yield end, 0
        begin += abs(duration)


def streamzap(durations: Sequence[int]) -> list[Report]:
    """Pulse and space as two nibbles of 256 µs units; what does not fit into a nibble follows as a byte; 0xff is the timeout."""
    reports, time = [], 0
    for pulse, space in _pairs(durations):
        time += pulse + space
        long, gap = pulse // SZ_UNIT, space // SZ_UNIT
        after = b"" if gap < 15 else bytes((0xFF if gap > SZ_MOST else gap,))
        nibble = min(gap, 15)
        head = bytes((long << 4 | nibble,)) if long < 15 else bytes((0xFF, min(long, 0xFF), 0xF0 | nibble))
        reports.append((time, head + after))
    return reports


def igorplugusb(durations: Sequence[int]) -> list[Report]:
    """One answer to a poll with the whole signal: a ring of 36 bytes in units of 85 µs, and where in it the oldest is."""
    values = [max(1, min(255, round(abs(duration) / IGOR_UNIT))) for duration in durations]
    if len(values) % 2 == 0:
        values.pop()  # the last space has no edge that ends it
    ring = values[:IGOR_ROOM]
    for index, value in enumerate(values[IGOR_ROOM:]):
        ring[index % IGOR_ROOM] = value
    oldest = len(values) % IGOR_ROOM if len(values) > IGOR_ROOM else 0
    return [(sum(abs(duration) for duration in durations), bytes((0, 0, oldest)) + bytes(ring))]


def xbox(scancodes: Sequence[int]) -> list[Report]:
    """No signal: a report for each scancode, 60 ms apart as the remote repeats them."""
    return [(60_000 * index, bytes((0, 6)) + code.to_bytes(2, "little") + bytes((64, 0))) for index, code in enumerate(scancodes)]


def _pairs(durations: Sequence[int]) -> Iterator[tuple[int, int]]:
    """(pulse, space); a signal that ends in a pulse has an endless space after it."""
    for index in range(0, len(durations), 2):
        space = -durations[index + 1] if index + 1 < len(durations) else SZ_UNIT * (SZ_MOST + 1)
        yield durations[index], space
