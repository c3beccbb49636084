"""Reports as one strict JSON document: ASCII, sorted keys, no NaN, a line end at the end."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ..options import Display
from ..results import SCHEMA_VERSION, Report


def render(reports: Sequence[Report], display: Display) -> str:
    """The report itself when there is one, ``{"reports": [...]}`` otherwise."""
    documents = [report.to_json() for report in reports]
    data = documents[0] if len(documents) == 1 else {"schema_version": SCHEMA_VERSION, "reports": documents}
    return json.dumps(data, indent=2, sort_keys=True, allow_nan=False) + "\n"
