"""Repairs: what `--diff` prints was run and mends the script; `--fix` changes a file where an edit says so only."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gradcheck import check_script, cli, patch
from gradcheck.editing.edits import put_in
from gradcheck.editing.source import Source, product
from gradcheck.errors import InputError
from gradcheck.results import Edit, Finding, Fix, Report

from .folder_hash import unchanged_folder

CASES = Path(__file__).parent.parent / "cases"
TRIED = {"before": {"w": 0.5}, "after": {"w": 0.0}, "by": "edited run"}

# A neighbour in a list, two statements, a buffer made anew, two mistakes at once.
MENDED = [
    "wrong-operand/bad_3.py",
    "stale-weights/bad.py",
    "gradient-not-reset/bad_3.py",
    "_double/two_04.py",
]


@pytest.mark.parametrize("case", MENDED)
def test_a_script_with_the_patch_is_without_errors(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    script = tmp_path / "model.py"
    shutil.copy(CASES / case, script)
    monkeypatch.chdir(tmp_path)
    with unchanged_folder(tmp_path):
        assert cli.main(["--diff", "model.py"]) == 1
    said = capsysbinary.readouterr()
    assert said.err == b""
    subprocess.run(["git", "apply", "-p0"], input=said.out, cwd=tmp_path, check=True)
    report = check_script(script)
    assert [f.rule for f in report.findings if f.severity == "error"] == []
    assert {p.verdict for p in report.parameters} <= {"right", "right_up_to_scale"}


SCRIPT = """\
import numpy as np

rng = np.random.default_rng(1)
x = rng.normal(size=(40, 3))  # Größe
y = np.tanh(x @ rng.normal(size=(3, 2)))
w, b = rng.normal(size=(3, 2)), np.zeros(2)
for step in range(20):
    out = x @ w + b
    loss = np.mean((out - y) ** 2)
    d = 2 * (out - y) / len(x)
    w -= 0.1 * x.T @ d
    b += 0.1 * d.sum(axis=0)
"""


def test_fix_writes_what_was_tried_and_keeps_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "model.py"
    before = b"\xef\xbb\xbf" + SCRIPT.replace("\n", "\r\n").encode()
    script.write_bytes(before)
    script.chmod(0o754)
    monkeypatch.chdir(tmp_path)
    assert cli.main(["--fix", "model.py"]) == 0
    assert script.read_bytes() == before.replace(b"b += 0.1", b"b -= 0.1")
    assert script.stat().st_mode & 0o777 == 0o754
    assert [path.name for path in tmp_path.iterdir()] == ["model.py"]
    said = capsys.readouterr().out
    assert "repaired model.py:12: sign-flipped-update" in said and "1 file changed: model.py" in said


def _edit(file: Path, line: int, column: int, end_column: int, text: str, cell: int | None = None) -> Edit:
    return Edit(str(file), line, column, line, end_column, text, cell)


def _report(folder: Path, *edits: Edit) -> Report:
    fix = Fix("turn the sign", tried=TRIED, edits=list(edits)) if edits else Fix("turn the sign")
    finding = Finding("sign-flipped-update", "error", str(folder / "model.py"), 12, 5, 12, 29, "uphill", fix=fix)
    return Report("errors", {"path": "model.py", "folder": str(folder)}, findings=[finding])


FORMS = {
    "unix": lambda text: text.encode(),
    "windows": lambda text: text.replace("\n", "\r\n").encode(),
    "old Mac": lambda text: text.replace("\n", "\r").encode(),
    "mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "latin-1": lambda text: ("# coding: latin-1" + text[18:]).encode("latin-1"),
    "no end": lambda text: text.rstrip("\n").encode(),
    "form feed": lambda text: text.replace("w, b", "\x0cw, b").encode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_bytes_that_no_edit_names_stay(form: str, tmp_path: Path) -> None:
    script = tmp_path / "model.py"
    before = FORMS[form](SCRIPT)
    script.write_bytes(before)
    text = script.read_text(encoding="latin-1" if form == "latin-1" else "utf-8-sig")
    edits = [_edit(script, 12, 7, 9, "-="), _edit(script, 4, 22, 24, "410")]
    for change in patch.changes(_report(tmp_path, *edits), {str(script): text}):
        change.write()
    assert script.read_bytes() == before.replace(b"b +=", b"b -=").replace(b"40", b"410")


REFUSED = {
    "changed": ("has changed since", lambda folder, script: script.write_text(SCRIPT.replace("40", "50"))),
    "outside": ("outside of the script's folder", lambda folder, script: None),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_is_not_written(why: str, tmp_path: Path) -> None:
    words, prepare = REFUSED[why]
    folder = tmp_path / "project"
    folder.mkdir()
    script = (tmp_path if why == "outside" else folder) / "model.py"
    script.write_text(SCRIPT)
    prepare(folder, script)
    with unchanged_folder(tmp_path), pytest.raises(InputError, match=words):
        patch.changes(_report(folder, _edit(script, 12, 7, 9, "-=")), {str(script): SCRIPT})


def test_a_file_that_changes_between_patch_and_writing_is_left(tmp_path: Path) -> None:
    script = tmp_path / "model.py"
    script.write_text(SCRIPT)
    (change,) = patch.changes(_report(tmp_path, _edit(script, 12, 7, 9, "-=")), {str(script): SCRIPT})
    script.write_text("print(1)\n")
    with pytest.raises(InputError, match="has changed"):
        change.write()
    assert script.read_text() == "print(1)\n"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    script, link = tmp_path / "real.py", tmp_path / "model.py"
    script.write_text(SCRIPT)
    link.symlink_to(script)
    (change,) = patch.changes(_report(tmp_path, _edit(link, 12, 7, 9, "-=")), {str(link): SCRIPT})
    change.write()
    assert link.is_symlink() and "b -= 0.1" in script.read_text()


def _notebook(**form: Any) -> str:
    lines = SCRIPT.splitlines(keepends=True)
    cells: list[dict[str, Any]] = [
        {"cell_type": "markdown", "metadata": {}, "source": ["Größe\n"]},
        {"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [], "source": lines[:6]},
        {"cell_type": "code", "execution_count": 2, "metadata": {"x": 1.50}, "outputs": [], "source": lines[6:]},
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, **form)


@pytest.mark.parametrize("form", [{"indent": 1, "ensure_ascii": False}, {"indent": 2}, {}], ids=str)
def test_of_a_notebook_only_the_lines_of_the_cell_change(form: dict[str, Any], tmp_path: Path) -> None:
    notebook = tmp_path / "model.ipynb"
    before = _notebook(**form) + "\n"
    notebook.write_text(before)
    tried = {f"{notebook}/cell 2": "".join(SCRIPT.splitlines(keepends=True)[6:])}
    (change,) = patch.changes(_report(tmp_path, _edit(notebook, 6, 7, 9, "-=", 2)), tried)
    change.write()
    assert notebook.read_text() == before.replace("b += 0.1", "b -= 0.1")


def test_a_notebook_laid_out_by_hand_is_left(tmp_path: Path) -> None:
    notebook = tmp_path / "model.ipynb"
    notebook.write_text(_notebook(indent=1).replace('"metadata": {}', '"metadata":   {}'))
    with pytest.raises(InputError, match="laid out"):
        patch.changes(_report(tmp_path, _edit(notebook, 6, 7, 9, "-=", 2)), {f"{notebook}/cell 2": SCRIPT})


def test_an_error_without_a_repair_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown: list[bytes] = []
    patch.show([(_report(tmp_path), {})], shown.append)
    said = capsys.readouterr().err
    assert shown == [] and "no repair was found for" in said and "model.py:12: sign-flipped-update" in said
    assert "turn the sign" in said


def test_options_that_do_not_go_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (
        ["--diff", "--fix"],
        ["--fix", "--watch"],
        ["--diff", "--format", "json"],
        ["--fix", "--output", "o"],
    ):
        assert cli.main([*words, str(tmp_path / "model.py")]) == 2
    assert "one at a time" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "old", "new", "made"),
    [
        ("d = (p - t) * p / n\n", "(p - t) * p", "p - t", "d = (p - t) / n\n"),
        ("d = a @ b\n", "a @ b", "a - b", "d = a - b\n"),
        ("d = f(a @ b).T\n", "a @ b", "a - b", "d = f(a - b).T\n"),
        ("d = (a @ b).T\n", "a @ b", "a - b", "d = (a - b).T\n"),
        ("d = a.T @ b\n", "a", "c + e", "d = (c + e).T @ b\n"),
        ("d = a @ b * c\n", "a @ b", "a @ b.T", "d = a @ b.T * c\n"),
        ("größe = a @ b * c\n", "a @ b", "a + b", "größe = (a + b) * c\n"),
    ],
)
def test_an_expression_keeps_its_meaning_in_its_place(text: str, old: str, new: str, made: str) -> None:
    source = Source("model.py", text)
    start = text.index(old) + 1
    node = source.node(1, start, 1, start + len(old))
    if node is None:  # brackets are no part of a node
        node = source.node(1, start - 1, 1, start + len(old))
    assert node is not None
    assert put_in(text, [source.edit(node, new)]) == made  # type: ignore[arg-type]


def test_products_keep_their_meaning() -> None:
    assert product("g @ w.T", "a + b", "1 - a ** 2") == "(g @ w.T) * (a + b) * (1 - a ** 2)"
    assert product("(a + b) * c", "d") == "(a + b) * c * d"


def test_what_is_asked_of_a_run_reaches_a_report(tmp_path: Path) -> None:
    """The page and the JSON hold the edits that were tried."""
    script = tmp_path / "model.py"
    script.write_text(SCRIPT)
    report = check_script(script, repair=True)
    (finding,) = [f for f in report.findings if f.severity == "error"]
    assert finding.fix is not None and finding.fix.tried is not None and finding.fix.tried["by"] == "edited run"
    assert Report.from_json(json.loads(json.dumps(report.to_json()))).findings[0].fix == finding.fix
    assert "tried by running the edited script" in report.to_html()
