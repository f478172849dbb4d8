"""C text to objects, by bcc in a child process. bcc and LLVM are never loaded in this one."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from irbpf.errors import Error
from irbpf.objects import MapSpec, Object, Source
from irbpf.paths import data

SECONDS = 120  # for one source: one takes half a second, on a machine that is busy with other things much longer
BCC = Path("/usr/lib/python3/dist-packages/bcc")
PYTHON = "/usr/bin/python3"  # bcc is a module of the distribution's interpreter


def compile_sources(sources: Sequence[Source]) -> list[Object]:
    """One object for each source. Error: bcc is missing, or what the compiler said first, with the line of the decoder."""
    if not sources:
        return []
    request = {"headers": str(data("bpf", "include")), "system": system_includes(),
               "sources": [{"name": one.name, "host": one.host, "text": one.text} for one in sources]}
    answers = _ask(request)
    return [_object(source, answer) for source, answer in zip(sources, answers, strict=True)]


def version() -> str:
    """The version of bcc that is installed, or nothing; read from its file, since bcc is not imported here."""
    try:
        match = re.search(r"__version__ *= *['\"]([\w.+-]{1,40})['\"]", (BCC / "version.py").read_text())
    except OSError:
        return ""
    return match[1] if match else "unknown"


def system_includes() -> list[str]:
    """Where linux-libc-dev keeps the kernel's interface."""
    import sysconfig

    triplet = sysconfig.get_config_var("MULTIARCH") or f"{os.uname().machine}-linux-gnu"
    return [path for path in ("/usr/include", f"/usr/include/{triplet}") if Path(path).is_dir()]


def _ask(request: dict[str, Any]) -> list[dict[str, Any]]:
    import subprocess  # not needed where the cache has all, as at nearly every load

    python = PYTHON if Path(PYTHON).exists() else sys.executable
    child = Path(__file__).with_name("compiler_child.py")
    seconds = SECONDS * len(request["sources"])
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "BCC_KERNEL_SOURCE": request["headers"], "LANG": "C.UTF-8"}
    try:
        done = subprocess.run([python, "-I", str(child)], input=json.dumps(request), capture_output=True, text=True,
                              timeout=seconds, env=environment, check=False)
    except subprocess.TimeoutExpired:
        raise Error(f"the compiler took more than {seconds} s", "simplify the protocol") from None
    try:
        answer = json.loads(done.stdout.splitlines()[-1])
        if "error" not in answer:
            return list(answer["objects"])
    except (ValueError, IndexError, KeyError, TypeError, AttributeError):
        raise Error(f"the compiler failed (exit {done.returncode}): {done.stderr.strip()[-400:]}") from None
    complaint = _first_complaint(done.stderr)
    if "Operation not permitted" in complaint:
        raise Error("decoders cannot be compiled: Operation not permitted", "run it as root: bcc makes maps in the kernel while it compiles")
    raise Error(answer["error"] + complaint, answer.get("hint", ""))


def _first_complaint(text: str) -> str:
    for line in text.splitlines():
        if "error:" in line:
            return f": {line.strip()}"
    return ""


def _object(source: Source, answer: dict[str, Any]) -> Object:
    import base64

    maps = []
    for name, kind, key, value, most, flags in answer["maps"]:
        contents = source.tables.get(name, b"")
        if contents and most == 1:
            value = len(contents)
        if len(contents) > value * most:
            raise Error(f"{source.name}: the table {name} does not fit into its map")
        maps.append(MapSpec(name, kind, key, value, most, flags, contents))
    return Object(source.name, source.host, base64.b64decode(answer["code"]), tuple(maps),
                  tuple((at, index) for at, index in answer["relocations"]), slot=source.slot)
