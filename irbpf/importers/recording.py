"""Reads recordings of mode2 and ir-ctl: each signal becomes a key, by its protocol where one fits all of it, else as a pattern."""

from __future__ import annotations

import re

from irbpf.errors import Error
from irbpf.importers.keynames import key_name
from irbpf.importers.named import raw_button
from irbpf.importers.values import Button, Imported, Problem, assemble, together
from irbpf.pulses import Kind
from irbpf.signals import Signal, of_text


def looks_like(text: str, name: str) -> bool:
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("#", "//"))][:20]
    fits = [bool(re.fullmatch(r"(pulse|space|timeout|carrier|frequency|overflow|duty_cycle)\s*\d*|[+-]\d+([\s,]+[+-]?\d+)*",
                              line, re.IGNORECASE)) for line in lines]
    return bool(lines) and fits[0] and 2 * sum(fits) > len(fits)  # a damaged line is told when it is read


def read(text: str, file: str) -> Imported:
    signals = list(of_text(re.sub(r"^[ \t]*duty_cycle.*$", "", text, flags=re.MULTILINE).splitlines(), file))
    stem = file.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    buttons: list[Button] = []
    problems: list[Problem] = []
    seen: set[tuple[str, int]] = set()
    for number, signal in enumerate(signals, 1):
        name = stem if len(signals) == 1 or key_name(stem) else f"{stem} {number}"
        try:
            button, lost = raw_button(name, 1, _durations(signal), signal.carrier)
        except Error as error:
            problems.append(Problem(file, 1, f"signal {number}: {error.message}"))
            continue
        if button.protocol is not None:
            if (button.protocol.name, button.scancode) in seen:
                continue
            seen.add((button.protocol.name, button.scancode))
        if lost:
            problems.append(Problem(file, 1, f"signal {number}: {lost}"))
        buttons.append(button)
    return together([assemble(stem, buttons, file)], problems)


def _durations(signal: Signal) -> tuple[int, ...]:
    """Of a whole signal, pulse first, without the silence after it; Error for one of which the receiver lost a part."""
    samples = signal.samples[:-1]
    if signal.overflow or any((sample.kind == Kind.PULSE) == place % 2 for place, sample in enumerate(samples)):
        raise Error("the receiver lost a part of it")
    return tuple(sample.duration for sample in samples)
