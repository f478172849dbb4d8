"""The command: its verbs, its help and its exit codes. The only module that exits; what a verb does is in `irbpf.verbs`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

from irbpf import __version__
from irbpf.errors import Error
from irbpf.verbs import decoding, exchange, keymaps, learning, live, pictures, protocols, proving, receivers, recording, system
from irbpf.verbs.form import VerbParser, Verbs

# Each verb imports what it needs: starting the command must not cost what only another verb uses.
GROUPS = (receivers, live, keymaps, protocols, exchange, decoding, recording, learning, proving, pictures, system)

EXAMPLES = """examples:
  irbpf list                                   the receivers of this machine, and the keymaps that fit
  irbpf load rc0                               give rc0 the keymaps that fit it
  irbpf load rc0 hauppauge ./mine.yaml         give it these
  irbpf decode --protocol nec recording.txt    what is in a recording
  irbpf render nec D=4 F=8 | irbpf decode -    there and back
  irbpf check mine.yaml                        is it right?
"""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="irbpf", description="Infrared protocols in IRP notation, decoded by BPF in the kernel.",
                                  epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    top.add_argument("--version", action="version", version=f"irbpf {__version__}")
    verbs = Verbs(top.add_subparsers(dest="verb", required=True, metavar="VERB", parser_class=VerbParser))
    for group in GROUPS:
        group.add(verbs)
    top.set_defaults(parser=top)  # for the verb that writes pages from it
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """0 done, 1 failed, 2 wrong usage."""
    sys.stdout = sys.stdout or open(os.devnull, "w")  # closed: print() would raise, or take the other for it
    sys.stderr = sys.stderr or open(os.devnull, "w")
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # what the locale has no letters for, as on standard error
    try:
        args = parser().parse_args(argv)
        code = int(args.does(args))
        if sys.stdout is not None:
            sys.stdout.flush()  # here, where a failure can be told
        return code
    except Error as error:
        print(f"irbpf: {error}", file=sys.stderr)
        return 1
    except (MemoryError, RecursionError):
        print("irbpf: this takes more memory than there is (give it less at once)", file=sys.stderr)
        return 1
    except OSError as error:  # what nobody explained: mostly a standard output that is closed or full
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if not isinstance(error, BrokenPipeError):
            print(f"irbpf: {error.filename or 'standard output'}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
