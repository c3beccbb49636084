"""The pytest plugin: a `gradcheck` fixture, and training scripts as test items.

``pytest --gradcheck 'examples/*.py'`` (or the ini key ``gradcheck``, one pattern a line) checks each matching script;
one that fails shows all its findings at once. ``--gradcheck-html DIR`` writes a page for each. Everything heavy is
imported when a script or a gradient is checked, so a test run that uses none of this pays nothing.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .results import Report

PATTERNS = pytest.StashKey[tuple[str, ...]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options `--gradcheck` and `--gradcheck-html`, and the ini key `gradcheck`."""
    group = parser.getgroup("gradcheck", "gradient checks of NumPy training scripts")
    group.addoption(
        "--gradcheck", action="append", default=[], metavar="GLOB", help="check the scripts that match, as test items"
    )
    group.addoption("--gradcheck-html", metavar="DIR", help="write an HTML report for each script checked")
    parser.addini("gradcheck", "patterns of scripts to check, relative to the root directory", type="linelist")


def pytest_configure(config: pytest.Config) -> None:
    """Note the patterns; scripts outside the folders to be searched join the arguments."""
    patterns = (*config.getoption("--gradcheck"), *config.getini("gradcheck"))
    config.stash[PATTERNS] = patterns
    if not patterns:
        return
    known = [config.invocation_params.dir / argument.partition("::")[0] for argument in config.args]
    for script in _matching(config, patterns):
        if not any(script == folder or folder in script.parents for folder in known):
            config.args.append(str(script))


def _matching(config: pytest.Config, patterns: tuple[str, ...]) -> list[Path]:
    found = {path for pattern in patterns for path in config.rootpath.glob(pattern) if path.suffix == ".py"}
    return sorted(found)


def _is_script(config: pytest.Config, path: Path) -> bool:
    patterns = config.stash.get(PATTERNS, ())
    if not patterns or not path.is_relative_to(config.rootpath):
        return False
    relative = path.relative_to(config.rootpath).as_posix()
    return path.suffix == ".py" and any(fnmatch.fnmatch(relative, pattern.removeprefix("./")) for pattern in patterns)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A matching file holds one item: the script."""
    return ScriptFile.from_parent(parent, path=file_path) if _is_script(parent.config, file_path) else None


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Keep pytest from importing a script as a test module: that would train it here."""
    return Nothing.from_parent(parent, path=module_path) if _is_script(parent.config, module_path) else None


class Nothing(pytest.File):
    """A file without tests."""

    def collect(self) -> Iterator[pytest.Item]:
        """No items."""
        return iter(())


class ScriptFile(pytest.File):
    """A training script."""

    def collect(self) -> Iterator[pytest.Item]:
        """The one item."""
        yield ScriptItem.from_parent(self, name="gradcheck")


class ScriptFailure(Exception):
    """A script whose report holds errors. ``report`` carries them all."""

    def __init__(self, report: Report) -> None:
        super().__init__(f"{sum(f.severity == 'error' for f in report.findings)} errors")
        self.report = report


class ScriptItem(pytest.Item):
    """Checks one script."""

    def runtest(self) -> None:
        """Run the script in a child process; errors fail, and what could not be judged at all is skipped."""
        from .check import check_script

        folder = self.config.getoption("--gradcheck-html")
        report = check_script(str(self.path), drawn=bool(folder))
        if folder:
            _write_page(report, Path(folder), self.path.relative_to(self.config.rootpath))
        code = report.exit_code()
        if code == 1:
            raise ScriptFailure(report)
        if code == 2:
            pytest.skip(_why_not_judged(report))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any, **kwargs: Any) -> Any:
        """The report as text instead of our frames."""
        from .errors import GradcheckError

        if isinstance(excinfo.value, ScriptFailure):
            return _text(excinfo.value.report)
        if isinstance(excinfo.value, GradcheckError):
            return f"{excinfo.value.message}\n{excinfo.value.advice}".rstrip()
        return super().repr_failure(excinfo, *args, **kwargs)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """File and heading of a failure."""
        return self.path, None, f"gradcheck {self.path.relative_to(self.config.rootpath)}"


def _why_not_judged(report: Report) -> str:
    reasons = [p.reason for p in report.parameters if p.reason] + [n.why for n in report.not_checked]
    ended = [report.outcome.message] if report.outcome and report.outcome.message else []
    return "not judged: " + (ended + reasons + ["no training step found"])[0]


def _text(report: Report) -> str:
    from .options import Display
    from .render.terminal import render

    return render([report], Display(width=100))


def _write_page(report: Report, folder: Path, script: Path) -> None:
    """One file a script, named after its path so that parallel workers do not meet."""
    folder.mkdir(parents=True, exist_ok=True)
    name = "-".join(script.with_suffix("").parts) + ".html"
    (folder / name).write_text(report.to_html(), encoding="utf-8")


def assert_gradients(loss: Callable[..., Any], params: Any, grads: Any, **options: Any) -> Report:
    """Fails a test when `grads` is not the gradient of `loss` at `params`; see `functions.assert_gradients`."""
    __tracebackhide__ = True
    from .functions import assert_gradients

    return assert_gradients(loss, params, grads, **options)


@pytest.fixture
def gradcheck(request: pytest.FixtureRequest) -> Callable[..., Report]:
    """``gradcheck(loss, params, grads)`` fails the test with the mistake when a gradient is wrong."""
    return assert_gradients
