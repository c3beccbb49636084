"""Reports as one self-contained page under a strict Content-Security-Policy, or as a fragment for a notebook's cell.

The page holds no data but what the template escaped: the script in it works on the document alone. All text passes
`clean`, so that no control character of the user's reaches the page.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..options import Display
from ..results import Report
from .page import ReportView, title, view_of
from .view import clean

if TYPE_CHECKING:
    from jinja2 import Environment

ASSETS = Path(__file__).parent / "assets"
POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; style-src '{style}'; script-src '{script}'"


def render(reports: Sequence[Report], display: Display) -> str:
    """All reports on one page."""
    return page(reports)


def page(reports: Sequence[Report]) -> str:
    """A complete document."""
    style, script = _asset("page.css"), _asset("page.js")
    policy = POLICY.format(style=_hash(style), script=_hash(script))
    return _fill(
        "page.html.j2",
        policy=policy,
        style=style,
        script=script,
        title=title(reports),
        views=[view_of(report, number, alone=len(reports) == 1) for number, report in enumerate(reports, 1)],
    )


def index(title: str, sentence: str, reports: Sequence[tuple[str, str, Report]]) -> str:
    """A page that leads to others: (name, link, report) of each."""
    style = _asset("page.css")
    entries = [
        {"name": name, "link": link, "view": view_of(report, number, alone=False, plotted=False)}
        for number, (name, link, report) in enumerate(reports, 1)
    ]
    policy = POLICY.format(style=_hash(style), script=_hash(""))
    return _fill("index.html.j2", policy=policy, style=style, title=title, sentence=sentence, entries=entries)


def fragment(report: Report) -> str:
    """Verdict, findings and parameters, readable when a host strips every style."""
    view: ReportView = view_of(report, 1, alone=True, drawn=False)
    return _fill("fragment.html.j2", view=view)


def _fill(template: str, **values: Any) -> str:
    text = _environment().get_template(template).render(**values)
    return "\n".join(line.rstrip() for line in text.rstrip().split("\n")) + "\n"


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(ASSETS),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _finalized(value: Any) -> Any:
    from markupsafe import Markup

    if isinstance(value, str) and not isinstance(value, Markup):
        return clean(value).expandtabs(4)
    return value


@cache
def _asset(name: str) -> Any:
    """A file of ours, put into the page as it is."""
    from markupsafe import Markup

    return Markup((ASSETS / name).read_text(encoding="utf-8").strip())


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
