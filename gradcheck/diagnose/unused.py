"""Gradients and updates that are computed and then not used: exact, and thrown away."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..ops.arithmetic import MATRIX_PRODUCTS, SUMS
from ..replay.adjoint import Recording, Reverse
from ..replay.forward import ReplayError
from ..step.flow import backward_slice
from ..step.trials import Trial
from ..tape import CONST
from .stepview import StepView

SAME = 1e-9
FEWEST = 3
MOST_TRIED = 24


@dataclass(frozen=True, slots=True)
class Unused:
    """An array that the loss depends on and nothing updates, and the entry that computed its gradient or new value.

    ``updates`` tells that it is the new value; ``scale`` is its (or the gradient's) multiple of the true gradient.
    """

    storage: int
    entry: int
    updates: bool
    scale: float
    norm: float


def unused(view: StepView) -> Unused | None:
    """The first exact gradient or update of a fixed array that is thrown away."""
    trial = view.made.trials[0] if view.made.trials else None
    if trial is None or trial.hypothesis.tail or trial.hypothesis.guards:
        return None
    ends = _dead_ends(view, trial)
    fixed = _fixed(view, trial) if ends else {}
    wanted = {view.tape.storage_size(s) for s in fixed}
    ends = [e for e in ends if view.tape.storage_size(view.tape.storage_of(view.tape.entry(e)[2][0])) in wanted]
    if not ends or not fixed:
        return None
    truths = _truths(view, trial, fixed)
    for entry in ends[:MOST_TRIED]:
        try:
            found = _matches(view, trial, entry, fixed, truths)
        except ReplayError:
            continue
        if found is not None:
            return found
    return None


def _dead_ends(view: StepView, trial: Trial) -> list[int]:
    """Arrays of the first step that depend on parameters and that no update, loss or other operation uses."""
    tape, window = view.tape, view.made.window
    known = set(trial.recording.entries)
    place = window.pass_of(view.made.parameters[0].first.entry)
    found: list[int] = []
    read: set[int] = set()
    for entry in range(window.begin, min(window.end, len(tape))):
        if entry in known:
            continue
        template, inputs, outputs = tape.entry(entry)
        read.update(tape.storage_of(c) for c in inputs if c & 3 != CONST)
        made = [c for c in outputs if c & 3 != CONST]
        if entry in window.masks.entry_masks and template.kind == "op" and len(outputs) == len(made) == 1:
            size = int(np.prod(tape.shape_of(outputs[0]), dtype=int))
            if size >= FEWEST and window.pass_of(entry) == place:
                found.append(entry)
    return [e for e in found if tape.storage_of(tape.entry(e)[2][0]) not in read]


def _fixed(view: StepView, trial: Trial) -> dict[int, int]:
    """Arrays that existed before the step and that nothing writes, where they meet what depends on a parameter the way
    a bias or a weight does (data meets the parameters themselves); each with its operand code.
    """
    tape, window = view.tape, view.made.window
    updated = {tape.storage_of(c.region) for c in (*view.made.parameters, *view.made.states, *view.made.others)}
    found: dict[int, int] = {}
    weights = set(updated)  # and what is made from parameters alone
    targets = {tape.storage_of(c) for c in trial.hypothesis.codes}
    for entry in backward_slice(tape, targets, trial.hypothesis.last, window.begin, window.barriers):
        template, inputs, outputs = tape.entry(entry)
        if {tape.storage_of(c) for c in inputs if tape.shape_of(c) != ()} <= weights:
            weights.update(tape.storage_of(c) for c in outputs)
        if entry not in window.masks.entry_masks or len(inputs) != 2 or template.kind != "op":
            continue
        for code, other in ((inputs[0], inputs[1]), (inputs[1], inputs[0])):
            storage = tape.storage_of(code) if code & 3 != CONST else -1
            if storage < 0 or storage in updated or tape.storage_layout[storage] < 0 or window.masks.of(code):
                continue
            dtype = tape.dtype_of(storage)
            if tape.storage_born[storage] >= window.begin or dtype is None or dtype.kind != "f":
                continue
            size = int(np.prod(tape.shape_of(code), dtype=int))
            widened = template.elementwise and size < int(np.prod(tape.shape_of(outputs[0]), dtype=int))
            weighs = template.fn in MATRIX_PRODUCTS and window.masks.of(other) and tape.storage_of(other) not in weights
            if size == tape.storage_size(storage) and (widened or weighs):
                found.setdefault(storage, code)
    return found


def _truths(view: StepView, trial: Trial, fixed: dict[int, int]) -> dict[int, np.ndarray]:
    """The true gradients of the fixed arrays."""
    window = view.made.window
    reverse = Reverse(trial.recording, window.active() | set(fixed), window.captures)
    sweep = reverse.sweep(trial.seeds)
    return {s: np.asarray(reverse.read(sweep.adjoints, code), float) for s, code in fixed.items()}


def _matches(
    view: StepView, trial: Trial, entry: int, fixed: dict[int, int], truths: dict[int, np.ndarray]
) -> Unused | None:
    tape, window = view.tape, view.made.window
    template, inputs, outputs = tape.entry(entry)
    size = tape.storage_size(tape.storage_of(outputs[0]))
    choices = [s for s in fixed if tape.storage_size(s) == size]
    own = backward_slice(tape, {tape.storage_of(outputs[0])}, entry + 1, window.begin)
    before = trial.recording.entries[: bisect_left(trial.recording.entries, entry)]
    made = Recording(trial.recording.replay, window.fork(), sorted({*before, *own}))
    made.run()
    values, result = made.operands(entry)
    for storage in choices:
        storages = [tape.storage_of(c) for c in inputs]
        updates = template.fn in SUMS and storage in storages
        value = np.asarray(result, float)
        if updates:
            value = value - np.asarray(values[storages.index(storage)], float)
        scale = _multiple(value, truths[storage])
        if scale is not None:
            return Unused(storage, entry, updates, scale, float(np.linalg.norm(truths[storage])))
    return None


def _multiple(value: Any, truth: np.ndarray) -> float | None:
    """The factor between a value and the true gradient, if there is one."""
    u, t = np.ravel(value), np.ravel(truth)
    square = float(t @ t)
    if u.size != t.size or not square or not np.isfinite(u).all():
        return None
    scale = float(u @ t) / square
    rest = float(np.linalg.norm(u - scale * t))
    return scale if scale and rest < SAME * abs(scale) * np.sqrt(square) else None
