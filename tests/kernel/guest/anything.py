"""Run by tests/kernel/test_anything.py: `protocol: any` on a receiver, a press of every protocol, and what the kernel heard."""

from __future__ import annotations

import fcntl
import json
import os
import select
import struct
from pathlib import Path

import pytest

from irbpf import bpf, lirc
from irbpf.cli import main
from irbpf.engines import kernel
from irbpf.receiver import Receiver
from tests.kernel.guest.conftest import transmit

LIRC_SET_REC_MODE, LIRC_MODE_SCANCODE = 0x40046912, 0x8
SCANCODE = struct.Struct("=QHHIQ")  # struct lirc_scancode


def heard(fd: int) -> list[list[int]]:
    """(protocol, scancode) of what was decoded, until nothing more comes."""
    found = []
    while select.select([fd], [], [], 0.1)[0]:
        data = os.read(fd, SCANCODE.size * 64)
        found += [[protocol, scancode] for _, _, protocol, _, scancode in SCANCODE.iter_unpack(data)]
    return found


def test_a_press_of_every_protocol(loopback: Receiver) -> None:
    assert main(["load", loopback.rc, "any"]) == 0
    assert loopback.lirc
    job = json.loads(Path(os.environ["IRBPF_TEST_JOB"]).read_text())
    fd = os.open(loopback.lirc, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.ioctl(fd, LIRC_SET_REC_MODE, struct.pack("=I", LIRC_MODE_SCANCODE))
    wrong = []
    for one in job:
        transmit(loopback, one["sent"])
        found = heard(fd)
        if found != one["heard"]:
            wrong.append((one["name"], one["heard"], found))
    os.close(fd)
    assert not wrong, "\n".join(map(str, wrong))


def test_few_programs_are_attached_and_all_goes_again(loopback: Receiver, capsys: pytest.CaptureFixture[str]) -> None:
    assert loopback.lirc and main(["load", loopback.rc, "any"]) == 0
    with lirc.opened(loopback.lirc) as fd:
        assert 1 <= len(bpf.attached(fd)) <= 4
    capsys.readouterr()
    assert main(["status", "--json"]) == 0 and "not attached" not in capsys.readouterr().out
    assert main(["load", loopback.rc, "any"]) == 0  # a reload
    assert main(["unload", loopback.rc]) == 0
    with lirc.opened(loopback.lirc) as fd:
        assert bpf.attached(fd) == []
    assert not list(kernel.PINS.glob("*"))
