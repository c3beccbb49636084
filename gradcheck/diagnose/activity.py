"""Which units of a network still answer: rectifiers and squashing functions before and after the recorded steps.

Known by what they compute: a rectifier's result is its operand where that is positive, else zero; a sigmoid is 1
divided by what is nowhere less than 1.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..replay.forward import ReplayError
from ..step.flow import backward_slice
from ..step.trials import Trial
from ..tape import CONST, SCALAR
from . import softmaxes, steps
from .stepview import StepView

RECTIFYING = frozenset(
    (np.maximum, np.fmax, np.where, np.choose, np.clip, np.ndarray.clip, np.multiply, operator.mul, np.ndarray.choose)
)
SQUASHING = frozenset((np.tanh,)) | softmaxes.DIVISIONS
PRODUCTS = frozenset((np.dot, np.matmul, operator.matmul, np.ndarray.dot))
SMALLEST = 8
Key = tuple[Any, ...]
FULL = 1 - 1e-6
FEWEST_ROWS = 16
FEWEST_ENTRIES = 32
NEARLY = 0.99
LONGEST_WAY = 6
MOST_OTHERS = 32  # executions of a place that turn out to be no activation before it is given up
MANY_ENTRIES = 20_000  # beyond this one step has to do


@dataclass(slots=True)
class Layer:
    """The executions of one place of the forward pass behind one weight (a function may serve several layers).

    ``operand`` is the position of what goes in, ``units`` the axis of its units, None: not known.

    Each list holds one answer an execution: which entries are zero (of a rectifier) or at a bound (of another).
    """

    place: int
    entry: int
    operand: int
    rectifies: bool
    units: int | None
    before: list[np.ndarray] = field(default_factory=list)
    entries: list[int] = field(default_factory=list)  # the executions in the first step
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
    trial = view.made.trials[0] if view.made.trials and not view.unwritten else None
    if trial is None or not any(t.fn in RECTIFYING or t.fn in SQUASHING for t in view.tape.templates):
        return []
    forward = _forward(view, trial)
    found = _layers_of(view, forward)
    if not found:
        return []
    for one in _of_both_steps(view, trial):
        entries = forward if one is trial else _forward(view, one)
        try:
            _answer_again(view, found, one, entries)
        except ReplayError:
            continue
    return [layer for layer in found.values() if layer.after]


def by_step(view: StepView) -> list[dict[Key, Layer]]:
    """The layers of one or two judged steps with their executions in that step; the keys are the same in both."""
    trial = view.made.trials[0] if view.made.trials and not view.unwritten else None
    return [] if trial is None else [_layers_of(view, _forward(view, one)) for one in _of_both_steps(view, trial)]


def _layers_of(view: StepView, forward: list[int]) -> dict[Key, Layer]:
    """The activations among the entries of the first step, by place."""
    tape = view.tape
    known = RECTIFYING | SQUASHING
    possible = [t.fn in known and t.kind == "op" and t.outputs == 1 for t in tape.templates]
    found: dict[Key, Layer] = {}
    others: dict[int, int] = {}
    for entry in forward:
        place = tape.entry_template[entry]
        if possible[place] and others.get(place, 0) < MOST_OTHERS and not _meet(view, found, entry):
            others[place] = others.get(place, 0) + 1
    return found


def _meet(view: StepView, found: dict[Key, Layer], entry: int) -> bool:
    """Note what an entry of the first step answers, if it is an activation."""
    tape, recording = view.tape, view.made.recording
    assert recording is not None
    place = tape.entry_template[entry]
    rectifies = tape.templates[place].fn in RECTIFYING
    values, result = recording.operands(entry)
    if not isinstance(result, np.ndarray) or result.size < SMALLEST:
        return False
    operand = _rectified(values, result) if rectifies else _squashed(values, result)
    if operand is None:
        return False
    key, units = _key(view, entry, operand)
    layer = found.setdefault(key, Layer(place, entry, operand, rectifies, units))
    layer.before.append(answers(result, rectifies))
    layer.entries.append(entry)
    return True


def _rectified(values: list[Any], result: np.ndarray) -> int | None:
    """The position of the operand whose positive part the result is."""
    for place, value in enumerate(values):
        if isinstance(value, np.ndarray) and value.shape == result.shape and value.dtype.kind == "f":
            if np.any(value < 0) and np.array_equal(result, np.maximum(value, 0)):
                return place
    return None


def _squashed(values: list[Any], result: np.ndarray) -> int | None:
    """The position of the operand, if the result is a hyperbolic tangent or a sigmoid."""
    if len(values) == 1:
        return 0
    one = isinstance(values[0], int | float | np.floating) and values[0] == 1
    return 1 if one and result.dtype.kind == "f" and bool(np.all(np.asarray(values[1]) >= 1)) else None


def answers(result: np.ndarray, rectifies: bool) -> np.ndarray:
    found: np.ndarray = result == 0 if rectifies else (np.abs(result) > FULL) | (np.abs(result) < 1 - FULL)
    return found


def _key(view: StepView, entry: int, operand: int) -> tuple[Key, int | None]:
    """What tells the layers of one place apart, the weight that they come from or else their shape; and the axis of
    the units: that of the weight in its matrix product, None where it is not known.
    """
    tape = view.tape
    code = tape.entry(entry)[1][operand]
    place, shape = tape.entry_template[entry], tape.shape_of(code)
    parameters = {tape.storage_of(v.code): id(v.candidate) for v in view.made.window.versions}
    for _ in range(LONGEST_WAY if len(shape) == 2 else 0):
        maker = tape.storage_born[tape.storage_of(code)]
        if maker < 0:
            break
        template, inputs, _ = tape.entry(maker)
        if template.fn in PRODUCTS and len(inputs) == 2:
            sides = [parameters.get(tape.storage_of(c)) for c in inputs]
            if (sides[0] is None) != (sides[1] is None):
                return (place, sides[0] or sides[1], shape[sides[0] is None]), int(sides[0] is None)
            break
        onward = [c for c in inputs if c & 3 != CONST and tape.shape_of(c) == shape and view.made.window.masks.of(c)]
        if not template.elementwise or len(onward) != 1:
            break
        code = onward[0]
    return (place, None, shape), None


def _forward(view: StepView, trial: Trial) -> list[int]:
    """The entries of a step that its loss depends on; of the second step, those after the first one's updates."""
    tape, window = view.tape, view.made.window
    targets = {tape.storage_of(c) for c in trial.hypothesis.codes}
    updates = [u.entry for c in view.made.parameters for u in c.rounds[0]]
    begin = window.begin if _is_first(trial) else max(updates) + 1
    found = backward_slice(tape, targets, trial.hypothesis.last, begin)
    known = set(trial.recording.entries)
    return [e for e in found if e in known]


def _is_first(trial: Trial) -> bool:
    return all(m.version.round_ == 0 for m in trial.matches)


def _of_both_steps(view: StepView, trial: Trial) -> list[Trial]:
    """The trial, and the same loss in the next step."""
    others = [*view.made.trials[1:], *view.made.later]
    same = [t for t in others if t.hypothesis.site == trial.hypothesis.site and t.kind == trial.kind]
    if len(trial.recording.entries) > MANY_ENTRIES:
        return [trial]
    return [trial, *[t for t in same if all(m.version.round_ == 1 for m in t.matches)][:1]]


def _answer_again(view: StepView, found: dict[Key, Layer], trial: Trial, entries: list[int]) -> None:
    """What the layers answer in a step that is replayed with the parameters as all recorded steps left them."""
    tape, window = view.tape, view.made.window
    if set(entries) & set(window.barriers) or trial.hypothesis.tail:
        return
    replay = trial.recording.replay
    versions = {tape.storage_of(m.version.code) for m in trial.matches}
    state = window.fork() if _is_first(trial) else trial.recording.state.fork(window.written | versions)
    for m in trial.matches:
        value = steps.last_value(view, m.version.candidate)
        if m.version.index or value is None or np.size(value) != m.truth.size:
            return
        if m.version.code & 3 == SCALAR:
            state.values[m.version.code >> 2] = float(np.reshape(value, ()))
        else:
            array = replay.load(state, m.version.code)
            array[...] = np.reshape(value, array.shape)
    begin = 0
    operands = {layer.place: layer.operand for layer in found.values()}
    for position, entry in enumerate(entries):
        operand = operands.get(tape.entry_template[entry])
        layer = None if operand is None else found.get(_key(view, entry, operand)[0])
        if layer is not None:
            replay.run(state, entries[begin : position + 1])
            layer.after.append(answers(replay.load(state, tape.entry(entry)[2][0]), layer.rectifies))
            begin = position + 1


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
