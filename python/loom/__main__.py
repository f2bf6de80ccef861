"""python3 -m loom SCRIPT.py ARGUMENTS: runs a kernel script, with stand-ins for torch and helion where these are not installed."""
from __future__ import annotations

import os
import runpy
import sys

from . import stand_in


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        raise SystemExit(0 if len(sys.argv) > 1 else 2)
    del sys.argv[0]
    stand_in.enable()
    sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))
    runpy.run_path(sys.argv[0], run_name="__main__")


main()
