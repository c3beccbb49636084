"""The manual page of a rule: the docstring of its module, read without running it."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

RULES = Path(__file__).parent.parent / "rules"
Piece = tuple[str, str]  # text and its class
ALIKE = "Looks like it and is fine: "


@cache
def manual(slug: str) -> str:
    """The page in Markdown; empty where there is no such rule."""
    path = RULES / (slug.replace("-", "_") + ".py")
    if not re.fullmatch(r"[a-z][a-z0-9-]*", slug) or not path.is_file():
        return ""
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


def split(slug: str) -> tuple[list[Piece], list[list[Piece]]]:
    """What the page says looks like the mistake and is none, and the page without it, in `paragraphs`."""
    page = paragraphs(slug)
    found = [paragraph for paragraph in page if paragraph[0][0].startswith(ALIKE)]
    alike = [(text.removeprefix(ALIKE), style) for paragraph in found for text, style in paragraph]
    return [piece for piece in alike if piece[0]], [paragraph for paragraph in page if paragraph not in found]


def paragraphs(slug: str) -> list[list[Piece]]:
    """The page paragraph by paragraph, each as pieces of text with the class "code" for what stands in backticks."""
    out = []
    for paragraph in manual(slug).split("\n\n"):
        words = " ".join(paragraph.split())
        pieces = re.split(r"``?(.+?)``?", words)
        out.append([(text, "code" if number % 2 else "") for number, text in enumerate(pieces) if text])
    return [paragraph for paragraph in out if paragraph]
