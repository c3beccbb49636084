"""Manual pages: read from the rules' modules without importing them, and there for every finding that can be told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gradcheck import cli, explain
from gradcheck.errors import UsageError
from gradcheck.explain import listing, page_of, pages

PACKAGE = Path(explain.__file__).parent


@pytest.fixture
def rules(tmp_path: Path) -> tuple[Path, ...]:
    """Two folders and a file with rules in them; importing any of these modules fails."""
    for name in ("rules", "diagnose"):
        (tmp_path / name).mkdir()
    rule = '"""{}\n\nThe page.\n"""\nimport not_there\nSLUG = "{}"\nSEVERITY = "{}"\n'
    (tmp_path / "rules" / "b_rule.py").write_text(rule.format("What b is.", "b-rule", "warning"))
    (tmp_path / "rules" / "base.py").write_text('"""No rule."""\nSLUG: str\n')
    (tmp_path / "rules" / "no_page.py").write_text('SLUG = "no-page"\n')
    (tmp_path / "diagnose" / "b_rule.py").write_text(rule.format("Another b.", "b-rule", "note"))
    (tmp_path / "diagnose" / "long_rule.py").write_text(rule.format("What it is.", "long-rule", "error"))
    (tmp_path / "single.py").write_text(rule.format("A single one.", "a", "note"))
    return (tmp_path / "rules", tmp_path / "diagnose", tmp_path / "single.py", tmp_path / "missing")


def test_pages_are_found_without_registration(rules: tuple[Path, ...]) -> None:
    assert [(p.slug, p.severity, p.summary) for p in pages(rules).values()] == [
        ("a", "note", "A single one."),
        ("b-rule", "warning", "What b is."),
        ("long-rule", "error", "What it is."),
    ]
    assert page_of("b-rule", rules).text == "What b is.\n\nThe page."


def test_listing(rules: tuple[Path, ...]) -> None:
    assert listing(rules) == (
        "a          note     A single one.\nb-rule     warning  What b is.\nlong-rule  error    What it is.\n"
    )


def test_a_near_miss_is_answered_with_the_rule_that_exists(rules: tuple[Path, ...]) -> None:
    with pytest.raises(UsageError) as raised:
        page_of("long_rule", rules)
    assert raised.value.advice == "a rule `long-rule` exists"


def test_every_rule_has_a_page_under_the_name_of_its_file() -> None:
    files = {p.stem.replace("_", "-") for p in (PACKAGE / "rules").glob("*.py") if p.stem != "__init__"}
    assert files | {"unused-ignore"} == set(pages())


@pytest.mark.parametrize("page", pages().values(), ids=pages())
def test_a_page_is_readable(page: explain.Page) -> None:
    assert page.severity in ("error", "warning", "note")
    assert page.summary.endswith(".") and len(page.summary) <= 100
    assert page.text.isascii() and max(map(len, page.text.split("\n"))) <= 120


def test_the_command_line(capsys: Any) -> None:
    assert cli.main(["--list-rules"]) == 0
    listed = capsys.readouterr().out
    assert listed == listing() and "gradient-mismatch" in listed
    assert cli.main(["--explain", "gradient-mismatch"]) == 0
    assert capsys.readouterr().out.startswith("gradient-mismatch (error)\n\nA gradient differs from the derivative")
    assert cli.main(["--explain", "gradient-missmatch"]) == 2
    assert capsys.readouterr().err == (
        "gradcheck: there is no rule `gradient-missmatch`\n  a rule `gradient-mismatch` exists\n"
    )
