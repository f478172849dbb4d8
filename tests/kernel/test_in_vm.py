"""The guest's tests, run inside the test kernel by one boot for each file; what fails there fails here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.kernel import vm

FILES = sorted((Path(__file__).parent / "guest").glob("test_*.py"))


@pytest.mark.kernel
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_in_the_test_kernel(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = vm.run(["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", str(path.relative_to(vm.ROOT))], timeout=1200)
    summary = re.findall(r"^.*\d+ (?:passed|failed|error).*$", done.output, re.MULTILINE)
    with capsys.disabled():
        print(f"\n{path.stem} in the test kernel: {summary[-1] if summary else 'no summary'}")
    assert done.status is not None, f"the guest never finished\n{done.output[-8000:]}\n{done.console[-4000:]}"
    assert done.status == 0, f"{done.output[-12000:]}\n{done.console[-2000:]}"
    assert re.search(r"\d+ passed", done.output), done.output[-4000:]
