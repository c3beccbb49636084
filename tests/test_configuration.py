"""`[tool.gradcheck]`: which file is taken, what its keys mean, and what a wrong one answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gradcheck import check, cli
from gradcheck.check import Checked
from gradcheck.options import Options
from gradcheck.results import Outcome, Parameter, Report


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a script in a subfolder; nothing is run, ``asked`` has the options of the last check."""
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "model.py").write_text("x = 1\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def asked(project: Path, monkeypatch: pytest.MonkeyPatch) -> list[Options]:
    seen: list[Options] = []

    def check_target(target: Any, options: Options, *, stdin: int, observer: Any) -> Checked:
        seen.append(options)
        parameters = [Parameter("W", [1], "right")]
        return Checked(Report("clean", {"path": target.shown}, parameters=parameters, outcome=Outcome("finished")))

    monkeypatch.setattr(check, "check_target", check_target)
    return seen


def configure(folder: Path, text: str, name: str = "pyproject.toml") -> None:
    (folder / name).write_text(text)


def test_every_kind_of_key(project: Path, asked: list[Options]) -> None:
    configure(
        project,
        '[tool.gradcheck]\nseed = 3\ntimeout = 5\nloss = "cost"\nmaximize = true\nfollow = ["a", "b"]\n'
        'no-stand-ins = true\nignore = ["uninitialized-memory"]\nselect = ["gradient-mismatch"]\n',
    )
    assert cli.main(["work/model.py"]) == 0
    assert asked == [
        Options(
            seed=3,
            timeout=5,
            loss="cost",
            maximize=True,
            follow=("a", "b"),
            stand_ins=False,
            ignore=("uninitialized-memory",),
            select=("gradient-mismatch",),
        )
    ]


def test_the_command_line_goes_before(project: Path, asked: list[Options]) -> None:
    configure(project, '[tool.gradcheck]\nseed = 3\nfollow = ["a"]\nformat = "json"\n')
    cli.main(["work/model.py", "--seed", "4", "--follow", "b"])
    assert asked == [Options(seed=4, follow=("b",))]


def test_keys_that_say_how_the_report_is_shown(project: Path, asked: list[Options], capsys: Any) -> None:
    configure(project, '[tool.gradcheck]\nformat = "json"\noutput = "report.json"\n')
    assert cli.main(["work/model.py"]) == 0
    assert capsys.readouterr().out == ""
    assert (project / "report.json").read_text().startswith("{")


@pytest.mark.parametrize(
    ("files", "seed"),
    [
        ({"pyproject.toml": "[tool.gradcheck]\nseed = 1\n"}, 1),
        (
            {
                "pyproject.toml": "[tool.gradcheck]\nseed = 1\n",
                "work/pyproject.toml": "[tool.gradcheck]\nseed = 2\n",
            },
            2,
        ),
        (
            {
                "pyproject.toml": "[tool.gradcheck]\nseed = 1\n",
                "work/pyproject.toml": "[project]\nname = 'gradcheck'\n",
            },
            1,
        ),
        ({"work/pyproject.toml": "this is not TOML and not about us"}, 0),
        ({"work/pyproject.toml": "tool.gradcheck.seed = 4\n"}, 4),
        ({}, 0),
    ],
)
def test_the_nearest_file_counts(files: dict[str, str], seed: int, project: Path, asked: list[Options]) -> None:
    for name, text in files.items():
        configure(project, text, name)
    assert cli.main(["work/model.py"]) == 0
    assert asked[0].seed == seed


def test_the_file_named_is_the_one_taken(project: Path, asked: list[Options]) -> None:
    configure(project, "[tool.gradcheck]\nseed = 1\n")
    configure(project, "[tool.gradcheck]\nseed = 2\n", "other.toml")
    cli.main(["--config", "other.toml", "work/model.py"])
    assert asked[0].seed == 2


def test_paths_are_seen_from_the_file(project: Path, asked: list[Options]) -> None:
    (project / ".venv").mkdir()
    configure(project, '[tool.gradcheck]\npython = ".venv"\n')
    cli.main(["work/model.py"])
    configure(project, '[tool.gradcheck]\npython = "python3"\n')
    cli.main(["work/model.py"])
    assert [options.python for options in asked] == [str(project / ".venv"), "python3"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[tool.gradcheck]\nsed = 3\n", ["no option `sed`", "an option `seed` exists"]),
        ("[tool.gradcheck]\nexit_zero = true\n", ["an option `exit-zero` exists"]),
        ("[tool.gradcheck]\nconfig = 'x'\n", ["no option `config`"]),
        ("[tool.gradcheck]\nseed = '3'\n", ["`seed`", "a whole number"]),
        ("[tool.gradcheck]\nseed = true\n", ["`seed`", "a whole number"]),
        ("[tool.gradcheck]\nstrict = 1\n", ["`strict`", "true or false"]),
        ("[tool.gradcheck]\ntimeout = 'long'\n", ["`timeout`", "a number"]),
        ("[tool.gradcheck]\nfollow = 'a'\n", ["`follow`", "a list of texts"]),
        ("[tool.gradcheck]\nloss = 3\n", ["`loss`", "a text"]),
        ("[tool.gradcheck]\nformat = 'jsn'\n", ["a form `json` exists"]),
        ("[tool.gradcheck]\ncolor = 'red'\n", ["always"]),
        ("[tool]\ngradcheck = 3\n", ["no table"]),
        ("[tool.gradcheck\n", ["no TOML"]),
        ("[tool.gradcheck]\nloss = '\\\n", ["no TOML"]),
    ],
)
def test_a_mistake_in_it_is_answered(text: str, words: list[str], project: Path, asked: Any, capsys: Any) -> None:
    configure(project, text)
    assert cli.main(["work/model.py"]) == 2
    out, err = capsys.readouterr()
    assert (out, asked) == ("", [])
    assert [word for word in words if word not in err] == []


@pytest.mark.parametrize("name", ["none.toml", "work", "bare.toml"])
def test_a_file_named_that_is_no_configuration(name: str, project: Path, asked: Any, capsys: Any) -> None:
    configure(project, "[project]\nname = 'x'\n", "bare.toml")
    assert cli.main(["work/model.py", "--config", name]) == 2
    assert name in capsys.readouterr().err


def test_every_option_can_be_configured_but_those_that_are_no_check(project: Path) -> None:
    configurable = {option.name for option in cli._configurable()}
    every = {parameter.name for parameter in cli.command.params if parameter.param_type_name == "option"}
    assert every - configurable == {"config", "watch", "diff", "fix", "list_rules", "explain", "demo", "version"}
