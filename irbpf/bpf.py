"""bpf(2) through libbpf.so.1: load an object, run it, pin it, attach it. It compiles nothing and knows no protocol."""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import struct
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from irbpf.errors import Error, Gone
from irbpf.objects import MEMBERS, SHARED_MAPS, MapSpec, Object

LIRC_MODE2, SCHED_CLS = 20, 3  # enum bpf_prog_type
ATTACH_LIRC_MODE2 = 16  # enum bpf_attach_type
PROGRAM_TYPES = {"lirc": LIRC_MODE2, "test_run": SCHED_CLS}
LOG_SIZE = 1 << 20


class Unsupported(Error):
    """This kernel has no BPF_PROG_TYPE_LIRC_MODE2 (CONFIG_BPF_LIRC_MODE2)."""


class _LoadOptions(ctypes.Structure):
    _fields_ = [("sz", ctypes.c_size_t), ("attempts", ctypes.c_int), ("expected_attach_type", ctypes.c_uint32),
                ("prog_btf_fd", ctypes.c_uint32), ("prog_flags", ctypes.c_uint32), ("prog_ifindex", ctypes.c_uint32),
                ("kern_version", ctypes.c_uint32), ("attach_btf_id", ctypes.c_uint32), ("attach_prog_fd", ctypes.c_uint32),
                ("attach_btf_obj_fd", ctypes.c_uint32), ("fd_array", ctypes.c_void_p), ("func_info", ctypes.c_void_p),
                ("func_info_cnt", ctypes.c_uint32), ("func_info_rec_size", ctypes.c_uint32), ("line_info", ctypes.c_void_p),
                ("line_info_cnt", ctypes.c_uint32), ("line_info_rec_size", ctypes.c_uint32), ("log_level", ctypes.c_uint32),
                ("log_size", ctypes.c_uint32), ("log_buf", ctypes.c_void_p)]


class _MapOptions(ctypes.Structure):
    _fields_ = [("sz", ctypes.c_size_t), ("btf_fd", ctypes.c_uint32), ("btf_key_type_id", ctypes.c_uint32),
                ("btf_value_type_id", ctypes.c_uint32), ("btf_vmlinux_value_type_id", ctypes.c_uint32),
                ("inner_map_fd", ctypes.c_uint32), ("map_flags", ctypes.c_uint32), ("map_extra", ctypes.c_uint64),
                ("numa_node", ctypes.c_uint32), ("map_ifindex", ctypes.c_uint32)]


class _TestRunOptions(ctypes.Structure):
    _fields_ = [("sz", ctypes.c_size_t), ("data_in", ctypes.c_void_p), ("data_out", ctypes.c_void_p),
                ("data_size_in", ctypes.c_uint32), ("data_size_out", ctypes.c_uint32), ("ctx_in", ctypes.c_void_p),
                ("ctx_out", ctypes.c_void_p), ("ctx_size_in", ctypes.c_uint32), ("ctx_size_out", ctypes.c_uint32),
                ("retval", ctypes.c_uint32), ("repeat", ctypes.c_int), ("duration", ctypes.c_uint32), ("flags", ctypes.c_uint32),
                ("cpu", ctypes.c_uint32), ("batch_size", ctypes.c_uint32)]


@functools.cache
def _library() -> ctypes.CDLL:
    try:
        return ctypes.CDLL("libbpf.so.1", use_errno=True)
    except OSError as error:
        raise Error(f"libbpf.so.1 cannot be loaded: {error}", "install libbpf1") from error


def _call(name: str, *arguments: object) -> int:
    """A function of libbpf that returns a number or -1; a call that a signal broke off is made again."""
    while True:
        result = int(getattr(_library(), name)(*arguments))
        code = ctypes.get_errno()
        if result < 0 and code in (errno.EINTR, errno.EAGAIN):
            continue
        if result < 0:
            raise OSError(code or -result, os.strerror(code or -result))
        return result


def explain(error: OSError, doing: str) -> Error:
    """What a user can do about a refusal of bpf(2)."""
    if error.errno == errno.ENODEV:
        return Gone("the receiver is gone")
    if error.errno in (errno.EPERM, errno.EACCES):
        hint = "run it as root, or with CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON"
    elif error.errno == errno.ENOSYS:
        hint = "this kernel is built without CONFIG_BPF_SYSCALL"
    else:
        hint = ""
    return Error(f"{doing}: {os.strerror(error.errno or 0)}", hint)


@dataclass
class Program(AbstractContextManager["Program"]):
    """A loaded program and its maps (name -> fd); it owns the fds. The kernel keeps what is attached or pinned."""

    name: str
    fd: int
    maps: dict[str, int]
    slot: int | None = None

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for fd in [self.fd, *self.maps.values()]:
            if fd >= 0:
                os.close(fd)
        self.fd, self.maps = -1, {}

    @property
    def id(self) -> int:
        return program_id(self.fd)


def load(program: Object, shared: Mapping[str, int] | None = None) -> Program:
    """Create the maps of `program`, fill them, and load it. Error ends with what the verifier said; `Unsupported` where the
    kernel does not know the type. `shared`: maps (name -> fd) that there are already."""
    maps: dict[str, int] = {}
    try:
        for spec in program.maps:
            maps[spec.name] = os.dup(shared[spec.name]) if shared and spec.name in shared else _create_map(spec)
        fds = [maps[spec.name] for spec in program.maps]
        return Program(program.name, _load(program, _relocated(program, fds)), maps, program.slot)
    except BaseException:
        for fd in maps.values():
            os.close(fd)
        raise


def load_together(programs: Sequence[Object]) -> list[Program]:
    """Load the programs of one receiver, which share the maps that are named in `SHARED_MAPS`."""
    loaded: list[Program] = []
    shared: dict[str, int] = {}
    with ExitStack() as undo:
        for one in programs:
            loaded.append(undo.enter_context(load(one, shared)))
            shared |= {name: fd for name, fd in loaded[-1].maps.items() if name in SHARED_MAPS}
        for program in loaded:
            if program.slot is not None:
                update_map(shared[MEMBERS], program.slot, struct.pack("=I", program.fd))
        undo.pop_all()
    return loaded


def _create_map(spec: MapSpec) -> int:
    options = _MapOptions(sz=ctypes.sizeof(_MapOptions), map_flags=spec.flags)
    try:
        fd = _call("bpf_map_create", spec.type, spec.name[:15].encode(), spec.key_size, spec.value_size, spec.max_entries,
                   ctypes.byref(options))
    except OSError as error:
        raise explain(error, f"map {spec.name} cannot be created") from error
    try:
        for index in range(len(spec.contents) // max(1, spec.value_size)):
            update_map(fd, index, spec.contents[index * spec.value_size:(index + 1) * spec.value_size])
    except BaseException:
        os.close(fd)
        raise
    return fd


def _relocated(program: Object, fds: list[int]) -> bytes:
    code = bytearray(program.instructions)
    for instruction, index in program.relocations:
        struct.pack_into("=i", code, instruction * 8 + 4, fds[index])
    return bytes(code)


def _load(program: Object, code: bytes) -> int:
    kind = PROGRAM_TYPES[program.host]
    try:
        return _load_once(program, kind, code, None)
    except OSError as first:
        log = ctypes.create_string_buffer(LOG_SIZE)
        try:
            return _load_once(program, kind, code, log)
        except OSError as error:
            said = log.value.decode(errors="replace").strip()
            if kind == LIRC_MODE2 and error.errno == errno.EINVAL and not said:
                raise Unsupported("this kernel cannot attach BPF decoders to infrared receivers",
                                  "it needs CONFIG_BPF_LIRC_MODE2=y, which needs CONFIG_RC_CORE=y; see irbpf doctor") from error
            if said:
                last = "\n".join(said.splitlines()[-12:])
                raise Error(f"the verifier refused {program.name}: {os.strerror(error.errno or 0)}\n{last}") from error
            raise explain(first, f"program {program.name} cannot be loaded") from error


def _load_once(program: Object, kind: int, code: bytes, log: ctypes.Array[ctypes.c_char] | None) -> int:
    options = _LoadOptions(sz=ctypes.sizeof(_LoadOptions), expected_attach_type=ATTACH_LIRC_MODE2 if kind == LIRC_MODE2 else 0)
    if log is not None:
        options.log_level, options.log_size, options.log_buf = 1, LOG_SIZE, ctypes.addressof(log)
    return _call("bpf_prog_load", kind, program.name.encode(), program.license.encode(), code, ctypes.c_size_t(len(code) // 8),
                 ctypes.byref(options))


def update_map(fd: int, index: int, value: bytes) -> None:
    _call("bpf_map_update_elem", fd, struct.pack("=I", index), value, ctypes.c_uint64(0))


class TestRuns:
    """BPF_PROG_TEST_RUN of one program, over one packet of at most `room` bytes: `packet` is what it reads, and what it wrote."""

    __test__ = False  # pytest takes it for tests

    def __init__(self, program: Program, room: int) -> None:
        self.program = program
        self.buffer = ctypes.create_string_buffer(room)
        self.packet = memoryview(self.buffer).cast("B")
        place = ctypes.addressof(self.buffer)
        self.options = _TestRunOptions(sz=ctypes.sizeof(_TestRunOptions), data_in=place, data_out=place)
        self.by_reference = ctypes.byref(self.options)
        self.call = _library().bpf_prog_test_run_opts  # looked up once: this is what runs for every signal

    def run(self, size: int, repeat: int = 1) -> int:
        """Run it `repeat` times over the first `size` bytes; returns the mean time of one run in ns."""
        self.options.data_size_in = self.options.data_size_out = size
        self.options.repeat = repeat
        while self.call(self.program.fd, self.by_reference) < 0:
            code = ctypes.get_errno()
            if code not in (errno.EINTR, errno.EAGAIN):
                raise explain(OSError(code, os.strerror(code)), "BPF_PROG_TEST_RUN")
        return int(self.options.duration)


# -- pins, ids ------------------------------------------------------------------------------------------------------


def pin(fd: int, path: Path) -> None:
    try:
        _call("bpf_obj_pin", fd, os.fsencode(path))
    except OSError as error:
        raise explain(error, f"{path} cannot be pinned") from error


def open_pinned(path: Path) -> int:
    """The fd of what is pinned at `path`; FileNotFoundError where there is nothing."""
    try:
        return _call("bpf_obj_get", os.fsencode(path))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise explain(error, f"{path} cannot be opened") from error


def program_id(fd: int) -> int:
    """The id of a loaded program, as `bpftool` shows it."""
    return program_info(fd)[0]


def program_info(fd: int) -> tuple[int, str]:
    """Id and name of a program (struct bpf_prog_info: type, id, tag[8], ..., name at offset 64)."""
    info = ctypes.create_string_buffer(256)
    size = ctypes.c_uint32(len(info))
    _call("bpf_obj_get_info_by_fd", fd, ctypes.byref(info), ctypes.byref(size))
    return struct.unpack_from("=I", info.raw, 4)[0], info.raw[64:80].split(b"\0")[0].decode(errors="replace")


# -- lirc -----------------------------------------------------------------------------------------------------------


def attach(program_fd: int, lirc_fd: int) -> None:
    """Attach a program to a lirc device that was opened for writing (rc/bpf-lirc.c asks for that); one that is attached there
    already stays. `Gone` when the receiver is unplugged."""
    try:
        _call("bpf_prog_attach", program_fd, lirc_fd, ATTACH_LIRC_MODE2, ctypes.c_uint32(0))
    except OSError as error:
        if error.errno == errno.E2BIG:
            raise Error("the receiver has 64 programs already", "detach some: see irbpf status") from error
        if error.errno == errno.EEXIST:
            return
        raise explain(error, "the program cannot be attached") from error


def detach(program_fd: int, lirc_fd: int) -> None:
    """Detach; a program that is not attached there is no error. `Gone` when the receiver is unplugged."""
    try:
        with suppress(FileNotFoundError):
            _call("bpf_prog_detach2", program_fd, lirc_fd, ATTACH_LIRC_MODE2)
    except OSError as error:
        raise explain(error, "the program cannot be detached") from error


def attached(lirc_fd: int) -> list[int]:
    """The ids of the programs on a lirc device that was opened for writing, in the order in which they run. `Gone` when the receiver is
    unplugged.

    Of one that is, the kernel reads through a null pointer (rc/bpf-lirc.c, lirc_prog_query), already while its lirc device still answers;
    seen once among 1,000 plug cycles.
    Attach and detach look first, so what was never attached is detached just before; only the moment between the two calls is left.
    """
    count = ctypes.c_uint32(64)
    ids = (ctypes.c_uint32 * 64)()
    try:
        with _a_stranger() as stranger:
            if stranger is not None:
                with suppress(FileNotFoundError):
                    _call("bpf_prog_detach2", stranger.fd, lirc_fd, ATTACH_LIRC_MODE2)
            _call("bpf_prog_query", lirc_fd, ATTACH_LIRC_MODE2, ctypes.c_uint32(0), None, ids, ctypes.byref(count))
    except OSError as error:
        if error.errno == errno.EINVAL:  # a kernel without CONFIG_BPF_LIRC_MODE2: there are none
            return []
        raise explain(error, "the programs of the receiver cannot be listed") from error
    return list(ids)[:count.value]


def _a_stranger() -> AbstractContextManager[Program | None]:
    """A program for lirc devices that is on none; None where the kernel has no such programs."""
    try:
        return load(Object("stranger", "lirc", _RETURN_0, (), ()))
    except Error:
        return nullcontext()


# -- probing --------------------------------------------------------------------------------------------------------

_RETURN_0 = bytes.fromhex("b700000000000000" "9500000000000000")


def probe() -> Mapping[str, Error | None]:
    """For each host, None if this kernel runs its programs, else why not."""
    found: dict[str, Error | None] = {}
    for host in PROGRAM_TYPES:
        try:
            with load(Object("probe", host, _RETURN_0, (), ())) as program:
                if host == "test_run":
                    TestRuns(program, 64).run(64)
            found[host] = None
        except Error as error:
            found[host] = error
    return found
