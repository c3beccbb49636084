"""`%gradcheck` and `%%gradcheck` in a real kernel: the same findings as for the notebook's file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gradcheck.check import check_script
from gradcheck.notebook import Executed, latest

from .notebooks import BROKEN, write_notebook

ROOT = Path(__file__).parent.parent
CODE = [text.replace("!pip install x", "!true") for text in BROKEN if text.strip() and not text.startswith("# ")]

# Runs a notebook's file in a kernel of its own and writes it back with its outputs.
EXECUTE = """
import sys, nbclient, nbformat
notebook = nbformat.read(sys.argv[1], 4)
nbclient.NotebookClient(notebook, timeout=120, allow_errors=True).execute()
nbformat.write(notebook, sys.argv[1])
"""

CELLS = [
    "%load_ext gradcheck",
    *CODE,
    "%gradcheck",
    "%gradcheck --format json",
    "%%gradcheck --quiet\nz = 3\nz + 1",
    "print(z, gradcheck)",
    "z",
    "%gradcheck --sedd 3",
    "%gradcheck --help",
    "%gradcheck --call 'raise SystemExit(7)' --format json",
    "%gradcheck --python no-such-python",
    "%gradcheck --watch",
    "%gradcheck model.py",
    "%gradcheck --format yaml",
    "%gradcheck --explain unused-ignor",
    "%gradcheck --ignore wrong-activation-derivative",
    "%gradcheck --output report.json --format json",
    "import json\n[json.load(open('report.json'))['verdict'] == 'errors']",
    "late = 4  # gradcheck: ignore[dead-relu]\n# gradcheck: ignore-file[wrong-activation-derivative]",
    "%gradcheck --format concise",
]


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The code cells of the notebook, executed."""
    path = write_notebook(tmp_path_factory.mktemp("kernel") / "lesson.ipynb", *CELLS)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    environment.pop("JPY_SESSION_NAME", None)
    command = [sys.executable, "-c", EXECUTE, path.name]
    done = subprocess.run(command, cwd=path.parent, env=environment, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    cells: list[dict[str, Any]] = json.loads(path.read_text())["cells"]
    return cells


def printed(cell: dict[str, Any]) -> str:
    """What a cell shows as text, on standard output or as its value."""
    texts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell["outputs"]]
    return "".join("".join(text) for text in texts)


def of(executed: list[dict[str, Any]], start: str) -> dict[str, Any]:
    found = [cell for cell in executed if "".join(cell["source"]).startswith(start)]
    assert len(found) == 1 or start == "%gradcheck"
    return found[0]


def test_the_findings_are_those_of_the_file(executed: list[dict[str, Any]], tmp_path: Path) -> None:
    told = json.loads(printed(of(executed, "%gradcheck --format json")))
    report = json.loads(
        json.dumps(check_script(write_notebook(tmp_path / "notebook", *CELLS[: len(CODE) + 3])).to_json())
    )
    for key in ("findings", "parameters", "trainings", "loss", "not_checked", "changed", "verdict"):
        plain = json.dumps(report[key], sort_keys=True).replace(str(tmp_path), "FOLDER")
        live = json.dumps(told[key], sort_keys=True).replace(told["script"]["folder"], "FOLDER")
        assert live == plain, key
    assert [(row["cell"], row["line"]) for row in told["findings"]] == [(5, 6)]
    assert told["script"]["cells"]["5"] == CODE[-1].rstrip("\n")
    assert (told["script"]["path"], told["script"]["python_source"]) == ("notebook", "own")


def test_the_report_is_shown_below_the_cell(executed: list[dict[str, Any]]) -> None:
    text = printed(of(executed, "%gradcheck"))
    assert "  --> notebook cell 5:6:10   affects W1\n" in text
    assert " 6 | dh = d @ W2.T * slope(h)\n" in text
    assert "1 error, 0 warnings; 1 of 2 parameters wrong" in text


def test_a_cell_with_the_magic_is_judged_and_then_runs(executed: list[dict[str, Any]]) -> None:
    cell = of(executed, "%%gradcheck")
    assert printed(cell).startswith("error[wrong-activation-derivative]") and printed(cell).endswith("4")
    assert printed(of(executed, "z")) == "3"


def test_failed_cells_are_left_out_and_nothing_reaches_stderr(executed: list[dict[str, Any]]) -> None:
    failed = of(executed, "print(z, gradcheck)")  # a NameError in the kernel: in the child it would end the run
    assert failed["outputs"][0]["ename"] == "NameError"
    told = json.loads(printed(of(executed, "%gradcheck --call")))
    assert (told["outcome"]["kind"], told["outcome"]["message"]) == ("exit", "exit code 7")
    names = [output.get("name") for cell in executed for output in cell["outputs"]]
    assert "stderr" not in names


@pytest.mark.parametrize(
    ("start", "words"),
    [
        ("%gradcheck --sedd 3", "gradcheck: No such option '--sedd'. (Did you mean one of: '--seed', '--steps'?)\n"),
        ("%gradcheck --python no", "gradcheck: --python no-such-python cannot be used: there is no such interpreter\n"),
        ("%gradcheck --help", "Usage"),
        ("%gradcheck --watch", "gradcheck: --watch has no meaning in a notebook\n"),
        ("%gradcheck model.py", "the magic judges the executed cells\n  !gradcheck model.py checks a file\n"),
        ("%gradcheck --format yaml", "gradcheck: --format yaml: there is no such form\n"),
        ("%gradcheck --explain", "gradcheck: there is no rule `unused-ignor`\n  a rule `unused-ignore` exists\n"),
    ],
)
def test_mistakes_are_answered_in_the_cell(executed: list[dict[str, Any]], start: str, words: str) -> None:
    cell = of(executed, start)
    assert words in printed(cell)
    assert all(output["output_type"] != "error" for output in cell["outputs"])


def test_rules_ignored_and_reports_saved(executed: list[dict[str, Any]]) -> None:
    assert "0 errors, 0 warnings, 1 suppressed" in printed(of(executed, "%gradcheck --ignore"))
    assert printed(of(executed, "import json")) == "[True]"


def test_comments_in_cells_are_read_and_those_without_effect_noted(executed: list[dict[str, Any]]) -> None:
    told = printed(of(executed, "%gradcheck --format concise"))
    assert told.splitlines()[0] == (
        "notebook cell 22:1:11: note: nothing here is silenced by ignoring dead-relu [unused-ignore]"
    )
    assert "wrong-activation-derivative" not in told


def test_the_last_version_of_each_cell_counts() -> None:
    history = [
        Executed(1, "import numpy", "a"),
        Executed(2, "wrong", "b"),
        Executed(3, "train", "c"),
        Executed(4, "right", "b"),
        Executed(5, "train", "c"),
        Executed(6, "x = 1"),
        Executed(7, "x = 2"),
        Executed(8, "x = 1"),
    ]
    kept = [(1, "import numpy"), (4, "right"), (5, "train"), (8, "x = 1"), (7, "x = 2")]
    assert [(one.number, one.text) for one in latest(history)] == kept


def test_importing_the_package_needs_no_ipython() -> None:
    code = "import sys, gradcheck; from gradcheck import *; sys.exit('IPython' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, timeout=60).returncode == 0
