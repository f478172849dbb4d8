"""Whether recorded traces decode to their keys with a keymap: the regression test of a learned remote. It prints nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from irbpf import bpf, compiler, trace
from irbpf.cache import Cache, default_folder
from irbpf.errors import Error
from irbpf.keymap import Keymap
from irbpf.pulses import Sample
from irbpf.replay import Player, of_keymap
from irbpf.signals import split

ENDING = ".trace"


@dataclass(frozen=True)
class Verdict:
    """One trace: its key, and the keys that its signals decode to, in order; `why` says what is wrong, "" where nothing is."""

    path: Path
    key: str
    heard: tuple[str, ...]
    why: str = ""


def traces(names: Sequence[str]) -> list[Path]:
    """The trace files of files and folders."""
    found: list[Path] = []
    for name in names:
        path = Path(name)
        found += sorted(path.glob(f"*{ENDING}")) if path.is_dir() else [path]
    if not found:
        raise Error(f"there are no traces in {', '.join(names)}", f"they are files that end in {ENDING}")
    return found


def proven(keymap: Keymap, paths: Sequence[Path]) -> tuple[list[str], list[Verdict]]:
    """The engines by which traces were decoded, all that run here, and a verdict on each trace: the first that says something is wrong."""
    engines = ["python", *(["bpf"] if _compiled_here() else [])]
    verdicts = [list(verify(keymap, paths, engine)) for engine in engines]
    return engines, [next((one for one in each if one.why), each[0]) for each in zip(*verdicts, strict=True)]


def _compiled_here() -> bool:
    """Whether programs can be made and run on this machine."""
    try:
        return bool(compiler.version()) and bpf.probe()["test_run"] is None
    except Error:  # no libbpf
        return False


def verify(keymap: Keymap, paths: Sequence[Path], engine: str = "python") -> Iterator[Verdict]:
    """A verdict on each trace; Error for a file that cannot be read, or that does not say what its key is."""
    with Player(of_keymap(keymap), engine, Cache(default_folder()), compete=False) as player:
        for path in paths:
            one = trace.read(path)
            key = one.provenance.get("key") or next((press.key for press in one.expect or () if press.key), None)
            if key is None:
                raise Error(f"{path}: it does not say which key was pressed", "add a line '# key: KEY_POWER'")
            yield _judged(path, key, [_keys(player, signal.samples) for signal in split(one.samples)])


def _keys(player: Player, samples: Sequence[Sample]) -> list[str]:
    """The keys of one signal, each once."""
    return list(dict.fromkeys(event.key or f"{event.decoded.protocol}:{event.decoded.scancode:#x}" for event in player.play(samples)))


def _judged(path: Path, key: str, heard: Sequence[Sequence[str]]) -> Verdict:
    flat = tuple(one for keys in heard for one in keys)
    if not heard:
        return Verdict(path, key, flat, "it has no signal")
    for number, keys in enumerate(heard, 1):
        signal = "it" if len(heard) == 1 else f"signal {number}"
        if not keys:
            return Verdict(path, key, flat, f"{signal} decodes to nothing")
        if list(keys) != [key]:
            return Verdict(path, key, flat, f"{signal} decodes to {' and '.join(keys)}")
    return Verdict(path, key, flat)
