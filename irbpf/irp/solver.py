"""The fields of a frame turned round into the parameters that were sent, as expressions. It knows no layout and no protocol.

Sending computes fields from parameters. Knowledge is kept bit by bit, because a line may send a parameter in pieces, or some of
its bits only mixed into a checksum.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from irbpf.errors import Error
from irbpf.irp.expressions import evaluate
from irbpf.irp.syntax import Binary, BitField, Conditional, Expression, Name, Number, Parameter, Unary

MOST_TRIED = 64  # values of a parameter that are tried one by one where its expression cannot be turned round
ALL = -1  # as a mask: every bit


def needed_bits(expression: Expression, wanted: int = ALL) -> dict[str, int]:
    """For each name, the mask of its bits that the bits `wanted` of `expression` depend on."""
    found: dict[str, int] = {}

    def need(part: Expression, mask: int) -> None:
        for name, bits in needed_bits(part, mask).items():
            found[name] = found.get(name, 0) | bits

    match expression:
        case Name(name):
            found[name] = wanted
        case BitField(data, Number(width), Number(skip), _, reverse):
            field_mask = (1 << int(width)) - 1
            need(data, (field_mask if reverse or wanted == ALL else field_mask & wanted) << int(skip))
        case BitField(data, width, skip):
            for part in (data, skip, *(() if width is None else (width,))):
                need(part, ALL)
        case Unary("~", operand):
            need(operand, wanted)
        case Unary("-", operand):
            need(operand, _and_below(wanted))
        case Unary(_, operand):
            need(operand, ALL)
        case Binary("&", left, Number(mask)) | Binary("&", Number(mask), left):
            need(left, int(mask) & wanted)
        case Binary("&" | "|" | "^", left, right):
            need(left, wanted)
            need(right, wanted)
        case Binary("+" | "-" | "*", left, right):
            need(left, _and_below(wanted))
            need(right, _and_below(wanted))
        case Binary("<<", left, Number(places)):
            need(left, ALL if wanted == ALL else wanted >> int(places))
        case Binary(">>", left, Number(places)):
            need(left, ALL if wanted == ALL else wanted << int(places))
        case Binary(_, left, right):
            need(left, ALL)
            need(right, ALL)
        case Conditional(condition, yes, no):
            for part in (condition, yes, no):
                need(part, ALL)
    return {name: bits for name, bits in found.items() if bits}


def _and_below(mask: int) -> int:
    """A carry only goes up."""
    return ALL if mask < 0 else (1 << mask.bit_length()) - 1


@dataclass
class Solver:
    """What is known of the `parameters` so far. `order` are those that are complete, each by names before it."""

    parameters: Mapping[str, Parameter]
    pieces: dict[str, list[Expression]] = field(default_factory=dict)
    known_bits: dict[str, int] = field(default_factory=dict)
    order: list[tuple[str, Expression]] = field(default_factory=list)

    def known(self, name: str) -> bool:
        return any(name == done for done, _ in self.order)

    def unknown_in(self, expression: Expression, wanted: int = ALL) -> set[str]:
        """The parameters of which bits are missing for the bits `wanted` of `expression`."""
        return {name for name, bits in needed_bits(expression, wanted).items()
                if not name.startswith("$") and not self.known(name) and (bits == ALL or bits & ~self.known_bits.get(name, 0))}

    def value(self, expression: Expression) -> Expression:
        """`expression` over fields and complete parameters; of those that are known in part, what is known stands in."""
        match expression:
            case Name(name) if not name.startswith("$") and not self.known(name) and name in self.pieces:
                return self.together(name)
            case Unary(op, operand):
                return Unary(op, self.value(operand))
            case Binary(op, left, right):
                return Binary(op, self.value(left), self.value(right))
            case Conditional(condition, yes, no):
                return Conditional(self.value(condition), self.value(yes), self.value(no))
            case BitField(data, width, skip, complement, reverse):
                return BitField(self.value(data), width, skip, complement, reverse)
        return expression

    def together(self, name: str) -> Expression:
        value, *others = self.pieces[name]
        for piece in others:
            value = Binary("|", value, piece)
        return value

    def finish(self, name: str) -> None:
        self.order.append((name, self.together(name)))

    def finish_complete(self) -> None:
        for name in self.pieces:
            wanted = self.mask(name)
            if not self.known(name) and self.known_bits[name] & wanted == wanted:
                self.finish(name)

    def finish_partial(self) -> bool:
        """Take the parameters that are known in part as they are: their other bits are never sent. False if there are none."""
        partial = [name for name in self.pieces if not self.known(name)]
        for name in partial:
            self.finish(name)
        return bool(partial)

    def mask(self, name: str) -> int:
        return (1 << self.parameters[name].most.bit_length()) - 1

    def put(self, name: str, value: Expression, width: int, skip: int) -> bool:
        """Bits [skip, skip + width) of parameter `name` are `value`. False if they cannot be added (some are known already)."""
        mask = ((1 << width) - 1) << skip
        if name not in self.parameters or self.known_bits.get(name, 0) & mask:
            return False
        self.known_bits[name] = self.known_bits.get(name, 0) | mask
        self.pieces.setdefault(name, []).append(Binary("<<", value, Number(skip)) if skip else value)
        return True

    def put_whole(self, name: str, value: Expression) -> bool:
        if name not in self.parameters or name in self.known_bits:
            return False
        self.known_bits[name] = self.mask(name)
        self.pieces[name] = [value]
        return True

    # -- turning round ----------------------------------------------------------------------------------------------

    def invert(self, data: Expression, sent: Expression, width: int, skip: int) -> bool:
        """Make bits [skip, skip + width) of `data` equal to `sent`; True if that gave new knowledge."""
        if width <= 0:
            return False
        match data:
            case Name(name):
                return not name.startswith("$") and self.put(name, sent, width, skip)
            case BitField(inner, Number(inner_width), Number(inner_skip), complement, False):
                width = min(width, int(inner_width) - skip)
                return self.invert(inner, BitField(sent, Number(width), complement=complement), width, skip + int(inner_skip))
            case BitField(inner, None, Number(inner_skip), complement, False):
                return self.invert(inner, BitField(sent, Number(width), complement=complement), width, skip + int(inner_skip))
            case Unary("~", operand):
                return self.invert(operand, BitField(sent, Number(width), complement=True), width, skip)
            case Binary("^", left, right):
                return any(self.invert(inner, Binary("^", sent, BitField(self.value(other), Number(width), Number(skip))), width, skip)
                           for inner, other in ((left, right), (right, left))
                           if not self.unknown_in(other, ((1 << width) - 1) << skip))
            case Binary("+" | "-" | "|") | Unary("-") if skip == 0:
                return self.invert_sum(data, sent, width)
            case Binary("*", inner, Number(factor)) | Binary("*", Number(factor), inner) if factor > 0 and int(factor).bit_count() == 1:
                return self.shifted(inner, sent, width, skip, int(factor).bit_length() - 1)
            case Binary("<<", inner, Number(places)):
                return self.shifted(inner, sent, width, skip, int(places))
        return False

    def shifted(self, inner: Expression, sent: Expression, width: int, skip: int, places: int) -> bool:
        if skip >= places:
            return self.invert(inner, sent, width, skip - places)
        lost = places - skip
        return self.invert(inner, Binary(">>", sent, Number(lost)), width - lost, 0)

    def invert_sum(self, data: Expression, sent: Expression, width: int) -> bool:
        """The lowest `width` bits of a sum: one unknown term is what is left of it; several if no two share a bit."""
        if "|" in _operators(data) and not self.disjoint(data):
            return False
        low = (1 << width) - 1
        unknown: list[tuple[int, Expression]] = []
        rest = sent
        for sign, term in _terms(data, 1):
            if self.unknown_in(term, low):
                unknown.append((sign, term))
            else:
                rest = Binary("-" if sign > 0 else "+", rest, self.value(term))
        if len(unknown) == 1:
            sign, term = unknown[0]
            return self.only_term(term, rest if sign > 0 else Unary("-", rest), width)
        masks = [self.possible(term) for _, term in unknown]
        if any(sign < 0 or mask is None for (sign, _), mask in zip(unknown, masks, strict=True)):
            return False
        plain = [mask for mask in masks if mask is not None]
        if sum(plain) != _union(plain):
            return False
        return any([self.invert(term, Binary("&", rest, Number(mask & low)), min(width, mask.bit_length()), 0)
                    for (_, term), mask in zip(unknown, plain, strict=True)])

    def disjoint(self, data: Expression) -> bool:
        """Whether no two terms share a bit, so that | is +."""
        masks = [self.possible(term) for _, term in _terms(data, 1)]
        return None not in masks and sum(masks) == _union(masks)  # type: ignore[arg-type]

    def only_term(self, term: Expression, value: Expression, width: int) -> bool:
        if isinstance(term, Name) and term.name in self.parameters and self.parameters[term.name].most >> width:
            return self.put_whole(term.name, value)  # such as (D-1):4 with D up to 16: the range says which
        return self.invert(term, BitField(value, Number(width)), width, 0)

    def possible(self, term: Expression) -> int | None:
        """The mask of the bits that can be set in `term`; None where that is not known."""
        match term:
            case Number(value) if value >= 0:
                return int(value)
            case Name(name) if name in self.parameters:
                return self.mask(name)
            case BitField(data, Number(width), Number(skip), False, False):
                inner = self.possible(data)
                return (1 << int(width)) - 1 if inner is None else inner >> int(skip) & (1 << int(width)) - 1
            case Binary("*", inner_term, Number(factor)) | Binary("*", Number(factor), inner_term) if int(factor).bit_count() == 1:
                mask = self.possible(inner_term)
                return None if mask is None else mask * int(factor)
            case Binary("<<", inner_term, Number(places)):
                mask = self.possible(inner_term)
                return None if mask is None else mask << int(places)
        return None

    def enumerate(self, data: Expression, sent: Expression, width: int) -> bool:
        """A parameter of few values is found by trying them all."""
        unknown = self.unknown_in(data, (1 << width) - 1)
        if len(unknown) != 1:
            return False
        name = unknown.pop()
        parameter = self.parameters.get(name)
        if parameter is None or parameter.most - parameter.least >= MOST_TRIED or set(needed_bits(data)) != {name}:
            return False
        value: Expression = Number(0)
        seen: set[int] = set()
        for candidate in range(parameter.least, parameter.most + 1):
            try:
                gives = evaluate(data, {name: candidate}) & (1 << width) - 1
            except Error:
                continue
            if gives in seen:
                return False
            seen.add(gives)
            value = Binary("+", value, Binary("*", Binary("==", sent, Number(gives)), Number(candidate)))
        return self.put_whole(name, value)


def _terms(expression: Expression, sign: int) -> Iterator[tuple[int, Expression]]:
    match expression:
        case Binary("+" | "|", left, right):
            yield from _terms(left, sign)
            yield from _terms(right, sign)
        case Binary("-", left, right):
            yield from _terms(left, sign)
            yield from _terms(right, -sign)
        case Unary("-", operand):
            yield from _terms(operand, -sign)
        case _:
            yield sign, expression


def _operators(expression: Expression) -> set[str]:
    match expression:
        case Binary("+" | "-" | "|" as op, left, right):
            return {op} | _operators(left) | _operators(right)
        case Unary("-", operand):
            return _operators(operand)
    return set()


def _union(masks: list[int]) -> int:
    total = 0
    for mask in masks:
        total |= mask
    return total
