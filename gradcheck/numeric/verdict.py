"""Is this array the gradient of that loss? A verdict from error bounds, without tolerances.

The ladder: complex step, believed once a difference along a random direction agrees with it; else central differences.
A gradient is right when no reading leaves its bound, wrong when one leaves twice its bound, else inconclusive.
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass, field

import numpy as np

from ..results import Verdict
from . import complexstep, difference, probes, ties
from .difference import Estimate, Ladder
from .probes import Reading
from .target import Target
from .ties import AT_A_KINK

BUDGET = 25
RANDOM_DIRECTIONS = 3
ROUNDINGS = 60.0
SCATTER = 12.0
GOAL = 1e-7
CONVERGED = 0.05
COARSE = 1e-10
KINKS = 12.0
HIDDEN = 4.0
COMPLEX_STEP = "complex step"
DIFFERENCES = "central differences"
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
            return estimate.error <= GOAL * abs(analytic + estimate.value)

        start = 4 * (self.target.noise / max(abs(self.target.value), 1e-300)) ** (1 / 3)
        return difference.explore(
            lambda h: probes.sample(self.target, self.index, self.gradient, direction, h),
            2.0 ** round(math.log2(min(max(start, 2.0**-15), 0.25))),
            self.target.noise,
            goal,
            limit,
        )

    def pair(self, direction: np.ndarray, h: float = 0.0, noise: float = 0.0) -> Estimate:
        """The gap along `direction` at the spacings that `explore` found, or at 8 `h` and `h`: four evaluations."""
        if not h:
            assert self.ladder is not None
            h, noise = self.ladder.best.h, self.ladder.noise
        samples = [
            probes.sample(self.target, self.index, self.gradient, direction, spacing)
            for spacing in (difference.RATIO * h, h)
        ]
        if not all(s.finite for s in samples):
            return Estimate(0.0, math.inf, h=h, settled=False)
        return difference.bound(samples[0], samples[1], noise)

    def rounding(self, direction: np.ndarray, own: bool) -> float:
        """How far rounding can move the analytic slope: relative part, and what cancellation was seen to do."""
        relative = abs(self.analytic(direction)) if own else self.norm * self.scale
        return ROUNDINGS * self.unit * relative + SCATTER * self.scatter

    def exact(self, directions: list[tuple[np.ndarray, bool]]) -> list[Reading]:
        """Readings by the complex step, one evaluation each, and two more to see how rounding scatters them."""
        slopes = [self.target.slope(self.index, direction) for direction, _ in directions]
        if self.target.casts:
            self.unit = max(self.unit, 2.0**-24)
        for (direction, _), slope in list(zip(directions, slopes, strict=True))[:2]:
            self.measure_scatter(direction, slope)
        rows = [(d, self.analytic(d), slope, own) for (d, own), slope in zip(directions, slopes, strict=True)]
        return [Reading(d, a, slope - a, self.rounding(d, own), own) for d, a, slope, own in rows]

    def measure_scatter(self, direction: np.ndarray, clean: float) -> None:
        """Repeat a complex step with random rounding errors of the gradient's own precision."""
        with contextlib.suppress(complexstep.Unsupported):
            shaken = self.target.slope(self.index, direction, (self.unit, self.rng))
            self.scatter = max(self.scatter, abs(shaken - clean))

    def tiny(self, slope: float) -> float:
        """A spacing that just resolves `slope` against the noise."""
        return min(max(1e4 * self.target.fine_noise / abs(slope), 1e-11), 1e-3) if slope else 1e-6

    def close_look(self) -> tuple[float, float, float] | None:
        """A tiny difference along a direction relative to each entry: complex slope, gap to the difference, bound.

        For entries many decades apart, and for losses that bend or oscillate within every spacing tried before.
        """
        base = self.target.places[self.index].base
        direction = np.abs(base) * self.rng.standard_normal(base.shape)
        try:
            slope = self.target.slope(self.index, direction)
        except complexstep.Unsupported:
            return None
        noise = self.target.fine_noise
        estimate = self.pair(direction, self.tiny(slope), noise)
        return slope, self.analytic(direction) + estimate.value - slope, estimate.error


def norm(array: np.ndarray) -> float:
    """Euclidean norm that neither overflows nor underflows."""
    largest = float(np.max(np.abs(array), initial=0.0))
    return largest * math.sqrt(float(np.sum((array / largest) ** 2))) if 0 < largest < math.inf else largest


def judge(check: Check, power: float) -> Judgement:
    """The verdict on one parameter, within `BUDGET` loss evaluations."""
    directions = check.directions()
    try:
        with check.target.at_most(BUDGET):
            readings = _by_complex_step(check, directions)
            if readings is None:
                return _by_differences(check, directions, power)
            return _settle_exact(check, readings, power)
    except complexstep.Spent:
        used = check.target.evaluations - check.started
        reason = f"{used} loss evaluations did not settle it"
        return Judgement("inconclusive", reason, DIFFERENCES, gradient_norm=check.norm, evaluations=used)


def _by_complex_step(check: Check, directions: list[tuple[np.ndarray, bool]]) -> list[Reading] | None:
    try:
        return check.exact(directions)
    except complexstep.Unsupported:
        return None


def _settle_exact(check: Check, readings: list[Reading], power: float) -> Judgement:
    """Complex readings, guarded: a difference along the first direction must agree, wherever it can tell."""
    check.ladder = check.explore(readings[0].direction, max(2, min(5, (check.left - 5) // 2)))
    best, first = check.ladder.best, readings[0]
    guarded = _converged(check.ladder, best, first.analytic, [first])
    gap, allowed = abs(first.gap - best.value), best.error + first.bound
    if guarded and gap > allowed:
        gap = min(gap, abs(ties.middle(check, first) - best.value))
    if not guarded or gap > allowed:
        believed = _closely_believed(check, gap / abs(first.truth) if guarded and first.truth else 0.0)
        if believed is False or (believed is None and guarded):
            return _by_differences(check, [(r.direction, r.along) for r in readings], power)
        guarded = bool(believed)
    return _conclude(Evidence(check, readings, COMPLEX_STEP, best, guarded), power)


def _closely_believed(check: Check, doubted: float) -> bool | None:
    """Whether a close look confirms the complex step, to better than the relative gap `doubted`; None: cannot tell."""
    look = check.close_look() if check.left >= 5 else None
    if look is None or look[0] == 0 or look[2] > CONVERGED * abs(look[0]):
        return None
    slope, gap, error = look
    if abs(gap) > 2 * error:
        return False
    return None if doubted and error > 0.3 * doubted * abs(slope) else True


def _converged(ladder: Ladder, estimate: Estimate, analytic: float, readings: list[Reading]) -> bool:
    """Whether a difference tells anything: its bound is small against the slopes, a kink at the point apart.

    Against the analytic slope only when a finer spacing confirmed it: a loss that oscillates shows slopes near zero.
    """
    size = math.sqrt(math.fsum((r.truth) ** 2 for r in readings) / len(readings))
    size = max(abs(analytic + estimate.value), size if len(readings) > 1 else 0.0)
    if ladder.confirmed:
        size = max(size, abs(analytic))
    near = 5 * CONVERGED if estimate.noise > COARSE * size else CONVERGED
    return estimate.error - (2 * estimate.kink if estimate.tie else 0.0) <= near * size


def _by_differences(check: Check, directions: list[tuple[np.ndarray, bool]], power: float) -> Judgement:
    if check.ladder is None:
        check.ladder = check.explore(directions[0][0], (check.left - 4 * (len(directions) - 1)) // 2)
    estimates = [check.ladder.best]
    for direction, _ in directions[1:]:
        if check.left >= 4:
            estimates.append(check.pair(direction))
    bounds = probes.pooled(estimates)
    readings = [
        _difference_reading(check, d, own, e, b, estimates)
        for (d, own), e, b in zip(directions, estimates, bounds, strict=False)
    ]
    rows = zip(estimates, readings, strict=False)
    converged = all(_converged(check.ladder, e, r.analytic, readings) for e, r in rows)
    worst = max(estimates, key=lambda e: e.kink)
    between = all(
        abs(e.value) <= e.error - e.kink + r.bound - b for e, r, b in zip(estimates, readings, bounds, strict=True)
    )
    return _conclude(Evidence(check, readings, DIFFERENCES, worst, converged, between), power)


def _difference_reading(
    check: Check, direction: np.ndarray, own: bool, estimate: Estimate, bound: float, estimates: list[Estimate]
) -> Reading:
    """Kinks of both signs cancel in what one direction shows of them, but hardly in all: all count for each."""
    bound += check.rounding(direction, own)
    doubt = COARSE_DOUBT if check.coarse and any(e.kink > 0.5 * e.noise for e in estimates) else 2.0
    if not check.coarse and 0 < bound < math.inf:
        doubt += KINKS * math.sqrt(sum(e.kink**2 for e in estimates) / len(estimates)) / bound
    return Reading(direction, check.analytic(direction), estimate.value, bound, own, doubt)


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a verdict rests on. ``estimate`` is the difference with the largest kink, ``converged`` its worth.

    ``between`` says that every gap lies between the one-sided slopes.
    """

    check: Check
    readings: list[Reading]
    oracle: str
    estimate: Estimate
    converged: bool
    between: bool = True

    @property
    def tie(self) -> bool:
        """A kink at the point itself that matters; in float32 it cannot be told from kinks nearby."""
        matters = self.oracle == COMPLEX_STEP or self.estimate.kink > 0.1 * max(r.bound for r in self.readings)
        return self.estimate.tie and matters and not self.check.coarse

    def smallest_error(self) -> float:
        """Norm of an error that would have been seen, see `probes.smallest_error`."""
        random = [r for r in self.readings if not r.along]
        limit = max(r.doubt * r.bound for r in random) / self.check.scale
        # Bounds are measured, in part with random numbers: those for a gradient with an error in it differ a little.
        limit *= 1.3 if self.oracle == COMPLEX_STEP else 1.2 if self.check.coarse else 1.6
        if self.tie and self.oracle == COMPLEX_STEP:
            limit += 2 * self.estimate.kink / self.check.scale
        return probes.smallest_error([limit] * len(random))


def _conclude(evidence: Evidence, power: float) -> Judgement:
    check, readings = evidence.check, evidence.readings
    seen = evidence.smallest_error() / check.norm if check.norm else None
    verdict, reason = _verdict(evidence, power, seen)
    truth = math.hypot(*(r.truth for r in readings if not r.along))
    gap = math.hypot(*(r.gap for r in readings if not r.along))
    return Judgement(
        verdict,
        reason,
        evidence.oracle,
        readings,
        seen,
        0.0 if verdict == "right" else (gap / truth if truth else math.inf),
        check.norm,
        check.target.evaluations - check.started,
        evidence.tie,
        evidence.estimate,
    )


def _verdict(evidence: Evidence, power: float, seen: float | None) -> tuple[Verdict, str]:
    if all(r.agrees for r in evidence.readings):
        return _agreed(evidence, power, seen)
    if evidence.oracle == COMPLEX_STEP:
        found = ties.settle(evidence.check, evidence.readings)
        if found is not None:
            return found
        if evidence.tie and not evidence.check.target.compares:
            return _between_slopes(evidence.check)
    if not any(r.differs for r in evidence.readings):
        return "inconclusive", "the gap to the true slope is not far enough from its error bound"
    if not evidence.converged:
        return "inconclusive", "the loss is too rough or too flat here: differences at several spacings do not settle"
    return "wrong", ""


def _agreed(evidence: Evidence, power: float, seen: float | None) -> tuple[Verdict, str]:
    check, readings = evidence.check, evidence.readings
    if evidence.tie:
        return ("right", AT_A_KINK) if evidence.between else ("inconclusive", ties.UNSETTLED)
    if check.norm == 0 and all(r.gap == 0 for r in readings):
        return "right", "zero, and the loss does not depend on it"
    if _zero_within_rounding(evidence):
        return "right", "zero within rounding"
    if seen is None or seen > power:
        words = "an error of any size" if seen is None else f"errors below {seen:.1g} of its norm"
        return "inconclusive", f"agrees, but {words} would not have been seen"
    return "right", ""


def _zero_within_rounding(evidence: Evidence) -> bool:
    """Both slopes below what rounding does to them, or to the loss when the parameter moves by its own size."""
    if any(max(abs(r.truth), abs(r.analytic)) > r.bound for r in evidence.readings):
        return False
    limit = 100 * evidence.check.target.noise
    return all(max(abs(r.truth), abs(r.analytic)) <= limit for r in evidence.readings)


def _between_slopes(check: Check) -> tuple[Verdict, str]:
    """On a kink that no comparison showed another subgradient than the complex step's may be right too.

    Kinks of both signs hide each other, so only a gap far beyond the one-sided slopes proves a mistake.
    """
    worst = 0.0
    while check.left >= 4:
        estimate = check.pair(probes.gaussian(check.rng, check.gradient.shape, check.scale))
        between = estimate.error - estimate.kink
        if not math.isfinite(between):
            return "inconclusive", "the loss has a kink here, and no finite values around it"
        worst = max(worst, abs(estimate.value) / between if between else math.inf)
    if worst > 1.2:
        return ("wrong", "") if worst > HIDDEN else ("inconclusive", ties.UNSETTLED)
    return ("right", AT_A_KINK) if worst else ("inconclusive", ties.UNSETTLED)
