"""udev/install under a DESTDIR: what it puts where, that it can be run again, that it takes everything away, and that it is all or nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT


def install(root: Path | None, *arguments: str, top: Path = ROOT, code: int = 0, **env: str) -> str:
    environment = {**os.environ, **env, **({"DESTDIR": str(root)} if root is not None else {})}
    done = subprocess.run([top / "udev" / "install", *arguments], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def tree(root: Path) -> dict[str, tuple[int, bytes]]:
    """Files by path: mode and contents. Bytecode names the time of its source, so only that it is there counts."""
    return {str(path.relative_to(root)): (path.stat().st_mode & 0o777, b"" if path.suffix == ".pyc" else path.read_bytes())
            for path in sorted(root.rglob("*")) if path.is_file()}


def test_what_it_puts(tmp_path: Path) -> None:
    said = install(tmp_path)
    files = tree(tmp_path)
    assert {str(path.relative_to(ROOT)) for path in ROOT.glob("irbpf/**/*.py")} == {
        name.removeprefix("usr/lib/irbpf/") for name in files if name.startswith("usr/lib/irbpf/") and name.endswith(".py")}
    for source, target in (("bpf/host/decoder.h", "share/irbpf/bpf/host/decoder.h"), ("keymaps/hauppauge.yaml", "share/irbpf/keymaps/hauppauge.yaml"),
                           ("udev/90-irbpf.rules", "lib/udev/rules.d/90-irbpf.rules"),
                           ("udev/irbpf@.service", "lib/systemd/system/irbpf@.service"), ("LICENSE", "share/doc/irbpf/copyright")):
        assert files[f"usr/{target}"] == (0o644, (ROOT / source).read_bytes())
    assert files["usr/bin/irbpf"][0] == 0o755
    assert "usr/share/man/man1/irbpf.1" in files and "usr/share/bash-completion/completions/irbpf" in files
    assert {mode for mode, _ in files.values()} == {0o644, 0o755}
    assert not any(line.startswith(("/etc", "/var", "/run")) for line in said.split())
    assert str(tmp_path) not in "".join(content.decode(errors="replace") for _, content in files.values())


def test_again_and_away(tmp_path: Path) -> None:
    install(tmp_path)
    first = tree(tmp_path)
    (tmp_path / "usr/lib/irbpf/irbpf/old.py").write_text("a module that a newer version does not have\n")
    install(tmp_path)
    assert tree(tmp_path) == first
    (tmp_path / "etc/irbpf").mkdir(parents=True)
    said = install(tmp_path, "--uninstall")
    assert f"{tmp_path}/usr/bin/irbpf" in said
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")] == ["etc", "etc/irbpf"]
    assert "nothing was there" in install(tmp_path, "--uninstall")


def test_a_root_that_is_said_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    install(Path("here/it"))
    assert (tmp_path / "here/it/usr/bin/irbpf").exists()
    install(Path("here/it"), "--uninstall")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_without_apt_the_packages_can_be_skipped(tmp_path: Path) -> None:
    """As the hint says."""
    (tmp_path / "dpkg-query").write_text("#!/bin/sh\n")
    (tmp_path / "dpkg-query").chmod(0o755)
    for tool in ("bash", "dirname", "grep", "id"):
        (tmp_path / tool).symlink_to(str(shutil.which(tool)))
    assert "there is no apt-get" in install(None, "--dry-run", code=1, PATH=str(tmp_path))
    assert "would put: /usr/bin/irbpf" in install(Path("/"), "--dry-run", PATH=str(tmp_path))


def test_files_of_others_stay(tmp_path: Path) -> None:
    other = tmp_path / "usr/lib/udev/rules.d/70-other.rules"
    other.parent.mkdir(parents=True)
    other.write_text("# not ours\n")
    install(tmp_path)
    install(tmp_path, "--uninstall")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [other]


@pytest.mark.parametrize("verb", [[], ["--uninstall"]])
def test_a_dry_run_changes_nothing(tmp_path: Path, verb: list[str]) -> None:
    if verb:
        install(tmp_path)
    before = tree(tmp_path)
    said = install(tmp_path, "--dry-run", *verb)
    assert all(line.startswith("would ") for line in said.splitlines())
    assert f"{tmp_path}/usr/lib/udev/rules.d/90-irbpf.rules" in said and f"{tmp_path}/usr/bin/irbpf" in said
    assert tree(tmp_path) == before


@pytest.fixture()
def broken(tmp_path: Path) -> Path:
    """A checkout of which one module is damaged."""
    top = tmp_path / "checkout"
    for folder in ("irbpf", "bpf", "keymaps", "udev"):
        shutil.copytree(ROOT / folder, top / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "README.md", top)
    shutil.copy(ROOT / "LICENSE", top)
    (top / "irbpf" / "cli.py").write_text("this is no Python")
    return top


@pytest.mark.parametrize("present", [False, True], ids=["fresh", "over another"])
def test_half_an_installation_is_none(tmp_path: Path, broken: Path, present: bool) -> None:
    root = tmp_path / "root"
    root.mkdir()
    if present:
        install(root)
    before = tree(root)
    install(root, top=broken, code=1)
    assert tree(root) == before


def test_a_step_that_fails_late_is_taken_back(tmp_path: Path) -> None:
    """The last target cannot be put in place: those before it go back too."""
    install(tmp_path)
    before = tree(tmp_path)
    tools = tmp_path.parent / "tools"
    tools.mkdir()
    (tools / "mv").write_text('#!/bin/sh\ncase "$2" in */usr/lib/udev/rules.d/90-irbpf.rules) exit 1 ;; esac\nexec /bin/mv "$@"\n')
    (tools / "mv").chmod(0o755)
    install(tmp_path, code=1, PATH=f"{tools}:{os.environ['PATH']}")
    assert tree(tmp_path) == before


def test_wrong_usage(tmp_path: Path) -> None:
    assert "--dry-run" in install(tmp_path, "--nonsense", code=2)
    assert "DESTDIR" in install(None, "--help")


def test_the_list_of_packages_is_explained() -> None:
    """README says what each is for, and the list is the only one."""
    names = [line.split()[0] for line in (ROOT / "udev/packages").read_text().splitlines() if line and not line.startswith("#")]
    section = (ROOT / "README.md").read_text().partition("## Packages")[2].partition("\n## ")[0]
    assert not [name for name in names if name not in section]
    assert "udev/packages" in (ROOT / "tests/run").read_text()
