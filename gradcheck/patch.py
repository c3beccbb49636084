"""Repairs in the user's files: as a patch, or written. A file changes only where an edit says so, byte for byte."""

from __future__ import annotations

import difflib
import io
import json
import os
import shutil
import sys
import tempfile
import tokenize
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .assemble import verdict_of
from .cells import cell_file, code_cells, text_of_cell
from .editing.edits import put_in
from .errors import InputError
from .results import Edit, Finding, Report

BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Change:
    """A file with repairs: its bytes before and after. ``shown`` is its path as a patch names it."""

    file: str
    shown: str
    before: bytes
    after: bytes

    def patch(self) -> bytes:
        """A unified diff in the file's own encoding, which `patch -p0` applies."""
        name = os.fsencode(self.shown)
        made = difflib.diff_bytes(difflib.unified_diff, _lines(self.before), _lines(self.after), name, name)
        return b"".join(line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n" for line in made)

    def write(self) -> None:
        """Puts the new text in the file's place in one step; its mode is kept.

        Raises InputError where the file is no longer what it was or cannot be written.
        """
        path = os.path.realpath(self.file)
        try:
            with open(path, "rb") as stream:
                if stream.read() != self.before:
                    raise InputError(f"{self.shown}: the file has changed since it was checked; nothing was written")
            if not os.access(path, os.W_OK):
                raise InputError(f"{self.shown}: the file is write-protected; nothing was written")
            _replace(path, self.after)
        except OSError as error:
            raise InputError(f"{self.shown}: cannot be written: {error.strerror}") from None


def _lines(text: bytes) -> list[bytes]:
    """Lines as diff and patch count them: a lone carriage return ends none."""
    return [line + b"\n" for line in text.split(b"\n")[:-1]] + [line for line in text.split(b"\n")[-1:] if line]


def _replace(path: str, data: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=".gradcheck-", dir=os.path.dirname(path))
    try:
        with open(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        shutil.copymode(path, name)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def repaired(report: Report) -> list[Finding]:
    """The findings whose repairs were tried by a run and came out right."""
    return [f for f in report.findings if f.fix is not None and f.fix.tried and f.fix.tried.get("by") and f.fix.edits]


def left(report: Report) -> list[Finding]:
    """The errors that have none."""
    mended = [id(f) for f in report.findings if f.fix is not None and f.fix.tried and f.fix.tried.get("by")]
    return [f for f in report.findings if f.severity == "error" and not f.suppressed and id(f) not in mended]


def changes(report: Report, texts: Mapping[str, str]) -> list[Change]:
    """The files that the repairs change. ``texts`` are those that the repairs were tried on, by file (or cell).

    Raises InputError for a file outside of the script's folder, for one that has changed since, and for a notebook that
    could not be written without changing more of it.
    """
    edits = list(dict.fromkeys(edit for finding in repaired(report) for edit in finding.fix.edits))  # type: ignore[union-attr]
    folder = str(report.script.get("folder", ""))
    return [_change(file, [e for e in edits if e.file == file], texts, folder) for file in _files(edits)]


def _files(edits: Iterable[Edit]) -> list[str]:
    return sorted({edit.file for edit in edits})


def _change(file: str, edits: list[Edit], texts: Mapping[str, str], folder: str) -> Change:
    shown = os.path.relpath(file)
    inside = os.path.join(os.path.realpath(folder), "")
    if not os.path.realpath(file).startswith(inside):
        raise InputError(f"{shown}: this file lies outside of the script's folder, and is left as it is")
    try:
        with open(file, "rb") as stream:
            before = stream.read()
        put = _in_notebook if edits[0].cell is not None else _in_script
        return Change(file, shown, before, put(before, edits, texts))
    except OSError as error:
        raise InputError(f"{shown}: cannot be read: {error.strerror}") from None
    except _Refused as problem:
        raise InputError(f"{shown}: {problem}; nothing was written") from None


class _Refused(Exception):
    """Why an edit is not made; the text is for the user."""


def _in_script(before: bytes, edits: list[Edit], texts: Mapping[str, str]) -> bytes:
    """The bytes of a Python file with edits, in its encoding, with its byte order mark and its line endings."""
    encoding = tokenize.detect_encoding(io.BytesIO(before).readline)[0].removesuffix("-sig")
    try:
        text = before.decode(encoding)
        mark = BOM if text.startswith(BOM) else ""
        text = text.removeprefix(BOM)
        if io.StringIO(text, newline=None).read() != texts.get(edits[0].file):
            raise _Refused("the file has changed since it was checked")
        return (mark + put_in(text, edits)).encode(encoding)
    except (UnicodeError, ValueError):
        raise _Refused(f"the edit cannot be written in {encoding}") from None


def _in_notebook(before: bytes, edits: list[Edit], texts: Mapping[str, str]) -> bytes:
    """The bytes of a notebook in which only the lines of its edited cells are others."""
    text = before.decode()
    notebook = json.loads(text)
    written = next((form for form in _FORMS if form(notebook) == text.rstrip("\n")), None)
    if written is None:
        raise _Refused("this notebook's JSON is laid out in a way that would not be kept")
    cells = dict(enumerate(code_cells(notebook), 1))
    for number in sorted({edit.cell for edit in edits if edit.cell is not None}):
        mine = [edit for edit in edits if edit.cell == number]
        source, cell = text_of_cell(cells[number]), cells[number]
        tried = texts.get(cell_file(edits[0].file, number), "")
        if _touched(source, mine) != _touched(tried, mine):
            raise _Refused(f"cell {number} has changed since it was checked, or a magic stands on an edited line")
        key = "source" if "source" in cell else "input"
        new = put_in(source, mine)
        cell[key] = new.splitlines(keepends=True) if isinstance(cell[key], list) else new
    return (written(notebook) + text[len(text.rstrip("\n")) :]).encode()


def _touched(text: str, edits: Iterable[Edit]) -> list[list[str]]:
    lines = text.split("\n")
    return [lines[edit.line - 1 : edit.end_line] for edit in edits]


def _form(indent: int | None, ascii_: bool, separators: tuple[str, str] | None) -> Callable[[Any], str]:
    return lambda notebook: json.dumps(notebook, indent=indent, ensure_ascii=ascii_, separators=separators)


_FORMS = [
    _form(indent, ascii_, None if indent is not None else separators)
    for indent in (1, 2, 4, None)
    for ascii_ in (False, True)
    for separators in (None, (",", ":"))
]


def after_repairs(report: Report) -> Report:
    """The report as it is to be once all repairs are in the files: their findings gone, their parameters right."""
    gone = [id(f) for f in report.findings if f.fix is not None and f.fix.tried and f.fix.tried.get("by")]
    kept = [f for f in report.findings if id(f) not in gone]
    bad = {name for f in kept if f.severity == "error" for name in f.parameters}
    mended = {name for f in report.findings if id(f) in gone for name in f.parameters} - bad
    parameters = [replace(p, verdict="right") if p.name in mended else p for p in report.parameters]
    return replace(report, findings=kept, parameters=parameters, verdict=verdict_of(parameters, kept))


def place(finding: Finding) -> str:
    """A finding in one line: where, which rule, what it says."""
    inner = f" cell {finding.cell}" if finding.cell is not None else ""
    return f"{os.path.relpath(finding.file)}{inner}:{finding.line}: {finding.rule}: {finding.message}"


def show(checks: Sequence[tuple[Report, Mapping[str, str]]], patch: Callable[[bytes], object]) -> None:
    """Hands a patch of all repairs to ``patch``; errors without one go to stderr. Raises InputError as `changes`."""
    made = [change for report, texts in checks for change in changes(report, texts)]
    for change in {change.file: change for change in made}.values():
        patch(change.patch())
    _tell_left(checks)


def write(checks: Sequence[tuple[Report, Mapping[str, str]]], say: Callable[[str], object]) -> None:
    """Writes all repairs into the files, and says which; errors without one go to stderr. Raises InputError."""
    made = {c.file: c for report, texts in checks for c in changes(report, texts)}
    for change in made.values():
        change.write()
    for report, _ in checks:
        for finding in repaired(report):
            say(f"repaired {place(finding)}\n")
            for edit in finding.fix.edits if finding.fix else ():
                say(f"  line {edit.line}: {' '.join(edit.text.split())}\n")
    files = f"{len(made)} file{'s' * (len(made) != 1)} changed: {', '.join(c.shown for c in made.values())}"
    say(f"{files if made else 'nothing was changed: no repair came out right'}\n")
    _tell_left(checks)


def _tell_left(checks: Sequence[tuple[Report, Mapping[str, str]]]) -> None:
    for report, _ in checks:
        for finding in left(report):
            advice = f"\n  {finding.fix.description}" if finding.fix and finding.fix.description else ""
            print(f"no repair was found for {place(finding)}{advice}", file=sys.stderr)
