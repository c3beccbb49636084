"""Where a factor comes in: gradients that are exact but for a factor of their own, followed back to its place."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from ..step.trials import Trial
from . import scales
from .jury import ALL_UPHILL, Verdict
from .stepview import Mistake, StepView
from .walk import Trace, Walk, walk_of

SAME = 1e-8


@dataclass(frozen=True, slots=True)
class Change:
    """An entry whose value is one of ``factors`` times what it would be as an adjoint of what went in.

    Several where it is not known which of proportional adjoints (of z, -z, 2 z) it stands for.
    """

    entry: int
    factors: tuple[float, ...]


def uneven(scaled: list[Verdict]) -> tuple[list[Verdict], list[Verdict]]:
    """Numbers that one line updates with factors that differ (a list of lists that is wrong as a whole), and the rest.

    A single number is a multiple of any other: only what several have in common is a factor, or one that people write.
    """
    lines: dict[int, list[Verdict]] = {}
    for v in scaled:
        if v.match is not None and v.match.truth.size == 1 and v.reason != ALL_UPHILL:
            lines.setdefault(v.match.version.update.site, []).append(v)
    differ = [v for found in lines.values() if not _one_factor(found) for v in found]
    return differ, [v for v in scaled if v not in differ]


def _one_factor(found: list[Verdict]) -> bool:
    if len(found) == 1:
        return "." not in scales.as_text(found[0].scale or 0.0)
    factors = [(v.scale or 0.0) * (-1 if v.opposite else 1) for v in found]
    return all(abs(f - factors[0]) <= SAME * abs(factors[0]) for f in factors)


def mistakes(view: StepView, wrong: list[Verdict]) -> list[Mistake]:
    """One mistake for each place where a factor of its own comes in, with the parameters it reaches."""
    found: dict[tuple[int, str], Mistake] = {}
    paths = _Paths(view)
    uphill = [v for v in wrong if v.reason == ALL_UPHILL]
    for v in wrong:
        for factor in _factors(v):
            entry = -1 if v in uphill else paths.guilty(v, factor)
            update = (uphill[0] if v in uphill else v).candidate.rounds[0][-1].site
            place = view.tape.site_of(entry) if entry >= 0 else update
            key = (place, f"{factor:.6g}" if entry < 0 or factor < 0 else "")  # once for each layer: several powers
            known = found.setdefault(key, Mistake(place, [], factor=factor, entry=entry))
            known.verdicts.append(v)
    return _joined(list(found.values()))


def _joined(found: list[Mistake]) -> list[Mistake]:
    """What could not be followed joins the one mistake of its factor that was."""
    out = [m for m in found if m.entry >= 0]
    for m in found:
        same = [o for o in out if o.entry >= 0 and abs(o.factor / m.factor - 1) < SAME]
        if m.entry < 0 and len(same) == 1 and m.factor != -1.0:
            same[0].verdicts += m.verdicts
        elif m.entry < 0:
            out.append(m)
    return out


def _factors(v: Verdict) -> list[float]:
    """The sign and the size by which a gradient's scale differs from that of the others, where they do."""
    if v.reason == ALL_UPHILL:
        return [-1.0]
    size = v.scale / v.shared if v.scale and v.shared else 1.0
    return [-1.0] * v.opposite + [size] * (abs(size - 1) > SAME)


class _Paths:
    """Where factors come in, with what right gradients pass through found once."""

    def __init__(self, view: StepView) -> None:
        self.view = view
        self._innocent: dict[int, set[int]] = {}

    def guilty(self, v: Verdict, factor: float) -> int:
        """The entry that brings the factor in; where none does, the one that first makes the gradient; -1: neither."""
        if v.trial is None or v.match is None:
            return -1
        walk = walk_of(self.view.tape, self.view.made, v.trial)
        trace = walk.trace(v.match, v.trial.recording)
        if trace is None:
            return -1
        innocent = self._shared(walk, v.trial)
        together: dict[int, float] = {}  # by site: a place may be passed once for each layer
        for change in changes(walk, trace, v.trial):
            site = self.view.tape.site_of(change.entry)
            together[site] = together.get(site, 1.0) * change.factors[0]
            exact = any(abs(f / factor - 1) < SAME for f in (*change.factors, together[site]))
            if change.entry not in innocent and exact:
                return change.entry
        lost = _lost(walk, trace, v.trial, innocent, factor)
        return lost if lost >= 0 or factor < 0 else _maker(walk, trace, v.trial)

    def _shared(self, walk: Walk, trial: Trial) -> set[int]:
        """Entries that right gradients of the same loss pass through too."""
        if id(trial) not in self._innocent:
            right = [v for v in self.view.verdicts.values() if v.verdict.startswith("right") and v.match is not None]
            traces = [walk.trace(v.match, trial.recording) for v in right[:8] if v.match is not None]
            self._innocent[id(trial)] = {e for t in traces if t is not None for e in t.path}
        return self._innocent[id(trial)]


def _lost(walk: Walk, trace: Trace, trial: Trial, innocent: set[int], factor: float) -> int:
    """The first value from which on none has the scale that most values of right gradients have, where it has that
    times the factor; -1 where there is none.
    """
    scales = {e: walk.scales(walk.value(e, trial.recording)) for e in trace.path if e in trace.on}
    right = [s for e, found in scales.items() if e in innocent for s in found]
    usual = max(right, key=lambda s: sum(abs(s / other - 1) < SAME for other in right), default=0.0)
    own = [e for e in scales if e not in innocent]
    kept = [i for i, e in enumerate(own) if any(abs(s / usual - 1) < SAME for s in scales[e])] if usual else []
    after = own[kept[-1] + 1 :][:1] if kept else []
    return next((e for e in after if any(abs(s / usual / factor - 1) < SAME for s in scales[e])), -1)


def _maker(walk: Walk, trace: Trace, trial: Trial) -> int:
    for e in trace.path:
        partner = walk.partner(walk.value(e, trial.recording)) if e in trace.on else None
        if partner is not None and not partner.entries:
            return e
    return -1


def changes(walk: Walk, trace: Trace, trial: Trial) -> Iterator[Change]:
    """The entries on the path whose scale is another than that of what went in, whatever they stand for."""
    scales: dict[int, set[float]] = {}
    for e in trace.path:
        if e not in trace.on:
            continue
        scales[e] = walk.scales(walk.value(e, trial.recording))
        before = [scales[p] for p in _nearest(trace, e) if scales.get(p)]
        if not before or not scales[e]:
            continue
        factors = sorted({now / s for now in scales[e] for s in before[0]}, key=lambda f: abs(math.log(abs(f))))
        alike = all(any(abs(s / t - 1) < SAME for s in b for t in before[0]) for b in before)
        if alike and not any(abs(f - 1) < SAME for f in factors):
            yield Change(e, tuple(factors))


def _nearest(trace: Trace, entry: int) -> set[int]:
    """The values on the path that went in, directly or through values that are on none."""
    found: set[int] = set()
    seen: set[int] = set()
    queue = list(trace.before[entry])
    for p in queue:
        if p in trace.on:
            found.add(p)
        elif p not in seen:
            seen.add(p)
            queue += trace.before[p]
    return found
