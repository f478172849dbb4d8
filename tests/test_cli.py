"""The command as scripts and people meet it: fixed forms, help, exit codes, and no traceback for anything a user can do."""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from irbpf.cli import main, parser
from tests.conftest import ROOT
from tests.support.traces import FILES, FOLDER, KERNEL

NEC = "+9000 -4500 +560 -560 +560 -560 +560 -1690 +560 -560 +560 -560 +560 -560 +560 -560 +560 -560 +560 -1690 +560 -1690 +560 -560 +560 -1690 " \
      "+560 -1690 +560 -1690 +560 -1690 +560 -1690 +560 -560 +560 -560 +560 -560 +560 -1690 +560 -560 +560 -560 +560 -560 +560 -560 +560 -1690 " \
      "+560 -1690 +560 -1690 +560 -560 +560 -1690 +560 -1690 +560 -1690 +560 -1690 +560"


def irbpf(*arguments: str, given: str | bytes = b"", before: Sequence[str] = (), **more: Any) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    data = given.encode() if isinstance(given, str) else given
    more = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
    done = subprocess.run([*before, "/usr/bin/python3", "-m", "irbpf", *arguments], input=data, cwd=ROOT, check=False, timeout=300, **more)
    return subprocess.CompletedProcess(done.args, done.returncode, (done.stdout or b"").decode(), (done.stderr or b"").decode())


def rows(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def verbs() -> dict[str, argparse.ArgumentParser]:
    (action,) = [one for one in parser()._actions if isinstance(one, argparse._SubParsersAction)]
    return dict(action.choices)


# -- fixed forms ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [NEC, NEC.replace("+", "").replace("-", ""), NEC.replace("+", "pulse ").replace("-", "space "),
                                  "\n".join(NEC.replace("+", "pulse ").replace("-", "space ").replace(" pulse", "\npulse").replace(" space", "\nspace")
                                            .splitlines()) + "\ntimeout 125000\n", NEC.replace(" ", ", "), f"# a comment\n{NEC} # the end"])
def test_a_decoded_line(text: str) -> None:
    (row,) = rows(irbpf("decode", "--protocol", "nec", "-", given=text))
    assert list(row.items()) == [("signal", 0), ("protocol", "nec"), ("scancode", "0x408"), ("params", {"D": 4, "F": 8}), ("toggle", None),
                                 ("repeat", False), ("key", None)]


def test_signals_are_counted_over_lines_and_files(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(f"# first\n\n{NEC}\n  \n+100 -100\n// no signal\n{NEC}\n")
    (tmp_path / "b").write_text(NEC + "\n")
    found = rows(irbpf("decode", "--protocol", "nec", "--each-line", str(tmp_path / "a"), "-", str(tmp_path / "b"), given=f"\n{NEC}\n"))
    assert [row["signal"] for row in found] == [0, 2, 3, 4]
    found = rows(irbpf("decode", "--protocol", "nec", str(tmp_path / "b"), str(tmp_path / "b")))
    assert [row["signal"] for row in found] == [0, 1]


def test_keys_of_a_keymap(tmp_path: Path) -> None:
    (tmp_path / "k.yaml").write_text("protocols: [{protocol: nec, keys: {0x408: KEY_1}}]")
    (row,) = rows(irbpf("decode", "--keymap", str(tmp_path / "k.yaml"), "--json", "-", given=NEC))
    assert row["key"] == "KEY_1"
    assert rows(irbpf("decode", "--keymap", "hauppauge", "-", given=NEC)) == []


def test_toggles_repeats_and_what_is_preferred() -> None:
    found = rows(irbpf("decode", str(FOLDER / "rc5-1e3b-lirc-held.trace")))
    best = [row for row in found if row["protocol"] == found[0]["protocol"]]
    assert [(row["scancode"], row["toggle"], row["repeat"]) for row in best] == [("0x1e3b", 1, False), ("0x1e3b", 1, True), ("0x1e3b", 1, True)]
    assert rows(irbpf("decode", "-", given=NEC))[0]["protocol"].lower().startswith("nec")


def test_the_list_of_protocols() -> None:
    (found,) = rows(irbpf("protocols", "--json"))
    by_name = {row["name"]: row for row in found}
    assert set(KERNEL) <= set(by_name)
    assert all({"name", "irp", "scancode", "number"} <= set(row) for row in found)
    assert by_name["nec"]["number"] == 9
    assert by_name["nec"]["scancode"] == "D:8,F:8"
    assert by_name["nec"]["irp"].startswith("{38.4k,564}<")
    assert by_name["samsung36"]["number"] is None
    assert irbpf("protocols").returncode == 0


@pytest.mark.parametrize("words", ["--engine kernel rc0 a b", "rc0 --engine kernel a b", "rc0 a --engine kernel b", "rc0 a b --engine kernel"])
def test_options_may_stand_anywhere(words: str) -> None:
    args = parser().parse_args(["load", *words.split()])
    assert (args.rc, args.keymap, args.engine) == ("rc0", ["a", "b"], "kernel")
    assert parser().parse_args(["load", "rc0"]).keymap == []


def test_rendered_and_decoded_again() -> None:
    for repeats in (0, 1, 3):
        done = irbpf("render", "nec", "D=4", "F=0x08", "--repeats", str(repeats))
        assert done.returncode == 0
        assert done.stdout.startswith("+9024 -4512 +564")
        assert [row["repeat"] for row in rows(irbpf("decode", "--protocol", "nec", "-", given=done.stdout))] == [False] + [True] * repeats
    own = "{38k,500}<1,-1|1,-3>(8,-8,X:8,1,^60m)*[X:0..255]"
    assert irbpf("render", own, "X=17").stdout.startswith("+4000 -4000 +500 -1500")


@pytest.mark.bpf
def test_both_engines_say_the_same_of_all_traces() -> None:
    files = [str(path) for path in FILES if not path.name.startswith(("pulse_", "manchester"))]
    answers = [rows(irbpf("decode", "--protocol", ",".join(KERNEL), "--engine", engine, *files)) for engine in ("python", "bpf")]
    assert answers[0] == answers[1]
    assert {row["signal"] for row in answers[0]} == set(range(len(files)))


@pytest.mark.bpf
@pytest.mark.parametrize("form", ["irp", "automaton", "c", "asm"])
def test_the_stages_of_a_protocol(form: str) -> None:
    done = irbpf("show", "nec", f"--{form}")
    assert done.returncode == 0
    assert {"irp": "{38.4k,564}<1,-1|1,-3>", "automaton": "state 0: pulse", "c": "void step(struct state *s", "asm": "call rc_keydown"}[form] in done.stdout


# -- help -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", list(verbs()))
def test_every_verb_has_help_with_examples(verb: str) -> None:
    text = verbs()[verb].format_help()
    assert f"  irbpf {verb}" in text.split("examples:\n")[1]
    for one in verbs()[verb]._actions:
        assert one.help or one.dest in ("file", "keymap", "param", "output"), f"{verb}: {one.dest} has no help"


@pytest.mark.parametrize("verb", ["", *verbs()])
def test_examples_are_commands_that_are_known(verb: str) -> None:
    """Each begins with the command, and a description stands behind it, after a # or two spaces. ir-keytable reads TOML by the file's name."""
    examples = (verbs()[verb] if verb else parser()).format_help().split("examples:\n")[1]
    commands = [part.strip() for line in examples.splitlines() for part in re.split(r" \| |&&", re.split(r"\s{2,}|\s#", line.strip())[0])]
    known = [part for part in commands if part.startswith("irbpf ")]
    assert known
    for one in known:
        parser().parse_args(shlex.split(one.rstrip("&"))[1:])
    assert [part for part in commands if part.startswith("ir-keytable") and not part.endswith(".toml")] == []


def test_every_argument_has_help() -> None:
    assert [f"{name} {action.dest}" for name, one in verbs().items() for action in one._actions if not (action.help or "").strip()] == []


@pytest.mark.parametrize(("verb", "says"), [("load", "required: rc"), ("render", "required: protocol")])
def test_what_need_not_be_said_is_not_called_required(verb: str, says: str) -> None:
    done = irbpf(verb)
    assert done.returncode == 2 and done.stderr.endswith(f"{says}\n")


def test_a_keymap_is_checked_by_its_name_too() -> None:
    done = irbpf("check", "sony-tv")
    assert (done.returncode, done.stdout) == (0, "sony-tv: Sony television: 1 protocol, 22 keys\n")


def test_help_and_version_are_no_errors() -> None:
    for arguments in (["--help"], ["decode", "--help"], ["--version"]):
        done = irbpf(*arguments)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout


# -- what a user can do wrong -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["decode"], ["decode", "--engine", "perl", "-"], ["render", "nec", "--repeats", "-1"],
                                       ["render", "nec", "--repeats", "x"], ["render", "nec", "--repeats", "99999999999"], ["show", "nec", "--irp", "--c"],
                                       ["decode", "--keymap", "a", "--protocol", "b", "-"], ["build", "hauppauge"],
                                       ["load", "rc0", "--nonsense", "lg-tv"], ["list", "rc0"], ["--nonsense", "list"]])
def test_wrong_usage(arguments: list[str]) -> None:
    done = irbpf(*arguments)
    assert done.returncode == 2
    verb = f"{arguments[0]} " if arguments and arguments[0] in verbs() else ""
    assert done.stderr.startswith(f"usage: irbpf {verb}[-h]")
    assert done.stdout == ""


WRONG = [
    (["decode", "/nonexistent/file"], "", "/nonexistent/file: No such file or directory"), (["decode", "/"], "", "/: Is a directory"),
    (["decode", "--protocol", "nec", "-"], b"\xff\xfe\x00", "not a text"), (["decode", "--protocol", "nec", "-"], "pulse -5", "-:1:7: '-5' is negative"),
    (["decode", "--protocol", "nec", "-"], "+9000\n-0", "-:2:1: a duration of 0"), (["decode", "--protocol", "nec", "-"], "+1000000000000", "-:1:1:"),
    (["decode", "--protocol", "nec", "--each-line", "-"], f"{NEC}\n+1 x", "-:2:4: 'x' is no duration"),
    (["decode", "--protocol", "nec,nek", "-"], "", "there is no protocol 'nek'"), (["decode", "--protocol", "", "-"], "+1", ""),
    (["decode", "--keymap", "nonexistent", "-"], "", "there is no keymap 'nonexistent'"), (["decode", "--keymap", "/", "-"], "", "/"),
    (["decode", "--protocol", "nec", "a\x00b".replace("\x00", "\n")], "", "No such file"), (["decode", "--protocol", "nec", "/dev/zero"], "", "more than 8 MB"),
    (["render", "nek"], "", "there is no protocol 'nek'"), (["render", "nec"], "", ""), (["render", "nec", "D=4"], "", "F"), (["render", "nec", "D=x"], "", "D=x"),
    (["render", "nec", "D=4", "F=8", "D=5"], "", "D is 4 and 5 (say it once)"),
    (["render", "nec", "D=4", "F=256"], "", "F"), (["render", "nec", "D=4", "F=8", "Q=1"], "", "Q"), (["render", "{38k"], "", "column"),
    (["show", "sony-tv"], "", "sony-tv is a keymap (irbpf show sony-tv --latency"), (["check", "x" * 300], "", "File name too long"),
    (["show", "nek"], "", "there is no protocol 'nek'"), (["show", "{"], "", "column"), (["check", "/nonexistent.yaml"], "", "No such file"),
    (["check", "/"], "", "a folder"), (["check", "/dev/null"], "", "/dev/null"), (["build", "nonexistent", "-o", "/tmp/x.irbpf"], "", "there is no keymap"),
    (["build", "sony-tv", "-o", "/nonexistent.yaml"], "", "does not end in .irbpf"), (["build", "sony-tv", "-o", "-"], "", "does not end in .irbpf"),
    (["load", "rc99"], "", "rc99"), (["load", "../../etc"], "", "../../etc"), (["unload", "rc99"], "", "rc99"), (["status", "rc99"], "", "rc99"),
    (["test", "rc99"], "", "rc99"), (["plot", "/nonexistent"], "", "No such file"), (["import", "/nonexistent"], "", "No such file"),
]


@pytest.mark.parametrize(("arguments", "given", "says"), WRONG, ids=[" ".join(arguments)[:40] + str(index) for index, (arguments, _, _) in enumerate(WRONG)])
def test_what_fails_says_why_and_no_more(arguments: list[str], given: str | bytes, says: str) -> None:
    done = irbpf(*arguments, given=given)
    if (arguments, given) != (["decode", "--protocol", "", "-"], "+1"):  # nothing named is the whole catalogue
        assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert says in done.stderr


@pytest.mark.parametrize("verb", ["list", "status", "doctor"])
def test_a_machine_without_receivers(verb: str) -> None:
    done = irbpf(verb, "--json")
    assert done.returncode in (0, 1)
    assert isinstance(json.loads(done.stdout), list)
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
@pytest.mark.parametrize(("arguments", "says"), [(["decode", "--protocol", "nec", "--engine", "bpf", "-"], "root"), (["show", "nec", "--asm"], "root"),
                                                  (["demo"], "root"), (["build", "sony-tv", "-o", "/tmp/irbpf-nobody.irbpf"], "root")])
def test_without_root(arguments: list[str], says: str, tmp_path: Path) -> None:
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", "HOME=/nonexistent", f"IRBPF_CACHE_DIR={tmp_path}/no"]
    done = irbpf(*arguments, given=NEC, before=nobody)
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert rows(irbpf("decode", "--protocol", "nec", "-", given=NEC, before=nobody))


@pytest.mark.parametrize("arguments", [["protocols"], ["protocols", "--json"], ["decode", "--protocol", "nec", "--each-line", "-"], ["--help"]])
def test_a_reader_that_has_gone(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = irbpf(*arguments, given=f"{NEC}\n" * 200, stdout=writing)
    finally:
        os.close(writing)
    assert "Traceback" not in done.stderr
    assert done.returncode in (1, 120) if arguments == ["--help"] else done.returncode == 1


def test_a_full_disk() -> None:
    with open("/dev/full", "wb") as full:
        done = irbpf("protocols", stdout=full)
        assert (done.returncode, done.stderr) == (1, "irbpf: standard output: No space left on device\n")
        assert "No space left" in irbpf("build", "sony-tv", "-o", "/dev/full").stderr
    assert "/dev/full: No space left" in irbpf("export", "sony-tv", "--to", "toml", "-o", "/dev/full").stderr


def test_no_standard_streams() -> None:
    for closed in ("<&-", ">&-", "2>&-"):
        done = subprocess.run(f"echo '{NEC}' | /usr/bin/python3 -m irbpf decode --protocol nec - {closed}", shell=True, cwd=ROOT, capture_output=True,
                              text=True, check=False)
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["show", "nec", "--automaton"], ["check", "snow.yaml"], ["check", "\udcff.yaml"], ["export", "snow.yaml", "--to", "toml"]])
def test_what_the_locale_has_no_letters_for(arguments: list[str], tmp_path: Path) -> None:
    for name in ("snow.yaml", "\udcff.yaml"):
        (tmp_path / name).write_text('name: "\u2603"\nprotocols: [{protocol: nec, keys: {0x408: KEY_1}}]\n')
    done = subprocess.run(["/usr/bin/python3", "-m", "irbpf", *arguments], cwd=tmp_path, capture_output=True, check=False,
                          env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr
    assert (b"\\xb5s" if "show" in arguments else b"\\u2603") in done.stdout


def test_an_interrupt_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("irbpf.show.show", interrupted)
    assert main(["show", "nec"]) == 130
    assert capsys.readouterr() == ("", "")
