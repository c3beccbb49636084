"""Reports from a saved JSON file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .errors import InputError
from .results import SCHEMA_VERSION, Report


def read_reports(path: str) -> list[Report]:
    """The reports in the JSON file at ``path``. Raises InputError when it holds none that this version can read."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: the report cannot be read: {error.strerror}") from None
    except ValueError:
        raise InputError(f"{path} is no JSON", "gradcheck FILE --format json --output REPORT saves a report") from None
    version = data.get("schema_version") if isinstance(data, dict) else None
    if not isinstance(version, int):
        raise InputError(f"{path} is no report of gradcheck")
    if version > SCHEMA_VERSION:
        raise InputError(f"{path} was written by a newer gradcheck (report version {version})")
    return [_revived(path, item) for item in data.get("reports", [data])]


def _revived(path: str, data: Any) -> Report:
    try:
        return Report.from_json(data)
    except (AttributeError, KeyError, TypeError) as problem:
        raise InputError(f"{path} is no complete report: {problem}") from None
