"""What happens to a receiver in its life: it is given its keymaps, and they are taken back. It prints nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from irbpf import discovery, keytable, library
from irbpf.bundle import Bundle, build
from irbpf.cache import Cache, default_folder
from irbpf.engines import kernel
from irbpf.errors import Error, Gone
from irbpf.keymap import Keymap, load
from irbpf.paths import etc
from irbpf.receiver import Receiver


@dataclass(frozen=True)
class Loaded:
    """What is on a receiver now; `why` says for each keymap why it was chosen."""

    receiver: Receiver
    bundle: Bundle
    why: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def rc(self) -> str:
        return self.receiver.rc


def load_receiver(name: str, keymaps: Sequence[str]) -> Loaded:
    """Give a receiver the keymaps named (files, names, or one bundle that `irbpf build` made), or those that fit it."""
    receiver = discovery.settled(name)
    kernel.check(receiver)
    kernel.repair(receiver)
    bundle, why, warnings = _wanted(receiver, keymaps)
    kernel.apply(receiver, bundle)
    return Loaded(receiver, bundle, tuple(why), (*warnings, *coexisting(receiver, bundle)))


def _wanted(receiver: Receiver, keymaps: Sequence[str]) -> tuple[Bundle, list[str], list[str]]:
    """The bundle, why each of its keymaps, and warnings."""
    if len(keymaps) == 1 and keymaps[0].endswith(".irbpf"):
        return read_bundle(Path(keymaps[0])), ["named"], []
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
    return bundle, why, [*warnings, *complaints]


def coexisting(receiver: Receiver, bundle: Bundle) -> list[str]:
    """What other software does to the same receiver, and what the driver could not do."""
    said = []
    if note := keytable.note(receiver):
        said.append(note)
    try:
        condition = kernel.condition(receiver)
    except Gone:
        raise
    except Error as error:  # it is loaded all the same
        return [*said, str(error)]
    if condition.foreign:
        said.append(f"{receiver.rc} has {condition.foreign} programs of other software: what they decode too comes twice")
    if condition.timeout is not None and condition.timeout < bundle.timeout:
        said.append(f"{receiver.rc} cannot wait longer than {condition.timeout} µs for the end of a signal; {bundle.timeout} µs are "
                    "needed, so a signal with a long gap may be taken for two")
    return said


def read_bundle(path: Path) -> Bundle:
    try:
        return Bundle.read(path.read_bytes())
    except OSError as error:
        raise Error(f"{path}: {error.strerror}") from error
    except Error as error:
        raise Error(f"{path}: {error.message}", error.hint) from error


def unload_receiver(name: str) -> bool:
    """Take back what we gave; False if nothing was ours. Of a receiver that is gone, what was kept for it goes."""
    if kernel.forget_gone(name):
        return True
    return kernel.take_back(discovery.receiver(name)) is not None
