"""Edits put into a text."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..results import Edit

Repair = tuple[Edit, ...]
"""Edits that belong together: all of them or none."""

_LINE = re.compile(r"\r\n|\r|\n")


def offsets(text: str) -> list[int]:
    """Where each line begins, in characters; lines as Python counts them, whatever ends them."""
    return [0, *(match.end() for match in _LINE.finditer(text))]


def put_in(text: str, edits: Iterable[Edit]) -> str:
    """The text with the edits in it; new lines end as the text's first line does.

    Raises ValueError where edits overlap or lie outside of the text.
    """
    starts = offsets(text)
    found = _LINE.search(text)
    newline = found.group() if found else "\n"
    placed = sorted(_placed(edit, starts, len(text)) for edit in dict.fromkeys(edits))
    for (_, end, _), (start, _, _) in zip(placed, placed[1:], strict=False):
        if start < end:
            raise ValueError("two edits of one piece of text")
    for start, end, new in reversed(placed):
        text = text[:start] + new.replace("\n", newline) + text[end:]
    return text


def _placed(edit: Edit, starts: list[int], length: int) -> tuple[int, int, str]:
    if not 1 <= edit.line <= edit.end_line <= len(starts):
        raise ValueError(f"line {edit.line} is not there")
    start, end = starts[edit.line - 1] + edit.column - 1, starts[edit.end_line - 1] + edit.end_column - 1
    if not 0 <= start <= end <= length:
        raise ValueError(f"line {edit.line} is shorter than that")
    return start, end, edit.text
