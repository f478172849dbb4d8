"""Programs from C text: out of the cache, or compiled and kept there. It loads nothing."""

from __future__ import annotations

import hashlib
import itertools
import struct
from collections.abc import Callable, Sequence

from irbpf import compiler
from irbpf.cache import Cache
from irbpf.objects import Object, Source

AT_ONCE, AT_ONCE_TEXT = 16, 500_000  # sources, and their characters, for one compiler process: what is done is kept even if the next is broken off
Progress = Callable[[int, int], None]  # how many of how many are done


def compiled(sources: Sequence[Source], cache: Cache | None,
             progress: Progress | None = None) -> tuple[list[Object], list[str]]:
    """Objects from the cache, the missing ones compiled and kept; what could not be kept is a warning.

    `progress` is told how many of how many are compiled.
    """
    version = compiler.version()
    digests = [_digest(source) for source in sources]
    found = {digest: hit for digest in digests if cache is not None and (hit := _kept(cache, digest, version)) is not None}
    missing = {digest: source for digest, source in zip(digests, sources, strict=True) if digest not in found}
    warnings = []
    waiting, tell = list(missing), progress or (lambda done, of: None)
    start = 0
    while start < len(waiting):
        tell(start, len(waiting))
        part = waiting[start:start + _at_once([missing[one] for one in waiting[start:start + AT_ONCE]])]
        start += len(part)
        for digest, made in zip(part, compiler.compile_sources([missing[one] for one in part]), strict=True):
            found[digest] = made
            if cache is not None and (why := cache.put(f"{digest}-{version}", [made], {"source": digest})) is not None:
                warnings.append(f"not kept in the cache: {why}")
    tell(len(waiting), len(waiting))
    return [found[digest] for digest in digests], list(dict.fromkeys(warnings))


def _at_once(sources: Sequence[Source]) -> int:
    """How many of `sources` one compiler process is given."""
    sizes = itertools.accumulate(len(one.text) for one in sources)
    return max(1, sum(size <= AT_ONCE_TEXT for size in sizes))


def _kept(cache: Cache, digest: str, version: str) -> Object | None:
    """What this compiler made of a source; where there is no compiler, what any made of it."""
    for key in [f"{digest}-{version}"] if version else cache.keys(f"{digest}-"):
        hit = cache.get(key)
        if hit is not None and len(hit[0]) == 1 and hit[1].get("source") == digest:
            return hit[0][0]
    return None


def _digest(source: Source) -> str:
    total = hashlib.sha256(struct.pack("=I", 1) + source.name.encode() + b"\0" + source.host.encode() + b"\0" + source.text.encode())
    for name, table in sorted(source.tables.items()):
        total.update(name.encode() + b"\0" + table)
    return total.hexdigest()
