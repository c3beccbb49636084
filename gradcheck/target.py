"""What is to be checked, and with which interpreter: from what the user typed to two absolute paths."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .cells import Cell, read_notebook
from .errors import EnvironmentFailure, InputError, UsageError
from .options import near_miss

ENTRY_NAMES = ("train.py", "main.py", "model.py", "__main__.py")
OLDEST = (3, 11)
PROBE = (
    "import importlib.util as u, json, sys; "
    "print(json.dumps([list(sys.version_info[:2]), u.find_spec('numpy') is not None]))"
)
PROBE_SECONDS = 20.0

_MAGIC = {
    b"PK\x03\x04": "a zip archive",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"GIF8": "an image",
    b"%PDF": "a PDF document",
    b"\x93NUMPY": "a NumPy array file",
    b"\x7fELF": "a compiled program",
    b"\x89HDF": "an HDF5 file",
}


@dataclass(frozen=True, slots=True)
class Target:
    """One script, or a notebook with its ``cells``. ``shown`` is its name as the user would type it.

    ``path`` is absolute.
    """

    path: Path
    shown: str
    cells: tuple[Cell, ...] = ()


@dataclass(frozen=True, slots=True)
class Interpreter:
    """The Python that runs the script, where it was found ("own" when it is ours), and which one was passed over."""

    path: str
    source: str
    passed_over: str = ""


def resolve_target(typed: str) -> Target:
    """The script that ``typed`` stands for: itself, or the entry script of a folder.

    Raises UsageError for a folder without one and for what is checked otherwise, InputError for what cannot be read.
    """
    path = Path(os.path.abspath(typed))
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise InputError(f"{printable(typed)}: no such file", _neighbours(path)) from None
    except (OSError, ValueError) as error:
        raise InputError(f"{printable(typed)}: cannot be read: {getattr(error, 'strerror', error)}") from None
    if stat.S_ISDIR(mode):
        return _entry_of(path, typed)
    if not stat.S_ISREG(mode):
        raise InputError(f"{printable(typed)}: this is not a regular file")
    return _readable(path, printable(typed))


def printable(text: str) -> str:
    """A file name as text that any stream can take: bytes that are not UTF-8 become escapes."""
    return os.fsencode(text).decode("utf-8", "backslashreplace")


def _entry_of(folder: Path, typed: str) -> Target:
    try:
        files = sorted(f.name for f in folder.iterdir() if f.suffix in (".py", ".ipynb") and f.is_file())
    except OSError as error:
        raise InputError(f"{printable(typed)}: cannot be read: {error.strerror}") from None
    scripts = [name for name in files if name.endswith(".py")] or files
    named = [name for name in ENTRY_NAMES if name in scripts]
    if not named and len(scripts) != 1:
        found = ", ".join(files[:8] or _deeper(folder)) or "no Python file at all"
        advice = f"name the script itself; in the folder: {printable(found)}"
        raise UsageError(f"{printable(typed)}: a folder without train.py, main.py or model.py", advice)
    name = (named or scripts)[0]
    return _readable(folder / name, printable(os.path.normpath(os.path.join(typed, name))))


def _deeper(folder: Path) -> list[str]:
    """Scripts one folder down, for the message only."""
    return [str(path.relative_to(folder)) for path in sorted(folder.glob("*/*.py"))[:8]]


def _neighbours(path: Path) -> str:
    try:
        names = [f.name for f in path.parent.iterdir() if f.suffix == ".py"]
    except OSError:
        return ""
    advice = near_miss(path.name, names, "a file") if names else ""
    return printable(advice) if "exists" in advice else ""


def _readable(path: Path, shown: str) -> Target:
    """The target at ``path``. Raises InputError for what is neither a Python script nor a notebook."""
    try:
        with path.open("rb") as stream:
            start = stream.read(4096)
            notebook = path.suffix == ".ipynb" or (start.lstrip()[:1] == b"{" and b'"cells"' in start)
            rest = stream.read() if notebook else b""
    except OSError as error:
        raise InputError(f"{shown}: cannot be read: {error.strerror}") from None
    if notebook:
        return Target(path, shown, read_notebook(start + rest, shown))
    _refuse_other_formats(path, start, shown)
    return Target(path, shown)


def _refuse_other_formats(path: Path, start: bytes, shown: str) -> None:
    for magic, kind in _MAGIC.items():
        if start.startswith(magic):
            raise InputError(f"{shown}: this is {kind}, not a Python script")
    if path.suffix == ".pyc":
        raise InputError(f"{shown}: this is compiled Python; name the .py file it was made from")
    if b"\0" in start:
        raise InputError(f"{shown}: this is a binary file, not a Python script")


def choose_interpreter(script: Path, wanted: str | None, environment: Mapping[str, str] = os.environ) -> Interpreter:
    """The first of: ``wanted``, VIRTUAL_ENV, CONDA_PREFIX, ``.venv`` beside the script, our own, that can be used.

    Raises EnvironmentFailure when ``wanted`` cannot be used or none can.
    """
    if wanted is not None:
        return _wanted(wanted)
    passed_over = ""
    for path, source in _candidates(script, environment):
        trouble = _trouble(path)
        if not trouble:
            return Interpreter(path, source, passed_over)
        passed_over = passed_over or f"the interpreter of {source} was not used: {trouble}"
    raise EnvironmentFailure(
        f"no interpreter with NumPy was found, and {sys.executable or 'our own'} has none",
        "install it (python -m pip install numpy) or name another interpreter: --python PATH",
    )


def _wanted(wanted: str) -> Interpreter:
    path = _inside(Path(wanted)) if Path(wanted).is_dir() else shutil.which(wanted)
    trouble = "there is no such interpreter" if path is None else _trouble(os.path.abspath(path))
    if path is None or trouble:
        advice = f"it needs Python 3.11 or newer and NumPy: {printable(wanted)} -m pip install numpy"
        raise EnvironmentFailure(f"--python {printable(wanted)} cannot be used: {trouble}", advice)
    return Interpreter(os.path.abspath(path), "own" if path == sys.executable else "--python")


def _candidates(script: Path, environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    prefixes = [
        (environment.get("VIRTUAL_ENV", ""), "VIRTUAL_ENV"),
        (environment.get("CONDA_PREFIX", ""), "CONDA_PREFIX"),
        (str(script.parent / ".venv"), ".venv"),
    ]
    for prefix, source in prefixes:
        path = _inside(Path(prefix)) if prefix else None
        if path and _is_ours(prefix):
            break
        if path:
            yield os.path.abspath(path), source
    if sys.executable:
        yield sys.executable, "own"


def _is_ours(prefix: str) -> bool:
    return os.path.realpath(prefix) == os.path.realpath(sys.prefix)


def _inside(prefix: Path) -> str | None:
    for part in ("bin/python", "bin/python3"):
        if (prefix / part).is_file():
            return str(prefix / part)
    return None


def _trouble(path: str) -> str:
    """Why the interpreter at the absolute ``path`` cannot run the child; empty when it can."""
    if path == sys.executable:
        return "" if importlib.util.find_spec("numpy") else "it has no NumPy"
    try:
        # From the interpreter's own folder: with -c the current folder is importable, and may hold a numpy.py.
        answer = subprocess.run(
            [path, "-c", PROBE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_SECONDS,
            cwd=os.path.dirname(path),
            check=True,
        )
        version, has_numpy = json.loads(answer.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError, TypeError):
        return "it does not answer as Python does"
    if tuple(version) < OLDEST:
        return f"it is Python {version[0]}.{version[1]}, and {OLDEST[0]}.{OLDEST[1]} is the oldest that works"
    return "" if has_numpy else "it has no NumPy"
