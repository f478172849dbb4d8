"""A decoder as a shared library, built by an ordinary C compiler and called by ctypes."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from irbpf.objects import Source
from irbpf.pulses import Sample
from irbpf.reports import EVENT_SIZE, Event, read_events

SANITIZERS = ("-O1", "-fsanitize=undefined,bounds", "-fno-sanitize-recover")


class Native:
    """One decoder with the state of one receiver."""

    def __init__(self, source: Source, folder: Path, flags: Sequence[str] = ("-O1",)) -> None:
        text, library = folder / f"{source.name}.c", folder / f"{source.name}.so"
        text.write_text(source.text)
        subprocess.run(["gcc", "-std=gnu11", "-Wall", "-Wno-unused-function", "-Wno-unused-variable", "-Wno-unknown-pragmas", "-Werror",
                        "-shared", "-fPIC", *flags, "-o", library, text], check=True)
        self.library = ctypes.CDLL(str(library))
        for name, contents in source.tables.items():
            room = ctypes.c_char.in_dll(self.library, name)
            ctypes.memmove(ctypes.addressof(room), contents, len(contents))
        self.reset()

    def reset(self) -> None:
        self.state = ctypes.create_string_buffer(self.library.state_size())

    def feed(self, samples: Sequence[Sample]) -> list[Event]:
        words = (ctypes.c_uint32 * len(samples))(*(sample.word for sample in samples))
        events = _room(len(samples))
        return read_events(memoryview(events), self.library.decode(self.state, words, len(samples), events, len(samples)))

    def count(self, words: ctypes.Array[ctypes.c_uint32]) -> int:
        """How many events any number of mode2 words make."""
        return int(self.library.decode(self.state, words, len(words), _room(len(words)), len(words)))


def _room(samples: int) -> ctypes.Array[ctypes.c_char]:
    """Room for the events of as many samples; the next call's, too."""
    return _buffer(1 << max(10, (samples - 1).bit_length()))


@cache
def _buffer(events: int) -> ctypes.Array[ctypes.c_char]:
    return ctypes.create_string_buffer(events * EVENT_SIZE)
