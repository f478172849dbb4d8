"""How many codes of the timing-defined remotes in Debian's lirc packages are sent exactly as LIRC's own irsimsend sends them.

Each remote is imported, written as YAML, read again, and its keys rendered with two repeats; every duration and gap has to be the same.
"""

from __future__ import annotations

import collections
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from irbpf.encoding import parameters_of, scancode_of  # noqa: E402
from irbpf.importers import lircd, lircd_irp  # noqa: E402
from irbpf.irp.render import press  # noqa: E402
from irbpf.keymap import Entry, parse  # noqa: E402
from irbpf.keymapfile import dump  # noqa: E402
from irbpf.protocols import Protocol  # noqa: E402
from tests.support import lirc  # noqa: E402

REPEATS = 2
NOT_IMPORTED = "not imported"
UNSENDABLE = "irsimsend sends different codes as the same signal (it does not join two pulses, so nothing of a bit without a space is left)"


@dataclass(frozen=True)
class Compared:
    """`why` is empty where all durations are the same."""

    remote: str
    code: str
    why: str


def timing_defined(remote: lircd.LircRemote) -> bool:
    return bool(remote.codes) and not remote.raw and any(sum(remote.pair(name)) for name in ("zero", "one"))


def compare(path: Path) -> Iterator[Compared]:
    """Every code of the timing-defined remotes of a file."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for remote, lines in lirc.remotes(path):
            if not timing_defined(remote):
                continue
            made = lircd_irp.convert(remote)
            if not made.remotes:
                yield from (Compared(remote.name, code.name, NOT_IMPORTED) for code in remote.codes)
                continue
            keymap = made.remotes[0].keymap
            entry = parse(dump(keymap), str(path)).entries[0]
            assert isinstance(entry, Entry)
            theirs = pool.map(lambda code: lirc.simsend(remote, lines, code, REPEATS + 1), remote.codes)  # noqa: B023
            signals = list(theirs)
            for code, signal in zip(remote.codes, signals, strict=True):
                alike = bool(signal) and any(other == signal and one.codes != code.codes for one, other in zip(remote.codes, signals, strict=True))
                why = _difference(entry, code.codes[0] & (1 << remote.number("bits")) - 1, signal, remote.number("toggle_mask") > 0)
                yield Compared(remote.name, code.name, UNSENDABLE if why and alike else why)


def _difference(entry: Entry, code: int, theirs: list[int], masked: bool) -> str:
    """`masked`: a repeat of ours is two of LIRC's, since the second is not like the first."""
    protocol: Protocol = entry.protocol
    scancode = scancode_of(protocol, {"C": code})
    if scancode not in entry.keys:
        return f"scancode {scancode:#x} has no key"
    params = parameters_of(protocol, scancode)
    if "T" in params:
        params["T"] = 1
    ours = press(protocol.irp, params, REPEATS)
    if ours == theirs or masked and ours[:len(theirs)] == theirs:
        return ""
    if not theirs:
        return "irsimsend sends nothing"
    place = next((index for index, (one, other) in enumerate(zip(ours, theirs, strict=False)) if one != other), min(len(ours), len(theirs)))
    return f"duration {place} of {len(ours)}: {ours[place:place + 3]}, LIRC has {theirs[place:place + 3]} of {len(theirs)}"


def main() -> int:
    done = [one for path in lirc.files() for one in compare(path)]
    for (remote, why), count in collections.Counter((one.remote, one.why) for one in done if one.why).items():
        print(f"{remote}: {count} codes, such as {next(one.code for one in done if (one.remote, one.why) == (remote, why))}: {why}")
    sent = [one for one in done if one.why != UNSENDABLE]
    same = sum(not one.why for one in sent)
    print(f"{same} of {len(sent)} codes that irsimsend can send, of {len({one.remote for one in sent})} remotes, are the same "
          f"({100 * same / max(1, len(sent)):.2f} %); {len(done) - len(sent)} more codes it cannot send; "
          f"{sum(one.why == NOT_IMPORTED for one in done)} codes were not imported")
    return 0 if sent and same >= 0.99 * len(sent) else 1


if __name__ == "__main__":
    sys.exit(main())
