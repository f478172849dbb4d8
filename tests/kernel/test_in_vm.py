"""The guest's tests, run inside the test kernel by one boot for each file; what fails there fails here. Those in systemd/ have systemd as
process 1. Those named test_stock_* have the kernel without BPF_LIRC_MODE2, and those in BOTH have that one too: there the userspace
engine makes the keys. IRBPF_TEST_LONG=1 gives storms their full length; else each is cut to about a minute.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kernel import every, sameness, vm

LONG = os.environ.get("IRBPF_TEST_LONG", "")
HERE = Path(__file__).parent
FILES = sorted([*(HERE / "guest").glob("test_*.py"), *(HERE / "systemd").glob("test_*.py")])
BOTH = ("test_usb", "test_hardware", "test_storms", "test_faults")
RUNS = [(path, image) for path in FILES for image in ("linux", "linux-stock")
        if path.stem in BOTH or (image == "linux-stock") == path.stem.startswith("test_stock_")]


PREPARE = {"test_every_protocol": every.prepare, "test_sameness_catalogue": sameness.prepare}  # outside, where compiling is quick


@pytest.mark.kernel
@pytest.mark.parametrize(("path", "image"), RUNS, ids=[f"{path.stem}-{image}" for path, image in RUNS])
def test_in_the_test_kernel(path: Path, image: str, figures: Callable[[str], None]) -> None:
    if (prepare := PREPARE.get(path.stem)) is not None:
        prepare()
    done = vm.run(["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", str(path.relative_to(vm.ROOT))],
                  timeout=7200 if LONG == "1" else 1200, env={"IRBPF_TEST_LONG": LONG}, image=image, systemd=path.parent.name == "systemd")
    summary = re.findall(r"^.*\d+ (?:passed|failed|error).*$", done.output, re.MULTILINE)
    figures(f"{path.stem} in {image}: {summary[-1] if summary else 'no summary'}")
    assert done.status is not None, f"the guest never finished\n{done.output[-8000:]}\n{done.console[-4000:]}"
    assert done.status == 0, f"{done.output[-12000:]}\n{done.console[-2000:]}"
    assert re.search(r"\d+ passed", done.output), done.output[-4000:]
    shutil.rmtree(done.folder)
