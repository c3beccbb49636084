"""From syntax tree positions (UTF-8 bytes from 0) to what people read (characters from 1), and back to text."""

from __future__ import annotations

import ast
import io
import re
import tokenize

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")


def decode(source: bytes | str) -> str:
    """``source`` as the tokenizer reads it: byte order mark, coding cookie, UTF-8 by default.

    Raises SyntaxError for an unknown or contradictory encoding, UnicodeDecodeError for bytes that it does not allow.
    """
    if isinstance(source, str):
        return source
    encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    return source.decode(encoding)


class SourceText:
    """The text of one file, addressed by syntax tree nodes."""

    def __init__(self, text: str) -> None:
        # Not str.splitlines: it also splits at form feeds and U+2028, which do not end a line of Python.
        self._lines = _LINE.findall(text)

    def place(self, node: ast.AST, end: ast.AST | None = None) -> tuple[int, int, int, int]:
        """Line, column, end line and end column from the start of ``node`` to the end of ``end`` (or of itself)."""
        last = node if end is None else end
        line, offset = node.lineno, node.col_offset  # type: ignore[attr-defined]
        end_line, end_offset = last.end_lineno, last.end_col_offset  # type: ignore[attr-defined]
        return line, self._characters(line, offset) + 1, end_line, self._characters(end_line, end_offset) + 1

    def segment(self, place: tuple[int, int, int, int]) -> str:
        """The text between the two ends of ``place``."""
        line, column, end_line, end_column = place
        lines = self._lines[line - 1 : end_line]
        if not lines:
            return ""
        lines[-1] = lines[-1][: end_column - 1]
        lines[0] = lines[0][column - 1 :]
        return "".join(lines)

    def _characters(self, line: int, offset: int) -> int:
        text = self._lines[line - 1] if line <= len(self._lines) else ""
        return offset if text.isascii() else len(text.encode()[:offset].decode(errors="replace"))
