"""The rules: one file each, named after its slug, found without registration.

A rule's docstring is its manual page (``gradcheck --explain SLUG``). A module holds ``SLUG``, ``SEVERITY`` (the worst
it gives) and some of

    suppose(spot) -> Iterator[Mend]           what was meant at a place where gradients go wrong; it is tried
    name(view, mistake) -> Finding | None     says what a mistake is that no supposition explains
    check(view) -> Iterator[Finding]          looks at the step itself
    repairs(scene) -> Iterator[Repair]        edits that may be meant, the likeliest first; each is tried by a run

Rules are asked in the order of ``RANK`` (50 where a module has none).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from types import ModuleType
from typing import TypeVar

from ..diagnose.mistakes import mistakes
from ..diagnose.places import finding_at
from ..diagnose.spot import Mend
from ..diagnose.stepview import Mistake, StepView
from ..editing.edits import Repair
from ..editing.scene import Scene
from ..results import Finding, Json
from . import gradient_mismatch

USUAL_RANK = 50

_Asked = TypeVar("_Asked")
_Answer = TypeVar("_Answer")


def every_rule() -> list[ModuleType]:
    """All rule modules, in the order in which they are asked."""
    found = [importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)]
    return sorted(found, key=lambda m: (getattr(m, "RANK", USUAL_RANK), m.SLUG))


def repairs(scene: Scene) -> Iterator[Repair]:
    """The edits that the rule of a finding knows."""
    for rule in every_rule():
        if rule.SLUG == scene.finding.rule and hasattr(rule, "repairs"):
            yield from rule.repairs(scene)


def findings(view: StepView, *, named: bool = True) -> list[Finding]:
    """What the rules say of one training: a finding for each mistake, and what they see in the step.

    Unless mistakes are to be ``named``, nothing is supposed about those in the gradients, which takes most of the time.
    """
    rules = every_rule()
    supposing = [_careful(view, r, r.suppose) for r in rules if hasattr(r, "suppose")]
    view.mistakes = mistakes(view, supposing if named else [])
    told = [_named(rules, view, mistake) for mistake in view.mistakes]
    seen = [f for rule in rules if hasattr(rule, "check") for f in _careful(view, rule, rule.check)(view)]
    return [*(f for f in told if f is not None), *seen]


def mismatches(view: StepView) -> list[Finding]:
    """What can be said of wrong gradients before their mistakes are named: where each departs from the truth."""
    wrong = [v for v in view.verdicts.values() if v.verdict == "wrong"]
    return [gradient_mismatch.name(view, mistake) for mistake in view.grouped(wrong)]


def _careful(
    view: StepView, rule: ModuleType, ask: Callable[[_Asked], Iterator[_Answer]]
) -> Callable[[_Asked], Iterator[_Answer]]:
    """A rule that breaks is said to have broken; what the others say is not lost."""

    def asked(subject: _Asked) -> Iterator[_Answer]:
        try:
            yield from ask(subject)
        except Exception as problem:
            view.broken.append((rule.SLUG, f"{type(problem).__name__}: {problem}"))

    return asked


def _named(rules: list[ModuleType], view: StepView, mistake: Mistake) -> Finding | None:
    if mistake.mend is not None:
        return _mended(view, mistake, mistake.mend)
    for rule in rules:
        if hasattr(rule, "name"):
            found: list[Finding | None] = list(_careful(view, rule, partial(_once, rule, view))(mistake))
            if found and found[0] is not None:
                return found[0]
    return None


def _once(rule: ModuleType, view: StepView, mistake: Mistake) -> Iterator[Finding | None]:
    yield rule.name(view, mistake)


def _mended(view: StepView, mistake: Mistake, found: Mend) -> Finding:
    """The finding of a mistake that was mended on the tape."""
    names = view.names([v.candidate for v in mistake.verdicts])
    finding = finding_at(
        view.site(mistake.place),
        found.slug,
        "error",
        message=found.message,
        label=found.label,
        parameter=names[0],
        parameters=names,
        related=found.related,
        proof=[*found.proof, _tried(names)],
        effect=found.effect,
        evidence=found.evidence,
        fix=replace(found.fix, tried=_before_and_after(mistake)) if found.fix is not None else None,
        training=view.number,
    )
    if found.goal is not None:
        view.goals.append((finding, found.goal))
    return finding


def _before_and_after(mistake: Mistake) -> Json:
    """How far the gradients were off, and that they are exact with the edit's value in the recorded step."""
    found = {v.candidate.name: v.match.comparison.residual for v in mistake.verdicts if v.match is not None}
    return {"before": found, "after": dict.fromkeys(found, 0.0)}


def _tried(names: list[str]) -> str:
    what = f"the gradient of {names[0]} becomes" if len(names) == 1 else f"the gradients of {', '.join(names)} become"
    return f"with it mended in the recorded step, {what} exact"
