"""What an entry of a keymap becomes: an automaton, and the C source of its program for a host. It compiles nothing."""

from __future__ import annotations

from irbpf.hosts import OWN_PROTOCOL, host_source
from irbpf.irp.automaton import Automaton, build_automaton
from irbpf.irp.codegen import generate
from irbpf.entries import AnyEntry, Entry, HandWritten, Raw
from irbpf.objects import Source
from irbpf.paths import decoder_file
from irbpf.raw import build_raw
from irbpf.rawtable import table_decoder

def automaton_of(entry: AnyEntry) -> Automaton | None:
    """None for a decoder that is written by hand: only its C text knows what it does."""
    match entry:
        case HandWritten():
            return None
        case Raw(patterns, tolerance):
            return build_raw("raw", patterns, tolerance)
        case Entry(protocol):
            return build_automaton(protocol)


def source_of(entry: AnyEntry, automaton: Automaton | None, host: str, number: int = OWN_PROTOCOL) -> Source:
    """The program of `entry`, whose `automaton_of` is at hand; `number` is what the kernel is told the protocol is."""
    if isinstance(entry, HandWritten):
        text = decoder_file(entry.decoder).read_text()
        pointer = {"WITH_POINTER": 1} if host == "lirc" and "report_pointer" in text else {}
        return host_source(text, host, entry.decoder, number=number, defines={**entry.parameters, **pointer})
    assert automaton is not None
    if isinstance(entry, Raw):
        text, tables = table_decoder(automaton)
        return host_source(text, host, "raw", number=number, tables=tables)
    return host_source(generate(automaton), host, entry.protocol.name, number=number)
