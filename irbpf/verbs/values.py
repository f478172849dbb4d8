"""Values of options: text that argparse turns into numbers, with the name that its error message calls them by. No verb is here."""

from __future__ import annotations


def positive(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e6:
        raise ValueError
    return value


def whole(text: str) -> int:
    """1 or more."""
    if (value := int(text)) < 1:
        raise ValueError
    return value


def columns(text: str) -> int:
    """Of a drawing in the terminal: what is narrower shows nothing."""
    if not 20 <= (value := int(text)) <= 10_000:
        raise ValueError
    return value


def repeats(text: str) -> int:
    if not 0 <= (value := int(text)) <= 10_000:
        raise ValueError
    return value


def carrier(text: str) -> int:
    """`38000`, `38k` or `38.4k`, in Hz."""
    value = round(float(text[:-1]) * 1000) if text.endswith("k") else int(text)
    if not 0 <= value <= 1_000_000:
        raise ValueError
    return value


def percent(text: str) -> int:
    if not 1 <= (value := int(text)) <= 99:
        raise ValueError
    return value


def transmitters(text: str) -> tuple[int, ...]:
    """`1,2`; the first is 1, and a mask has 32."""
    numbers = tuple(int(part) for part in text.split(","))
    if not all(1 <= number <= 32 for number in numbers):
        raise ValueError
    return numbers


for _one, _name in ((positive, "positive number"), (whole, "whole number"), (columns, "number of columns from 20 to 10000"),
                    (repeats, "number of repeats"), (carrier, "carrier"), (percent, "percentage"), (transmitters, "list of transmitters")):
    _one.__name__ = _name
