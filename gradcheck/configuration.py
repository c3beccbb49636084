"""`[tool.gradcheck]` of a pyproject.toml: option names as keys, as the command line spells them.

The file is the nearest one at or above the first script's folder that speaks of gradcheck, or the one named by
`--config`. What the command line says goes before it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from .errors import UsageError
from .options import near_miss

NAME = "pyproject.toml"
TABLE = "[tool.gradcheck]"

Kind = Literal["flag", "whole number", "number", "text", "list"]


@dataclass(frozen=True, slots=True)
class Key:
    """What the command line knows of an option: its parameter's name, what it takes, and whether that is a path."""

    parameter: str
    kind: Kind
    path: bool = False


def find(script: str) -> Path | None:
    """The nearest pyproject.toml at or above ``script`` that speaks of gradcheck."""
    place = Path(os.path.abspath(script))
    for folder in (place, *place.parents):
        file = folder / NAME
        try:
            if b"gradcheck" in file.read_bytes() and _table(file) is not None:
                return file
        except OSError:
            continue
    return None


def read(file: Path, keys: Mapping[str, Key]) -> dict[str, Any]:
    """The values of ``file`` by parameter name; ``keys`` are the options that may be set.

    Raises UsageError for a file that cannot be read or has no such table, for a key that is no option and for a value
    of another kind than the option takes.
    """
    try:
        table = _table(file)
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from None
    if table is None:
        raise UsageError(f"{file}: there is no {TABLE} in it")
    return {keys[name].parameter: value for name, value in _checked(file, table, keys)}


def _table(file: Path) -> dict[str, Any] | None:
    import tomllib

    try:
        data = tomllib.loads(file.read_bytes().decode())
    except ValueError as error:
        raise UsageError(f"{file}: this is no TOML: {error}") from None
    tools = data.get("tool")
    table = tools.get("gradcheck") if isinstance(tools, dict) else None
    if table is not None and not isinstance(table, dict):
        raise UsageError(f"{file}: tool.gradcheck is no table", f"write the options under {TABLE}")
    return table


def _checked(file: Path, table: Mapping[str, Any], keys: Mapping[str, Key]) -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if name not in keys:
            raise UsageError(f"{file}: {TABLE} has no option `{name}`", near_miss(name, keys, "an option"))
        key = keys[name]
        if not _fits(value, key.kind):
            raise UsageError(f"{file}: `{name}` in {TABLE} wants {_WANTED[key.kind]}, and it is {value!r}")
        yield name, str(file.parent / value) if key.path and _is_path(file.parent, value) else value


_WANTED = {
    "flag": "true or false",
    "whole number": "a whole number",
    "number": "a number",
    "text": "a text",
    "list": "a list of texts",
}


def _fits(value: Any, kind: Kind) -> bool:
    match kind:
        case "flag":
            return isinstance(value, bool)
        case "whole number":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "list":
            return isinstance(value, list) and all(isinstance(item, str) for item in value)
        case "text":
            return isinstance(value, str)


def _is_path(folder: Path, value: str) -> bool:
    """Whether the value is meant as a path from the file's folder, and not as the name of a command."""
    return os.sep in value or (folder / value).exists()
