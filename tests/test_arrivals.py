"""Every way a script arrives at the command line, and what is told when something that it needs is not there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .notebooks import write_notebook

ROOT = Path(__file__).parent.parent

FIT = """\
import numpy as np

def fit(X, y, epochs=20):
    w = np.zeros((X.shape[1], 1))
    for _ in range(epochs):
        p = X @ w
        loss = np.mean((p - y) ** 2)
        w -= 0.1 * 2 * X.T @ (p - y) / len(X)
    return w
"""
DATA = "import numpy as np\nX = np.random.default_rng(0).normal(size=(20, 3))\ny = X.sum(1, keepdims=True)\n"


def write(folder: Path, **files: str) -> None:
    """Writes Python files; in their names `__` stands for a slash."""
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def check(folder: Path, *arguments: str, stdin: str | None = None) -> dict[str, Any]:
    """The report that the command line writes when it is called in `folder`."""
    done = subprocess.run(
        [sys.executable, "-m", "gradcheck", *arguments[:1], "--format", "json", *arguments[1:]],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        **({"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}),  # type: ignore[arg-type]
    )
    assert done.stdout, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def judged(report: dict[str, Any]) -> list[tuple[str, str]]:
    assert report["outcome"]["kind"] in ("finished", "cut"), report["outcome"]
    return [(row["name"], row["verdict"]) for row in report["parameters"]]


RIGHT = [("w", "right_up_to_scale")]


def test_arguments_reach_the_script(tmp_path: Path) -> None:
    script = (
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--epochs', type=int)\na = p.parse_args()\n"
    )
    write(
        tmp_path, net=FIT, data=DATA, train=script + "from net import fit\nfrom data import X, y\nfit(X, y, a.epochs)\n"
    )
    report = check(tmp_path, "train.py", "--", "--epochs", "7")
    assert judged(report) == RIGHT and report["trainings"][0]["steps"] == 7
    assert report["script"]["arguments"] == ["--epochs", "7"]


def test_piped_data_is_trained_on(tmp_path: Path) -> None:
    script = "import sys, numpy as np\nfrom net import fit\nX = np.loadtxt(sys.stdin)\nfit(X[:, :-1], X[:, -1:])\n"
    write(tmp_path, net=FIT, train=script)
    rows = "".join(f"{i % 3 - 1} {i % 5 / 5} {i % 3 + i % 5}\n" for i in range(20))
    report = check(tmp_path, "train.py", stdin=rows)
    assert judged(report) == RIGHT and report["parameters"][0]["shape"] == [2, 1]


TRAIN = "from net import fit\nfrom data import X, y\nfit(X, y)\n"
INSIDE = "from .core.net import fit\nfrom .data import X, y\nassert __name__ == '__main__'\nfit(X, y)\n"


@pytest.mark.parametrize("entry", ["train", "main", "model", "other"])
def test_a_folder_stands_for_its_script(entry: str, tmp_path: Path) -> None:
    helper = {} if entry == "other" else {"project__net": FIT, "project__data": DATA}
    write(tmp_path, **helper, **{f"project__{entry}": TRAIN if helper else FIT + DATA + "fit(X, y)\n"})
    report = check(tmp_path, "project")
    assert judged(report) == RIGHT
    assert report["script"]["path"] == os.path.join("project", f"{entry}.py")


def test_a_folder_of_folders_says_what_is_in_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from gradcheck import cli

    write(tmp_path, project__scripts__train="x = 1\n", project__src__net="x = 1\n")
    assert cli.main([str(tmp_path / "project")]) == 2
    assert "in the folder: scripts/train.py, src/net.py" in capsys.readouterr().err


@pytest.mark.parametrize("typed", ["pkg", "pkg/__main__.py"])
def test_a_package_runs_as_python_m_runs_it(typed: str, tmp_path: Path) -> None:
    files = {"pkg/__init__.py": "", "pkg/__main__.py": INSIDE, "pkg/core/net.py": FIT, "pkg/data.py": DATA}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    report = check(tmp_path, typed)
    assert judged(report) == RIGHT
    said = f"run as `python -m pkg` from {tmp_path}, because it imports relative to its package"
    assert report["changed"][0] == said
    done = subprocess.run([sys.executable, "-m", "pkg"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("init", [True, False], ids=["package", "namespace"])
def test_a_member_of_a_package_knows_it(init: bool, tmp_path: Path) -> None:
    world = "import json, sys\nprint(json.dumps([__name__, __package__, __spec__.name, sys.argv, sys.path[0]]))\n"
    up = "from ..data import X, y\nfrom .net import fit\n"
    write(
        tmp_path, pkg__core__run=up + world + "fit(X, y)\nraise SystemExit('end')\n", pkg__core__net=FIT, pkg__data=DATA
    )
    if init:
        for folder in ("pkg", "pkg/core"):
            (tmp_path / folder / "__init__.py").touch()
    report = check(tmp_path, "pkg/core/run.py", "--", "a", "b")
    assert [(row["name"], row["verdict"]) for row in report["parameters"]] == RIGHT
    plain = subprocess.run(
        [sys.executable, "-m", "pkg.core.run", "a", "b"], cwd=tmp_path, capture_output=True, text=True
    )
    assert report["outcome"]["output_tail"].splitlines()[:1] == plain.stdout.splitlines()[:1]
    assert report["changed"][0].startswith(f"run as `python -m pkg.core.run` from {tmp_path},")


def test_relative_imports_with_another_way_stay_as_in_plain_python(tmp_path: Path) -> None:
    both = "try:\n    from .net import fit\nexcept ImportError:\n    from net import fit\n"
    write(tmp_path, pkg__train=both + DATA + "fit(X, y)\n", pkg__net=FIT)
    (tmp_path / "pkg" / "__init__.py").touch()
    report = check(tmp_path, "pkg/train.py")
    assert judged(report) == RIGHT
    assert not any("python -m" in words for words in report["changed"])


@pytest.mark.parametrize("folder", [".", "scripts", ".."], ids=["from the project", "from its folder", "from above"])
def test_a_script_that_imports_from_its_parent(folder: str, tmp_path: Path) -> None:
    project = tmp_path / "project"
    write(project, src__net=FIT, src__data=DATA, scripts__train=TRAIN.replace("from ", "from src."))
    typed = os.path.relpath(project / "scripts" / "train.py", project / folder)
    report = check(project / folder, typed)
    assert judged(report) == RIGHT
    assert f"src was found in {project}, as with PYTHONPATH={project}" in report["changed"]


def test_a_script_that_puts_its_parent_on_the_path_needs_no_help(tmp_path: Path) -> None:
    first = "import os, sys\nsys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))\n"
    write(tmp_path, src__net=FIT, src__data=DATA, scripts__train=first + TRAIN.replace("from ", "from src."))
    report = check(tmp_path, "scripts/train.py")
    assert judged(report) == RIGHT
    assert not any("was found" in words for words in report["changed"])


def test_a_package_that_is_nowhere_stays_missing(tmp_path: Path) -> None:
    write(tmp_path, scripts__train="import not_there_at_all\n")
    (tmp_path / "not_there_at_all").mkdir()  # a folder without Python files is no module
    report = check(tmp_path, "scripts/train.py")
    assert report["outcome"]["kind"] == "missing_package"
    assert report["outcome"]["message"] == (
        "the script needs the package 'not_there_at_all', which this Python does not have; "
        "install it (python -m pip install not_there_at_all) or name the Python that has it (--python PATH)"
    )


MISSING = [
    ("import numpy as np\nX = np.loadtxt('data.csv', delimiter=',')\n", 2, "X = np.loadtxt('data.csv', delimiter=',')"),
    ("import numpy as np\nX = np.genfromtxt(\n    'data.csv')\n", 2, "X = np.genfromtxt("),
    ("import numpy as np\nX = np.load('data.csv')['x']\n", 2, "X = np.load('data.csv')['x']"),
    ("import pickle\ndef read(n):\n    with open(n, 'rb') as f:\n        return pickle.load(f)\nread('data.csv')\n", 3,
     "with open(n, 'rb') as f:"),
    ("import gzip\ngzip.open('data.csv').read()\n", 2, "gzip.open('data.csv').read()"),
    ("from pathlib import Path\nPath('data.csv').read_text()\n", 2, "Path('data.csv').read_text()"),
]  # fmt: skip


@pytest.mark.parametrize(("script", "line", "text"), MISSING, ids=[row[2] for row in MISSING])
def test_a_missing_file_is_named_with_the_line_that_wants_it(script: str, line: int, text: str, tmp_path: Path) -> None:
    write(tmp_path, train=script)
    outcome = check(tmp_path, "train.py")["outcome"]
    assert (outcome["kind"], outcome["line"]) == ("missing_file", line)
    assert outcome["message"] == (
        f"line {line}, `{text}`, wants the file 'data.csv', which is not there (looked for in {tmp_path}); "
        "put it there, or run gradcheck from the folder that it is seen from"
    )


def test_a_file_beside_the_script_is_found_for_the_advice(tmp_path: Path) -> None:
    write(tmp_path, project__scripts__train="open('data/x.csv')\n")
    (tmp_path / "project" / "data").mkdir()
    (tmp_path / "project" / "data" / "x.csv").touch()
    message = check(tmp_path, "project/scripts/train.py")["outcome"]["message"]
    assert message.endswith(f"; it is in {tmp_path / 'project'}: run gradcheck from there")
    assert check(tmp_path / "project", "scripts/train.py")["outcome"]["kind"] == "finished"


def test_missing_pandas_says_what_is_read_with_it(tmp_path: Path) -> None:
    hide = "import sys\nsys.modules['pandas'] = None\n"
    write(tmp_path, train=hide + "import pandas as pd\n\nframe = pd.read_csv('iris.csv')\n")
    outcome = check(tmp_path, "train.py")["outcome"]
    assert outcome["kind"] == "missing_package" and outcome["line"] == 3
    assert "it reads its data with it (line 5, `frame = pd.read_csv('iris.csv')`)" in outcome["message"]


def test_missing_pandas_in_a_notebook_names_the_cell_that_reads(tmp_path: Path) -> None:
    hide = "import sys\nsys.modules['pandas'] = None\nimport pandas as pd"
    write_notebook(tmp_path / "n.ipynb", hide, "x = 1\nframe = pd.read_csv('iris.csv')")
    outcome = check(tmp_path, "n.ipynb")["outcome"]
    assert (outcome["kind"], outcome["cell"], outcome["line"]) == ("missing_package", 1, 3)
    assert "(cell 2, line 2, `frame = pd.read_csv('iris.csv')`)" in outcome["message"]
