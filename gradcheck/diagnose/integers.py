"""Arithmetic of integers where fractions or negative numbers were meant: what the recorded values prove."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..replay.forward import ReplayError
from ..replay.functions import ufunc_of
from ..tape import CONST, Tape, Template
from .stepview import StepView

WRAPPING = frozenset((np.add, np.subtract, np.multiply, np.negative))
FLOORS = frozenset((operator.floordiv, operator.ifloordiv, np.floor_divide))
WIDEST = 2  # bytes: what overflows in wider integers is a hash or a random generator


@dataclass(frozen=True, slots=True)
class Loss:
    """An operation that lost something: fractions cut off, numbers wrapped around, or a quotient floored.

    ``example`` is one value as it should be and as it is, ``count`` how many of ``size`` are like that.
    """

    kind: Literal["cut", "wrapped", "floored"]
    entry: int
    dtype: str
    count: int
    size: int
    example: tuple[float, float]


def losses(view: StepView) -> list[Loss]:
    """The first of each place in the judged steps, and in what prepared the data for them."""
    made = view.made
    if made.recording is None:
        return []
    tape = view.tape
    integral = [_may_lose(t) for t in tape.templates]
    found: dict[int, Loss] = {}
    ids = tape.entry_template
    for entry in [*made.window.prelude, *made.recording.entries]:
        place = ids[entry]
        if not integral[place]:
            continue
        if not _holds_integers(tape, entry):
            integral[place] = False  # the other executions of this place work on the same kind of values
            continue
        lost = _lost(view, entry)
        if lost is not None:
            found[place] = lost
            integral[place] = False
    return list(found.values())


def _holds_integers(tape: Tape, entry: int) -> bool:
    """Whether an operation can lose anything: `//` always, the others where their result is an integer."""
    template, inputs, outputs = tape.entry(entry)
    if template.fn in FLOORS:
        return True
    code = inputs[0] if template.kind == "store" else outputs[0] if outputs else inputs[0]
    dtype = tape.dtype_of(tape.storage_of(code)) if code & 3 != CONST else None
    return dtype is not None and dtype.kind in "iu"


def _may_lose(template: Template) -> bool:
    return template.kind == "store" or template.fn in FLOORS or ufunc_of(template.fn) in WRAPPING


def _lost(view: StepView, entry: int) -> Loss | None:
    tape, window = view.tape, view.made.window
    template, inputs, outputs = tape.entry(entry)
    active = entry in window.masks.entry_masks
    if template.kind == "store":
        dtype = tape.dtype_of(tape.storage_of(inputs[0]))
        if dtype is None or dtype.kind not in "iu" or not active:
            return None
        if entry not in view.made.path and not _read_first(view, tape.storage_of(inputs[0])):
            return None
        value = np.asarray(_values(view, entry)[1])
        return _difference("cut", entry, dtype, value, np.trunc(value)) if value.dtype.kind == "f" else None
    if template.kind != "op" or len(inputs) > 2:
        return None
    if template.fn in FLOORS:
        values = [np.asarray(v) for v in _values(view, entry)] if active else []
        if not values or all(v.dtype.kind in "iu" for v in values):
            return None
        with np.errstate(all="ignore"):
            true = np.true_divide(*values)
        return _difference("floored", entry, np.result_type(*values), true, np.floor(true))
    dtype = tape.dtype_of(tape.storage_of(outputs[0])) if outputs[0] & 3 != CONST else None
    if dtype is None or dtype.kind not in "iu" or dtype.itemsize > WIDEST:
        return None
    values = [np.asarray(v) for v in _values(view, entry)]
    if not values or any(v.dtype.kind not in "iu" for v in values):
        return None
    true = ufunc_of(template.fn)(*(v.astype(np.int64) for v in values))
    return _difference("wrapped", entry, dtype, true, true.astype(dtype))


def _read_first(view: StepView, storage: int) -> bool:
    """Whether a step reads an array before it writes it: what it holds is carried from step to step.

    One that is written first, and that no update is made from, holds numbers that are rounded on purpose.
    """
    tape, recording = view.tape, view.made.recording
    assert recording is not None
    for entry in recording.entries:
        template, inputs, _ = tape.entry(entry)
        touched = [i for i, c in enumerate(inputs) if tape.storage_of(c) == storage]
        if touched:
            return not set(touched) <= set(template.writes)
    return False


def _values(view: StepView, entry: int) -> list[Any]:
    made = view.made
    assert made.recording is not None
    if entry >= made.window.begin:
        return made.recording.operands(entry)[0]
    replay = made.recording.replay
    try:
        return [replay.load(made.window.base, code) for code in view.tape.entry(entry)[1]]
    except ReplayError:
        return []


def _difference(kind: Any, entry: int, dtype: Any, true: Any, got: Any) -> Loss | None:
    true, got = np.ravel(np.asarray(true, float)), np.ravel(np.asarray(got, float))
    wrong = np.flatnonzero(np.isfinite(true) & (true != got))
    if not wrong.size:
        return None
    first = wrong[0]
    return Loss(kind, entry, str(dtype), int(wrong.size), int(true.size), (float(true[first]), float(got[first])))
