"""Many automata on one stream of samples: only those that a signal's beginning fits are run. It says what all of them would say.

Most of the time nothing is alive. After a silence, the first pulse and the space after it choose from a table who wakes up; who
loses the thread sleeps again. In the kernel a head does the same (bpf/host/head.c), though by the pulse alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from irbpf.irp.automaton import IDLE, LOST, MOST_CARRY_US, Automaton
from irbpf.irp.interpreter import Decoded, Interpreter
from irbpf.pulses import LONGEST_US, Kind, Sample

Window = tuple[int, int, int, int]  # the first pulse from, to, and the space after it from, to, in µs


@dataclass(frozen=True)
class Start:
    """How the signals of one automaton begin: `windows`, after a silence of `gap` µs, or anywhere with a pulse of `leader` µs."""

    windows: tuple[Window, ...]
    gap: int
    leader: int

    def pulse(self, duration: int) -> bool:
        return any(least <= duration <= most for least, most, _, _ in self.windows)

    def both(self, pulse: int, space: int) -> bool:
        return any(a <= pulse <= b and c <= space <= d for a, b, c, d in self.windows)


def start_of(automaton: Automaton) -> Start:
    """The start of `automaton`. A space may be shorter than its window says by what the pulse before was too long, and longer where a
    first pulse can be too short."""
    windows, longer = [], MOST_CARRY_US if automaton.first else 0
    for first in automaton.states[IDLE].edges:
        for second in automaton.states[first.target].edges:
            most = LONGEST_US if second.silence else min(LONGEST_US, second.most + longer)
            windows.append((first.least, first.most, max(1, second.least - MOST_CARRY_US), most))
    return Start(_joined(windows), automaton.start_gap, automaton.leader)


def _joined(windows: Sequence[Window]) -> tuple[Window, ...]:
    """Windows that differ only in a space that goes on where another ends are one."""
    joined: list[Window] = []
    for window in sorted(windows):
        last = joined[-1] if joined else None
        if last is not None and last[:2] == window[:2] and window[2] <= last[3] + 1:
            joined[-1] = (*window[:2], last[2], max(last[3], window[3]))
        else:
            joined.append(window)
    return tuple(joined)


@dataclass
class Pool:
    """Automata by number; `starts` of all of them, and `automaton(number)`, which is asked only for those that wake up."""

    starts: Sequence[Start]
    automaton: Callable[[int], Automaton]
    alive: dict[int, Interpreter] = field(default_factory=dict)
    asleep: dict[int, Interpreter] = field(default_factory=dict)
    silence: int = LONGEST_US
    pulse: int = 0
    told: list[Sample] = field(default_factory=list)  # since that pulse: carriers, which are no part of a signal but have their places
    waking: list[int] = field(default_factory=list)

    def reset(self) -> None:
        """As at the start: as if a silence came before."""
        self.rest()
        for machine in self.asleep.values():
            machine.reset()
        self.silence, self.waking = LONGEST_US, []

    def rest(self) -> None:
        self.asleep |= self.alive
        self.alive = {}

    def step(self, sample: Sample) -> Iterator[tuple[int, Decoded, Interpreter]]:
        """Take one sample; the events that it completes: the number of the automaton, in ascending order, and who runs it."""
        kind, duration = sample
        if kind == Kind.FREQUENCY:
            self.told.append(sample)
            for machine in self.alive.values():
                machine.step(sample)
            return
        if kind == Kind.OVERFLOW:
            self.rest()
            self.silence, self.waking = 0, []
            return
        if kind == Kind.SPACE or kind == Kind.TIMEOUT:
            self.wake(LONGEST_US if kind == Kind.TIMEOUT else duration)
        awake = sorted(self.alive)
        for number in awake:
            machine = self.alive[number]
            decoded = machine.step(sample)
            if machine.state == LOST:
                self.asleep[number] = self.alive.pop(number)
            if decoded is not None:
                yield number, decoded, machine
        if kind == Kind.PULSE:
            self.pulse, self.told = duration, []
            self.waking = [number for number, start in enumerate(self.starts) if number not in awake
                           and (self.silence >= start.gap or duration >= start.leader) and start.pulse(duration)]
            self.silence = 0
        else:
            self.silence = LONGEST_US if kind == Kind.TIMEOUT else duration
            self.waking = []

    def wake(self, space: int) -> None:
        """Those whose beginning the last pulse and this space are take part from that pulse on."""
        for number in self.waking:
            if self.starts[number].both(self.pulse, space):
                machine = self.asleep.pop(number, None) or Interpreter(self.automaton(number))
                machine.restart_from_silence()
                for sample in (Sample(Kind.PULSE, self.pulse), *self.told):
                    machine.step(sample)
                self.alive[number] = machine
