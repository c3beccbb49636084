"""Findings and marks at places of the source."""

from __future__ import annotations

from typing import Any

from ..record.sources import Site
from ..results import Finding, Severity, Span


def mark(site: Site, label: str) -> Span:
    """The site, marked with what it contributes."""
    return Span(site.file, site.line, site.column, site.end_line, site.end_column, label)


def finding_at(site: Site, rule: str, severity: Severity, **rest: Any) -> Finding:
    """A finding at a site; ``rest`` are the further fields of `Finding`."""
    return Finding(
        rule=rule,
        severity=severity,
        file=site.file,
        line=site.line,
        column=site.column,
        end_line=site.end_line,
        end_column=site.end_column,
        function=site.function,
        **rest,
    )
