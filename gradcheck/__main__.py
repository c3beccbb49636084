"""``python -m gradcheck`` is ``gradcheck``."""

from __future__ import annotations

import os
import sys


def main() -> int:
    """The command line, with an answer to Ctrl-C from its first import on."""
    try:
        from . import cli

        return cli.main()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    if not sys.flags.safe_path and sys.path and os.path.realpath(sys.path[0]) == os.path.realpath(os.curdir):
        # With -m the current folder comes first: a user's rich.py there would be taken for the real one.
        del sys.path[0]
    sys.exit(main())
