"""The receivers that can be played: descriptors, endpoints, and what each answers. They do what the drivers in drivers/media/rc expect."""

from __future__ import annotations

import struct
from dataclasses import dataclass

BULK, INTERRUPT, CONTROL = 2, 3, 0


@dataclass(frozen=True)
class Model:
    """`hardware` names the encoding of reports; `endpoints` are (address, attributes)."""

    hardware: str
    vendor: int
    product: int
    maker: str
    name: str
    endpoints: tuple[tuple[int, int], ...]

    def device(self) -> bytes:
        return struct.pack("<BBHBBBBHHHBBBB", 18, 1, 0x0200, 0, 0, 0, 64, self.vendor, self.product, 0x0100, 1, 2, 0, 1)

    def endpoint_descriptors(self) -> list[bytes]:
        return [struct.pack("<BBBBHB", 7, 5, address, attributes, 32, 1) for address, attributes in self.endpoints]

    def configuration(self) -> bytes:
        rest = struct.pack("<BBBBBBBBB", 9, 4, 0, 0, len(self.endpoints), 0xFF, 0, 0, 0) + b"".join(self.endpoint_descriptors())
        return struct.pack("<BBHBBBBB", 9, 2, 9 + len(rest), 1, 1, 0, 0x80, 50) + rest

    def string(self, index: int) -> bytes:
        """Language 0x0409 for 0, maker and name for 1 and 2."""
        text = b"\x09\x04" if index == 0 else (self.maker if index == 1 else self.name).encode("utf-16-le")
        return bytes((2 + len(text), 3)) + text


_IN_AND_OUT = ((0x81, BULK), (0x02, BULK))
MODELS = {
    # mceusb.c: no driver_info is MCE_GEN2; the vendor chooses the default table
    "mceusb": Model("mceusb", 0x0471, 0x0815, "Philips", "eHome Infrared Transceiver", _IN_AND_OUT),
    "mceusb-hauppauge": Model("mceusb", 0x2040, 0xB130, "Hauppauge", "WinTV HVR-930C HD", _IN_AND_OUT),
    "streamzap": Model("streamzap", 0x0E9C, 0x0000, "Streamzap", "Remote Control", ((0x85, INTERRUPT),)),
    # it decodes by itself: six bytes a frame, the scancode in bytes 2 and 3
    "xbox": Model("xbox", 0x045E, 0x0284, "Microsoft", "Xbox DVD Dongle", ((0x81, INTERRUPT),)),
    "igorplugusb": Model("igorplugusb", 0x03EB, 0x0002, "Igor Cesko", "IgorPlug-USB", ((0x81, CONTROL),)),
}


class Mce:
    """The command side of an mceusb device: the timeout that it keeps, and answers to commands (mceusb.c, "MCE constants")."""

    def __init__(self) -> None:
        self.timeout_us = 100_000

    def answers(self, command: bytes) -> bytes:
        """What comes back for one command; b"" where the hardware is silent."""
        port, code, data = command[0], command[1] if len(command) > 1 else -1, command[2:]
        if (port, code) == (0x9F, 0x0C):  # set the timeout: silent
            self.timeout_us = int.from_bytes(data[:2], "big") * 50
            return b""
        if (port, code) == (0xFF, 0x11):  # status of a port: 0 means that a transmitter is plugged into it
            return bytes((0xFF, 0x11, data[0], 0, 0, 0, 0))
        if (port, code) == (0x9F, 0x0D):
            return bytes((0x9F, 0x0C)) + (self.timeout_us // 50).to_bytes(2, "big")
        fixed = {(0xFF, 0x22): b"\xff\x22\x02", (0xFF, 0x18): b"\xff\x18\0\0\0\0", (0x9F, 0x16): b"\x9f\x16\x02\x02",
                 (0x9F, 0x07): b"\x9f\x06\x01\x42", (0x9F, 0x13): b"\x9f\x08\x03", (0x9F, 0x15): b"\x9f\x14\x01"}
        return fixed.get((port, code), b"")
