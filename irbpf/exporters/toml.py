"""Writes tables of ir-keytable, rc_keymap(5): kernel protocols by name, its families by their parameters, the rest as raw patterns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from irbpf.exporters.shapes import Shape, shape_of
from irbpf.exporters.values import Exported, Key, by_protocol, keys_of
from irbpf.keymap import AnyEntry, Anything, Entry, HandWritten, Keymap, Table
from irbpf.keymapfile import quoted
from irbpf.protocols import Protocol, catalogue

# our name: what ir-keytable calls protocol and variant
_KERNEL: Mapping[str, tuple[str, str]] = {
    "nec": ("nec", "nec"), "necx": ("nec", "necx"), "nec32": ("nec", "nec32"), "rc5": ("rc5", "rc5"), "rc5x_20": ("rc5", "rc5x_20"),
    "rc5_sz": ("rc-5-sz", ""), "rc6_0": ("rc6", "rc6_0"), "rc6_6a_20": ("rc6", "rc6_6a_20"), "rc6_6a_24": ("rc6", "rc6_6a_24"),
    "rc6_6a_32": ("rc6", "rc6_6a_32"), "rc6_mce": ("rc6", "rc6_mce"), "sony12": ("sony", "sony12"), "sony15": ("sony", "sony15"),
    "sony20": ("sony", "sony20"), "jvc": ("jvc", "jvc"), "sanyo": ("sanyo", "sanyo"), "sharp": ("sharp", "sharp"), "xmp": ("xmp", "xmp"),
    "rcmm12": ("rc-mm", "rcmm12"), "rcmm24": ("rc-mm", "rcmm24"), "rcmm32": ("rc-mm", "rcmm32"), "samsung36": ("samsung36", ""),
    "xbox_dvd": ("xbox-dvd", ""), "grundig": ("grundig", ""),
}
MOST_PATTERNS = 32  # of ir-keytable's decoder of raw patterns; more fire wrongly


def write(keymap: Keymap) -> Exported:
    problems: list[str] = []
    parts: list[list[str]] = []
    rest: list[AnyEntry | Table] = []
    count = 0
    for entry in keymap.entries:
        named = _named(entry, problems)
        if named is None:
            rest.append(entry)
        else:
            parts.append(named)
            count += len(entry.keys)
    for keys in by_protocol(keys_of(Keymap(keymap.path, keymap.name, (), tuple(rest)), problems.append)):
        shape = shape_of(keys)
        parts.append(list(_family(shape, keys)) if shape is not None else list(_raw(keys, problems)))
        count += len(keys) if shape is not None else min(len(keys), MOST_PATTERNS)
    return Exported(_joined(keymap.name, parts), count, tuple(problems))


def _joined(name: str, parts: Sequence[Sequence[str]]) -> str:
    """The name stands in the first entry."""
    lines = []
    for index, part in enumerate(parts):
        lines += ["[[protocols]]", *([f"name = {quoted(name)}"] if index == 0 else []), *part]
    return "\n".join(lines) + "\n"


def _named(entry: AnyEntry | Table, problems: list[str]) -> list[str] | None:
    """An entry that needs no more than a name; None for the others."""
    match entry:
        case Entry(protocol, keys) if _of_kernel(protocol):
            name, variant = _KERNEL[protocol.name]
            if protocol.where:
                problems.append(f"{protocol.name}: frames of other devices ({', '.join(protocol.where)}) are not kept out")
            return [f'protocol = "{name}"', *([f'variant = "{variant}"'] if variant else []), *_scancodes(keys)]
        case HandWritten(decoder, keys, parameters):
            return [f'protocol = "{decoder}"', *(f"{name} = {value}" for name, value in parameters.items()), *_scancodes(keys)]
        case Anything(keys):
            problems.append(f"{len(keys)} keys of any protocol are a table alone: ir-keytable has to be told which protocols to decode")
            return ['protocol = "unknown"', *_scancodes(keys)]
        case Table(keys):
            return ['protocol = "unknown"', *_scancodes(keys)]
    return None


def _of_kernel(protocol: Protocol) -> bool:
    return protocol.name in _KERNEL and catalogue()[protocol.name].irp == protocol.irp


def _scancodes(keys: Mapping[int, str]) -> Iterator[str]:
    if keys:
        yield "[protocols.scancodes]"
        yield from (f'{scancode:#x} = "{key}"' for scancode, key in keys.items())


def _family(shape: Shape, keys: Sequence[Key]) -> Iterator[str]:
    """The scancode is the bits in the order in which they are sent."""
    yield f'protocol = "{"pulse_distance" if shape.distance else "pulse_length"}"'
    header = shape.header or (0, 0)
    values = {"bits": shape.bits, "header_pulse": header[0], "header_space": header[1], "trailer_pulse": shape.trailer}
    if shape.distance:
        values |= {"bit_pulse": shape.zero[0], "bit_0_space": shape.zero[1], "bit_1_space": shape.one[1]}
    else:
        values |= {"bit_space": shape.zero[1], "bit_0_pulse": shape.zero[0], "bit_1_pulse": shape.one[0]}
    if shape.repeat:
        values |= {"repeat_pulse": shape.repeat[0], "repeat_space": shape.repeat[1]}
    yield from (f"{name} = {value}" for name, value in values.items())
    yield from _scancodes({value: key.name for value, key in zip(shape.values, keys, strict=True)})


def _raw(keys: Sequence[Key], problems: list[str]) -> Iterator[str]:
    yield 'protocol = "raw"'
    for key in keys[:MOST_PATTERNS]:
        text = " ".join(f"{'-' if place % 2 else '+'}{duration}" for place, duration in enumerate(key.frame[:-1]))
        yield from ("[[protocols.raw]]", f'keycode = "{key.name}"', f'raw = "{text}"')
    if keys[0].protocol is not None:
        problems.append(f"{keys[0].protocol.name} is none of ir-keytable's protocols: its keys are patterns, without repeats and toggles")
    if len(keys) > MOST_PATTERNS:
        problems.append(f"{', '.join(key.name for key in keys[MOST_PATTERNS:])[:200]}: ir-keytable takes {MOST_PATTERNS} patterns")
