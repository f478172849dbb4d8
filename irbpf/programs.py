"""What an entry of a keymap becomes: an automaton, and the C source of its program for a host. It compiles nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from irbpf.hosts import OWN_PROTOCOL, host_source
from irbpf.irp.automaton import Automaton, build_automaton
from irbpf.irp.codegen import generate
from irbpf.entries import AnyEntry, Anything, Entry, HandWritten, Raw
from irbpf.objects import Source
from irbpf.paths import decoder_file
from irbpf.raw import build_raw
from irbpf.rawtable import table_decoder


def automaton_of(entry: AnyEntry) -> Automaton | None:
    """None for a decoder that is written by hand: only its C text knows what it does; and for `Anything`, which has many."""
    match entry:
        case HandWritten() | Anything():
            return None
        case Raw(patterns, tolerance):
            return build_raw("raw", patterns, tolerance)
        case Entry(protocol):
            return build_automaton(protocol)


@dataclass(frozen=True)
class Beside:
    """A program among others of its receiver: it is the `reads_on`th of those that read on (irbpf.waiting), and runs after those of `waits`,
    a bit for each."""

    reads_on: int | None = None
    waits: int = 0

    def defines(self, host: str) -> dict[str, int]:
        macros = {} if self.reads_on is None else {"READS_ON": self.reads_on}
        if host == "lirc":
            macros |= {"SEVERAL": 1, **({"WAITS": self.waits} if self.waits else {})}
        return macros


def beside(count: int, reading_on: Collection[int]) -> list[Beside]:
    """Of `count` programs in the order in which they run, of which those at `reading_on` read on."""
    bits = {place: bit for bit, place in enumerate(sorted(reading_on))}
    return [Beside(bits.get(place), sum(1 << bit for other, bit in bits.items() if other < place)) for place in range(count)]


def source_of(entry: AnyEntry, automaton: Automaton | None, host: str, number: int = OWN_PROTOCOL, among: Beside | None = None) -> Source:
    """The program of `entry`, whose `automaton_of` is at hand; `number` is what the kernel is told the protocol is. `among`: where it
    is not the only one of its receiver."""
    together = {} if among is None else among.defines(host)
    assert not isinstance(entry, Anything)
    if isinstance(entry, HandWritten):
        text = decoder_file(entry.decoder).read_text()
        pointer = {"WITH_POINTER": 1} if host == "lirc" and "report_pointer" in text else {}
        return host_source(text, host, entry.decoder, number=number, defines={**entry.parameters, **pointer, **together})
    assert automaton is not None
    if isinstance(entry, Raw):
        text, tables = table_decoder(automaton)
        return host_source(text, host, "raw", number=number, defines=together, tables=tables)
    return host_source(generate(automaton), host, entry.protocol.name, number=number, defines=together)
