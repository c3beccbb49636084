"""Pictures of one gradient: where its ratio to the true one has a pattern, and central differences by step."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import numpy as np
import pytest

from gradcheck import check_script
from gradcheck.diagnose import ratios
from gradcheck.render.closeups import closeups
from gradcheck.results import Json, Parameter, Report

from .sample_reports import sample
from .test_results import SCHEMA

ROOT = Path(__file__).parent.parent
RNG = np.random.default_rng(0)
TRUTH = RNG.standard_normal((12, 10))


def ratios_of(u: np.ndarray, t: np.ndarray, scale: float | None = None) -> Json | None:
    """What is kept of a gradient ``u`` that should be ``t``, where another right one has ``scale``."""
    k = float(np.vdot(u, t) / np.vdot(t, t))
    gradient = SimpleNamespace(value=u, rate=1.0)
    wrong = SimpleNamespace(truth=t, gradient=gradient, comparison=SimpleNamespace(scale=k), exact=False, unit=k)
    right = SimpleNamespace(truth=t, exact=True, unit=scale)
    return ratios.of(wrong, [wrong, right] if scale else [wrong])  # type: ignore[arg-type,list-item]


def looked_at(folder: Path, name: str = "W[1]") -> Report:
    """A report with a heat map and a ladder of differences."""
    values = [[-2.0, 0.0, 0.3, 0.7], [1.0, 1.5, 4.0, 1e6], [None, 1.0, 1.0, 1.0]]
    seen = {"pattern": "entries", "explained": 0.0, "right": 0.4, "zero": 0.1, "divided_by": -0.5, "block": [1, 1]}
    points = [{"h": 10.0**-i, "error": 10.0 ** -(8 - abs(i - 6))} for i in range(1, 10)]
    parameter = Parameter(
        name, [3, 4], "wrong", ratios={**seen, "values": values}, differences={"points": points, "script": 0.26}
    )
    return replace(sample("uphill", folder), parameters=[parameter])


@pytest.mark.parametrize(
    ("u", "pattern"),
    [
        (TRUTH * RNG.uniform(0.2, 3, (12, 1)), "rows"),
        (TRUTH * RNG.uniform(0.2, 3, (1, 10)), "columns"),
        (TRUTH * RNG.uniform(0.2, 3, (1, 10)) + 0.3 * RNG.standard_normal(TRUTH.shape), "columns"),
        (TRUTH * (RNG.random(TRUTH.shape) < 0.5), "entries"),
        (TRUTH * 1.5, None),
        (RNG.standard_normal(TRUTH.shape), None),
        (TRUTH[:2] * [[1.0], [3.0]], None),
        (TRUTH.ravel() * RNG.uniform(0.2, 3, 120), None),
    ],
)
def test_only_a_pattern_is_kept(u: np.ndarray, pattern: str | None) -> None:
    found = ratios_of(u, TRUTH.ravel()[: u.size].reshape(u.shape), 1.0)
    assert (found and found["pattern"]) == pattern


def test_ratios_are_those_to_the_scale_of_right_gradients() -> None:
    found = ratios_of(-0.25 * TRUTH * np.arange(10), TRUTH, -0.25)
    assert found is not None and found["divided_by"] == -0.25 and found["block"] == [1, 1]
    assert found["values"] == [[float(i) for i in range(10)]] * 12
    assert (found["right"], found["zero"], found["explained"]) == (0.1, 0.1, 1.0)


def test_zeros_are_told_apart() -> None:
    t = np.where(np.arange(10) < 3, 0.0, TRUTH)
    u = np.where(np.arange(10) == 2, 1.0, t) * np.where(np.arange(10) == 5, 0.0, 1.0)
    found = ratios_of(u, t, 1.0)
    assert found is not None and found["values"][0] == [None, None, 1e6, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0]
    assert found["zero"] == pytest.approx(1 / 7, abs=1e-3)


def test_large_matrices_become_blocks_and_the_page_says_so(tmp_path: Path) -> None:
    t = RNG.standard_normal((700, 3, 90))
    found = ratios_of(t * 10 ** RNG.uniform(-2, 2, (700, 1, 1)), t, 1.0)
    assert found is not None and found["block"] == [22, 9]
    assert {len(found["values"])} | {len(row) for row in found["values"]} <= set(range(33))
    noise = [[float(f"{10 ** RNG.uniform(-2, 2):.3g}") for _ in range(32)] for _ in range(32)]
    parameter = Parameter("W", [700, 3, 90], "wrong", ratios={**found, "values": noise})
    (plot,) = closeups(replace(sample("uphill", tmp_path), parameters=[parameter]))
    assert "in blocks of 22 x 9 entries, each the factor that fits best." in plot.sentence
    assert len(plot.svg) < 80_000 and "all other axes" in plot.svg


def test_each_has_its_sentence_and_fits_the_page(tmp_path: Path) -> None:
    heat, steps = closeups(looked_at(tmp_path))
    assert heat.sentence == (
        "The gradient of W[1], divided by -1/2, over the true one, entry by entry. "
        "Of the entries 40 % are right and 10 % are zero where they should not be."
    )
    assert steps.sentence == (
        "Central differences of the loss along one direction of W[1], against the true gradient: right to 1e-05 for "
        "steps h from 1e-08 to 1e-04 (shaded). Larger steps see the curvature. Smaller steps see rounding. "
        "The script's own gradient is off by 26 % there."
    )
    for plot in (heat, steps):
        assert (
            "style=" not in plot.svg and not re.findall("#[0-9a-fA-F]{6}", plot.svg) and "mathdefault" not in plot.svg
        )
    labels = re.findall(r">([^<>]+)</text>", heat.svg)
    assert [word for word in labels if word in ("below 0", "to 0.1", "right", "above 10", "both zero")] == [
        "below 0", "to 0.1", "right", "above 10", "both zero",
    ]  # fmt: skip


def test_what_shows_nothing_is_not_drawn(tmp_path: Path) -> None:
    report = looked_at(tmp_path)
    (parameter,) = report.parameters
    assert parameter.ratios is not None and parameter.differences is not None
    even = {**parameter.ratios, "values": [[1.2, 1.3], [1.4, 1.5]]}
    far = {**parameter.differences, "points": [{"h": 0.1**i, "error": 0.5} for i in range(9)]}
    few = {**parameter.differences, "points": parameter.differences["points"][:4]}
    for differences in (None, far, few):
        dull = replace(parameter, ratios=even, differences=differences)
        assert closeups(replace(report, parameters=[dull])) == []


def test_a_run_brings_the_figures_where_a_page_is_wanted() -> None:
    script = ROOT / "cases" / "lost-duplicate-index" / "bad.py"
    plain, drawn = (check_script(script, drawn=wanted) for wanted in (False, True))
    jsonschema.validate(drawn.to_json(), SCHEMA)
    assert [p.differences for p in plain.parameters] == [None] * len(plain.parameters)
    wrong = next(p for p in drawn.parameters if p.verdict == "wrong")
    assert wrong.ratios is not None and (wrong.ratios["pattern"], wrong.ratios["explained"]) == ("rows", 1.0)
    assert wrong.differences is not None and len(wrong.differences["points"]) == 9
    assert min(p["error"] for p in wrong.differences["points"]) < 1e-9 < 0.1 < wrong.differences["script"]
    assert [p.ratios for p in plain.parameters] == [p.ratios for p in drawn.parameters]
    assert [plot.slug for plot in closeups(drawn)] == ["ratios-1", "differences"]
