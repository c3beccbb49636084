"""Exact ties (``maximum(x, 0)`` at 0, equal winners of a pool): is the gradient one of those that are right there?

Any subgradient is right at a tie, and the complex step follows one of them. Run again with every tie broken the other
way it follows another. What lies between the two along every direction alike is right. Ties of both signs cancel in
a sum of slopes, so that one-sided slopes of the loss prove nothing; how far slopes scatter when ties are broken at
random tells how large the parts are.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..results import Verdict
from .complexstep import Ties, Unsupported
from .probes import Reading

if TYPE_CHECKING:
    from .verdict import Check

AT_A_KINK = "one of the subgradients: the loss has a kink exactly here"
UNSETTLED = "the loss has kinks exactly here, and the gap to the true slope may be theirs"
SLACK = 0.5
SPREAD = 4.0


def settle(check: Check, readings: list[Reading]) -> tuple[Verdict, str] | None:
    """The verdict when ties were met; None without them.

    Notes whether the loss compares anything where we can see it: then kinks without ties lie beside the point.
    """
    met = Ties()
    others = []
    try:
        for reading in readings:
            if check.left >= 1:
                others.append(check.target.slope(check.index, reading.direction, ties=met))
            check.target.compares = met.compared > 0
            if not met.seen:
                return None
    except Unsupported:
        return None
    share = _share(readings, others)
    if share is not None:
        low = -1.0 if met.absolute else 0.0
        if low - 0.01 <= share <= 1.01:
            return "right", AT_A_KINK
        if not low - SLACK <= share <= 1 + SLACK:
            return "wrong", ""
    return _scattered(check, readings, others, met.seen / len(others))


def middle(check: Check, reading: Reading) -> float:
    """The gap of a central difference across ties: half way between both choices. The reading's own without ties."""
    met = Ties()
    try:
        other = check.target.slope(check.index, reading.direction, ties=met)
    except Unsupported:
        return reading.gap
    return 0.5 * (reading.truth + other) - reading.analytic if met.seen else reading.gap


def _share(readings: list[Reading], others: list[float]) -> float | None:
    """How far along the way from the one choice to the other the gradient lies, if it is on it at all."""
    rows = [(other - r.truth, -r.gap, r.bound) for r, other in zip(readings, others, strict=False)]
    power = math.fsum(way * way for way, _, _ in rows)
    if len(rows) < 3 or power == 0:
        return None
    share = math.fsum(way * gap for way, gap, _ in rows) / power
    fits = all(abs(gap - share * way) <= 2 * (1 + abs(share)) * bound for way, gap, bound in rows)
    return share if fits else None


def _scattered(check: Check, readings: list[Reading], others: list[float], count: float) -> tuple[Verdict, str]:
    """Wrong when the gap is larger than all ties together can make it."""
    position = max(range(len(others)), key=lambda i: abs(readings[i].gap))
    reading = readings[position]
    slopes = [reading.truth, others[position]]
    while check.left >= 1:
        try:
            slopes.append(check.target.slope(check.index, reading.direction, ties=Ties(check.rng)))
        except Unsupported:
            break
    mean = math.fsum(slopes) / len(slopes)
    spread = math.sqrt(math.fsum((s - mean) ** 2 for s in slopes) / (len(slopes) - 1))
    beyond = abs(reading.analytic - mean) - 2 * reading.bound > SPREAD * math.sqrt(count) * spread
    return ("wrong", "") if beyond and len(slopes) >= 4 else ("inconclusive", UNSETTLED)
