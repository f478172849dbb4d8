"""What the process that makes the keys is told: one value, as bytes. It is made by a process that may be large and read by a small one."""

from __future__ import annotations

import base64
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from irbpf import objectfile
from irbpf.objects import Object
from irbpf.uinput import Looks

if TYPE_CHECKING:
    from irbpf.irp.automaton import Automaton


@dataclass(frozen=True)
class Job:
    """`engine`: bpf (then there are `objects` for the host test_run) or python (then `automata`), and `why` in words; `numbers`
    of their protocols, in the same order; `identity`: discovery's, of the receiver. `quiet`: the shortest silence (µs) that can
    complete a frame; 0: any sample can. `reading_on` (irbpf.waiting), by their places.
    `keys`: scancode -> keycode; `timeout` (µs) is what the receiver should have. `anything`: with python, all protocols of the
    catalogue too."""

    rc: str
    identity: int
    lirc: str
    looks: Looks
    engine: str
    why: str
    names: tuple[str, ...]
    numbers: tuple[int, ...]
    quiet: int
    keys: Mapping[int, int]
    timeout: int
    objects: tuple[Object, ...] = ()
    automata: tuple[Automaton, ...] = field(default=())
    anything: bool = False
    reading_on: frozenset[int] = frozenset()

    def dump(self) -> bytes:
        machines = base64.b64encode(pickle.dumps(self.automata)).decode() if self.automata else ""
        return objectfile.dump(self.objects, {
            "rc": self.rc, "identity": self.identity, "lirc": self.lirc, "looks": vars(self.looks), "engine": self.engine,
            "why": self.why, "names": self.names,
            "numbers": self.numbers, "quiet": self.quiet, "keys": list(self.keys.items()), "timeout": self.timeout,
            "anything": self.anything, "reading_on": sorted(self.reading_on), "machines": machines})

    @classmethod
    def read(cls, raw: bytes) -> Job:
        """What `dump` wrote. It may hold a pickle, so it is read from nobody but root's own processes."""
        objects, extra = objectfile.unpack(raw[:-32])
        machines = extra.pop("machines")
        extra |= {"looks": Looks(**extra["looks"]), "names": tuple(extra["names"]), "numbers": tuple(extra["numbers"]),
                  "keys": dict(extra["keys"]), "reading_on": frozenset(extra.get("reading_on", ())), "objects": tuple(objects)}
        return cls(**extra, automata=pickle.loads(base64.b64decode(machines)) if machines else ())
