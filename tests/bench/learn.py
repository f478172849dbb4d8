"""How well remotes are learned from recordings alone: the shared captures grouped by remote, the protocols' names hidden.

`python3 -m tests.bench.learn [PATTERN]` prints two figures and a table of the misses; a test runs it over a part (`--every N`).
known: the catalogue's right protocol, or one that is equal to it (what it sends for what it read, the right one reads as before).
unknown: with the whole catalogue taken away, one line that decodes all presses, different keys apart.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from irbpf.errors import Error
from irbpf.irp.automaton import build_automaton
from irbpf.irp.interpreter import Interpreter
from irbpf.irp.render import press as render_press
from irbpf.learn.analysis import propose
from irbpf.learn.press import Press
from irbpf.learn.proof import decode
from irbpf.learn.remote import Group, learn
from irbpf.protocols import Protocol, catalogue
from irbpf.replay import Player, of_catalogue
from tests.conftest import shared_folder

SIDE = {"basis", "misc", "reps", "beg", "end", "by", "call", "irmp_id", "bits"}  # what in `expect` says nothing about the key
TOGGLES = {"T", "T1", "T2", "CRC"}
# names that other decoders give to protocols of the catalogue
OTHERS = {"SIRCS": "sony12", "SIRC": "sony12", "SIRC15": "sony15", "SIRC20": "sony20", "SAMSUNG32": "necx", "DIRECTV": "DirecTV_P1",
          "METZ": "Metz19", "DISH": "Dish_Network", "GICABLE": "G.I.Cable", "WHYNTER": "Whynter", "MELINERA": None, "DENON": "sharp"}


@dataclass(frozen=True)
class Remote:
    group: str
    truth: str
    presses: tuple[Press, ...]

    @property
    def title(self) -> str:
        return f"{self.truth:14} {self.group.rsplit('/', 1)[-1][:40]}"


@dataclass(frozen=True)
class Outcome:
    """`known` is None where the protocol is not in the catalogue; texts say why not, "" where right."""

    remote: Remote
    known: str | None
    unknown: str


def key_of(row: dict[str, Any]) -> str:
    """What must be the same for the same key and another for another one."""
    if "linux_scancode" in row:
        return f"{row['linux_scancode']:#x}"
    said = {name: value for name, value in (row.get("expect") or {}).items() if name not in SIDE}
    if "params" in said:
        said["params"] = {name: value for name, value in said["params"].items() if name not in TOGGLES}
    elif not {"command", "value", "address", "state", "data"} & set(said):
        said["note"] = row.get("note") or row["id"]
    return json.dumps(said, sort_keys=True)


def remotes(captures: Path, least: int = 2) -> list[Remote]:
    """Remotes with at least `least` presses; captures of several keys at once are left out."""
    groups: dict[tuple[str, str], list[Press]] = defaultdict(list)
    with gzip.open(captures, "rt") as lines:
        for row in map(json.loads, lines):
            mixed = {"linux_also", "linux_other", "linux_unverified"} & set(row) or (row.get("expect") or {}).get("others")
            if not mixed:
                groups[row["group"], row["protocol_key"]].append(Press(key_of(row), tuple(row["timings"]), row["id"]))
    return [Remote(group, name, tuple(presses)) for (group, name), presses in sorted(groups.items()) if len(presses) >= least]


def right(remote: Remote) -> Protocol | None:
    """The catalogue's protocol for a remote, where its name is known."""
    name = OTHERS.get(remote.truth, remote.truth)
    one = catalogue()[name] if name is not None and name in catalogue() else None
    return one if one is not None and not one.undecodable else None


def judged(remote: Remote, player: Player) -> Outcome:
    truth = right(remote)
    proposal = propose(remote.presses)
    covered = len(proposal.proof.covered) if proposal else 0
    unknown = "" if covered == len(remote.presses) else f"{covered} of {len(remote.presses)} presses"
    if truth is None:
        return Outcome(remote, None, unknown)
    groups = learn(remote.presses, player, name="own").groups
    wrong = [why for group in groups if group.protocol.name != truth.name and (why := _unequal(group, truth))]
    count = sum(len(group.presses) for group in groups)
    if not wrong and count < len(remote.presses):
        wrong = [f"{count} of {len(remote.presses)} presses"]
    return Outcome(remote, "; ".join(wrong), unknown)


def _unequal(group: Group, truth: Protocol) -> str:
    """Why the learned protocol is not equal to the right one, "" where it is."""
    ours, theirs = Interpreter(build_automaton(group.protocol)), Interpreter(build_automaton(truth))
    for press in group.presses:
        have = {event.scancode for event in decode(theirs, press.durations)}
        try:
            sent = render_press(group.protocol.irp, decode(ours, press.durations)[0].params, 1)
        except (Error, IndexError) as error:
            return f"{group.protocol.name}: {error}"
        again = {event.scancode for event in decode(theirs, tuple(sent[:len(sent) - (len(sent) + 1) % 2]))}
        if have and not have & again:
            return f"{group.protocol.name} says something else"
    return ""


def run(chosen: Sequence[Remote]) -> Iterator[Outcome]:
    with Player(of_catalogue(), "python") as player:
        for remote in chosen:
            yield judged(remote, player)


def figures(outcomes: Sequence[Outcome]) -> list[str]:
    known = [one for one in outcomes if one.known is not None]
    good, found = sum(not one.known for one in known), sum(not one.unknown for one in outcomes)
    return [f"learn, known: {good} of {len(known)} remotes ({100 * good / max(1, len(known)):.1f} %; wanted 95 %)",
            f"learn, unknown: {found} of {len(outcomes)} remotes ({100 * found / max(1, len(outcomes)):.1f} %; wanted 80 %)"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pattern", nargs="?", default="", help="only remotes whose name has this in it")
    parser.add_argument("--every", type=int, default=1, help="only each so manieth")
    args = parser.parse_args()
    chosen = [one for one in remotes(shared_folder() / "corpus" / "captures.jsonl.gz") if re.search(args.pattern, f"{one.group} {one.truth}")]
    outcomes = []
    for outcome in run(chosen[::args.every]):
        outcomes.append(outcome)
        if outcome.known:
            print(f"known    {outcome.remote.title}: {outcome.known}", flush=True)
        if outcome.unknown:
            print(f"unknown  {outcome.remote.title}: {outcome.unknown}", flush=True)
    print("\n".join(figures(outcomes)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
