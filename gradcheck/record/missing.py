"""What is told of a file or a package that is not there: what the script wanted from it, and what to do."""

from __future__ import annotations

import linecache
import os
import re
import sys
import traceback

from ..cells import split_file
from .sources import where

# NumPy's text readers raise without a file name: "data.csv not found."
_NOT_FOUND = re.compile(r"(?P<name>.+) not found\.\Z")
# How data comes in by a package that many scripts import for nothing else.
_READING = {"pandas": r"\bread_\w+\s*\(", "PIL": r"\bImage\.open\s*\(", "cv2": r"\bimread\s*\(", "h5py": r"\bFile\s*\(",
            "scipy": r"\bloadmat\s*\(", "imageio": r"\bimread\s*\("}  # fmt: skip
_LONGEST = 90


def file_of(error: FileNotFoundError) -> str:
    """The name of the file that was not found, "" where it cannot be told or where it is a program."""
    frames = list(traceback.walk_tb(error.__traceback__))
    if frames and frames[-1][0].f_globals.get("__name__") == "subprocess":
        return ""
    if isinstance(error.filename, str | bytes):
        return os.fsdecode(error.filename)
    match = _NOT_FOUND.match(str(error))
    return match["name"] if match else ""


def file_words(name: str, file: str, line: int | None) -> str:
    """Which line wants the file, where it was looked for, and where it is if it is near."""
    asking = f"{where(file, line)}, {_quoted(file, line)}" if line else "the script"
    folder = _current()
    found = _near(name, folder)
    if found:
        advice = f"it is in {found}: run gradcheck from there"
    else:
        advice = "put it there, or run gradcheck from the folder that it is seen from"
    looked = "" if os.path.isabs(name) else f" (looked for in {folder})"
    return f"{asking} wants the file {name!r}, which is not there{looked}; {advice}"


def package_words(package: str, file: str) -> str:
    """That the package is missing, what the script reads with it, and what to do."""
    reading = _reading(package, file)
    use = f"; it reads its data with it ({reading})" if reading else ""
    advice = f"install it (python -m pip install {package}) or name the Python that has it (--python PATH)"
    return f"the script needs the package {package!r}, which this Python does not have{use}; {advice}"


def _quoted(file: str, line: int) -> str:
    text = " ".join(linecache.getline(file, line).split())
    return f"`{text if len(text) <= _LONGEST else text[: _LONGEST - 3] + '...'}`,"


def _near(name: str, folder: str) -> str:
    """The script's folder or one above it, if the file is found from there."""
    if os.path.isabs(name):
        return ""
    place = os.path.dirname(os.path.abspath(sys.argv[0])) if sys.argv else folder
    for _ in range(3):
        if place != folder and os.path.exists(os.path.join(place, name)):
            return place
        place = os.path.dirname(place)
    return ""


def _reading(package: str, file: str) -> str:
    """The first line that reads data by the package, with its place."""
    pattern = _READING.get(package)
    if pattern is None:
        return ""
    notebook = split_file(file)[0]
    cells = [name for name in list(linecache.cache) if name != file and split_file(name)[0] == notebook]
    for name in [file, *cells]:
        for number, text in enumerate(linecache.getlines(name), 1):
            if re.search(pattern, text) and not text.lstrip().startswith(("#", "import", "from")):
                return f"{where(name, number)}, {_quoted(name, number)[:-1]}"
    return ""


def _current() -> str:
    try:
        return os.getcwd()
    except OSError:
        return "a folder that is gone"
