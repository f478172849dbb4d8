"""A whole remote: from its recorded presses to the protocols they are sent with, known ones first, then lines of our own, then raw
patterns. It asks nobody and writes no file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from irbpf.encoding import parameters_of
from irbpf.learn.analysis import propose
from irbpf.learn.known import Known, known
from irbpf.learn.line import Line
from irbpf.learn.press import Press
from irbpf.protocols import Protocol
from irbpf.replay import Player

ENOUGH = 0.5  # of the presses that are left must be read by a known protocol, before it is taken
MOST_PROTOCOLS = 6
HIDDEN = ("L", "OEM")  # parameters of the kernel's protocols that its scancodes do not show


@dataclass(frozen=True)
class Group:
    """Presses that one protocol decodes; `line` is None for a protocol of the catalogue. `scancodes`: key -> scancode."""

    protocol: Protocol
    presses: tuple[Press, ...]
    scancodes: dict[str, int]
    line: Line | None = None


@dataclass(frozen=True)
class Learned:
    """`raw`: presses that nothing decodes. They are the last resort: as they are, they can only be compared. `odd`: presses of keys
    that others decode, but not these."""

    groups: tuple[Group, ...]
    raw: tuple[Press, ...] = ()
    odd: tuple[Press, ...] = ()


def learn(presses: Sequence[Press], player: Player, *, name: str = "remote", without: Collection[str] = (),
          progress: Callable[[str], None] = lambda text: None) -> Learned:
    """What `presses` of one remote are; `player` has the known protocols, `without` names some that are not to be used."""
    left, groups, odd = list(presses), list[Group](), list[Press]()
    while left and len(groups) < MOST_PROTOCOLS:
        group = _next(left, player, f"{name}-{len(groups) + 1}" if groups else name, without, progress)
        if group is None:
            break
        groups.append(group)
        taken = set(map(id, group.presses))
        left = [press for press in left if id(press) not in taken]
        odd += [press for press in left if press.key in group.scancodes]
        left = [press for press in left if press.key not in group.scancodes]
    return Learned(tuple(groups), tuple(left), tuple(odd))


def _next(presses: Sequence[Press], player: Player, name: str, without: Collection[str],
          progress: Callable[[str], None]) -> Group | None:
    """The protocol that is worth most for `presses`: a known one for most of them, or else a line of our own that does better."""
    ours = known(presses, player, without)
    best = ours[0] if ours else None
    if best is not None and len(best.proof.covered) >= max(1, ENOUGH * len(presses)):
        return _of_known(best, presses)
    progress(f"no protocol of the catalogue fits {len(presses)} presses; analysing them")
    proposal = propose(presses, name)
    if proposal is not None and (best is None or len(proposal.proof.covered) > len(best.proof.covered)):
        covered = tuple(presses[index] for index in sorted(proposal.proof.covered))
        return Group(proposal.protocol, covered, proposal.proof.scancodes, proposal.line)
    return _of_known(best, presses) if best is not None else None


def _of_known(found: Known, presses: Sequence[Press]) -> Group:
    """With what all presses have and no scancode shows, the short leader of NEC, the maker of XMP: sending the keys needs it."""
    events = [found.proof.events[index][0] for index in sorted(found.proof.covered)]
    usual = parameters_of(found.protocol, events[0].scancode) if found.protocol.number else {}
    hidden = {name: value for name, value in events[0].params.items() if name in HIDDEN and value != usual.get(name, value)
              and all(one.params[name] == value for one in events)}
    protocol = replace(found.protocol, where={**found.protocol.where, **hidden}) if hidden else found.protocol
    return Group(protocol, tuple(presses[index] for index in sorted(found.proof.covered)), found.proof.scancodes)
