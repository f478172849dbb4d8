"""The parser: all of the field's lines, and errors that point at the mistake."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irbpf.errors import Error
from irbpf.irp.parser import parse, parse_expression, parse_layout
from irbpf.irp.syntax import Binary, BitField, Name, Number, Repeat, Variation

NEC = "{38.4k,564}<1,-1|1,-3>(16,-8,D:8,S:8,F:8,~F:8,1,^108m,(16,-4,1,^108m)*)[D:0..255,S:0..255=255-D,F:0..255]"


def test_nec() -> None:
    irp = parse(NEC)
    assert irp.general.carrier == 38400
    assert irp.general.unit == 564
    assert not irp.general.msb
    assert [parameter.name for parameter in irp.parameters] == ["D", "S", "F"]
    assert irp.parameters[1].default == Binary("-", Number(255), Name("D"))
    assert irp.stream.items[5] == BitField(Name("F"), Number(8), Number(0), complement=True)
    assert irp.stream.items[-1].repeat == Repeat(0, True)  # type: ignore[union-attr]


def test_general_in_any_order_and_units() -> None:
    irp = parse("{msb, 50%, 4p, 40k}<1,-1|1,-3>(1,-2.5m,D:8,-1)[D:0..255]")
    assert irp.general.unit == 100
    assert irp.general.msb
    assert irp.general.duty == 50
    assert irp.stream.items[1].value == Number(Fraction(5, 2))  # type: ignore[union-attr]


def test_variation_and_comments() -> None:
    irp = parse("{36k,msb,889}<1,-1|-1,1>([P=0][P=1],/* leader */4,-1,D:5,P:2,-48m)+[D:0..31] // end")
    assert isinstance(irp.stream.items[0], Variation)


def test_a_group_and_an_expression_in_parentheses() -> None:
    irp = parse("{1k,1}<1|-1>((D+1):4,(D:4,-3)2,-9m)[D:0..14]")
    assert isinstance(irp.stream.items[0], BitField)
    assert irp.stream.items[1].repeat == Repeat(2, False)  # type: ignore[union-attr]


def test_precedence() -> None:
    assert parse_expression("1+2*3==7&&#F>1") == parse_expression("((1+(2*3))==7)&&((#F)>1)")


def test_layout() -> None:
    assert parse_layout("D:8,~F:8:2") == (BitField(Name("D"), Number(8)), BitField(Name("F"), Number(8), Number(2), True))


@pytest.mark.parametrize(("text", "column", "word"), [
    ("", 1, "general"),
    (NEC.replace("S:8", "X:8"), 34, "X is neither"),
    ("{38k,0}<1|2>(D:1)[D:0..1]", 6, "unit"),
    ("{38k}<1|-1|2>(1)", 6, "3 alternatives"),
    ("{38k,1}<1,-1|1,-3>(D:99999)[D:0..1]", 22, "99999 bits"),
    ("{38k,1}<1,-1|1,-3>(D:8)[D:5..1]", 25, "down to"),
    ("{1}<1|2>(A:1){A=B,B=A}", 21, "defined by itself"),
    ("{38k,564}<1,-1|1,-3>(16,-8,D:8,1 ^108m)[D:0..255]", 34, "','"),
    ("{1}<1|2>(1)99999999", 12, "repeats"),
    ("{1}<1|2>(§)", 10, "no place"),
])
def test_errors_name_the_column(text: str, column: int, word: str) -> None:
    with pytest.raises(Error) as caught:
        parse(text)
    assert caught.value.message.startswith(f"column {column}: ")
    assert word in caught.value.message


@pytest.mark.parametrize("text", ["(" * 10**5, "{1}<1|2>(" + "(1," * 5000, "{1}<1|2>(A:1){A=" + "~" * 3000 + "1}",
                                  "{1}<1|2>(A:1){A=" + "2**" * 3000 + "1}", "{1}<1|2>(A:1){A=" + "(" * 3000 + "1}",
                                  "{1}" + "<" * 5000, "{" + "9" * 16000])
def test_absurd_depth_and_size_are_refused(text: str) -> None:
    with pytest.raises(Error):
        parse(text)


@given(st.text(alphabet="{}<>()[]|,:;=*+-^~#0123456789.kmup DFT@?&", max_size=120))
def test_nonsense_only_raises_error(text: str) -> None:
    for parser in (parse, parse_expression, parse_layout):
        try:
            parser(text)
        except Error as error:
            assert error.message.startswith("column ")


def test_all_lines_of_the_field(shared: Path) -> None:
    lines = {entry["name"]: entry["irp"] for entry in json.loads((shared / "irp/protocols.json").read_text())["protocols"]}
    failed = {}
    for name, line in lines.items():
        try:
            parse(line)
        except Error as error:
            failed[name] = str(error)
    # NEC-Shirriff has no parameter specification at all: a name that is nowhere declared is an error here
    assert set(failed) == {"NEC-Shirriff"}
