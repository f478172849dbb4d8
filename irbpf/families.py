"""The families that ir-keytable users know, with its parameter names and defaults (rc_keymap(5)), as IRP lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from irbpf.errors import Error
from irbpf.protocols import Protocol, Tolerance, define

GAP_US = 30_000  # ir-keytable has no parameter for it; decoders take any gap that is long enough as the end of a frame


@dataclass(frozen=True)
class Family:
    """`defaults` of all parameters; None: it must be given."""

    defaults: Mapping[str, int]

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(self.defaults)


_HEADER = {"margin": 200, "header_pulse": 2125, "header_space": 1875, "repeat_pulse": 0, "repeat_space": 0}
FAMILIES: Mapping[str, Family] = {
    "pulse_distance": Family({**_HEADER, "bit_pulse": 625, "bit_0_space": 375, "bit_1_space": 1625, "trailer_pulse": 625, "bits": 4,
                              "reverse": 0, "header_optional": 0}),
    "pulse_length": Family({**_HEADER, "bit_space": 625, "bit_0_pulse": 375, "bit_1_pulse": 1625, "trailer_pulse": 0, "bits": 4,
                            "reverse": 0, "header_optional": 0}),
    "manchester": Family({"margin": 200, "header_pulse": 0, "header_space": 0, "zero_pulse": 888, "zero_space": 888,
                          "one_pulse": 888, "one_space": 888, "bits": 14, "toggle_bit": 100, "scancode_mask": 0}),
}


def family(name: str, given: Mapping[str, int]) -> Protocol:
    """The protocol that `given` parameters of a family make; the rest have ir-keytable's defaults."""
    values = {**FAMILIES[name].defaults, **given}
    for key, value in values.items():
        if value < 0 or (value > 1_000_000 and key != "scancode_mask"):
            raise Error(f"{key}: {value} is out of range", "durations are 0 to 1000000 µs")
    if not 1 <= values["bits"] <= 64:
        raise Error(f"bits: {values['bits']} is out of range", "1 to 64")
    if (values["header_pulse"] == 0) != (values["header_space"] == 0):
        raise Error("header_pulse and header_space go together", "set both or neither")
    line, scancode, toggle = _manchester(values) if name == "manchester" else _pulses(name, values)
    return define(name, line, scancode, toggle=toggle, tolerance=Tolerance(values["margin"], 0.25))


def _pulses(name: str, values: Mapping[str, int]) -> tuple[str, str, str | None]:
    if name == "pulse_distance":
        spec = f"{values['bit_pulse']},-{values['bit_0_space']}|{values['bit_pulse']},-{values['bit_1_space']}"
    else:
        spec = f"{values['bit_0_pulse']},-{values['bit_space']}|{values['bit_1_pulse']},-{values['bit_space']}"
    order = "lsb" if values["reverse"] else "msb"
    header = f"{values['header_pulse']},-{values['header_space']}," if values["header_pulse"] else ""
    trailer = f"{values['trailer_pulse']}," if values["trailer_pulse"] else ""
    bits, gap = values["bits"], f"-{GAP_US}"
    repeats = []
    if values["header_optional"]:
        repeats.append(f"(X:{bits},{trailer}{gap})*")
    if values["repeat_pulse"]:
        repeats.append(f"({values['repeat_pulse']},-{values['repeat_space']},{trailer or str(values['repeat_pulse']) + ','}{gap})*")
    frame = f"{header}X:{bits},{trailer}{gap}"
    line = f"{{{order},1u}}<{spec}>({','.join([frame, *repeats])})[X:0..{(1 << bits) - 1}]"
    return line, f"X:{bits}", None


def _manchester(values: Mapping[str, int]) -> tuple[str, str, str | None]:
    """A zero is zero_pulse then zero_space, a one is one_space then one_pulse, as the encoder of ir-ctl sends it."""
    bits, toggle_bit = values["bits"], values["toggle_bit"]
    header = f"{values['header_pulse']},-{values['header_space']}," if values["header_pulse"] else ""
    spec = f"{values['zero_pulse']},-{values['zero_space']}|-{values['one_space']},{values['one_pulse']}"
    mask = ((1 << bits) - 1) & ~values["scancode_mask"]
    toggle = None
    if toggle_bit < bits:
        toggle, mask = "T", mask & ~(1 << toggle_bit)
    names = f"V=X&{mask}" + (f",T=X:1:{toggle_bit}" if toggle else "")
    return f"{{msb,1u}}<{spec}>({header}X:{bits},-{GAP_US})*{{{names}}}[X:0..{(1 << bits) - 1}]", f"V:{bits}", toggle
