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
    drawn = made.window.tape.drawn
    added, way = apart.of(apart.own | drawn), _way(_value(made, g), g.value)
    if added is None or not way or added.shape != g.value.shape or not np.any(added):
        return None
    rest = g.value - way * added
    found = compare(oriented(rest, t), t, bound, g.noise)
    if found.agreement != "exact" or _is_steady(apart):
        return None
    penalty = apart.of(apart.own)
    if penalty is None or np.any(penalty) and (penalised(made, h, v) or not _pulls(made, v, g, way * penalty)):
        return None
    return found, replace(g, value=rest, decay=float(bool(np.any(penalty))))


def _is_steady(apart: Apart) -> bool:
    """Whether something is added that is made from neither the parameter nor chance."""
    steady = apart.of(set())
    return steady is None or bool(np.any(steady))


def _pulls(made: Judgement, v: Version, g: Gradient, penalty: np.ndarray) -> bool:
    """Whether a penalty moves every entry of the parameter towards zero, or leaves it."""
    try:
        w = np.asarray(before(made, v), float)
    except ReplayError:
        return False
    return penalty.shape == w.shape and bool(np.all(g.way * penalty * w <= 0))


def _value(made: Judgement, g: Gradient) -> np.ndarray | None:
    """What the operand that is judged holds; None where that is no array of numbers."""
    assert made.extraction is not None
    found = np.asarray(made.extraction.value_after(g.code, g.entry - (not g.stateful)))
    return found.astype(float) if found.dtype.kind in "fiub" else None


def _way(value: np.ndarray | None, judged: np.ndarray) -> float:
    """1 where the judged gradient is a value, -1 where it is its opposite, 0 where neither."""
    if value is None or value.shape != judged.shape:
        return 0.0
    return next((way for way in (1.0, -1.0) if np.allclose(way * value, judged, rtol=SAME, atol=0)), 0.0)
