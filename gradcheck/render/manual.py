"""The manual page of a rule: the docstring of its module, read without running it."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

RULES = Path(__file__).parent.parent / "rules"


@cache
def manual(slug: str) -> str:
    """The page in Markdown; empty where there is no such rule."""
    path = RULES / (slug.replace("-", "_") + ".py")
    if not re.fullmatch(r"[a-z][a-z0-9-]*", slug) or not path.is_file():
        return ""
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


def paragraphs(slug: str) -> list[list[tuple[str, str]]]:
    """The page paragraph by paragraph, each as pieces of text with the class "code" for what stands in backticks."""
    out = []
    for paragraph in manual(slug).split("\n\n"):
        words = " ".join(paragraph.split())
        pieces = re.split(r"``?(.+?)``?", words)
        out.append([(text, "code" if number % 2 else "") for number, text in enumerate(pieces) if text])
    return [paragraph for paragraph in out if paragraph]
