"""Every script of `tests/hostile` through the real command line: the answer, the exit code, and nothing left behind.

Scripts without options of their own are checked several to a run, the runs side by side, to be quick.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import gradcheck
from gradcheck.results import Report

from .folder_hash import folder_hash
from .hostile import Hostile
from .hostile.ends import ENDS
from .hostile.promises import POINTS, PROMISES
from .hostile.worlds import WORLDS

ROOT = Path(__file__).parent.parent
PACKAGE = str(Path(gradcheck.__file__).parent) + os.sep  # of frames that are ours
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
TABLE = {row.name: row for row in [*ENDS, *WORLDS]}
MARK = "GRADCHECK_TEST_RUN"
BATCH = 8


@dataclass(frozen=True, slots=True)
class Told:
    """What one script got: the report, the exit code of its run, and what its run left behind."""

    report: dict[str, Any]
    code: int
    complaint: str
    changed: set[str]
    left: list[str]


def alone(row: Hostile) -> bool:
    return bool(row.arguments or row.environment or row.stdin is not None)


def batches() -> list[list[Hostile]]:
    together = [row for row in TABLE.values() if not alone(row)]
    return [[row] for row in TABLE.values() if alone(row)] + [
        together[i : i + BATCH] for i in range(0, len(together), BATCH)
    ]


def run(rows: list[Hostile]) -> dict[str, Told]:
    with tempfile.TemporaryDirectory() as name:
        folder, scratch = Path(name, "user"), Path(name, "scratch")
        scratch.mkdir()
        scripts = [write(row, folder / row.name.replace(" ", "_")) for row in rows]
        before = folder_hash(folder)
        mark = f"{os.getpid()}-{rows[0].name}"
        environment = {**ENVIRONMENT, "TMPDIR": str(scratch), MARK: mark}
        command = [sys.executable, "-m", "gradcheck", *map(str, scripts), "--format", "json", *rows[0].arguments]
        done = subprocess.run(
            command, env={**environment, **rows[0].environment}, cwd=name, capture_output=True,
            **({"input": rows[0].stdin} if rows[0].stdin is not None else {"stdin": subprocess.DEVNULL}),
        )  # fmt: skip
        after = folder_hash(folder)
        changed = {path for path in {*before, *after} if before.get(path) != after.get(path)}
        left = [*map(str, scratch.iterdir()), *processes(mark)]
        document = json.loads(done.stdout, parse_constant=pytest.fail)  # no NaN, no Infinity
    reports = document.get("reports", [document])
    return {
        row.name: Told(report, done.returncode, done.stderr.decode(), changed, left)
        for row, report in zip(rows, reports, strict=True)
    }


def write(row: Hostile, folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name, text in {**row.files, "script.py": row.text}.items():
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder / "script.py"


def processes(mark: str) -> list[str]:
    """Commands of living processes that were started for ``mark``; those that are ending get a moment for it."""
    wanted = f"{MARK}={mark}".encode()
    found: list[str] = []
    for _ in range(20):
        found = [process.name for process in Path("/proc").glob("[0-9]*") if wanted in environment_of(process)]
        if not found:
            return []
        time.sleep(0.05)
    return found


def environment_of(process: Path) -> list[bytes]:
    try:
        return (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


@pytest.fixture(scope="module")
def told() -> Iterator[dict[str, Future[dict[str, Told]]]]:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        futures = [(rows, pool.submit(run, rows)) for rows in batches()]
        yield {row.name: future for rows, future in futures for row in rows}


def test_there_are_enough_of_them() -> None:
    assert len(TABLE) == len(ENDS) + len(WORLDS) >= 120


def test_every_promise_is_shown_and_every_row_shows_one() -> None:
    numbers = {int(promise.point.split()[0]) for promise in PROMISES if promise.point[0].isdigit()}
    assert numbers == set(range(1, POINTS + 1))
    shown = [name for promise in PROMISES for name in promise.shown]
    assert {promise.kept for promise in PROMISES if not promise.shown} == set()
    assert set(TABLE) - set(shown) == set(), "a row of no promise"
    missing = [name for name in shown if name not in TABLE and not is_test(name)]
    assert missing == []


def is_test(name: str) -> bool:
    """Whether ``module::test`` is there."""
    module, _, test = name.partition("::")
    path = Path(__file__).parent / f"{module}.py"
    return bool(test) and path.is_file() and f"\ndef {test}(" in path.read_text()


@pytest.mark.parametrize("name", TABLE)
def test_hostile(name: str, told: dict[str, Future[dict[str, Told]]]) -> None:
    row, found = TABLE[name], told[name].result()[name]
    outcome = found.report["outcome"]
    assert (outcome["kind"], [p["verdict"] for p in found.report["parameters"]]) == (row.kind, row.verdicts), outcome
    assert row.says in outcome["message"]
    remarks = [f"{remark['what']}: {remark['why']}" for remark in found.report["not_checked"]]
    assert not row.remark and remarks == [] or row.remark and row.remark in remarks[0]
    assert row.changed in "; ".join(found.report["changed"])
    assert Report.from_json(found.report).exit_code() == row.code
    if alone(row):
        assert found.code == row.code
    assert (found.complaint, found.changed, found.left) == ("", set(), [])
    assert PACKAGE not in outcome["traceback"]
    assert len(json.dumps(found.report)) < 400_000


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.alike])
def test_hostile_scripts_print_what_they_print(name: str, tmp_path: Path) -> None:
    row = TABLE[name]
    script = write(row, tmp_path / "user")
    environment = {**ENVIRONMENT, **row.environment}
    source = {"input": row.stdin} if row.stdin is not None else {"stdin": subprocess.DEVNULL}
    plain = subprocess.run([sys.executable, "-B", str(script)], env=environment, capture_output=True, **source)
    tool = [sys.executable, "-m", "gradcheck", str(script), "--show-output", "--quiet"]
    ours = subprocess.run(tool, env=environment, cwd=tmp_path, capture_output=True, **source)
    assert plain.stdout and ours.stderr == plain.stdout + plain.stderr
    assert ours.stdout == b""
