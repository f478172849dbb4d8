"""All that a receiver needs of its keymaps, compiled: programs, keys, which kernel decoders are in the way, and the timeout."""

from __future__ import annotations

import hashlib
import itertools
import struct
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from irbpf import automata, compiler, hosts, keycodes, objectfile, together
from irbpf.cache import Cache
from irbpf.errors import Error
from irbpf.hosts import OWN_PROTOCOL
from irbpf.irp.automaton import MOST_CARRY_US, Automaton
from irbpf.keymap import MOST_KEYS, AnyEntry, Anything, Entry, HandWritten, Keymap
from irbpf.latency import hastened
from irbpf.objects import Object, Source
from irbpf.paths import data
from irbpf.programs import in_hearing_order, source_of

MOST_PROGRAMS = 64
NAMED_NUMBERS = 28  # the kernel has a repeat period of its own for protocols below; 100 ms for the rest
AT_ONCE, AT_ONCE_TEXT = 16, 500_000  # sources, and their characters, for one compiler process: what is done is kept even if the next is broken off
MARGIN_US = 2_000
Progress = Callable[[int, int], None]  # how many of how many are done
HAND_WRITTEN_TIMEOUT_US = 20_000

# enum rc_proto -> the decoder of rc-core, by its name in sysfs
KERNEL_DECODERS: Mapping[int, str] = {
    2: "rc-5", 3: "rc-5", 4: "rc-5-sz", 5: "jvc", 6: "sony", 7: "sony", 8: "sony", 9: "nec", 10: "nec", 11: "nec", 12: "sanyo",
    13: "mce_kbd", 15: "rc-6", 16: "rc-6", 17: "rc-6", 18: "rc-6", 19: "rc-6", 20: "sharp", 21: "xmp", 23: "imon", 24: "rc-mm",
    25: "rc-mm", 26: "rc-mm", 27: "xbox-dvd"}


@dataclass(frozen=True)
class Bundle:
    """`keys`: scancode -> keycode number; `replaces`: kernel decoders that would decode the same again; `timeout` in µs.
    `numbers` of the protocols, in the order of the programs for one host; `quiet` as of a `Part`, the shortest of all."""

    names: tuple[str, ...]
    objects: tuple[Object, ...]
    keys: Mapping[int, int]
    replaces: tuple[str, ...]
    timeout: int
    numbers: tuple[int, ...] = ()
    quiet: int = 0

    def programs(self, host: str) -> list[Object]:
        """Those for `host`, in the order in which they run."""
        return [one for one in self.objects if one.host == host]

    @property
    def attached(self) -> int:
        """How many programs a receiver gets; they may call others."""
        return sum(one.slot is None for one in self.programs("lirc"))

    def dump(self) -> bytes:
        return objectfile.dump(self.objects, {"names": list(self.names), "keys": [[code, key] for code, key in self.keys.items()],
                                              "replaces": list(self.replaces), "timeout": self.timeout,
                                              "numbers": list(self.numbers), "quiet": self.quiet})

    @classmethod
    def read(cls, raw: bytes) -> Bundle:
        """What `dump` wrote; Error for anything else."""
        return cls.of(*objectfile.load(raw))

    @classmethod
    def of(cls, objects: Sequence[Object], extra: Mapping[str, Any]) -> Bundle:
        try:
            return cls(tuple(map(str, extra["names"])), tuple(objects), {int(code): int(key) for code, key in extra["keys"]},
                       tuple(map(str, extra["replaces"])), int(extra["timeout"]), tuple(map(int, extra.get("numbers", ()))),
                       int(extra.get("quiet", 0)))
        except (KeyError, TypeError, ValueError) as error:
            raise objectfile.Damaged("the object file holds no bundle", "make it with irbpf build") from error


@dataclass(frozen=True)
class Part:
    """One protocol of some keymaps: its program for a host; its number; the timeout (µs) that it needs; the shortest silence (µs)
    that completes a frame, 0 if unknown; and its automaton, None for a decoder that is written by hand."""

    source: Source
    number: int
    timeout: int
    quiet: int
    automaton: Automaton | None


def parts(keymaps: Sequence[Keymap], host: str) -> list[Part]:
    """What the keymaps' programs for `host` are made of, in the order in which they run: who comes first is heard where several read
    the same frame. Two equal protocols are one."""
    found: list[Part] = []
    entries = in_hearing_order([entry for keymap in keymaps for entry in keymap.decoded])
    for index, (entry, automaton) in enumerate(zip(entries, hastened(entries), strict=True)):
        if isinstance(entry, Anything):
            continue
        part = _part(entry, automaton, host, OWN_PROTOCOL + index, len(entries) > 1)
        if not any(known.source.text == part.source.text and known.source.tables == part.source.tables for known in found):
            found.append(part)
    if len(found) > MOST_PROGRAMS:
        raise Error(f"{len(found)} protocols", f"the kernel runs at most {MOST_PROGRAMS} programs on a receiver")
    return found


def build(keymaps: Sequence[Keymap], cache: Cache | None, kinds: Sequence[str] = ("lirc",),
          progress: Progress | None = None) -> tuple[Bundle, list[str]]:
    """The bundle of some keymaps for one receiver, with programs for the hosts `kinds`, and warnings. Error where keymaps contradict each other.
    `progress` is told how many of how many programs are compiled."""
    keys, made = merged_keys(keymaps), {host: parts(keymaps, host) for host in kinds}
    objects, warnings = compiled([part.source for host in kinds for part in made[host]], cache, progress)
    same = made[kinds[0]]
    every = [everything(host, cache, progress) for host in kinds] if any_protocol(keymaps) else []
    numbers = [part.number for part in same] + [number for one in every[:1] for number in one.numbers]
    return Bundle(tuple(keymap.name for keymap in keymaps), (*objects, *(program for one in every for program in one.objects)), keys,
                  tuple(sorted({KERNEL_DECODERS[number] for number in numbers if number in KERNEL_DECODERS})),
                  max([part.timeout for part in same] + [one.timeout for one in every], default=0), tuple(numbers),
                  min([part.quiet for part in same] + [one.quiet for one in every], default=0)), warnings


def any_protocol(keymaps: Sequence[Keymap]) -> bool:
    return any(isinstance(entry, Anything) for keymap in keymaps for entry in keymap.decoded)


@dataclass(frozen=True)
class Everything:
    """The programs of all protocols of the catalogue for a host; the rest as of a `Part`."""

    objects: tuple[Object, ...]
    numbers: tuple[int, ...]
    timeout: int
    quiet: int


def everything(host: str, cache: Cache | None, progress: Progress | None = None) -> Everything:
    """From the cache, or built and compiled in a minute or two, and kept."""
    start, version = f"any-{host}-{_everything_digest()}-", compiler.version()
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


def limits() -> tuple[int, int]:
    """The timeout (µs) that all protocols of the catalogue need, and the shortest silence (µs) that completes a frame of any."""
    kept = automata.of_catalogue()
    numbers = together.numbers()
    machines = [(kept.automaton(one.name), numbers[one.name]) for one in together.protocols()]
    return max(timeout_of(one, number) for one, number in machines), min(quiet_of(one) for one, _ in machines)


def _everything_digest() -> str:
    total = hashlib.blake2b(automata.key().encode() + hosts.texts().encode(), digest_size=12)
    here = Path(__file__).parent
    for path in (data("keymaps", "protocols", "together.yaml"), *(here / f"{name}.py" for name in ("together", "bundle", "hosts", "preference"))):
        total.update(path.read_bytes())
    return total.hexdigest()


def table_only(keymaps: Sequence[Keymap], decodes: Collection[str] = ()) -> tuple[Bundle, set[str], list[str]]:
    """For a receiver that decodes by itself: the keys, and no program; what of `decodes` (the names in sysfs of what its hardware
    knows) they need; and a word on protocols whose keys will never come. Error if that is all of them."""
    wanted = {entry.protocol.name: KERNEL_DECODERS.get(entry.protocol.number, "") for keymap in keymaps for entry in keymap.entries
              if isinstance(entry, Entry)}
    known = set(decodes) - {"lirc", "other", "unknown"}  # hardware that does not tell what it decodes may decode anything
    strange = sorted(name for name, decoder in wanted.items() if decoder not in known) if known == set(decodes) - {"lirc"} and known else []
    hint = f"its hardware decodes {', '.join(sorted(known))}"
    if strange and len(strange) == sum(len(keymap.entries) for keymap in keymaps):
        raise Error(f"this receiver decodes by itself, and not {', '.join(strange)}", f"{hint}; choose a keymap of such a protocol")
    return (Bundle(tuple(keymap.name for keymap in keymaps), (), merged_keys(keymaps), (), 0), known & set(wanted.values()),
            [f"keys of {name} will not come: {hint}" for name in strange])


def merged_keys(keymaps: Sequence[Keymap]) -> dict[int, int]:
    keys: dict[int, int] = {}
    origin: dict[int, str] = {}
    for keymap in keymaps:
        for scancode, key in keymap.certain.items():
            code = keycodes.number(key)
            if keys.setdefault(scancode, code) != code:
                raise Error(f"{keymap.places.get(scancode, keymap.path)}: scancode {scancode:#x} is {key} here and "
                            f"{keycodes.name(keys[scancode])} at {origin[scancode]}", "load one of them, or take the key out of one")
            origin.setdefault(scancode, keymap.places.get(scancode, keymap.path))
    if len(keys) > MOST_KEYS:
        raise Error(f"{len(keys)} keys", f"the kernel's table has room for {MOST_KEYS}")
    for scancode, key in ((scancode, key) for keymap in keymaps for scancode, key in keymap.keys.items()):
        if len(keys) < MOST_KEYS:
            keys.setdefault(scancode, keycodes.number(key))
    return keys


def _part(entry: AnyEntry, automaton: Automaton | None, host: str, own: int, several: bool) -> Part:
    given = entry.protocol.number if isinstance(entry, Entry) else entry.number if isinstance(entry, HandWritten) else 0
    number = given or own
    source = source_of(entry, automaton, host, number, several)
    if automaton is None:
        return Part(source, number, HAND_WRITTEN_TIMEOUT_US, 0, None)
    return Part(source, number, timeout_of(automaton, number), quiet_of(automaton), automaton)


def quiet_of(automaton: Automaton) -> int:
    """The shortest space (µs) that completes a frame; 0 where a pulse can. What a pulse before it is too long may be missing of it."""
    ends = [(state.sign, edge.least) for state in automaton.states for edge in state.edges if edge.readings]
    return 0 if any(sign > 0 for sign, _ in ends) else max(0, min(least for _, least in ends) - MOST_CARRY_US)


def timeout_of(automaton: Automaton, number: int) -> int:
    """How long the receiver has to wait before it says that a signal is over: longer than any gap inside one, and so long that
    the key of a protocol without a repeat period of its own is not let go between two frames. A frame that is reported at its last edge
    does not wait for it, but a gap inside one must still be shorter."""
    inside = max(automaton.longest_space, automaton.start_gap) + MARGIN_US
    if number < NAMED_NUMBERS:
        return inside
    between = max(0, automaton.hold_gap - 10_000) // 2
    return max(inside, between - 10_000)


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
