"""Which units of a network still answer: rectifiers and squashing functions before and after the recorded steps.

Known by what they compute: a rectifier's result is its operand where that is positive, else zero.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..replay.adjoint import Recording
from ..replay.forward import ReplayError
from ..step.flow import backward_slice
from ..step.trials import Trial
from ..tape import CONST
from . import steps
from .stepview import StepView

RECTIFYING = frozenset(
    (np.maximum, np.fmax, np.where, np.choose, np.clip, np.ndarray.clip, np.multiply, operator.mul, np.ndarray.choose)
)
SQUASHING = frozenset((np.tanh,))
PRODUCTS = frozenset((np.dot, np.matmul, operator.matmul, np.ndarray.dot))
SMALLEST = 8
FULL = 1 - 1e-6
FEWEST_ROWS = 16
FEWEST_ENTRIES = 32
NEARLY = 0.99
LONGEST_WAY = 6
MANY_ENTRIES = 20_000  # beyond this one step has to do


@dataclass(slots=True)
class Layer:
    """The executions of one place of the forward pass. ``units`` is the axis of its units, None: not known.

    Each list holds one answer an execution: which entries are zero (of a rectifier) or at a bound (of another).
    """

    place: int
    entry: int
    rectifies: bool
    units: int | None
    before: list[np.ndarray] = field(default_factory=list)
    after: list[np.ndarray] = field(default_factory=list)

    def idle(self, answers: list[np.ndarray]) -> tuple[int, int]:
        """How many units (entries, where units are not known) are idle in every row, and how many there are."""
        if self.units is None:
            return sum(int(a.sum()) for a in answers), sum(a.size for a in answers)
        rows = np.concatenate([np.moveaxis(a, self.units, -1).reshape(-1, a.shape[self.units]) for a in answers])
        return int(rows.all(axis=0).sum()), rows.shape[1]

    @property
    def rows(self) -> int:
        """Rows seen with the last parameters."""
        if self.units is None:
            return len(self.after)
        return sum(a.size // a.shape[self.units] for a in self.after)


def layers(view: StepView) -> list[Layer]:
    """The rectifiers and squashing functions of the judged steps, before the first and after the last recorded one."""
    trial = view.made.trials[0] if view.made.trials else None
    if trial is None or not any(t.fn in RECTIFYING or t.fn in SQUASHING for t in view.tape.templates):
        return []
    found: dict[int, Layer] = {}
    for entry in _forward(view, trial):
        _meet(view, found, entry)
    if not found:
        return []
    for one in _of_both_steps(view, trial):
        try:
            made = _with_last_values(view, one)
        except ReplayError:
            made = None
        if made is None:
            continue
        for entry in made.entries:
            layer = found.get(view.tape.entry_template[entry])
            if layer is not None:
                answers = _answers(made.operands(entry)[1], layer.rectifies)
                if answers is not None:
                    layer.after.append(answers)
    return [layer for layer in found.values() if layer.after]


def _meet(view: StepView, found: dict[int, Layer], entry: int) -> None:
    """Note what an entry of the first step answers, if it is an activation."""
    tape, recording = view.tape, view.made.recording
    assert recording is not None
    place = tape.entry_template[entry]
    template = tape.templates[place]
    rectifies = template.fn in RECTIFYING
    if not rectifies and template.fn not in SQUASHING or template.kind not in ("op", "call"):
        return
    values, result = recording.operands(entry)
    if not isinstance(result, np.ndarray) or result.size < SMALLEST:
        return
    operand = _rectified(values, result) if rectifies else 0
    if operand is None:
        return
    answers = _answers(result, rectifies)
    if answers is not None:
        code = tape.entry(entry)[1][operand]
        layer = found.setdefault(place, Layer(place, entry, rectifies, _units(view, entry, code)))
        layer.before.append(answers)


def _rectified(values: list[Any], result: np.ndarray) -> int | None:
    """The position of the operand whose positive part the result is."""
    for place, value in enumerate(values):
        if isinstance(value, np.ndarray) and value.shape == result.shape and value.dtype.kind == "f":
            if np.any(value < 0) and np.array_equal(result, np.maximum(value, 0)):
                return place
    return None


def _answers(result: Any, rectifies: bool) -> np.ndarray | None:
    if not isinstance(result, np.ndarray):
        return None
    found: np.ndarray = result == 0 if rectifies else np.abs(result) > FULL
    return found


def _units(view: StepView, entry: int, code: int) -> int | None:
    """The axis of the units: that of the weights in the matrix product that the operand comes from."""
    tape = view.tape
    if len(tape.shape_of(code)) != 2:
        return None
    parameters = {tape.storage_of(v.code) for v in view.made.window.versions}
    for _ in range(LONGEST_WAY):
        maker = tape.storage_born[tape.storage_of(code)]
        if maker < 0:
            return None
        template, inputs, _ = tape.entry(maker)
        if template.fn in PRODUCTS and len(inputs) == 2:
            sides = [tape.storage_of(c) in parameters for c in inputs]
            return None if sides[0] == sides[1] else int(sides[1])
        shape = tape.shape_of(code)
        onward = [c for c in inputs if c & 3 != CONST and tape.shape_of(c) == shape and view.made.window.masks.of(c)]
        if not template.elementwise or len(onward) != 1:
            return None
        code = onward[0]
    return None


def _forward(view: StepView, trial: Trial, begin: int | None = None) -> list[int]:
    tape, window = view.tape, view.made.window
    targets = {tape.storage_of(c) for c in trial.hypothesis.codes}
    found = backward_slice(tape, targets, trial.hypothesis.last, window.begin if begin is None else begin)
    known = set(trial.recording.entries)
    return [e for e in found if e in known]


def _of_both_steps(view: StepView, trial: Trial) -> list[Trial]:
    """The trial, and the same loss in the next step."""
    others = [*view.made.trials[1:], *view.made.later]
    same = [t for t in others if t.hypothesis.site == trial.hypothesis.site and t.kind == trial.kind]
    if len(trial.recording.entries) > MANY_ENTRIES:
        return [trial]
    return [trial, *[t for t in same if all(m.version.round_ == 1 for m in t.matches)][:1]]


def _with_last_values(view: StepView, trial: Trial) -> Recording | None:
    """The forward pass of a step, replayed with the parameters as all recorded steps left them."""
    tape, window = view.tape, view.made.window
    first = {m.version.round_ for m in trial.matches} == {0}
    updates = [u for c in view.made.parameters for u in c.rounds[0]]
    entries = _forward(view, trial, None if first else max(u.entry for u in updates) + 1)
    if set(entries) & set(window.barriers) or trial.hypothesis.tail:
        return None
    replay = trial.recording.replay
    versions = {tape.storage_of(m.version.code) for m in trial.matches}
    state = window.fork() if first else trial.recording.state.fork(window.written | versions)
    for m in trial.matches:
        value = steps.last_value(view, m.version.candidate)
        if m.version.index or value is None or np.size(value) != m.truth.size:
            return None
        if m.version.code & 3 == 0:
            state.values[m.version.code >> 2] = float(np.reshape(value, ()))
        else:
            array = replay.load(state, m.version.code)
            array[...] = np.reshape(value, array.shape)
    made = Recording(replay, state, entries)
    made.run()
    return made


def dead(layer: Layer) -> bool:
    """Whether most of a layer has gone idle since the first step.

    With known units: more than half of them, in at least `FEWEST_ROWS` rows. Else nearly all of its entries.
    """
    if layer.units is not None and layer.rows >= FEWEST_ROWS:
        (before, size), (after, _) = layer.idle(layer.before), layer.idle(layer.after)
        return after > size / 2 and after > 2 * before
    return (
        sum(a.size for a in layer.after) >= FEWEST_ENTRIES
        and idle_share(layer.after) >= NEARLY
        and idle_share(layer.before) < 1 - 10 * (1 - NEARLY)
    )


def idle_share(answers: list[np.ndarray]) -> float:
    """The share of entries that are idle."""
    return sum(int(a.sum()) for a in answers) / sum(a.size for a in answers)
