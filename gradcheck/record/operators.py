"""Operators between two values or on one, and the in-place ones."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..tape import CONST
from .bindings import Bindings
from .entries import PRODUCTS
from .memory import _KINDS as KINDS
from .memory import NUMBER, is_odd, kind_of, root_of
from .taps import OPCODES

NAMES = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and_", "or_", "xor")
COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne")
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {n: getattr(operator, n) for n in (*NAMES, *COMPARISONS)}
UNARY: dict[str, Callable[[Any], Any]] = {"neg": operator.neg, "pos": operator.pos, "invert": operator.invert}
IN_PLACE: tuple[Callable[[Any, Any], Any], ...] = tuple(getattr(operator, f"i{name}") for name in OPCODES)
PLAIN: tuple[Callable[[Any, Any], Any], ...] = tuple(
    getattr(operator, f"{name}_" if name in ("and", "or") else name) for name in OPCODES
)


class Operators(Bindings):
    """The taps of operators."""

    def _operators(self) -> None:
        for name, fn in OPERATORS.items():
            setattr(self, name, self._binary(fn))
        for name, fn1 in UNARY.items():
            setattr(self, name, self._unary(fn1))
        self._plain = [self.recording(fn) for fn in PLAIN]

    def _binary(self, fn: Callable[[Any, Any], Any]) -> Callable[..., Any]:
        kinds, record, broke = KINDS, self.recording(fn), self.broke

        def tap(site: int, left: Any, right: Any, /) -> Any:
            out = fn(left, right)
            if self.armed:
                kind = kinds.get(type(out), -1)
                if kind or type(out) in (bool, np.bool_, list):
                    try:
                        record(site, left, right, out, kind)
                    except Exception as error:
                        broke(site, error, out)
            return out

        return tap

    def recording(self, fn: Callable[[Any, Any], Any]) -> Callable[..., None]:
        """Records ``out = fn(left, right)``: the common cases without a call to anything else."""
        tape, memory, entries = self.tape, self.memory, self.entries
        codes, objects, code_of = memory.codes, memory.objects, memory.code
        templates: dict[int, int] = {}

        def record(site: int, left: Any, right: Any, out: Any, kind: int) -> None:
            if kind != NUMBER and (type(out) is not np.ndarray or out.dtype.hasobject):
                self._other(site, fn, left, right, out)
                return
            first = codes.get(id(left))
            if first is None:
                if is_odd(type(left)):
                    return entries.frozen(site, fn, (left, right), out)
                first = code_of(left)
            second = codes.get(id(right))
            if second is None:
                if is_odd(type(right)):
                    return entries.frozen(site, fn, (left, right), out)
                second = code_of(right)
            entry = len(tape.entry_template)
            if kind == NUMBER:
                key = id(out)
                if key in codes:
                    return None
                storage = len(tape.storage_born)
                tape.storage_layout.append(-1)
                tape.storage_born.append(entry)
                objects.append(out)
                result = codes[key] = storage * 4
                entries.work += 1.0
            else:
                if id(out) in codes:
                    return None
                result = memory.new_array(out, entry) if out.base is None else memory.result_code(out, entry)
                if result < 0:
                    return None
                entries.work += 1.0 + out.size / 2000 + (entries.product(fn, left, out) if fn in PRODUCTS else 0.0)
            template = templates.get(site)
            if template is None:
                template = templates[site] = entries.flat_template(site, fn, 2)
            tape.entry_template.append(template)
            tape.entry_start.append(len(tape.operands))
            tape.operands.extend((first, second, result))
            return None

        return record

    def recording_one(self, fn: Callable[[Any], Any]) -> Callable[..., None]:
        """Records ``out = fn(operand)`` of a plain array or number."""
        tape, memory, entries = self.tape, self.memory, self.entries
        codes, code_of = memory.codes, memory.code
        templates: dict[int, int] = {}

        def record(site: int, operand: Any, out: Any) -> None:
            first = codes.get(id(operand))
            if first is None:
                if is_odd(type(operand)):
                    return entries.frozen(site, fn, (operand,), out)
                first = code_of(operand)
            if id(out) in codes:
                return None
            entry = len(tape.entry_template)
            if type(out) is np.ndarray and out.base is None:
                result = memory.new_array(out, entry)
                entries.work += 1.0 + out.size / 2000
            else:
                result = memory.result_code(out, entry)
                entries.work += 1.0
            if result < 0:
                return None
            template = templates.get(site)
            if template is None:
                template = templates[site] = entries.flat_template(site, fn, 1)
            tape.entry_template.append(template)
            tape.entry_start.append(len(tape.operands))
            tape.operands.extend((first, result))
            return None

        return record

    def _other(self, site: int, fn: Any, left: Any, right: Any, out: Any) -> None:
        """Results that are no plain number or array."""
        if type(out) is list:
            self.entries_of_list(site, out)
        elif type(out) is bool or type(out) is np.bool_:
            if kind_of(type(left)) or kind_of(type(right)):
                self.entries.guard(site, fn, (left, right), {}, out)
        elif isinstance(out, np.ndarray):
            if out.dtype.hasobject:
                self._objects(site, fn, left, right, out)
            elif is_odd(type(out)) or is_odd(type(left)) or is_odd(type(right)):
                self.entries.frozen(site, fn, (left, right), out)
            elif isinstance(out, np.matrix):
                self._matrix_op(site, fn, left, right, out)
            else:
                self.entries.op(site, fn, (left, right), out)
        elif kind_of(type(out)):
            self.entries.op(site, fn, (left, right), out)

    def _unary(self, fn: Callable[[Any], Any]) -> Callable[..., Any]:
        def tap(site: int, operand: Any, /) -> Any:
            out = fn(operand)
            if self.armed and kind_of(type(out)):
                try:
                    self._unary_note(site, fn, operand, out)
                except Exception as error:
                    self.broke(site, error, out)
            return out

        return tap

    def _unary_note(self, site: int, fn: Any, operand: Any, out: Any) -> None:
        if is_odd(type(operand)) or is_odd(type(out)):
            self.entries.frozen(site, fn, (operand,), out)
        elif isinstance(out, np.ndarray) and out.dtype.hasobject:
            for before, after in zip(operand.ravel(), out.ravel(), strict=True):
                if kind_of(type(after)) and kind_of(type(before)):
                    self.entries.op(site, fn, (before,), after)
        else:
            self.entries.op(site, fn, (operand,), out)

    def _matrix_op(self, site: int, fn: Any, left: Any, right: Any, out: Any) -> None:
        """np.matrix: `*` and `**` are matrix products; everything else is elementwise."""
        if fn is operator.mul and np.ndim(left) and np.ndim(right):
            fn = np.dot
        elif fn is operator.pow:
            fn = np.linalg.matrix_power
        self.entries.op(site, fn, (np.atleast_2d(left) if np.ndim(left) else left, right), out)

    def _objects(self, site: int, fn: Any, left: Any, right: Any, out: np.ndarray) -> None:
        """An operation on an array of arrays: each entry's operation is recorded by itself."""
        a, b = np.broadcast_to(_boxed(left), out.shape), np.broadcast_to(_boxed(right), out.shape)
        for index in np.ndindex(out.shape):
            value = out[index]
            if kind_of(type(value)) and not (isinstance(value, np.ndarray) and value.dtype.hasobject):
                self.entries.op(site, fn, (a[index], b[index]), value)

    # augmented assignment

    def augment(self, site: int, opcode: int, left: Any, right: Any) -> Any:
        """``left op= right``: the value that the target gets."""
        if not self.armed or not isinstance(left, np.ndarray) or is_odd(type(left)):
            return self._augment_value(site, opcode, left, right)
        if left.dtype.hasobject:
            return self._augment_objects(site, opcode, left, right)
        dest, value = -1, -1
        failure = None
        try:
            dest = self.memory.array_code(left)
            if is_odd(type(right)):
                value = -1
            else:
                value = self.value_code(site, right)
            self.memory.before_write(dest if dest & 3 != CONST else self.memory.array_code(root_of(left)))
        except Exception as error:
            failure = error
        try:
            out = IN_PLACE[opcode](left, right)
        except BaseException:
            self.taken_as_it_is(site, left)
            raise
        try:
            if failure is not None:
                raise failure
            self._augmented(site, opcode, left, right, out, dest, value)
        except Exception as error:
            self.broke(site, error, left, out)
        return out

    def _augmented(self, site: int, opcode: int, left: np.ndarray, right: Any, out: Any, dest: int, value: int) -> None:
        if out is not left:
            if kind_of(type(out)):
                self.entries.op(site, PLAIN[opcode], (left, right), out)
        elif dest & 3 == CONST:
            self.taken_as_it_is(site, root_of(left))
        elif isinstance(left, np.matrix) and opcode == OPCODES.index("mul") and np.ndim(right) or is_odd(type(right)):
            self.entries.set_constant(site, left)
        else:
            entry = self.entries.inplace(site, IN_PLACE[opcode], dest, value)
            self.locations.written(site, entry, dest, [entry], [value], self.loops.current)

    def about_to_write(self, site: int, array: np.ndarray) -> None:
        """Something is going to write a known array: what it held is kept."""
        try:
            if self.memory.known(array):
                self.memory.before_write(self.memory.array_code(root_of(array)))
        except Exception as error:
            self.broke(site, error)

    def let_go(self, array: np.ndarray) -> None:
        """The array is not to be held, now or later: the tape has a copy of what it holds."""
        try:
            root = root_of(array)
            self.memory.before_write(self.memory.array_code(root))
        except Exception as error:
            self.broke(-1, error)

    def taken_as_it_is(self, site: int, array: np.ndarray) -> None:
        """A write ended in an exception: whatever it left in the array is taken as it is."""
        try:
            if self.memory.known(array):
                self.entries.set_constant(site, array)
        except Exception as error:
            self.broke(site, error)

    def _augment_value(self, site: int, opcode: int, left: Any, right: Any) -> Any:
        if self.armed and isinstance(left, np.ndarray):
            self.about_to_write(site, left)
        out = IN_PLACE[opcode](left, right)
        if self.armed and kind_of(type(out)):
            try:
                if out is left and isinstance(out, np.ndarray):
                    self.taken_as_it_is(site, out)
                else:
                    self._plain[opcode](site, left, right, out, kind_of(type(out)))
            except Exception as error:
                self.broke(site, error, out)
        return out

    def _augment_objects(self, site: int, opcode: int, left: np.ndarray, right: Any) -> Any:
        before = left.copy()
        out = IN_PLACE[opcode](left, right)
        try:
            b = np.broadcast_to(_boxed(right), left.shape)
            for index in np.ndindex(left.shape):
                old, new = before[index], left[index]
                if kind_of(type(new)) and kind_of(type(old)):
                    self.entries.op(site, PLAIN[opcode], (old, b[index]), new)
                    self.assign(("slot", id(left), index), site, new, old, left)
        except Exception as error:
            self.broke(site, error)
        return out


def _boxed(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.dtype.hasobject:
        return value
    box = np.empty((), object)
    box[()] = value
    return box
