"""How others talk to the process that serves a receiver: a socket for each, in a folder of root's; and how it talks to systemd."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from irbpf.errors import Error
from irbpf.engines.journal import RUN, locked_place

PATIENCE_S = 10.0
MOST_BYTES = 64 << 20
WAITING = 64  # callers, while the server is at work; one more is refused


def path(rc: str) -> Path:
    return RUN / f"{rc}.socket"


class Served(Error):
    """Another process serves the receiver."""


def listen(rc: str) -> socket.socket:
    """The server's end. A socket that a killed server left is replaced; `Served` while one is alive."""
    with locked_place(rc):
        if call(rc, "status") is not None:
            raise Served(f"{rc} is being served already", "see irbpf status")
        return _bound(rc)


def _bound(rc: str) -> socket.socket:
    place = path(rc)
    with suppress(FileNotFoundError):
        place.unlink()
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        mask = os.umask(0o177)
        try:
            listening.bind(str(place))
        finally:
            os.umask(mask)
        listening.listen(WAITING)
    except OSError as error:
        listening.close()
        raise Error(f"{place}: {error.strerror}", "run it as root") from error
    return listening


@dataclass
class Caller:
    """Who calls, and what for: a word and some bytes."""

    connection: socket.socket
    request: tuple[str, bytes]

    def reply(self, answer: dict[str, Any]) -> None:
        with suppress(OSError):
            self.connection.sendall(json.dumps(answer).encode())


@contextmanager
def accepted(listening: socket.socket) -> Iterator[Caller | None]:
    """The next caller; None for one that hangs up or says nothing in time."""
    connection, _ = listening.accept()
    with connection:
        try:
            connection.settimeout(PATIENCE_S)
            word, _, data = _all(connection).partition(b"\n")
        except OSError:
            yield None
        else:
            yield Caller(connection, (word.decode(errors="replace"), data))


def call(rc: str, what: str, data: bytes = b"") -> dict[str, Any] | None:
    """Ask the server of a receiver; None if there is none, or it ended without an answer. Error is what it could not do."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(3 * PATIENCE_S)
        try:
            connection.connect(str(path(rc)))
            connection.sendall(what.encode() + b"\n" + data)
            connection.shutdown(socket.SHUT_WR)
            said = _all(connection)
        except (FileNotFoundError, ConnectionError):
            return None
        except OSError as error:
            raise Error(f"{path(rc)}: {error.strerror or error}", "run it as root") from error
    try:
        answer = json.loads(said)
    except ValueError:  # it was killed on the way
        return None
    if "error" in answer:
        raise Error(answer["error"], answer["hint"])
    return dict(answer)


def _all(connection: socket.socket) -> bytes:
    parts, size = [], 0
    while (part := connection.recv(1 << 16)) and size < MOST_BYTES:
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def notify(state: str) -> None:
    """A line for systemd, where it asked to be told (sd_notify)."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection, suppress(OSError):
        connection.connect("\0" + address[1:] if address[0] == "@" else address)
        connection.send(state.encode())
