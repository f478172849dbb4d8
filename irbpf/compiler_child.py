"""The child process that compiles: reads sources as JSON, writes bytecode as JSON. The only module that imports bcc.

It stands alone (no import from irbpf), because it runs under the distribution's interpreter with nothing else on its path.
"""

from __future__ import annotations

import base64
import json
import struct
import sys
from typing import Any

PSEUDO_MAP_FD = 1
LOAD_64 = 0x18


def main() -> int:
    request = json.load(sys.stdin)
    try:
        from bcc import BPF
    except ImportError:
        return answer({"error": "bcc is not installed",
                       "hint": "install python3-bpfcc, or load objects that irbpf build made on another machine"})
    objects = []
    for source in request["sources"]:
        flags = ["-Wno-unused-function", "-Wno-unused-variable", "-Wno-macro-redefined"]
        flags += [f"-isystem{request['system'][0]}", *(f"-I{path}" for path in request["system"][1:])] if request["system"] else []
        try:
            program = BPF(text=source["text"], cflags=flags)
            objects.append(describe(program))
        except Exception as error:
            return answer({"error": f"{source['name']} does not compile ({str(error)[:200]})"})
    return answer({"objects": objects})


def answer(value: dict[str, Any]) -> int:
    sys.stdout.write(json.dumps(value) + "\n")
    return 0


def describe(program: Any) -> dict[str, Any]:
    """Bytecode with the fds of maps turned into indices, and what those maps are."""
    code = bytearray(program.dump_func("decode"))
    tables = {program[name].map_fd: (name.decode(), program[name]) for name in table_names(program)}
    order: list[int] = []
    relocations = []
    for at in range(len(code) // 8):
        opcode, registers, _, value = struct.unpack_from("=BBhi", code, at * 8)
        if opcode == LOAD_64 and registers >> 4 == PSEUDO_MAP_FD:
            if value not in order:
                order.append(value)
            relocations.append((at, order.index(value)))
            struct.pack_into("=i", code, at * 8 + 4, 0)
    return {"code": base64.b64encode(code).decode(), "relocations": relocations,
            "maps": [spec(*tables[fd]) for fd in order]}


def table_names(program: Any) -> list[bytes]:
    """The names of the program's maps; bcc's Python has no list of them, its library does."""
    import ctypes

    from bcc.libbcc import lib

    lib.bpf_num_tables.restype, lib.bpf_num_tables.argtypes = ctypes.c_size_t, [ctypes.c_void_p]
    lib.bpf_table_name.restype, lib.bpf_table_name.argtypes = ctypes.c_char_p, [ctypes.c_void_p, ctypes.c_size_t]
    return [lib.bpf_table_name(program.module, index) for index in range(lib.bpf_num_tables(program.module))]


def spec(name: str, table: Any) -> list[Any]:
    import ctypes

    from bcc.libbcc import lib

    kind = int(lib.bpf_table_type_id(table.bpf.module, table.map_id))
    return [name, kind, ctypes.sizeof(table.Key), ctypes.sizeof(table.Leaf), int(table.max_entries), int(table.flags)]


if __name__ == "__main__":
    sys.exit(main())
