"""Parameters that are single numbers, as in lists of lists, whose factors differ: where they leave the truth together.

A number is a multiple of any other. So what the backward pass computes is compared with adjoints at known scales only:
that of the right gradients, with and without the rate. A mend counts only if the numbers have that scale then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ..replay.adjoint import Recording
from ..step.trials import Judgement, Match, Trial
from ..tape import Tape
from . import departure, scales
from .departure import Departure
from .jury import Verdict
from .mend import Search, Supposition
from .multiples import AGREES, Partner
from .stepview import StepView
from .walk import Walk

MOST_TOGETHER = 24  # numbers that are mended together in an attempt; the others of their line follow
LARGEST = 4096  # entries of an array whose numbers are known one by one
CONVENTIONS = (1.0, 2.0, 0.5)


class NumberWalk(Walk):
    """A walk in which single numbers are told too: those that are an adjoint times one of ``units``."""

    def __init__(self, tape: Tape, made: Judgement, trial: Trial, units: Iterable[float]) -> None:
        self.units = sorted({s * u for u in units for s in (1.0, -1.0)}, key=lambda u: (abs(u - 1), u))
        super().__init__(tape, made, trial)
        self._numbers = _Numbers([((e,), g) for e, g in self.adjoints.items()])
        self._parts = _Numbers([((reader,), g) for (reader, _), g in self.parts.items()])

    def tells(self, value: Any) -> bool:
        """Any number but zero tells, at known scales."""
        return super().tells(value) or np.size(value) == 1 and np.asarray(value).dtype.kind in "fiu" and bool(value)

    def partners(self, value: Any) -> list[Partner]:
        """As in any walk; of a number the adjoints that it is at a known scale."""
        return super().partners(value) if np.size(value) != 1 else self._numbers.of(value, self.units)

    def shares_of(self, value: Any) -> list[Partner]:
        """As in any walk; of a number the shares that it is at a known scale."""
        if np.size(value) != 1 or not self.tells(value):
            return super().shares_of(value)
        return self._parts.of(value, self.units)


class _Numbers:
    """The numbers in known values, sorted by size."""

    def __init__(self, known: list[tuple[tuple[int, ...], np.ndarray]]) -> None:
        small = [(owner, np.ravel(g)) for owner, g in known if 0 < np.size(g) <= LARGEST]
        values = np.concatenate([g for _, g in small]) if small else np.zeros(0)
        order = np.argsort(np.abs(values), kind="stable")
        self.values = values[order]
        self.sizes = np.abs(self.values)
        owners = np.repeat(np.arange(len(small)), [g.size for _, g in small])
        self.owners = owners[order]
        self.names = [owner for owner, _ in small]

    def of(self, value: Any, units: list[float]) -> list[Partner]:
        """The known values that hold this number, at each scale; the nearest scale to one first."""
        number = float(np.asarray(value, float).reshape(()))
        out = []
        for unit in units:
            wanted = number / unit
            begin, end = np.searchsorted(self.sizes, (abs(wanted) * (1 - AGREES), abs(wanted) * (1 + AGREES)))
            for i in range(begin, end):
                if self.values[i] * wanted > 0:
                    out.append(Partner(self.names[self.owners[i]], unit))
        return out


class Numbers(Search):
    """The search for the mistakes behind numbers that are wrong, each by a factor of its own."""

    def __init__(self, view: StepView, wrong: list[Verdict], suppositions: list[Supposition]) -> None:
        trial = wrong[0].trial
        assert trial is not None
        super().__init__(view, trial, suppositions)
        right = [v.match for v in self.view.verdicts.values() if v.verdict.startswith("right") and v.match is not None]
        self.reference = scales.reference(right)
        unit = self.reference.unit if self.reference is not None else None
        rates = {m.gradient.rate for v in wrong if (m := v.match) is not None and m.gradient.rate}
        units = [unit] if unit else list(CONVENTIONS)
        self.walk = NumberWalk(self.tape, self.made, trial, {f * r for f in (1.0, *units) for r in (1.0, *rates)})

    def run(self, wrong: list[Verdict]) -> None:
        """Look for mistakes with a few numbers of each line, then see which of the others are explained too."""
        few = list(_few(wrong))
        self.search(self.walk, few)
        rest = [v for v in wrong if v not in few]
        recording = self.replayed({}) if self.found and rest else None
        if recording is not None and len(self.found) == 1:
            fixed = {id(v) for v, _ in self.exact(recording, rest)}
            self.found[0].verdicts += [v for v in rest if id(v) in fixed]
            rest = [v for v in rest if id(v) not in fixed]
        self.left = self._departed([*self.left, *rest], recording or self.trial.recording)

    def departures(self, walk: Walk, recording: Recording, wrong: list[Verdict]) -> Iterator[tuple[Verdict, Departure]]:
        """Where the numbers of each line leave the truth, taken together."""
        for group in _by_line(wrong):
            matches = [v.match for v in group if v.match is not None]
            trace = walk.trace_to(matches, recording)
            if trace is not None:
                found = departure.of_trace(walk, trace, matches[0], recording)
                if found.entry >= 0:
                    yield group[0], found

    def exact(self, recording: Recording, wrong: list[Verdict]) -> list[tuple[Verdict, Match]]:
        """The numbers that have the scale of the right gradients; where none is right, those that share a usual one."""
        found = [(v, m) for v, m in super().exact(recording, wrong) if m.unit]
        reference = self.reference or scales.reference([m for _, m in found])
        if reference is None or self.reference is None and not _is_usual(reference):
            return []
        return [(v, m) for v, m in found if scales.consistent(m, reference)]

    def _departed(self, left: list[Verdict], recording: Recording) -> list[Verdict]:
        """The verdicts with the place where the numbers of their line leave the truth."""
        out = []
        for group in _by_line(left):
            found = next(self.departures(self.walk, recording, list(_few(group))), None)
            out += [replace(v, departure=found[1]) if found is not None else v for v in group]
        return out


def _is_usual(m: Match) -> bool:
    """Whether a scale is one that people write."""
    return any(abs(abs(m.unit or 0.0) / f - 1) < scales.SAME for f in CONVENTIONS)


def by_trial(wrong: list[Verdict]) -> list[list[Verdict]]:
    """Verdicts that were judged against one loss, together."""
    found: dict[int, list[Verdict]] = {}
    for v in wrong:
        found.setdefault(id(v.trial), []).append(v)
    return list(found.values())


def _by_line(wrong: list[Verdict]) -> list[list[Verdict]]:
    found: dict[int, list[Verdict]] = {}
    for v in wrong:
        assert v.match is not None
        found.setdefault(v.match.version.update.site, []).append(v)
    return list(found.values())


def _few(wrong: list[Verdict]) -> Iterator[Verdict]:
    """Some numbers of each line, spread over all."""
    lines = _by_line(wrong)
    for group in lines:
        step = max(1, len(group) * len(lines) // MOST_TOGETHER)
        yield from group[::step]
