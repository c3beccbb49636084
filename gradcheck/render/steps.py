"""The table of many steps: gradient norm and update ratio of each parameter, dead share of each activation, by step."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ..options import Display
from ..results import Json
from .view import ROW_LIMIT, cells, clean, plural
from .window import Row

NAME_LIMIT = 34
LENGTH = 16  # characters of a course
BLOCKS = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"
LETTERS = "_.:-=+*#"  # the same where the terminal has no blocks
SAME = 1.02  # ratio of the largest to the smallest up to which a course is level

Figures = Sequence[float | None]


def table(data: Json, display: Display) -> Iterator[Row]:
    """Rows of the table; a course runs from the first to the last step, each for itself, on a log scale."""
    parameters, layers = data["parameters"][:ROW_LIMIT], data["activations"][:ROW_LIMIT]
    heads = [f"over {plural(data['done'], 'step')}", "gradient norm", "last", "update / weight", "last"]
    lines = [
        [_named(row["name"]), *_course(row["gradient_norms"], display), *_course(row["update_ratios"], display)]
        for row in parameters
    ]
    yield from _aligned([heads, *lines] if lines else [])
    heads = ["activation", "dead share", "last", "saturated", "last"]
    lines = [
        [_named(row["name"]), *_course(row["dead"], display, True), *_course(row["saturated"], display, True)]
        for row in layers
    ]
    yield from _aligned([heads, *lines] if lines else [])
    left_out = len(data["parameters"]) + len(data["activations"]) - len(parameters) - len(layers)
    if left_out:
        yield [(f" ... and {left_out:,} more, all in --format json", "dim")]
    if data["done"] < data["asked"]:
        yield [(f" {why_fewer(data)}", "dim")]


def why_fewer(data: Json) -> str:
    """Why there are fewer steps than were asked for."""
    done = plural(data["done"], "step")
    ends = {"time limit": f"{done} by the time limit", "interrupt": f"{done} by the interrupt"}
    return f"{ends.get(data['stopped'], f'the script itself takes {done}')}; {data['asked']:,} were asked for"


def _aligned(lines: list[list[str]]) -> Iterator[Row]:
    widths = [max(map(cells, column)) for column in zip(*lines, strict=True)]
    for number, line in enumerate(lines):
        padded = [text + " " * (size - cells(text)) for text, size in zip(line, widths, strict=True)]
        yield [(" " + "   ".join(padded), "" if number else "dim")]


def _named(name: str) -> str:
    text = clean(name)
    return text if cells(text) <= NAME_LIMIT else text[: NAME_LIMIT - 3] + "..."


def _course(figures: Figures | None, display: Display, share: bool = False) -> list[str]:
    """The course of some figures in a few characters, and the last of them."""
    known = [f for f in figures or () if f is not None]
    if not known or figures is None:
        return ["-", "-"]
    return [sparkline(figures, display.blocks, share), f"{known[-1]:.0%}" if share else f"{known[-1]:.2g}"]


def sparkline(figures: Figures, blocks: bool, share: bool = False) -> str:
    """Figures as a line of characters: on a log scale from the smallest to the largest, a share from 0 to 1.

    A stretch of many steps is its middle one; a blank stands for a figure that is not there.
    """
    ramp = BLOCKS if blocks else LETTERS
    wide = min(LENGTH, len(figures))
    chosen = [figures[(2 * i + 1) * len(figures) // (2 * wide)] for i in range(wide)]
    heights = [_height(f, [g for g in chosen if g], share) for f in chosen]
    return "".join(" " if h is None else ramp[min(int(h * len(ramp)), len(ramp) - 1)] for h in heights).rstrip() or "-"


def _height(figure: float | None, positive: list[float], share: bool) -> float | None:
    if figure is None or share:
        return figure
    if figure <= 0 or not positive:
        return 0.0
    low, high = min(positive), max(positive)
    return math.log(figure / low) / math.log(high / low) if high > SAME * low else 0.5
