"""What the traces of tests/traces are recordings of: encoder, what it is asked to send, and what that must decode to. It sends nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Recording:
    """One trace: `arguments` of the encoder, `frames` it sends in a row, `expect` as in the file, `timeout` of the receiver in µs."""

    name: str
    arguments: tuple[str, ...]
    expect: tuple[str, ...]
    frames: int = 1
    keymap: str | None = None
    timeout: int | None = None


def _scancodes(protocol: str, codes: tuple[int, ...], toggle: str = "") -> list[Recording]:
    return [Recording(f"{protocol}-{code:x}", ("-S", f"{protocol}:{code:#x}"), (f"{protocol}:{code:#x}{toggle}",)) for code in codes]


def _held(protocol: str, code: int, gap: int, toggle: str = "", frames: int = 3, timeout: int | None = None) -> Recording:
    """The whole frame again and again; the receiver's timeout is shorter than the gap."""
    return Recording(f"{protocol}-{code:x}-held", ("-g", str(gap), "-S", f"{protocol}:{code:#x}"),
                     (f"{protocol}:{code:#x}{toggle} repeats={frames - 1}",), frames, timeout=timeout)


def _keys(name: str, keymap: str, protocol: str, keys: dict[str, int], toggle: str = "") -> list[Recording]:
    return [Recording(f"{name}-{code:x}", ("-K", key), (f"{protocol}:{code:#x}{toggle} key={key}",), keymap=keymap)
            for key, code in keys.items()]


OFF = " toggle=0"

# v4l-utils' ir-ctl 1.22.1: the kernel's encoders (-S), and those of its BPF families (-k -K). It leaves toggle bits 0.
IR_CTL = [
    *_scancodes("nec", (0x408, 0x0, 0xFF00, 0x1DE2)), *_scancodes("necx", (0x866B45, 0x070702, 0x40BE12, 0x102030)),
    *_scancodes("nec32", (0x87EED102, 0x12345678)), *_scancodes("rc5", (0x1E3B, 0x0, 0x1F7F, 0x0C), OFF),
    *_scancodes("rc5x_20", (0x123416, 0x010203, 0x1F7F3F), OFF), *_scancodes("rc5_sz", (0x28C5, 0x123, 0x2FFF), OFF),
    *_scancodes("rc6_0", (0x000C, 0x1234, 0xFFFF, 0x0401), OFF), *_scancodes("rc6_6a_20", (0x12345, 0xFFFFF, 0x1), OFF),
    *_scancodes("rc6_6a_24", (0x123456, 0xE60382, 0x1), OFF), *_scancodes("rc6_6a_32", (0x12345678, 0x800E040D, 0x1), OFF),
    *_scancodes("rc6_mce", (0x800F040D, 0x800F0400, 0x80460002, 0x800F7422), OFF), *_scancodes("sony12", (0x10015, 0x110002, 0x1F007F)),
    *_scancodes("sony15", (0xA40015, 0xFF007F, 0x10001)), *_scancodes("sony20", (0x1AAB15, 0x1FFF7F, 0x20201)),
    *_scancodes("jvc", (0x317, 0xFFFF, 0x4303, 0x233D)), *_scancodes("sanyo", (0x1D8100, 0x6E00, 0x1C1E55)),
    *_scancodes("sharp", (0x114A, 0x279, 0x1FFF, 0x35A)), *_scancodes("rcmm12", (0x123, 0xFFF, 0x801)),
    *_scancodes("rcmm24", (0xE0023, 0x123456, 0xFFFFFF)), *_scancodes("rcmm32", (0x28E02600, 0x20B02431, 0x12345678), OFF),
    _held("rc5", 0x1E3B, 89_000, OFF, timeout=20_000), _held("rc6_mce", 0x800F040D, 69_000, OFF, timeout=20_000),
    _held("sony15", 0xA40015, 1, timeout=10_000), _held("rcmm24", 0xE0023, 1, timeout=10_000),
    *_keys("pulse_distance-samsung", "samsung-ak59.yaml", "pulse_distance", {"KEY_POWER2": 0xE0E040BF, "KEY_MUTE": 0xE0E0F00F}),
    *_keys("pulse_distance-dish", "dish-network.yaml", "pulse_distance", {"KEY_SAT": 0x0400, "KEY_TV": 0xA801}),
]


def _lirc(remote: str, key: str, press: str, frames: int = 1) -> Recording:
    code = press.split()[0].split(":")[1].removeprefix("0x")
    return Recording(f"{remote}-{code}-lirc{'-held' if frames > 1 else ''}", (remote, key),
                     (press + (f" repeats={frames - 1}" if frames > 1 else ""),), frames)


def _lirc_keys(name: str, keymap: str, keys: dict[str, int], toggle: str = "") -> list[Recording]:
    """For the families that ir-ctl 1.22.1 cannot send: it knows no duration of pulse_length but the default, and Manchester's ones are
    its zeros (its own decoder has them the other way round), without a header."""
    protocol = name.split("-")[0]
    return [Recording(f"{name}-{code:x}", (name, key), (f"{protocol}:{code:#x}{toggle} key={key}",), keymap=keymap)
            for key, code in keys.items()]


# LIRC's irsimsend (its RC-5 starts with a toggle of 1): whole presses with its gaps and repeats, sent on in one piece where the kernel allows it.
LIRC = [
    _lirc("nec", "KEY_1", "nec:0x408"), _lirc("nec", "KEY_1", "nec:0x408", 4), _lirc("nec", "KEY_POWER", "nec:0x400", 2),
    _lirc("rc5", "KEY_SELECT", "rc5:0x1e3b toggle=1", 3), _lirc("rc5", "KEY_1", "rc5:0x141 toggle=1"),
    _lirc("rc6_0", "KEY_POWER", "rc6_0:0x40c toggle=0", 3), _lirc("sony12", "KEY_POWER", "sony12:0x10015", 4),
    _lirc("jvc", "KEY_POWER", "jvc:0x317", 3), _lirc("samsung36", "KEY_POWER", "samsung36:0x4000e00f"),
    _lirc("samsung36", "KEY_UP", "samsung36:0x4000e1af", 3), _lirc("xbox_dvd", "KEY_UP", "xbox_dvd:0xaa6"),
    _lirc("xbox_dvd", "KEY_OK", "xbox_dvd:0xa0b", 3), _lirc("sanyo", "KEY_3", "sanyo:0xd5533", 3), _lirc("xbox_dvd", "KEY_MENU", "xbox_dvd:0xaf7"),
    *_lirc_keys("pulse_length", "pulse-length.yaml", {"KEY_OK": 0xA5, "KEY_UP": 0xFFF, "KEY_DOWN": 0x1}),
    *_lirc_keys("pulse_length-reversed", "pulse-length-reversed.yaml", {"KEY_OK": 0x12345, "KEY_UP": 0x80001}),
    *_lirc_keys("manchester", "manchester.yaml", {"KEY_OK": 0x303B, "KEY_UP": 0x3001}, " toggle=0"),
    *_lirc_keys("manchester-header", "manchester-header.yaml", {"KEY_OK": 0x2A55A, "KEY_UP": 0x20001}),
]


def _irp(name: str, protocol: str, parameters: str, press: str, frames: int = 1) -> Recording:
    return Recording(name, (protocol, parameters), (press + (f" repeats={frames - 1}" if frames > 1 else ""),), frames)


# IrpTransmogrifier 1.2.13, for what the others cannot encode, and for toggles that are set. Grundig's scancodes are what v4l-utils'
# own decoder (protocols/grundig.o of ir-keytable 1.22.1, attached in the test kernel) makes of these signals.
IRP = [
    _irp("grundig-a28", "Grundig16", "D=5,F=17,T=0", "grundig:0xa28 toggle=0"),
    _irp("grundig-ddad", "Grundig16", "D=111,F=178,T=0", "grundig:0xddad toggle=0"),
    _irp("grundig-ad07-held", "Grundig16", "D=64,F=33,T=1", "grundig:0xad07 toggle=1", 3),
    _irp("xmp-10203d4", "XMP", "D=1,S=2,F=980", "xmp:0x10203d4"), _irp("xmp-1a2b3c4d-held", "XMP", "D=26,S=43,F=15437", "xmp:0x1a2b3c4d", 3),
    _irp("xmp-ff00ffff", "XMP", "D=255,S=0,F=65535", "xmp:0xff00ffff"),
    _irp("samsung36-field", "Samsung36", "D=4,S=0,F=15,E=0", "samsung36:0x20000f00f"),
    _irp("samsung36-field-held", "Samsung36", "D=9,S=100,F=200,E=5", "samsung36:0x9026a13ec", 2),
    _irp("nec-1234-irp-held", "NEC1", "D=18,F=52", "nec:0x1234", 3),
    _irp("sharp-1234-held", "Sharp", "D=18,F=52", "sharp:0x1234", 2), _irp("rc5-1e3b-toggled", "RC5", "D=30,F=59,T=1", "rc5:0x1e3b toggle=1"),
    _irp("rc6_0-1234-toggled", "RC6", "D=18,F=52,T=1", "rc6_0:0x1234 toggle=1"),
    _irp("rc6_mce-800f040d-toggled", "MCE", "S=15,D=4,F=13,T=1", "rc6_mce:0x800f040d toggle=1"),
    _irp("rcmm32-28662f00-toggled", "Nokia32", "D=40,S=102,F=0,X=47,T=1", "rcmm32:0x28662f00 toggle=1"),
    _irp("sony20-1a5511-held", "Sony20", "D=26,S=85,F=17", "sony20:0x1a5511", 3),
]
