"""Receivers that are no ordinary ones, as sysfs describes them: what is read, and what is said of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from irbpf import discovery, keytable, watch
from irbpf.engines import holding, kernel
from irbpf.errors import Error, Gone
from irbpf.receiver import Receiver


@pytest.fixture()
def rc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A receiver with everything but its `protocols`."""
    monkeypatch.setattr(discovery, "RC", tmp_path)
    folder = tmp_path / "rc0"
    (folder / "lirc0").mkdir(parents=True)
    (folder / "input7" / "event3").mkdir(parents=True)
    (folder / "input7" / "id").mkdir()
    for name, value in (("bustype", "0003"), ("vendor", "2304"), ("product", "0225")):
        (folder / "input7" / "id" / name).write_text(value + "\n")
    (folder / "uevent").write_text("NAME=rc-hauppauge\nDRV_NAME=saa7134\nDEV_NAME=A card\n")
    return folder


@pytest.mark.parametrize(("protocols", "raw"), [("[rc-5] nec [lirc] \n", True), ("[rc-5]\n", False)])
def test_pulses_or_scancodes(rc: Path, protocols: str, raw: bool) -> None:
    (rc / "protocols").write_text(protocols)
    one = discovery.receiver("rc0")
    assert one == Receiver("rc0", "A card", "saa7134", "rc-hauppauge", 3, 0x2304, 0x0225, "", "/dev/lirc0", "/dev/input/event3", raw)
    assert (kernel.unfit(one) is None) == raw
    assert raw or "decodes in its own hardware" in str(kernel.unfit(one))
    assert holding.needed(one) == raw


def test_unplugged_while_it_is_looked_at(rc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its folder is still listed, and cannot be opened any more: whoever looks goes on, `irbpf watch` above all."""
    (rc / "protocols").write_text("[rc-5] nec [lirc] \n")
    assert list(watch.catch_up({"rc0": watch.Watched(discovery.identity("rc0"))})) == []
    there = os.scandir

    def gone(path: str) -> object:
        if Path(path).name == "input7":
            raise FileNotFoundError(2, "No such file or directory", path)
        return there(path)

    monkeypatch.setattr(os, "scandir", gone)
    for look in (discovery.event_nodes, discovery.read_receiver):
        with pytest.raises(Gone, match="rc0: the receiver is gone"):
            look("rc0")
    assert discovery.receivers() == []
    assert list(watch.catch_up({})) == []


def test_one_that_only_sends(rc: Path) -> None:
    for path in (rc / "input7" / "id", rc / "input7"):
        for child in path.iterdir():
            child.unlink() if child.is_file() else child.rmdir()
    (rc / "input7").rmdir()
    one = discovery.receiver("rc0")
    assert one.event is None and not one.raw
    with pytest.raises(Error, match="only sends"):
        kernel.check(one)


def test_no_lirc_device(rc: Path) -> None:
    (rc / "lirc0").rmdir()
    (rc / "protocols").write_text("[cec]\n")
    assert "no lirc device" in str(kernel.unfit(discovery.receiver("rc0")))


def test_one_that_is_going(rc: Path) -> None:
    (rc / "uevent").unlink()
    assert discovery.receivers() == []
    with pytest.raises(Gone):
        discovery.receiver("rc0")
    with pytest.raises(Error, match="there is no receiver rc1"):
        discovery.receiver("rc1")


@pytest.fixture()
def debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(keytable, "ROOT", tmp_path)
    for folder in ("etc/udev/rules.d", "usr/lib/udev/rules.d"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "usr/lib/udev/rules.d" / keytable.RULE).write_text("RUN+=ir-keytable\n")
    (tmp_path / "etc/rc_maps.cfg").write_text("# driver table file\n* rc-other other.toml\n* rc-hauppauge hauppauge.toml # grey\n* * all.toml\n")
    return tmp_path


def test_what_ir_keytable_would_give(debian: Path) -> None:
    one = Receiver("rc0", "", "saa7134", "rc-hauppauge")
    assert keytable.table_for(one) == "hauppauge.toml"
    assert "rc0" in str(keytable.note(one)) and "hauppauge.toml" in str(keytable.note(one))
    (debian / "etc/udev/rules.d" / keytable.RULE).symlink_to("/dev/null")
    assert keytable.note(one) is None
