"""What a page draws of a training: the backward pass, the network, and what is seen of single gradients."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..record.sources import Sources
from ..results import BackwardRow, Json, Parameter
from ..step.compare import oriented
from ..step.probe import Certifier
from ..step.trials import Judgement, Match, Trial
from ..tape import Tape
from .backward import Backward, merged
from .code import Code
from .graph import Graph
from .jury import Jury
from .naming import groups
from .ratios import of as ratios_of

MOST_LOSSES = 3
MOST_SAMPLED = 4  # wrong parameters of which entries are kept
MOST_ENTRIES = 200
LADDER = tuple(10 ** -(1 + 1.25 * i) for i in range(9))
MOST_WORK = 10_000_000  # numbers that one forward pass may make for the ladder to be climbed,
ENTRY = 500  # each entry being worth as many


@dataclass(slots=True)
class Picture:
    """Rows of the backward pass, the graph, and by name of a parameter the fields of its result that are drawn."""

    rows: list[BackwardRow] = field(default_factory=list)
    graph: Json | None = None
    seen: dict[str, Json] = field(default_factory=dict)


def of(
    tape: Tape, sources: Sources, number: int, made: Judgement, parameters: Sequence[Parameter], measured: bool = False
) -> Picture:
    """The picture of training ``number``; empty where no loss was found to judge against.

    With ``measured`` central differences of one parameter are taken at several steps.
    """
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
    seen: dict[str, Json] = {
        m.version.candidate.name: {"entries": sampled(m), "ratios": ratios_of(m, trials[0].matches)}
        for m in wrong[:MOST_SAMPLED]
    }
    if measured:
        for name, found in ladder(made, trials[0], wrong).items():
            seen.setdefault(name, {})["differences"] = found
    return Picture(table.rows, graph, seen)


def ladder(made: Judgement, trial: Trial, wrong: Sequence[Match]) -> dict[str, Json]:
    """By name of one parameter, the first wrong one or the largest: errors of central differences at several steps.

    The direction is that of the true gradient, half of it that of the script's departure where there is one. Errors
    are relative to the norm of the true gradient; ``script`` is that of the script's own gradient, freed of its scale.
    """
    certifier = Certifier(made, trial)
    movable = [m for m in wrong or trial.matches if m.version.round_ == 0 and np.any(m.truth)]
    if not movable or not certifier.possible or _work(made.window.tape, certifier.entries) > MOST_WORK:
        return {}
    m = movable[0] if wrong else max(movable, key=lambda m: m.truth.size)
    t = np.asarray(m.truth, float)
    u = np.asarray(oriented(np.asarray(m.gradient.value, float), t), float) / (m.comparison.scale or 1.0)
    along, script = t, None
    if wrong and u.shape == t.shape and np.all(np.isfinite(u)):
        along = _unit(t) + _unit(u - t)
        script = _short(abs(float(np.vdot(u - t, _unit(along)))) / float(np.linalg.norm(t)))
    found = certifier.errors(m.version, t, along, LADDER)
    points = [{"h": _short(h), "error": _short(error)} for h, error in found]
    return {m.version.candidate.name: {"points": points, "script": script}} if points else {}


def _work(tape: Tape, entries: Sequence[int]) -> int:
    return sum(ENTRY + sum(math.prod(tape.shape_of(code)) for code in tape.results(e)) for e in entries)


def _unit(a: np.ndarray) -> np.ndarray:
    return np.asarray(a / (float(np.linalg.norm(a)) or 1.0))


def _short(value: float) -> float:
    return float(f"{value:.3g}")


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
