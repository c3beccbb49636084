"""The error at the output belongs to another loss than the one the script computes.

`a - y` is the derivative of cross-entropy behind a sigmoid or a softmax; `(a - y) * a * (1 - a)` that of the squared
error behind a sigmoid. Either trains, but the loss that is printed is not the one that is descended.

How it is proven: the output's error is exactly that of the other loss; with the script's own loss's error in its place
on the recorded step the gradients become exact. Where all gradients are exactly those of a standard loss, and the
script computes another one from the same outputs, that is a warning: it may be there to be watched only.

How to mend it: report the loss whose derivative is used, or use the derivative of the loss that is reported.

Looks like it and is fine: `a - y` with a cross-entropy reported, and any constant factor.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from ..diagnose import factors, forms, sense
from ..diagnose.jury import may_be_loss
from ..diagnose.places import finding_at, mark
from ..diagnose.spot import Mend, Spot
from ..diagnose.stepview import StepView
from ..diagnose.walk import walk_of
from ..editing import algebra
from ..editing.edits import Repair
from ..editing.scene import Scene
from ..editing.source import product
from ..ops import name_of
from ..results import Finding
from ..step.heads import Head
from ..step.sharing import is_size_of_error
from ..step.trials import Trial
from ..tape import CONST

SLUG = "loss-mismatch"
SEVERITY = "error"
RANK = 12
MOST_READERS = 500
LIMITS = frozenset(("clip", "maximum", "minimum", "fmax", "fmin", "where"))


def suppose(spot: Spot) -> Iterator[Mend]:
    """The own loss's error at the output."""
    if spot.trial.hypothesis.source != "own":
        return
    for factor in factors.at(spot):  # squared error's delta with a cross-entropy
        if factor.superfluous and not spot.walk.later_products(factor.outer[0]):
            for form, known in factor.as_form():
                if form is forms.SIGMOID_OF_OUTPUT and not factors.is_softmax(known.value):
                    yield _mend(spot, factor.wanted, "the squared error", "cross-entropy")
    yield from _cross_entropy(spot)


def _cross_entropy(spot: Spot) -> Iterator[Mend]:
    """`a - y` where the sigmoid's derivative is still needed."""
    value = spot.value
    partner = None if value is None else spot.walk.partner(value)
    if value is None or partner is None or partner.transposed or len(partner.entries) != len(spot.entries):
        return
    if spot.walk.later_products(partner.entries[0]):
        return
    outer = spot.forward_value(partner.entries)
    for count, (_, g) in enumerate(spot.truths(value.shape, min(partner.entries))):
        if count == 3 or outer is None or outer.size != value.size:
            return
        wanted = partner.scale * g
        needed = forms.ratio(wanted, value)
        if needed is None or forms.constant(needed[0]):
            continue
        if any(form is forms.SIGMOID_OF_OUTPUT for form, _ in forms.matches(*needed, [(0, outer)])):
            yield _mend(spot, wanted, "cross-entropy", "the squared error")


def _mend(spot: Spot, wanted: np.ndarray, used: str, own: str) -> Mend:
    loss = spot.walk.made.loss_site(spot.trial, spot.tape)
    return Mend(
        SLUG,
        spot.entries,
        spot.apart(wanted),
        spot.place,
        f"the error at the output is that of {used}, the loss that is computed is {own}",
        f"the derivative of {used}",
        [f"the error is exactly the derivative of {used}; the derivative of the script's loss makes all exact"],
        [mark(spot.sites[loss], "the loss that is computed")],
        "it trains, but the loss that is printed is not the one that is descended",
    )


def check(view: StepView) -> Iterator[Finding]:
    """A warning where everything descends a standard loss, and the script computes another."""
    trial = view.trial()
    if trial is None or trial.head is None or trial.head.weights or not trial.full:
        return
    computed = next((t for t in view.made.considered if _is_rival(view, t, trial)), None)
    if computed is None:
        return
    names = view.names([m.version.candidate for m in trial.matches])
    where = mark(view.site(view.made.loss_site(computed, view.tape)), "the loss that is computed")
    yield finding_at(
        view.site_of(_becomes_gradient(view, trial.head)),
        SLUG,
        "warning",
        message=f"the gradients are those of the {trial.kind}, the loss that is computed is another",
        label=f"the derivative of the {trial.kind}",
        parameter=names[0],
        parameters=names,
        related=[where],
        proof=[
            f"all gradients are exactly those of the {trial.kind}; those of the loss of line {where.line} are others"
        ],
        effect="what is printed is not what is descended: a factor of the chain rule may be missing",
        fine_if="the loss of that line is only there to be watched",
        training=view.number,
    )


def _becomes_gradient(view: StepView, head: Head) -> int:
    """The entry where output meets target; where the loss reads that too, the first that only the gradients read."""
    entry, tape = head.entries[0], view.tape
    made = tape.made(entry)
    later = range(entry + 1, min(len(tape), entry + MOST_READERS))
    readers = [e for e in later if any(c & 3 != CONST and tape.storage_of(c) in made for c in tape.entry(e)[1])]
    onward = [e for e in readers if e in view.made.path]
    return onward[0] if onward and len(onward) < len(readers) else entry


def _is_rival(view: StepView, t: Trial, chosen: Trial) -> bool:
    """Whether a scalar is a loss by its formula, of the step's own data, with another derivative than the chosen."""
    made, h = view.made, t.hypothesis
    reached = {id(m.version.candidate) for m in t.matches}
    differs = any(m.comparison.agreement == "off" for m in t.matches)
    if h.source != "own" or h.on_path or h.guards or h.given or not differs or not chosen.matched <= reached:
        return False
    if h.tail and chosen.decayed:  # carried over from other data, and there with a penalty
        return False
    head = max(chosen.head.entries) if chosen.head is not None else -1
    about = may_be_loss(view.tape, made, t, head) and not is_size_of_error(made.window, h)
    if not about or not sense.is_made_small(made, t) or _is_cut(view, t):
        return False
    return _lengths(view, walk_of(view.tape, made, t).forward) <= _lengths(view, made.path)


def _lengths(view: StepView, entries: Iterable[int]) -> set[int]:
    """How many rows the data have that meet what depends on parameters: a monitor reads more of them than a step."""
    tape, masks = view.tape, view.made.window.masks
    met = (c for e in entries if masks.entry_masks.get(e) for c in tape.entry(e)[1] if c & 3 != CONST)
    return {tape.shape_of(c)[0] for c in met if not masks.of(c) and tape.shape_of(c)}


def _is_cut(view: StepView, t: Trial) -> bool:
    """Whether a limit (of a probability, say) cuts the scalar's derivative off somewhere."""
    forward = walk_of(view.tape, view.made, t).forward
    return any(name_of(view.tape.entry(e)[0].fn).rpartition(".")[2] in LIMITS for e in forward)


def repairs(scene: Scene) -> Iterator[Repair]:
    """The error without the factor, or with it."""
    for text, left in algebra.without_factors(scene):
        if len(left) == 2:
            yield scene.instead(text, scene.value)
    for leaf in scene.leaves(scene.value):
        factor = algebra.slopes(scene, "sigmoid", scene.text_of(leaf))[0]
        yield scene.instead(product(scene.text_of(scene.value), factor), scene.value)
