"""``reports/`` is what the cases give today: a page and its data for each, an index, and nothing of this machine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from markupsafe import Markup

from gradcheck.render import closeups, plots
from gradcheck.results import Report

from .build_reports import REPORTS, ROOT, cases, index_page, lasting, picture, pictured, stored
from .shared_runs import checked
from .test_html import Reader

REBUILD = "python -m tests.build_reports rebuilds it"
NAMES = list(cases())
LARGEST = 1_500_000
WORDS = re.compile(r"<text [^>]*>([^<]*)</text>")


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plots are empty; drawing them takes most of a page's time."""

    def empty(slug: str, title: str, sentence: str, *drawing: object, **shape: object) -> plots.Plot:
        return plots.Plot(slug, sentence, Markup())

    for module in (plots, closeups):
        monkeypatch.setattr(module, "drawing", empty)


def _steady(page: str) -> str:
    """A page without its plots: their paths are matplotlib's and change with its version."""
    return re.sub(r'(<figure class="plot">).*?(<figcaption>)', r"\1\2", page, flags=re.DOTALL)


def _told(report: Report) -> list[object]:
    """What a report says, without figures."""
    parameters = [(p.name, p.verdict, p.wrong_from) for p in report.parameters]
    findings = [(f.rule, f.severity, f.file, f.line, f.column, f.message, f.suppressed) for f in report.findings]
    rows = [(b.line, b.name, b.partner, b.verdict) for b in report.backward]
    return [report.verdict, parameters, findings, rows]


def test_every_case_has_its_page_and_nothing_else_has() -> None:
    expected = {f"{name}.{kind}" for name in NAMES for kind in ("html", "json")} | {"index.html", "run.svg"}
    assert {path.name for path in REPORTS.iterdir()} == expected, REBUILD


@pytest.mark.parametrize("name", NAMES)
def test_pages_are_what_their_data_give(name: str, undrawn: None) -> None:
    page = (REPORTS / f"{name}.html").read_text(encoding="utf-8")
    assert _steady(page) == _steady(stored(name).to_html()), f"reports/{name}.html is stale: {REBUILD}"


def test_the_index_is_what_the_data_give() -> None:
    assert (REPORTS / "index.html").read_text(encoding="utf-8") == index_page(NAMES), f"the index is stale: {REBUILD}"


def test_the_picture_is_what_the_data_give() -> None:
    drawn = (REPORTS / "run.svg").read_text(encoding="utf-8")
    shown, wanted = ([line.strip() for line in WORDS.findall(text)] for text in (drawn, picture()))
    assert shown == wanted and len(shown) > 50, f"reports/run.svg is stale: {REBUILD}"
    assert re.findall(r'(?:src|href|url)[=(]["\']?(?!#|http://www.w3.org)[^)"\']+', drawn) == []


def test_the_run_in_the_readme_is_that_of_the_picture() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = readme[readme.index("\nmodel.py: ") :].partition("```")[0]
    assert set(block.splitlines()) <= set(pictured(color=False).splitlines())


@pytest.mark.parametrize("name", ["batched_sigmoid", "dropout_convolution"])
def test_the_data_are_what_a_run_gives(name: str) -> None:
    found = Report.from_json(lasting(checked(cases()[name]).to_json()))
    assert _told(found) == _told(stored(name)), f"reports/{name}.json is stale: {REBUILD}"


@pytest.mark.parametrize("name", NAMES)
def test_the_source_is_that_of_the_case(name: str) -> None:
    folder = cases()[name].parent
    root = Path(__file__).parent.parent
    for file, text in stored(name).sources.items():
        assert (root / folder / file).read_text() == text, f"reports/{name}.json is stale: {REBUILD}"


@pytest.mark.parametrize("path", sorted(REPORTS.iterdir()), ids=lambda path: path.name)
def test_nothing_of_a_machine_is_in_them(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.encode()) < LARGEST
    assert str(Path(__file__).parent.parent) not in text and "/tmp/" not in text
    assert "python_version" not in text and not re.search(r'"total":', text)


def test_links_of_the_index_lead_to_pages() -> None:
    reader = Reader((REPORTS / "index.html").read_text(encoding="utf-8"))
    links = [str(a["href"]) for _, a in reader.tags if "href" in a]
    assert links == [f"{name}.html" for name in NAMES]
    assert reader.unbalanced == [] and all((REPORTS / link).is_file() for link in links)
