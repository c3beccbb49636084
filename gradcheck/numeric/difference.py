"""Central differences of a scalar function along a line, with a bound on their own error.

The bound has three parts, none of them chosen by the user: how far the estimate moved from one spacing to the
next (truncation, and kinks inside the interval), the part of the second difference that does not shrink with the
spacing (a kink at the point itself), and the rounding noise of the function (difference table of More and Wild,
"Estimating computational noise", SIAM J. Sci. Comput. 33, 2011).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

RATIO = 8.0
SIGMAS = 4.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A derivative and a bound on its error; ``kink`` is half the jump between the one-sided slopes at the point."""

    value: float
    error: float
    kink: float = 0.0
    h: float = 0.0
    noise: float = 0.0
    settled: bool = True

    @property
    def tie(self) -> bool:
        """Whether the point itself sits on a kink, as far as the noise lets us see."""
        return self.kink > 4 * self.noise and self.kink > self.error - self.noise - 2 * self.kink


@dataclass(frozen=True, slots=True)
class Sample:
    """Odd and even part of a function at +-h, over h: the slope, and half the jump of slopes if that stays."""

    h: float
    odd: float
    even: float

    @property
    def finite(self) -> bool:
        """Whether the function had values at both ends."""
        return math.isfinite(self.odd) and math.isfinite(self.even)


def two_point(f: Callable[[float], float], h: float, *, noise: float | None = None) -> Estimate:
    """The plain central difference, two evaluations; its error holds the noise only, not the truncation."""
    plus, minus = f(h), f(-h)
    if noise is None:
        noise = 2.0**-52 * max(abs(plus), abs(minus))
    return Estimate((plus - minus) / (2 * h), SIGMAS * noise / h, h=h, noise=SIGMAS * noise / h, settled=False)


def noise_level(values: np.ndarray, unit: float) -> float:
    """Standard deviation of the rounding noise in equally spaced values of a function, at least ``unit * |f| / 4``.

    Differences of order k of noise have variance ``(2k)!/(k!)^2 sigma^2``; a smooth function's vanish.
    """
    table = np.asarray(values, dtype=float)
    floor = unit * float(np.max(np.abs(table))) / 4
    levels = []
    for order in range(1, len(table) - 1):
        table = np.diff(table)
        gamma = math.factorial(order) ** 2 / math.factorial(2 * order)
        levels.append(math.sqrt(gamma * float(np.mean(table**2))))
    if not levels:
        return floor
    # A smooth trend inflates the low orders only, so the smallest level from order 3 on is the noise.
    return max(floor, min(levels[2:] or levels))


def bound(coarse: Sample, fine: Sample, noise: float) -> Estimate:
    """The slope at the finer of two spacings and a bound on its error.

    Truncation falls like h squared, so the last extrapolation steps cover it. Kinks inside the interval fall like
    h only, but they bend the even part as well: twice its deviation from a straight line covers them.
    """
    ratio = coarse.h / fine.h
    moved = abs(coarse.odd - fine.odd) / (ratio**2 - 1)
    kink = abs(ratio * fine.even - coarse.even) / (ratio - 1)
    rounding = SIGMAS * noise / fine.h
    return Estimate(fine.odd, 3 * moved + 2 * kink + rounding, kink=kink, h=fine.h, noise=rounding)


@dataclass(frozen=True, slots=True)
class Ladder:
    """What `explore` found: the best estimate, the pair of spacings it came from and all samples.

    ``confirmed`` says that a spacing finer than the pair gave the same slope within its noise.
    """

    best: Estimate
    pair: tuple[float, float]
    samples: tuple[Sample, ...]
    noise: float = 0.0
    confirmed: bool = False


def explore(
    probe: Callable[[float], Sample], start: float, noise: float, goal: Callable[[Estimate], bool], limit: int
) -> Ladder:
    """Walk the spacing up or down by a factor 8 until `goal` holds or the bound stops falling.

    `probe(h)` costs two evaluations; it is called at most `limit` times. Down while truncation or a kink rules
    the bound or values are not finite, up while noise does. ``best.settled`` is False when `goal` was never reached.
    """
    samples: list[Sample] = [probe(start), probe(start / RATIO)]
    while True:
        best = _best(samples, noise)
        if best is not None and goal(best):
            return _ladder(best, True, samples, noise)
        h = _next_spacing(samples, best)
        if len(samples) >= limit or h is None:
            break
        samples.append(probe(h))
        samples.sort(key=lambda s: -s.h)
    noise = max(noise, _staircase(samples))
    best = _best(samples, noise, unrefuted=True) or Estimate(0.0, math.inf, h=samples[-1].h)
    return _ladder(best, goal(best), samples, noise)


def _pairs(samples: list[Sample]) -> list[tuple[Sample, Sample]]:
    return [(c, f) for c, f in zip(samples, samples[1:], strict=False) if c.finite and f.finite]


def _best(samples: list[Sample], noise: float, *, unrefuted: bool = False) -> Estimate | None:
    found = [bound(c, f, noise) for c, f in _pairs(samples)]
    if unrefuted:
        found = [e for e in found if all(_fits(s, e, noise) for s in samples if s.finite and s.h < e.h)]
    return min(found, key=lambda e: e.error, default=None)


def _fits(finer: Sample, estimate: Estimate, noise: float) -> bool:
    """Whether a sample at a finer spacing is what `estimate` says, within the noise there."""
    return abs(finer.odd - estimate.value) <= 2 * estimate.error + 2 * SIGMAS * noise / finer.h


def _staircase(samples: list[Sample]) -> float:
    """Noise that neighbouring values do not show, as of a cast to float32 inside: slopes that part as h falls."""
    pairs = _pairs(samples)
    if len(pairs) < 2:
        return 0.0
    jumps = [max(abs(c.odd - f.odd), abs(RATIO * f.even - c.even) / (RATIO - 1)) for c, f in pairs]
    level = math.sqrt(sum((j * f.h) ** 2 for j, (_, f) in zip(jumps[-2:], pairs[-2:], strict=True)) / 2)
    return level if jumps[-1] > 2 * jumps[-2] else 0.0


def _next_spacing(samples: list[Sample], best: Estimate | None) -> float | None:
    smallest, largest = samples[-1].h, samples[0].h
    if best is None or best.noise <= best.error - best.noise:
        # Also past a minimum: slopes of a function that oscillates faster than the spacing agree by chance only.
        return smallest / RATIO
    improving = best.h == samples[1].h and samples[0].finite and largest < RATIO
    return largest * RATIO if improving else None


def _ladder(best: Estimate, settled: bool, samples: list[Sample], noise: float) -> Ladder:
    final = Estimate(best.value, best.error, best.kink, best.h, best.noise, settled)
    finer = [s for s in samples if s.finite and s.h < best.h]
    confirmed = bool(finer) and all(_fits(s, final, noise) for s in finer)
    return Ladder(final, (best.h * RATIO, best.h), tuple(samples), noise, confirmed)
