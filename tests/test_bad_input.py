"""What is nonsense, hostile or missing: each gives its own error, exit code 1 and no traceback, in bounded time and memory, and changes nothing.

Every case is a process of its own, with a limit to its memory and to its time: these are there so that a hang fails.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from irbpf.cache import write_whole
from tests.conftest import ROOT

MEMORY = 1 << 30  # of address space: Python and the libraries take a third of it
SECONDS = 150
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
LARGE = "protocols: [{protocol: xmp}]\n"  # more than a page of bytecode
GOOD = "protocols: [{protocol: nec, keys: {0x408: KEY_1}}]\n"
root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody else or to mount")


def irbpf(*arguments: str | Path, before: Sequence[str] = (), env: Mapping[str, str] | None = None, stdin: object = subprocess.DEVNULL,
          memory: int = MEMORY) -> subprocess.CompletedProcess[str]:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

    return subprocess.run([*before, "/usr/bin/python3", "-m", "irbpf", *map(str, arguments)], capture_output=True, text=True, check=False,
                          timeout=SECONDS, preexec_fn=limit, stdin=stdin, cwd=ROOT,  # type: ignore[call-overload]
                          env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8", **(env or {})})


def refused(*arguments: str | Path, says: str, **more: object) -> None:
    """The command fails with one error that holds `says`."""
    done = irbpf(*arguments, **more)  # type: ignore[arg-type]
    assert done.returncode == 1, f"exit {done.returncode}\n{done.stdout[-500:]}\n{done.stderr[-2000:]}"
    assert "Traceback" not in done.stderr, done.stderr[-2000:]
    assert says in done.stderr, done.stderr[-1000:]
    assert len(done.stderr) < 8000


# -- keymaps --------------------------------------------------------------------------------------------------------------


def huge(path: Path) -> None:
    with path.open("wb") as file:
        for _ in range(100):
            file.write(b"# not yet\n" * 104_858)


def bomb(path: Path) -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"] + [f"{one}: &{one} [{', '.join([f'*{other}'] * 9)}]" for other, one in zip("abcdefgh", "bcdefghi", strict=True)]
    path.write_text("\n".join(lines) + "\n")


def keys(count: int) -> str:
    return "protocols:\n- protocol: pulse_distance\n  bits: 16\n  keys:\n" + "".join(f"    {code:#x}: KEY_1\n" for code in range(count))


KEYMAPS = {
    "100 MB": (huge, ":1:1: the file is larger than 1 MiB"),
    "100 MB of nothing": (lambda path: (path.touch(), os.truncate(path, 100 << 20)), ":1:1: the file is larger than 1 MiB"),
    "a bomb of aliases": (bomb, ":1:4: anchors and aliases are not used here"),
    "a million keys": (lambda path: path.write_text(keys(1_000_000)), ":1:1: the file is larger than 1 MiB"),
    "as many keys as fit into a file": (lambda path: path.write_text(keys(45_000)), "more than 20000 values"),
    "more keys than a receiver has": (lambda path: path.write_text(keys(9_000)), ":517:5: more than 512 keys"),
    "thousands of entries": (lambda path: path.write_text("protocols:\n" + "- {protocol: nec}\n" * 3000), ":66:3: more than 64 protocols"),
    "thousands of unknown keys": (lambda path: path.write_text(keys(8000).replace("KEY_1", "KEY_FROBNICATE")), "there is no key 'KEY_FROBNICATE'"),
    "not UTF-8": (lambda path: path.write_bytes(b"name: a\nname: \xff\xfe\n"), ":2:7: not UTF-8"),
    "UTF-16": (lambda path: path.write_bytes(GOOD.encode("utf-16")), ":1:1: not UTF-8"),
    "noise": (lambda path: path.write_bytes(bytes(range(256)) * 1000), "not UTF-8"),
    "control characters": (lambda path: path.write_text("name: \x1b[2J\n"), ":1:7: a control character"),
    "control characters by escapes": (lambda path: path.write_text('protocols: [{protocol: nec}]\n"\\e[31m": 1\n'), "has no field"),
    "brackets": (lambda path: path.write_text("[" * 200_000), "nested too deeply"),
    "braces": (lambda path: path.write_text("{" * 200_000), "nested too deeply"),
    "dashes": (lambda path: path.write_text("- " * 200_000), "nested too deeply"),
    "questions": (lambda path: path.write_text("? " * 200_000), "nested too deeply"),
    "a number of 900000 digits": (lambda path: path.write_text(f"protocols: [{{protocol: nec, number: {'9' * 900_000}}}]"), "number"),
    "a number of 900000 hex digits": (lambda path: path.write_text(f"protocols: [{{protocol: nec, number: 0x{'f' * 900_000}}}]"), "a number of 900002 digits"),
    "a sexagesimal number without end": (lambda path: path.write_text(f"protocols: [{{protocol: nec, number: 1{':59' * 300_000}}}]"), "number"),
    "a name without end": (lambda path: path.write_text(f"protocols: [{{protocol: {'n' * 1_000_000}}}]"), "there is no protocol 'nnn"),
    "a key without end": (lambda path: path.write_text(f"protocols: [{{protocol: nec, keys: {{1: {'K' * 1_000_000}}}}}]"), "there is no key 'KKK"),
    "a pattern without end": (lambda path: path.write_text(f"protocols: [{{raw: {{KEY_1: '{'+1 -1 ' * 140_000}+1'}}}}]"), "more than 1024 durations"),
    "an IRP line without end": (lambda path: path.write_text(f"protocols: [{{protocol: m, irp: '{{38k,500}}<1,-1|1,-3>({'1,-1,' * 150_000}-50m)*'}}]"),
                                "an IRP line of"),
    "nothing": (lambda path: path.touch(), ":1:1: the file is empty"),
    "a folder": (lambda path: path.mkdir(), "not a file but a folder"),
    "a pipe": (os.mkfifo, "not a file but a pipe"),
    "a link to itself": (lambda path: path.symlink_to(path), "Too many levels of symbolic links"),
    "a link to /dev/zero": (lambda path: path.symlink_to("/dev/zero"), "not a file but a device"),
    "a link to nowhere": (lambda path: path.symlink_to("/nonexistent/file"), "No such file"),
    "no file": (lambda path: None, "No such file"),
}


@pytest.mark.parametrize("case", KEYMAPS)
@pytest.mark.parametrize("verb", ["check", "decode"])
def test_keymap(case: str, verb: str, tmp_path: Path) -> None:
    """By the verb that checks, and by one that uses it; both refuse it."""
    make, says = KEYMAPS[case]
    path = tmp_path / "bad.yaml"
    make(path)
    if verb == "check":
        refused("check", path, says=says)
    else:
        refused("decode", "--keymap", path, "/dev/null", says=says)


def test_a_bad_keymap_among_the_installed_harms_no_other(tmp_path: Path) -> None:
    """It is told, and the others are still chosen."""
    (tmp_path / "keymaps").mkdir()
    bad = tmp_path / "keymaps" / "bomb.yaml"
    bomb(bad)
    bad.write_text("receivers: [{rc_map: rc-hauppauge}]\n" + bad.read_text())
    os.mkfifo(tmp_path / "keymaps" / "pipe.yaml")
    code = ("from irbpf import library\nfrom irbpf.receiver import Receiver\n"
            "choices, problems = library.choose(Receiver('rc0', 'x', 'd', 'rc-hauppauge'))\nprint([one.keymap.name for one in choices], len(problems))")
    done = subprocess.run(["/usr/bin/python3", "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, timeout=SECONDS,
                          env={"IRBPF_ETC": str(tmp_path), "PATH": os.environ["PATH"]})
    assert done.stdout == "['Hauppauge WinTV'] 2\n"


@root
def test_a_keymap_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "secret.yaml"
    path.write_text(GOOD)
    path.chmod(0)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and str(folder).startswith("/tmp/"):
            folder.chmod(0o755)
    refused("check", path, before=NOBODY, says="Permission denied (check the name and the permissions)")


# -- IRP lines ------------------------------------------------------------------------------------------------------------

HEAD = "{38k,500}<1,-1|1,-3>"
LINES = {
    "100,000 durations": (HEAD + "(" + "1,-1," * 20_000 + "-50m)*", "an IRP line of"),
    "30,000 parentheses": (HEAD + "(" * 15_000, "nested"),
    "8,000 signs": (HEAD + "(A:8,-50m)*{A=" + "-" * 8_000 + "1}", "nested"),
    "a tower of powers": (HEAD + "(D:8,A:8,-50m)*{A=2**2**2**2**2**2}[D:0..255]", "out of bounds"),
    "a power of a parameter": (HEAD + "(A:8,-50m)*{A=9**9**9**9}[D:0..255]", "out of bounds"),
    "a shift without end": (HEAD + "(D:8,A:8,-50m)*{A=1<<1000000000000}[D:0..255]", "out of bounds"),
    "a bit field of 10^8 bits": (HEAD + "(D:100000000,-50m)*[D:0..255]", "a bit field of 100000000 bits"),
    "10^9 repeats": (HEAD + "((D:8)1000000000,-50m)*[D:0..255]", "1000000000 repeats"),
    "repeats of repeats": (HEAD + "((((((D:8)64)64)64)64)64,-50m)*[D:0..255]", "with all repeats written out"),
    "a circle of definitions": (HEAD + "(A:8,-50m)*{A=B,B=A}[D:0..255]", "defined by itself"),
    "a division by zero": (HEAD + "(A:8,-50m)*{A=1/0}", ""),
    "a width that nobody knows": (HEAD + "(D:E,1,-50m)*[D:0..255,E:0..255]", "width"),
    "a unit of 0": ("{38k,0}<1,-1|1,-3>(D:8,-50m)*[D:0..255]", "the unit is 0"),
    "letters of other alphabets": (HEAD + "(\u0434:8,-50m)*", "column"),
    "noise": ("".join(map(chr, range(1, 300))), "column"),
    "four ways to send two bits, all alike": ("{38k,500}<1,-1|-1,1|1,-2|2,-1>(D:64,1,-50m)*[D:0..18446744073709551615]", "more than 50000 states"),
}


@pytest.mark.parametrize("case", LINES)
def test_irp_line(case: str) -> None:
    line, says = LINES[case]
    refused("show", "--automaton", "{" + line.removeprefix("{"), says=says)


@pytest.mark.parametrize(("arguments", "says"), [
    ((HEAD + "((D:8)1000000000,-50m)*[D:0..255]", "D=1"), "repeats"), ((HEAD + "(A:8,-50m)*{A=9**9**9**9}",), "out of bounds"),
    (("nec", "D=" + "9" * 5000, "F=8"), "D"),
])
def test_rendering(arguments: tuple[str, ...], says: str) -> None:
    refused("render", *arguments, says=says)


def test_a_duration_that_no_receiver_delivers(tmp_path: Path) -> None:
    path = tmp_path / "k.yaml"
    path.write_text(f"protocols: [{{protocol: m, irp: '{HEAD}(D:8,1,-99999999999m)*[D:0..255]'}}]")
    refused("check", path, says="can never match")


# -- recordings -----------------------------------------------------------------------------------------------------------

RECORDINGS = {
    "negative": ("pulse -9000\n", ":1:7: '-9000' is negative"), "zero": ("+9000 -0 +560\n", ":1:7: a duration of 0"),
    "a pulse of 10^12": ("+1000000000000 -4500\n", ":1:1: 1000000000000 is too long"), "no number": ("+9e3 -4500\n", ":1:1: '+9e3' is no duration"),
    "10^6 digits": ("+" + "9" * 1_000_000 + "\n", "is too long"), "NUL": ("\0" * 1000, "is no duration"),
    "one line of 20 MB": ("+500 -500 " * 2_000_000, "more than 8 MB in one signal"), "100 MB": ("+500 -500\n" * 10_000_000, "more than 8 MB in one signal"),
    "a word": ("lirc\n", "'lirc' is no duration"), "other digits": ("+\u0669\u0669\n", "is no duration"),
}


@pytest.mark.parametrize("case", RECORDINGS)
def test_recording(case: str, tmp_path: Path) -> None:
    text, says = RECORDINGS[case]
    path = tmp_path / "recording"
    path.write_text(text)
    refused("decode", "--protocol", "nec", path, says=says)


def test_a_space_of_10_to_the_12_is_a_silence(tmp_path: Path) -> None:
    """It is cut to the longest that a sample holds, as a receiver's would be."""
    path = tmp_path / "recording"
    path.write_text("+500 -1000000000000 +500\n")
    done = irbpf("decode", "--protocol", "nec", path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/urandom"])
@pytest.mark.parametrize("each_line", [(), ("--each-line",)])
def test_recording_without_end(path: str, each_line: tuple[str, ...]) -> None:
    refused("decode", "--protocol", "nec", *each_line, path, says="more than 8 MB in one signal" if path == "/dev/zero" else "not a text")


def test_recording_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "r").write_bytes(b"+9000 \xff")
    refused("decode", "--protocol", "nec", tmp_path / "r", says="not a text")
    refused("decode", "--protocol", "nec", tmp_path, says="Is a directory")
    refused("decode", "--protocol", "nec", tmp_path / "none", says="No such file")


@pytest.mark.parametrize("verb", [["record", "-"], ["identify", "-"], ["decode", "-"], ["plot", "-"]], ids=lambda verb: verb[0])
def test_standard_input_that_is_closed_or_no_text(verb: list[str]) -> None:
    for script, says in (("exec \"$@\" <&-", "there is no standard input"), ("printf '+9000 \\377' | \"$@\"", "not a text")):
        done = subprocess.run(["/bin/sh", "-c", script, "sh", "/usr/bin/python3", "-m", "irbpf", *verb], cwd=ROOT, env={**os.environ, "LC_ALL": "C"},
                              capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert says in done.stderr
        assert "Traceback" not in done.stderr


def test_learning_without_a_person(tmp_path: Path) -> None:
    (tmp_path / "signals").write_text("+900 -500 +600\n")
    for script, code, says in (("exec \"$@\" <&-", 1, "there is no standard input"), ("printf '\\377\\376\\n' | \"$@\"", 0, "")):
        done = subprocess.run(["/bin/sh", "-c", script, "sh", "/usr/bin/python3", "-m", "irbpf", "learn", str(tmp_path / "signals"), "-o", str(tmp_path / "x.yaml")],
                              cwd=ROOT, env={**os.environ, "LC_ALL": "C"}, capture_output=True, text=True, check=False)
        assert (done.returncode, says in done.stderr, "Traceback" in done.stderr) == (code, True, False), done.stderr


# -- the machine ----------------------------------------------------------------------------------------------------------


@pytest.mark.bpf
@pytest.mark.parametrize("damage", [b"", b"irbpf1\n\0", b"\xff" * 100_000, None], ids=["empty", "its beginning", "noise", "a bit"])
def test_a_damaged_cache_is_no_cache(tmp_path: Path, damage: bytes | None) -> None:
    """What is made with it is what is made without."""
    keymap, cache, made = tmp_path / "k.yaml", tmp_path / "cache", [tmp_path / "1.irbpf", tmp_path / "2.irbpf"]
    keymap.write_text(GOOD)
    for number, output in enumerate(made):
        done = irbpf("build", keymap, "-o", output, env={"IRBPF_CACHE_DIR": str(cache)})
        assert (done.returncode, done.stderr) == (0, "")
        for path in cache.iterdir() if number == 0 else ():
            content = path.read_bytes()
            path.write_bytes(content[:100] + b"X" + content[101:] if damage is None else damage)
    assert made[0].read_bytes() == made[1].read_bytes()


def mounted(folder: Path, size: str, *arguments: str | Path, env: Mapping[str, str], read_only: bool = False) -> subprocess.CompletedProcess[str]:
    """The command in a mount namespace of its own, where `folder` is a small disk."""
    options = f"size={size}" + (",ro" if read_only else "")
    script = f'mount -t tmpfs -o {options} none "$0" && exec "$@"'
    return irbpf(*arguments, before=("unshare", "--mount", "sh", "-c", script, str(folder)), env=env)


@pytest.mark.bpf
@pytest.mark.parametrize(("size", "read_only", "why"), [("4k", False, "No space left on device"), ("1m", True, "Read-only file system")])
def test_a_cache_on_a_full_or_read_only_disk_is_a_warning(tmp_path: Path, size: str, read_only: bool, why: str) -> None:
    keymap, disk = tmp_path / "k.yaml", tmp_path / "disk"
    keymap.write_text(LARGE)
    disk.mkdir()
    done = mounted(disk, size, "build", keymap, "-o", tmp_path / "k.irbpf", env={"IRBPF_CACHE_DIR": str(disk / "cache")}, read_only=read_only)
    assert done.returncode == 0, done.stderr
    assert f"warning: not kept in the cache: {disk}/cache: {why}" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "k.irbpf").exists()


@pytest.mark.bpf
@pytest.mark.parametrize(("size", "read_only", "why"), [("4k", False, "No space left on device"), ("1m", True, "Read-only file system")])
def test_output_on_a_full_or_read_only_disk(tmp_path: Path, size: str, read_only: bool, why: str) -> None:
    keymap, disk = tmp_path / "k.yaml", tmp_path / "disk"
    keymap.write_text(LARGE)
    disk.mkdir()
    done = mounted(disk, size, "build", keymap, "-o", disk / "k.irbpf", env={"IRBPF_CACHE_DIR": str(tmp_path / "cache")}, read_only=read_only)
    assert done.returncode == 1
    assert done.stderr == f"irbpf: {disk}/k.irbpf: {why} (name another place for it)\n"


@pytest.mark.bpf
def test_output_that_cannot_be(tmp_path: Path) -> None:
    keymap = tmp_path / "k.yaml"
    keymap.write_text(GOOD)
    env = {"IRBPF_CACHE_DIR": str(tmp_path / "cache")}
    refused("build", keymap, "-o", "/dev/full", env=env, says="/dev/full: No space left on device")
    refused("build", keymap, "-o", tmp_path / "none" / "k.irbpf", env=env, says="No such file or directory")
    refused("build", keymap, "-o", tmp_path, env=env, says="Is a directory")


def test_a_failed_write_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_whole(path, b"old")
    monkeypatch.setattr("os.fsync", lambda fd: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.bpf
def test_without_bcc(tmp_path: Path) -> None:
    """The module is covered by an empty folder, in a mount namespace."""
    keymap, empty = tmp_path / "k.yaml", tmp_path / "empty"
    keymap.write_text(GOOD)
    empty.mkdir()
    script = 'mount --bind "$0" /usr/lib/python3/dist-packages/bcc && exec "$@"'
    refused("build", keymap, "-o", tmp_path / "k.irbpf", before=("unshare", "--mount", "sh", "-c", script, str(empty)),
            env={"IRBPF_CACHE_DIR": str(tmp_path / "cache")}, says="python3-bpfcc")
    assert not (tmp_path / "k.irbpf").exists()


@root
@pytest.mark.parametrize(("arguments", "says"), [
    (("decode", "--engine", "bpf", "--protocol", "nec", "/dev/null"), "root"), (("build", "lg-tv", "-o", "/tmp/irbpf-nobody.irbpf"), "root"),
])
def test_without_root(arguments: tuple[str, ...], says: str, tmp_path: Path) -> None:
    refused(*arguments, before=NOBODY, env={"IRBPF_CACHE_DIR": str(tmp_path / "none")}, says=says)
    assert not Path("/tmp/irbpf-nobody.irbpf").exists()


@pytest.mark.parametrize("arguments", [("load", "rc99"), ("load", "rc99", "lg-tv"), ("unload", "rc99"), ("status", "rc99")])
def test_without_that_receiver(arguments: tuple[str, ...]) -> None:
    refused(*arguments, says="rc99")


def test_no_receiver_at_all() -> None:
    done = irbpf("list")
    assert done.returncode == 0
    if not Path("/sys/class/rc").exists():
        assert (done.stdout, done.stderr) == ("", "no receivers\n")


def test_a_kernel_without_the_option(tmp_path: Path) -> None:
    """Loading needs a receiver too (tests/kernel has one on a kernel without the option); here the program is refused by name."""
    code = ("import sys\nfrom irbpf import bpf\nfrom irbpf.objects import Object\n"
            "try:\n    bpf.load(Object('x', 'lirc', bytes.fromhex('b7000000000000009500000000000000'), (), ())).close()\n"
            "except bpf.Unsupported as error:\n    print(error)")
    if os.geteuid() != 0:
        pytest.skip("needs root")
    done = subprocess.run(["/usr/bin/python3", "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, timeout=SECONDS)
    assert done.stdout == "" or "CONFIG_BPF_LIRC_MODE2=y" in done.stdout


def test_a_file_for_a_receiver_that_is_none_of_ours(tmp_path: Path) -> None:
    for name, content in (("empty", b""), ("noise", os.urandom(5000)), ("cut", b"irbpf1\n\0" + bytes(20))):
        path = tmp_path / f"{name}.irbpf"
        path.write_bytes(content)
        refused("load", "rc99", path, says="rc99")


def test_missing_data(tmp_path: Path) -> None:
    refused("decode", "--protocol", "nec", "/dev/null", env={"IRBPF_DATA": str(tmp_path)}, says=str(tmp_path))


def test_tools_of_these_tests_are_there() -> None:
    assert shutil.which("setpriv") and shutil.which("unshare")
