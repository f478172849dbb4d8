"""The automata of the whole catalogue, built once and kept in a file, each read only when a signal asks for it.

Building them takes seconds, reading one well under a millisecond. The file is used only if it is whole and belongs to root or to
the user that runs this, for it is Python's own format (pickle), which must not come from anybody else.
"""

from __future__ import annotations

import functools
import hashlib
import os
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from irbpf.cache import default_folder, read_ours, write_ours
from irbpf.irp.automaton import Automaton, build_automaton
from irbpf.irp.pool import Start, start_of
from irbpf.paths import data
from irbpf.protocols import FILES, Protocol, catalogue

SYSTEM = Path("/var/cache/irbpf")
_SUM = 16
_Place = tuple[Start, int, int]  # how its signals begin, and where its automaton is: offset and size


@dataclass(frozen=True)
class Automata:
    """`index`: name -> place in `blob`."""

    index: Mapping[str, _Place]
    blob: bytes

    def start(self, name: str) -> Start:
        return self.index[name][0]

    def automaton(self, name: str) -> Automaton:
        _, offset, size = self.index[name]
        part = self.blob[offset:offset + size]
        found = pickle.loads(part[_SUM:]) if _sum(part[_SUM:]) == part[:_SUM] else None
        return found if isinstance(found, Automaton) else build_automaton(catalogue()[name])


def _sum(part: bytes) -> bytes:
    return hashlib.blake2b(part, digest_size=_SUM).digest()


@functools.cache
def key() -> str:
    """What the automata depend on: the catalogue, and the code that builds them."""
    here = Path(__file__).parent
    total = hashlib.blake2b(digest_size=12)
    for path in [*sorted((here / "irp").glob("*.py")), here / "layouts.py", here / "protocols.py",
                 *(data("keymaps", "protocols", name) for name in FILES)]:
        total.update(path.read_bytes())
    return total.hexdigest()


def of_catalogue(progress: Callable[[int, int], None] | None = None) -> Automata:
    """From the cache of this user or of root, or built and kept there. `progress` is told how many of how many are built."""
    name = f"automata-{key()}"
    for folder in dict.fromkeys((default_folder(), SYSTEM)):
        if (found := _read(folder / name)) is not None:
            return found
    made = _build(catalogue().decodable(), progress)
    for old in default_folder().glob("automata-*"):
        if os.access(default_folder(), os.W_OK):
            old.unlink(missing_ok=True)
    head = pickle.dumps(dict(made.index))
    write_ours(default_folder() / name, _sum(head) + len(head).to_bytes(4, "big") + head + made.blob)
    return made


def _read(path: Path) -> Automata | None:
    raw = read_ours(path)
    if raw is None or len(raw) < _SUM + 4:
        return None
    size = int.from_bytes(raw[_SUM:_SUM + 4], "big")
    head = raw[_SUM + 4:_SUM + 4 + size]
    return Automata(pickle.loads(head), raw[_SUM + 4 + size:]) if _sum(head) == raw[:_SUM] else None


def _build(protocols: Sequence[Protocol], progress: Callable[[int, int], None] | None) -> Automata:
    index: dict[str, _Place] = {}
    blob = bytearray()
    for count, protocol in enumerate(protocols):
        if progress is not None:
            progress(count, len(protocols))
        automaton = build_automaton(protocol)
        plain = pickle.dumps(automaton, protocol=5)
        index[protocol.name] = (start_of(automaton), len(blob), _SUM + len(plain))
        blob += _sum(plain) + plain
    if progress is not None:
        progress(len(protocols), len(protocols))
    return Automata(index, bytes(blob))
