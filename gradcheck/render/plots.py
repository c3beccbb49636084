"""Plots as inline SVG, drawn only where a report holds the figures and they say something; each with a sentence.

matplotlib is imported when the first plot is drawn. `inline` makes its SVG fit for a page with a strict policy.
"""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from ..results import Parameter, Report
from .view import clean, factor

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_LINES = 8  # parameters in one plot
MOST_BARS = 40
MOST_POINTS = 300
MOST_SCATTERS = 3
FEWEST_BARS = 3
SPREAD = 1.5  # ratio of the largest norm to the smallest from which the norms are worth a picture
FEWEST_POINTS = 8
FEWEST_MARKED = 40  # steps from which a line has no markers
CLOSEST = 0.02  # relative error below which all entries lie on the line to the eye

# What is drawn with, and what it becomes on the page, where each theme has its own.
INK, GRID, GROUND = "#000000", "#b0b0b0", "#ffffff"
SERIES = ("#0068a8", "#b04a00", "#007a5c", "#a6467f")
PAGE_COLORS = {INK: "currentColor", GRID: "var(--grid)", GROUND: "none"} | {
    color: f"var(--plot{number})" for number, color in enumerate(SERIES, 1)
}
MARKERS = ("o", "s", "^", "D")
DIGITS = re.compile(r"-?\d+\.\d{3,}")  # of a path: more than a screen can show
FONT = re.compile(r"(?:(bold|italic|[1-9]00) )*([\d.]+)px .*")

Draw = Callable[["Axes"], None]


@dataclass(frozen=True, slots=True)
class Plot:
    """A finished drawing and what it shows, in words. ``svg`` is markup of ours, with the user's text escaped."""

    slug: str
    sentence: str
    svg: Any


def plots(report: Report, prefix: str = "") -> list[Plot]:
    """The plots that have data, in the order of the page."""
    found = [_batch_sizes(report, prefix), _steps(report, prefix), _norms(report, prefix)]
    found += [_ratios(report, prefix), _dead(report, prefix)]
    far = [p for p in report.parameters if p.verdict == "wrong" and (p.relative_error or 1.0) > CLOSEST]
    wrong = [p for p in far if len(_pairs(p)) >= FEWEST_POINTS]
    found += [_scatter(p, f"{prefix}entries-{number}") for number, p in enumerate(wrong[:MOST_SCATTERS], 1)]
    return [plot for plot in found if plot is not None]


def _batch_sizes(report: Report, prefix: str) -> Plot | None:
    """Gradient norm against batch size on log axes."""
    data = report.batch_sizes or {}
    sizes = data.get("sizes") or []
    rows = [row for row in data.get("parameters") or [] if len(_positive(row.get("norms"))) == len(sizes)]
    if len(sizes) < 2 or not rows:
        return None
    slopes = [row["slope"] for row in rows if row.get("slope") is not None]
    told = ""
    if slopes:
        low, high = min(slopes), max(slopes)
        told = f" Slope {low:.2f}" + (f" to {high:.2f}" if high - low > 0.005 else "") + " on log axes;"
    sentence = f"Norm of each gradient at {len(sizes)} batch sizes.{told} 1 is a sum over the samples, 0 is a mean."

    def draw(axes: Axes) -> None:
        for number, row in enumerate(rows[:MOST_LINES]):
            axes.loglog(sizes, row["norms"], label=_label(str(row["name"])), **_line(number))
        axes.set_xlabel("batch size")
        axes.set_ylabel("gradient norm")
        axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
        axes.minorticks_off()
        _decimal(axes)

    return drawing(f"{prefix}batch-sizes", "gradient norm and batch size", sentence, draw)


def _steps(report: Report, prefix: str) -> Plot | None:
    """Gradient norm against step, where more than one was measured."""
    lines: dict[str, list[tuple[int, float]]] = {}
    for row in report.gradient_norms:
        if row.norm > 0:
            lines.setdefault(row.parameter, []).append((row.step, row.norm))
    followed = (report.steps or {}).get("parameters") or []
    lines |= {str(row["name"]): _by_step(row["gradient_norms"] or [], positive=True) for row in followed}
    lines = {name: sorted(found) for name, found in lines.items() if len({step for step, _ in found}) > 1}
    if not lines:
        return None
    count = max(len(found) for found in lines.values())

    def draw(axes: Axes) -> None:
        for number, (name, found) in enumerate(list(lines.items())[:MOST_LINES]):
            thinned = found[:: math.ceil(len(found) / MOST_POINTS)]
            axes.semilogy([s for s, _ in thinned], [n for _, n in thinned], label=_label(name), **_line(number))
        axes.locator_params(axis="x", integer=True)
        axes.set_xlabel("step")
        axes.set_ylabel("gradient norm")
        axes.minorticks_off()
        _decimal(axes)

    return drawing(f"{prefix}steps", "gradient norm by step", f"Norm of each gradient over {count} steps.", draw)


def _norms(report: Report, prefix: str) -> Plot | None:
    """Norm of each parameter's gradient, in the order of the table."""
    rows = [p for p in report.parameters if p.gradient_norm and math.isfinite(p.gradient_norm)][:MOST_BARS]
    if len(rows) < FEWEST_BARS:
        return None
    norms = [p.gradient_norm or 0.0 for p in rows]
    largest, smallest = max(range(len(rows)), key=norms.__getitem__), min(range(len(rows)), key=norms.__getitem__)
    ratio = norms[largest] / norms[smallest]
    if ratio < SPREAD:
        return None
    sentence = (
        f"Norm of each gradient as the script computes it. {clean(rows[largest].name)} has the largest, "
        f"{ratio:,.1f} times that of {clean(rows[smallest].name)}."
    )

    def draw(axes: Axes) -> None:
        places = range(len(rows))
        axes.hlines(places, min(norms) / 2, norms, color=GRID, linewidth=1)
        for verdict, style in ((True, 1), (False, 0)):
            chosen = [i for i in places if (rows[i].verdict == "wrong") == verdict]
            label = "" if len(chosen) == len(rows) else "wrong" if verdict else "right or not judged"
            if chosen:
                kind = {**_line(style), "linestyle": "none"}
                axes.plot([norms[i] for i in chosen], chosen, label=label, **kind)
        axes.set_xscale("log")
        axes.set_yticks(places, [_label(p.name) for p in rows])
        axes.invert_yaxis()
        axes.set_xlabel("gradient norm")
        axes.minorticks_off()
        _decimal(axes, x=True)

    height = 1.2 + 0.24 * len(rows)
    return drawing(f"{prefix}norms", "gradient norm by parameter", sentence, draw, height=height)


def _ratios(report: Report, prefix: str) -> Plot | None:
    """Size of each update against its parameter, by step."""
    rows = (report.steps or {}).get("parameters") or []
    lines = {str(row["name"]): _by_step(row["update_ratios"], positive=True) for row in rows}
    lines = {name: found for name, found in lines.items() if len(found) > 1}
    if not lines:
        return None
    low, high = (pick(found[-1][1] for found in lines.values()) for pick in (min, max))
    last = f"{low:.1e}" + (f" to {high:.1e}" if high > SPREAD * low else "")
    sentence = f"Size of each update, by the size of its parameter; {last} in the end. About 1e-03 is usual."

    def draw(axes: Axes) -> None:
        _courses(axes, lines)
        axes.set_yscale("log")
        axes.set_ylabel("update / weight")
        axes.minorticks_off()
        _decimal(axes)

    return drawing(f"{prefix}ratios", "update and weight by step", sentence, draw)


def _dead(report: Report, prefix: str) -> Plot | None:
    """Share of dead units of each activation, by step, where some unit is dead."""
    rows = (report.steps or {}).get("activations") or []
    lines = {str(row["name"]): _by_step(row["dead"]) for row in rows}
    lines = {name: found for name, found in lines.items() if len(found) > 1 and any(share for _, share in found)}
    if not lines:
        return None
    worst = max(lines, key=lambda name: lines[name][-1][1])
    first, last = lines[worst][0][1], lines[worst][-1][1]
    sentence = (
        f"Share of units that are 0 in every row of the step. Most are dead in the end in {clean(worst)}: "
        f"{last:.0%}, {first:.0%} at first."
    )

    def draw(axes: Axes) -> None:
        _courses(axes, lines)
        axes.set_ylim(-0.02, 1.02)
        axes.set_ylabel("share of dead units")

    return drawing(f"{prefix}dead", "dead units by step", sentence, draw)


def _by_step(figures: Sequence[float | None], positive: bool = False) -> list[tuple[int, float]]:
    """(step, figure) of the figures that are there."""
    return [(step, f) for step, f in enumerate(figures, 1) if f is not None and (f > 0 or not positive)]


def _courses(axes: Axes, lines: dict[str, list[tuple[int, float]]]) -> None:
    """Figures by step, a line for each name."""
    for number, (name, found) in enumerate(list(lines.items())[:MOST_LINES]):
        thinned = found[:: math.ceil(len(found) / MOST_POINTS)]
        style = _line(number) | ({"marker": ""} if len(found) > FEWEST_MARKED else {})
        axes.plot([step for step, _ in thinned], [f for _, f in thinned], label=_label(name), **style)
    axes.locator_params(axis="x", integer=True)
    axes.set_xlabel("step")


def _pairs(parameter: Parameter) -> list[tuple[float, float]]:
    """(true, analytic) of the entries that the report holds."""
    found = [(e.get("numerical"), e.get("analytic")) for e in parameter.entries]
    return [(float(t), float(u)) for t, u in found if t is not None and u is not None][:MOST_POINTS]


def _scatter(parameter: Parameter, slug: str) -> Plot | None:
    """Entries of one gradient against the true ones."""
    pairs = _pairs(parameter)
    name = clean(parameter.name)
    reach = max(max(abs(t), abs(u)) for t, u in pairs)
    if not 0 < reach < math.inf:
        return None
    divisor = parameter.entries[0].get("divided_by")
    scaled = f", divided by {factor(float(divisor))}" if divisor else ""
    sentence = (
        f"{len(pairs)} entries of the gradient of {name}{scaled}, against the true ones; right ones lie on the line."
    )

    def draw(axes: Axes) -> None:
        axes.plot([-reach, reach], [-reach, reach], color=INK, linewidth=0.8, label="right")
        kind = {**_line(1), "linestyle": "none", "markersize": 3}
        axes.plot([t for t, _ in pairs], [u for _, u in pairs], label="the script's", **kind)
        axes.set_xlabel("true gradient")
        axes.set_ylabel("the script's")

    return drawing(slug, f"entries of the gradient of {name}", sentence, draw)


def _positive(norms: Sequence[float | None] | None) -> list[float]:
    return [n for n in norms or [] if n is not None and 0 < n < math.inf]


def _line(number: int) -> dict[str, Any]:
    color, marker = SERIES[number % len(SERIES)], MARKERS[number % len(MARKERS)]
    return {"color": color, "marker": marker, "markersize": 5, "linestyle": "-" if number < len(SERIES) else "--"}


def _label(name: str) -> str:
    text = clean(name)
    text = text if len(text) <= 24 else text[:21] + "..."
    return " " + text if text.startswith("_") else text  # a label that begins with _ is hidden


def _decimal(axes: Axes, x: bool = False) -> None:
    """Plain numbers on a log axis, and enough of them when it spans less than a decade."""
    from matplotlib.ticker import FuncFormatter, LogLocator

    axis = axes.xaxis if x else axes.yaxis
    low, high = axis.get_view_interval()
    if low > 0 and high / low < 30:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def drawing(slug: str, title: str, sentence: str, draw: Draw, height: float = 2.9) -> Plot:
    """The plot that ``draw`` draws, ``height`` inches high, with a legend where its lines have labels."""
    from markupsafe import Markup
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    settings: Any = {
        "svg.hashsalt": slug,
        "svg.fonttype": "none",
        "text.parse_math": False,
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": GRID,
        "grid.linewidth": 0.5,
        "legend.frameon": False,
        "axes.facecolor": "none",
        "figure.facecolor": "none",
    }
    stream = io.StringIO()
    with rc_context(settings), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a font that lacks a letter of a name: the browser has it
        figure = Figure(figsize=(4.6, height))
        axes = figure.add_subplot()
        draw(axes)
        if axes.get_legend_handles_labels()[0] and axes.get_legend() is None:
            axes.legend()
        ConstrainedLayoutEngine().execute(figure)  # once: with a figure that has it, savefig draws everything twice
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return Plot(slug, sentence, Markup(inline(stream.getvalue(), slug, title, sentence)))


def inline(text: str, slug: str, title: str, sentence: str) -> str:
    """matplotlib's SVG as a part of a page: no style in place, no namespace, ids of its own, colours of the theme."""
    root = ElementTree.fromstring(text)
    for parent in list(root.iter()):
        for child in list(parent):
            if _local(child.tag) in ("metadata", "style"):
                parent.remove(child)
    for element in root.iter():
        element.tag = _local(element.tag)
        element.attrib = _attributes(element.attrib, slug)
    root.attrib = {
        "viewBox": root.attrib["viewBox"],
        "role": "img",
        "aria-labelledby": f"{slug}-title {slug}-text",
    }
    for name, words, place in (("title", title, 0), ("desc", sentence, 1)):
        told = ElementTree.Element(name, {"id": f"{slug}-{'title' if name == 'title' else 'text'}"})
        told.text = words
        root.insert(place, told)
    return ElementTree.tostring(root, encoding="unicode")


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _attributes(found: dict[str, str], slug: str) -> dict[str, str]:
    out: dict[str, str] = {}
    for key, value in found.items():
        name = _local(key)
        if name == "style":
            out.update(_presentation(value))
        elif name == "id":
            out["id"] = f"{slug}-{value}"
        elif name == "d":
            out["d"] = DIGITS.sub(lambda found: f"{float(found[0]):.2f}", value)
        elif name == "href":
            out["href"] = f"#{slug}-{value.removeprefix('#')}"
        else:
            out[name] = value.replace("url(#", f"url(#{slug}-")
    return {key: PAGE_COLORS.get(value.lower(), value) for key, value in out.items()}


def _presentation(style: str) -> dict[str, str]:
    """The declarations of a style attribute as attributes; of a font the size and weight alone."""
    out: dict[str, str] = {}
    for declaration in filter(None, (part.strip() for part in style.split(";"))):
        name, _, value = declaration.partition(":")
        value = value.strip()
        if name == "font":
            match = FONT.fullmatch(value)
            out["font-size"] = match[2] if match else "10"
        elif name != "font-family":
            out[name.strip()] = value
    return out
