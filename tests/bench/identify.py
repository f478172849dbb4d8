"""How long it takes to say what a signal is: the whole catalogue against the traces of the tests, and the command from its start."""

from __future__ import annotations

import statistics
import tempfile
import time
from typing import Any

from irbpf import trace
from irbpf.identify import identify
from irbpf.replay import Player, of_catalogue
from irbpf.signals import split
from tests.bench.figures import TRACES, cpu_ms


def rows() -> list[dict[str, Any]]:
    """CPU of one signal, once the catalogue is there; and of the command with warm caches."""
    signals = {f"{path.stem} {number}": one.samples for path in sorted(TRACES.glob("*.trace"))
               for number, one in enumerate(split(trace.read(path).samples), 1)}
    with Player(of_catalogue(), "python") as player:
        for samples in signals.values():  # brings the automata that any of them needs
            identify(samples, player)
        took: dict[str, float] = {}
        for name, samples in signals.items():
            before = time.process_time()
            identify(samples, player)
            took[name] = 1000 * (time.process_time() - before)
    worst = max(took, key=lambda name: took[name])
    return [{"signals": len(took), "CPU ms of one": round(statistics.median(took.values()), 1), "at most": f"{took[worst]:.1f} ({worst})", "target": 100},
            {"command": "irbpf identify nec-408.trace", "CPU ms": _command("nec-408"), "target": 400}]


def _command(name: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        env = {"IRBPF_CACHE_DIR": folder, "PYTHONPYCACHEPREFIX": f"{folder}/compiled", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        return cpu_ms(["/usr/bin/python3", "-m", "irbpf", "identify", str(TRACES / f"{name}.trace")], env)
