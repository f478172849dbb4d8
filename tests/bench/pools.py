"""Runs the programs of `protocol: any` in Python, with the maps that they share and their tail calls, and counts what they execute."""

from __future__ import annotations

from collections.abc import Sequence

from irbpf.objects import SHARED_MAPS, Object
from irbpf.pulses import Sample
from tests.bench.machine import MAPS, Machine

MOST_TAIL_CALLS = 33  # MAX_TAIL_CALL_CNT of linux/bpf.h


class Pools:
    """The heads in the order in which they are attached, and the members by their slots. `reports`: (number of the protocol, scancode)."""

    def __init__(self, programs: Sequence[Object]) -> None:
        machines = [(one, Machine(one)) for one in programs]
        shared: dict[str, bytearray] = {}
        for one, machine in machines:
            for index, spec in enumerate(one.maps):
                if spec.name in SHARED_MAPS:
                    machine.memory[MAPS + index] = shared.setdefault(spec.name, machine.memory[MAPS + index])
        self.heads = [machine for one, machine in machines if one.slot is None]
        self.members = {one.slot: machine for one, machine in machines if one.slot is not None}

    def take(self, sample: Sample) -> tuple[int, list[tuple[int, int]]]:
        """One sample: how many instructions were executed, and what was reported (0, 0 for a repeat)."""
        executed, reports = 0, []
        for head in self.heads:
            machine: Machine | None = head
            calls = 0
            while machine is not None:
                before = machine.executed
                machine.run(sample.word.to_bytes(4, "little"))
                executed += machine.executed - before
                reports += [(arguments[1], arguments[2]) if name == "rc_keydown" else (0, 0) for name, arguments in machine.calls]
                machine.calls.clear()
                slot, calls = machine.tail, calls + 1
                assert calls <= 1 + MOST_TAIL_CALLS
                machine = None if slot is None else self.members[slot]
        return executed, reports
