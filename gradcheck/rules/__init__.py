"""The rules: one file each, named after its slug, found without registration.

A rule's docstring is its manual page (``gradcheck --explain SLUG``). A module holds ``SLUG``, ``SEVERITY`` (the worst
it gives) and one or both of

    name(view, mistake) -> Finding | None     says what a mistake is that made gradients wrong
    check(view) -> Iterator[Finding]          looks at the step itself

Mistakes are offered to the rules in the order of ``RANK`` (50 where a module has none); the first name holds.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from ..diagnose.stepview import Mistake, StepView
from ..results import Finding

USUAL_RANK = 50


def every_rule() -> list[ModuleType]:
    """All rule modules, in the order in which they are asked."""
    found = [importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)]
    return sorted(found, key=lambda m: (getattr(m, "RANK", USUAL_RANK), m.SLUG))


def findings(view: StepView) -> list[Finding]:
    """What the rules say of one training: a finding for each mistake, and what they see in the step."""
    rules = every_rule()
    named = [_named(rules, view, mistake) for mistake in view.mistakes]
    seen = [f for rule in rules if hasattr(rule, "check") for f in rule.check(view)]
    return [*(f for f in named if f is not None), *seen]


def _named(rules: list[ModuleType], view: StepView, mistake: Mistake) -> Finding | None:
    for rule in rules:
        if hasattr(rule, "name"):
            found: Finding | None = rule.name(view, mistake)
            if found is not None:
                return found
    return None
