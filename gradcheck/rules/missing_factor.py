"""A factor of the chain rule is missing, or is there once too often.

`/ sigma` where the derivative has `/ sigma**2`, a weight of the samples that the loss has and its derivative has not,
the 0.5 of `exp(0.5 * log_var)`: the formula was derived by hand, and one factor got lost on the way.

How it is proven: the value lacks exactly a power of a recorded value to be the derivative that belongs there, entry by
entry; or it is exactly the sum of what comes back from all uses, one of them with another number in front. With the
factor in place on the recorded step, the gradients become exact.

How to mend it: put the factor where the message says, or take it away.

Looks like it and is fine: one number that all gradients share; it changes the learning rate and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np

from ..diagnose import forms, powers, scales, uses
from ..diagnose.places import mark
from ..diagnose.spot import Mend, Spot
from ..editing.edits import Repair
from ..editing.scene import Scene
from ..editing.source import product
from ..ops import name_of

SLUG = "missing-factor"
SEVERITY = "error"
RANK = 68
MOST_TRUTHS = 40
EFFECT = "the layers below learn from a distorted gradient"


def suppose(spot: Spot) -> Iterator[Mend]:
    """The value times a power of a recorded one; the sum of its terms, all with one factor in front."""
    yield from _powers(spot)
    for uneven in uses.uneven(spot):
        yield _of_term(spot, uneven)


def _powers(spot: Spot) -> Iterator[Mend]:
    value = spot.value
    if value is None or value.size < powers.FEWEST or value.ndim == 0:
        return
    lacking = [found for g in _truths(spot, value.shape) if (found := forms.ratio(g, value)) is not None]
    lacking = [(needed, there) for needed, there in lacking if not forms.constant(needed)]
    if not lacking:
        return
    fitting = powers.Powers(spot, value.shape)
    for needed, there in lacking:
        for power in fitting.of(needed, there):
            yield _of_power(spot, value * power.factor, power)


def _truths(spot: Spot, shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    """What may belong at a spot: gradients of parameters, then adjoints, the nearest to the loss first."""
    if len(spot.entries) == 1:
        yield from (m.truth for m in spot.trial.matches if m.truth.shape == shape)
    yield from (g for _, g in islice(spot.truths(shape), MOST_TRUTHS))


def _of_power(spot: Spot, wanted: np.ndarray, power: powers.Power) -> Mend:
    name = spot.text_known(power.known)
    parameter = bool(spot.parameter(power.known))
    read, told = (power.known.entry, "it is used here") if parameter else (spot.maker(power.known), "its value")
    what, how = ("a division by", "divided by") if power.divides else ("a factor", "times")
    return Mend(
        SLUG,
        spot.entries,
        spot.apart(wanted),
        spot.tape.site_of(_before_sums(spot)),
        f"{what} `{power.text(name)}` is missing"[:160],
        f"{how} `{power.text(name)}`: the derivative"[:90],
        [f"{how} {power.text(name)} this is exactly the derivative"],
        [mark(spot.sites[spot.tape.site_of(read)], told)] if read >= 0 else [],
        EFFECT,
        evidence={"power": power.text("{}"), "divides": power.divides},
    )


def _before_sums(spot: Spot) -> int:
    """The entry whose sum is taken here, where that is all that happens: the factor may belong there as well."""
    entry = spot.origin
    while name_of(spot.tape.entry(entry)[0].fn).rpartition(".")[2] == "sum":
        made = [p for p in spot.trace.before.get(entry, ()) if not spot.tape.entry(p)[0].writes]
        if len(made) != 1 or made[0] in spot.trace.on:
            break
        entry = made[0]
    return entry


def _of_term(spot: Spot, uneven: uses.Uneven) -> Mend:
    factor = scales.as_text(abs(uneven.factor))
    used = spot.text_of(uneven.reader)
    return Mend(
        SLUG,
        tuple(uneven.values),
        list(uneven.values.values()),
        spot.tape.site_of(uneven.origin),
        f"this term has a factor of {factor} that the others beside it do not have",
        f"{factor} times what comes back from `{used}`"[:90],
        [f"this is exactly {factor} times what comes back from `{used}`; the rest of the sum is right"],
        [mark(spot.sites[spot.tape.site_of(uneven.reader)], "the use it comes back from")],
        EFFECT,
        evidence={"factor": uneven.factor},
    )


def repairs(scene: Scene) -> Iterator[Repair]:
    """The marked value times or divided by the power, of values in sight; a term with its own number."""
    here, evidence = scene.text_of(scene.value), scene.finding.evidence
    place = scene.related(0)
    for value in scene.likely([*scene.names_of(place), *scene.inputs_of(place)]) if "power" in evidence else ():
        power = str(evidence["power"]).format(value)
        text = f"{product(here)} / {product(power)}" if evidence["divides"] else product(here, power)
        yield scene.instead(text, scene.value)
    if "factor" in evidence:
        factor = float(evidence["factor"])
        yield scene.instead(product(f"{1 / factor:.6g}", here), scene.value)
