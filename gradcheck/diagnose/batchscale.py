"""How a training's steps scale with the batch: as the sum over it, its mean, or the mean divided once more."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from ..ops.arithmetic import PRODUCTS, QUOTIENTS, SCALES
from ..replay.forward import ReplayError
from ..step.flow import backward_slice
from ..step.trials import Match, Trial
from ..tape import CONST, SCALAR
from . import scales
from .jury import Verdict
from .stepview import StepView

EXACT = 1e-9
MOST_RATES = 2
FEWEST = 3  # a batch of two cannot be told from the two of a squared error
CONVENTIONS = (1.0, 2.0, 0.5)
MEANS = frozenset((np.mean, np.ndarray.mean, np.average))


@dataclass(frozen=True, slots=True)
class BatchScale:
    """``power``: the step is the sum over the batch divided by its size to this power, against a loss that has
    ``own`` divisions by it. ``ratio`` is the step's length against that of the mean's gradient.
    """

    power: int
    own: int
    size: int
    ratio: float
    verdicts: list[Verdict]
    trial: Trial


def batch_scale(view: StepView) -> BatchScale | None:
    """The scale of the parameters that are right up to one factor; None where it cannot be told."""
    size = view.made.batch_size
    right = [v for v in view.verdicts.values() if v.verdict in ("right", "right_up_to_scale") and v.match is not None]
    found = scales.reference([v.match for v in right if v.match is not None])
    if size is None or size < FEWEST or found is None or found.unit is None:
        return None
    trial = next(v.trial for v in right if v.match is found)
    if trial is None:
        return None
    units = _units(view, found, size)
    width = _width(view, trial, size)
    if trial.hypothesis.source == "inferred":
        own = 0
        forms = CONVENTIONS if trial.kind == "squared error" else (1.0,)
        powers = _powers(units, size, [f / w for f in forms for w in {1, width}], (0, 1, 2))
    else:
        divisions = own_divisions(view, trial, size, width)
        if divisions is None:
            return None
        own = divisions[0]
        factors = [f * w for f in CONVENTIONS for w in {1.0, float(width), 1.0 / width}]
        powers = {p + own for p in _powers(units, size, factors, (-1, 0, 1, 2))}
    if len(powers) != 1:
        return None
    power = powers.pop()
    return BatchScale(power, own, size, float(size) ** (1 - power), right, trial)


def _powers(units: list[float], size: int, factors: list[float], tried: tuple[int, ...]) -> set[int]:
    """The powers of 1/size that explain one of the scales, up to the conventions of the loss."""
    forms = [(p, f) for p in tried for f in factors]
    if size in (4, 16):  # two conventions at once look like a batch of four
        forms += [(99, 4.0), (99, 0.25)]
    return {p for unit in units for p, f in forms if abs(unit * float(size) ** (p if p < 99 else 0) / f - 1) < EXACT}


def _units(view: StepView, m: Match, size: int) -> list[float]:
    """The scale of a gradient, freed of its rate; where none was seen, of literals that multiply data or errors too."""
    unit = abs(m.unit or 0.0) * _hidden(view, m, size)
    values = _literals(view, m) if m.gradient.rate == 1.0 else []
    subsets = [c for n in range(min(len(values), MOST_RATES) + 1) for c in combinations(values, n)]
    return [unit / math.prod(c) for c in subsets]


def _literals(view: StepView, m: Match) -> list[float]:
    """Numbers that nothing computed and that multiply data or errors on the way to an increment: a rate, perhaps."""
    tape, window = view.tape, view.made.window
    known = {storage for storage, _, _ in m.gradient.factors}
    update = m.version.update
    targets = {tape.storage_of(c) for c in (*update.increments, update.new)}
    found: dict[int, float] = {}
    for entry in backward_slice(tape, targets, update.entry + 1, window.begin):
        template, inputs, _ = tape.entry(entry)
        if template.fn not in PRODUCTS or len(inputs) != 2:
            continue
        for code in inputs:
            if code & 3 == SCALAR and code >> 2 not in known and _is_literal(view, code >> 2):
                value = _number(view, code)
                if value and abs(value) not in (1.0, 2.0, 0.5):
                    found[code >> 2] = abs(value)
    return list(found.values())


def _is_literal(view: StepView, storage: int) -> bool:
    entry = view.tape.storage_born[storage]
    if entry < 0:
        return True
    template, inputs, _ = view.tape.entry(entry)
    return template.fn is operator.pos and _is_literal(view, inputs[0] >> 2)


def _hidden(view: StepView, m: Match, size: int) -> float:
    """The batch size inside the rate (``rate / len(batch)``; ``1 / len(batch)`` is none), which counts as part of the
    step.
    """
    out = 1.0
    for storage, value, active in m.gradient.factors:
        literal = _literal(view, storage) if storage >= 0 and not active else None
        if literal and literal != 1.0 and abs(value / literal * size - 1) < EXACT:
            out /= size
    return out


def _literal(view: StepView, storage: int, depth: int = 6) -> float | None:
    """The number that a computed rate was made from."""
    tape = view.tape
    entry = tape.storage_born[storage]
    if entry < 0:
        return float(tape.leaves[storage])
    if depth == 0:
        return None
    numbers = [c for c in tape.entry(entry)[1] if c & 3 == SCALAR]
    return _literal(view, numbers[0] >> 2, depth - 1) if len(numbers) == 1 else None


def _width(view: StepView, trial: Trial, size: int) -> int:
    """Numbers that one sample's output has."""
    tape = view.tape
    if trial.head is not None:
        count = sum(int(np.prod(tape.shape_of(c), dtype=int)) for c in trial.head.outputs)
        return max(count // size, 1)
    rows = view.made.rows
    for place in rows.targets if rows is not None else ():
        shape = tape.shape_of(tape.entry(place.entry)[1][place.position])
        if shape and size in shape:
            return max(int(np.prod(shape, dtype=int)) // size, 1)
    return 1


# how often a loss divides by the batch


def own_divisions(view: StepView, trial: Trial, size: int, width: int) -> tuple[int, list[int]] | None:
    """How often the script's own loss divides by the batch size after the target came in, and the entries that do.

    None where the terms of the loss differ in it, or no target was seen.
    """
    rows, tape = view.made.rows, view.tape
    readers = {p.template for p in rows.targets} if rows is not None else set()
    targets = {tape.storage_of(c) for c in trial.hypothesis.codes}
    counts: dict[int, set[int]] = {}  # storage -> divisions on the ways from a target to it
    dividing = []
    window = view.made.window
    for entry in backward_slice(tape, targets, trial.hypothesis.last, window.begin, window.barriers):
        template, inputs, outputs = tape.entry(entry)
        found = set().union(*(counts.get(tape.storage_of(c), set()) for c in inputs))
        if not found and tape.entry_template[entry] in readers:
            found = {0}
        if not found:
            continue
        times = divides(view, entry, size, width)
        if times:
            dividing.append(entry)
        for storage in tape.made(entry):
            counts[storage] = {n + times for n in found}
    ends = set().union(*(counts.get(s, set()) for s in targets))
    return (ends.pop(), dividing) if len(ends) == 1 else None


def divides(view: StepView, entry: int, size: int, width: int) -> int:
    """How often an entry divides by the batch size: 1 for a mean over it, 2 for a division by its square, -1 where a
    mean becomes a sum again.
    """
    tape = view.tape
    template, inputs, outputs = tape.entry(entry)
    if template.fn in MEANS and len(outputs) == 1:
        before, after = (int(np.prod(tape.shape_of(c), dtype=int)) for c in (inputs[0], outputs[0]))
        return int(before // max(after, 1) in (size, size * width))
    if template.fn not in SCALES or len(inputs) != 2:
        return 0
    numbers = [c for c in (inputs[1:] if template.fn in QUOTIENTS else inputs) if tape.shape_of(c) == ()]
    for code in numbers:
        value = _number(view, code)
        if value is None or not value:
            continue
        value = abs(value) if template.fn in QUOTIENTS else 1 / abs(value)
        for power in (1, 2, -1):
            if any(abs(value / (float(size) ** power * f) - 1) < EXACT for f in (1.0, 2.0, float(width), 2.0 * width)):
                return power
    return 0


def _number(view: StepView, code: int) -> float | None:
    value: Any = None
    if code & 3 == CONST:
        value = view.tape.constants[code >> 2]
    elif view.made.recording is not None and not view.made.window.masks.of(code):
        try:
            value = view.made.recording.replay.load(view.made.recording.state, code)
        except ReplayError:
            return None
    return float(value) if isinstance(value, int | float | np.number) and not isinstance(value, bool) else None
