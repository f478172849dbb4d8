"""A protocol as text, at each stage on its way into the kernel."""

from __future__ import annotations

from typing import Any

from irbpf import library
from irbpf.bundle import any_protocol, parts
from irbpf.entries import Entry
from irbpf.errors import Error
from irbpf.everything import limits
from irbpf.hosts import host_source
from irbpf.irp.automaton import Automaton, build_automaton
from irbpf.irp.codegen import generate
from irbpf.irp.text import layout_text
from irbpf.keymap import Keymap, load
from irbpf.listeners import listeners
from irbpf.latency import Latency, latencies
from irbpf.objects import Source
from irbpf.protocols import Protocol, catalogue, given


def show(what: str, form: str) -> str:
    """`form` is irp, automaton, c or asm."""
    if what not in catalogue() and (what in library.files() or what.endswith(".yaml")):
        raise Error(f"{what} is a keymap", f"irbpf show {what} --latency, or show one of its protocols")
    protocol = given(what)
    if form == "irp":
        return _irp(protocol)
    automaton = build_automaton(protocol)
    if form == "automaton":
        return _automaton(automaton)
    source = host_source(generate(automaton), "lirc", protocol.name, number=protocol.number or 64)
    return source.text if form == "c" else _assembly(source)


def show_latency(what: str) -> list[dict[str, Any]]:
    """A row for each protocol of a keymap, or of `what` itself where that is a protocol or an IRP line, in the order in which they are heard."""
    keymap = (load(library.find(what)) if what in library.files() or "/" in what or what.endswith(".yaml")
              else Keymap("", what, (), (Entry(given(what), {}),)))
    timeouts = [part.timeout for part in parts([keymap], "lirc")]
    if any_protocol([keymap]):
        timeouts.append(limits()[0])
    timeout = max(timeouts, default=0)
    side_by_side = listeners(keymap.decoded)
    rows = latencies([one.entry for one in side_by_side], [one.automaton for one in side_by_side],
                     [one.waits for one in side_by_side], timeout)
    return [{"protocol": one.protocol, "waits": one.waits, "gap": one.gap, "timeout": timeout,
             "others": list(one.reason.others) if one.reason else [], "text": _waits(one, timeout)} for one in rows]


def _waits(one: Latency, timeout: int) -> str:
    why = f": {one.reason.why}" if one.reason is not None else ""
    match one.waits:
        case "nothing":
            return "nothing: reported at the last edge" + (", but for repeats that another frame could begin like" if one.repeats_wait else "")
        case "gap":
            return f"the first gap of {one.gap} µs, or the receiver's timeout of {timeout} µs{why}"
        case "timeout":
            return f"the receiver's timeout of {timeout} µs{why}"
    return f"unknown{why}"


def _irp(protocol: Protocol) -> str:
    lines = [protocol.irp.text, f"scancode: {layout_text(protocol.scancode)}", f"toggle: {protocol.toggle or 'none'}",
             f"kernel protocol number: {protocol.number or 'none'}",
             f"tolerance: {protocol.tolerance.absolute} µs or {protocol.tolerance.relative:.0%}, whichever is more"]
    return "\n".join(lines)


def _automaton(automaton: Automaton) -> str:
    lines = [f"{automaton.name}: {len(automaton.states)} states, {automaton.bits} bits",
             f"starts after a space of {automaton.start_gap} µs, or with a pulse of {automaton.leader} µs or more",
             f"a key is held on over spaces of at most {automaton.hold_gap} µs"]
    for number, state in enumerate(automaton.states):
        lines.append(f"state {number}: {'pulse' if state.sign > 0 else 'space'}{' (after a silence)' if state.rest else ''}")
        for edge in state.edges:
            bits = f" bits {''.join(map(str, edge.bits))}" if edge.bits else ""
            frame = f" frame {', '.join(automaton.readings[one].report for one in edge.readings)}" if edge.readings else ""
            lines.append(f"  {edge.least:>8} .. {edge.most:<8} -> {edge.target}{bits}{frame}")
    return "\n".join(lines)


def _assembly(source: Source) -> str:
    from irbpf.compiler import compile_sources
    from irbpf.disassembly import disassemble

    return disassemble(compile_sources([source])[0])
