"""What rounding does to a result, measured: the same entries again, each inexact result moved by a random rounding.

The running error bound of the sweep takes forward values as given. Where one of them has cancelled (``1 - s`` of a
saturated sigmoid), its error is far above the bound, in the truth and in a correct gradient alike. Random roundings
show it (Vignes, "A stochastic arithmetic for reliable scientific computation", 1993).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..tape import CONST, SCALAR, WHOLE, Template
from .forward import GuardFlip, Replay, ReplayError
from .functions import ufunc_of
from .memory import State
from .recording import Recording, last_writes

UNIT = 2.0**-53
_EXACT = frozenset(
    getattr(np, name)
    for name in "maximum minimum fmax fmin sign floor ceil rint trunc absolute fabs negative positive copysign "
    "floor_divide conjugate".split()
)
_INEXACT = frozenset(
    (
        np.dot,
        np.sum,
        np.mean,
        np.var,
        np.std,
        np.prod,
        np.cumsum,
        np.einsum,
        np.tensordot,
        np.inner,
        np.outer,
        np.trace,
        np.average,
    )
    + (np.linalg.norm, np.linalg.inv, np.linalg.solve, np.linalg.det, np.convolve, np.correlate, np.linalg.multi_dot)
    + tuple(getattr(np.ndarray, name) for name in ("dot", "sum", "mean", "var", "std", "prod", "cumsum", "trace"))
    + (
        sum,
        pow,
        math.pow,
        math.exp,
        math.log,
        math.sqrt,
        math.tanh,
        math.sin,
        math.cos,
        math.log1p,
        math.expm1,
        math.log2,
    )
)
_INEXACT_WRITES = frozenset(
    (operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ipow, operator.imatmul)
)


def again(recording: Recording, fork: Callable[[], State], rounds: int = 3) -> list[Recording]:
    """The recording with other roundings, ``rounds`` times at most; ``fork`` gives the state at its beginning.

    Fewer where a comparison would fall otherwise.
    """
    written = set(last_writes(recording.replay.tape, recording.entries))
    found = []
    for seed in range(rounds):
        other = Recording(Perturbed(recording.replay, recording.state, written, seed), fork(), recording.entries)
        try:
            other.run()
        except ReplayError:
            continue
        found.append(other)
    return found


class Perturbed(Replay):
    """A replay whose inexact results are off by up to one unit roundoff, at random.

    Raises `GuardFlip` where a comparison or an index then comes out otherwise than in ``base``: a jump is not rounding.
    """

    def __init__(self, replay: Replay, base: State, written: set[int], seed: int) -> None:
        super().__init__(replay.tape, replay.promote)
        self.replaced = replay.replaced
        self.guarded = True
        self.quick = False
        self.base = base
        self.written = written
        self.random = np.random.default_rng(seed)

    def _one(self, state: State, number: int) -> None:
        template, inputs, outputs = self.tape.entry(number)
        inexact = is_inexact(template) and not all(self._whole(state, c) for c in inputs)
        super()._one(state, number)
        if template.kind == "op":
            for code in outputs:
                if code & 3 == SCALAR and inexact:
                    state.table[code >> 2] = state.table[code >> 2] * (1.0 + 2 * UNIT * self.random.uniform(-1, 1))
                elif code & 3 == WHOLE:
                    self._array(state.table[code >> 2], code >> 2, inexact)
        elif inexact:
            self._array(self.load(state, inputs[template.writes[-1]]), -1, True)

    def _array(self, value: np.ndarray, storage: int, inexact: bool) -> None:
        if value.dtype.kind == "f":
            if inexact:
                value *= 1.0 + 2 * UNIT * self.random.uniform(-1, 1, value.shape)
        elif storage not in self.written:
            known = self.base.get(storage)
            if known is not None and not np.array_equal(known, value):
                raise GuardFlip(-1, "a comparison falls otherwise after rounding")

    def _whole(self, state: State, code: int) -> bool:
        """Whether an operand holds integers only: sums and products of those are exact."""
        value = self.constants[code >> 2] if code & 3 == CONST else self.load(state, code)
        if not isinstance(value, float | np.floating | np.ndarray):
            return True
        array = np.asarray(value)
        return array.dtype.kind != "f" or bool(np.all(array == np.rint(array)))


def is_inexact(template: Template) -> bool:
    """Whether an entry's result is rounded, rather than moved, chosen or compared."""
    fn: Any = template.fn
    if template.kind == "inplace":
        return fn in _INEXACT_WRITES
    if template.kind not in ("op", "call"):
        return False
    fn = ufunc_of(fn)
    if isinstance(fn, np.ufunc):
        return fn not in _EXACT and (template.kind == "op" or bool(template.writes))
    return template.kind == "op" and (fn in _INEXACT or isinstance(getattr(fn, "__self__", None), np.ufunc))
