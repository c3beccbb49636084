"""The data that the first weights meet: its range, where it got its name, and what the step does if it is scaled."""

from __future__ import annotations

import operator
from dataclasses import dataclass, field

import numpy as np

from ..replay.adjoint import Recording, Sweep
from ..replay.forward import ReplayError
from ..step import heads
from ..step.probe import move
from ..step.window import Version
from ..tape import CONST, VIEW
from . import activity, steps
from .stepview import StepView

PRODUCTS = frozenset((np.dot, np.matmul, operator.matmul, np.ndarray.dot, operator.mul, np.multiply, np.einsum))
SAMPLED = 64
LONGEST_WAY = 24


@dataclass(slots=True)
class Input:
    """Data that one parameter is multiplied with. ``low``, ``high`` and ``spread`` (root mean square) are of what was
    seen, ``storage`` is the array that it comes from, ``site`` where that got its name (or was made).
    """

    version: Version
    entry: int
    storage: int
    site: int
    low: float = np.inf
    high: float = -np.inf
    squares: list[float] = field(default_factory=list)

    @property
    def spread(self) -> float:
        """Root mean square."""
        return float(np.sqrt(np.mean(self.squares)))

    @property
    def largest(self) -> float:
        """The largest magnitude."""
        return max(abs(self.low), abs(self.high))


def inputs(view: StepView) -> list[Input]:
    """The data that the parameters meet in the first judged step."""
    made, tape = view.made, view.tape
    if made.recording is None:
        return []
    masks = made.window.masks
    first = {tape.storage_of(v.code): v for v in made.window.versions if v.round_ == 0}
    parameters = {s: v for s, v in first.items() if v.candidate in made.parameters}
    products = [t.fn in PRODUCTS for t in tape.templates]
    seen: dict[tuple[int, int], int] = {}
    found: dict[tuple[int, int], Input] = {}
    for entry in made.recording.entries:
        if not products[tape.entry_template[entry]] or entry not in masks.entry_masks:
            continue
        codes = [c for c in tape.entry(entry)[1] if c & 3 != CONST and tape.shape_of(c)]
        weights = [c for c in codes if tape.storage_of(c) in parameters]
        data = [c for c in codes if c not in weights and not masks.of(c)]
        if len(weights) != 1 or len(data) != 1:
            continue
        key = (tape.entry_template[entry], tape.storage_of(weights[0]))
        seen[key] = seen.get(key, 0) + 1
        if seen[key] > SAMPLED:
            continue
        if key not in found:
            storage, site = _origin(view, data[0])
            found[key] = Input(parameters[key[1]], entry, storage, site)
        position = list(tape.entry(entry)[1]).index(data[0])
        _add(found[key], made.recording.operands(entry)[0][position])
    return [i for i in found.values() if i.squares]


def _add(found: Input, value: np.ndarray) -> None:
    value = np.asarray(value, float)
    if value.size and np.isfinite(value).all():
        found.low, found.high = min(found.low, float(value.min())), max(found.high, float(value.max()))
        found.squares.append(float(np.mean(np.square(value))))


def _origin(view: StepView, code: int) -> tuple[int, int]:
    """The array that data was taken from, followed back to the one that has a name outside of loops."""
    tape = view.tape
    storage, entry = tape.storage_of(code), -1
    for _ in range(LONGEST_WAY):
        if storage in view.named:
            return storage, view.named[storage]
        entry = tape.storage_born[storage]
        if entry < 0:
            break
        _, codes, _ = tape.entry(entry)
        arrays = [c for c in codes if c & 3 != CONST and tape.storage_layout[tape.storage_of(c)] >= 0]
        if not arrays:
            break
        storage = tape.storage_of(max(arrays, key=lambda c: int(np.prod(tape.shape_of(c), dtype=int))))
    return storage, -1


def step_with_scaled_input(view: StepView, met: list[Input], by: float) -> tuple[dict[int, float], bool] | None:
    """The recorded step as it would be with the input divided by ``by``.

    Dividing the input is dividing the weights that meet it and their step twice by the same number, as long as nothing
    else reads it. Gives the length of the step relative to the parameter, by id of the candidate, and whether the loss
    of the batch falls; None where it cannot be replayed.
    """
    done = view.once(steps.effect)
    if done is None or done.trial.hypothesis.tail:
        return None
    trial = done.trial
    try:
        made = _forward(view, done, met, by)
        seeds = trial.seeds if trial.head is None else heads.seeds(trial.kind, trial.head, made)
        if seeds is None:
            return None
        start = steps.recorded(trial, made, seeds)
        return _taken(view, done, view.made.window.sweep(made, seeds), made, _scaled(met), by, start)
    except ReplayError:
        return None


def idle_with_scaled_input(view: StepView, met: list[Input], by: float, layer: activity.Layer) -> float | None:
    """The share of a layer's entries that would be idle in the first step with the input divided by ``by``."""
    done = view.once(steps.effect)
    if done is None or done.trial.hypothesis.tail:
        return None
    try:
        _, result = _forward(view, done, met, by).operands(layer.entry)
    except ReplayError:
        return None
    return activity.idle_share([activity.answers(result, layer.rectifies)])


def _scaled(met: list[Input]) -> set[int]:
    """Ids of the candidates that meet the data."""
    return {id(i.version.candidate) for i in met}


def _forward(view: StepView, done: steps.Effect, met: list[Input], by: float) -> Recording:
    """The forward pass with the input divided by ``by``, that is with the weights that meet it divided."""
    replay, state = done.trial.recording.replay, view.made.window.fork()
    for version, _ in done.moves:
        if id(version.candidate) in _scaled(met):
            value = np.asarray(steps.value_before(view, version), float)
            move(replay, state, version, (1 / by - 1) * value)
    made = Recording(replay, state, done.certifier.entries)
    made.run()
    return made


def _taken(
    view: StepView, done: steps.Effect, sweep: Sweep, made: Recording, scaled: set[int], by: float, start: float
) -> tuple[dict[int, float], bool] | None:
    """The step along the true gradients there, at the script's own rates."""
    lengths: dict[int, float] = {}
    moves: steps.Moves = []
    matches = {id(m.version): m for m in done.trial.matches}
    for version, step in done.moves:
        t = matches[id(version)].truth
        size = float(np.vdot(t, t))
        rate = float(np.vdot(np.reshape(step, t.shape), t)) / size if size else 0.0
        there = view.made.window.adjoint(sweep, version, made)[0]
        value = np.asarray(steps.value_before(view, version), float)
        c = id(version.candidate)
        factor = by if c in scaled else 1.0
        taken = rate * np.reshape(there, value.shape) / factor**2
        norm = float(np.linalg.norm(value)) / factor
        lengths[c] = float(np.linalg.norm(taken)) / norm if norm else 0.0
        moves.append((version, (1 / factor - 1) * value + taken))
    if not all(np.isfinite(d).all() for _, d in moves):
        return None
    if not done.overshoots:  # then the length alone was too large
        return lengths, True
    with np.errstate(all="ignore"):
        after = done.certifier.loss_at(moves)
    return lengths, bool(after < start if done.slope < 0 else after > start)


def single_rows(view: StepView) -> int | None:
    """How many samples the data holds, if each of the two judged steps reads one of them, and not the same one."""
    made, tape = view.made, view.tape
    if made.recording is None or not view.once(inputs):
        return None
    met = max(view.once(inputs), key=lambda i: tape.storage_size(i.storage))
    if tape.storage_layout[met.storage] < 0:
        return None
    shape, strides, _ = tape.layouts[tape.storage_layout[met.storage]]
    if len(shape) < 2 or shape[0] < 2:
        return None
    rows: dict[int, set[int]] = {}
    row = max(abs(strides[0]), 1)
    for entry in made.recording.entries:
        for code in tape.entry(entry)[1]:
            if code & 3 == VIEW and tape.views[code >> 2][0] == met.storage:
                low, high = tape.span_of(code)
                rows.setdefault(made.window.pass_of(entry), set()).update((low // row, (high - 1) // row))
    read = [r for r in rows.values() if r]
    single = len(read) >= 2 and all(len(r) == 1 for r in read) and len(set.union(*read)) == len(read)
    return shape[0] if single else None
