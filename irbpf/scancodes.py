"""The scancode table of a receiver: EVIOCGKEYCODE_V2 and EVIOCSKEYCODE_V2, which python-evdev does not have. Keycodes are numbers."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from collections.abc import Mapping

from irbpf.errors import Error, Gone

GET, SET = 0x80284504, 0x40284504  # _IOR/_IOW('E', 0x04, struct input_keymap_entry), of 40 bytes
_ENTRY = struct.Struct("=BBHI32s")  # flags, length, index, keycode, scancode
BY_INDEX = 1
RESERVED = 0
MOST = 512  # rc/rc-main.c, IR_TAB_MAX_SIZE / sizeof(struct rc_map_table)


def read_table(fd: int) -> dict[int, int]:
    """scancode -> keycode of the input device `fd`."""
    table = {}
    for index in range(MOST + 1):
        try:
            answer = fcntl.ioctl(fd, GET, _ENTRY.pack(BY_INDEX, 8, index, 0, bytes(32)))
        except OSError as error:
            if error.errno == errno.EINVAL:
                break
            raise _explain(error, "read") from error
        _, length, _, keycode, scancode = _ENTRY.unpack(answer)
        table[int.from_bytes(scancode[:length], "little")] = keycode
    return table


def write_table(fd: int, table: Mapping[int, int]) -> None:
    """Make the device's table equal to `table`: other scancodes are taken out of it."""
    if len(table) > MOST:
        raise Error(f"{len(table)} keys", f"the kernel's table has room for {MOST}")
    present = read_table(fd)
    for scancode in present.keys() - table.keys():
        _set(fd, scancode, RESERVED)
    for scancode, keycode in table.items():
        if present.get(scancode) != keycode:
            _set(fd, scancode, keycode)


def _set(fd: int, scancode: int, keycode: int) -> None:
    try:
        fcntl.ioctl(fd, SET, _ENTRY.pack(0, 8, 0, keycode, scancode.to_bytes(8, "little") + bytes(24)))
    except OSError as error:
        raise _explain(error, f"write {scancode:#x} to") from error


def _explain(error: OSError, doing: str) -> Error:
    if error.errno == errno.ENODEV:
        return Gone("the receiver is gone")
    return Error(f"cannot {doing} the scancode table: {os.strerror(error.errno or 0)}")
