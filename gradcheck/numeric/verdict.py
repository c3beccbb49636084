"""Is this array the gradient of that loss? A verdict from error bounds, without tolerances.

The ladder: complex step, believed once a difference along a random direction agrees with it; else central differences.
A gradient is right when no reading leaves its bound, wrong when one leaves twice its bound, else inconclusive.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from ..results import Verdict
from . import complexstep, difference, probes
from .difference import Estimate, Ladder
from .probes import Reading
from .target import Target

BUDGET = 25
RANDOM_DIRECTIONS = 3
ROUNDINGS = 60.0
SCATTER = 12.0
GOAL = 1e-7
CONVERGED = 0.05
COARSE = 1e-10
COARSE_DOUBT = 6.0


@dataclass(frozen=True, slots=True)
class Judgement:
    """The answer for one parameter, with everything it rests on.

    ``smallest_error`` is relative to the gradient's norm (None where that is zero); errors twice as large are found in
    99 of 100. ``oracle`` is "complex step" or "central differences". ``estimate`` is the first direction's difference.
    """

    verdict: Verdict
    reason: str
    oracle: str
    readings: list[Reading] = field(default_factory=list)
    smallest_error: float | None = None
    relative_error: float | None = None
    gradient_norm: float = 0.0
    evaluations: int = 0
    tie: bool = False
    estimate: Estimate | None = None


class Check:
    """One parameter under test: the target, its index, the analytic gradient and the rounding unit that made it."""

    def __init__(self, target: Target, index: int, gradient: np.ndarray, unit: float, seed: int) -> None:
        self.target, self.index, self.unit = target, index, unit
        self.gradient = np.asarray(gradient, dtype=float)
        self.rng = np.random.default_rng([seed, index])
        self.scale = target.places[index].scale
        self.norm = norm(self.gradient)
        self.started = target.evaluations
        self.ladder: Ladder | None = None
        self.scatter = 0.0

    @property
    def left(self) -> int:
        """Loss evaluations that may still be spent on the verdict."""
        return BUDGET - (self.target.evaluations - self.started)

    @property
    def coarse(self) -> bool:
        """Whether the loss is rounded to float32: spacings are then so wide that kinks lie in all of them."""
        noise = max(self.target.noise, self.ladder.noise if self.ladder else 0.0)
        return noise > COARSE * abs(self.target.value)

    def directions(self) -> list[tuple[np.ndarray, bool]]:
        """Random ones first, then the gradient's own; for a zero gradient one more random one."""
        shape = self.gradient.shape
        found = [(probes.gaussian(self.rng, shape, self.scale), False) for _ in range(RANDOM_DIRECTIONS)]
        own = probes.along(self.gradient, self.scale)
        spare = probes.gaussian(self.rng, shape, self.scale)
        return [*found, (spare, False) if own is None else (own, True)]

    def analytic(self, direction: np.ndarray) -> float:
        """Slope that the analytic gradient predicts."""
        return probes.slope(self.gradient, direction)

    def explore(self, direction: np.ndarray, limit: int) -> Ladder:
        """Find the spacing for this parameter along `direction`."""
        analytic = self.analytic(direction)

        def goal(estimate: Estimate) -> bool:
            size = max(abs(analytic), abs(analytic + estimate.value))
            return estimate.error <= GOAL * size

        start = 4 * (self.target.noise / max(abs(self.target.value), 1e-300)) ** (1 / 3)
        return difference.explore(
            lambda h: probes.sample(self.target, self.index, self.gradient, direction, h),
            2.0 ** round(math.log2(min(max(start, 2.0**-15), 0.25))),
            self.target.noise,
            goal,
            limit,
        )

    def pair(self, direction: np.ndarray) -> Estimate:
        """The gap along `direction` at the spacings that `explore` found: four evaluations."""
        assert self.ladder is not None
        coarse, fine = (probes.sample(self.target, self.index, self.gradient, direction, h) for h in self.ladder.pair)
        if not (coarse.finite and fine.finite):
            return Estimate(0.0, math.inf, h=fine.h, settled=False)
        return difference.bound(coarse, fine, self.ladder.noise)

    def rounding(self, direction: np.ndarray, own: bool) -> float:
        """How far rounding can move the analytic slope: relative part, and what cancellation was seen to do."""
        relative = abs(self.analytic(direction)) if own else self.norm * self.scale
        return ROUNDINGS * self.unit * relative + SCATTER * self.scatter

    def exact(self, direction: np.ndarray, own: bool = False) -> Reading:
        """A reading by the complex step: one evaluation."""
        slope = self.target.slope(self.index, direction)
        analytic = self.analytic(direction)
        return Reading(direction, analytic, slope - analytic, self.rounding(direction, own), own)

    def measure_scatter(self, directions: list[np.ndarray]) -> None:
        """Repeat complex steps with random rounding errors of the gradient's own precision."""
        for direction in directions:
            clean = self.target.slope(self.index, direction)
            try:
                shaken = self.target.slope(self.index, direction, (self.unit, self.rng))
            except complexstep.Unsupported:
                continue
            self.scatter = max(self.scatter, abs(shaken - clean))


def norm(array: np.ndarray) -> float:
    """Euclidean norm that neither overflows nor underflows."""
    largest = float(np.max(np.abs(array), initial=0.0))
    return largest * math.sqrt(float(np.sum((array / largest) ** 2))) if 0 < largest < math.inf else largest


def judge(check: Check, power: float) -> Judgement:
    """The verdict on one parameter, within `BUDGET` loss evaluations."""
    directions = check.directions()
    readings = _by_complex_step(check, directions)
    if readings is None:
        return _by_differences(check, directions, power)
    return _settle_exact(check, readings, power)


def _by_complex_step(check: Check, directions: list[tuple[np.ndarray, bool]]) -> list[Reading] | None:
    try:
        first = directions[0][0]
        check.target.slope(check.index, first)
        check.measure_scatter([d for d, _ in directions[:2]])
        return [check.exact(d, own) for d, own in directions]
    except complexstep.Unsupported:
        return None


def _settle_exact(check: Check, readings: list[Reading], power: float) -> Judgement:
    """Complex readings, guarded: a difference along the first direction must agree, wherever it can tell."""
    check.ladder = check.explore(readings[0].direction, max(2, (check.left - 4) // 2))
    best = check.ladder.best
    guarded = _converged(best, readings[0], readings)
    if guarded and abs(readings[0].gap - best.value) > best.error + readings[0].bound:
        directions = [(r.direction, r.along) for r in readings]
        return _by_differences(check, directions, power)
    return _conclude(check, readings, "complex step", power, best, guarded)


def _converged(estimate: Estimate, reading: Reading, readings: list[Reading]) -> bool:
    """Whether the difference tells anything: its bound is small against the slopes, a kink at the point apart."""
    size = math.sqrt(math.fsum(r.truth**2 for r in readings) / len(readings))
    size = max(size, abs(reading.analytic), abs(reading.analytic + estimate.value))
    return estimate.error - (2 * estimate.kink if estimate.tie else 0.0) <= CONVERGED * size


def _by_differences(check: Check, directions: list[tuple[np.ndarray, bool]], power: float) -> Judgement:
    if check.ladder is None:
        check.ladder = check.explore(directions[0][0], (check.left - 4 * (len(directions) - 1)) // 2)
    estimates = [check.ladder.best]
    for direction, _ in directions[1:]:
        if check.left >= 4:
            estimates.append(check.pair(direction))
    bounds = probes.pooled(estimates)
    doubt = COARSE_DOUBT if check.coarse else 2.0
    readings = [
        Reading(d, check.analytic(d), e.value, b + check.rounding(d, own), own, doubt)
        for (d, own), e, b in zip(directions, estimates, bounds, strict=False)
    ]
    converged = all(_converged(e, r, readings) for e, r in zip(estimates, readings, strict=False))
    return _conclude(check, readings, "central differences", power, max(estimates, key=lambda e: e.kink), converged)


def _conclude(
    check: Check, readings: list[Reading], oracle: str, power: float, estimate: Estimate, converged: bool
) -> Judgement:
    bounds = [max(r.bound for r in readings if not r.along) / check.scale for r in readings if not r.along]
    if estimate.tie and oracle == "complex step":
        bounds = [b + estimate.kink / check.scale for b in bounds]
    seen = probes.smallest_error(bounds) * (1.0 if oracle == "complex step" else 1.6)
    relative = seen / check.norm if check.norm else None
    verdict, reason = _verdict(check, readings, oracle, power, estimate, converged, relative)
    truth = math.hypot(*(r.truth for r in readings if not r.along))
    gap = math.hypot(*(r.gap for r in readings if not r.along))
    return Judgement(
        verdict,
        reason,
        oracle,
        readings,
        relative,
        0.0 if verdict == "right" else (gap / truth if truth else math.inf),
        check.norm,
        check.target.evaluations - check.started,
        estimate.tie,
        estimate,
    )


def _verdict(
    check: Check,
    readings: list[Reading],
    oracle: str,
    power: float,
    estimate: Estimate,
    converged: bool,
    relative: float | None,
) -> tuple[Verdict, str]:
    agree, differ = all(r.agrees for r in readings), any(r.differs for r in readings)
    if agree:
        return _agreed(check, readings, power, estimate, relative, oracle)
    if oracle == "complex step" and estimate.tie and not check.coarse and abs(estimate.value) <= estimate.error:
        return _tie_or_wrong(check, readings)
    if not differ:
        return "inconclusive", "the gap to the true slope is between once and twice its error bound"
    if not converged:
        return "inconclusive", "the loss is too rough or too flat here: differences at several spacings do not settle"
    return "wrong", ""


def _agreed(
    check: Check, readings: list[Reading], power: float, estimate: Estimate, relative: float | None, oracle: str
) -> tuple[Verdict, str]:
    if estimate.tie and not check.coarse:
        return "right", "one of the subgradients: the loss has a kink exactly here"
    if check.norm == 0 and all(r.gap == 0 for r in readings):
        return "right", "zero, and the loss does not depend on it"
    if _zero_within_rounding(check, readings, estimate, oracle):
        return "right", "zero within rounding"
    if relative is None or relative > power:
        seen = "an error of any size" if relative is None else f"errors below {relative:.1g} of its norm"
        return "inconclusive", f"agrees, but {seen} would not have been seen"
    return "right", ""


def _zero_within_rounding(check: Check, readings: list[Reading], estimate: Estimate, oracle: str) -> bool:
    """Both slopes below what rounding does to them, or to the loss when the parameter moves by its own size."""
    if all(max(abs(r.truth), abs(r.analytic)) <= r.bound for r in readings):
        return oracle == "complex step" or all(abs(r.truth) <= 100 * check.target.noise for r in readings)
    return False


def _tie_or_wrong(check: Check, readings: list[Reading]) -> tuple[Verdict, str]:
    """On a kink another subgradient than the complex step's is right too: look between the one-sided slopes."""
    worst = max(readings, key=lambda r: abs(r.gap) / r.bound if r.bound else math.inf)
    estimate = check.pair(worst.direction) if check.left >= 4 else check.ladder.best if check.ladder else None
    if estimate is None or abs(estimate.value) <= estimate.error:
        return "right", "one of the subgradients: the loss has a kink exactly here"
    if abs(estimate.value) > 2 * estimate.error:
        return "wrong", ""
    return "inconclusive", "the loss has a kink here and the gradient is close to one of the one-sided slopes"
