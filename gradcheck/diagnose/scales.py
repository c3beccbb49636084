"""Scales of parameters against each other: one factor for all is right, several are not."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import chain, combinations

import numpy as np

from ..step.gradient import Gradient
from ..step.trials import Match

SAME = 1e-9
MOST_FACTORS = 6


def reference(matches: list[Match]) -> Match | None:
    """A match that is the loss's own gradient, without a factor; else the one whose scale most of the others share;
    among equals one without a factor, then the largest parameter.
    """
    scaled = [m for m in matches if m.exact and m.unit is not None]
    if not scaled:
        return None

    def order(m: Match) -> tuple[bool, int, bool, int]:
        shared = sum(consistent(m, other) for other in scaled)
        return _plain(m), shared, abs(abs(m.unit or 0.0) - 1) < SAME, m.truth.size

    return max(scaled, key=order)


def _plain(m: Match) -> bool:
    """Whether the gradient is the loss's own, without a factor."""
    return m.unit is not None and abs(abs(m.unit) - 1) < SAME and m.truth.size > 1  # one number is a multiple of any


def consistent(one: Match, other: Match) -> bool:
    """Whether the scales differ only by learning rates of their own and by factors that the step computes from the
    parameters, as in clipping by norm.

    A factor that both have says nothing, unless it took another value in a replay. Others must be numbers that nothing
    computed: `1 / m` in one place and not in the other is a difference of scale.
    """
    a, b = one.comparison.scale, other.comparison.scale
    if a is None or b is None:
        return True
    a, b = -abs(a) if opposite(one, other) else abs(a), abs(b)
    shared = {(s, v) for s, v, _ in one.gradient.factors} & {(s, v) for s, v, _ in other.gradient.factors}
    return _same(a / b, _products(one.gradient, shared), _products(other.gradient, shared))


def opposite(one: Match, other: Match) -> bool:
    """Whether one goes uphill and the other downhill.

    The judged value of an optimiser with state is no increment, so its sign is not that of the step: then what moved
    decides. Between two with state it can be the one before and the other after a sign is turned.
    """
    if one.gradient.stateful == other.gradient.stateful:
        product = (one.comparison.scale or 0.0) * (other.comparison.scale or 0.0)
        return product < 0 and product * one.gradient.way * other.gradient.way < 0
    return _slope(one) * _slope(other) < 0


def _slope(m: Match) -> float:
    """The product of the step with the true gradient."""
    return float(np.vdot(m.gradient.step, m.truth)) if m.gradient.step.size == m.truth.size else 0.0


def _same(ratio: float, left: list[float], right: list[float]) -> bool:
    return any(q and abs(ratio / (p / q) - 1) < SAME for p in left for q in right)


def _products(g: Gradient, shared: set[tuple[int, float]]) -> list[float]:
    """Products of the rates and limits that are a parameter's own."""
    values = [abs(v) for s, v, active in g.factors if (s, v) not in shared and (active or s in g.rates)][:MOST_FACTORS]
    subsets: Iterable[tuple[float, ...]] = chain.from_iterable(combinations(values, n) for n in range(len(values) + 1))
    out = []
    for subset in subsets:
        product = 1.0
        for v in subset:
            product *= v
        out.append(product)
    return out


def as_text(scale: float) -> str:
    """A scale as people write it: 1/128, 2, 0.0731."""
    if scale < 0:
        return "-" + as_text(-scale)
    if abs(scale - 1) < SAME:
        return "1"
    for value, form in ((scale, "{}"), (1 / scale if scale else 0.0, "1/{}")):
        nearest = round(value)
        if nearest > 1 and abs(value / nearest - 1) < SAME:
            return form.format(f"{nearest:,}".replace(",", "") if nearest < 10**7 else f"{nearest:.3g}")
    fraction = Fraction(scale).limit_denominator(64)
    if fraction and abs(scale / float(fraction) - 1) < SAME:
        return f"{fraction.numerator}/{fraction.denominator}"
    return f"{scale:.3g}"
