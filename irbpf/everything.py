"""All protocols of the catalogue compiled for one receiver (`protocol: any`): from the cache, where they are kept whole."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path

from irbpf import automata, compiler, hosts, together
from irbpf.cache import Cache
from irbpf.compiling import Progress, compiled
from irbpf.needs import quiet_of, timeout_of
from irbpf.objects import Object
from irbpf.paths import data


@dataclass(frozen=True)
class Everything:
    """The programs of all protocols of the catalogue for a host; the rest as of a `Part`."""

    objects: tuple[Object, ...]
    numbers: tuple[int, ...]
    timeout: int
    quiet: int


def everything(host: str, cache: Cache | None, progress: Progress | None = None) -> Everything:
    """From the cache, or built and compiled in a minute or two, and kept."""
    start, version = f"any-{host}-{_digest()}-", compiler.version()
    key = start + version
    hits = (cache.get(one) for one in ([key] if version else cache.keys(start))) if cache is not None else iter(())
    hit = next((one for one in hits if one is not None), None)
    if hit is not None:
        kept, extra = hit
        return Everything(tuple(kept), tuple(extra["numbers"]), int(extra["timeout"]), int(extra["quiet"]))
    machines = together.unions(progress)
    (timeout, quiet), numbers = limits(), together.numbers()
    objects = compiled(together.sources(machines, host), cache, progress)[0]
    made = Everything(tuple(objects), tuple(numbers[one.name] for one in together.protocols()), timeout, quiet)
    if cache is not None:
        cache.put(key, made.objects, {"numbers": made.numbers, "timeout": made.timeout, "quiet": made.quiet})
    return made


@functools.cache
def limits() -> tuple[int, int]:
    """The timeout (µs) that all protocols of the catalogue need, and the shortest silence (µs) that completes a frame of any."""
    kept = automata.of_catalogue()
    numbers = together.numbers()
    machines = [(kept.automaton(one.name), numbers[one.name]) for one in together.protocols()]
    return max(timeout_of(one, number) for one, number in machines), min(quiet_of(one) for one, _ in machines)


def _digest() -> str:
    total = hashlib.blake2b(automata.key().encode() + hosts.texts().encode(), digest_size=12)
    ours = (Path(__file__).with_name(f"{name}.py") for name in ("everything", "together", "needs", "hosts", "preference"))
    for path in (data("keymaps", "protocols", "together.yaml"), *ours):
        total.update(path.read_bytes())
    return total.hexdigest()
