"""``python -m gradcheck`` is ``gradcheck``."""

from __future__ import annotations

import os
import sys

if not sys.flags.safe_path and sys.path and os.path.realpath(sys.path[0]) == os.path.realpath(os.curdir):
    # With -m the current folder comes first: a user's json.py or rich.py there would be taken for the real one.
    del sys.path[0]

from .cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
