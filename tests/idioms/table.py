"""Snippets of Python as people write it, ``IDIOMS``: (name, source) pairs made from the text files of this folder.

In a file, a line ``### name`` opens a snippet, ``### name >= 3.12`` one for newer versions of Python only. The
snippets of ``arrays.txt`` begin with an import of NumPy that is not written out.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

HEADER = re.compile(r"^### (.+?)(?: >= 3\.(\d+))?\n", re.MULTILINE)


def read(file: Path) -> list[tuple[str, str]]:
    """The snippets of one file that this version of Python understands."""
    _, *fields = HEADER.split(file.read_text(encoding="utf-8"))
    found = zip(fields[::3], fields[1::3], fields[2::3], strict=True)
    topic, preamble = file.stem, "import numpy as np\n" if file.stem == "arrays" else ""
    return [(f"{topic}: {name}", preamble + source) for name, minor, source in found if not minor or _is_new(minor)]


def _is_new(minor: str) -> bool:
    return sys.version_info >= (3, int(minor))


IDIOMS: list[tuple[str, str]] = [idiom for file in sorted(Path(__file__).parent.glob("*.txt")) for idiom in read(file)]
