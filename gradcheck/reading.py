"""Source files as Python reads them, and the text of those that a report speaks of."""

from __future__ import annotations

import os
import tokenize
from functools import lru_cache
from pathlib import Path

from .results import Json, Report

LARGEST = 400_000  # characters of one file that a report carries; a longer one is data, not a training script


def inside(report: Report, file: str) -> str:
    """A file as seen from the script's folder, if it is in there; else as it is."""
    folder = os.path.join(str(report.script.get("folder", "")), "")
    return file.removeprefix(folder) if os.path.isabs(file) and folder else file


def named_files(report: Report) -> list[str]:
    """The files that hold the script and all places that the report names, the script first."""
    places = [
        *(f.file for f in report.findings),
        *(s.file for f in report.findings for s in f.related),
        *(p.file for p in report.parameters),
        *(t.loss.file for t in report.trainings),
        *(row.file for row in report.backward),
        *(n.file for n in report.not_checked),
    ]
    script = os.path.basename(str(report.script.get("path", "")))
    return list(dict.fromkeys([script, *(inside(report, place) for place in places if place)]))


def texts(report: Report) -> Json:
    """Text by file, as the report names them; files that cannot be read or are no script's size are left out."""
    found: Json = {}
    for name in named_files(report):
        text = "\n".join(lines_of(os.path.join(str(report.script.get("folder", "")), name)))
        if text and len(text) <= LARGEST:
            found[name] = text
    return found


def lines_of(path: str) -> tuple[str, ...]:
    """The lines of a source file; empty when it cannot be read."""
    try:
        stamp = os.stat(path).st_mtime_ns
    except (OSError, ValueError):
        return ()
    return _read(path, stamp)


@lru_cache(maxsize=64)
def _read(path: str, stamp: int) -> tuple[str, ...]:
    try:
        with tokenize.open(path) as stream:
            text = stream.read()
    except (SyntaxError, UnicodeDecodeError):
        text = Path(path).read_text(encoding="latin-1")
    except OSError:
        return ()
    return split(text)


def split(text: str) -> tuple[str, ...]:
    """Lines as Python counts them."""
    # Not splitlines(): a form feed or U+2028 inside a line is no new line to Python.
    return tuple(line.rstrip("\n") for line in text.split("\n"))
