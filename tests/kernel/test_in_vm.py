"""The guest's tests, run inside the test kernel by one boot for each file; what fails there fails here. Those in systemd/ have systemd as
process 1; those named test_stock_* have the kernel without BPF_LIRC_MODE2.

IRBPF_TEST_LONG=1 gives storms their full length; else each is cut to about a minute.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.kernel import vm

LONG = os.environ.get("IRBPF_TEST_LONG", "")
HERE = Path(__file__).parent
FILES = sorted([*(HERE / "guest").glob("test_*.py"), *(HERE / "systemd").glob("test_*.py")])


@pytest.mark.kernel
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_in_the_test_kernel(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = vm.run(["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", str(path.relative_to(vm.ROOT))],
                  timeout=7200 if LONG == "1" else 1200, env={"IRBPF_TEST_LONG": LONG},
                  image="linux-stock" if path.stem.startswith("test_stock_") else "linux", systemd=path.parent.name == "systemd")
    summary = re.findall(r"^.*\d+ (?:passed|failed|error).*$", done.output, re.MULTILINE)
    with capsys.disabled():
        print(f"\n{path.stem} in the test kernel: {summary[-1] if summary else 'no summary'}")
    assert done.status is not None, f"the guest never finished\n{done.output[-8000:]}\n{done.console[-4000:]}"
    assert done.status == 0, f"{done.output[-12000:]}\n{done.console[-2000:]}"
    assert re.search(r"\d+ passed", done.output), done.output[-4000:]
    shutil.rmtree(done.folder)
