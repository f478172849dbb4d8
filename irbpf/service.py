"""What happens to a receiver in its life: it is given its keymaps, and they are taken back. It prints nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from irbpf import discovery, library
from irbpf.bundle import Bundle, build
from irbpf.cache import Cache, default_folder
from irbpf.engines import kernel
from irbpf.errors import Error
from irbpf.keymap import Keymap, load
from irbpf.paths import etc


@dataclass(frozen=True)
class Loaded:
    """What is on a receiver now; `why` says for each keymap why it was chosen."""

    rc: str
    bundle: Bundle
    why: tuple[str, ...]
    warnings: tuple[str, ...]


def load_receiver(name: str, keymaps: Sequence[str]) -> Loaded:
    """Give a receiver the keymaps named (files, names, or one bundle that `irbpf build` made), or those that fit it."""
    receiver = discovery.receiver(name)
    if len(keymaps) == 1 and keymaps[0].endswith(".irbpf"):
        bundle = read_bundle(Path(keymaps[0]))
        kernel.apply(receiver, bundle)
        return Loaded(receiver.rc, bundle, ("named",), ())
    chosen: list[Keymap]
    if keymaps:
        chosen, why, warnings = [load(library.find(one)) for one in keymaps], ["named"] * len(keymaps), []
    else:
        choices, problems = library.choose(receiver)
        chosen, why = [choice.keymap for choice in choices], [choice.reason for choice in choices]
        warnings = [str(problem) for problem in problems]
        if not chosen:
            raise problems[0] if problems else Error(
                f"no keymap fits {receiver.rc} ({receiver.name}, rc_map {receiver.rc_map}, driver {receiver.driver})",
                f"name one, or assign one in {etc('receivers.yaml')}")
    bundle, complaints = build(chosen, Cache(default_folder()))
    kernel.apply(receiver, bundle)
    return Loaded(receiver.rc, bundle, tuple(why), (*warnings, *complaints))


def read_bundle(path: Path) -> Bundle:
    try:
        return Bundle.read(path.read_bytes())
    except OSError as error:
        raise Error(f"{path}: {error.strerror}") from error
    except Error as error:
        raise Error(f"{path}: {error.message}", error.hint) from error


def unload_receiver(name: str) -> bool:
    """Take back what we gave; False if nothing was ours."""
    return kernel.take_back(discovery.receiver(name)) is not None
