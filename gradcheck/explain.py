"""The manual: one page a rule, which is the docstring of the rule's module.

Pages are read from the source, not by importing it: `gradcheck --explain` stays quick and needs no NumPy. A module is a
rule's if it sets ``SLUG`` at its top level; ``SEVERITY`` tells what its findings are at most.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .errors import UsageError
from .options import near_miss

PACKAGE = Path(__file__).parent
# Ignore comments are no rule that looks at gradients, but answer with a slug as rules do.
PLACES = (PACKAGE / "rules", PACKAGE / "ignores.py")


@dataclass(frozen=True, slots=True)
class Page:
    """A rule's page. ``summary`` is the first line of ``text``, which is Markdown."""

    slug: str
    severity: str
    summary: str
    text: str


@cache
def pages(places: tuple[Path, ...] = PLACES) -> dict[str, Page]:
    """All pages by slug, in alphabetical order."""
    found: dict[str, Page] = {}
    for file in _files(places):
        page = _page(file)
        if page is not None:
            found.setdefault(page.slug, page)
    return dict(sorted(found.items()))


def page_of(slug: str, places: tuple[Path, ...] = PLACES) -> Page:
    """The page of one rule. Raises UsageError for a slug that no rule has, with the nearest one."""
    known = pages(places)
    if slug not in known:
        raise UsageError(f"there is no rule `{slug}`", near_miss(slug, known, "a rule"))
    return known[slug]


def listing(places: tuple[Path, ...] = PLACES) -> str:
    """All rules, one a line: slug, severity and summary."""
    known = pages(places).values()
    slug, severity = (max((len(getattr(page, name)) for page in known), default=0) for name in ("slug", "severity"))
    return "".join(f"{page.slug:{slug}}  {page.severity:{severity}}  {page.summary}\n" for page in known)


def manual(slug: str | None) -> str:
    """The page of the rule ``slug``, or the list of all rules. Raises UsageError for a slug that there is not."""
    if slug is None:
        return listing()
    page = page_of(slug)
    return f"{page.slug} ({page.severity})\n\n{page.text.rstrip()}\n"


def _files(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        yield from sorted(place.glob("*.py")) if place.is_dir() else [place] if place.exists() else []


def _page(file: Path) -> Page | None:
    source = file.read_bytes()
    if b"SLUG" not in source:
        return None
    tree = ast.parse(source)
    constants = dict(_constants(tree))
    text = ast.get_docstring(tree)
    if "SLUG" not in constants or not text:
        return None
    return Page(constants["SLUG"], constants.get("SEVERITY", ""), text.partition("\n")[0], text)


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield from ((target.id, node.value.value) for target in node.targets if isinstance(target, ast.Name))
