"""Man pages and completions: made from the command's own tables, and run by the shells that they are for."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from irbpf.cli import main, parser
from irbpf.pages.command import command_of
from irbpf.record import FIELDS, imported, provenance
from irbpf.receiver import Receiver
from tests.conftest import ROOT

BASH, ZSH, FISH = "bash-completion/completions/irbpf", "zsh/vendor-completions/_irbpf", "fish/vendor_completions.d/irbpf.fish"
MAN = ("man/man1/irbpf.1", "man/man5/irbpf-keymap.5", "man/man5/irbpf-trace.5")
ENV = {**os.environ, "IRBPF_DATA": str(ROOT), "IRBPF_ETC": "/nonexistent", "TERM": "dumb", "LC_ALL": "C.UTF-8"}


def test_the_example_of_a_trace_is_one() -> None:
    from irbpf.pages.trace_page import EXAMPLE
    from irbpf.trace import parse

    assert parse(EXAMPLE.strip("\n"), "page", "page").provenance.keys() <= FIELDS.keys()


def test_the_example_of_a_keymap_is_one() -> None:
    from irbpf import keymap
    from irbpf.pages.keymap_page import EXAMPLE

    assert len(keymap.parse(EXAMPLE, "page").keys) == 3


@pytest.fixture(scope="module")
def share(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("share")
    assert main(["pages", str(folder)]) == 0
    return folder


def needs(tool: str) -> str:
    found = shutil.which(tool)
    if found is None:
        pytest.skip(f"{tool} is not installed")
    return found


def test_every_page_is_there(share: Path) -> None:
    assert sorted(str(path.relative_to(share)) for path in share.rglob("*") if path.is_file()) == sorted([*MAN, BASH, ZSH, FISH])


@pytest.mark.parametrize("page", MAN)
def test_man_pages_are_right(share: Path, page: str) -> None:
    done = subprocess.run([needs("man"), "-l", "--warnings", share / page], capture_output=True, text=True, check=True, env={**ENV, "MANWIDTH": "80"})
    assert done.stderr == ""
    assert "SEE ALSO" in done.stdout
    lint = subprocess.run([needs("mandoc"), "-Tlint", share / page], capture_output=True, text=True, check=False)
    assert not [line for line in lint.stdout.splitlines() if " STYLE: " not in line]


def test_the_manual_tells_all_of_the_command(share: Path) -> None:
    text = (share / MAN[0]).read_text().replace("\\-", "-")
    for verb in command_of(parser()).verbs:
        assert f".SS irbpf {verb.name}" in text
        assert all(flag in text for option in verb.options for flag in option.flags)
    used = {name for path in (ROOT / "irbpf").rglob("*.py") for name in re.findall(r"environ[^\n]*?\"(IRBPF_[A-Z_]+)\"", path.read_text())}
    assert used
    assert all(name in text for name in used)


def test_the_pages_of_files_tell_all_fields(share: Path) -> None:
    from irbpf.entries import DECODER_FIELDS, RAW_FIELDS, TABLE_FIELDS
    from irbpf.keymap import MATCH_FIELDS, TOP_FIELDS
    from irbpf.ownprotocols import FIELDS as OWN
    from irbpf.ownprotocols import NARROWING

    text = (share / MAN[1]).read_text()
    for name in (*TOP_FIELDS, *MATCH_FIELDS, *OWN, *NARROWING, *RAW_FIELDS, *TABLE_FIELDS, *DECODER_FIELDS):
        assert re.search(rf"^\\fB{name}\\fR\n[^.\n]{{5,}}", text, re.MULTILINE), name
    assert {*provenance(Receiver("rc0", "a", "b", "c"), 50), *imported("x")} <= FIELDS.keys()


def bash(share: Path, *words: str) -> list[str]:
    typed = " ".join(f"'{word}'" for word in words)
    done = subprocess.run([needs("bash"), "-c", f"source '{share / BASH}'; COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; _irbpf; "
                                                "printf '%s\\n' \"${COMPREPLY[@]}\""], cwd=ROOT, capture_output=True, text=True, check=True, env=ENV)
    assert done.stderr == ""
    return done.stdout.split("\n")[:-1]


def test_bash(share: Path) -> None:
    verbs = [verb.name for verb in command_of(parser()).verbs]
    assert bash(share, "irbpf", "")[:len(verbs)] == verbs
    assert bash(share, "irbpf", "stat") == ["status"]
    assert bash(share, "irbpf", "record", "--no") == ["--no-carrier"]
    assert bash(share, "irbpf", "load", "rc0", "sony") == bash(share, "irbpf", "check", "sony") == ["sony-tv"]
    assert bash(share, "irbpf", "load", "--json", "rc0", "lg-tv", "sony") == ["sony-tv"]
    assert bash(share, "irbpf", "decode", "--protocol", "rc6_m") == ["rc6_mce"]
    assert bash(share, "irbpf", "decode", "--engine", "") == ["python", "bpf"]
    assert bash(share, "irbpf", "record", "--key", "KEY_VOLUMEU") == ["KEY_VOLUMEUP"]
    assert bash(share, "irbpf", "decode", "--protocol", "Humax") == ["Humax 4Phase"]
    assert bash(share, "irbpf", "decode", "--protocol", "InterVideo\\ ") == ["InterVideo RC-201"]
    assert "README.md" in bash(share, "irbpf", "plot", "READ")
    assert bash(share, "irbpf", "send", "--carrier", "38k", "rc0", "KEY_VOLUMEU") == ["KEY_VOLUMEUP"]


def typed(argv: Sequence[str], lines: Sequence[str], until: str) -> str:
    """What a shell shows on a terminal when `lines` are typed, up to the text `until`."""
    child, terminal = pty.fork()
    if child == 0:
        os.execvpe(argv[0], list(argv), ENV)
    shown = b""
    try:
        for line in lines:
            os.write(terminal, line.encode())
        while until.encode() not in shown:
            if not select.select([terminal], [], [], 20)[0]:
                break
            shown += os.read(terminal, 4096)
    except OSError:
        pass
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
        os.close(terminal)
    return shown.decode(errors="replace")


def command_that_tells(folder: Path) -> None:
    (folder / "irbpf").write_text("#!/bin/sh\nprintf 'given('; printf '<%s>' \"$@\"; echo ')'\n")
    (folder / "irbpf").chmod(0o755)


@pytest.mark.parametrize(("line", "becomes"), [
    ("irbpf statu\t\n", "<status>"), ("irbpf load rc0 sony-\t\n", "<load><rc0><sony-tv>"), ("irbpf check READM\t\n", "<check><README.md>"),
    ("irbpf render Humax\t\n", "<render><Humax 4Phase>"), ("irbpf render 'Nova P\t\n", "<render><Nova Pace>"),
    ("irbpf render B\\&O\\ \t\n", "<render><B&O repeat>"), ("irbpf render \"GI R\t\n", "<render><GI RG>")])
def test_bash_at_a_terminal(share: Path, tmp_path: Path, line: str, becomes: str) -> None:
    """The completed line is run: names with spaces come as one word, and a verb is none of the folders that are there."""
    command_that_tells(tmp_path)
    (tmp_path / "README.md").touch()
    (tmp_path / "status").mkdir()
    setup = f"PATH='{tmp_path}':$PATH; source '{share / BASH}'; bind 'set bell-style none'\n"
    shown = typed([needs("bash"), "--norc", "-i"], [f"cd '{tmp_path}'\n", setup, line], f"given({becomes})")
    assert f"given({becomes})" in shown, shown


def test_zsh(share: Path, tmp_path: Path) -> None:
    """The completed line is run; the command of the test says what it was given."""
    command_that_tells(tmp_path)
    setup = (f"PATH='{tmp_path}':$PATH; fpath=('{(share / ZSH).parent}' $fpath); autoload -Uz compinit; compinit -u -d '{tmp_path}/dump'; "
             "unsetopt beep listbeep\n")
    for line, becomes in (("irbpf statu\t\n", "<status>"), ("irbpf load rc0 sony-\t\n", "<load><rc0><sony-tv>"),
                          ("irbpf record --no-c\t\n", "<record><--no-carrier>"),
                          ("irbpf decode --protocol rc6_mc\t\n", "<decode><--protocol><rc6_mce>"),
                          ("irbpf record --key KEY_VOLUMEU\t\n", "<record><--key><KEY_VOLUMEUP>"),
                          ("irbpf check READM\t\n", "<check><README.md>"), ("irbpf render Humax\t\n", "<render><Humax 4Phase>")):
        shown = typed([needs("zsh"), "-f", "-i"], [f"cd '{ROOT}'\n", setup, line], f"given({becomes})")
        assert f"given({becomes})" in shown, shown


def test_fish(share: Path) -> None:
    def offered(line: str) -> list[str]:
        done = subprocess.run([needs("fish"), "--no-config", "-c", f"source '{share / FISH}'; complete -C '{line}'"], cwd=ROOT, capture_output=True,
                              text=True, check=True, env=ENV)
        assert done.stderr == ""
        return [one.split("\t")[0] for one in done.stdout.splitlines()]

    assert offered("irbpf statu") == ["status"]
    assert offered("irbpf load rc0 sony") == ["sony-tv"]
    assert offered("irbpf record --no") == ["--no-carrier"]
    assert offered("irbpf decode --protocol rc6_m") == ["rc6_mce"]
    assert offered("irbpf record --key KEY_VOLUMEU") == ["KEY_VOLUMEUP"]
    assert offered("irbpf decode --protocol Huma") == ["Humax 4Phase"]
    assert {"B&O", "B&O repeat", "Nova Pace"} <= set(offered("irbpf decode --protocol "))
    assert offered("irbpf check READM") == ["README.md"]
    assert len(offered("irbpf ")) == len(command_of(parser()).verbs)
