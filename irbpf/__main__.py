"""`python3 -m irbpf` is the command. It holds nothing else."""

from __future__ import annotations

import sys

from irbpf.cli import main

sys.exit(main())
