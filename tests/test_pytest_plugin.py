"""The plugin: fixture, scripts as items, the page for each, and what it costs those who do not use it."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

GOOD = """
import numpy as np
rng = np.random.default_rng(0)
x, y = rng.standard_normal((8, 3)), rng.standard_normal((8, 1))
w = rng.standard_normal((3, 1))
for step in range(20):
    loss = np.mean((x @ w - y) ** 2)
    w -= 0.1 * 2 * x.T @ (x @ w - y) / 8
"""

FIXTURE = """
import numpy as np

def loss(p):
    return np.sum(p["w"] ** 2)

def test_right(gradcheck):
    gradcheck(loss, {"w": np.arange(3.0)}, {"w": 2 * np.arange(3.0)})

def test_wrong(gradcheck):
    gradcheck(loss, {"w": np.arange(3.0)}, {"w": np.arange(3.0)})
"""

# Stands in for check_script: the report of a script is what its first comment says.
STUB = """
import sys, types
from pathlib import Path
from gradcheck.results import Finding, Report

def check_script(path, **options):
    verdict = Path(path).read_text().splitlines()[0].lstrip("# ")
    found = [Finding("sign-flipped-update", "error", "bad.py", line, 1, line, 5, f"mistake {line}") for line in (3, 7)]
    findings = found if verdict == "errors" else []
    return Report(verdict, {"path": Path(path).name, "folder": str(Path(path).parent)}, findings=findings)

stub = types.ModuleType("gradcheck.check")
stub.check_script = check_script
sys.modules["gradcheck.check"] = stub
"""


def plugin() -> list[str]:
    """How to load the plugin: by its entry point where the package is installed, else by name."""
    points = importlib.metadata.entry_points(group="pytest11")
    return [] if any(p.name == "gradcheck" for p in points) else ["-p", "gradcheck.pytest_plugin"]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")

    def run_pytest(*arguments: str) -> pytest.RunResult:
        return pytester.runpytest_subprocess(*plugin(), "-p", "no:cacheprovider", *arguments)

    return run_pytest


@pytest.fixture
def scripts(pytester: pytest.Pytester) -> Path:
    """A folder of scripts with a stub in place of the real check."""
    pytester.makeconftest(STUB)
    folder = pytester.mkdir("examples")
    for name, verdict in (("good", "clean"), ("bad", "errors"), ("unclear", "not_judged"), ("test_shaped", "clean")):
        (folder / f"{name}.py").write_text(
            f"# {verdict}\nraise RuntimeError('a script must never run in pytest itself')\n"
        )
    return folder


def test_the_fixture(run, pytester) -> None:  # type: ignore[no-untyped-def]
    pytester.makepyfile(FIXTURE)
    result = run()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["E*1 of 1 gradients wrong", "E*the gradient of params?'w'? is 2 times too small"])
    result.stdout.no_fnmatch_line("*functions.py*")


def test_scripts_are_items(run, scripts) -> None:  # type: ignore[no-untyped-def]
    result = run("--gradcheck", "examples/*.py", "-rs")
    result.assert_outcomes(passed=2, failed=1, skipped=1)
    result.stdout.fnmatch_lines(["*gradcheck examples/bad.py*", "*mistake 3*", "*mistake 7*", "SKIPPED*not judged: *"])


def test_without_the_option_scripts_are_left_alone(run, scripts, pytester) -> None:  # type: ignore[no-untyped-def]
    (scripts / "test_shaped.py").unlink()
    pytester.makepyfile("def test_one(): pass")
    run().assert_outcomes(passed=1)


def test_the_ini_key_and_a_folder_outside_testpaths(run, scripts, pytester) -> None:  # type: ignore[no-untyped-def]
    pytester.makeini("[pytest]\ntestpaths = tests\ngradcheck =\n    examples/good.py\n    examples/b*.py\n")
    pytester.mkdir("tests").joinpath("test_one.py").write_text("def test_one(): pass")
    run().assert_outcomes(passed=2, failed=1)


def test_a_script_named_twice_is_checked_once(run, scripts) -> None:  # type: ignore[no-untyped-def]
    run("--gradcheck", "examples/*.py", "examples/good.py", "examples").assert_outcomes(passed=2, failed=1, skipped=1)


def test_pages(run, scripts, pytester) -> None:  # type: ignore[no-untyped-def]
    run("--gradcheck", "examples/*.py", "--gradcheck-html", "pages")
    names = sorted(p.name for p in (pytester.path / "pages").iterdir())
    assert names == ["examples-bad.html", "examples-good.html", "examples-test_shaped.html", "examples-unclear.html"]
    page = (pytester.path / "pages" / "examples-bad.html").read_text(encoding="utf-8")
    assert "mistake 3" in page and "mistake 7" in page


def test_pages_escape_what_comes_from_the_script(run, scripts, pytester) -> None:  # type: ignore[no-untyped-def]
    conftest = pytester.path / "conftest.py"
    hostile = 'f"</script><script>alert({line})</script> &"'
    conftest.write_text(conftest.read_text().replace('f"mistake {line}"', hostile))
    (scripts / "test_shaped.py").unlink()
    (scripts / "bad.py").rename(scripts / "b<img src=x>ad.py")
    run("--gradcheck", "examples/b*.py", "--gradcheck-html", "pages").assert_outcomes(failed=1)
    (found,) = (pytester.path / "pages").iterdir()
    page = found.read_text(encoding="utf-8")
    assert "alert(3)" in page and "img src=x" in page
    assert "<script>alert" not in page and "</script> &" not in page and "<img src=x" not in page


def test_under_xdist(run, scripts) -> None:  # type: ignore[no-untyped-def]
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    result = run("--gradcheck", "examples/*.py", "--gradcheck-html", "pages", "-n", "2")
    result.assert_outcomes(passed=2, failed=1, skipped=1)
    result.stdout.fnmatch_lines(["*mistake 3*", "*mistake 7*"])


def test_a_real_script(run, pytester) -> None:  # type: ignore[no-untyped-def]
    pytest.importorskip("gradcheck.check")
    pytester.mkdir("examples").joinpath("good.py").write_text(GOOD)
    result = run("--gradcheck", "examples/*.py", "-rs")
    assert result.parseoutcomes().get("failed", 0) == 0
    assert sum(result.parseoutcomes().values()) == 1


QUIET = """
import json, sys, time
before = set(sys.modules)
started = time.perf_counter()
import gradcheck.pytest_plugin
seconds = time.perf_counter() - started
ours = sorted(m for m in set(sys.modules) - before if m.startswith("gradcheck"))
print(json.dumps({"numpy": "numpy" in sys.modules, "ours": ours, "seconds": seconds}))
"""


def test_a_run_without_checks_imports_no_numpy() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    script = "import pytest\n" + QUIET
    found = [json.loads(subprocess.check_output([sys.executable, "-c", script], env=environment)) for _ in range(3)]
    assert not found[0]["numpy"]
    assert found[0]["ours"] == ["gradcheck", "gradcheck.pytest_plugin"]
    assert min(f["seconds"] for f in found) < 0.020


def test_a_whole_run_without_checks_imports_no_numpy(run, pytester) -> None:  # type: ignore[no-untyped-def]
    pytester.makepyfile(
        "import sys\ndef test_one():\n    assert not {'numpy', 'gradcheck.functions'} & set(sys.modules)\n"
    )
    run().assert_outcomes(passed=1)
