"""An update moves a parameter uphill.

The direction is judged by what really moved: the product of the step with the true gradient. `+=` is right where the
error is target minus output, so the operator alone says nothing.

How it is proven: the step is an exact multiple of the true gradient with the wrong sign: for one parameter against the
rest, or for all of them where the loss is a standard one, or a sum of squares, sizes, margins or negated logarithms.
Where all climb a scalar above zero of another form, that is a warning: it may be meant.

How to mend it: turn one sign round, here or where the error is computed, not both.

Looks like it and is fine: `W += rate * x.T @ (y - a)`; an objective that is climbed on purpose (a log-likelihood, a
reward): say so with `--maximize`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..diagnose import scales
from ..diagnose.jury import ALL_UPHILL, Jury
from ..diagnose.places import finding_at, mark
from ..diagnose.stepview import Mistake, StepView
from ..editing import usual
from ..editing.edits import Repair
from ..editing.scene import Scene
from ..results import Finding, Fix, Span

SLUG = "sign-flipped-update"
SEVERITY = "error"
RANK = 10
_OPERATOR = re.compile(r"(?<![=<>!*/%@&|^+-])([-+])=(?!=)")


def name(view: StepView, mistake: Mistake) -> Finding | None:
    """The finding where parameters are moved uphill exactly along their gradient."""
    first = mistake.first
    if mistake.factor >= 0 or (mistake.entry < 0 and _is_shared(view, mistake)):
        return None
    names = view.names([v.candidate for v in mistake.verdicts])
    everything = first.reason == ALL_UPHILL
    site = view.site(mistake.place)
    edit = _turned(site.text) if mistake.entry < 0 else None
    return finding_at(
        site,
        SLUG,
        "error",
        message="every update goes uphill: the loss is climbed, not descended"
        if everything
        else f"this update moves {' and '.join(names[:2])} uphill" + (" and others" if len(names) > 2 else ""),
        label="uphill" if mistake.entry < 0 else "the sign is turned here",
        parameter=names[0],
        parameters=names,
        related=_downhill(view, mistake),
        proof=_proof(view, mistake),
        effect="the loss rises, or the other parameters make up for it",
        fix=Fix("turn the sign", edit) if edit and not everything else None,
        evidence={"direction": "uphill", "scale": first.scale},
        training=view.number,
    )


def check(view: StepView) -> Iterator[Finding]:
    """A warning where everything climbs a scalar that is no known form of a loss: that may be meant."""
    found = [v for v in view.verdicts.values() if v.verdict.startswith("right") and v.match is not None]
    trial = found[0].trial if found else None
    if trial is None or not Jury(view.tape, view.maximize).all_uphill(trial, found):
        return
    names = view.names([v.candidate for v in found])
    yield finding_at(
        view.site(found[0].candidate.rounds[0][-1].site),
        SLUG,
        "warning",
        message="every update goes uphill: is this climbed on purpose?",
        label="uphill",
        parameter=names[0],
        parameters=names,
        related=[mark(site, "what rises")] if (site := view.loss_site()) is not None else [],
        proof=_proof(view, Mistake(found[0].candidate.rounds[0][-1].site, found)),
        effect="if it is a loss, it rises",
        fine_if="it is a reward or a likelihood: then say so with --maximize",
        evidence={"direction": "uphill"},
        training=view.number,
    )


def _is_shared(view: StepView, mistake: Mistake) -> bool:
    """Whether the same line moves other parameters downhill: then it is not its sign that is wrong."""
    right = (v for v in view.verdicts.values() if v.verdict.startswith("right") and v.direction == "downhill")
    return any(u.site == mistake.place for v in right for u in v.candidate.rounds[0])


def _downhill(view: StepView, mistake: Mistake) -> list[Span]:
    """An update that goes the right way."""
    for v in view.verdicts.values():
        if v.verdict.startswith("right") and v.direction == "downhill":
            return [mark(view.site(v.candidate.rounds[0][-1].site), f"this one moves {v.candidate.name} downhill")]
    return []


def _proof(view: StepView, mistake: Mistake) -> list[str]:
    lines = []
    good = [v for v in view.verdicts.values() if v.verdict.startswith("right") and v.direction == "downhill"]
    for v in [*good[:2], *mistake.verdicts[:4]]:
        if v.match is not None and v.match.comparison.cosine is not None:
            line = view.site(v.candidate.rounds[0][-1].site).line
            way = "uphill" if v in mistake.verdicts else "downhill"
            sign = 1 if way == "uphill" else -1
            size = f", {scales.as_text(v.scale)} times the gradient" if v.scale else ""
            lines.append(
                f"cosine between step and gradient {sign:+d}.000000 {v.candidate.name} {way} (line {line}){size}"
            )
    return [*lines, "judged by what moved, not by the operator"]


def _turned(text: str) -> str | None:
    """The update with the other operator."""
    if len(_OPERATOR.findall(text)) != 1:
        return None
    return _OPERATOR.sub(lambda m: ("+" if m.group(1) == "-" else "-") + "=", text)


def repairs(scene: Scene) -> Iterator[Repair]:
    """The marked sum or update with the other sign."""
    yield from usual.signs(scene)
