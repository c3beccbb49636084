"""Ignore comments: what they cover, what is said of those without effect, and that nothing is lost in the report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gradcheck import cli, demo
from gradcheck.ignores import scan, settle
from gradcheck.results import Finding

from .notebooks import BROKEN, write_notebook

RULE = "wrong-activation-derivative"
SCRIPT = demo.SCRIPT.read_text()
GUILTY = next(line for line in SCRIPT.split("\n") if "d_hidden =" in line)


def write(folder: Path, *, above: str = "", beside: str = "", top: str = "") -> Path:
    path = folder / "model.py"
    path.write_text(top + SCRIPT.replace(GUILTY, f"    {above}\n{GUILTY}{beside}"))
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: Any) -> tuple[int, dict[str, Any]]:
    code = cli.main([*map(str, arguments), "--format", "json"])
    return code, json.loads(capsys.readouterr().out)


def said(report: dict[str, Any]) -> list[tuple[str, str, bool]]:
    return [(f["rule"], f["severity"], f["suppressed"]) for f in report["findings"]]


@pytest.mark.parametrize(
    "places",
    [
        {"beside": f"  # noqa  # gradcheck: ignore[{RULE}]"},
        {"above": f"# gradcheck: ignore[{RULE}]"},
        {"above": f"# gradcheck:ignore[ {RULE} ]\n    # why: the absolute value is meant\n"},
        {"top": f"# gradcheck: ignore-file[{RULE}]\n"},
    ],
)
def test_a_finding_is_silenced_where_the_comment_says(places: dict[str, str], tmp_path: Path, capsys: Any) -> None:
    code, report = run(capsys, write(tmp_path, **places))
    assert (code, report["verdict"], said(report)) == (0, "clean", [(RULE, "error", True)])


def test_without_a_comment_it_is_told_and_with_one_it_is_counted(tmp_path: Path, capsys: Any) -> None:
    assert run(capsys, write(tmp_path))[0] == 1
    assert cli.main([str(write(tmp_path, beside=f"  # gradcheck: ignore[{RULE}]"))]) == 0
    text = capsys.readouterr().out
    assert "error[" not in text and "0 errors, 0 warnings, 1 suppressed; 2 of 4 parameters wrong" in text


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("ignore", f"an ignore names its rules: # gradcheck: ignore[{RULE}]"),
        ("ignore[]", f"an ignore names its rules: # gradcheck: ignore[{RULE}]"),
        ("ingore", f"an ignore names its rules: # gradcheck: ignore[{RULE}]"),
        (f"ingore[{RULE}]", f"`ingore` is not read: # gradcheck: ignore[{RULE}]"),
        (f"file-ignore[{RULE}]", f"`file-ignore` is not read: # gradcheck: ignore-file[{RULE}]"),
        ("ignore[wrong-activation-deriv]", f"there is no rule `wrong-activation-deriv`: a rule `{RULE}` exists"),
        ("ignore[uninitialized-memory]", "nothing here is silenced by ignoring uninitialized-memory"),
    ],
)
def test_a_comment_without_effect_is_noted(comment: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text(f"a = 1\nb = 2  # gradcheck: {comment}\n")
    error, note = settle([Finding(RULE, "error", "model.py", 2, 1, 2, 2, "m")], [str(path)], str(tmp_path))
    assert (error.suppressed, note.rule, note.severity, note.message) == (False, "unused-ignore", "note", message)
    line = path.read_text().split("\n")[note.line - 1]
    assert line[note.column - 1 : note.end_column - 1] == f"# gradcheck: {comment}"


def test_a_note_is_no_error_even_when_strict(tmp_path: Path, capsys: Any) -> None:
    path = write(tmp_path, beside=f"  # gradcheck: ignore[{RULE}, uninitialized-memory]")
    code, report = run(capsys, path, "--strict")
    assert (code, said(report)) == (0, [(RULE, "error", True), ("unused-ignore", "note", False)])


def test_nothing_is_said_of_comments_where_the_run_did_not_get_far_enough(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "model.py").write_text("import numpy as np\n1 / 0  # gradcheck: ignore[wrong-activation-derivative]\n")
    code, report = run(capsys, tmp_path / "model.py")
    assert (code, report["findings"]) == (2, [])


def test_comments_in_modules_are_read(tmp_path: Path, capsys: Any) -> None:
    write(tmp_path).rename(tmp_path / "network.py")
    text = (tmp_path / "network.py").read_text()
    (tmp_path / "network.py").write_text(f"# gradcheck: ignore-file[{RULE}]\n" + text)
    (tmp_path / "main.py").write_text("import network  # gradcheck: ignore[uninitialized-memory]\n")
    code, report = run(capsys, tmp_path / "main.py")
    assert (code, said(report)) == (0, [(RULE, "error", True), ("unused-ignore", "note", False)])
    assert report["findings"][1]["file"].endswith("main.py")


@pytest.mark.parametrize(
    ("select", "ignore", "suppressed"),
    [
        ((), (RULE,), True),
        ((), ("uninitialized-memory",), False),
        (("uninitialized-memory",), (), True),
        (("uninitialized-memory", RULE), (), False),
        ((RULE,), (RULE,), True),
    ],
)
def test_rules_chosen(select: tuple[str, ...], ignore: tuple[str, ...], suppressed: bool) -> None:
    finding = Finding(RULE, "error", "model.py", 2, 1, 2, 2, "m")
    assert [f.suppressed for f in settle([finding], [], "", select=select, ignore=ignore)] == [suppressed]


@pytest.mark.parametrize("arguments", [["--ignore", f"uninitialized-memory, {RULE}"], ["--select", "unused-ignore"]])
def test_rules_chosen_on_the_command_line(arguments: list[str], tmp_path: Path, capsys: Any) -> None:
    assert run(capsys, write(tmp_path), *arguments)[0] == 0


@pytest.mark.parametrize(
    ("text", "covered"),
    [
        ("a = 1  # gradcheck: ignore[r]\nb = 2\n", [1]),
        ("# gradcheck: ignore[r]\na = 1\nb = 2\n", [2]),
        ("# gradcheck: ignore[r]\n\n# another\na = 1\nb = 2\n", [4]),
        ("a = (1 +\n    2 +\n    3)  # gradcheck: ignore[r]\nb = 2\n", [1, 2, 3]),
        ("a = (1 +\n    # gradcheck: ignore[r]\n    2)\nb = 2\n", [1, 2, 3]),
        ("# gradcheck: ignore[r]\na = (1 +\n    2)\nb = 2\n", [2, 3]),
        ("for i in x:  # gradcheck: ignore[r]\n    b = 2\n", [1]),
        ("if x:\n    a = 1\n    # gradcheck: ignore[r]\nb = 2\n", [4]),
        ("a = 1\n\n\n# gradcheck: ignore-file[r]\n", [1, 2, 3, 4]),
        ("a = '# gradcheck: ignore[r]'\n", []),
        ("a = 1  # gradcheck: see the manual\n", []),
        ("a = 1  # gradcheck: ignore[r]\nb = (\n", [1]),
        ("# coding: latin-1\na = '\xe9'  # gradcheck: ignore[r]\n", [2]),
    ],
)
def test_what_a_comment_covers(text: str, covered: list[int], tmp_path: Path) -> None:
    path = tmp_path / "m.py"
    path.write_bytes(text.encode("latin-1"))
    findings = [Finding("r", "error", "m.py", line, 1, line, 2, "m") for line in range(1, 5)]
    settled = settle(findings, [str(path)], str(tmp_path), complete=False)
    assert [f.line for f in settled if f.suppressed and f.line <= text.count("\n")] == covered


@pytest.mark.parametrize(
    ("cell", "comment"),
    [
        (-1, "    dh = d @ W2.T * slope(h)  # gradcheck: ignore[{rule}]\n"),
        (-1, "    # gradcheck: ignore[{rule}]\n    dh = d @ W2.T * slope(h)\n"),
        (1, "%matplotlib inline\n# gradcheck: ignore-file[{rule}]\n"),
        (-1, "    dh = d @ W2.T * slope(h)\n# gradcheck: ignore-file[{rule}]\n"),
    ],
)
def test_comments_in_a_notebook(cell: int, comment: str, tmp_path: Path, capsys: Any) -> None:
    """On the line, above it, and for the whole notebook from any cell."""
    old = "    dh = d @ W2.T * slope(h)\n" if cell == -1 else "%matplotlib inline\n"
    cells = list(BROKEN)
    cells[cell] = cells[cell].replace(old, comment.format(rule=RULE))
    code, report = run(capsys, write_notebook(tmp_path / "n.ipynb", *cells))
    assert (code, said(report)) == (0, [(RULE, "error", True)])


def test_a_comment_in_a_notebook_without_effect_is_noted_by_cell_and_line(tmp_path: Path, capsys: Any) -> None:
    """A comment at the same line of another cell silences nothing either."""
    cells = [f"import numpy\n\n\n\n\ny = 5  # gradcheck: ignore[{RULE}]", *BROKEN]
    assert cli.main([str(write_notebook(tmp_path / "n.ipynb", *cells)), "--format", "concise"]) == 1
    name, note = str(tmp_path / "n.ipynb"), f"note: nothing here is silenced by ignoring {RULE} [unused-ignore]"
    lines = capsys.readouterr().out.splitlines()
    assert f"{name} cell 1:6:8: {note}" in lines and any(": error: " in line for line in lines)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\0", b"gradcheck: \xff", b"# coding: martian\n# gradcheck:"])
def test_files_that_cannot_be_read_hold_no_comments(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "m.py").write_bytes(content)
    assert scan(str(tmp_path / "m.py")) == []
