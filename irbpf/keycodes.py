"""Names and numbers of keys, as in linux/input-event-codes.h. evdev is imported only when a name is looked up."""

from __future__ import annotations

import functools
import importlib.machinery
import importlib.util
from collections.abc import Mapping

from irbpf.errors import Error
from irbpf.problems import nearest

X11_MOST = 247  # keycode + 8 has to fit a byte


@functools.cache
def _numbers() -> Mapping[str, int]:
    try:
        table = _ecodes()
    except ImportError as error:
        raise Error("python-evdev is not installed", "install python3-evdev") from error
    return {name: int(number) for name, number in table.items() if name.startswith(("KEY_", "BTN_"))}


def _ecodes() -> Mapping[str, int]:
    """The constants of python-evdev, from its extension module alone: the package imports asyncio, which costs more than a load."""
    package = importlib.util.find_spec("evdev")
    places = package.submodule_search_locations if package is not None else None
    spec = importlib.machinery.PathFinder.find_spec("_ecodes", places) if places else None
    if spec is None or spec.loader is None:
        from evdev import ecodes

        return dict(ecodes.ecodes)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return vars(module)


def number(name: str) -> int:
    """The keycode of `name`; Error with the nearest name for one that there is not."""
    if name in _numbers():
        return _numbers()[name]
    raise Error(f"there is no key {name[:60]!r}", nearest(name, _numbers()) or "names are as in input-event-codes.h")


@functools.cache
def _names() -> Mapping[int, str]:
    names: dict[int, str] = {}
    for name, code in _numbers().items():
        if code not in names or (names[code].startswith("BTN_") and name.startswith("KEY_")):
            names[code] = name
    return names


def name(keycode: int) -> str:
    return _names().get(keycode, f"{keycode:#x}")


def exists(name: str) -> bool:
    return name in _numbers()


def names() -> tuple[str, ...]:
    """The names of all keys."""
    return tuple(_numbers())
