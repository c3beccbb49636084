"""Plots that look closely at one gradient: its ratio to the true one as a heat map, and central differences by step."""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import TYPE_CHECKING, Any

from ..results import Json, Parameter, Report
from .plots import GRID, INK, SERIES, Plot, drawing
from .view import clean, factor, off_by

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.path import Path

MOST_MAPS = 2
FEWEST_STEPS = 5
VALID = 1e-5  # error below which a central difference certifies a gradient
FLOOR = 1e-16  # an error of zero has a place on a log axis there

# Ratios from the largest blue to the strongest orange; what is right is left blank.
BELOW, ABOVE = SERIES[0], SERIES[1]
EDGES = (0.0, 0.1, 0.5, 0.95, 1.05, 2.0, 10.0)
LEVELS = (
    ("below 0", BELOW, 1.0), ("to 0.1", BELOW, 0.8), ("to 0.5", BELOW, 0.6), ("to 0.95", BELOW, 0.35),
    ("right", "none", 1.0),
    ("to 2", ABOVE, 0.4), ("to 10", ABOVE, 0.7), ("above 10", ABOVE, 1.0),
)  # fmt: skip
SHARES = (("right", "are right"), ("zero", "are zero where they should not be"))
BOTH_ZERO = ("both zero", GRID, 1.0)


def closeups(report: Report, prefix: str = "") -> list[Plot]:
    """Heat maps of the wrong parameters that have a pattern, then the central differences that were measured."""
    mapped = [p for p in report.parameters if p.ratios and len(_levels(p.ratios)) > 1]
    found = [_heat_map(p, f"{prefix}ratios-{number}") for number, p in enumerate(mapped[:MOST_MAPS], 1)]
    measured = [p for p in report.parameters if p.differences]
    return found + [plot for p in measured[:1] if (plot := _differences(p, f"{prefix}differences")) is not None]


def _level(ratio: float | None) -> int:
    return len(LEVELS) if ratio is None else bisect_right(EDGES, ratio)


def _levels(ratios: Json) -> set[int]:
    return {_level(ratio) for row in ratios["values"] for ratio in row}


def _heat_map(parameter: Parameter, slug: str) -> Plot:
    """The script's gradient over the true one, block by block."""
    ratios = parameter.ratios or {}
    down, across = ratios["block"]
    values = ratios["values"]
    columns = math.prod(parameter.shape[1:])
    square = (
        "entry by entry"
        if down * across == 1
        else f"in blocks of {down} x {across} entries, each the factor that fits best"
    )
    scale = "" if ratios["divided_by"] == 1 else f", divided by {factor(float(ratios['divided_by']))},"
    name = clean(parameter.name)
    sentence = f"The gradient of {name}{scale} over the true one, {square}. {_pattern(ratios)}"

    def draw(axes: Axes) -> None:
        from matplotlib.patches import Patch, PathPatch

        edge: dict[str, Any] = {"edgecolor": GRID, "linewidth": 0.5}
        handles = []
        for level, (label, color, alpha) in enumerate((*LEVELS, BOTH_ZERO)):
            path = _squares(values, level, parameter.shape[0], columns, down, across)
            if path is None:
                continue
            style: dict[str, Any] = {"facecolor": color, "alpha": alpha}
            handles.append(Patch(label=label, **edge, **style))
            if color != "none":
                axes.add_patch(PathPatch(path, linewidth=0, antialiased=False, **style))
        axes.set_xlim(0, columns)
        axes.set_ylim(parameter.shape[0], 0)
        axes.grid(False)
        axes.locator_params(integer=True)
        axes.set_ylabel("first axis")
        axes.set_xlabel("second axis" if len(parameter.shape) == 2 else "all other axes")
        axes.legend(handles=handles, title="ratio", loc="upper left", bbox_to_anchor=(1.0, 1.0))

    return drawing(slug, f"ratio of the gradient of {name} to the true one", sentence, draw)


def _pattern(ratios: Json) -> str:
    if ratios["pattern"] != "entries":
        share = "all" if ratios["explained"] > 1 - VALID else f"{100 * ratios['explained']:.0f} %"
        return f"A factor for each {ratios['pattern'][:-1]} accounts for {share} of the departure."
    words = [f"{100 * ratios[key]:.3g} % {what}" for key, what in SHARES if ratios[key]]
    return f"Of the entries {' and '.join(words)}."


def _squares(
    values: list[list[float | None]], level: int, height: int, width: int, down: int, across: int
) -> Path | None:
    """The blocks of one level as one path, neighbours in a row joined."""
    from matplotlib.path import Path

    corners: list[tuple[float, float]] = []
    for i, row in enumerate(values):
        top, bottom = i * down, min((i + 1) * down, height)
        begin = None
        for j, ratio in enumerate([*row, math.nan]):
            here = j < len(row) and _level(ratio) == level
            if here and begin is None:
                begin = j * across
            elif not here and begin is not None:
                end = min(j * across, width)
                corners += [(begin, top), (end, top), (end, bottom), (begin, bottom), (begin, top)]
                begin = None
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * (len(corners) // 5)
    return Path(corners, codes) if corners else None


def _differences(parameter: Parameter, slug: str) -> Plot | None:
    """Error of the central difference against its step; None where no step gives the true gradient."""
    data = parameter.differences or {}
    points = sorted((float(p["h"]), max(float(p["error"]), FLOOR)) for p in data["points"])
    valid = _window(points)
    if len(points) < FEWEST_STEPS or not valid:
        return None
    name, script = clean(parameter.name), data.get("script")
    told = [
        (points[-1][0] > valid[-1], "Larger steps see the curvature."),
        (points[0][0] < valid[0], "Smaller steps see rounding."),
        (bool(script), f"The script's own gradient is off by {off_by(script or 0.0)} there."),
    ]
    sentence = (
        f"Central differences of the loss along one direction of {name}, against the true gradient: right to {VALID:g} "
        f"for steps h from {valid[0]:.0e} to {valid[-1]:.0e} (shaded). {' '.join(words for so, words in told if so)}"
    ).rstrip()

    def draw(axes: Axes) -> None:
        from matplotlib.ticker import FuncFormatter, LogLocator

        axes.axvspan(valid[0], valid[-1], color=SERIES[2], alpha=0.15, linewidth=0, label="valid")
        axes.loglog(
            [h for h, _ in points], [e for _, e in points], "o-", color=SERIES[0], markersize=5, label="difference"
        )
        if script:
            axes.axhline(script, color=SERIES[1], linestyle="--", label="the script's")
        axes.axhline(VALID, color=INK, linewidth=0.8, linestyle=":")
        axes.set_xlabel("step h")
        axes.set_ylabel("relative error")
        axes.minorticks_off()
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(LogLocator(numticks=7))
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0e}"))

    return drawing(slug, f"central differences of {name} by step", sentence, draw)


def _window(points: list[tuple[float, float]]) -> list[float]:
    """The steps around the best one at which the difference is right."""
    best = min(range(len(points)), key=lambda i: points[i][1], default=0)
    first = last = best
    while first > 0 and points[first - 1][1] < VALID:
        first -= 1
    while last + 1 < len(points) and points[last + 1][1] < VALID:
        last += 1
    return [h for h, e in points[first : last + 1] if e < VALID]
