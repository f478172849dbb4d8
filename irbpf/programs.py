"""What an entry of a keymap becomes: an automaton, and the C source of its program for a host. It compiles nothing."""

from __future__ import annotations

from collections.abc import Sequence

from irbpf.hosts import OWN_PROTOCOL, host_source
from irbpf.irp.automaton import Automaton, build_automaton
from irbpf.irp.codegen import generate
from irbpf.entries import AnyEntry, Anything, Entry, HandWritten, Raw
from irbpf.objects import Source
from irbpf.paths import decoder_file
from irbpf.preference import in_order
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


def in_hearing_order(entries: Sequence[AnyEntry]) -> list[AnyEntry]:
    """The entries of one receiver, those first that are to be heard where several read the same frame; those without a protocol,
    which cannot be compared, come last."""
    protocols = in_order([one.protocol for one in entries if isinstance(one, Entry)])
    places = {id(one): place for place, one in enumerate(protocols)}
    last = len(places)
    return sorted(entries, key=lambda one: places[id(one.protocol)] if isinstance(one, Entry) else last + isinstance(one, Anything))


def source_of(entry: AnyEntry, automaton: Automaton | None, host: str, number: int = OWN_PROTOCOL, several: bool = False) -> Source:
    """The program of `entry`, whose `automaton_of` is at hand; `number` is what the kernel is told the protocol is. `several`: it is
    not the only one of its receiver."""
    together = {"SEVERAL": 1} if several and host == "lirc" else {}
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
