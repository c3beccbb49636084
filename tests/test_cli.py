"""The command line: what each argument means, what each mistake answers, and what reaches the screen."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from gradcheck import check, cli
from gradcheck.check import Checked, check_script
from gradcheck.errors import EnvironmentFailure, GradcheckError, InputError, UsageError
from gradcheck.options import Options, near_miss
from gradcheck.results import Finding, Outcome, Parameter, Report
from gradcheck.target import choose_interpreter, resolve_target

ROOT = Path(__file__).parent.parent


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a script in it, and no environment to be found."""
    (tmp_path / "model.py").write_text("x = 1\n")
    monkeypatch.chdir(tmp_path)
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def calls(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Options, int]]:
    """Instead of running scripts: what would have been run. A script's name tells what is found in it."""
    seen: list[tuple[str, Options, int]] = []

    def check_target(target: Any, options: Options, *, stdin: int, observer: Any) -> Checked:
        seen.append((target.shown, options, stdin))
        if "broken" in target.shown:
            raise EnvironmentFailure("it broke", "mend it")
        return Checked(report_for(target.shown), 2 if "stopped" in target.shown else 0)

    monkeypatch.setattr(check, "check_target", check_target)
    return seen


def report_for(name: str) -> Report:
    verdict = next((v for v in ("errors", "partly_judged", "not_judged") if v in name), "clean")
    severity = "error" if verdict == "errors" else "warning" if "warning" in name else ""
    findings = [Finding("some-rule", severity, name, 1, 1, 1, 2, "found it")] if severity else []  # type: ignore[arg-type]
    parameters = [Parameter("W", [1], "right")]
    return Report(verdict, {"path": name}, parameters=parameters, findings=findings, outcome=Outcome("finished"))  # type: ignore[arg-type]


def tool(*arguments: str, **rest: Any) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **rest.pop("env", {})}
    command = [sys.executable, "-m", "gradcheck", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, **rest)


OPTIONS: list[tuple[list[str], dict[str, Any]]] = [
    ([], {}),
    (["--seed", "7"], {"seed": 7}),
    (["--timeout", "2.5"], {"timeout": 2.5}),
    (["--loss", "hinge", "--maximize"], {"loss": "hinge", "maximize": True}),
    (["--call", "Net([4, 3]).fit(X, y)"], {"call": "Net([4, 3]).fit(X, y)"}),
    (["--follow", "a", "--follow", "b.c"], {"follow": ("a", "b.c")}),
    (["--no-stand-ins"], {"stand_ins": False}),
    (["--python", "p"], {"python": "p"}),
    (["--select", "a,b", "--select", "c"], {"select": ("a", "b", "c")}),
    (["--ignore", "a, b"], {"ignore": ("a", "b")}),
    (["--", "--seed", "3", "-q", "--"], {"arguments": ("--seed", "3", "-q", "--")}),
    (["--quiet", "--", ""], {"arguments": ("",)}),
]


@pytest.mark.parametrize(("arguments", "expected"), OPTIONS, ids=[" ".join(row[0]) or "none" for row in OPTIONS])
def test_options(arguments: list[str], expected: dict[str, Any], calls: list[Any]) -> None:
    assert cli.main(["model.py", *arguments]) == 0
    assert [(name, options) for name, options, _ in calls] == [("model.py", Options(**expected))]


@pytest.mark.parametrize(
    ("files", "flags", "code"),
    [
        (["model.py"], [], 0),
        (["errors.py"], [], 1),
        (["not_judged.py"], [], 2),
        (["partly_judged.py"], [], 3),
        (["warning.py"], [], 0),
        (["warning.py"], ["--strict"], 1),
        (["errors.py"], ["--exit-zero"], 0),
        (["not_judged.py"], ["--exit-zero"], 0),
        (["model.py", "errors.py", "not_judged.py"], [], 1),
        (["partly_judged.py", "not_judged.py", "model.py"], [], 2),
        (["model.py", "partly_judged.py"], [], 3),
        (["broken.py"], [], 2),
        (["broken.py"], ["--exit-zero"], 2),
        (["broken.py", "model.py"], [], 2),
        (["missing.py", "errors.py"], [], 1),
        (["stopped.py", "errors.py"], [], 130),
    ],
)
def test_exit_codes(files: list[str], flags: list[str], code: int, calls: list[Any], folder: Path) -> None:
    for file in files:
        if file != "missing.py":
            (folder / file).touch()
    assert cli.main([*files, *flags]) == code


def test_an_interrupt_stops_the_files_after_it(calls: list[Any], folder: Path) -> None:
    (folder / "stopped.py").touch()
    cli.main(["stopped.py", "model.py"])
    assert [name for name, _, _ in calls] == ["stopped.py"]


def test_one_failure_among_several_files_is_told_and_passed_over(calls: list[Any], folder: Path, capsys: Any) -> None:
    (folder / "broken.py").touch()
    cli.main(["broken.py", "model.py", "--format", "json"])
    out, err = capsys.readouterr()
    assert json.loads(out)["script"]["path"] == "model.py"
    assert err == "gradcheck: it broke\n  mend it\n"


MISTAKES = [
    (["model.py", "--fromat", "json"], "--format"),
    (["model.py", "--format", "jsn"], "a form `json` exists"),
    (["model.py", "--seed", "many"], "many"),
    (["model.py", "--color", "red"], "always"),
    (["modle.py"], "a file `model.py` exists"),
    (["model.py", "model.py", "--", "x"], "single script"),
    (["--quiet"], "no file was named"),
    (["model.py", "--ignore", "gradient-mismach"], "a rule `gradient-mismatch` exists"),
    (["model.py", "--select", "gradients"], "there is no rule `gradients`"),
    (["model.py", "--output", "model.py"], "replace the script"),
    (["model.py", "--output", "other.py"], "Python file's name"),
    (["model.py", "--output", "none/report.json"], "no such folder"),
    (["a.ipynb"], "the notebook has no code cells"),
    (["empty"], "no Python file at all"),
    (["two"], "a.py, b.py"),
    (["model.py", "--python", "no-such-python"], "no such interpreter"),
    (["image.py"], "an image"),
    (["binary.py"], "binary"),
    (["pipe.py"], "not a regular file"),
]


@pytest.mark.parametrize(("arguments", "words"), MISTAKES, ids=[" ".join(row[0]) for row in MISTAKES])
def test_mistakes_are_answered_on_stderr_with_exit_2(
    arguments: list[str], words: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.ipynb").write_text('{"cells": []}')
    (folder / "empty").mkdir()
    (folder / "two").mkdir()
    (folder / "two" / "a.py").touch()
    (folder / "two" / "b.py").touch()
    (folder / "image.py").write_bytes(b"\x89PNG\r\n")
    (folder / "binary.py").write_bytes(b"a\0b")
    os.mkfifo(folder / "pipe.py")
    assert cli.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("gradcheck: ") and words in err
    assert (folder / "model.py").read_text() == "x = 1\n"


@pytest.mark.parametrize("form", ["text", "concise", "json"])
def test_the_report_goes_to_the_file_named(form: str, calls: list[Any], folder: Path, capsys: Any) -> None:
    (folder / "errors.py").touch()
    assert cli.main(["errors.py", "--format", form, "--output", "report"]) == 1
    assert capsys.readouterr().out == ""
    written = (folder / "report").read_text()
    assert "some-rule" in written and written.endswith("\n")


def test_standard_output_that_cannot_be_written_is_exit_2(folder: Path) -> None:
    with open("/dev/full", "w") as full:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "gradcheck", "model.py"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, env=environment)
    assert done.returncode == 2
    assert "cannot be written" in done.stderr


def test_help_fits_a_screen() -> None:
    lines = tool("--help", env={"COLUMNS": "80", "TERM": "dumb"}).stdout.rstrip("\n").split("\n")
    assert len(lines) <= 40 and max(len(line.rstrip()) for line in lines) <= 80
    for parameter in cli.command.params:
        assert parameter.param_type_name == "argument" or any(parameter.opts[0] in line for line in lines), (
            parameter.opts
        )


def test_without_arguments_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 2
    assert capsys.readouterr().out == cli.GREETING


def test_the_demonstration_explains_what_it_shows(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--demo"]) == 0
    out = capsys.readouterr().out
    shown, explained = out.split("How to read it")
    assert "error[" in shown and "--> model.py:30" in shown and "^^^^" in shown
    for part in ("loss", "error[", "-->", "^^^^", "----", "proof", "effect", "changed:"):
        assert f"\n  {part}" in explained
        assert part in shown
    assert max(len(line) for line in explained.split("\n")) <= 80


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("gradcheck --explain gradient-m", "gradient-mismatch"),
        ("gradcheck --format js", "json"),
        ("gradcheck --qui", "--quiet"),
    ],
)
def test_shell_completion(words: str, answer: str) -> None:
    environment = {"_GRADCHECK_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    code = "import sys; from gradcheck.cli import main; sys.exit(main([]))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.stdout == f"plain,{answer}\n"


def test_version() -> None:
    done = tool("--version")
    assert (done.returncode, done.stdout) == (0, "gradcheck 0.1.0\n")


@pytest.mark.parametrize(
    ("code", "forbidden"),
    [
        ("import gradcheck", ["numpy", "rich", "click", "json", "subprocess"]),
        ("from gradcheck.cli import main; main(['--version'])", ["numpy", "matplotlib", "jinja2"]),
        ("from gradcheck.cli import main; main(['--help'])", ["numpy", "matplotlib", "jinja2"]),
        ("from gradcheck.cli import main; main(['--list-rules'])", ["numpy", "matplotlib", "jinja2"]),
        ("from gradcheck.cli import main; main(['--explain', 'gradient-mismatch'])", ["numpy", "matplotlib", "jinja2"]),
        ("import gradcheck; gradcheck.check_script", ["numpy", "rich", "matplotlib", "jinja2"]),
    ],
)
def test_what_is_not_imported(code: str, forbidden: list[str]) -> None:
    probe = f"import sys; before = set(sys.modules)\n{code}\nprint(sorted(set(sys.modules) - before), file=sys.stderr)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, env=environment)
    loaded = set(re.findall("'([^']*)'", done.stderr))
    assert loaded & set(forbidden) == set() and any(name.startswith("gradcheck") for name in loaded)


@pytest.mark.parametrize(
    ("arguments", "environment", "colored"),
    [
        ([], {}, False),
        (["--color", "always"], {}, True),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (["--format", "json"], {"FORCE_COLOR": "1"}, False),
        (["--output", "report"], {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colour(
    arguments: list[str],
    environment: dict[str, str],
    colored: bool,
    calls: list[Any],
    capsys: Any,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm-256color", **environment}.items():
        monkeypatch.setenv(name, value)
    cli.main(["model.py", *arguments])
    text = capsys.readouterr().out + ((folder / "report").read_text() if (folder / "report").exists() else "")
    assert text and ("\x1b[" in text) == colored


def test_a_strict_stream_that_knows_no_unicode_takes_any_report(folder: Path) -> None:
    (folder / "重み.py").write_text("x = 1\n")
    done = tool("重み.py", "--format", "concise", env={"PYTHONIOENCODING": "cp1252:strict"})
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout.startswith("\\u91cd\\u307f.py:1:1: note: nothing could be judged")


def test_a_reader_that_leaves_is_no_traceback(folder: Path) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "gradcheck", "model.py"]
    done = subprocess.run(command, stdout=write_end, stderr=subprocess.PIPE, text=True, env=environment)
    os.close(write_end)
    assert done.stderr == ""


@pytest.mark.parametrize(("piped", "answer"), [("one\ntwo\n", "one"), (None, "")])
def test_piped_data_reaches_the_script_and_nothing_else_does(piped: str | None, answer: str, folder: Path) -> None:
    (folder / "model.py").write_text("import sys\nprint('got', sys.stdin.readline().strip() or 'nothing')\n")
    source = {"input": piped} if piped is not None else {"stdin": subprocess.DEVNULL}
    done = tool("model.py", "--show-output", **source)
    assert f"got {answer or 'nothing'}\n" in done.stderr


def test_closed_standard_streams(folder: Path) -> None:
    command = f"{sys.executable} -m gradcheck model.py --format json --output report <&- >&- 2>&-"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert subprocess.run(["sh", "-c", command], env=environment).returncode == 2
    assert json.loads((folder / "report").read_text())["outcome"]["kind"] == "finished"


@pytest.mark.parametrize("names", [["train.py", "main.py"], ["main.py", "model.py"], ["model.py", "z.py"], ["only.py"]])
def test_a_folder_stands_for_its_entry_script(names: list[str], tmp_path: Path) -> None:
    for name in names:
        (tmp_path / name).touch()
    assert resolve_target(str(tmp_path)).path == tmp_path / names[0]


@pytest.mark.parametrize("typed", ["model.py", "./model.py", "sub/../model.py"])
def test_a_target_is_absolute_and_shown_as_typed(typed: str, folder: Path) -> None:
    (folder / "sub").mkdir()
    target = resolve_target(typed)
    assert (target.path, target.shown) == (folder / "model.py", typed)


def fake_python(prefix: Path, answer: str) -> Path:
    path = prefix / "bin" / "python"
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\necho '{answer}'\n")
    path.chmod(0o755)
    return path


GOOD, OLD, BARE = "[[3, 12], true]", "[[3, 9], true]", "[[3, 12], false]"


@pytest.mark.parametrize(
    ("environments", "chosen", "passed_over"),
    [
        ({}, "own", ""),
        ({"VIRTUAL_ENV": GOOD, "CONDA_PREFIX": GOOD, ".venv": GOOD}, "VIRTUAL_ENV", ""),
        ({"CONDA_PREFIX": GOOD, ".venv": GOOD}, "CONDA_PREFIX", ""),
        ({".venv": GOOD}, ".venv", ""),
        ({"VIRTUAL_ENV": BARE}, "own", "the interpreter of VIRTUAL_ENV was not used: it has no NumPy"),
        ({"VIRTUAL_ENV": OLD, ".venv": GOOD}, ".venv", "the interpreter of VIRTUAL_ENV was not used: it is Python 3.9"),
        ({"VIRTUAL_ENV": "hello"}, "own", "the interpreter of VIRTUAL_ENV was not used: it does not answer"),
    ],
)
def test_which_interpreter(environments: dict[str, str], chosen: str, passed_over: str, tmp_path: Path) -> None:
    places = {name: tmp_path / name for name in environments}
    paths = {name: fake_python(places[name], answer) for name, answer in environments.items()}
    world = {name: str(place) for name, place in places.items() if name != ".venv"}
    interpreter = choose_interpreter(tmp_path / "model.py", None, world)
    assert interpreter.source == chosen
    assert interpreter.path == (sys.executable if chosen == "own" else str(paths[chosen]))
    assert interpreter.passed_over.startswith(passed_over) and bool(interpreter.passed_over) == bool(passed_over)


def test_our_own_environment_beats_the_ones_after_it(tmp_path: Path) -> None:
    fake_python(tmp_path / ".venv", GOOD)
    interpreter = choose_interpreter(tmp_path / "model.py", None, {"VIRTUAL_ENV": sys.prefix})
    assert interpreter.source == "own"


@pytest.mark.parametrize("as_folder", [True, False])
def test_the_interpreter_named_is_the_one_taken(as_folder: bool, tmp_path: Path) -> None:
    path = fake_python(tmp_path / "env", GOOD)
    chosen = choose_interpreter(tmp_path / "model.py", str(tmp_path / "env" if as_folder else path), {})
    assert (chosen.path, chosen.source) == (str(path), "--python")


@pytest.mark.parametrize(("answer", "words"), [(BARE, "no NumPy"), (OLD, "Python 3.9"), ("", "does not answer")])
def test_an_interpreter_named_that_cannot_be_used_is_refused(answer: str, words: str, tmp_path: Path) -> None:
    path = fake_python(tmp_path / "env", answer)
    with pytest.raises(EnvironmentFailure, match=words):
        choose_interpreter(tmp_path / "model.py", str(path), {})


def test_a_module_named_numpy_beside_us_does_not_fool_the_probe(folder: Path) -> None:
    (folder / "numpy.py").write_text("raise SystemExit")
    link = folder / "python"
    link.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    link.chmod(0o755)
    (folder / "bin").mkdir()
    moved = link.rename(folder / "bin" / "python")
    assert choose_interpreter(folder / "model.py", str(moved), {}).path == str(moved)


def test_check_script_raises_what_the_command_line_tells(folder: Path) -> None:
    with pytest.raises(UsageError, match="timeot") as failure:
        check_script("model.py", timeot=3)
    assert failure.value.advice == "an option `timeout` exists"
    with pytest.raises(InputError):
        check_script(folder / "missing.py")


def test_check_script_runs_the_script(folder: Path) -> None:
    (folder / "model.py").write_text("raise ValueError('no data')\n")
    report = check_script(Path("model.py"), seed=1)
    assert report.outcome is not None and report.outcome.kind == "exception"
    assert (report.verdict, report.script["path"]) == ("not_judged", "model.py")


@pytest.mark.parametrize("error", GradcheckError.__subclasses__(), ids=lambda error: error.__name__)
def test_every_error_of_ours_is_exit_2(error: type[GradcheckError]) -> None:
    assert error("what").exit_code == 2


@pytest.mark.parametrize(("name", "advice"), [("Hinge", "a loss `hinge` exists"), ("zzz", "known are: hinge, huber")])
def test_near_miss(name: str, advice: str) -> None:
    assert near_miss(name, ["hinge", "huber"], "a loss") == advice


def test_module_and_script_are_one_program() -> None:
    text = textwrap.dedent((ROOT / "pyproject.toml").read_text())
    assert 'gradcheck = "gradcheck.__main__:main"' in text
    assert tool("--version").stdout.startswith("gradcheck ")
