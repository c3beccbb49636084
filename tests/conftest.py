"""What several test modules share: golden files, and reports that are made once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from . import shared_runs

# Tests that share an expensive run: under pytest-xdist one worker gets them, or each would make or await it.
TOGETHER = {
    "test_cases.py": "cases",
    "test_numbers.py": "cases",
    "test_reports.py::test_the_data_are_what_a_run_gives": "cases",
    "test_hostile.py": "hostile scripts",
    "test_magics.py": "a kernel",
    "test_trials.py::test_a_broken_script": "broken trials",
    "test_trials.py::test_one_mistake": "broken trials",
    "test_trials.py::test_where_a_script_runs_twice": "broken trials",
}
GOLDEN = Path(__file__).parent / "golden"

# A shell that starts the tests in the background has signals ignored, and so would everything that they start.
for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)

# Scripts run with the interpreter that runs the tests, whichever environment is activated around them.
for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
    os.environ.pop(variable, None)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/golden/* from what is printed now")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):  # type: ignore[misc]
        """Gives out single tests, but those that belong together as one."""

        def _split_scope(self, nodeid: str) -> str:
            name = nodeid.removeprefix("tests/")
            return next((group for start, group in TOGETHER.items() if name.startswith(start)), nodeid)

    return Together(config, log) if config.getoption("dist") == "load" else None


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):
        shared_runs.forget()


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """``golden(name, text)`` compares text with ``tests/golden/<name>``, byte for byte."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.write_bytes(text.encode())
        known = path.read_bytes().decode() if path.exists() else "(no golden file yet)"
        hint = f"{path.name} differs; if the new text is meant: python -m pytest {request.node.fspath} --update-golden"
        assert text == known, hint

    return compare
