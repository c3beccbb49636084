"""Where a prediction meets its target: shapes that do not pair, and probabilities of the wrong axis."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..ops.arithmetic import PRODUCTS, SUBTRACTIONS
from ..tape import CONST
from . import softmaxes
from .softmaxes import Softmax
from .stepview import StepView

PASSING = softmaxes.LOGARITHMS | frozenset((operator.add, np.add, np.clip, np.maximum, np.copy, np.array, operator.neg))
REDUCTIONS = softmaxes.SUMS | frozenset((np.mean, np.ndarray.mean, np.average))
MOST_HOPS = 4


@dataclass(frozen=True, slots=True)
class WrongAxis:
    """A softmax that sums over other axes than the classes. ``target`` is the entry where the labels are met, ``axis``
    the one that the labels are one-hot along, ``totals`` the least and the largest sum of the probabilities along it,
    ``readers`` the places that read the probabilities.
    """

    softmax: Softmax
    target: int
    axis: int
    totals: tuple[float, float]
    readers: set[int]


def wrong_axis(view: StepView) -> WrongAxis | None:
    """The first softmax whose sums run over another axis than the labels' classes."""
    for softmax in view.once(softmaxes.find):
        if softmax.axes is None or len(softmax.shape) != 2 or 1 in softmax.shape:
            continue
        if view.tape.templates[view.tape.entry_template[softmax.division]].fn not in softmaxes.DIVISIONS:
            continue
        for entry, axis in _class_axes(view, softmax):
            if softmax.axes != (axis,):
                shares = _shares(view, softmax)
                totals = shares.sum(axis=axis)
                if np.max(np.abs(totals - 1)) > softmaxes.ONE:
                    around = (float(totals.min()), float(totals.max()))
                    return WrongAxis(softmax, entry, axis, around, _readers(view, softmax))
    return None


def _readers(view: StepView, softmax: Softmax) -> set[int]:
    tape, recording = view.tape, view.made.recording
    assert recording is not None
    storage = _result(view, softmax)
    places = {tape.entry_template[e] for e in softmax.divisions}
    found = {e for e in recording.entries if storage in map(tape.storage_of, tape.entry(e)[1])}
    return {tape.site_of(e) for e in found if tape.entry_template[e] not in places}


def _result(view: StepView, softmax: Softmax) -> int:
    """The storage that the probabilities are in."""
    template, inputs, outputs = view.tape.entry(softmax.division)
    return view.tape.storage_of(outputs[0] if template.outputs else inputs[0])


def _shares(view: StepView, softmax: Softmax) -> np.ndarray:
    assert view.made.recording is not None
    (top, bottom), _ = view.made.recording.operands(softmax.division)
    return np.asarray(top / bottom)


def _class_axes(view: StepView, softmax: Softmax) -> Iterator[tuple[int, int]]:
    """Entries where the probabilities meet labels, with the axis of the classes."""
    tape, recording, masks = view.tape, view.made.recording, view.made.window.masks
    assert recording is not None
    follow = {_result(view, softmax): 0}
    for entry in recording.entries:
        if entry <= softmax.division:
            continue
        template, inputs, outputs = tape.entry(entry)
        meets = [c for c in inputs if tape.storage_of(c) in follow and tape.shape_of(c) == softmax.shape]
        if not meets:
            continue
        others = [c for c in inputs if c & 3 != CONST and tape.storage_of(c) not in follow and not masks.of(c)]
        for code in others:
            if tape.shape_of(code) == softmax.shape and template.fn in SUBTRACTIONS | PRODUCTS:
                axis = _one_hot_axis(recording.operands(entry)[0][list(inputs).index(code)])
                if axis is not None:
                    yield entry, axis
        hops = min(follow[tape.storage_of(c)] for c in meets)
        if template.fn in PASSING and outputs and hops < MOST_HOPS:
            follow.setdefault(tape.storage_of(outputs[0]), hops + 1)


def _one_hot_axis(labels: object) -> int | None:
    """The axis along which exactly one entry is 1 and the others are 0; None where both axes are like that, or none."""
    y = np.asarray(labels)
    if y.ndim != 2 or not np.all((y == 0) | (y == 1)):
        return None
    axes = [axis for axis in (0, 1) if np.all(y.sum(axis=axis) == 1)]
    return axes[0] if len(axes) == 1 else None


@dataclass(frozen=True, slots=True)
class Broadcast:
    """A prediction of shape (n, 1) and a target of shape (n,), or the reverse, that became n times n differences.

    ``pairs`` and ``matched`` are the mean squares over all of them and over the n that belong together.
    """

    entry: int
    prediction: tuple[int, ...]
    target: tuple[int, ...]
    pairs: float
    matched: float


def broadcast(view: StepView) -> Broadcast | None:
    """The first place where prediction and target broadcast against each other and all pairs enter the loss."""
    tape, made = view.tape, view.made
    if made.recording is None:
        return None
    masks = made.window.masks.entry_masks
    parameters = {tape.storage_of(v.code) for v in made.window.versions}
    differs = [t.fn in SUBTRACTIONS and t.kind == "op" and t.inputs == 2 for t in tape.templates]
    ids = tape.entry_template
    for entry in made.recording.entries:
        if not differs[ids[entry]] or entry not in masks:
            continue
        codes = list(tape.entry(entry)[1])
        shapes = [tape.shape_of(c) for c in codes]
        if not _crossed(*shapes):
            continue
        active = [made.window.masks.of(c) != 0 for c in codes]
        if active[0] == active[1] or tape.storage_of(codes[active.index(True)]) in parameters:
            continue
        if _all_enter(view, entry):
            values, _ = made.recording.operands(entry)
            differences = np.ravel(values[0]) - np.ravel(values[1])
            every = float(np.mean(np.square(np.subtract(*values))))
            prediction, target = (shapes[0], shapes[1]) if active[0] else (shapes[1], shapes[0])
            return Broadcast(entry, prediction, target, every, float(np.mean(np.square(differences))))
    return None


def _crossed(left: tuple[int, ...], right: tuple[int, ...]) -> bool:
    """(n, 1) against (n,), or the reverse, or (1, n) against (n, 1)."""
    sizes = {int(np.prod(left, dtype=int)), int(np.prod(right, dtype=int))}
    if len(sizes) != 1 or min(sizes) < 2:
        return False
    n = sizes.pop()
    return {left, right} in ({(n, 1), (n,)}, {(n, 1), (1, n)})


def _all_enter(view: StepView, entry: int) -> bool:
    """Whether what comes of the differences goes, entry by entry, into one sum or mean over all of them."""
    tape, made = view.tape, view.made
    assert made.recording is not None
    follow = {tape.storage_of(tape.entry(entry)[2][0])}
    for number in made.recording.entries:
        if number <= entry:
            continue
        template, inputs, outputs = tape.entry(number)
        if not any(tape.storage_of(c) in follow for c in inputs if c & 3 != CONST) or not outputs:
            continue
        if template.fn in REDUCTIONS and tape.shape_of(outputs[0]) == ():
            return True
        if template.elementwise:
            follow.add(tape.storage_of(outputs[0]))
    return False
