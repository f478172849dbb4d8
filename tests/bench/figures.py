"""What is measured, by section: each gives rows of figures. It prints nothing and asserts nothing on time."""

from __future__ import annotations

import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from irbpf import bpf, trace
from irbpf.compiler import compile_sources
from irbpf.engines.testrun import RESET, Batches
from irbpf.keymap import Entry, Raw
from irbpf.objects import Object
from irbpf.programs import AnyEntry, automaton_of, source_of
from irbpf.protocols import Tolerance, catalogue
from irbpf.pulses import Kind, Sample, from_durations
from irbpf.raw import Pattern
from tests.bench.machine import Machine
from tests.conftest import shared_folder

ROOT = Path(__file__).resolve().parent.parent.parent
TRACES = ROOT / "tests" / "traces"
FRAMES = {"nec": "nec-408", "rc5": "rc5-1e3b", "rc6_0": "rc6_0-1234", "sony12": "sony12-10015"}
PATTERNS = 1000
HOURS = 1.0  # of noise; tests/bench/run --hours
Row = dict[str, Any]


def raw_entry(count: int = PATTERNS) -> Raw:
    """`count` different signals of 40 pulses, as air conditioners send them."""
    rng = random.Random(count)
    patterns = tuple(Pattern(f"KEY_{index}", index + 1, (9000, 4500, *(rng.choice((560, 1690)) if at % 2 else 560 for at in range(78)), 560))
                     for index in range(count))
    return Raw(patterns, Tolerance())


def _subjects() -> Mapping[str, tuple[AnyEntry, Sequence[Sample]]]:
    """Each decoder that is measured with one press as a receiver hears it."""
    found: dict[str, tuple[AnyEntry, Sequence[Sample]]] = {
        name: (Entry(catalogue()[name], {}), trace.read(TRACES / f"{file}.trace").samples) for name, file in FRAMES.items()}
    raw = raw_entry()
    found[f"{PATTERNS} raw patterns"] = (raw, [*from_durations(raw.patterns[PATTERNS // 2].durations), Sample(Kind.TIMEOUT, 125_000)])
    return found


def compiled(host: str) -> Mapping[str, tuple[Object, Sequence[Sample]]]:
    subjects = _subjects()
    sources = [source_of(entry, automaton_of(entry), host) for entry, _ in subjects.values()]
    return {name: (made, samples) for (name, (_, samples)), made in zip(subjects.items(), compile_sources(sources), strict=True)}


def executed(program: Object, samples: Sequence[Sample]) -> list[int]:
    """How many instructions of a lirc program each sample takes."""
    machine, counts = Machine(program), []
    for sample in [*RESET, *samples]:
        before = machine.executed
        machine.run(sample.word.to_bytes(4, "little"))
        counts.append(machine.executed - before)
    assert any(name == "rc_keydown" for name, _ in machine.calls), f"{program.name} decoded nothing"
    return counts[len(RESET):]


def instructions() -> list[Row]:
    """Executed for each sample of one press, by the program that the kernel runs."""
    rows = []
    for name, (program, samples) in compiled("lirc").items():
        counts = executed(program, samples)
        rows.append({"decoder": name, "samples": len(counts), "mean": round(statistics.mean(counts), 1), "median": statistics.median(counts),
                     "p99": sorted(counts)[int(len(counts) * 0.99)], "most": max(counts), "target": 60 if name in FRAMES else 120})
    return rows


def speed() -> list[Row]:
    """ns a sample under the JIT, by the kernel's own clock around the program (`duration` of BPF_PROG_TEST_RUN)."""
    rows = []
    for name, (program, samples) in compiled("test_run").items():
        with bpf.load(program) as loaded:
            press = [*samples] * (390 // len(samples))
            took = []
            for _ in range(300):
                batches = Batches(loaded)
                batches.feed(press)
                took.append(batches.nanoseconds / batches.samples)
        rows.append({"decoder": name, "median ns": round(statistics.median(took), 1), "least ns": round(min(took), 1), "target": 15})
    return rows


def size() -> list[Row]:
    """Of the kernel's program: instructions, bytes of bytecode, and what the verifier took, beside that of all that a load does."""
    rows = []
    for name, (program, _) in compiled("test_run").items():
        took = []
        for _ in range(7):
            begun = time.perf_counter()
            with bpf.load(program):
                took.append(time.perf_counter() - begun)
        code = len(program.instructions)
        rows.append({"decoder": name, "instructions": code // 8, "bytes": code, "map bytes": sum(one.value_size * one.max_entries for one in program.maps),
                     "load and verify ms": round(1000 * statistics.median(took), 1)})
    return rows


def cpu_ms(command: Sequence[str], env: Mapping[str, str], times: int = 7) -> float:
    """The least CPU time of a command, in ms; it runs once before that."""
    took = []
    for _ in range(times + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, env=env, check=True, capture_output=True, cwd=ROOT)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))
    return round(min(took[1:]), 1)


# What `irbpf load rc0` does but for the device: the command's parser, which keymap fits, the objects from the cache, the verifier.
WARM = """
import sys
from irbpf import cli
cli.parser().parse_args(["load", "rc0"])
from irbpf import bpf, library, service
from irbpf.bundle import build
from irbpf.cache import Cache, default_folder
from irbpf.engines import kernel
from irbpf.keymap import load
from irbpf.receiver import Receiver
kind, name = sys.argv[1:]
fits = library.choose(Receiver("rc0", "a receiver", "a_driver", name))[0] if kind == "fits" else []
bundle, _ = build([one.keymap for one in fits] or [load(library.find(name))], Cache(default_folder()))
for one in bundle.objects:
    try:
        bpf.load(one).close()
    except bpf.Unsupported:
        pass
"""


def load() -> list[Row]:
    """CPU of a load with a warm cache, from process start, on this kernel: all but the receiver itself."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        env = {"IRBPF_CACHE_DIR": folder, "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": f"{folder}/compiled", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        bare = cpu_ms(["/usr/bin/python3", "-c", "pass"], env)
        for what, kind, name in (("sony-tv, by its name", "named", "sony-tv"), ("rc6-mce, by its name", "named", "rc6-mce"),
                                 ("what fits rc_map rc-hauppauge", "fits", "rc-hauppauge")):
            took = cpu_ms(["/usr/bin/python3", "-c", WARM, kind, name], env)
            rows.append({"keymap": what, "CPU ms": took, "of it Python's start": bare, "target": 150})
    return rows


def memory() -> list[Row]:
    """Resident memory of `irbpf watch` once it waits. After a load by udev nothing stays at all."""
    with subprocess.Popen(["/usr/bin/python3", "-m", "irbpf", "watch"], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            sizes = _settled(process)
        finally:
            process.terminate()
    return [{"process": "irbpf watch", "RSS MB": sizes, "target": 25}]


def _settled(process: subprocess.Popen[bytes]) -> float:
    """The resident size once the process sleeps in poll and grows no more."""
    last, same = 0.0, 0
    while same < 5 and process.poll() is None:
        time.sleep(0.2)
        status = Path(f"/proc/{process.pid}/status").read_text()
        now = int(status.split("VmRSS:")[1].split()[0]) / 1024
        same, last = (same + 1 if now == last else 0), now
    return round(last, 1)


def guest() -> list[Row]:
    """The same load in the test kernel, receiver and all, beside ir-keytable."""
    return _in_guest(["tests.bench.guest"])


def engines() -> list[Row]:
    """One press by each engine, beside Debian's lircd with lircd-uinput, on rc-loopback (all edges at once) and an emulated mceusb (report by
    report, in real time). There lircd reads few presses or none, so its figures there are of presses that it mostly did not read. The same
    presses sent as fast as USB takes them it reads all (20 of 20, in real time 0 of 20, however short the reports); why is not known."""
    from tests.support import lirc

    return _in_guest(["tests.bench.engines", "40"], {"IRBPF_TEST_LIRC_DIR": str(lirc.folder())} if lirc.there() else {})


def piped() -> list[Row]:
    """CPU and wake-ups of a press that comes edge by edge through a pipe, on this machine, beside Debian's lircd: at most half is the target."""
    from tests.bench.piped import rows

    return rows()


def field() -> list[Row]:
    """Renders (named, distorted, competing); captures by the protocol named: the kernel's by scancode, all others that have an IRP line
    by whether their parameters agree across the rows of one remote; and the misses with reasons."""
    from tests.bench.field import field as rows

    return rows()


def noise() -> list[Row]:
    """Events of 1 hour (`--hours`) of noise through every decoder: a third uniform (1 to 20 000 µs, 100 samples a second), a third
    exponential (800 µs in the mean, 1250 a second), a third like a fluorescent lamp (bursts of 1 to 12 short pulses 100 times a
    second, 1300 a second); and what all protocols make of the captures without a truth."""
    from tests.bench.noise import noise as rows

    return rows(HOURS)


def cost() -> list[Row]:
    """Of each protocol's program: instructions a sample of one press with two repeats, size, and the time to load and verify it: totals
    and the worst ten."""
    from tests.bench.cost import cost as rows, merged

    return [*merged(), *rows()]


def identifying() -> list[Row]:
    """One signal against the whole catalogue, and the command from its start."""
    from tests.bench.identify import rows

    return rows()


def _in_guest(module: Sequence[str], env: Mapping[str, str] | None = None) -> list[Row]:
    """The rows that a module prints in the test kernel."""
    from tests.kernel import vm

    if vm.kernel_folder() is None:
        return [{"test kernel": "not built (tests/kernel/build)"}]
    import json

    done = vm.run(["/usr/bin/python3", "-m", *module], 550, env)
    line = next((line for line in done.output.splitlines() if line.startswith("[")), None)
    return json.loads(line) if line else [{"test kernel": done.output[-500:]}]


SECTIONS: Mapping[str, Callable[[], list[Row]]] = {"instructions": instructions, "speed": speed, "size": size, "load": load, "memory": memory,
                                                   "guest": guest, "engines": engines,
                                                   "piped": piped, "field": field, "noise": noise, "cost": cost, "identify": identifying}


def available(name: str) -> str:
    """Why a section cannot run here, or nothing."""
    if name == "field" and not shared_folder().is_dir():
        return "needs the shared data beside the checkout (IRBPF_SHARED)"
    return "needs root" if name in ("speed", "size", "instructions", "load", "piped", "cost") and os.geteuid() != 0 else ""


if __name__ == "__main__":
    sys.exit("run tests/bench/run")
