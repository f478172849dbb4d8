"""The keys of a keymap as signals, and what an export gives. It knows no format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from irbpf.encoding import parameters_of
from irbpf.errors import Error
from irbpf.irp.render import render
from irbpf.keymap import Anything, Entry, HandWritten, Keymap, Raw, Table
from irbpf.protocols import Protocol

RAW_GAP_US = 100_000  # patterns have no gap of their own
USUAL_CARRIER = 38_000


@dataclass(frozen=True)
class Exported:
    """`text` of a file, how many `keys` are in it, and what is not."""

    text: str
    keys: int
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Key:
    """One scancode and its signal: `intro`, then `repeat` while the key is held; µs, pulse first, each ending in a space.

    `protocol` is None for a pattern.
    """

    name: str
    scancode: int
    protocol: Protocol | None
    params: dict[str, int] = field(default_factory=dict)
    intro: tuple[int, ...] = ()
    repeat: tuple[int, ...] = ()
    carrier: int = USUAL_CARRIER

    @property
    def frame(self) -> tuple[int, ...]:
        """What one short press sends."""
        return self.intro or self.repeat


def keys_of(keymap: Keymap, problem: Callable[[str], None]) -> list[Key]:
    """Every key whose signal is known."""
    found: list[Key] = []
    for entry in keymap.entries:
        match entry:
            case Entry(protocol, keys):
                for scancode, name in keys.items():
                    try:
                        found.append(_rendered(protocol, scancode, name))
                    except Error as error:
                        problem(f"{name}: {error}")
            case Raw(patterns):
                found += [Key(one.label, one.scancode, None, {}, (*one.durations, RAW_GAP_US)) for one in patterns]
            case HandWritten(decoder):
                problem(f"{decoder}.c is a decoder written by hand: what its {len(entry.keys)} keys send is not known")
            case Anything(keys):
                problem(f"{len(keys)} keys of any protocol: which they are of is not said")
            case Table(keys):
                problem(f"{len(keys)} keys of a table: what they send is known to the receiver alone")
    return found


def _rendered(protocol: Protocol, scancode: int, name: str) -> Key:
    params = parameters_of(protocol, scancode)
    signal = render(protocol.irp, params)
    if signal.ending:
        raise Error(f"{protocol.name} ends a press with a frame of its own, which is not expressed")
    return Key(name, scancode, protocol, params, signal.intro, signal.repeat, round(protocol.irp.general.carrier))


def by_protocol(keys: Sequence[Key]) -> list[list[Key]]:
    groups: list[list[Key]] = []
    for key in keys:
        if groups and groups[-1][0].protocol == key.protocol:
            groups[-1].append(key)
        else:
            groups.append([key])
    return groups
