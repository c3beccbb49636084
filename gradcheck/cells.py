"""Notebooks as Python: their code cells in order, each of them compiled as a file of its own.

A cell keeps its own line numbers, and almost always its columns: magics and shell lines give way to Python that takes
as much room. Numbers count the code cells that hold anything, from 1, as "Restart and run all" numbers them.
"""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import InputError
from .results import NotChecked

# Inside the notebook's file, where no real file can be.
_FILE = re.compile(r"(.+)/cell (\d+)\Z", re.DOTALL)

#: Magics whose rest is Python that is run: once, where they would run it often.
RUN = frozenset({"time", "timeit", "prun", "memit", "mprun", "gradcheck", "capture"})
#: Magics that change nothing a gradient could depend on: not worth a word.
SILENT = RUN | {"matplotlib", "config", "load_ext", "reload_ext", "autoreload", "aimport", "precision", "pip", "conda"}

_MAGIC = re.compile(
    r"(?P<indent>\s*)(?P<target>[^=%!#'\"()]+=\s*)?(?P<mark>%|!!?)\s*(?P<name>[\w.]*)(?P<rest>.*)", re.DOTALL
)
_HELP = re.compile(r"(?P<indent>\s*)(\?{1,2}\s*[\w.*%]+|%{0,2}[\w.*\[\]]+\s*\?{1,2})\s*;?\s*")
_COMMAND = re.compile(r"(?P<indent>\s*)(?P<name>pip|conda|cd|ls|cat|mkdir|rm|cp|mv)\s+[-\w./~].*", re.DOTALL)
_OPTION = re.compile(r"\s*-(?:[nrplsTD]\s*\S+|[a-z])(?=\s|\Z)")


@dataclass(frozen=True, slots=True)
class Cell:
    """One code cell: ``text`` as in the notebook, ``code`` in plain Python, ``skipped`` the lines that are not run.

    ``foreign`` is the magic that makes the whole cell something else than Python, "" for a cell of Python.
    """

    number: int
    text: str
    code: str
    skipped: tuple[str, ...] = ()
    foreign: str = ""


def cell_file(notebook: str, number: int) -> str:
    """The name under which a cell of ``notebook`` is compiled; its tracebacks show it."""
    return f"{notebook}/cell {number}"


def split_file(file: str) -> tuple[str, int | None]:
    """The notebook and the cell's number that `cell_file` joined; ``file`` itself and None for any other file."""
    match = _FILE.match(file) if "/cell " in file else None
    return (match[1], int(match[2])) if match else (file, None)


def in_cells(value: Any) -> Any:
    """Plain JSON in which a record whose ``file`` is a cell's names the notebook there and the cell beside it."""
    if isinstance(value, list):
        return [in_cells(item) for item in value]
    if not isinstance(value, dict):
        return value
    record = {key: in_cells(item) for key, item in value.items()}
    file, cell = split_file(record["file"]) if isinstance(record.get("file"), str) else ("", None)
    return record if cell is None else {**record, "file": file, "cell": cell}


def read_notebook(data: bytes, shown: str) -> tuple[Cell, ...]:
    """The code cells of a notebook file (format 2 to 4).

    Raises InputError, with one sentence, for what is no notebook, for one in another language and for one without code.
    """
    try:
        notebook = json.loads(data)
    except UnicodeDecodeError:
        raise InputError(f"{shown}: this is no notebook: it is not text in UTF-8") from None
    except (ValueError, RecursionError) as error:
        where = f"line {error.lineno}: {error.msg}" if isinstance(error, json.JSONDecodeError) else "it is no JSON"
        raise InputError(f"{shown}: this is no notebook: {where if data.strip() else 'it is empty'}") from None
    found = _cells_of(notebook)
    if found is None:
        raise InputError(f"{shown}: this is no notebook: its JSON has neither cells nor worksheets")
    language = _language(notebook)
    if not language.lower().startswith(("python", "ipython")):
        raise InputError(f"{shown}: this notebook is written in {language}, not in Python")
    texts = [text_of_cell(cell) for cell in code_cells(notebook)]
    if not texts:
        raise InputError(f"{shown}: the notebook has no code cells")
    return tuple(as_cell(number, text) for number, text in enumerate(texts, 1))


def code_cells(notebook: Any) -> list[Any]:
    """The cells of a notebook's JSON that hold Python, in the order in which they are numbered."""
    return [cell for cell in _cells_of(notebook) or [] if text_of_cell(cell).strip()]


def _cells_of(notebook: Any) -> list[Any] | None:
    """All cells; those of formats 2 and 3 stand in worksheets."""
    if not isinstance(notebook, dict):
        return None
    if isinstance(notebook.get("cells"), list):
        return list(notebook["cells"])
    sheets = notebook.get("worksheets")
    if not isinstance(sheets, list):
        return None
    return [cell for sheet in sheets if isinstance(sheet, dict) for cell in _cells_of(sheet) or []]


def _language(notebook: dict[str, Any]) -> str:
    metadata = notebook.get("metadata")
    for key, name in (("kernelspec", "language"), ("language_info", "name")):
        part = metadata.get(key) if isinstance(metadata, dict) else None
        if isinstance(part, dict) and isinstance(part.get(name), str) and part[name]:
            return str(part[name])
    return "python"


def text_of_cell(cell: Any) -> str:
    """The source of a code cell in Python, "" for any other; a list of lines in older files, one text in newer."""
    if not isinstance(cell, dict) or cell.get("cell_type") != "code":
        return ""
    if str(cell.get("language") or "python").lower() != "python":
        return ""
    source = cell.get("source", cell.get("input", ""))
    text = "".join(map(str, source)) if isinstance(source, list) else str(source)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def as_cell(number: int, text: str) -> Cell:
    """The cell with its magics, shell lines and questions taken out."""
    lines = text.split("\n")
    for index, line in enumerate(lines):
        if not line.startswith("%%"):
            if line.strip():
                break
            continue
        name = (line[2:].split() or [""])[0]
        if name not in RUN:
            return Cell(number, text, "", (), f"%%{name}")
        lines[index] = ""
    skipped = [] if _parses("\n".join(lines)) else list(_without_magics(lines))
    return Cell(number, text, "\n".join(lines), tuple(skipped))


def _without_magics(lines: list[str]) -> Iterator[str]:
    """Replaces what only IPython reads, in place; gives what is dropped and worth a word."""
    index = 0
    while index < len(lines):
        last = index
        if _special(lines[index]) and not _inside(lines[:index]):
            while lines[last].endswith("\\") and last + 1 < len(lines):
                last += 1
            pieces = [line.rstrip("\\").strip() for line in lines[index + 1 : last + 1]]
            joined = " ".join([lines[index].rstrip("\\").rstrip(), *pieces])
            lines[index], dropped = _replaced(joined)
            lines[index + 1 : last + 1] = [""] * (last - index)
            if dropped:
                yield dropped
        index = last + 1


def _special(line: str) -> bool:
    if _HELP.fullmatch(line) or _MAGIC.match(line):
        return True
    return _COMMAND.fullmatch(line) is not None and not _parses(line.strip())


def _replaced(line: str) -> tuple[str, str]:
    """Python in the place of one line, and the line itself where that is worth a word."""
    match = None if _HELP.fullmatch(line) else _MAGIC.match(line)
    if match is None:
        indent = line[: len(line) - len(line.lstrip())]
        return f"{indent}pass", line.strip() if _COMMAND.fullmatch(line) and "install" not in line else ""
    indent, target, name = match["indent"], match["target"] or "", match["name"]
    if match["mark"] == "%" and name in RUN - {"gradcheck"}:
        return _run_once(line, match), ""
    if match["mark"] == "%" and name == "pylab":
        return f"{indent}from numpy import *; import numpy as np; import matplotlib.pyplot as plt", ""
    quiet = name in SILENT if match["mark"] == "%" else bool(re.match(r"(pip3?|conda)\b", name))
    nothing = "[]" if match["mark"] != "%" else "None"
    return f"{indent}{target}{nothing}" if target else f"{indent}pass", "" if quiet else line.strip()


def _run_once(line: str, match: re.Match[str]) -> str:
    """The statement after %time and its like, at its own column."""
    start = match.start("rest")
    while option := _OPTION.match(line, start):
        start = option.end()
    body = line[start:].lstrip()
    start = len(line) - len(body)
    indent = match["indent"]
    if not body:
        return f"{indent}pass"
    if match["target"]:
        return line[: match.end("target")].ljust(start) + body
    room = start - len(indent)
    aligned = "if".ljust(room - 3) + "1: " + body
    return indent + (aligned if _parses(aligned) else body)


def _inside(lines: list[str]) -> bool:
    """Whether what follows the lines is the rest of a text, of brackets or of a line continued by a backslash."""
    if lines and lines[-1].endswith("\\"):
        return True
    try:
        for _ in tokenize.generate_tokens(io.StringIO("\n".join([*lines, ""])).readline):
            pass
    except tokenize.TokenError as error:
        return "EOF" in error.args[0] or "triple-quoted" in error.args[0]
    except SyntaxError:
        return False
    return False


def _parses(code: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def skipped_lines(cells: Sequence[Cell]) -> list[str]:
    """What of cells of Python is not run, in at most one sentence."""
    dropped = [f"`{_short(line)}` (cell {cell.number})" for cell in cells for line in cell.skipped]
    more = f" and {len(dropped) - 4} more" if len(dropped) > 4 else ""
    return [f"magics and shell lines were not run: {', '.join(dropped[:4])}{more}"] if dropped else []


def skipped_cells(cells: Sequence[Cell]) -> list[NotChecked]:
    """The cells that are something else than Python."""
    return [
        NotChecked(f"cell {cell.number}", f"a cell with {_short(cell.foreign)} is not run")
        for cell in cells
        if cell.foreign
    ]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 50 else line[:47] + "..."
