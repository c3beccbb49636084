"""What a page draws of a training: the backward pass as a table, the network as a graph, entries of wrong gradients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..record.sources import Sources
from ..results import BackwardRow, Json, Parameter
from ..step.compare import oriented
from ..step.trials import Judgement, Match
from ..tape import Tape
from .backward import Backward, merged
from .code import Code
from .graph import Graph
from .jury import Jury
from .naming import groups

MOST_LOSSES = 3
MOST_SAMPLED = 4  # wrong parameters of which entries are kept
MOST_ENTRIES = 200


@dataclass(slots=True)
class Picture:
    """Rows of the backward pass, the graph, and for wrong parameters, by name, some entries beside the true ones."""

    rows: list[BackwardRow] = field(default_factory=list)
    graph: Json | None = None
    entries: dict[str, list[Json]] = field(default_factory=dict)


def of(tape: Tape, sources: Sources, number: int, made: Judgement, parameters: Sequence[Parameter]) -> Picture:
    """The picture of training ``number``; empty where no loss was found to judge against."""
    trials = made.trials or Jury(tape).fallback(made)
    if not trials:
        return Picture()
    code = Code()
    told = {p.name: p.verdict for p in parameters}
    verdicts = {id(c): told.get(g.name, "") for g in groups(made.parameters) for c in g.members}
    table = merged(Backward(tape, sources, made, t, code).table(number, verdicts) for t in trials[:MOST_LOSSES])
    graph = Graph(tape, sources, made, trials[0], code).build(parameters, table.matched)
    off = [m for m in trials[0].matches if not m.exact]
    wrong = [m for m in off if verdicts.get(id(m.version.candidate)) == "wrong"]
    return Picture(table.rows, graph, {m.version.candidate.name: sampled(m) for m in wrong[:MOST_SAMPLED]})


def sampled(m: Match) -> list[Json]:
    """Entries of a gradient, divided by its scale, beside the true ones: half the worst, half spread evenly."""
    t = np.asarray(m.truth, float)
    u = np.asarray(oriented(np.asarray(m.gradient.value, float), t), float)
    k = m.comparison.scale or 1.0
    if u.shape != t.shape or t.size < 2 or not np.all(np.isfinite(u)):
        return []
    u = u / k
    worst = np.argsort(-np.abs(u - t), axis=None, kind="stable")[: MOST_ENTRIES // 2]
    spread = np.linspace(0, t.size - 1, min(t.size, MOST_ENTRIES // 2)).astype(int)
    flat = list(dict.fromkeys([*worst.tolist(), *spread.tolist()]))
    return [_entry(u, t, k, np.unravel_index(i, t.shape)) for i in flat]


def _entry(u: np.ndarray, t: np.ndarray, k: float, index: tuple[Any, ...]) -> Json:
    analytic, true = (float(f"{a[index]:.6g}") for a in (u, t))
    ratio = float(f"{analytic / true:.6g}") if true else None
    place = [int(i) for i in index]
    return {"index": place, "analytic": analytic, "numerical": true, "ratio": ratio, "divided_by": float(f"{k:.6g}")}
