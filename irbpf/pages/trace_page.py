"""irbpf-trace(5), from the fields that recordings are written with."""

from __future__ import annotations

from irbpf.pages.roff import bold, example, prose, section, tagged, title
from irbpf.record import FIELDS
from irbpf.signals import GAP_US
from irbpf.trace import FIRST

EXAMPLE = f"""
{FIRST}
# recorded: 2026-11-24 10:00:00 UTC
# receiver: Media Center Ed. eHome Infrared Remote Transceiver
# driver: mceusb
# resolution: 50 µs
# carrier: 37900 Hz
# key: KEY_POWER
+9050 -4500 +550 -600 +550 -1700 +550 -40000 +9050 -2250 +550 timeout 125000
"""


def page(version: str) -> str:
    return "".join([
        title("irbpf-trace", 5, version, "recordings of infrared signals"),
        section("DESCRIPTION", prose(
            f"A trace is a text with recorded signals and where they come from. Its first line is '{FIRST}'. Then come fields, '# name: value', "
            "each name once except expect; they are comments to programs that only want the signals. Then come the durations in µs, + for a "
            "pulse and - for a space, a line for each signal, with the silence that ended it ('timeout 125000'). Where the receiver lost "
            "samples stands 'overflow 0'. No field comes after them.")),
        section("FIELDS", tagged((bold(name), text) for name, text in FIELDS.items())),
        section("OTHER TEXTS", prose(
            "Wherever a recording is read, these are understood too: lines of mode2 ('pulse 9000', 'space 4500', 'timeout 125000', "
            "'carrier 38000', 'overflow'), those of ir-ctl ('+9000 -4500 ... # timeout 125000'), and bare durations, pulse first. "
            f"Signals are parted by a silence of {GAP_US // 1000} ms, or by a line that begins with a pulse after one that ended with a pulse. "
            "What follows # or // is a comment.")),
        section("EXAMPLES", example(EXAMPLE)),
        section("SEE ALSO", f"{bold('irbpf')}(1), {bold('irbpf-keymap')}(5), {bold('mode2')}(1), {bold('ir-ctl')}(1)")])
