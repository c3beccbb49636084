"""The table of a sweep over batch sizes: norms of each parameter's gradient, their slope, and the law of the scale."""

from __future__ import annotations

from collections.abc import Iterator

from ..results import Json
from .view import ROW_LIMIT, cells, clean
from .window import Row

NAME_LIMIT = 30


def table(swept: Json, width: int) -> Iterator[Row]:
    """Rows of the table, as wide as allowed: sizes in the middle are left out first."""
    sizes = list(range(len(swept["sizes"])))
    lines = [_cells(parameter, swept["sizes"]) for parameter in swept["parameters"][:ROW_LIMIT]]
    heads = ["gradient norm at batch size", *map(str, swept["sizes"]), "slope", "x mean-loss gradient"]
    while True:
        columns = [0, *(1 + i for i in sizes), len(heads) - 2, len(heads) - 1]
        table = [[row[i] for i in columns] for row in [heads, *lines]]
        widths = [max(cells(row[i]) for row in table) for i in range(len(columns))]
        if len(sizes) <= 2 or 1 + sum(widths) + 3 * (len(widths) - 1) <= width:
            break
        del sizes[len(sizes) // 2]
    for number, row in enumerate(table):
        padded = [text + " " * (size - cells(text)) for text, size in zip(row, widths, strict=True)]
        yield [(" " + "   ".join(padded), "dim" if number == 0 else "")]
    yield [(f" the size was changed {_where(swept)}, in memory only", "dim")]
    if len(swept["parameters"]) > ROW_LIMIT:
        yield [(f" ... and {len(swept['parameters']) - ROW_LIMIT:,} more, all in --format json", "dim")]


def _where(swept: Json) -> str:
    """Where the constants are that were changed."""
    lines = sorted({str(place["line"]) for place in swept["changed"] if place["file"]}, key=int)
    if not lines:
        return "in the script's arguments"
    return f"in line{'s' * (len(lines) > 1)} {', '.join(lines)}"


def _cells(parameter: Json, sizes: list[int]) -> list[str]:
    name = clean(parameter["name"])
    name = name if cells(name) <= NAME_LIMIT else name[: NAME_LIMIT - 3] + "..."
    norms = ["-" if norm is None else f"{norm:.3g}" for norm in parameter["norms"]]
    steepness = "-" if parameter["slope"] is None else f"{parameter['slope']:+.2f}"
    return [name, *norms, steepness, parameter["law"] or "-"]
