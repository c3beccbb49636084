"""Plots: which are drawn, what they say, and that their SVG fits a page with a strict policy."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from gradcheck.render.plots import MOST_POINTS, Plot, inline, plots
from gradcheck.results import GradientNorm, Parameter, Report

from .sample_reports import sample

EVIL = "</svg><script>alert(1)</script>$x_1$ \x1b &"


def batches(slope: float = 1.0, name: str = "W") -> dict:
    sizes = [5, 20, 80]
    return {
        "sizes": sizes,
        "parameters": [{"name": name, "norms": [s**slope for s in sizes], "slope": slope, "ratios": []}],
    }


def measured(folder: Path, name: str = "W[1]") -> Report:
    """A report with the figures of every plot."""
    entries = [{"index": [i], "analytic": float(i), "numerical": float(i % 7), "ratio": None} for i in range(40)]
    norms = [GradientNorm(name, 1.0 / step, step) for step in (1, 2, 3)]
    parameters = [
        Parameter(name, [4], "wrong", gradient_norm=2.0, entries=entries),
        Parameter("b", [4], "right", gradient_norm=0.02),
        Parameter("c", [4], "right", gradient_norm=0.2),
    ]
    return replace(
        sample("uphill", folder), parameters=parameters, batch_sizes=batches(name=name), gradient_norms=norms
    )


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[Plot]:
    return plots(measured(tmp_path_factory.mktemp("plots")))


def test_each_kind_is_drawn_once(drawn: list[Plot]) -> None:
    assert [plot.slug for plot in drawn] == ["batch-sizes", "steps", "norms", "entries-1"]


def test_each_has_its_sentence(drawn: list[Plot]) -> None:
    assert [plot.sentence for plot in drawn] == [
        "Norm of each gradient at 3 batch sizes. Slope 1.00 on log axes; 1 is a sum over the samples, 0 is a mean.",
        "Norm of each gradient over 3 steps.",
        "Norm of each gradient as the script computes it. W[1] has the largest, 100.0 times that of b.",
        "40 entries of the gradient of W[1], against the true ones; right ones lie on the line.",
    ]


def test_steps_are_drawn_where_they_say_something(tmp_path: Path) -> None:
    row = {"name": EVIL, "gradient_norms": None, "update_ratios": [None, 1e-2, 1e-3, 0.0]}
    layer = {"name": "np.maximum(z, 0)", "file": "", "line": 1, "dead": [0.0, None, 0.25, 0.5], "saturated": None}
    report = replace(sample("uphill", tmp_path), steps={"parameters": [row], "activations": [layer]})
    ratios, dead = plots(report)[-2:]
    assert (ratios.slug, dead.slug) == ("ratios", "dead")
    assert (
        ratios.sentence
        == "Size of each update, by the size of its parameter; 1.0e-03 in the end. About 1e-03 is usual."
    )
    assert dead.sentence.endswith("Most are dead in the end in np.maximum(z, 0): 50%, 0% at first.")
    assert "<script>" not in ratios.svg and "&lt;script&gt;" in ratios.svg
    living = replace(report, steps={"parameters": [], "activations": [{**layer, "dead": [0.0, 0.0]}]})
    assert not {"ratios", "dead"} & {plot.slug for plot in plots(living)}


def test_nothing_is_drawn_of_figures_that_say_nothing(tmp_path: Path) -> None:
    report = sample("uphill", tmp_path)
    assert plots(report) == []
    rows = [Parameter(name, [1], "right", gradient_norm=1.0) for name in "abc"]
    assert plots(replace(report, parameters=rows)) == []
    assert plots(replace(report, batch_sizes={"sizes": [5], "parameters": [{"name": "W", "norms": [1.0]}]})) == []
    assert plots(replace(report, gradient_norms=[GradientNorm("W", 1.0), GradientNorm("b", 2.0)])) == []


@pytest.mark.parametrize("norm", [None, 0.0, float("inf")])
def test_norms_that_no_log_axis_has_leave_their_line_out(norm: float | None, tmp_path: Path) -> None:
    data = batches()
    data["parameters"][0]["norms"][1] = norm
    assert plots(replace(sample("uphill", tmp_path), batch_sizes=data)) == []


def test_the_svg_is_fit_for_the_page(drawn: list[Plot]) -> None:
    for plot in drawn:
        root = ElementTree.fromstring(plot.svg)
        for element in root.iter():
            assert element.tag not in ("style", "metadata", "script") and "}" not in element.tag
            assert "style" not in element.attrib
        ids = {e.attrib["id"] for e in root.iter() if "id" in e.attrib}
        assert all(name.startswith(plot.slug + "-") for name in ids)
        used = re.findall(r'url\(#(.*?)\)|href="#(.*?)"', plot.svg)
        assert used and {a or b for a, b in used} <= ids
        assert root.attrib["role"] == "img" and root.find("desc").text == plot.sentence  # type: ignore[union-attr]
        assert set(re.findall("#[0-9a-fA-F]{6}", plot.svg)) == set()
        assert "var(--plot" in plot.svg and len(plot.svg) < 60_000


def test_texts_keep_size_and_place(drawn: list[Plot]) -> None:
    texts = list(ElementTree.fromstring(drawn[0].svg).iter("text"))
    assert {"batch size", "5", "20", "80", "W[1]"} <= {t.text for t in texts}
    assert all("font-size" in t.attrib for t in texts)


def test_the_same_report_gives_the_same_bytes(drawn: list[Plot], tmp_path: Path) -> None:
    assert plots(measured(tmp_path)) == drawn


def test_names_are_neither_formulas_nor_markup(tmp_path: Path) -> None:
    for plot in plots(measured(tmp_path, EVIL)):
        assert "<script" not in plot.svg and "\x1b" not in plot.svg
    legend = plots(measured(tmp_path, "$x_1$"))[0].svg
    assert ">$x_1$<" in legend


def test_names_that_begin_with_an_underscore_stay_in_the_legend(tmp_path: Path) -> None:
    assert "> _W<" in plots(measured(tmp_path, "_W"))[0].svg


def test_many_points_are_bounded(tmp_path: Path) -> None:
    entries = [{"index": [i], "analytic": 1.0 * i, "numerical": 2.0, "ratio": None} for i in range(5000)]
    report = replace(sample("uphill", tmp_path), parameters=[Parameter("W", [5000], "wrong", entries=entries)])
    (plot,) = plots(report)
    assert plot.sentence.startswith(f"{MOST_POINTS} entries") and len(plot.svg) < 100_000


def test_a_gradient_that_is_nearly_right_has_no_scatter(tmp_path: Path) -> None:
    report = measured(tmp_path)
    report.parameters[0] = replace(report.parameters[0], relative_error=0.001)
    assert "entries-1" not in [plot.slug for plot in plots(report)]


def test_what_was_divided_is_said(tmp_path: Path) -> None:
    report = measured(tmp_path)
    for entry in report.parameters[0].entries:
        entry["divided_by"] = -0.25
    assert "gradient of W[1], divided by -1/4, against" in plots(report)[-1].sentence


def test_style_becomes_attributes_and_colours_those_of_the_theme() -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 1 1">'
        "<metadata/><defs><style>*{x:y}</style></defs>"
        '<g id="a" style="fill: #000000; stroke: #0068A8"><text style="font: 12px Sans; text-anchor: middle">t</text>'
        '<use xlink:href="#a" clip-path="url(#a)"/></g></svg>'
    )
    assert inline(svg, "s", "T", "D") == (
        '<svg viewBox="0 0 1 1" role="img" aria-labelledby="s-title s-text"><title id="s-title">T</title>'
        '<desc id="s-text">D</desc><defs /><g id="s-a" fill="currentColor" stroke="var(--plot1)">'
        '<text font-size="12" text-anchor="middle">t</text><use href="#s-a" clip-path="url(#s-a)" /></g></svg>'
    )


def test_the_page_shows_them(tmp_path: Path) -> None:
    page = measured(tmp_path).to_html()
    assert page.count('<figure class="plot">') == 4 and "style=" not in page
