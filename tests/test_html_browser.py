"""Pages in a real browser: headless Chromium through playwright. Skipped, with the reason, where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gradcheck.render import render
from gradcheck.results import Report

from .sample_reports import sample
from .test_closeups import looked_at
from .test_html import hostile_report, rich_report
from .test_plots import measured

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
WIDTHS = (375, 1280)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        profile = tmp_path_factory.mktemp("profile")
        context = playwright.chromium.launch_persistent_context(
            str(profile), executable_path=CHROMIUM, args=ARGUMENTS, headless=True
        )
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        yield context
        context.close()


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """``show(text)`` opens a page; at the end nothing may have been said on the console, nor asked of the network."""
    said: list[str] = []
    asked: list[str] = []
    pages: list[Any] = []

    def open_page(text: str, *, width: int = 1280, theme: str = "light", place: str = "") -> Any:
        path = tmp_path / f"page{len(pages)}.html"
        path.write_text(text, encoding="utf-8")
        page = browser.new_page()
        pages.append(page)
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri() + place)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert said == []
    assert [url for url in asked if not url.startswith(tmp_path.as_uri())] == []


@pytest.fixture
def report(tmp_path: Path) -> Report:
    return rich_report(tmp_path)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("kind", ["rich", "plots", "closeups", "hostile", "crowded", "empty"])
def test_a_page_fits_and_axe_finds_nothing_serious(
    kind: str, theme: str, width: int, show: Any, tmp_path: Path
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    makers = {"rich": rich_report, "plots": measured, "closeups": looked_at, "hostile": hostile_report}
    made = makers[kind](tmp_path) if kind in makers else sample(kind, tmp_path)
    page = show(made.to_html(), width=width, theme=theme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = axe.Axe().run(page).response["violations"]
    told = [f"{v['id']}: {v['help']}: {v['nodes'][0]['html'][:200]}" for v in found if v["impact"] != "minor"]
    assert told == []


def test_the_policy_is_in_force(browser: Any, report: Report, tmp_path: Path) -> None:
    """What the page itself never does is refused: a style in place, a script put in."""
    path = tmp_path / "page.html"
    path.write_text(report.to_html(), encoding="utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p id=styled style=\"color: rgb(9, 9, 9)\">x</p>')")
    page.evaluate(
        "const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s)"
    )
    assert page.evaluate("getComputedStyle(document.getElementById('styled')).color") != "rgb(9, 9, 9)"
    assert page.evaluate("window.ran") is None
    page.close()


def test_columns_sort_both_ways_and_say_so(show: Any, tmp_path: Path) -> None:
    page = show(sample("doubled", tmp_path).to_html())
    names = "Array.from(document.querySelectorAll('#parameters tbody tr th')).map(c => c.textContent)"
    assert page.evaluate(names) == ["W[0]", "W[1]", "W[2]"]
    button = page.get_by_role("button", name="off by")
    button.click()
    assert page.evaluate(names) == ["W[2]", "W[0]", "W[1]"]
    header = page.locator("#parameters th", has_text="off by")
    assert header.get_attribute("aria-sort") == "ascending"
    button.press("Enter")
    assert page.evaluate(names) == ["W[1]", "W[0]", "W[2]"]
    assert header.get_attribute("aria-sort") == "descending"
    assert page.locator("#said").text_content() == "sorted by off by, descending"


def test_folds_open_by_keyboard_and_by_link(show: Any, report: Report) -> None:
    page = show(report.to_html())
    fold = page.locator("#checked details")
    assert not fold.evaluate("e => e.open")
    fold.locator("summary").press("Enter")
    assert fold.evaluate("e => e.open")


def test_a_link_to_a_line_opens_the_page_there(show: Any, report: Report) -> None:
    page = show(report.to_html(), place="#L7")
    assert page.locator("#L7").evaluate("e => e.matches(':target')")
    box = page.locator("#L7").bounding_box()
    assert box is not None and 0 <= box["y"] < 900


def test_the_theme_is_chosen_and_kept(show: Any, report: Report) -> None:
    page = show(report.to_html(), theme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    button = page.locator("#theme")
    button.click()
    light = page.evaluate(ground)
    assert button.text_content() == "theme: light" and light != dark
    page.reload()
    assert page.evaluate(ground) == light
    button.click()
    button.click()
    assert button.text_content() == "theme: auto" and page.evaluate(ground) == dark


def test_keys_lead_through_the_page(show: Any, tmp_path: Path) -> None:
    page = show(sample("unwritten", tmp_path).to_html())
    focused = "document.activeElement.id"
    page.keyboard.press("j")
    assert page.evaluate(focused) == "uninitialized-memory"
    page.keyboard.press("j")
    assert page.evaluate(focused) == "batch-scale-sum"
    page.keyboard.press("k")
    assert page.evaluate(focused) == "uninitialized-memory"
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    assert page.evaluate(focused) == "filter"


def test_the_filter_hides_what_does_not_match(show: Any, tmp_path: Path) -> None:
    page = show(sample("crowded", tmp_path).to_html())
    page.locator("#filter").fill("V[")
    assert page.locator("#parameters tbody tr:visible").count() == 8
    assert page.locator("#said").text_content() == "8 found"
    page.locator("#filter").press("Escape")
    assert page.locator("#parameters tbody tr:visible").count() == 53


def test_a_finding_is_copied_as_text(show: Any, report: Report) -> None:
    page = show(report.to_html())
    page.get_by_role("button", name="copy as text").click()
    page.wait_for_function("document.getElementById('said').textContent === 'copied'")
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.startswith("error[sign-flipped-update]: this update moves kernels uphill\n  --> model.py:7:9")


def test_paper_shows_everything(show: Any, report: Report) -> None:
    page = show(report.to_html(), theme="dark")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator("details:not([open])").count() == 0
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("#theme").is_visible()
    assert page.locator("#L7").is_visible()
    page.set_viewport_size({"width": 720, "height": 1000})  # a sheet of A4 between its margins
    assert page.evaluate("document.documentElement.scrollWidth") <= 720
    assert page.evaluate("Array.from(document.querySelectorAll('.scroll'), e => e.scrollWidth - e.clientWidth)") == [
        0,
        0,
    ]


def test_hostile_text_does_nothing(show: Any, tmp_path: Path) -> None:
    page = show(hostile_report(tmp_path).to_html())
    assert page.locator("img").count() == 0 and page.locator("script").count() == 1
    assert "</script>" in str(page.locator("h1").text_content())


def test_without_script_everything_is_open(browser: Any, report: Report, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(report.to_html().replace("<script>", "<script type='text/plain'>"), encoding="utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    assert page.locator("details:not([open])").count() == 0
    assert not page.locator("#theme").is_visible()
    assert page.locator("#L7").is_visible()
    page.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_plots_are_drawn_in_the_colours_of_the_theme(theme: str, show: Any, tmp_path: Path) -> None:
    page = show(measured(tmp_path).to_html(), theme=theme)
    ground = page.evaluate("getComputedStyle(document.querySelector('.plot')).backgroundColor")
    fill = "getComputedStyle(document.querySelector('.plot svg {}')).{}"
    text = page.evaluate(fill.format("text", "fill"))
    line = page.evaluate(fill.format("path[stroke*=plot1]", "stroke"))
    assert text == page.evaluate("getComputedStyle(document.body).color") and line not in (ground, text, "none")
    assert page.evaluate(fill.format("#batch-sizes-patch_1 path", "fill")) == "none"


def test_two_reports_share_a_page(show: Any, tmp_path: Path) -> None:
    page = show(render([sample("uphill", tmp_path), sample("empty", tmp_path)], "html"))
    assert page.locator("section.report").count() == 2
