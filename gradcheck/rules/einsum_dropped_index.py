"""An einsum sums an index of one operand alone instead of contracting it with the other operand.

In `einsum('ijk,ilm->ijl', d, a)` the indices k and m stand in one operand only and not in the result: each operand is
summed over its own, and the product is one of sums, where a sum of products was meant (`'ijk,ilk->ijl'`). For an index
of length 1 the two are the same, so the line may work today and break with the next layer.

How it is proven: the subscripts say which indices are summed alone. Where one is longer than 1 and the gradient is
wrong, the einsum with the two indices contracted is put in its place on the recorded step, and the gradients become
exact (error). Where all are of length 1 the result is the same today (note).

How to mend it: write the same letter for the axes that belong together.

Looks like it and is fine: an index summed alone on purpose, such as a bias gradient `'ij->j'`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..diagnose.places import finding_at
from ..diagnose.spot import Mend, Spot
from ..diagnose.stepview import StepView
from ..ops import name_of
from ..results import Finding, Fix
from ..tape import CONST, Tape

SLUG = "einsum-dropped-index"
SEVERITY = "error"
RANK = 10


def suppose(spot: Spot) -> Iterator[Mend]:
    """The einsum with indices that are summed alone contracted in pairs."""
    subscripts = _subscripts(spot.tape, spot.entries[0])
    operands = spot.operands()[1:]
    arrays = [o for o in operands if o is not None]
    if not subscripts or len(operands) != 2 or len(arrays) != 2:
        return
    shapes = [o.shape[len(spot.entries) > 1 :] for o in arrays]
    for repaired in _repaired(subscripts, shapes):
        function = lambda _, *arrays, text=repaired: np.einsum(text, *arrays)  # noqa: E731
        value = spot.again([None, *operands], function)
        if value is not None and spot.value is not None and value.shape == spot.value.shape:
            yield Mend(
                SLUG,
                spot.entries,
                spot.apart(value),
                spot.place,
                "this einsum sums an index of each operand alone instead of contracting the two",
                "a product of sums, where a sum of products belongs",
                [f"'{subscripts}' sums {_listed(subscripts)} alone; '{repaired}' contracts them"],
                effect="the outer product loses an index: every gradient it makes has rank one",
                fix=Fix("contract the two indices", spot.site.text.replace(subscripts, repaired)),
            )


def check(view: StepView) -> Iterator[Finding]:
    """Indices of length 1 that are summed alone: the same today."""
    seen: set[int] = set()
    recording = view.made.recording
    for entry in recording.entries if recording is not None and view.made.path else ():
        place = view.tape.site_of(entry) if entry < len(view.tape) else -1
        subscripts = _subscripts(view.tape, entry) if place >= 0 and place not in seen else ""
        if not subscripts or entry not in view.made.path or not _lonely(subscripts) or recording is None:
            continue
        seen.add(place)
        arrays = [v for v in recording.operands(entry)[0] if isinstance(v, np.ndarray)]
        if len(arrays) == 2 and next(_repaired(subscripts, [a.shape for a in arrays], 1), ""):
            yield _note(view, place, subscripts, arrays)


def _note(view: StepView, place: int, subscripts: str, arrays: list[np.ndarray]) -> Finding:
    repaired = next(_repaired(subscripts, [a.shape for a in arrays], 1))
    return finding_at(
        view.site(place),
        SLUG,
        "note",
        message="this einsum sums an index of each operand alone; harmless while both have length 1",
        label=f"sums {_listed(subscripts)} alone",
        proof=[f"'{subscripts}' equals '{repaired}' here because these axes have length 1"],
        fix=Fix("contract the two indices", view.site(place).text.replace(subscripts, repaired)),
        training=view.number,
    )


def _subscripts(tape: Tape, entry: int) -> str:
    """The subscripts of an einsum of two operands with an explicit result; "" for anything else."""
    template, inputs, _ = tape.entry(entry)
    if template.fn is None or name_of(template.fn).rpartition(".")[2] != "einsum" or not inputs:
        return ""
    text = tape.constants[inputs[0] >> 2] if inputs[0] & 3 == CONST else None
    return text if isinstance(text, str) and "->" in text and text.count(",") == 1 and "." not in text else ""


def _lonely(subscripts: str) -> tuple[str, str]:
    """The indices of each operand that stand nowhere else."""
    terms, result = subscripts.replace(" ", "").split("->")
    left, right = terms.split(",")
    return (
        "".join(c for c in left if c not in right and c not in result),
        "".join(c for c in right if c not in left and c not in result),
    )


def _listed(subscripts: str) -> str:
    return " and ".join("".join(_lonely(subscripts)))


def _repaired(subscripts: str, shapes: list[tuple[int, ...]], length: int = 0) -> Iterator[str]:
    """The subscripts with one lonely index of each operand made the same, where their lengths agree."""
    terms, result = subscripts.replace(" ", "").split("->")
    left, right = terms.split(",")
    if len(left) != len(shapes[0]) or len(right) != len(shapes[1]):
        return
    one, other = _lonely(subscripts)
    for a in one:
        for b in other:
            n, m = shapes[0][left.index(a)], shapes[1][right.index(b)]
            if n == m and (not length or n == length):
                yield f"{left},{right.replace(b, a)}->{result}"
