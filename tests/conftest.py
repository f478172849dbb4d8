"""What the tests need, and when it may be missing: gates with three values, and the shared data."""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile("untimed", deadline=None)  # how long an example takes is the machine's affair
hypothesis.settings.load_profile("untimed")
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

GATES = {
    "native": ("IRBPF_TEST_NATIVE", "a C compiler (gcc)", lambda: shutil.which("gcc") is not None),
    "bpf": ("IRBPF_TEST_BPF", "root and python3-bpfcc", lambda: os.geteuid() == 0 and Path("/usr/lib/python3/dist-packages/bcc").is_dir()),
    "kernel": ("IRBPF_TEST_KERNEL", "the test kernel (tests/kernel/build)", lambda: _kernel_there()),
    "lirc": ("IRBPF_TEST_LIRC", "Debian's LIRC, unpacked (tests/run, or python3 -m tests.support.lirc)", lambda: _lirc_there()),
    "ruff": ("IRBPF_TEST_RUFF", "ruff (tests/run puts it into the cache)", lambda: ruff() is not None),
    "shared": ("IRBPF_TEST_SHARED", "the shared data beside the checkout", lambda: shared_folder().is_dir()),
}


def shared_folder() -> Path:
    return Path(os.environ.get("IRBPF_SHARED", ROOT.parent / "shared"))


def cache_folder() -> Path:
    """Where tests/run keeps what it builds and fetches."""
    return Path(os.environ.get("IRBPF_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "irbpf")


def ruff() -> str | None:
    """Debian 12 has no package of it."""
    return shutil.which("ruff", path=str(cache_folder() / "tools" / "bin"))


def _kernel_there() -> bool:
    from tests.kernel import vm

    return vm.kernel_folder() is not None


def _lirc_there() -> bool:
    from tests.support import lirc

    return lirc.there()


def pytest_configure(config: pytest.Config) -> None:
    for name, (variable, needs, _) in GATES.items():
        config.addinivalue_line("markers", f"{name}: needs {needs}; {variable}=1 insists, {variable}=0 never runs it")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A gate: unset runs what can run and says why not; 1 makes a missing prerequisite a failure; 0 never runs it."""
    for name in GATES:
        if item.get_closest_marker(name) is not None and (why := closed(name)) is not None:
            pytest.skip(why)


def closed(name: str) -> str | None:
    """Why what needs this gate cannot run; None if it can. Fails the test where it has to."""
    variable, needs, there = GATES[name]
    wanted = os.environ.get(variable, "")
    if wanted == "0":
        return f"{variable}=0"
    if there():
        return None
    if wanted == "1":
        pytest.fail(f"{variable}=1, but {needs} is missing")
    return f"needs {needs}; {variable}=1 makes this a failure"


@pytest.fixture()
def shared() -> Path:
    """The folder of captures and protocol data that nobody here wrote."""
    folder = shared_folder()
    if not folder.is_dir():
        if os.environ.get("IRBPF_TEST_SHARED") == "1":
            pytest.fail("IRBPF_TEST_SHARED=1, but the shared data is missing")
        pytest.skip(f"no shared data at {folder.name}/ beside the checkout (IRBPF_SHARED names another place)")
    return folder


@pytest.fixture()
def figures(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """What a test has measured, for the end of the run: lines of text."""
    return lambda text: record_property("figures", text)


@pytest.fixture()
def tally(record_property: Callable[[str, object], None]) -> Callable[[str, int], None]:
    """What a test has counted: numbers of one name are added up over all tests, for the end of the run."""
    return lambda what, count: record_property("tally", [what, count])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    properties = [one for reports in terminalreporter.stats.values() for report in reports
                  if getattr(report, "when", "") == "call" for one in report.user_properties]
    measured = [str(text) for name, text in properties if name == "figures"]
    sums: Counter[str] = Counter()
    for what, count in (value for name, value in properties if name == "tally"):
        sums[what] += count
    measured += [f"{what}: {count}" for what, count in sums.items()]
    if measured:
        terminalreporter.section("figures")
        terminalreporter.line("\n".join(measured))


# What runs inside the test kernel is collected there only.
collect_ignore = [] if os.environ.get("IRBPF_IN_VM") else ["kernel/guest", "kernel/systemd"]
