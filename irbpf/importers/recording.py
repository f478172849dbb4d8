"""Reads recordings of mode2 and ir-ctl: each signal becomes a key, by its protocol where one fits all of it, else as a pattern."""

from __future__ import annotations

import re
from itertools import islice

from irbpf.errors import Error
from irbpf.importers.keynames import key_name
from irbpf.importers.named import raw_button
from irbpf.importers.values import Button, Imported, Problem, assemble, together
from irbpf.pulses import Kind
from irbpf.signals import Signal, of_text

_KIND = r"(pulse|space|timeout|carrier|frequency|overflow|duty_cycle)"
_LINE = re.compile(rf"({_KIND}|[+-]\d+)([\s,]+({_KIND}|[+-]?\d+))*", re.IGNORECASE)


def looks_like(text: str, name: str) -> bool:
    plain = (re.sub("(#|//).*", "", line).strip() for line in text.splitlines())
    lines = list(islice(filter(None, plain), 20))
    fits = [_LINE.fullmatch(line) is not None for line in lines]
    return bool(lines) and fits[0] and 2 * sum(fits) > len(fits)  # a damaged line is told when it is read


def read(text: str, file: str) -> Imported:
    signals = list(of_text(re.sub(r"^[ \t]*duty_cycle.*$", "", text, flags=re.MULTILINE).splitlines(), file))
    stem, said = _key(text, file), re.search(r"^# carrier: (\d{1,7}) Hz$", text, re.MULTILINE)
    carrier = int(said[1]) if said else None
    buttons: list[Button] = []
    problems: list[Problem] = []
    seen: set[tuple[str, int]] = set()
    for number, signal in enumerate(signals, 1):
        name = stem if len(signals) == 1 or key_name(stem) else f"{stem} {number}"
        try:
            button, lost = raw_button(name, 1, _durations(signal), signal.carrier or carrier)
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


def _key(text: str, file: str) -> str:
    """What a trace file says that its key is; else the name of the file, without the number that irbpf record puts behind a key."""
    if said := re.search(r"^# key: (\w+)$", text, re.MULTILINE):
        return said[1]
    stem = file.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    plain = re.sub(r"[-_. ]\d+$", "", stem)
    return plain if key_name(stem) is None and key_name(plain) is not None else stem


def _durations(signal: Signal) -> tuple[int, ...]:
    """Of a whole signal, pulse first, without the silence after it; Error for one of which the receiver lost a part."""
    samples = signal.samples[:-1]
    if signal.overflow or any((sample.kind == Kind.PULSE) == place % 2 for place, sample in enumerate(samples)):
        raise Error("the receiver lost a part of it")
    return tuple(sample.duration for sample in samples)
