"""The network as a drawing: the computation downwards to the loss, parameters on its left, data on its right.

The graph comes with the report (`diagnose/graph.py`): one node for each source line, so that loops stay small. Rows are
the longest paths from the top; an edge that leads upwards belongs to a loop and is drawn thin.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..results import Json
from .view import cells, clean

BOX, TALL, GAP, DROP, EDGE = 264, 44, 60, 40, 10
ROOM = 31  # characters of a label in a box
SMALL_ROOM = 37
TONES = {"right": "right", "right_up_to_scale": "right", "wrong": "wrong"}


@dataclass(frozen=True, slots=True)
class Box:
    """A node as drawn; ``lines`` are its label and what is written small under it, ``title`` its full text."""

    x: float
    y: float
    style: str
    label: str
    small: str
    title: str
    line: int


@dataclass(frozen=True, slots=True)
class Edge:
    """A line with an arrow head, as SVG path data."""

    path: str
    head: str
    style: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything in the units of the drawing, and the sentence that says what is seen."""

    width: float
    height: float
    box: tuple[float, float]
    boxes: list[Box]
    edges: list[Edge]
    sentence: str


def draw(graph: Json) -> Drawing | None:
    """The drawing of a report's graph; None where it holds nothing to draw."""
    nodes = {int(node["id"]): node for node in graph.get("nodes", [])}
    links = [link for link in graph.get("edges", []) if link["source"] in nodes and link["target"] in nodes]
    inner = [i for i, node in nodes.items() if node["kind"] in ("operation", "loss")]
    if not inner:
        return None
    ranks = _ranks(inner, links)
    places, height, width = _places(nodes, links, ranks)
    boxes = [_box(nodes[i], places[i]) for i in places]
    edges = [
        _edge(link, nodes, places, width) for link in links if link["source"] in places and link["target"] in places
    ]
    return Drawing(width, height, (BOX, TALL), boxes, edges, _sentence(nodes, links))


def _ranks(inner: list[int], links: list[Json]) -> dict[int, int]:
    """Row of each operation: ids are in program order, so edges to a higher id cannot form a cycle."""
    ranks = dict.fromkeys(inner, 0)
    for i in sorted(inner):
        before = [ranks[s] for s, t in ((k["source"], k["target"]) for k in links) if t == i and s < i and s in ranks]
        ranks[i] = max(before, default=-1) + 1
    return ranks


def _places(
    nodes: dict[int, Json], links: list[Json], ranks: dict[int, int]
) -> tuple[dict[int, tuple[float, float]], float, float]:
    """Upper left corner of each box, and the size of the whole."""
    sides: dict[int, dict[str, list[int]]] = {}
    for i, node in nodes.items():
        if node["kind"] in ("parameter", "data"):
            users = [ranks[link["target"]] for link in links if link["source"] == i and link["target"] in ranks]
            if users:
                sides.setdefault(min(users), {"parameter": [], "data": []})[node["kind"]].append(i)
    widest = max(sum(rank == r for r in ranks.values()) for rank in ranks.values())
    left = EDGE + (BOX + GAP if any(s["parameter"] for s in sides.values()) else 0)
    middle = widest * BOX + (widest - 1) * GAP
    right = left + middle + GAP
    places: dict[int, tuple[float, float]] = {}
    y: float = EDGE
    for rank in range(max(ranks.values()) + 1):
        row = [i for i in sorted(ranks) if ranks[i] == rank]
        beside = sides.get(rank, {"parameter": [], "data": []})
        tall = max(1, len(beside["parameter"]), len(beside["data"])) * (TALL + EDGE) - EDGE
        start = left + (middle - (len(row) * (BOX + GAP) - GAP)) / 2
        for column, i in enumerate(row):
            places[i] = (start + column * (BOX + GAP), y + (tall - TALL) / 2)
        for kind, x in (("parameter", float(EDGE)), ("data", float(right))):
            top = y + (tall - (len(beside[kind]) * (TALL + EDGE) - EDGE)) / 2
            for number, i in enumerate(beside[kind]):
                places[i] = (x, top + number * (TALL + EDGE))
        y += tall + DROP
    width = right + BOX if any(s["data"] for s in sides.values()) else left + middle
    return places, y - DROP + EDGE, width + 3 * EDGE


def _box(node: Json, place: tuple[float, float]) -> Box:
    shape = " x ".join(map(str, node.get("shape") or []))
    times = f"{node['times']:,} times" if node.get("times", 1) > 1 else ""
    text = clean(" ".join(str(node.get("text", "")).split()))
    if node["kind"] in ("parameter", "data"):
        label, small = clean(str(node["name"])), ", ".join(filter(None, (node["kind"], shape)))
    else:
        line = f"line {node['line']}" if node.get("line") else ""
        label, small = text, ", ".join(filter(None, (line, shape, times)))
    style = " ".join(filter(None, ("box", node["kind"], TONES.get(node.get("verdict", ""), ""))))
    return Box(*place, style, _cut(label, ROOM), _cut(small, SMALL_ROOM), text or label, int(node.get("line") or 0))


def _cut(text: str, room: int) -> str:
    if cells(text) <= room:
        return text
    while cells(text) > room - 3:
        text = text[:-1]
    return text + "..."


def _edge(link: Json, nodes: dict[int, Json], places: dict[int, tuple[float, float]], width: float) -> Edge:
    (x, y), (u, v) = places[link["source"]], places[link["target"]]
    style = TONES.get(link.get("verdict", ""), "")
    kind = nodes[link["source"]]["kind"]
    if kind in ("parameter", "data") and abs(v - y) < 3 * TALL:
        start, end = (x + BOX, u) if kind == "parameter" else (x, u + BOX)
        a, b, turn = y + TALL / 2, v + TALL / 2, (end - start) / 2
        path = f"M{start:g},{a:g} C{start + turn:g},{a:g} {end - turn:g},{b:g} {end:g},{b:g}"
        return Edge(path, _head(end, b, 1 if kind == "parameter" else -1, 0), style)
    if v <= y:  # back to an earlier line: a loop
        path = (
            f"M{x + BOX:g},{y + 30:g} C{x + BOX + 40:g},{y + 30:g} {u + BOX + 40:g},{v + 14:g} {u + BOX:g},{v + 14:g}"
        )
        return Edge(path, _head(u + BOX, v + 14, -1, 0), f"{style} faint".strip())
    start, end, bend = x + BOX / 2, u + BOX / 2, DROP
    side = 0.0
    if v - y > TALL + 2 * DROP and abs(start - end) < BOX / 2:
        side = BOX / 2 + 24  # around the boxes between
    path = f"M{start:g},{y + TALL:g} C{start + side:g},{y + TALL + bend:g} {end + side:g},{v - bend:g} {end:g},{v:g}"
    return Edge(path, _head(end, v, 0, 1), style)


def _head(x: float, y: float, right: int, down: int) -> str:
    if down:
        return f"M{x:g},{y:g} l-4,-8 h8 z"
    return f"M{x:g},{y:g} l{-8 * right},-4 v8 z"


def _sentence(nodes: dict[int, Json], links: list[Json]) -> str:
    parameters = [node for node in nodes.values() if node["kind"] == "parameter"]
    wrong = [clean(str(node["name"])) for node in parameters if node.get("verdict") == "wrong"]
    text = (
        "What the loss is computed from, one box for each source line. An edge tells of the derivative that goes back "
        "along it: green where the script's own value is right, red and dashed where it is wrong, grey where no value "
        "of the script stands for it."
    )
    if wrong:
        return f"{text} Wrong: the way back to {', '.join(wrong[:6])}{' and more' if len(wrong) > 6 else ''}."
    return text
