"""Works out `longer` of the catalogue anew: `python3 -m tests.support.longer` writes it into the files, in a quarter of an hour."""

from __future__ import annotations

import re
from functools import cache

from irbpf import automata
from irbpf.irp.longer import Remote, cut_short, remote
from irbpf.paths import data
from irbpf.protocols import FILES, catalogue

RARE = 0.001  # of a protocol's frames: fewer are no reason to wait
MOST = 3  # names that are kept; one is reason enough


@cache
def kept() -> automata.Automata:
    return automata.of_catalogue()


@cache
def remotes() -> dict[str, Remote]:
    return {name: remote(kept().automaton(name)) for name in kept().index}


def longer(name: str) -> list[str]:
    """The protocols whose frames begin like those of `name` and go on, the likeliest first, then in the order of the catalogue."""
    found = {other: cut_short(kept().automaton(name), sender) for other, sender in remotes().items() if other != name}
    return sorted((other for other, part in found.items() if part >= RARE), key=lambda other: -round(found[other], 3))[:MOST]


def written(text: str, values: dict[str, list[str]]) -> str:
    """The text of a file of the catalogue with `longer` of each entry as in `values`."""
    blocks = re.split(r"(?m)^(?=[^\s#].*:$)", text)
    return "".join(_block(block, values) for block in blocks)


def _block(block: str, values: dict[str, list[str]]) -> str:
    name = re.match(r'"?([^"\n]*?)"?:\n', block)
    if name is None or name[1] not in values:
        return block
    plain = re.sub(r"(?m)^  longer: .*\n", "", block)
    end = max(match.end() for match in re.finditer(r"(?m)^  .*\n", plain))
    listed = ", ".join(f'"{one}"' if re.search(r"[^\w+-]|^[\d+-]", one) else one for one in values[name[1]])
    return f"{plain[:end]}  longer: [{listed}]\n{plain[end:]}"


def main() -> None:
    values = {one.name: longer(one.name) for one in catalogue().decodable()}
    for name in FILES:
        path = data("keymaps", "protocols", name)
        path.write_text(written(path.read_text(), values))


if __name__ == "__main__":
    main()
