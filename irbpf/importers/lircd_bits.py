"""The bits of a lircd.conf frame in the order in which they are sent, and as bit fields of an IRP line. It knows no durations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from irbpf.importers.lircd import Code, LircRemote

WIDEST_SCANCODE = 32  # of pre data, code and post data; what is wider has the code alone
_BIPHASE = {"RC5", "SHIFT_ENC", "RC6"}


@dataclass(frozen=True)
class Bit:
    """One bit as it is sent: `source` is "1" (a constant, `place` its value), "C" (bit `place` of the code), "I" (bit `place` of what is
    ignored), "T" (the toggle), "X" (bit `place` of the code, exclusive or the toggle) or "N" (its space is part of the gap, so nothing of
    it can be seen); `flip` inverts it, `wide` doubles its halves."""

    source: str
    place: int = 0
    flip: bool = False
    wide: bool = False


def biphase(remote: LircRemote) -> bool:
    return bool(remote.flags & _BIPHASE or remote.number("rc6_mask"))


def _count(remote: LircRemote) -> int:
    return remote.number("pre_data_bits") + remote.number("bits") + remote.number("post_data_bits")


def _toggle_mask(remote: LircRemote) -> int:
    if remote.number("toggle_bit_mask"):
        return remote.number("toggle_bit_mask")
    return 1 << (_count(remote) - remote.number("toggle_bit")) if 0 < remote.number("toggle_bit") <= _count(remote) else 0


def _rc6_mask(remote: LircRemote) -> int:
    if remote.number("rc6_mask") or "RC6" not in remote.flags or not 0 < remote.number("toggle_bit") <= _count(remote):
        return remote.number("rc6_mask")
    return 1 << (_count(remote) - remote.number("toggle_bit"))


def bits_of(remote: LircRemote, again: bool) -> list[Bit]:
    """All bits of a frame in the order in which they are sent; `again` is a repeat, for which some are inverted."""
    reverse = "REVERSE" in remote.flags
    bits: list[Bit] = []
    for name in ("pre_data", "bits", "post_data"):
        width = remote.number("bits" if name == "bits" else f"{name}_bits")
        for index in range(width):
            place = index if reverse else width - 1 - index
            bits.append(Bit("C", place) if name == "bits" else Bit("1", remote.number(name) >> place & 1))
    toggle, count = _toggle_mask(remote), len(bits)
    single = toggle.bit_count() == 1
    ignored = 0
    for index in range(count):
        mask, bit = 1 << (count - 1 - index), bits[index]
        if remote.number("ignore_mask") & mask and not toggle & mask:
            bit = Bit("I", ignored)
            ignored += 1
        elif toggle & mask and single:
            bit = Bit("T")
        elif toggle & mask:
            bit = Bit("T", 0, bool(bit.place)) if bit.source == "1" else Bit("X", bit.place)
        flip = again and bool(remote.number("toggle_mask") & mask) != _repeat_flips(remote, index)
        bits[index] = Bit(bit.source, bit.place, bit.flip != flip, bool(_rc6_mask(remote) & mask))
    if last_is_unseen(remote):
        bits[-1] = Bit("N")
    return bits


def in_steps(remote: LircRemote) -> LircRemote:
    """A remote of Bang & Olufsen with two bits for each: how it differs from the one before, which is 1 at first. A step down is 0, none
    is 1 and a step up is 2, which `one`, `two` and `three` are for (LIRC's receive.c, get_data)."""
    numbers = dict(remote.numbers)
    for name in ("pre_data", "post_data"):
        numbers[name] = _steps(remote, remote.number(name), remote.number(f"{name}_bits"))
    for name in ("bits", "pre_data_bits", "post_data_bits"):
        numbers[name] = 2 * remote.number(name)
    codes = [replace(code, codes=tuple(_steps(remote, one, remote.number("bits")) for one in code.codes)) for code in remote.codes]
    return replace(remote, numbers=numbers, codes=codes, flags=remote.flags - {"REVERSE"})


def _steps(remote: LircRemote, value: int, width: int) -> int:
    made, last = 0, 1
    for index in range(width):
        bit = value >> (index if "REVERSE" in remote.flags else width - 1 - index) & 1
        made, last = made << 2 | bit - last + 1, bit
    return made


def last_is_unseen(remote: LircRemote) -> bool:
    """Whether the last bit is told by a space that the gap swallows, since no pulse comes after it."""
    zero, one = remote.pair("zero"), remote.pair("one")
    plain = not biphase(remote) and not remote.flags & {"RCMM", "XMP", "GRUNDIG", "BO", "SPACE_FIRST"}
    return plain and zero[0] == one[0] > 0 and not remote.number("ptrail") and not all(remote.pair("foot"))


def _repeat_flips(remote: LircRemote, index: int) -> bool:
    """Whether repeat_mask, which counts within the code as it is sent, inverts the bit."""
    place = remote.number("pre_data_bits") + remote.number("bits") - 1 - index
    return 0 <= place < remote.number("bits") and bool(remote.number("repeat_mask") >> place & 1)


def ignored_value(remote: LircRemote, code: Code) -> int:
    """The bits of `code`, and of pre and post data, that are ignored; bit 0 is the first sent."""
    reverse, value, count = "REVERSE" in remote.flags, 0, 0
    plain = []
    for name, number in (("pre_data", remote.number("pre_data")), ("bits", code.codes[0]), ("post_data", remote.number("post_data"))):
        width = remote.number("bits" if name == "bits" else f"{name}_bits")
        plain += [number >> (index if reverse else width - 1 - index) & 1 for index in range(width)]
    for bit, one in zip(bits_of(remote, False), plain, strict=True):
        if bit.source == "I":
            value |= one << count
            count += 1
    return value


def fields(bits: Sequence[Bit], mask: int) -> Iterator[str]:
    """Bits as bit fields, as few as possible. `mask` are the bits of the code that the toggle inverts."""
    start = 0
    for end in range(1, len(bits) + 1):
        if end < len(bits) and _joins(bits[start:end], bits[end]):
            continue
        yield _field(bits[start:end], mask)
        start = end


def _joins(run: Sequence[Bit], bit: Bit) -> bool:
    last = run[-1]
    if bit.source != last.source or bit.source == "T" or bit.flip != last.flip and bit.source != "1":
        return False
    if bit.source == "1":
        return True
    step = bit.place - last.place
    return abs(step) == 1 and (len(run) == 1 or step == last.place - run[-2].place)


def _field(run: Sequence[Bit], mask: int) -> str:
    if run[0].source == "1":
        value = int("".join(str(bit.place ^ bit.flip) for bit in run), 2)
        return f"{value if value < 10 else hex(value)}:{len(run)}"
    low = min(bit.place for bit in run)
    reverse = "-" if len(run) > 1 and run[0].place < run[-1].place else ""
    data = {"X": f"(C^(T*{mask:#x}))"}.get(run[0].source, run[0].source)
    return f"{'~' if run[0].flip else ''}{data}:{reverse}{len(run)}" + (f":{low}" if low else "")


def code_toggles(remote: LircRemote) -> int:
    return sum(1 << bit.place for bit in bits_of(remote, False) if bit.source == "X")


def layout(remote: LircRemote) -> str:
    """Pre data, code and post data as the file writes them, without toggles and ignored bits; the code alone where that is too wide."""
    pre, width = remote.number("pre_data_bits"), remote.number("bits")
    bits = [Bit("1") if bit.source in "ITN" else Bit("C", bit.place) if bit.source == "X" else bit for bit in bits_of(remote, False)]
    parts = [bits[:pre], bits[pre:pre + width], bits[pre + width:]]
    if "REVERSE" in remote.flags:
        parts = [part[::-1] for part in parts]
    shown = parts[1] if len(bits) > WIDEST_SCANCODE else [bit for part in parts for bit in part]
    return ",".join(fields([Bit(bit.source, bit.place) for bit in shown], 0))


def parameters(remote: LircRemote) -> str:
    bits = bits_of(remote, False)
    parts = [f"C:0..{(1 << remote.number('bits')) - 1}"] if any(bit.source in "CX" for bit in bits) else ["C:0..0=0"]
    ignored = sum(bit.source == "I" for bit in bits)
    if ignored:
        parts.append(f"I:0..{(1 << ignored) - 1}={ignored_value(remote, remote.codes[0])}")
    if any(bit.source in "TX" for bit in bits):
        parts.append("T@:0..1=0")
    return f"[{','.join(parts)}]"
