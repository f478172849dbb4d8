"""irbpf-keymap(5), from the fields that the reader of keymaps knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from irbpf.entries import ANYTHING_FIELDS, DECODER_FIELDS, MOST_KEYS, RAW_FIELDS, TABLE_FIELDS
from irbpf.families import FAMILIES
from irbpf.keymap import MATCH_FIELDS, TOP_FIELDS
from irbpf.ownprotocols import FIELDS, NARROWING
from irbpf.pages.roff import bold, example, prose, section, subsection, tagged, title

TOP: Mapping[str, str] = {
    "name": "What the keymap is called; by default the name of the file.",
    "receivers": "A list of the receivers that get it when they are plugged in. It fits if all that one of them says is so; where several "
                 "keymaps fit, the most precise are taken, all of the same precision together.",
    "protocols": "A list of what is decoded, each with its keys."}
MATCH: Mapping[str, str] = {
    "rc_map": "The table that the kernel has for the receiver, such as rc-hauppauge.", "driver": "The name of its driver, such as mceusb.",
    "name": "Its name, as irbpf list shows it; * and ? stand for any characters.", "bus": "The number of its bus, such as 3 for USB.",
    "vendor": "The number of its vendor, such as 0x1784.", "product": "The number of the product.",
    "path": "Where it is plugged in: ID_PATH of udev."}
PROTOCOL: Mapping[str, str] = {
    "protocol": "A name from irbpf protocols, of a family (see below), or one of your own, with irp.",
    "irp": "The line of a protocol of your own, in IRP notation.",
    "scancode": "The layout of its scancodes: bit fields of its parameters, the most significant first, such as D:8,F:8. By default all "
                "parameters, with their full widths.",
    "toggle": "The parameter that changes with every press. By default the only one of one bit that keeps its value (@).",
    "require": "An expression over the parameters; frames for which it is 0 are not ours.",
    "where": "Values of parameters, such as {D: 0x20}; frames with others are not ours.",
    "tolerance": "How far a duration may be off: {absolute: 150us, relative: 30%}, the larger of the two. This is the default.",
    "number": "The number of the protocol in the kernel (enum rc_proto); by default its own, or one that is free.",
    "alone": "Whether no remote of a longer protocol is used where the receiver is (true or false, the default). A frame is reported at its "
             "last edge if no protocol that is loaded could read on, and none is known of which a longer frame begins like it; with "
             "alone: true only the former counts. irbpf show KEYMAP --latency tells what each protocol waits for.",
    "keys": "A mapping of scancodes to names of keys, as in linux/input-event-codes.h."}
RAW: Mapping[str, str] = {
    "raw": "A mapping of names of keys to durations in µs, pulse first, such as \"+9000 -4500 +560\", or to a list of such for a key that "
           "sends now this, now that. For remotes whose protocol is not known.",
    "tolerance": "As above."}
ANY: Mapping[str, str] = {"protocol": "any: all protocols of the catalogue but a few that take parts of others' frames, or noise, for their own.",
                           "keys": "As above, whatever the protocol; they give way to those of other keymaps that are "
                                   "loaded with it, and those for which the 512 of a receiver leave no room are left out, with a warning."}
TABLE: Mapping[str, str] = {
    "table": "A mapping of scancodes to names of keys, for what the receiver itself or a decoder of the kernel delivers. Nothing is decoded."}
DECODER: Mapping[str, str] = {
    "decoder": "A decoder written by hand, by the name of its file in /etc/irbpf/bpf or /usr/share/irbpf/bpf, without .c.", "keys": "As above.",
    "parameters": "Values of the macros that the decoder can be given.", "number": "As above."}
ENTRIES: Sequence[tuple[str, Sequence[str], Mapping[str, str], str]] = (
    ("A protocol", (*FIELDS, *NARROWING, "keys"), PROTOCOL, "A protocol of the catalogue, of a family, or your own."),
    ("Any protocol", ANYTHING_FIELDS, ANY, ""), ("Raw patterns", RAW_FIELDS, RAW, ""),
    ("A table", TABLE_FIELDS, TABLE, ""), ("A decoder in C", DECODER_FIELDS, DECODER, ""))
EXAMPLE = """
name: My living room
receivers:
  - rc_map: rc-hauppauge
protocols:
  - protocol: rc5
    keys:
      0x1e3b: KEY_SELECT
  - protocol: my-amplifier
    irp: "{38.4k,564}<1,-1|1,-3>(16,-8,D:8,S:8,F:8,~F:8,1,^108m,(16,-4,1,^108m)*)[D:0..255,S:0..255,F:0..255]"
    scancode: "D:8,S:8,F:8"
    where: {D: 0x20}
    keys: {0x20df10: KEY_VOLUMEUP}
  - raw:
      KEY_RED: "+9000 -4500 +560 -560 +560"
"""
RECEIVERS = """
- receiver: {path: platform-ir-port.1}
  keymaps: [sony-tv]
- otherwise: ir-keytable
"""


def page(version: str) -> str:
    return "".join([
        title("irbpf-keymap", 5, version, "keymaps of irbpf"),
        section("DESCRIPTION", prose(
            "A keymap is a YAML file that says which protocols a receiver decodes and which key each scancode is. Nothing in it is silently "
            "ignored: a field, key or protocol that there is not, a scancode that is there twice, one that its protocol never sends, and "
            f"protocols that cannot be told apart are errors with file, line and column. A keymap has at most {MOST_KEYS} keys. "
            "irbpf check tells all that is wrong with one.")),
        section("FIELDS", tagged(_rows(TOP_FIELDS, TOP))),
        section("RECEIVERS", prose("Each entry of receivers has at least one of these."), tagged(_rows(MATCH_FIELDS, MATCH)),
                prose("By hand, /etc/irbpf/receivers.yaml gives keymaps to receivers, whatever they say themselves; the first "
                      "entry that fits counts. With otherwise: ir-keytable, receivers that no keymap fits get the table that "
                      "ir-keytable has for them; with otherwise: any they decode every protocol (or any other keymap that is named)."),
                example(RECEIVERS)),
        section("PROTOCOLS", prose("Each entry of protocols is one of these.")),
        *(subsection(name, *([prose(text)] if text else []), tagged(_rows(fields, texts))) for name, fields, texts, text in ENTRIES),
        section("FAMILIES", prose("The families of ir-keytable, with its parameters and defaults, in µs; of pulse_distance, pulse_length and "
                                   "manchester any may be given beside protocol and keys."),
                *(f"{bold(name)}: " + prose(", ".join(f"{one} ({default})" for one, default in family.defaults.items()))
                  for name, family in FAMILIES.items())),
        section("EXAMPLES", example(EXAMPLE)),
        section("SEE ALSO", f"{bold('irbpf')}(1), {bold('irbpf-trace')}(5), {bold('rc_keymap')}(5)")])


def _rows(fields: Sequence[str], texts: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(bold(one), texts.get(one, "")) for one in fields]
