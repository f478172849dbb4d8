"""Who may serve a receiver: one process, whoever else starts one at the same time."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from irbpf.engines import control, kernel

AT_ONCE, ROUNDS = 6, 30


def test_of_several_at_once_one_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket that a killed server left lies there each time."""
    monkeypatch.setattr(control, "RUN", tmp_path)
    monkeypatch.setattr("irbpf.engines.journal.RUN", tmp_path)
    for turn in range(ROUNDS):
        rc = f"rc{turn}"
        control.listen(rc).close()
        start = threading.Barrier(AT_ONCE)
        serving, refused, other = [], [], []

        def one(rc: str = rc, start: threading.Barrier = start) -> None:
            start.wait()
            try:
                listening = control.listen(rc)
            except control.Served:
                refused.append(rc)
            except Exception as error:
                other.append(error)
            else:
                serving.append(listening)
                threading.Thread(target=answer, args=(listening,), daemon=True).start()

        threads = [threading.Thread(target=one) for _ in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for listening in serving:
            listening.shutdown(socket.SHUT_RDWR)
        assert (len(serving), len(refused), other) == (1, AT_ONCE - 1, [])


def answer(listening: socket.socket) -> None:
    with listening:
        while True:
            try:
                with control.accepted(listening) as caller:
                    if caller is not None:
                        caller.reply({})
            except OSError:  # it is over
                return


@pytest.mark.parametrize("said", [b"", b'{"pid": 1'])
def test_a_server_that_dies_instead_of_answering_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    monkeypatch.setattr(control, "RUN", tmp_path)
    monkeypatch.setattr("irbpf.engines.journal.RUN", tmp_path)
    with control.listen("rc0") as listening:

        def dies() -> None:
            with control.accepted(listening) as caller:
                assert caller
                caller.connection.sendall(said)

        thread = threading.Thread(target=dies)
        thread.start()
        assert control.call("rc0", "status") is None
        thread.join()


def test_many_call_while_it_is_at_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "RUN", tmp_path)
    monkeypatch.setattr("irbpf.engines.journal.RUN", tmp_path)
    answers = []
    with control.listen("rc0") as listening:
        threads = [threading.Thread(target=lambda: answers.append(control.call("rc0", "status"))) for _ in range(control.WAITING)]
        for thread in threads:
            thread.start()
        for _ in threads:
            with control.accepted(listening) as caller:
                assert caller
                caller.reply({})
        for thread in threads:
            thread.join()
    assert answers == [{}] * control.WAITING


def test_status_asks_while_an_unload_takes_the_pins_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "PINS", tmp_path)
    stop = threading.Event()

    def come_and_go() -> None:
        while not stop.is_set():
            (tmp_path / "rc0").mkdir()
            (tmp_path / "rc0").rmdir()

    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        assert [one for _ in range(5000) for one in kernel._pinned("rc0")] == []
    finally:
        stop.set()
        thread.join()
