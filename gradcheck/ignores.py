"""An ignore comment suppresses nothing.

A finding that is meant is silenced by its slug, on its line, on a line of its own above, or for a whole file:

    w += rate * step  # gradcheck: ignore[sign-flipped-update]

    # gradcheck: ignore[sign-flipped-update, batch-scale-sum]
    w += rate * step

    # gradcheck: ignore-file[batch-scale-sum]

A statement over several lines counts as one line; `ignore-file` in any cell of a notebook speaks of all its cells. A
silenced finding stays in the JSON report, with `suppressed: true`, and is counted in the last line of the text. A
comment that silences nothing is worth a note: the mistake it spoke of is gone, its slug is misspelled, or it names no
slug at all. Nothing is said where the run did not get far enough to know.

## What to do

Take the comment away, or name in it the rules that it is about. `gradcheck --list-rules` has their slugs.
"""

from __future__ import annotations

import difflib
import io
import os
import re
import tokenize
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from .cells import Cell
from .explain import pages
from .options import near_miss
from .results import Finding

SLUG = "unused-ignore"
SEVERITY = "note"

WORDS = HERE, FILE_WIDE = "ignore", "ignore-file"
_COMMENT = re.compile(r"#\s*gradcheck:\s*([A-Za-z_-]+)\s*(?:\[([^\]#]*)\]?)?")
_NOT_CODE = frozenset((tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING))


@dataclass(frozen=True, slots=True)
class Ignore:
    """One comment: where it is, what it names, and the lines ``first`` to ``last`` that it speaks of.

    ``cell`` is the notebook's cell that it stands in, None for a file of Python.
    """

    file: str
    cell: int | None
    line: int
    column: int
    end_column: int
    word: str
    slugs: tuple[str, ...]
    first: int
    last: int

    def covers(self, finding: Finding, file: str) -> bool:
        """Whether it names the rule of a finding in ``file`` (absolute) and stands where the finding is."""
        return self.word in WORDS and finding.rule in self.slugs and self.is_at(finding, file)

    def is_at(self, finding: Finding, file: str) -> bool:
        """Whether it stands where a finding in ``file`` is."""
        if file != self.file:
            return False
        return self.word == FILE_WIDE or finding.cell == self.cell and self.first <= finding.line <= self.last

    @property
    def meant(self) -> str:
        """The word that was meant by ``word``."""
        return FILE_WIDE if "file" in self.word else HERE


def settle(
    findings: Sequence[Finding],
    files: Iterable[str],
    folder: str,
    *,
    cells: Sequence[Cell] = (),
    select: Collection[str] = (),
    ignore: Collection[str] = (),
    complete: bool = True,
) -> list[Finding]:
    """The findings with ``suppressed`` set where a comment or the user's choice asks for it.

    ``files`` are absolute and are read for comments, but for the first where it is a notebook: its ``cells`` are given.
    Names in findings are relative to ``folder``. ``select`` (when not empty) and ``ignore`` hold slugs. Where the run
    is ``complete``, a note is added for each comment without effect.
    """
    first, *modules = files if cells else ("", *files)
    comments = [comment for cell in cells for comment in _comments(first, cell.code, cell.number)]
    comments += [comment for file in modules for comment in scan(file)]
    used: set[tuple[Ignore, str]] = set()
    settled = []
    for finding in findings:
        hits = [c for c in comments if c.covers(finding, os.path.join(folder, finding.file))]
        used.update((comment, finding.rule) for comment in hits)
        settled.append(replace(finding, suppressed=True) if hits else finding)
    if complete:
        settled += [note for comment in comments for note in _notes(comment, used, findings, folder)]
    return [replace(f, suppressed=True) if _unwanted(f, select, ignore) else f for f in settled]


def _unwanted(finding: Finding, select: Collection[str], ignore: Collection[str]) -> bool:
    return finding.rule in ignore or bool(select) and finding.rule not in select


def _notes(
    comment: Ignore, used: Collection[tuple[Ignore, str]], findings: Sequence[Finding], folder: str
) -> Iterator[Finding]:
    if not comment.slugs:
        here = {f.rule for f in findings if comment.is_at(f, os.path.join(folder, f.file))}
        rules = ", ".join(sorted(here)) or "SLUG"
        yield _note(comment, f"an ignore names its rules: # gradcheck: {comment.meant}[{rules}]")
    elif comment.word not in WORDS:
        slugs = ", ".join(comment.slugs)
        yield _note(comment, f"`{comment.word}` is not read: # gradcheck: {comment.meant}[{slugs}]")
    else:
        for slug in comment.slugs:
            if slug not in pages():
                yield _note(comment, f"there is no rule `{slug}`: {near_miss(slug, pages(), 'a rule')}")
            elif (comment, slug) not in used:
                yield _note(comment, f"nothing here is silenced by ignoring {slug}")


def _note(comment: Ignore, message: str) -> Finding:
    return Finding(
        rule=SLUG,
        severity="note",
        file=comment.file,
        cell=comment.cell,
        line=comment.line,
        column=comment.column,
        end_line=comment.line,
        end_column=comment.end_column,
        message=message,
    )


def scan(file: str) -> list[Ignore]:
    """The ignore comments of a Python file; none where it cannot be read."""
    try:
        with tokenize.open(file) as stream:
            text = stream.read()
    except (OSError, SyntaxError, ValueError):
        return []
    return list(_comments(file, text))


def _comments(file: str, text: str, cell: int | None = None) -> Iterator[Ignore]:
    if "gradcheck:" not in text:
        return
    waiting: list[tuple[tokenize.TokenInfo, re.Match[str]]] = []
    first = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                waiting += [(token, match) for match in _COMMENT.finditer(token.string) if _near(match[1])]
            elif token.type in (tokenize.NEWLINE, tokenize.ENDMARKER):
                yield from (_ignore(file, cell, *each, first or token.start[0], token.start[0]) for each in waiting)
                waiting, first = [], 0
            elif token.type not in _NOT_CODE:
                first = first or token.start[0]
    except (tokenize.TokenError, SyntaxError):
        return  # the run says so already


def _near(word: str) -> bool:
    return bool(difflib.get_close_matches(word.lower(), WORDS, n=1))


def _ignore(
    file: str, cell: int | None, token: tokenize.TokenInfo, match: re.Match[str], first: int, last: int
) -> Ignore:
    word, named = match[1].lower(), match[2] or ""
    slugs = tuple(filter(None, (slug.strip() for slug in named.split(","))))
    start = token.start[1] + match.start()
    return Ignore(
        file=file,
        cell=cell,
        line=token.start[0],
        column=start + 1,
        end_column=start + 1 + len(match[0].rstrip()),
        word=word,
        slugs=slugs,
        first=first,
        last=last,
    )
