"""Terms that an update adds beside the gradient: penalties that the reported loss leaves out, and noise.

``W -= rate * (g + lam * np.sign(W))`` descends the loss with a penalty that nobody prints; what has the exact
derivative of the loss is g.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..replay.forward import ReplayError
from .apart import Apart
from .compare import Comparison, compare, oriented
from .decay import penalised
from .gradient import Gradient
from .hypotheses import Hypothesis
from .trials import Judgement, before
from .window import Version

SAME = 1e-9


def alone(
    made: Judgement, h: Hypothesis, v: Version, g: Gradient, t: np.ndarray, bound: np.ndarray
) -> tuple[Comparison, Gradient] | None:
    """The gradient without what is added beside it, where it is exact then; None where it is not."""
    if g.value.size != t.size or not np.any(t):
        return None
    apart = Apart(made, h, v, g)
    added, way = _added(apart, apart.own | apart.noise, g), 1.0 if apart.steps else _way(_value(apart, g), g.value)
    if added is None or not way or not np.any(added):
        return None
    rest = g.value - way * added
    found = compare(oriented(rest, t), t, bound, g.noise + apart.rounding())
    steady = _added(apart, set(), g)
    if found.agreement != "exact" or steady is None or np.any(steady):
        return None
    penalty = _added(apart, apart.own, g)
    if penalty is None or np.any(penalty) and not _is_meant(apart, h, g, way * penalty):
        return None
    return found, replace(g, value=rest, decay=float(bool(np.any(penalty))))


def _is_meant(apart: Apart, h: Hypothesis, g: Gradient, added: np.ndarray) -> bool:
    """Whether what is made from the parameter alone is a share of its last move, or a penalty that the loss lacks."""
    return _goes_on(apart, g, added) or not penalised(apart.made, h, apart.version) and _pulls(apart, g, added)


def _added(apart: Apart, sources: set[int], g: Gradient) -> np.ndarray | None:
    """What a gradient holds that is made from these sources, in its shape."""
    found = apart.of(sources)
    return None if found is None else _widened(apart, found, g)


def _widened(apart: Apart, value: np.ndarray, g: Gradient) -> np.ndarray | None:
    """A value in the shape of a gradient: of the rows that an update touches, with zeros elsewhere."""
    if value.shape == g.value.shape:
        return value
    v, ex = apart.version, apart.made.extraction
    assert ex is not None
    out = np.zeros(v.candidate.shape)
    part = ex.increments.region(out, v.candidate, v.update) if out.shape == g.value.shape else None
    if part is None or part.shape != value.shape:
        return None
    part[...] = value
    return out


def _pulls(apart: Apart, g: Gradient, penalty: np.ndarray) -> bool:
    """Whether a penalty moves every entry of the parameter towards zero, or leaves it."""
    try:
        w = _widened(apart, np.asarray(before(apart.made, apart.version), float), g)
    except ReplayError:
        return False
    return w is not None and bool(np.all(g.way * penalty * w <= 0))


def _goes_on(apart: Apart, g: Gradient, added: np.ndarray) -> bool:
    """Whether what is added to a step is a share of the last move: momentum without a memory (Polyak 1964)."""
    v, versions = apart.version, apart.made.window.versions
    last = next((x for x in versions if x.candidate is v.candidate and x.round_ == v.round_ - 1), None)
    if g.stateful or last is None:
        return False
    try:
        now, then = (_widened(apart, np.asarray(before(apart.made, x), float), g) for x in (v, last))
    except ReplayError:
        return False
    share = compare(added, now - then).scale if now is not None and then is not None else None
    return share is not None and 0 < share <= 1


def _value(apart: Apart, g: Gradient) -> np.ndarray | None:
    """What the operand that is judged holds, in the gradient's shape; None where that is no array of numbers."""
    assert apart.made.extraction is not None
    found = np.asarray(apart.made.extraction.value_after(g.code, g.entry - (not g.stateful)))
    return _widened(apart, found.astype(float), g) if found.dtype.kind in "fiub" else None


def _way(value: np.ndarray | None, judged: np.ndarray) -> float:
    """1 where the judged gradient is a value, -1 where it is its opposite, 0 where neither."""
    if value is None or value.shape != judged.shape:
        return 0.0
    return next((way for way in (1.0, -1.0) if np.allclose(way * value, judged, rtol=SAME, atol=0)), 0.0)
