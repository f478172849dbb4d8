"""Objects as a file: what `irbpf build` writes, what the cache keeps, and what a machine without a compiler loads.

A magic number, a JSON header, the bytes it names, and a SHA-256 of it all. Nothing in it is trusted before the sum is right.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from irbpf.errors import Error
from irbpf.objects import MapSpec, Object

MAGIC = b"irbpf1\n\0"
LARGEST = 64 << 20


class Damaged(Error):
    """The file is none of ours, or not whole."""


def dump(objects: Sequence[Object], extra: Mapping[str, Any]) -> bytes:
    """`objects` and the JSON value `extra` as one file."""
    blobs = bytearray()

    def put(data: bytes) -> list[int]:
        blobs.extend(data)
        return [len(blobs) - len(data), len(data)]

    header = {"order": sys.byteorder, "extra": dict(extra), "objects": [
        {"name": one.name, "host": one.host, "license": one.license, "slot": one.slot, "code": put(one.instructions),
         "relocations": [list(pair) for pair in one.relocations],
         "maps": [[spec.name, spec.type, spec.key_size, spec.value_size, spec.max_entries, spec.flags, put(spec.contents)]
                  for spec in one.maps]} for one in objects]}
    text = json.dumps(header, sort_keys=True).encode()
    body = MAGIC + len(text).to_bytes(4, "big") + text + bytes(blobs)
    return body + _sum(body)


def load(data: bytes) -> tuple[list[Object], dict[str, Any]]:
    """What `dump` was given; `Damaged` for anything else."""
    if len(data) < len(MAGIC) + 36 or len(data) > LARGEST or data[:len(MAGIC)] != MAGIC:
        raise Damaged("not an irbpf object file", "make it with irbpf build")
    if _sum(data[:-32]) != data[-32:]:
        raise Damaged("the object file is damaged", "make it anew with irbpf build")
    return unpack(data[:-32])


def _sum(body: bytes) -> bytes:
    import hashlib  # brings OpenSSL along, 4 MB

    return hashlib.sha256(body).digest()


def unpack(body: bytes) -> tuple[list[Object], dict[str, Any]]:
    """What `dump` wrote, without the sum at its end: for what comes straight from the process that made it."""
    size = int.from_bytes(body[len(MAGIC):len(MAGIC) + 4], "big")
    start = len(MAGIC) + 4
    blobs = body[start + size:]
    try:
        header = json.loads(body[start:start + size])
        if header["order"] != sys.byteorder:
            raise Damaged(f"the object file is for a {header['order']}-endian machine", "build it for this one")
        return [_object(one, blobs) for one in header["objects"]], header["extra"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Damaged(f"the object file makes no sense: {error}", "make it anew with irbpf build") from error


def _take(blobs: bytes, place: Sequence[int]) -> bytes:
    start, size = place
    if start < 0 or size < 0 or start + size > len(blobs):
        raise ValueError("a part lies outside of the file")
    return blobs[start:start + size]


def _object(one: Mapping[str, Any], blobs: bytes) -> Object:
    maps = tuple(MapSpec(str(name), int(kind), int(key), int(value), int(most), int(flags), _take(blobs, place))
                 for name, kind, key, value, most, flags, place in one["maps"])
    code = _take(blobs, one["code"])
    relocations = tuple((int(instruction), int(index)) for instruction, index in one["relocations"])
    if len(code) % 8 or any(not 0 <= at < len(code) // 8 or not 0 <= index < len(maps) for at, index in relocations):
        raise ValueError("its code and its maps do not fit")
    return Object(str(one["name"]), str(one["host"]), code, maps, relocations, str(one["license"]),
                  None if one.get("slot") is None else int(one["slot"]))
