"""The automaton of raw patterns as a table for bpf/host/table.c: the code is the same for ten patterns and for thousands. It compiles nothing."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from irbpf.errors import Error
from irbpf.irp.automaton import IDLE, Automaton, Edge, State
from irbpf.irp.syntax import Number
from irbpf.paths import data

LARGEST = 4 << 20  # bytes: the kernel takes no larger value of an array map (KMALLOC_MAX_SIZE)
MOST_STEPS = 15
_EDGE = struct.Struct("=IIII")
_NOTHING = _EDGE.pack(1, 0, 0, 0)  # matches no duration


def table_decoder(automaton: Automaton) -> tuple[str, dict[str, bytes]]:
    """C text and tables, as `host_source` takes them; Error where the table is larger than the kernel allows."""
    places = _places(automaton.states)
    count = _power_of_two(max(first + (1 << steps) for first, steps in places.values()))
    scancodes = _scancodes(automaton)
    scancodes += [0] * (_power_of_two(len(scancodes)) - len(scancodes))
    if 8 * len(scancodes) + _EDGE.size * count > LARGEST:
        raise Error(f"the raw patterns make a table of {_EDGE.size * count >> 10} KiB", f"at most {LARGEST >> 10}: divide them among keymaps")
    edges = bytearray(_NOTHING * count)
    for number, (first, steps) in places.items():
        packed = b"".join(_EDGE.pack(*_row(edge, automaton.states[number], places)) for edge in automaton.states[number].edges)
        end = (first + (1 << steps)) * _EDGE.size
        edges[end - len(packed):end] = packed
    sizes = {"EDGES": count, "SCANCODES": len(scancodes), "IDLE": _state(*places[IDLE]), "LEADER": automaton.leader,
             "START_GAP": automaton.start_gap, "HOLD_GAP": automaton.hold_gap}
    text = "".join(f"#define {name} {value}u\n" for name, value in sizes.items()) + data("bpf", "host", "table.c").read_text()
    return text, {"table": struct.pack(f"={len(scancodes)}Q", *scancodes) + bytes(edges)}


def _power_of_two(count: int) -> int:
    return 1 << (count - 1).bit_length()


def _places(states: Sequence[State]) -> dict[int, tuple[int, int]]:
    """state -> index of its first edge, and the logarithm of how many there are; states without any have no place."""
    places, free = {}, 0
    for number, state in enumerate(states):
        if state.edges:
            steps = (len(state.edges) - 1).bit_length()
            if steps > MOST_STEPS:
                raise Error(f"{len(state.edges)} raw patterns part at one place", f"at most {1 << MOST_STEPS}")
            places[number] = (free, steps)
            free += 1 << steps
    return places


def _state(first: int, steps: int) -> int:
    return steps << 28 | first


def _row(edge: Edge, state: State, places: dict[int, tuple[int, int]]) -> tuple[int, int, int, int]:
    if not edge.readings:
        return edge.least, edge.most, _state(*places[edge.target]), 0
    longest_held = max((one.most for one in state.edges if one.silence and one.held), default=0)
    return edge.least, edge.most, 2 * longest_held + edge.held, 1 + edge.readings[0]


def _scancodes(automaton: Automaton) -> list[int]:
    scancodes = [reading.scancode for reading in automaton.readings]
    assert all(isinstance(one, Number) for one in scancodes)
    return [int(one.value) for one in scancodes if isinstance(one, Number)]
