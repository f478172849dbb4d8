"""Scancode layouts that a line has when none is given: its parameters side by side, or a digest of them. It parses no file."""

from __future__ import annotations

from dataclasses import replace

from irbpf.errors import Error
from irbpf.irp.syntax import Binary, BitField, Expression, Irp, Name, Number, Parameter

WIDEST = 64
DIGEST = "digest"  # the name under which a layout can ask for it; 32 bits, so that MSC_SCAN can carry it
_BASIS, _PRIME = 0xCBF29CE484222325, 0x100000001B3  # FNV-1a of 64 bits


def default_layout(irp: Irp) -> tuple[BitField, ...]:
    """All parameters but toggles, most significant first; a digest where they do not fit into 64 bits."""
    widths = {parameter.name: width(parameter) for parameter in irp.parameters if not parameter.memory}
    if sum(widths.values()) > WIDEST:
        return (BitField(Name(DIGEST), Number(32)),)
    return tuple(BitField(Name(name), Number(bits)) for name, bits in widths.items())


def width(parameter: Parameter) -> int:
    return max(1, parameter.most.bit_length())


def default_toggle(irp: Irp) -> str | None:
    """The only parameter of one bit that keeps its value from press to press, if there is one."""
    names = [parameter.name for parameter in irp.parameters if parameter.memory and parameter.most == 1]
    return names[0] if len(names) == 1 else None


def with_digest(irp: Irp) -> Irp:
    """`irp` with the definition of its digest, where its parameters need one.

    FNV-1a over the parameters (toggles left out) in the order of their specification, each taken in as one number of 64 bits:
    h = (h ^ parameter) * 0x100000001b3 from h = 0xcbf29ce484222325; both halves of the result, one xor the other, are the digest.
    """
    plain = [parameter for parameter in irp.parameters if not parameter.memory]
    if sum(map(width, plain)) <= WIDEST:
        return irp
    if DIGEST in irp.definitions or any(parameter.name == DIGEST for parameter in irp.parameters):
        raise Error(f"{DIGEST} is the name of the digest of all parameters", "give the parameter or definition another name")
    total: Expression = Number(_BASIS)
    for parameter in plain:
        total = BitField(Binary("*", Binary("^", total, Name(parameter.name)), Number(_PRIME)), Number(64))
    digest = Binary("^", BitField(total, Number(32), Number(32)), BitField(total, Number(32)))
    return replace(irp, definitions={**irp.definitions, DIGEST: digest})
