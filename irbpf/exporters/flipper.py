"""Writes .ir files of Flipper: signals by their protocol where it has it, raw ones for the rest."""

from __future__ import annotations

from collections.abc import Iterator

from irbpf.exporters.values import USUAL_CARRIER, Exported, Key, keys_of
from irbpf.keymap import Keymap
from irbpf.protocols import catalogue

MOST_DURATIONS = 1024


def write(keymap: Keymap) -> Exported:
    problems: list[str] = []
    lines = ["Filetype: IR signals file", "Version: 1"]
    count = 0
    for key in keys_of(keymap, problems.append):
        parsed = _parsed(key)
        if parsed is None and len(key.frame) > MOST_DURATIONS:
            problems.append(f"{key.name} has {len(key.frame) - 1} durations: Flipper takes at most {MOST_DURATIONS}")
            continue
        lines += ["#", f"name: {key.name}", *(_parsed_lines(*parsed) if parsed else _raw(key))]
        count += 1
    return Exported("\n".join(lines) + "\n", count, tuple(problems))


def _parsed(key: Key) -> tuple[str, int, int] | None:
    """Protocol, address and command as Flipper has them; None for what it does not know."""
    if key.protocol is None or key.protocol.name not in catalogue() or catalogue()[key.protocol.name].irp != key.protocol.irp:
        return None
    device, sub, function = key.params.get("D", 0), key.params.get("S", 0), key.params.get("F", 0)
    match key.protocol.name:
        case "nec32" | "necx" if key.params.get("L") and (key.protocol.name == "nec32" or sub != device):
            return None  # none of its protocols has the short leader with these
        case "nec":
            return "NEC", device, function
        case "necx" if sub == device:  # such remotes have the short leader, which the scancode does not show
            return "Samsung32", device, function
        case "necx":
            return "NECext", device | sub << 8, function | (function ^ 0xFF) << 8
        case "nec32":
            return "NECext", device | sub << 8, function | key.params["E"] << 8
        case "rc5":
            return ("RC5X" if function & 0x40 else "RC5"), device, function & 0x3F
        case "rc6_0":
            return "RC6", device, function
        case "sony12":
            return "SIRC", device, function
        case "sony15":
            return "SIRC15", device, function
        case "sony20":
            return "SIRC20", device | sub << 5, function
        case "sanyo":
            return "NEC42", device, function
    return None


def _parsed_lines(protocol: str, address: int, command: int) -> Iterator[str]:
    yield from ("type: parsed", f"protocol: {protocol}", f"address: {_bytes(address)}", f"command: {_bytes(command)}")


def _bytes(value: int) -> str:
    return value.to_bytes(4, "little").hex(" ").upper()


def _raw(key: Key) -> Iterator[str]:
    yield from ("type: raw", f"frequency: {key.carrier or USUAL_CARRIER}", "duty_cycle: 0.330000",
                f"data: {' '.join(map(str, key.frame[:-1]))}")
