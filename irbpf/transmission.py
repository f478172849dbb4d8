"""What is to be sent, from the ways in which people say it: a key, a protocol with parameters, durations, Pronto hex. It sends nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from irbpf import library, pronto
from irbpf.encoding import parameters_of
from irbpf.errors import Error
from irbpf.importers import LARGEST
from irbpf.importers.pronto import SHORT, codes, short
from irbpf.importers.pronto import looks_like as holds_pronto
from irbpf.irp.render import render
from irbpf.keymap import Entry, Keymap, Raw
from irbpf.problems import nearest
from irbpf.protocols import Protocol, catalogue, define
from irbpf.pulses import Kind, Sample, parse_samples
from irbpf.signals import GAP_US, split

_FORMS = "KEY_POWER (with --keymap), nec:0x408, nec D=4 F=8, '{38.4k,564}<...', '+9000 -4500 ...', '0000 006C ...' or a file"


@dataclass(frozen=True)
class Transmission:
    """A press is `intro`, then `repeat` as often as the key is held, then `ending`: µs, pulse first, each ending in a space.

    `carrier` in Hz, 0 for none, and `duty_cycle` in percent; None where nothing says.
    """

    intro: tuple[int, ...]
    repeat: tuple[int, ...] = ()
    ending: tuple[int, ...] = ()
    carrier: int | None = None
    duty_cycle: int | None = None


def understand(words: Sequence[str], keymap: Keymap | None, gap: int = GAP_US) -> list[Transmission]:
    """What `words` say, one for each press; `gap` in µs follows what ends in a pulse. Error for what cannot be understood."""
    first, text = words[0], " ".join(words)
    if keymap is not None:
        return [_key(word, keymap, gap, place % 2) for place, word in enumerate(words)]
    if first[0:1] in "+-" and len(first) > 1:
        return _samples(parse_samples(text, "the durations"), gap)
    if pronto.looks_like(text) or holds_pronto(text, ""):
        return _codes(text, (), gap)
    if first.startswith("{"):
        return [_rendered(define("given", first), parameters(words[1:]))]
    name, colon, scancode = first.partition(":")
    path = _readable(first)
    if name in catalogue() and (colon or path is None):
        return [_named(catalogue()[name], scancode, words[1:])]
    if first.startswith(("KEY_", "BTN_")):
        raise Error(f"which remote's {first}?", "say --keymap NAME")
    if first.endswith(".yaml") or path is None and first in library.files():
        raise Error(f"{first} is a keymap", f"say --keymap {first}, and which keys of it")
    if path is not None:
        return _file(path, words[1:], gap)
    raise _nothing(first, text)


def _readable(name: str) -> Path | None:
    """The file or pipe that is called so, - is standard input; None if there is none."""
    path = "/dev/stdin" if name == "-" else name
    return Path(path) if os.path.exists(path) and not os.path.isdir(path) else None  # of any name, also one that no file can have


def _nothing(first: str, text: str) -> Error:
    """What is wrong with words that are nothing that can be sent: the form that they are most like."""
    if os.path.isdir(first):
        return Error(f"{first} is a folder", "name one of its files")
    if "/" in first or Path(first).suffix[1:].isalpha() and " " not in first:
        return Error(f"there is no file {first[:200]}", "a recording, or Pronto hex")
    if re.fullmatch(r"[0-9a-fA-F]{4}(\s+\S+)*", text):
        return Error("this is no Pronto hex", "it is a row of words of four hexadecimal digits, six at least: 0000 006C 0022 0002 ...")
    near = nearest(first.partition(":")[0], catalogue()) if re.match(r"\w", first) else ""
    return Error(f"{first[:60]!r} is nothing that can be sent", f"{near + ' ' if near else ''}write {_FORMS}")


def parameters(pairs: Sequence[str]) -> dict[str, int]:
    """`D=4 F=0x1c` as numbers."""
    values: dict[str, int] = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        try:
            number = int(value, 0)
        except ValueError:
            raise Error(f"{pair[:60]!r} is no parameter", "write NAME=NUMBER, such as D=4 or F=0x1c") from None
        if values.setdefault(name, number) != number:
            raise Error(f"{name[:60]} is {values[name]} and {number}", "say it once")
    return values


def _named(protocol: Protocol, scancode: str, pairs: Sequence[str]) -> Transmission:
    if not scancode:
        return _rendered(protocol, parameters(pairs))
    try:
        number = int(scancode, 0)
    except ValueError:
        raise Error(f"{scancode[:60]!r} is no scancode", "such as nec:0x408") from None
    if number < 0:
        raise Error(f"{scancode[:60]!r} is no scancode", "it is at least 0")
    return _rendered(protocol, {**parameters_of(protocol, number), **parameters(pairs)})


def _rendered(protocol: Protocol, params: dict[str, int]) -> Transmission:
    signal, general = render(protocol.irp, params), protocol.irp.general
    return Transmission(signal.intro, signal.repeat, signal.ending, round(general.carrier),
                        None if general.duty is None else round(general.duty))


def _key(name: str, keymap: Keymap, gap: int, toggle: int) -> Transmission:
    """A press of key `name`; `toggle` is what tells it from the press before, where the protocol has that."""
    found = [(entry, scancode) for entry in keymap.entries for scancode, key in entry.keys.items() if key == name]
    why: Error | None = None
    for entry, scancode in found:  # the first that can be sent: the same key may be in a table too, for other receivers
        match entry:
            case Entry(protocol):
                try:
                    params = parameters_of(protocol, scancode)
                except Error as error:
                    why = why or error
                    continue
                if protocol.toggle in params and protocol.toggle not in protocol.where:
                    params[protocol.toggle] = toggle
                return _rendered(protocol, params)
            case Raw(patterns):
                return Transmission(_whole(next(one.durations for one in patterns if one.scancode == scancode), gap))
    if found:
        raise why or Error(f"{name} of {keymap.name} has no protocol here that could send it", "record it, and send the recording")
    near = sorted(set(keymap.keys.values()))
    raise Error(f"{keymap.name} has no key {name[:60]!r}", f"it has {', '.join(near[:12])}{' ...' if len(near) > 12 else ''}")


def _pronto(text: str, gap: int) -> Transmission:
    if int(text.split()[0], 16) in SHORT:
        protocol, scancode = short(text)
        return _rendered(protocol, parameters_of(protocol, scancode))
    one = pronto.parse(text)
    return Transmission(one.intro, one.repeat, (), one.carrier) if one.intro or one.repeat else Transmission(_whole((), gap))


def _codes(text: str, names: Sequence[str], gap: int) -> list[Transmission]:
    """The Pronto hex of a text that is called by one of `names`, in their order; all of it where there are none."""
    found = [(name, words) for _, name, words in codes(text)]
    known = dict(reversed(found))
    for name in names:
        if name not in known:
            raise Error(f"there is no {name[:60]!r} in it", f"it has {', '.join(list(known)[::-1][:12])}")
    return [_pronto(words, gap) for words in (map(known.__getitem__, names) if names else (words for _, words in found))]


def _whole(durations: Sequence[int], gap: int) -> tuple[int, ...]:
    if not durations:
        raise Error("there is nothing to send", "a signal has at least one pulse")
    return (*durations, gap) if len(durations) % 2 else tuple(durations)


def _file(path: Path, names: Sequence[str], gap: int) -> list[Transmission]:
    """All signals of a recording; of Pronto hex with names those that are named, or all."""
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(LARGEST + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise Error(f"{path}: {getattr(error, 'strerror', None) or 'not a text'}") from error
    if len(text) > LARGEST:
        raise Error(f"{path}: more than {LARGEST >> 20} MB", "nobody sends that much")
    if pronto.looks_like(text) or holds_pronto(text, path.name):
        return _codes(text, names, gap)
    if names:
        raise Error(f"{path} is a recording, and its signals have no names", "leave the words after it out, or make a keymap of it")
    said = re.search(r"^# carrier: (\d{1,7}) Hz$", text, re.MULTILINE)
    return _samples(parse_samples(text, str(path)), gap, int(said[1]) if said else None)


def _samples(samples: Sequence[Sample], gap: int, carrier: int | None = None) -> list[Transmission]:
    """A transmission for each signal. What cannot be sent, such as two pulses in a row, is an Error."""
    made = []
    for signal in split(samples, gap):
        kinds = [sample.kind == Kind.PULSE for sample in signal.samples]
        if signal.overflow or kinds != [place % 2 == 0 for place in range(len(kinds))]:
            raise Error("this signal is damaged: pulses and spaces do not take turns", "record it again")
        made.append(Transmission(tuple(sample.duration for sample in signal.samples), carrier=signal.carrier or carrier))
    if not made:
        raise Error("there is nothing to send", "a signal has at least one pulse")
    return made
