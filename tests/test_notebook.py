"""Notebooks as files: what of a cell is Python, which cell a finding is in, what is said of what is no notebook."""

from __future__ import annotations

import ast
import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

from gradcheck import cli
from gradcheck.cells import Cell, as_cell, cell_file, in_cells, read_notebook, split_file
from gradcheck.check import check_script
from gradcheck.errors import InputError
from gradcheck.render import RENDERERS, render
from gradcheck.results import Report

from .folder_hash import unchanged_folder
from .notebooks import BROKEN, MENDED, write_notebook, write_old_notebook

# A cell, the Python that is run in its place, and the lines that are dropped and named.
CELLS: list[tuple[str, str, list[str]]] = [
    ("x = 1", "x = 1", []),
    ("%matplotlib inline\nx = 1", "pass\nx = 1", []),
    ("x = 1\n!ls -l\ny = 2", "x = 1\npass\ny = 2", ["!ls -l"]),
    ("!!ls\nx = 1", "pass\nx = 1", ["!!ls"]),
    ("files = !ls *.csv", "files = []", ["files = !ls *.csv"]),
    ("a, b = %who_ls int", "a, b = None", ["a, b = %who_ls int"]),
    ("%time f(x)", "if 1: f(x)", []),
    ("%time y = f(x)", "if 1: y = f(x)", []),
    ("y = %time f(x)", "y =       f(x)", []),
    ("%time", "pass", []),
    ("%time for i in x: f(i)", "for i in x: f(i)", []),
    ("for i in x:\n    %time f(i)\n    !echo {i}", "for i in x:\n    if 1: f(i)\n    pass", ["!echo {i}"]),
    ("if x:\n    !ls\nelse:\n    pass", "if x:\n    pass\nelse:\n    pass", ["!ls"]),
    ("x?\ny = 1", "pass\ny = 1", []),
    ("?x\nnp.dot??\n?? np.*load*\n%time?", "pass\npass\npass\npass", []),
    ("!wget a \\\n  b \\\n  c\nx = 1", "pass\n\n\nx = 1", ["!wget a b c"]),
    ("%%time\nx = 1", "\nx = 1", []),
    ("\n%%capture out\n%%time\n!ls\nx = 1", "\n\n\npass\nx = 1", ["!ls"]),
    ("%%bash\nls", "", []),
    ("pip install numpy\nx = 1", "pass\nx = 1", []),
    ("cd ../data\nx = 1", "pass\nx = 1", ["cd ../data"]),
    ("!pip install numpy\n%pip install scipy\n%load_ext autoreload\n%autoreload 2\n%config x = 1\n%gradcheck --seed 1",
     "pass\n" * 5 + "pass", []),
    ("%run helpers.py\nx = 1", "pass\nx = 1", ["%run helpers.py"]),
    ("%pylab inline\nx = 1", "from numpy import *; import numpy as np; import matplotlib.pyplot as plt\nx = 1", []),
    ('"""\n%time x\n!ls\n"""\nx = 1', '"""\n%time x\n!ls\n"""\nx = 1', []),
    ('!ls\ns = """\n%time x\n!ls\n"""', 'pass\ns = """\n%time x\n!ls\n"""', ["!ls"]),
    ('!ls\nprint("%d"\n% x)\ny = "%d" \\\n% x', 'pass\nprint("%d"\n% x)\ny = "%d" \\\n% x', ["!ls"]),
    ('!ls\nx = "a!b" if a != b else "c%"  # why?', 'pass\nx = "a!b" if a != b else "c%"  # why?', ["!ls"]),
    ("!ls\nx = {'a': 1 %\n2}", "pass\nx = {'a': 1 %\n2}", ["!ls"]),
    ("await f()\nasync with g() as h:\n    pass", "await f()\nasync with g() as h:\n    pass", []),
    ("x = = 2", "x = = 2", []),
    ("s = 'open\nx = 1", "s = 'open\nx = 1", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "skipped"), CELLS, ids=[row[0] for row in CELLS])
def test_what_only_ipython_reads_gives_way_to_python(text: str, code: str, skipped: list[str]) -> None:
    cell = as_cell(1, text)
    assert (cell.code, list(cell.skipped)) == (code, skipped)
    assert cell.text == text and (not code or code.count("\n") == text.count("\n"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("%time f(x)", "if 1: f(x)"),
        ("    %timeit -n 10 -r3 f(x)", "if 1: f(x)"),
        ("%prun -s cumulative -q f(x)", "if 1: f(x)"),
        ("t = %timeit -o f(x)", "t = f(x)"),
    ],
)
def test_timed_statements_keep_their_columns(text: str, words: str) -> None:
    code = as_cell(1, text).code
    assert code.split() == words.split() and code.index("f(x)") == text.index("f(x)")


@pytest.mark.parametrize("text", [row[0] for row in CELLS if "= =" not in row[0] and "'open" not in row[0]])
def test_what_is_left_is_python(text: str) -> None:
    ast.parse(as_cell(1, text).code)


def test_a_cell_in_another_language_is_named() -> None:
    assert as_cell(2, "\n%%R -i x\nplot(x)") == Cell(2, "\n%%R -i x\nplot(x)", "", (), "%%R")


def test_files_of_cells() -> None:
    assert split_file(cell_file("/a/b.ipynb", 12)) == ("/a/b.ipynb", 12)
    assert split_file("/a/cell 3.py") == ("/a/cell 3.py", None)
    nested = {"related": [{"file": "/a/b.ipynb/cell 2", "line": 3}], "file": "/a/c.py", "line": 1}
    assert in_cells(nested) == {"related": [{"file": "/a/b.ipynb", "line": 3, "cell": 2}], "file": "/a/c.py", "line": 1}


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("broken")
    write_notebook(folder / "model.ipynb", *BROKEN)
    with unchanged_folder(folder):
        return check_script(folder / "model.ipynb")


def test_findings_name_cell_and_line(broken: Report) -> None:
    finding = broken.findings[0]
    assert [(p.name, p.verdict, p.cell, p.line) for p in broken.parameters] == [
        ("W2", "right", 4, 7),
        ("W1", "wrong", 4, 8),
    ]
    assert (finding.rule, finding.cell, finding.line, finding.column) == ("wrong-activation-derivative", 4, 6, 10)
    assert finding.file.endswith("model.ipynb")
    assert [(span.cell, span.line) for span in finding.related] == [(2, 2)]
    assert (broken.parameters[1].wrong_from, broken.parameters[1].wrong_from_cell) == (6, 4)
    assert broken.loss is not None and (broken.loss.cell, broken.loss.line) == (4, 4)
    assert broken.changed == [
        "magics and shell lines were not run: `files = !ls` (cell 3)",
        "training loops ended early (cell 4, line 1)",
    ]
    assert Report.from_json(broken.to_json()) == broken


WINDOW = """\
error[wrong-activation-derivative]: this factor is not the derivative of the sigmoid
  --> model.ipynb cell 4:6:10   affects W1
   |
 6 | dh = d @ W2.T * slope(h)
   |      ^^^^^^^^^^^^^^^^^^^ another factor than the activation's derivative
   |
  ::: model.ipynb cell 2:2:12
   |
 2 | return 1 / (1 + np.exp(-x))
   |        -------------------- the forward line: X @ W1
"""


def test_the_text_shows_the_cells_lines(broken: Report) -> None:
    broken.script["path"] = "model.ipynb"
    text = render([broken], "text")
    assert WINDOW in text
    assert " W1          3 x 4   4:8    77 %     -       downhill    wrong from cell 4, line 6\n" in text
    assert "loss: the script's own (`np.mean((p - y) ** 2)`, cell 4, line 4)" in text
    line = "model.ipynb cell 4:6:10: error: this factor is not the derivative of the sigmoid"
    assert render([broken], "concise") == f"{line} [wrong-activation-derivative]\n"


def test_a_mark_in_another_cell_has_a_window_of_its_own(tmp_path: Path) -> None:
    loss = "def loss_of(p, y):\n    return np.mean((p - y) ** 2)"
    training = BROKEN[-1].replace("np.mean((p - y) ** 2)", "loss_of(p, y)")
    report = check_script(write_notebook(tmp_path / "m.ipynb", *BROKEN[:-1], loss, training))
    finding = report.findings[0]
    assert (finding.cell, [(span.cell, span.line) for span in finding.related]) == (5, [(2, 2)])
    report.script["path"] = "m.ipynb"
    text = render([report], "text")
    assert "  --> m.ipynb cell 5:6:10 " in text
    assert "  ::: m.ipynb cell 2:2:12\n   |\n 2 | return 1 / (1 + np.exp(-x))\n   |        ---" in text


def test_the_old_format_says_the_same(broken: Report, tmp_path: Path) -> None:
    code = [text for text in BROKEN if not text.startswith("# ")]
    old = check_script(write_old_notebook(tmp_path / "old.ipynb", *code))
    assert [(f.cell, f.line, f.message) for f in old.findings] == [(4, 6, broken.findings[0].message)]


def test_a_mended_notebook_is_clean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_notebook(tmp_path / "mended.ipynb", *MENDED)
    assert cli.main([str(path)]) == 0
    assert "2 of 2 parameters right" in capsys.readouterr().out


def run(folder: Path, *cells: str) -> Report:
    return check_script(write_notebook(folder / "n.ipynb", *(textwrap.dedent(cell).strip("\n") for cell in cells)))


def told(folder: Path, *cells: str) -> tuple[str, int | None, int | None, str]:
    outcome = run(folder, *cells).outcome
    assert outcome is not None
    return outcome.kind, outcome.cell, outcome.line, outcome.message


def test_exceptions_and_syntax_errors_name_cell_and_line(tmp_path: Path) -> None:
    report = run(tmp_path, "x = 1", "def f(a):\n    return a['k']", "y = 2\nf({})")
    assert report.outcome is not None
    name = str(tmp_path / "n.ipynb")
    assert (report.outcome.kind, report.outcome.cell, report.outcome.line) == ("exception", 2, 2)
    assert report.outcome.file == name and report.outcome.output_tail == ""
    assert f'  File "{name}/cell 3", line 2, in <module>\n    f({{}})\n' in report.outcome.traceback
    assert "(cell 2, line 2)" in render([report], "text")
    assert "n.ipynb cell 2:2:1: note: nothing could be judged" in render([report], "concise")
    kind, cell, line, message = told(tmp_path, "x = 1", "x = 2\nif x = 3:\n    pass")
    assert (kind, cell, line) == ("syntax_error", 2, 2) and message.startswith("SyntaxError")


def test_what_was_trained_before_a_syntax_error_is_judged(tmp_path: Path) -> None:
    report = run(tmp_path, *MENDED, "this is no Python")
    assert report.outcome is not None and report.outcome.kind == "syntax_error"
    assert [p.verdict for p in report.parameters] == ["right", "right"]


def test_the_world_of_a_notebook(tmp_path: Path) -> None:
    """The current folder, the names, several cells as one module, and what IPython gives."""
    (tmp_path / "helper.py").write_text("import os\nhere = os.getcwd()\n")
    cells = [
        """
        import os, sys, helper, pickle, inspect
        assert os.getcwd() == helper.here == os.path.dirname(sys.argv[0]) == sys.path[0]
        assert __name__ == "__main__" and "__file__" not in globals()
        """,
        """
        def twice(x):
            return 2 * x
        class Point:
            pass
        """,
        """
        assert twice(3) == 6 and isinstance(pickle.loads(pickle.dumps(Point())), Point)
        assert inspect.getsource(twice) == "def twice(x):\\n    return 2 * x\\n"
        get_ipython().run_line_magic("matplotlib", "inline")
        assert get_ipython().user_ns is globals()
        display(twice(2))
        """,
        """
        import asyncio
        async def later(x):
            return x + 1
        found = await later(4)
        """,
        """
        assert found == 5 and [await later(i) for i in range(2)] == [1, 2]
        raise SystemExit("all well")
        """,
    ]
    assert told(tmp_path, *cells) == ("exit", 5, 2, "all well")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["helper.py", "n.ipynb"]


@pytest.mark.parametrize(
    "name", ["from IPython import get_ipython", "import IPython; get_ipython = IPython.get_ipython"]
)
def test_the_installed_ipython_gives_the_same_shell(name: str, tmp_path: Path) -> None:
    pytest.importorskip("IPython")
    cells = [f"{name}\nget_ipython().run_line_magic('matplotlib', 'inline')\nraise SystemExit('done')"]
    assert told(tmp_path, *cells)[3] == "done"


def test_skipped_cells_are_named(tmp_path: Path) -> None:
    report = run(tmp_path, "%%bash\nls", "%%writefile x.py\n1", "!a\n!b\n!c\n!d\n!e")
    assert [(row.what, row.why) for row in report.not_checked] == [
        ("cell 1", "a cell with %%bash is not run"),
        ("cell 2", "a cell with %%writefile is not run"),
    ]
    shown = ", ".join(f"`!{name}` (cell 3)" for name in "abcd")
    assert report.changed == [f"magics and shell lines were not run: {shown} and 1 more"]


NO_NOTEBOOKS: list[tuple[bytes, str]] = [
    (b"", "this is no notebook: it is empty"),
    (b'{"cells": [', "this is no notebook: line 1: Expecting value"),
    (b'{\n"cells": nothing}', "this is no notebook: line 2: Expecting value"),
    (b'{"cells": "\xe9"}', "this is no notebook: it is not text in UTF-8"),
    (b"[1]", "this is no notebook: its JSON has neither cells nor worksheets"),
    (b'{"cells": 3}', "this is no notebook: its JSON has neither cells nor worksheets"),
    (b'{"cells": []}', "the notebook has no code cells"),
    (b'{"cells": [{"cell_type": "markdown"}, 7, {"cell_type": "code"}]}', "the notebook has no code cells"),
    (b'{"cells": [{"cell_type": "code", "source": [" \\n"]}]}', "the notebook has no code cells"),
    (b'{"cells": [], "metadata": {"kernelspec": {"language": "R"}}}', "this notebook is written in R, not in Python"),
    (b'{"cells": [], "metadata": {"language_info": {"name": "c"}}}', "this notebook is written in c, not in Python"),
    (b"[" * 100_000, "this is no notebook: it is no JSON"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "message"), NO_NOTEBOOKS, ids=[row[0][:40].decode("latin-1") for row in NO_NOTEBOOKS])
def test_what_is_no_notebook_is_told_in_one_sentence(
    data: bytes, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.ipynb").write_bytes(data)
    assert cli.main(["a.ipynb"]) == 2
    assert capsys.readouterr() == ("", f"gradcheck: a.ipynb: {message}\n")
    with pytest.raises(InputError, match="^x: "):
        read_notebook(data, "x")


def test_a_notebook_under_another_name_and_alone_in_a_folder(tmp_path: Path, capsys: Any) -> None:
    write_notebook(tmp_path / "exercise.json", "raise SystemExit('here')")
    assert cli.main([str(tmp_path / "exercise.json"), "--format", "json"]) == 2
    assert json.loads(capsys.readouterr().out)["outcome"]["message"] == "here"
    (tmp_path / "exercise.json").rename(tmp_path / "exercise.ipynb")
    assert cli.main([str(tmp_path), "--format", "json"]) == 2
    data = json.loads(capsys.readouterr().out)
    assert data["script"]["path"].endswith("exercise.ipynb")
    assert data["script"]["cells"] == {"1": "raise SystemExit('here')"}


def test_every_renderer_takes_a_notebook(broken: Report) -> None:
    for form in RENDERERS:
        assert "model.ipynb" in render([broken], form)
