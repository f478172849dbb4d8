"""All that a receiver needs of its keymaps, compiled: programs, keys, which kernel decoders are in the way, and the timeout."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from irbpf import keycodes, objectfile
from irbpf.cache import Cache
from irbpf.compiling import Progress, compiled
from irbpf.errors import Error
from irbpf.hosts import OWN_PROTOCOL
from irbpf.irp.automaton import Automaton
from irbpf.keymap import MOST_KEYS, Anything, Entry, HandWritten, Keymap
from irbpf.listeners import Listener, listeners
from irbpf.needs import quiet_of, timeout_of
from irbpf.objects import Object, Source
from irbpf.programs import Beside, beside, source_of

if TYPE_CHECKING:
    from irbpf.everything import Everything

MOST_PROGRAMS = 64
HAND_WRITTEN_TIMEOUT_US = 20_000

# enum rc_proto -> the decoder of rc-core, by its name in sysfs
KERNEL_DECODERS: Mapping[int, str] = {
    2: "rc-5", 3: "rc-5", 4: "rc-5-sz", 5: "jvc", 6: "sony", 7: "sony", 8: "sony", 9: "nec", 10: "nec", 11: "nec", 12: "sanyo",
    13: "mce_kbd", 15: "rc-6", 16: "rc-6", 17: "rc-6", 18: "rc-6", 19: "rc-6", 20: "sharp", 21: "xmp", 23: "imon", 24: "rc-mm",
    25: "rc-mm", 26: "rc-mm", 27: "xbox-dvd"}


@dataclass(frozen=True)
class Bundle:
    """`keys`: scancode -> keycode number; `replaces`: kernel decoders that would decode the same again; `timeout` in µs.
    `numbers` of the protocols, in the order of the programs for one host; `quiet` as of a `Part`, the shortest of all; `reading_on` (irbpf.waiting)
    by their places in that order."""

    names: tuple[str, ...]
    objects: tuple[Object, ...]
    keys: Mapping[int, int]
    replaces: tuple[str, ...]
    timeout: int
    numbers: tuple[int, ...] = ()
    quiet: int = 0
    reading_on: frozenset[int] = frozenset()

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
                                              "numbers": list(self.numbers), "quiet": self.quiet, "reading on": sorted(self.reading_on)})

    @classmethod
    def read(cls, raw: bytes) -> Bundle:
        """What `dump` wrote; Error for anything else."""
        return cls.of(*objectfile.load(raw))

    @classmethod
    def of(cls, objects: Sequence[Object], extra: Mapping[str, Any]) -> Bundle:
        try:
            return cls(tuple(map(str, extra["names"])), tuple(objects), {int(code): int(key) for code, key in extra["keys"]},
                       tuple(map(str, extra["replaces"])), int(extra["timeout"]), tuple(map(int, extra.get("numbers", ()))),
                       int(extra.get("quiet", 0)), frozenset(map(int, extra.get("reading on", ()))))
        except (KeyError, TypeError, ValueError) as error:
            raise objectfile.Damaged("the object file holds no bundle", "make it with irbpf build") from error


@dataclass(frozen=True)
class Part:
    """One protocol of some keymaps: its program for a host; its number; the timeout (µs) that it needs; the shortest silence (µs)
    that completes a frame, 0 if unknown; its automaton, None for a decoder that is written by hand; and whether it reads on (irbpf.waiting)."""

    source: Source
    number: int
    timeout: int
    quiet: int
    automaton: Automaton | None
    reads_on: bool = False


def parts(keymaps: Sequence[Keymap], host: str) -> list[Part]:
    """What the keymaps' programs for `host` are made of, in the order in which they run: who comes first is heard where several read
    the same frame. Two equal protocols are one."""
    return _parts(_side_by_side(keymaps), host)


def _side_by_side(keymaps: Sequence[Keymap]) -> list[Listener]:
    return listeners([entry for keymap in keymaps for entry in keymap.decoded])


def _parts(side_by_side: Sequence[Listener], host: str) -> list[Part]:
    different = [one for place, one in enumerate(side_by_side) if not any(_same(one, known) for known in side_by_side[:place])]
    places = beside(len(different), [place for place, one in enumerate(different) if one.reads_on])
    found: list[Part] = []
    for index, (one, among) in enumerate(zip(different, places, strict=True)):
        if isinstance(one.entry, Anything):
            continue
        part = _part(one, host, OWN_PROTOCOL + index, among if len(different) > 1 else None)
        if not any(known.source.text == part.source.text and known.source.tables == part.source.tables for known in found):
            found.append(part)
    if len(found) > MOST_PROGRAMS:
        raise Error(f"{len(found)} protocols", f"the kernel runs at most {MOST_PROGRAMS} programs on a receiver")
    return found


def _same(one: Listener, other: Listener) -> bool:
    return isinstance(one.entry, Entry) and isinstance(other.entry, Entry) and one.entry.protocol == other.entry.protocol


def build(keymaps: Sequence[Keymap], cache: Cache | None, hosts: Sequence[str] = ("lirc",),
          progress: Progress | None = None) -> tuple[Bundle, list[str]]:
    """The bundle of some keymaps for one receiver, with programs for `hosts`, and warnings. Error where keymaps contradict each other.
    `progress` is told how many of how many programs are compiled."""
    keys, side_by_side = merged_keys(keymaps), _side_by_side(keymaps)
    made = {host: _parts(side_by_side, host) for host in hosts}
    objects, warnings = compiled([part.source for host in hosts for part in made[host]], cache, progress)
    same = made[hosts[0]]
    every: list[Everything] = []
    if any_protocol(keymaps):
        from irbpf.everything import everything  # large, and seldom asked for

        every = [everything(host, cache, progress) for host in hosts]
    numbers = [part.number for part in same] + [number for one in every[:1] for number in one.numbers]
    return Bundle(tuple(keymap.name for keymap in keymaps), (*objects, *(program for one in every for program in one.objects)), keys,
                  tuple(sorted({KERNEL_DECODERS[number] for number in numbers if number in KERNEL_DECODERS})),
                  max([part.timeout for part in same] + [one.timeout for one in every], default=0), tuple(numbers),
                  min([part.quiet for part in same] + [one.quiet for one in every], default=0),
                  frozenset(place for place, part in enumerate(same) if part.reads_on)), [*warnings, *crowded_out(keymaps, keys)]


def any_protocol(keymaps: Sequence[Keymap]) -> bool:
    return any(isinstance(entry, Anything) for keymap in keymaps for entry in keymap.decoded)


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
    keys = merged_keys(keymaps)
    return (Bundle(tuple(keymap.name for keymap in keymaps), (), keys, (), 0), known & set(wanted.values()),
            [*(f"keys of {name} will not come: {hint}" for name in strange), *crowded_out(keymaps, keys)])


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


def crowded_out(keymaps: Sequence[Keymap], keys: Mapping[int, int]) -> list[str]:
    """A warning for each keymap of which `keys`, all that there is room for, lacks some."""
    said = []
    for keymap in keymaps:
        if lacking := [f"{key} {scancode:#x}" for scancode, key in keymap.keys.items() if scancode not in keys]:
            shown = ", ".join(lacking[:6]) + (" ..." if len(lacking) > 6 else "")
            said.append(f"{keymap.path}: the kernel's table has room for {MOST_KEYS} keys: {len(lacking)} of any protocol are left out: {shown}")
    return said


def _part(one: Listener, host: str, own: int, among: Beside | None) -> Part:
    entry = one.entry
    given = entry.protocol.number if isinstance(entry, Entry) else entry.number if isinstance(entry, HandWritten) else 0
    number = given or own
    source = source_of(entry, one.loaded, host, number, among)
    if one.loaded is None:
        return Part(source, number, HAND_WRITTEN_TIMEOUT_US, 0, None)
    return Part(source, number, timeout_of(one.loaded, number, one.reads_on), quiet_of(one.loaded), one.loaded, one.reads_on)
