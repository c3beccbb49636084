"""Whether a scalar of the script is one that is made small, as far as its own formula tells.

Squares, sizes and margins have a least value and no largest one, and a negated logarithm is a loss wherever it stands.
All else (a reward, a likelihood, a density) may as well be climbed on purpose.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ops import name_of
from ..ops.arithmetic import SUBTRACTIONS, SUMS
from ..replay.forward import ReplayError
from ..step.trials import Judgement, Trial
from ..tape import CONST

MOST_LINKS = 200
MOST_READERS = 4000
PASSING = frozenset(
    ("sum", "mean", "average", "reduce", "getitem", "reshape", "ravel", "squeeze", "asarray", "float", "item", "pos")
)
JOINING = frozenset(("add", "where", "concatenate", "stack"))
SIZES = frozenset(("abs", "fabs", "absolute", "square", "norm"))
PRODUCTS = frozenset(("mul", "multiply", "dot", "vdot", "inner", "matmul"))
QUOTIENTS = frozenset(("truediv", "divide"))
POWERS = frozenset(("pow", "power"))
LOGARITHMS = frozenset(("log", "log2", "log10", "log1p"))


def is_made_small(made: Judgement, t: Trial) -> bool:
    """Whether the formula of a loss of the script's own is that of a loss."""
    return all(_Formula(made, t).rises(code, 1) for code in t.hypothesis.codes)


def is_taken_off(t: Trial) -> bool:
    """Whether the script adds up the negative of a scalar: ``nll -= log_density``."""
    tape, h = t.recording.replay.tape, t.hypothesis
    follow = {tape.storage_of(h.codes[0])}
    totals: dict[int, int] = {}  # storage of a running total -> the template that made it
    for number in range(h.entries[0] + 1, min(len(tape), h.entries[0] + MOST_READERS)):
        template, inputs, _ = tape.entry(number)
        if not inputs or template.fn not in SUMS | {operator.pos}:
            continue
        read = [c & 3 != CONST and tape.storage_of(c) in follow for c in inputs]
        if totals.get(tape.storage_of(inputs[0])) == tape.entry_template[number]:
            return True
        if template.fn in SUBTRACTIONS and read[1] and not read[0]:
            totals |= dict.fromkeys(tape.made(number), tape.entry_template[number])
        elif any(read):  # the rest of the same formula
            follow |= tape.made(number)
    return False


class _Formula:
    """The operations behind a scalar, with the values that they had."""

    def __init__(self, made: Judgement, t: Trial) -> None:
        self.tape = t.recording.replay.tape
        self.trial = t
        self.masks = made.window.masks
        self.carried = set(t.hypothesis.tail)
        self.left = MOST_LINKS

    def rises(self, code: int, way: int) -> bool:
        """Whether a value (with ``way`` -1 its negative) is a sum of squares, sizes, margins and negated logarithms,
        with weights that are not negative.
        """
        if not self._depends(code):
            return way > 0 and self._least(code) >= 0 or way < 0 and self._least(code, -1) >= 0
        entry = self.tape.storage_born[self.tape.storage_of(code)]
        self.left -= 1
        if entry < 0 or self.left < 0:
            return False
        template, inputs, _ = self.tape.entry(entry)
        name = "getitem" if template.kind == "element" else name_of(template.fn).rpartition(".")[2]
        if name in PASSING:
            return self.rises(inputs[0], way)
        if name in JOINING:
            return all(self.rises(c, way) for c in inputs[-2:])
        if name in ("sub", "subtract"):
            return self.rises(inputs[0], way) and self.rises(inputs[1], -way)
        if name in ("neg", "negative"):
            return self.rises(inputs[0], -way)
        if name in LOGARITHMS:
            return way < 0
        return self._weighted(name, inputs, way) or way > 0 and self._has_least(name, inputs)

    def _weighted(self, name: str, inputs: Sequence[int], way: int) -> bool:
        """A value of the kind, times or over data of one sign."""
        pairs = [(inputs[0], inputs[1])] if name in QUOTIENTS else []
        pairs += [(inputs[0], inputs[1]), (inputs[1], inputs[0])] if name in PRODUCTS else []
        for value, weight in pairs:
            if not self._depends(weight):
                sign = 1 if self._least(weight) >= 0 else -1 if self._least(weight, -1) >= 0 else 0
                if sign and self.rises(value, way * sign):
                    return True
        return False

    def _has_least(self, name: str, inputs: Sequence[int]) -> bool:
        """A square, a size, a margin."""
        if name in SIZES:
            return True
        if name in POWERS:
            return self._least(inputs[1]) in (2.0, 4.0)
        if name == "maximum":
            return any(self._least(c) >= 0 for c in inputs if not self._depends(c))
        return name in PRODUCTS and self._root(inputs[0]) == self._root(inputs[1]) >= 0

    def _root(self, code: int) -> int:
        """The storage that a value is a multiple of, by factors that are not negative; -1 for a constant."""
        while code & 3 != CONST:
            entry = self.tape.storage_born[self.tape.storage_of(code)]
            template, inputs, _ = self.tape.entry(entry) if entry >= 0 else (None, (), ())
            name = name_of(template.fn).rpartition(".")[2] if template is not None and template.fn is not None else ""
            weighed = [c for c in inputs[:2] if name in PRODUCTS | QUOTIENTS and not self._depends(c)]
            if name not in ("T", "transpose") and (len(weighed) != 1 or self._least(weighed[0]) < 0):
                return self.tape.storage_of(code)
            code = next(c for c in inputs if c not in weighed)
        return -1

    def _depends(self, code: int) -> bool:
        """Whether a value depends on a parameter; of what was carried over from elsewhere, its operands tell."""
        if code & 3 == CONST or not self.masks.of(code):
            return False
        entry = self.tape.storage_born[self.tape.storage_of(code)]
        return entry not in self.carried or any(self._depends(c) for c in self.tape.entry(entry)[1])

    def _least(self, code: int, sign: int = 1) -> float:
        """The least of a value's numbers, or of their negatives; minus infinity where they are not known."""
        value: Any = None
        if code & 3 == CONST:
            value = self.tape.constants[code >> 2]
        else:
            try:
                value = self.trial.recording.replay.load(self.trial.recording.state, code)
            except ReplayError:
                value = None
        known = value is not None and np.asarray(value).dtype.kind in "fiub" and np.size(value) > 0
        return float(np.min(sign * np.asarray(value, float))) if known else -np.inf
