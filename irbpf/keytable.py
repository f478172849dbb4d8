"""What ir-keytable's udev rule does to a receiver when it is plugged in: it runs first, ours comes after. It changes nothing."""

from __future__ import annotations

from pathlib import Path

from irbpf.receiver import Receiver

ROOT = Path("/")
RULE = "70-infrared.rules"
_FOLDERS = ("etc/udev/rules.d", "run/udev/rules.d", "usr/lib/udev/rules.d", "lib/udev/rules.d")


def rule() -> Path | None:
    """The rule in force. A file in /etc hides the one of the package; an empty one, or a link to /dev/null, switches it off."""
    for folder in _FOLDERS:
        path = ROOT / folder / RULE
        if path.exists() or path.is_symlink():
            return path if path.is_file() and path.stat().st_size else None
    return None


def table_for(receiver: Receiver) -> str | None:
    """The file that ir-keytable gives the receiver: the first line of rc_maps.cfg that fits."""
    return configured(receiver) if rule() is not None else None


def configured(receiver: Receiver) -> str | None:
    """The file that rc_maps.cfg names for the receiver, whether the rule is in force or not."""
    try:
        lines = (ROOT / "etc/rc_maps.cfg").read_text(errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        words = line.partition("#")[0].split()
        if len(words) == 3 and words[0] in ("*", receiver.driver) and words[1] in ("*", receiver.rc_map):
            return words[2]
    return None


def installed(receiver: Receiver) -> Path | None:
    """The installed table for the receiver: what rc_maps.cfg names, or the one called after its rc_map; the administrator's first."""
    name = configured(receiver) or f"{receiver.rc_map.removeprefix('rc-').replace('-', '_')}.toml"
    folders = ("etc/rc_keymaps", "usr/lib/udev/rc_keymaps", "lib/udev/rc_keymaps")
    return next((path for folder in folders if (path := ROOT / folder / name).is_file()), None)


def note(receiver: Receiver) -> str | None:
    """What the user should know, in one line."""
    table = table_for(receiver)
    if table is None:
        return None
    return (f"ir-keytable's udev rule gives {receiver.rc} the table {table} when it is plugged in; what irbpf loads comes after and "
            f"replaces it (ln -s /dev/null /etc/udev/rules.d/{RULE} switches the rule off)")
