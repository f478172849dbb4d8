"""Names of keys for a person to choose from: what remotes usually have, and a search that forgives. It asks nobody."""

from __future__ import annotations

import difflib
from collections.abc import Collection

from irbpf import keycodes

USUAL = tuple(f"KEY_{name}" for name in (
    "POWER", "NUMERIC_1", "NUMERIC_2", "NUMERIC_3", "NUMERIC_4", "NUMERIC_5", "NUMERIC_6", "NUMERIC_7", "NUMERIC_8", "NUMERIC_9", "NUMERIC_0",
    "VOLUMEUP", "VOLUMEDOWN", "MUTE", "CHANNELUP", "CHANNELDOWN", "UP", "DOWN", "LEFT", "RIGHT", "OK", "MENU", "EXIT", "BACK", "INFO", "EPG",
    "RED", "GREEN", "YELLOW", "BLUE", "PLAY", "PAUSE", "STOP", "RECORD", "REWIND", "FASTFORWARD", "PREVIOUS", "NEXT", "TEXT", "SUBTITLE",
    "LANGUAGE", "AUDIO", "VIDEO", "TV", "RADIO", "SLEEP", "ZOOM", "SETUP", "FAVORITES", "HELP"))
MOST_CHOICES = 8


def suggestion(done: Collection[str]) -> str | None:
    """The next usual key that is not `done`."""
    return next((name for name in USUAL if name not in done), None)


def search(text: str) -> list[str]:
    """The keys that `text` may mean, the likeliest first; one only if it is that for certain."""
    wanted = text.strip().upper().replace(" ", "").replace("-", "")
    if wanted.isdigit() and len(wanted) == 1:
        return [f"KEY_NUMERIC_{wanted}"]
    for name in (wanted, f"KEY_{wanted}", f"BTN_{wanted}"):
        if keycodes.exists(name):
            return [name]
    plain = {name.removeprefix("KEY_").replace("_", ""): name for name in keycodes.names() if name.startswith("KEY_")}
    bare = wanted.removeprefix("KEY_").replace("_", "")
    inside = sorted((name for name in plain if bare and bare in name), key=lambda name: (not name.startswith(bare), plain[name] not in USUAL,
                                                                                         len(name)))
    near = difflib.get_close_matches(bare, plain, MOST_CHOICES, 0.6)
    return [plain[name] for name in dict.fromkeys([*inside, *near])][:MOST_CHOICES]
