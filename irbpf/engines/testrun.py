"""A decoder run by BPF_PROG_TEST_RUN: the very bytecode, through this kernel's verifier and JIT, on samples from anywhere.

It is for samples that are there already, or come in batches; keys are made by others.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from irbpf import bpf
from irbpf.errors import Error
from irbpf.pulses import Kind, Sample
from irbpf.reports import EVENT_SIZE, Event, read_events

_HEADER = struct.Struct("=IIII")  # struct batch of bpf/host/test_run.c
STRIDE = 8  # samples that the host takes in one run
SAMPLES = 400
ROOM = 10  # events; with them and the samples the packet fits into a page, as the kernel wants it
RESET = [Sample(Kind.OVERFLOW, 0), Sample(Kind.TIMEOUT, 0)]  # brings a decoder back to where it was at first


@dataclass
class Batches:
    """A loaded decoder that is fed in batches; `nanoseconds` of the program's own run time and `samples` so far."""

    program: bpf.Program
    nanoseconds: int = 0
    samples: int = 0

    def feed(self, samples: Sequence[Sample]) -> list[Event]:
        events: list[Event] = []
        for start in range(0, len(samples), SAMPLES):
            part = samples[start:start + SAMPLES]
            events += [_moved(event, start) for event in self.batch([sample.word for sample in part])]
        return events

    def batch(self, words: Sequence[int]) -> list[Event]:
        events: list[Event] = []
        offset = _HEADER.size + (len(words) * 4 + 7 & ~7)
        next_one = 0
        while next_one < len(words):
            packet = bytearray(offset + ROOM * EVENT_SIZE)
            _HEADER.pack_into(packet, 0, next_one, len(words), 0, ROOM)
            struct.pack_into(f"={len(words)}I", packet, _HEADER.size, *words)
            runs = -(-(len(words) - next_one) // STRIDE)
            ran = bpf.test_run(self.program, bytes(packet), runs)
            before, (next_one, _, count, _) = next_one, _HEADER.unpack_from(ran.data)
            if next_one == before:
                raise Error(f"decoder {self.program.name} stands still", "this is a mistake in irbpf")
            events += read_events(ran.data[offset:], count)
            self.nanoseconds += ran.duration_ns * runs
            self.samples += next_one - before
        return events


def _moved(event: Event, by: int) -> Event:
    return Event(event.sample + by, event.kind, event.reading, event.scancode, event.toggle, event.again, event.x, event.y,
                 event.params)
