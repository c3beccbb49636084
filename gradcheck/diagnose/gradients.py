"""The script's own gradients, step by step, as hooks and the report's norms want them.

Values come from the replayed step, so each is what it was when the update used it, whatever the script did to the array
afterwards.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..replay.forward import ReplayError
from ..step.candidates import Candidate
from ..step.gradient import Gradient
from ..step.trials import Judgement
from . import naming

_open = io.open  # bound before the script runs: its own calls are sent elsewhere


@dataclass(frozen=True, slots=True)
class Seen:
    """One parameter in one step: arrays in its shape (float64), ``step`` counted from 1.

    ``gradient`` is what the update descends, freed of the learning rate: the increment divided by minus its rate, or,
    with optimiser state, the value that the state is made from. ``update`` is what was added, ``value`` what to.
    """

    parameter: str
    step: int
    gradient: np.ndarray
    update: np.ndarray
    value: np.ndarray
    rate: float


def seen(made: Judgement) -> Iterator[Seen]:
    """The gradients of the steps in the judged window, parameters in the report's order."""
    if made.extraction is None or made.fault:
        return
    for group in naming.groups(made.parameters):
        for round_ in range(made.window.rounds):
            if all(len(c.rounds) > round_ for c in group.members):
                try:
                    yield _of_group(made, group, round_)
                except ReplayError:
                    continue


def keep(file: str, *parts: np.ndarray) -> None:
    """Write arrays, one after the other, in NumPy's format. Raises OSError."""
    with _open(file, "wb") as stream:
        for part in parts:
            np.lib.format.write_array(stream, np.asarray(part), allow_pickle=False)


def _of_group(made: Judgement, group: naming.Group, round_: int) -> Seen:
    found = [(of(made, c, round_), c) for c in group.members]
    one = len(found) == 1
    gradients = [analytic(g, c) for g, c in found]
    updates = [np.reshape(g.step, c.shape) for g, c in found]
    values = [_value(made, c, round_) for _, c in found]
    shape = tuple(group.shape)
    joined = [parts[0] if one else np.reshape(np.stack(parts), shape) for parts in (gradients, updates, values)]
    return Seen(group.name, round_ + 1, joined[0], joined[1], joined[2], found[0][0].rate)


def of(made: Judgement, c: Candidate, round_: int) -> Gradient:
    """What stands for the gradient of a candidate in one round."""
    assert made.extraction is not None
    cache = made.extraction.cache
    key = (id(c), round_, 0)
    if key not in cache:
        cache[key] = made.extraction.gradient(c, c.rounds[round_])
    return cache[key]


def analytic(g: Gradient, c: Candidate) -> np.ndarray:
    """The gradient in the candidate's shape, free of the rate."""
    value = g.value if g.stateful and g.value is not g.step else -g.step / (g.rate or 1.0)
    if value.ndim == 2 and value.shape[::-1] == c.shape != value.shape:
        value = value.T
    return np.asarray(np.reshape(value, c.shape) if value.size == g.step.size else value, float)


def _value(made: Judgement, c: Candidate, round_: int) -> np.ndarray:
    """The parameter at the beginning of its first step, moved by the updates before this one."""
    assert made.recording is not None and made.extraction is not None
    start = np.array(made.recording.replay.load(made.window.base, c.region), float).reshape(c.shape)
    for earlier in range(round_):
        start = start + np.reshape(of(made, c, earlier).step, c.shape)
    return start
