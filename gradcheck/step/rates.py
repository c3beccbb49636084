"""Rates: the scalar factors between a gradient and the increment that it becomes."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..ops.arithmetic import MATRIX_PRODUCTS, PRODUCTS, QUOTIENTS, SUMS
from ..tape import CONST, SCALAR, Tape
from .flow import Masks

MOST_LINKS = 12


class Rates:
    """Scalar factors on a tape. ``load`` gives the value of an operand, ``written`` the last entry that writes into a
    storage.
    """

    def __init__(self, tape: Tape, masks: Masks, load: Callable[[int], Any], written: Mapping[int, int]) -> None:
        self.tape = tape
        self.masks = masks
        self.load = load
        self.written = written

    def of(self, code: int) -> list[tuple[int, float, bool]]:
        """Scalar factors on the way from the increment to the gradient: (storage, value, depends on parameters)."""
        found: list[tuple[int, float, bool]] = []
        whole: list[tuple[int, float, bool]] = []  # a rate that is a whole number, where there is no other
        for _ in range(MOST_LINKS):
            storage = self.tape.storage_of(code)
            entry = self.tape.storage_born[storage] if storage >= 0 else -1
            if entry < 0 or self.written.get(storage, -1) > entry:  # more was added to it
                break
            template, inputs, _ = self.tape.entry(entry)
            if template.fn in (operator.neg, np.negative, operator.pos):
                code = inputs[0]
                continue
            if template.fn in SUMS and len(inputs) == 2:  # `0.0 - rate * g`, where a memory begins as a number
                begun = [c for c in inputs if self.tape.shape_of(c) == () and not self.masks.of(c)]
                if len(begun) != 1 or self.load(begun[0]) != 0:
                    break
                code = next(c for c in inputs if c != begun[0])
                continue
            if template.fn in MATRIX_PRODUCTS and not found and not whole and len(inputs) == 2:
                found += self._rate_of_operand(inputs[0])
                break
            divides = template.fn in QUOTIENTS
            scaling = divides or template.fn in PRODUCTS
            if not scaling or len(inputs) != 2 or template.structure is not None:
                break
            scalar = self._scalar_operand(inputs, divides)
            if scalar is None:
                break
            active, other = bool(self.masks.of(inputs[scalar])), bool(self.masks.of(inputs[1 - scalar]))
            if active and not other:
                code = inputs[scalar]  # an error times an input: the error carries the factors
                continue
            value = float(self.load(inputs[scalar]))
            value = (1.0 / value if value else 0.0) if divides else value
            inside = self._rates_inside(inputs[scalar]) if active and not divides else []
            found += inside
            if active:  # without the rates that it holds: they are told beside it
                value /= math.prod(v for _, v, _ in inside) or 1.0
                found.append((self.tape.storage_of(inputs[scalar]), value, True))
            elif self._is_rate(inputs[scalar]) and not divides:
                found += [(self.tape.storage_of(c), float(self.load(c)), False) for c in self._factors(inputs[scalar])]
            elif inputs[scalar] & 3 == CONST and not divides and not found:
                whole.append((-1, value, False))
            code = inputs[1 - scalar]
        return found or whole[:1]

    def _factors(self, code: int) -> list[int]:
        """The numbers that a rate is the product of (`0.1 * rate`), or the rate itself."""
        entry = self.tape.storage_born[self.tape.storage_of(code)]
        template, inputs, _ = self.tape.entry(max(entry, 0))
        if entry < 0 or template.fn is not operator.mul or len(inputs) != 2:
            return [code]
        named = [c for c in inputs if c & 3 == CONST or (c & 3 == SCALAR and self.is_literal(c >> 2))]
        rest = [c for c in inputs if c not in named]
        return [*named, *rest] if named and all(self._is_rate(c) for c in rest) else [code]

    def factor(self, entry: int) -> float:
        """The number that an entry multiplies an array by; 1 where it does something else."""
        template, inputs, _ = self.tape.entry(entry)
        if template.fn in (operator.neg, np.negative):
            return -1.0
        divides = template.fn in QUOTIENTS
        if not (divides or template.fn in PRODUCTS) or len(inputs) != 2 or template.structure is not None:
            return 1.0
        scalar = self._scalar_operand(inputs, divides)
        value = float(self.load(inputs[scalar])) if scalar is not None else 1.0
        return 1.0 / value if divides and value else value

    def _rates_inside(self, code: int) -> list[tuple[int, float, bool]]:
        """The rates in ``rate * error``, where that is one number and multiplies the rest of a gradient."""
        found: list[tuple[int, float, bool]] = []
        for _ in range(MOST_LINKS):
            entry = self.tape.storage_born[self.tape.storage_of(code)]
            template, inputs, _ = self.tape.entry(max(entry, 0))
            if entry < 0 or template.fn not in (operator.mul, np.multiply) or len(inputs) != 2:
                break
            still = [c for c in inputs if not self.masks.of(c)]
            if len(still) != 1 or not self._is_rate(still[0]):
                break
            found.append((self.tape.storage_of(still[0]), float(self.load(still[0])), False))
            code = next(c for c in inputs if c != still[0])
        return found

    def _rate_of_operand(self, code: int) -> list[tuple[int, float, bool]]:
        """The rate in ``rate * x.T @ d``, which is the product of ``rate * x.T`` and ``d``."""
        storage = self.tape.storage_of(code)
        born = self.tape.storage_born[storage] if storage >= 0 else -1
        template, inputs, _ = self.tape.entry(max(born, 0))
        if born < 0 or template.fn not in (operator.mul, np.multiply) or template.structure is not None:
            return []
        rates = [c for c in inputs if self.tape.shape_of(c) == () and self._is_rate(c)]
        return [(self.tape.storage_of(c), float(self.load(c)), False) for c in rates[:1]]

    def _scalar_operand(self, inputs: Any, divides: bool) -> int | None:
        """Position of the number in ``number * value`` or ``value / number``; the inactive one of two numbers."""
        shapes = [self.tape.shape_of(c) for c in inputs]
        if divides:
            return 1 if shapes[1] == () else None
        if shapes[0] == () and shapes[1] == ():
            return 0 if not self.masks.of(inputs[0]) else 1
        return 0 if shapes[0] == () else (1 if shapes[1] == () else None)

    def is_literal(self, storage: int) -> bool:
        """A number that no operation computed, a copy of one, or a sum with one: `1 + mu`."""
        entry = self.tape.storage_born[storage]
        if entry < 0:
            return True
        template, inputs, _ = self.tape.entry(entry)
        numbers = [c >> 2 for c in inputs if c & 3 == SCALAR]
        if template.fn in SUMS and numbers and all(c & 3 in (CONST, SCALAR) for c in inputs):
            return all(self.is_literal(s) for s in numbers)
        return template.fn in (operator.pos, operator.neg) and self.is_literal(inputs[0] >> 2)

    def is_schedule(self, storage: int, depth: int = 6) -> bool:
        """A rate, or one made from a rate; ``1 / m`` is made from sizes only."""
        entry = self.tape.storage_born[storage]
        if entry < 0:
            return float(self.tape.leaves.get(storage, 0.0)) != 1.0
        inputs = [c for c in self.tape.entry(entry)[1] if c & 3 == SCALAR]
        return depth > 0 and any(self.is_schedule(c >> 2, depth - 1) for c in inputs)

    def _is_rate(self, code: int) -> bool:
        """A number that nothing in the step computed from data: a literal, a name bound to one, a schedule."""
        return code & 3 == SCALAR and not self.masks.of(code)
