"""Records what encoders that nobody here wrote send over rc-loopback of the test kernel, as the files of tests/traces.

Not a test, and nothing of it is needed to run the tests: `python3 -m tests.kernel.record_traces` makes the files anew. IRSIMSEND and
IRPTRANSMOGRIFIER are the commands of those two (LIRC 0.10.1; IrpTransmogrifier 1.2.13); without one, its traces stay as they are.
ir-ctl runs in the test kernel. What is to be sent is in tests/kernel/recordings.py.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from irbpf import lirc, trace
from irbpf.pulses import Kind, Sample, parse_samples
from tests.kernel.recordings import IRP, IR_CTL, LIRC, Recording

TRACES = Path(__file__).resolve().parent.parent / "traces"
WHEN = "2026-11-24"
LONGEST_WRITE_US = 490_000  # the kernel refuses a signal of 500 ms
QUIET_US = 125_000


# -- on the host: the encoders that are no part of the test kernel's system ---------------------------------------------


def irsimsend(command: str, one: Recording) -> list[int]:
    """LIRC's encoder on one key of tests/traces/lircd.conf."""
    text = (TRACES / "lircd.conf").read_text()
    remote = next(part for part in text.split("begin remote")[1:] if re.search(rf"name {one.arguments[0]}$", part, re.MULTILINE))
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "one.conf").write_text("begin remote" + remote)
        subprocess.run([*shlex.split(command), "-k", one.arguments[1], "-c", str(one.frames), "one.conf"], cwd=folder, check=True,
                       capture_output=True)
        return [sample.duration for sample in parse_samples(Path(folder, "simsend.out").read_text(), "simsend.out")]


def irptransmogrifier(command: str, one: Recording) -> list[int]:
    name, parameters = one.arguments
    done = subprocess.run([*shlex.split(command), "render", "-r", "-#", str(one.frames), "-n", parameters, name], check=True,
                          capture_output=True, text=True)
    return [int(word) for word in re.findall(r"[+-](\d+)", done.stdout)]


def encoded() -> Iterator[tuple[Recording, str, list[int]]]:
    for wanted, variable, encode, words in ((LIRC, "IRSIMSEND", irsimsend, "LIRC 0.10.1, irsimsend -c {0.frames} -k {0.arguments[1]} "
                                             "lircd.conf (remote {0.arguments[0]})"),
                                            (IRP, "IRPTRANSMOGRIFIER", irptransmogrifier, "IrpTransmogrifier 1.2.13, render -# {0.frames} "
                                             "-n {0.arguments[1]} {0.arguments[0]}")):
        command = os.environ.get(variable)
        for one in wanted if command else ():
            assert command
            yield one, words.format(one), encode(command, one)


# -- in the test kernel -----------------------------------------------------------------------------------------------


class Listener(threading.Thread):
    """Hears all until a timeout with nothing after it."""

    def __init__(self, fd: int, parts: int) -> None:
        super().__init__()
        self.fd, self.parts = fd, parts
        self.got: list[Sample] = []

    def run(self) -> None:
        for sample in lirc.samples(self.fd, 4):
            if self.got or sample.kind == Kind.PULSE:
                self.got.append(sample)
            if sum(one.kind == Kind.TIMEOUT for one in self.got) == self.parts:
                return


def pieces(durations: Sequence[int]) -> Iterator[list[int]]:
    """What one write can send: an odd number of durations, shorter than the kernel's longest."""
    piece: list[int] = []
    for pulse, space in zip(durations[::2], [*durations[1::2], 0] if len(durations) % 2 else durations[1::2], strict=True):
        piece += [pulse, space]
        if sum(piece) > LONGEST_WRITE_US - QUIET_US and space > 20_000:
            yield piece[:-1]
            piece = []
    if piece:
        yield piece[:-1]


def toml(keymap: str) -> str:
    """A keymap of tests/traces/keymaps in the form that ir-ctl reads; the parameters have the same names."""
    (entry,) = yaml.safe_load((TRACES / "keymaps" / keymap).read_text())["protocols"]
    keys, name = entry.pop("keys"), entry.pop("protocol")
    lines = ["[[protocols]]", f"name = '{name}'", f"protocol = '{name}'", *(f"{key} = {value}" for key, value in entry.items())]
    return "\n".join([*lines, "[protocols.scancodes]", *(f"{code:#x} = '{key}'" for code, key in keys.items())]) + "\n"


def ir_ctl(path: str, one: Recording) -> tuple[list[str], str]:
    """The command that sends a recording, and how it is told."""
    arguments = list(one.arguments) * one.frames
    if one.keymap is None:
        return ["/usr/bin/ir-ctl", "-d", path, *arguments], shlex.join(["ir-ctl", *arguments])
    made = Path("/tmp", one.keymap).with_suffix(".toml")
    made.write_text(toml(one.keymap))
    return (["/usr/bin/ir-ctl", "-d", path, "-c", "38000", "-k", str(made), *arguments],
            shlex.join(["ir-ctl", "-c", "38000", "-k", f"keymaps/{made.name}", *arguments]))


def guest() -> None:
    from tests.kernel.guest.conftest import JOB, plug

    version = subprocess.run(["/usr/bin/ir-ctl", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    path = str(plug().lirc)
    out = Path(JOB) / "traces"
    out.mkdir()
    for one in IR_CTL:
        command, told = ir_ctl(path, one)
        keep(out, path, one, f"{version}, {told}", [command])
    for row in json.loads(Path(os.environ["SIGNALS"]).read_text()):
        one = Recording(**row["recording"])
        keep(out, path, one, row["told"], [list(piece) for piece in pieces(row["durations"])])


def keep(out: Path, path: str, one: Recording, told: str, parts: Sequence[Sequence[str | int]]) -> None:
    """Send the parts, a command or durations each, and write down what is heard."""
    with lirc.opened(path) as fd:
        lirc.set_timeout(fd, QUIET_US if one.timeout is None else one.timeout)
        listener = Listener(fd, one.frames if isinstance(parts[0][0], str) else len(parts))
        listener.start()
        for part in parts:
            if isinstance(part[0], str):
                subprocess.run([str(word) for word in part], check=True)
            else:
                lirc.send(fd, [int(duration) for duration in part])
        listener.join()
        heard = f"{WHEN} from /dev/lirc0 of rc-loopback, Linux {os.uname().release}, timeout {lirc.timeout(fd)} µs"
    provenance = {"sent by": told, "recorded": heard, **({"keymap": f"keymaps/{one.keymap}"} if one.keymap else {})}
    trace.write(out / f"{one.name}.trace", listener.got, [trace.parse_press(text) for text in one.expect], provenance)
    print(one.name, len(listener.got), flush=True)


def main() -> None:
    from tests.kernel import vm

    signals = Path.home() / ".cache/irbpf/signals.json"
    rows = [{"recording": vars(one), "told": told, "durations": durations} for one, told, durations in encoded()]
    signals.write_text(json.dumps(rows))
    done = vm.run(["/usr/bin/python3", "-m", "tests.kernel.record_traces", "guest"], 500, {"SIGNALS": str(signals)})
    print(done.output)
    for path in sorted((done.folder / "traces").glob("*.trace")):
        (TRACES / path.name).write_text(path.read_text())
    sys.exit(done.status)


if __name__ == "__main__":
    guest() if sys.argv[1:] == ["guest"] else main()
