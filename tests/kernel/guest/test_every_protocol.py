"""Every protocol of the catalogue as the kernel runs it: type 20 passes the verifier of this kernel, is put on a receiver as `irbpf load`
does it, and a signal of it becomes the key. What is loaded was built outside (tests/kernel/every.py), as for a machine without a compiler.
"""

from __future__ import annotations

import time

import pytest
from evdev import ecodes

from irbpf.engines import kernel
from irbpf.errors import Error
from irbpf.receiver import Receiver
from tests.kernel import every
from tests.kernel.guest.conftest import Keys, keys_of, transmit, wait_for


def test_each_gives_its_key(loopback: Receiver, capsys: pytest.CaptureFixture[str]) -> None:
    wrong, loading, sending, instructions = [], 0.0, 0.0, []
    with keys_of(loopback) as keys:
        for one, bundle in every.read():
            begun = time.monotonic()
            try:
                kernel.apply(loopback, bundle)
                instructions += [len(program.instructions) // 8 for program in bundle.programs("lirc")]
                loading, begun = loading + time.monotonic() - begun, time.monotonic()
                transmit(loopback, one.signal)
                heard(keys, one)
            except (Error, AssertionError) as error:
                wrong.append(f"{one.name}: {error}")
            sending += time.monotonic() - begun
    with capsys.disabled():
        print(f"{len(instructions)} protocols loaded in {loading:.0f} s, of {max(instructions)} instructions at most; "
              f"their signals and keys took {sending:.0f} s")
    assert not wrong, "\n".join(wrong)
    assert len(instructions) > 200


def heard(keys: Keys, one: every.Case) -> None:
    """The scancode (where the kernel tells it: of at most 32 bits) and the key go down."""
    wanted = {("EV_KEY", ecodes.ecodes[one.key], 1)}
    if one.scancode < 1 << 32:
        wanted.add(("EV_MSC", ecodes.MSC_SCAN, one.scancode if one.scancode < 1 << 31 else one.scancode - (1 << 32)))
    seen: set[tuple[str, int, int]] = set()

    def came() -> bool:
        seen.update(keys.until_quiet(0.01))
        return wanted <= seen

    wait_for(f"{one.key} of {one.scancode:#x}", came)
