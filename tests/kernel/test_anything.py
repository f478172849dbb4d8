"""Every protocol at once in the kernel (`protocol: any`): what the programs of the pools say is what the automata say in Python."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress

import pytest

from irbpf import automata, everything, together
from irbpf.arbitration import Arbiter
from irbpf.cache import Cache
from irbpf.errors import Error
from irbpf.irp.automaton import Automaton
from irbpf.irp.interpreter import Interpreter
from irbpf.irp.render import press
from irbpf.protocols import Protocol
from irbpf.pulses import Kind, Sample, from_durations
from tests.kernel import vm

LONGEST_SENT_US = 490_000  # the kernel refuses to send half a second at once
MOST_SENT = 300  # the kernel keeps 512 until a decoder has taken them


def silence() -> Sample:
    """What rc-loopback says after a signal: its timeout, which is set to what the protocols need."""
    return Sample(Kind.TIMEOUT, everything.limits()[0])


def signals() -> list[tuple[str, list[int]]]:
    """A press of every protocol, with a repeat where that is not too long to be sent at once; without the gap after it."""
    kept, end, found = automata.of_catalogue(), silence(), []
    for protocol in together.protocols():
        rng = random.Random(protocol.name)
        for _ in range(200):
            params = {one.name: rng.randint(one.least, one.most) for one in protocol.irp.parameters}
            durations = _sent(protocol, params)
            if durations and list(Interpreter(kept.automaton(protocol.name)).feed([*from_durations(durations), end])):
                found.append((protocol.name, durations))
                break
    return found


def _sent(protocol: Protocol, params: dict[str, int]) -> list[int]:
    for repeats in (1, 0):
        with suppress(Error):
            durations = press(protocol.irp, params, repeats)
            durations = list(durations[:len(durations) - (len(durations) + 1) % 2])
            if sum(durations) < LONGEST_SENT_US and len(durations) < MOST_SENT:
                return durations
    return []


def said(machines: Sequence[Automaton], sent: Sequence[tuple[str, list[int]]]) -> list[list[tuple[int, int]]]:
    """(number of the protocol, scancode) of every report that is heard, signal by signal."""
    running, arbiter, numbers = [Interpreter(one) for one in machines], Arbiter[object](), together.numbers()
    place, found, last, end = 0, [], (0, 0), silence()
    for _, durations in sent:
        heard = []
        for sample in [*from_durations(durations), end]:
            for which, machine in enumerate(running):
                decoded = machine.step(sample)
                if decoded is not None and arbiter.take(place, [(which, machine.spent, decoded, decoded.repeat)]):
                    if machine.reported != "repeat":
                        last = numbers[decoded.protocol], decoded.scancode
                    heard.append(last)  # rc_repeat() repeats what was heard last
            place += 1
        found.append(heard)
    return found


@pytest.mark.kernel
def test_every_protocol_at_once(figures: Callable[[str], None]) -> None:
    folder = vm.kernel_folder()
    assert folder is not None
    place = folder.parent / "objects"
    machines, sent = together.unions(), signals()
    everything.everything("lirc", Cache(place))
    job = [{"name": name, "sent": durations, "heard": heard} for (name, durations), heard in zip(sent, said(machines, sent), strict=True)]
    (place / "anything.json").write_text(json.dumps(job))
    done = vm.run(["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/kernel/guest/anything.py"], timeout=900,
                  env={"IRBPF_CACHE_DIR": str(place), "IRBPF_TEST_JOB": str(place / "anything.json")})
    assert done.status == 0, f"{done.output[-8000:]}\n{done.console[-2000:]}"
    assert re.search(r"\d+ passed", done.output), done.output[-4000:]
    silent = [one["name"] for one in job if not one["heard"]]
    figures(f"any protocol: {len(machines)} automata for {len(together.protocols())} protocols, {len(job)} presses, silent: {silent}")
    assert len(together.protocols()) - len(job) <= 4 and not silent  # air conditioners send more at once than the test kernel keeps
    shutil.rmtree(done.folder)
