"""What a decoder is on its way into the kernel: C text (`Source`) and relocatable bytecode (`Object`). It loads nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SHARED_MAPS = ("heard", "pools", "members")  # of bpf/host/lirc.c and pool.h: one for all programs of a receiver
MEMBERS = "members"


@dataclass(frozen=True)
class Source:
    """Complete C text of one BPF program for one host.

    `name` is the program's name in the kernel (at most 15 of alnum `_` `.`) and of its C function `decode`;
    `host` is `lirc` (program type BPF_PROG_TYPE_LIRC_MODE2) or `test_run` (BPF_PROG_TYPE_SCHED_CLS). `tables` holds the contents of maps that are
    part of the decoder: map name -> the values of an array map, one after the other (a map of one value is made as large as it).
    `slot`: it is not attached, but called by another program: its index in the map `MEMBERS`.
    """

    name: str
    host: str
    text: str
    tables: Mapping[str, bytes] = field(default_factory=dict)
    slot: int | None = None


@dataclass(frozen=True)
class MapSpec:
    """A map that a program needs: `type` is enum bpf_map_type; `contents` as in `Source.tables`, or empty."""

    name: str
    type: int
    key_size: int
    value_size: int
    max_entries: int
    flags: int = 0
    contents: bytes = b""


@dataclass(frozen=True)
class Object:
    """Bytecode without file descriptors: `relocations` are (index of the two-slot load instruction, index into `maps`);
    `slot` as of a `Source`."""

    name: str
    host: str
    instructions: bytes
    maps: tuple[MapSpec, ...]
    relocations: tuple[tuple[int, int], ...]
    license: str = "GPL"
    slot: int | None = None
