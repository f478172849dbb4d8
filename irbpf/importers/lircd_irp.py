"""What a remote of lircd.conf sends, as an IRP line: header, lead, pre data, code, post data, trail, foot, gap and repeat as LIRC's
transmit.c puts them together. It reads no file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from irbpf.encoding import scancode_of
from irbpf.errors import Error
from irbpf.importers.lircd_bits import Bit, bits_of, biphase, code_toggles, fields, ignored_value, in_steps, layout, parameters
from irbpf.importers.values import Button, Imported, Problem, assemble, refused
from irbpf.irp.render import press
from irbpf.keymap import Entry
from irbpf.keymapfile import own_name
from irbpf.protocols import Protocol, Tolerance, define

if TYPE_CHECKING:
    from irbpf.importers.lircd import LircRemote

MISSING_GAP_US = 100_000
MOST_RUNNING_TOGETHER = 20  # bits that are only a pulse or only a space: what they make together is more than an automaton can hold


def convert(remote: LircRemote) -> Imported:
    """The remote as a keymap, and what is lost."""
    problems: list[Problem] = []
    name = remote.name or "remote"

    def problem(what: str, line: int = 0) -> None:
        problems.append(Problem(remote.file, line or remote.line, f"{name}: {what}"))

    if "BO" in remote.flags and _impossible(remote) is None:
        remote = in_steps(remote)
    if remote.raw or "RAW_CODES" in remote.flags:
        made = _raw(remote, name)
    elif (why := _impossible(remote)) is not None:
        problem(why)
        return Imported((), tuple(problems))
    else:
        try:
            protocol = _checked(remote, problem)
        except Error as error:
            problem(f"its signal cannot be said in IRP: {error}")
            return Imported((), tuple(problems))
        made = assemble(name, list(_buttons(remote, protocol, problem)), remote.file, comments=(f"Remote {name}, line {remote.line}.",))
    for field, what in _UNUSED.items():
        if remote.number(field):
            problem(f"{field} {remote.number(field)} is not expressed: {what}")
    return Imported(made.remotes, (*made.problems, *problems))


_MASKS = ("toggle_bit", "toggle_bit_mask", "toggle_mask", "repeat_mask", "ignore_mask", "rc6_mask")
_UNUSED = {"min_repeat": "say --repeats when sending", "suppress_repeat": "a receiver reports each repeat",
           "min_code_repeat": "say --repeats when sending"}


def _impossible(remote: LircRemote) -> str | None:
    if "SERIAL" in remote.flags or remote.number("baud"):
        return "signals of a serial line are not expressed"
    if not any(sum(remote.pair(name)) for name in ("zero", "one", "two", "three")):
        return f"it has no timing: the codes are those of the driver {remote.driver or 'that delivers them'}"
    if not remote.number("bits"):
        return "it has no bits"
    if "BO" in remote.flags and (remote.number("bits") > 32 or any(remote.number(mask) for mask in _MASKS)):
        return "more than 32 bits in the coding of Bang & Olufsen, or bits of it that change, are not expressed"
    if remote.number("bits") > 64 or remote.number("pre_data_bits") > 64 or remote.number("post_data_bits") > 64:
        return "more than 64 bits"
    if not remote.codes:
        return "it has no codes"
    spans = [tuple(one) for one in _alternatives(remote)]
    if not all(spans) or len(set(spans)) < len(spans):
        return "some of its bits are sent as nothing, or as others are"
    if any(len(one) == 1 for one in spans) and sum(bit.source in "CXI" for bit in bits_of(remote, False)) > MOST_RUNNING_TOGETHER:
        return f"its bits run together, and more than {MOST_RUNNING_TOGETHER} of them differ from key to key"
    return None


def _raw(remote: LircRemote, name: str) -> Imported:
    """Raw codes; LIRC sends them as they stand, with a gap behind."""
    buttons = [Button(code.name, code.line, durations=code.durations) for code in remote.codes if code.durations]
    made = assemble(name, buttons, remote.file, tolerance=_tolerance(remote), comments=(f"Remote {name}, line {remote.line}.",))
    without = (Problem(remote.file, code.line, f"{name}: {code.name} has no durations") for code in remote.codes if not code.durations)
    return Imported(made.remotes, (*made.problems, *without))


def _tolerance(remote: LircRemote) -> Tolerance:
    usual = Tolerance()
    absolute = remote.numbers.get("aeps", usual.absolute)
    relative = remote.numbers.get("eps", 30) / 100
    return Tolerance(min(absolute, 10_000) or usual.absolute, min(relative, 0.6))


def _checked(remote: LircRemote, problem) -> Protocol:  # type: ignore[no-untyped-def]
    """The protocol of a remote; Error if none of its forms can be decoded."""
    if not remote.number("gap"):
        problem(f"it has no gap: {MISSING_GAP_US} µs taken")
    if remote.number("repeat_gap") and not _has(remote, "repeat"):
        problem("repeat_gap without repeat says nothing")
    protocol = protocol_of(remote)
    why = refused(Entry(protocol, {}))
    if why is None:
        return protocol
    other = protocol_of(remote, strip=False)
    if (still := refused(Entry(other, {}))) is None:
        problem(f"the gap is longer than LIRC's after some codes: {why}")
        return other
    signals = [press(protocol.irp, {"C": code.codes[0] & (1 << remote.number("bits")) - 1}) for code in remote.codes]
    gaps = [signal[-1] for signal in signals if signal] or [0]
    same = protocol_of(replace(remote, flags=remote.flags - {"CONST_LENGTH"}, numbers={**remote.numbers, "gap": min(gaps)}))
    if "CONST_LENGTH" not in remote.flags or refused(Entry(same, {})) is not None:
        raise Error(still)
    problem(f"the gap is {min(gaps)} µs after all codes, and not {remote.number('gap')} µs less the frame: {why}")
    return same


def _buttons(remote: LircRemote, protocol: Protocol, problem) -> Iterator[Button]:  # type: ignore[no-untyped-def]
    most = (1 << remote.number("bits")) - 1
    ignored = bits_of(remote, False)
    for code in remote.codes:
        value = code.codes[0] & most
        if value != code.codes[0]:
            problem(f"{code.name} has more than {remote.number('bits')} bits: the low ones are taken, as LIRC does", code.line)
        if len(code.codes) > 1:
            problem(f"{code.name} sends {len(code.codes)} codes one after the other: only the first is expressed", code.line)
        if any(bit.source == "I" for bit in ignored) and ignored_value(remote, code) != ignored_value(remote, remote.codes[0]):
            problem(f"{code.name} differs from the others in bits that are ignored: they are sent as those of {remote.codes[0].name}", code.line)
        params = {"C": value}
        if (press(protocol.irp, params) or [0])[-1] <= 1:
            problem(f"the gap is too short for {code.name}; LIRC does not send it", code.line)
        yield Button(code.name, code.line, protocol, scancode_of(protocol, params))


def protocol_of(remote: LircRemote, strip: bool = True) -> Protocol:
    """The IRP line of a remote. `strip`: what a frame has as its last space is not sent before the gap, as LIRC does it."""
    line = "".join((_general(remote), _bitspec(remote), _stream(remote, strip), parameters(remote)))
    name = own_name(re.sub(r"[^A-Za-z0-9_-]+", "-", remote.name or "lirc").strip("-") or "lirc")
    toggle = "T" if any(bit.source in "TX" for bit in bits_of(remote, False)) else None
    return define(name, line, layout(remote), toggle=toggle, tolerance=_tolerance(remote))


def _general(remote: LircRemote) -> str:
    carrier = remote.number("frequency") or 38_000
    duty = f",{remote.number('duty_cycle')}%" if remote.number("duty_cycle") else ""
    return f"{{{carrier / 1000:g}k,1u,msb{duty}}}"


def _has(remote: LircRemote, pair: str) -> bool:
    return all(remote.pair(pair))


def _span(pulse: int, space: int, factor: int = 1, first: str = "pulse") -> list[int]:
    """Signed durations, without those that are nothing."""
    spans = [pulse * factor, -space * factor]
    return [span for span in (spans if first == "pulse" else spans[::-1]) if span]


def _alternatives(remote: LircRemote, factor: int = 1) -> list[list[int]]:
    """What each value of a chunk of bits is sent as."""
    zero, one, two, three = (remote.pair(name) for name in ("zero", "one", "two", "three"))
    if "GRUNDIG" in remote.flags:
        def back(*pairs: tuple[int, int]) -> list[int]:
            return [span for pair in pairs for span in _span(*pair, 1, "space")]
        return [back(three), back(two, zero), back(one, one), back(zero, two)]
    if "BO" in remote.flags:  # steps; there is no fourth, and it is made unlike the others
        return [_span(*one), _span(*two), _span(*three), _span(three[0], 2 * three[1])]
    if "RCMM" in remote.flags:
        return [_span(*pair) for pair in (zero, one, two, three)]
    if "XMP" in remote.flags:
        return [_span(zero[0], zero[1] + nibble * one[1]) for nibble in range(16)]
    if biphase(remote):
        return [_span(*zero, factor), _span(*one, factor, "space")]
    first = "space" if "SPACE_FIRST" in remote.flags else "pulse"
    return [_span(*zero, factor, first), _span(*one, factor, first)]


def _bare_alternatives(remote: LircRemote, factor: int = 1) -> list[list[int]]:
    """Without a space at the end."""
    return [one[:-1] if one and one[-1] < 0 else one for one in _alternatives(remote, factor)]


def _spec_text(alternatives: Sequence[Sequence[int]]) -> str:
    return f"<{'|'.join(','.join(map(str, one)) for one in alternatives)}>"


def _bitspec(remote: LircRemote) -> str:
    return _spec_text(_alternatives(remote))


def _stream(remote: LircRemote, strip: bool) -> str:
    first, gap = _frame(remote, False, strip), _gap(remote, False)
    toggled = "T=1-T" if any(bit.source in "TX" for bit in bits_of(remote, False)) else ""
    if _has(remote, "repeat"):
        body = f"{first},{gap},({_repeat(remote)})*"
    elif remote.flags & {"NO_HEAD_REP", "NO_FOOT_REP"} or remote.number("repeat_mask") or remote.number("toggle_mask"):
        again = f"{_frame(remote, True, strip)},{_gap(remote, True)}"
        if remote.number("toggle_mask"):  # it inverts every other frame
            again += f",{first},{gap}"
        body = f"{first},{gap},({again})*"
    else:
        body = f"({first},{gap})*"
        return f"({body},{toggled})" if toggled else body
    return f"({body},{toggled})" if toggled else f"({body})"


def _frame(remote: LircRemote, again: bool, strip: bool) -> str:
    """Everything of a frame but its gap."""
    parts: list[str] = []
    if _has(remote, "header") and not (again and "NO_HEAD_REP" in remote.flags):
        leader = ("one", "one", "header") if "BO" in remote.flags else ("header",)
        parts += (str(span) for name in leader for span in _span(*remote.pair(name)))
    if remote.number("plead"):
        parts.append(str(remote.number("plead")))
    tail = _tail(remote, again)
    parts += _data(remote, again, strip and not tail and "CONST_LENGTH" not in remote.flags, not parts)
    return ",".join(parts + tail)


def _tail(remote: LircRemote, again: bool) -> list[str]:
    parts = [str(remote.number("ptrail"))] if remote.number("ptrail") else []
    if _has(remote, "foot") and not (again and "NO_FOOT_REP" in remote.flags):
        parts += map(str, _span(*remote.pair("foot"), 1, "space"))
    return parts


def _data(remote: LircRemote, again: bool, strip: bool, first: bool) -> Iterator[str]:
    """Pre data, code and post data with what stands between them; `first`: nothing comes before them."""
    bits, toggled = bits_of(remote, again), code_toggles(remote)
    pre, post = remote.number("pre_data_bits"), remote.number("post_data_bits")
    parts = [bits[:pre], bits[pre:len(bits) - post], bits[len(bits) - post:]]
    last = max(index for index in range(3) if parts[index])
    for index, part in enumerate(parts):
        if index == 2 and part and _has(remote, "post"):
            yield from map(str, _span(*remote.pair("post")))
        if first and part:
            part, spans = _without_space(remote, part)
            yield from map(str, spans)
            first = False
        yield from _coded(remote, part, toggled, strip and index == last)
        if index == 0 and part and _has(remote, "pre"):
            yield from map(str, _span(*remote.pair("pre")))


def _without_space(remote: LircRemote, bits: list[Bit]) -> tuple[list[Bit], list[int]]:
    """A frame cannot begin with a space, and LIRC leaves it out: bits that are always the same are said by what is left of them."""
    alternatives = _alternatives(remote)
    while len(alternatives) == 2 and bits and bits[0].source == "1" and (spans := _alternatives(remote, 1 + bits[0].wide)[
            bits[0].place ^ bits[0].flip]) and spans[0] < 0:
        bits = bits[1:]
        if spans[1:]:
            return bits, spans[1:]
    return bits, []


def _coded(remote: LircRemote, bits: list[Bit], toggled: int, strip: bool) -> Iterator[str]:
    size = (len(_alternatives(remote)) - 1).bit_length()
    if len(bits) % size:
        raise Error(f"{len(bits)} bits are sent {size} at a time")
    end = len(bits)
    if bits and bits[-1].source == "N":
        end -= 1
    elif strip and bits and len({tuple(one) for one in _bare_alternatives(remote)}) == len(_alternatives(remote)):
        end -= size
    start = 0
    for index in range(end + 1):
        if index == end or bits[index].wide != bits[start].wide:
            yield from _run(remote, bits[start:index], toggled)
            start = index
    if bits and bits[-1].source == "N":
        yield str(remote.pair("zero")[0])
    elif end < len(bits):
        factor = 2 if bits[-1].wide else 1
        yield f"{_spec_text(_bare_alternatives(remote, factor))}({','.join(fields(bits[end:], toggled))})"


def _run(remote: LircRemote, bits: Sequence[Bit], toggled: int) -> Iterator[str]:
    if bits and bits[0].wide:
        yield f"{_spec_text(_alternatives(remote, 2))}({','.join(fields(bits, toggled))})"
    elif bits:
        yield from fields(bits, toggled)


def _repeat(remote: LircRemote) -> str:
    parts = list(map(str, _span(*remote.pair("header")))) if "REPEAT_HEADER" in remote.flags and _has(remote, "header") else []
    parts += [str(remote.number("plead"))] if remote.number("plead") else []
    parts += map(str, _span(*remote.pair("repeat")))
    if remote.number("ptrail"):
        parts.append(str(remote.number("ptrail")))
    if remote.number("repeat_gap"):
        return ",".join([*_bare(parts), f"-{remote.number('repeat_gap')}u"])
    constant = "CONST_LENGTH" in remote.flags
    return ",".join([*(parts if constant else _bare(parts)), _gap(remote, True)])


def _bare(parts: list[str]) -> list[str]:
    """Without a space at the end, which LIRC does not send before a gap."""
    return parts[:-1] if parts[-1].startswith("-") else parts


def _gap(remote: LircRemote, again: bool) -> str:
    gap = remote.number("gap") or MISSING_GAP_US
    if "CONST_LENGTH" not in remote.flags:
        return f"-{gap}u"
    if not again and "NO_HEAD_REP" in remote.flags and _has(remote, "header"):
        gap += sum(remote.pair("header"))  # LIRC does not count the header then
    return f"^{gap}u"
