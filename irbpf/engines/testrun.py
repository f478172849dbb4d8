"""A decoder run by BPF_PROG_TEST_RUN: the very bytecode, through this kernel's verifier and JIT, on samples from anywhere.

It is for samples that are there already, or come in batches; keys are made by others.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import replace

from irbpf import bpf
from irbpf.errors import Error
from irbpf.pulses import Kind, Sample
from irbpf.reports import EVENT_SIZE, Event, read_events

START = 6  # where the batch begins in the packet (bpf/host/test_run.c)
_HEADER = struct.Struct("=IIIHH")  # struct batch
STRIDE = 8  # samples that the host takes in one run
SAMPLES = 400
ROOM = 10  # events; with them and the samples the packet fits into a page, as the kernel wants it
RESET = [Sample(Kind.OVERFLOW, 0), Sample(Kind.TIMEOUT, 0)]  # brings a decoder back to where it was at first


ROOM_BYTES = START + _HEADER.size + SAMPLES * 4 + ROOM * EVENT_SIZE


class Batches:
    """A loaded decoder that is fed in batches; `nanoseconds` of the program's own run time and `samples` so far. `reading`: it is in
    the midst of a frame; of a decoder that others wait for (irbpf.waiting)."""

    def __init__(self, program: bpf.Program) -> None:
        self.program = program
        self.runs = bpf.TestRuns(program, ROOM_BYTES)
        self.nanoseconds = self.samples = 0
        self.reading = False

    def feed(self, samples: Sequence[Sample]) -> list[Event]:
        events: list[Event] = []
        for start in range(0, len(samples), SAMPLES):
            part = samples[start:start + SAMPLES]
            events += [replace(event, sample=event.sample + start) for event in self.batch(_packed(part))]
        return events

    def batch(self, words: bytes) -> list[Event]:
        """At most SAMPLES mode2 words, as /dev/lirc delivers them."""
        events: list[Event] = []
        count, packet, samples = len(words) // 4, self.runs.packet, START + _HEADER.size
        offset = samples + (len(words) + 7 & ~7)
        next_one = 0
        packet[samples:samples + len(words)] = words
        while next_one < count:
            _HEADER.pack_into(packet, START, next_one, count, 0, ROOM, 0)
            repeat = -(-(count - next_one) // STRIDE)
            nanoseconds = self.runs.run(offset + ROOM * EVENT_SIZE, repeat)
            before, (next_one, _, found, _, reading) = next_one, _HEADER.unpack_from(packet, START)
            if next_one == before:
                raise Error(f"decoder {self.program.name} stands still", "this is a mistake in irbpf")
            if found:
                events += read_events(packet[offset:], found)
            self.reading = bool(reading)
            self.nanoseconds += nanoseconds * repeat
            self.samples += next_one - before
        return events


def _packed(samples: Sequence[Sample]) -> bytes:
    return struct.pack(f"={len(samples)}I", *[sample.word for sample in samples])
