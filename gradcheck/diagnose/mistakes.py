"""The mistakes behind wrong gradients: what a supposition explains, and the rest by the place of the departure."""

from __future__ import annotations

from . import numbers, scalewalk
from .jury import HIDDEN, PILED, Verdict
from .mend import Search, Supposition
from .stepview import Mistake, StepView


def mistakes(view: StepView, suppositions: list[Supposition]) -> list[Mistake]:
    """The mistakes of a training: those that a supposition explains, then those that nothing does."""
    found: list[Mistake] = []
    left: list[Verdict] = []
    scaled: list[Verdict] = []
    trials: dict[int, list[Verdict]] = {}
    for v in view.verdicts.values():
        if v.verdict != "wrong":
            continue
        if v.reason in (PILED, HIDDEN):  # at another point nothing is mended
            left.append(v)
        elif v.match is not None and v.match.comparison.agreement == "exact":
            scaled.append(v)
        elif v.departure is None or v.trial is None:
            left.append(v)
        else:
            trials.setdefault(id(v.trial), []).append(v)
    for wrong in trials.values():
        search = Search(view, wrong[0].trial, suppositions)  # type: ignore[arg-type]
        search.run(wrong)
        found += search.found
        left += search.left
        scaled += search.scaled
    uneven, even = scalewalk.uneven(scaled)
    for wrong in numbers.by_trial(uneven):
        apart = numbers.Numbers(view, wrong, suppositions)
        apart.run(wrong)
        found += apart.found
        left += apart.left
    return [*found, *view.grouped(left), *scalewalk.mistakes(view, even)]
