"""Values of expressions."""

from __future__ import annotations

import pytest

from irbpf.errors import Error
from irbpf.irp.expressions import evaluate, names_in
from irbpf.irp.parser import parse_expression


@pytest.mark.parametrize(("text", "value"), [
    ("1+2*3", 7), ("2**3**2", 512), ("#255", 8), ("~0:8", 255), ("~F:4", 10), ("F:2:1", 2), ("F::1", 2), ("F:-4", 10), ("1<<4|1", 17),
    ("7/2", 3), ("7%4", 3), ("F==5&&!0", 1), ("F>9||0", 0), ("(F>9)?(1):(2)", 2), ("F>9?F:2", 2), ("F?(F:2):0", 1), ("-1&255", 255), ("6^3", 5),
])
def test_values(text: str, value: int) -> None:
    assert evaluate(parse_expression(text), {"F": 5}) == value


@pytest.mark.parametrize("text", ["G", "1/0", "1%0", "1<<100000", "2**100000", "1>>(0-1)", "F:(0-1):(0-2)"])
def test_no_value(text: str) -> None:
    with pytest.raises(Error):
        evaluate(parse_expression(text), {"F": 5})


def test_names() -> None:
    assert names_in(parse_expression("A+~B:C:2*#D")) == {"A", "B", "C", "D"}
