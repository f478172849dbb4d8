"""IRP text into a syntax tree, by recursive descent. It looks at form only; `irbpf.irp.meaning` at what the names stand for.

The grammar is not LALR(1): only the `:` behind it tells the bit field `(A+B):8` from the stream `(A:8,...)`, and a general
parser takes longer to start than all the rest of a load.
"""

from __future__ import annotations

from fractions import Fraction

from irbpf.irp.meaning import check_meaning
from irbpf.irp.syntax import (
    Assignment, Binary, BitField, BitSpec, Coded, Conditional, Duration, Expression, Extent, General, Irp, Item, Name, Number,
    Parameter, Repeat, Stream, Unary, Variation,
)
from irbpf.irp.tokens import Token, fail, tokenize

DEEPEST = 40
MOST_REPEATS = 64
LONGEST_WIDTH = 1024

_LEVELS = (("||",), ("&&",), ("|",), ("^",), ("&",), ("==", "!="), ("<", "<=", ">", ">="), ("<<", ">>"), ("+", "-"),
           ("*", "/", "%"))
_SHIFTS = 7
_CONSTANTS = {f"UINT{bits}_MAX": (1 << bits) - 1 for bits in (8, 16, 24, 32, 64)}
_UNITS = ("u", "m", "p")


def parse(text: str) -> Irp:
    """A whole IRP line. Errors begin with `column N: `."""
    parser = _Parser(text)
    general = parser.general()
    bitspec = parser.bitspec()
    stream = parser.stream()
    definitions, parameters = parser.tail()
    irp = Irp(text, general, bitspec, stream, definitions, parameters)
    check_meaning(irp)
    return irp


def parse_expression(text: str) -> Expression:
    """An expression alone, such as a condition."""
    parser = _Parser(text)
    expression = parser.expression()
    parser.end("an expression")
    return expression


def parse_layout(text: str) -> tuple[BitField, ...]:
    """Bit fields with commas between them: the layout of a scancode, most significant first."""
    parser = _Parser(text)
    fields = []
    while True:
        at = parser.peek().at
        field = parser.unary()
        if not isinstance(field, BitField) or field.width is None:
            fail(at, "a bit field is expected, such as D:8", "a layout is D:8,F:8 or the like")
        fields.append(field)
        if not parser.accept(","):
            parser.end("a layout")
            return tuple(fields)


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = tokenize(text)
        self.place = 0
        self.depth = 0
        self.in_choice = False  # between ? and :, where a colon ends the expression
        self.in_bitspec = False  # there, | and > at the top of an expression end it

    # -- tokens -----------------------------------------------------------------------------------------------------

    def peek(self, ahead: int = 0) -> Token:
        return self.tokens[min(self.place + ahead, len(self.tokens) - 1)]

    def next(self) -> Token:
        token = self.peek()
        self.place += 1
        return token

    def at(self, *texts: str) -> bool:
        return self.peek().kind in ("sign", "name") and self.peek().text in texts

    def accept(self, text: str) -> bool:
        if self.peek().kind == "sign" and self.peek().text == text:
            self.place += 1
            return True
        return False

    def expect(self, text: str, where: str) -> Token:
        if self.peek().kind != "sign" or self.peek().text != text:
            self.wrong(f"{text!r}", where)
        return self.next()

    def wrong(self, wanted: str, where: str) -> None:
        token = self.peek()
        found = "the end" if token.kind == "end" else repr(token.text)
        fail(token.at, f"{wanted} is expected in {where}, not {found}")

    def end(self, what: str) -> None:
        if self.peek().kind != "end":
            self.wrong("nothing more", what)

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            fail(self.peek().at, "nested too deeply", f"at most {DEEPEST} levels")

    def number(self, where: str) -> tuple[int | Fraction, int]:
        token = self.peek()
        if token.kind == "name" and token.text in _CONSTANTS:
            self.next()
            return _CONSTANTS[token.text], token.at
        if token.kind != "number":
            self.wrong("a number", where)
        self.next()
        if len(token.text) > 40:
            fail(token.at, "a number without end", "at most 40 digits")
        if token.text[:2] in ("0x", "0b"):
            return int(token.text, 0), token.at
        return (Fraction(token.text) if "." in token.text else int(token.text)), token.at

    def whole(self, where: str) -> int:
        value, at = self.number(where)
        if not isinstance(value, int):
            fail(at, f"a whole number is expected in {where}, not {float(value)}")
        return value

    # -- {general} --------------------------------------------------------------------------------------------------

    def general(self) -> General:
        self.expect("{", "the general part")
        carrier, msb, duty = Fraction(38000), False, None
        unit: tuple[Fraction, str, int] = (Fraction(1), "u", 0)
        while not self.accept("}"):
            token = self.peek()
            if self.at("msb", "lsb"):
                msb = self.next().text == "msb"
            else:
                value = Fraction(self.number("the general part")[0])
                if self.at("k"):
                    self.next()
                    carrier = value * 1000
                elif self.accept("%"):
                    duty = value
                else:
                    unit = (value, self.next().text if self.at("u", "p") else "u", token.at)
            if not self.accept(",") and not self.at("}"):
                self.wrong("',' or '}'", "the general part")
        size, name, at = unit
        if name == "p":
            if not carrier:
                fail(at, "a unit in periods, but no carrier")
            size = size * 1_000_000 / carrier
        if size <= 0:
            fail(at, "the unit is 0")
        return General(carrier, size, msb, duty)

    # -- streams ----------------------------------------------------------------------------------------------------

    def bitspec(self) -> BitSpec:
        at = self.expect("<", "a bit spec").at
        outside, self.in_bitspec = self.in_bitspec, True
        alternatives = [self.items("|", ">")]
        while self.accept("|"):
            alternatives.append(self.items("|", ">"))
        self.expect(">", "a bit spec")
        self.in_bitspec = outside
        if len(alternatives) & (len(alternatives) - 1) or len(alternatives) > 256:
            fail(at, f"a bit spec of {len(alternatives)} alternatives", "2, 4, 8 or 16: each chunk of bits has one")
        return BitSpec(tuple(alternatives), at)

    def stream(self) -> Stream:
        self.deeper()
        at = self.expect("(", "a stream").at
        items = self.items(")")
        self.expect(")", "a stream")
        self.depth -= 1
        return Stream(items, self.repeat(), at)

    def repeat(self) -> Repeat:
        token = self.peek()
        if self.accept("*"):
            return Repeat(0, True)
        if self.accept("+"):
            return Repeat(1, True)
        if token.kind != "number":
            return Repeat()
        count = self.whole("a repeat")
        if not 0 < count <= MOST_REPEATS:
            fail(token.at, f"{count} repeats", f"1 to {MOST_REPEATS}")
        return Repeat(count, self.accept("+"))

    def items(self, *ends: str) -> tuple[Item, ...]:
        items: list[Item] = []
        while not self.at(*ends):
            if self.peek().kind == "end":
                self.wrong(" or ".join(map(repr, ends)), "a stream")
            items.append(self.item())
            if not self.accept(",") and not self.at(*ends, "["):
                self.wrong(f"',' or {ends[-1]!r}", "a stream")
        return tuple(items)

    def item(self) -> Item:
        token = self.peek()
        if self.at("<"):
            spec = self.bitspec()
            return Coded(spec, self.stream(), token.at)
        if self.at("["):
            return self.variation()
        if self.accept("^"):
            return Extent(*self.amount("an extent"), token.at)
        if self.accept("-"):
            return Duration(*self.amount("a gap"), -1, token.at)
        if token.kind == "name" and self.peek(1).text == "=":
            self.place += 2
            value = self.binary(_SHIFTS) if self.in_bitspec else self.expression()
            return Assignment(token.text, value, token.at)
        if self.at("(") and not self.bit_field_ahead():
            return self.stream()
        if self.at("~", "(") or self.peek(1).text == ":":
            return self.bit_field()
        return Duration(*self.amount("a flash"), 1, token.at)

    def bit_field_ahead(self) -> bool:
        """Whether the parenthesis here belongs to an expression: whether a colon follows where it closes."""
        depth, place = 0, self.place
        while self.tokens[place].kind != "end":
            if self.tokens[place].kind == "sign":
                depth += {"(": 1, ")": -1}.get(self.tokens[place].text, 0)
            place += 1
            if depth == 0:
                return self.tokens[place].text == ":"
        return False

    def bit_field(self) -> BitField:
        at = self.peek().at
        field = self.unary()
        if not isinstance(field, BitField):
            self.wrong("':' and a width", "a bit field")
            raise AssertionError
        if field.width is None:
            fail(at, "a bit field that is sent needs a width", "write D:8, not D::4")
        return field

    def amount(self, where: str) -> tuple[Number | Name, str]:
        token = self.peek()
        value: Number | Name
        if token.kind == "name" and token.text not in _CONSTANTS:
            self.next()
            value = Name(token.text, token.at)
        else:
            number, at = self.number(where)
            value = Number(number, at)
        return value, self.next().text if self.at(*_UNITS) else ""

    def variation(self) -> Variation:
        at = self.peek().at
        alternatives = []
        while self.accept("["):
            alternatives.append(self.items("]"))
            self.expect("]", "a variation")
        if len(alternatives) > 3:
            fail(at, f"a variation of {len(alternatives)} alternatives", "for the first pass, later ones and the ending: at most 3")
        return Variation(tuple(alternatives), at)

    # -- {definitions} [parameters] ---------------------------------------------------------------------------------

    def tail(self) -> tuple[dict[str, Expression], tuple[Parameter, ...]]:
        definitions: dict[str, Expression] = {}
        parameters: dict[str, Parameter] = {}
        while self.peek().kind != "end":
            if self.accept("{"):
                while not self.accept("}"):
                    self.definition(definitions)
            elif self.accept("["):
                while not self.accept("]"):
                    self.parameter(parameters)
            else:
                self.wrong("'{', '[' or nothing", "the part after the stream")
        return definitions, tuple(parameters.values())

    def name(self, where: str) -> Token:
        if self.peek().kind != "name":
            self.wrong("a name", where)
        return self.next()

    def definition(self, definitions: dict[str, Expression]) -> None:
        token = self.name("the definitions")
        self.expect("=", "a definition")
        if token.text in definitions:
            fail(token.at, f"{token.text} is defined twice")
        definitions[token.text] = self.expression()
        if not (self.accept(",") or self.accept(";")) and not self.at("}"):
            self.wrong("',' or '}'", "the definitions")

    def parameter(self, parameters: dict[str, Parameter]) -> None:
        token = self.name("the parameters")
        memory = self.accept("@")
        self.expect(":", "a parameter, which is written name:0..255")
        least = self.whole("a parameter")
        self.expect("..", "a parameter, which is written name:0..255")
        most = self.whole("a parameter")
        default = self.expression() if self.accept("=") else None
        if token.text in parameters:
            fail(token.at, f"parameter {token.text} is there twice")
        if least > most:
            fail(token.at, f"parameter {token.text} goes from {least} down to {most}", "write the smaller limit first")
        if most >= 1 << 64:
            fail(token.at, f"parameter {token.text} has more than 64 bits", "send it in pieces")
        parameters[token.text] = Parameter(token.text, least, most, default, memory, token.at)
        if not self.accept(",") and not self.at("]"):
            self.wrong("',' or ']'", "the parameters")

    # -- expressions ------------------------------------------------------------------------------------------------

    def expression(self) -> Expression:
        self.deeper()
        at = self.peek().at
        condition = self.binary(0)
        if self.accept("?"):
            outside, self.in_choice = self.in_choice, True
            yes = self.expression()
            self.in_choice = outside
            self.expect(":", "a condition, which is written a?b:c")
            condition = Conditional(condition, yes, self.expression(), at)
        self.depth -= 1
        return condition

    def binary(self, level: int) -> Expression:
        if level == len(_LEVELS):
            return self.power()
        left = self.binary(level + 1)
        while self.peek().kind == "sign" and self.peek().text in _LEVELS[level]:
            token = self.next()
            left = Binary(token.text, left, self.binary(level + 1), token.at)
        return left

    def power(self) -> Expression:
        base = self.unary()
        if self.at("**"):
            self.deeper()
            token = self.next()
            base = Binary("**", base, self.power(), token.at)
            self.depth -= 1
        return base

    def unary(self) -> Expression:
        token = self.peek()
        if self.at("-", "#", "!"):
            self.deeper()
            self.next()
            operand = self.unary()
            self.depth -= 1
            return Unary(token.text, operand, token.at)
        complement = self.accept("~")
        if complement and self.at("~", "-", "#", "!"):
            self.deeper()
            operand = self.unary()
            self.depth -= 1
            return Unary("~", operand, token.at)
        data = self.primary()
        if not self.in_choice and self.accept(":"):
            return self.bit_field_rest(data, complement, token.at)
        return Unary("~", data, token.at) if complement else data

    def bit_field_rest(self, data: Expression, complement: bool, at: int) -> BitField:
        if self.accept(":"):
            return BitField(data, None, self.primary(), complement, False, at)
        reverse = self.accept("-")
        place = self.peek().at
        width = self.primary()
        if isinstance(width, Number) and not 0 < width.value <= LONGEST_WIDTH:
            fail(place, f"a bit field of {width.value} bits", f"1 to {LONGEST_WIDTH}")
        skip = self.primary() if self.accept(":") else Number(0)
        return BitField(data, width, skip, complement, reverse, at)

    def primary(self) -> Expression:
        token = self.peek()
        if self.accept("("):
            outside, self.in_choice = self.in_choice, False
            inner = self.expression()
            self.in_choice = outside
            self.expect(")", "an expression")
            return inner
        if token.kind == "name" and token.text not in _CONSTANTS:
            self.next()
            return Name(token.text, token.at)
        return Number(self.whole("an expression"), token.at)
