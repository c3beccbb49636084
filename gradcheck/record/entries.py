"""Writing entries: one method for each kind of thing that a script does to numbers and arrays."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..tape import CONST, VIEW, WHOLE, Tape, Template, flatten
from .events import is_elementwise
from .memory import ARRAY, NUMBER, Memory, kind_of, root_of

MOST_ITEMS = 200_000
LONG_LIST = 4096


class Entries:
    """Appends entries to the tape; knows nothing of loops or locations."""

    def __init__(self, tape: Tape, memory: Memory) -> None:
        self.tape = tape
        self.memory = memory
        self.work = 0.0
        self._flat: dict[Any, int] = {}  # (site, fn, arity) -> template, the common case without a structure

    # operations with a new result

    def op(self, site: int, fn: Any, args: tuple[Any, ...], out: Any) -> int:
        """``out = fn(*args)`` with plain operands. Returns the entry, -1 when ``out`` is no new memory."""
        memory, tape = self.memory, self.tape
        codes = [memory.code(a) for a in args]
        entry = len(tape.entry_template)
        result = memory.result_code(out, entry)
        if result < 0:
            return -1
        template = self._flat.get((site, fn, len(codes)))
        if template is None:
            template = self._new_flat(site, fn, len(codes))
        codes.append(result)
        self.work += 1.0 if kind_of(type(out)) == NUMBER else 1.0 + out.size / 2000 + self._product(fn, args, out)
        return tape.append(template, codes)

    def _product(self, fn: Any, args: tuple[Any, ...], out: Any) -> float:
        """Work of a matrix product beyond its result's size."""
        if fn not in (operator.matmul, np.dot, np.matmul, np.ndarray.dot) or not isinstance(args[0], np.ndarray):
            return 0.0
        return out.size * (args[0].shape[-1] if args[0].ndim else 1) / 2e6

    def _new_flat(self, site: int, fn: Any, arity: int) -> int:
        made = Template("op", fn, site, None, arity, 1, (), is_elementwise(fn))
        return self._flat.setdefault((site, fn, arity), self.tape.template(("op", site, fn, arity), lambda: made))

    def run(self, site: int, fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any, kind: str = "op") -> int:
        """``out = fn(*args, **kwargs)`` with any argument tree; ``out`` may be a list or tuple of results."""
        codes: list[int] = []
        tree = (list(args), kwargs) if kwargs else (list(args),)
        structure = flatten(tree, self.memory.code, codes)
        inputs = len(codes)
        entry = len(self.tape)
        outs = list(out) if isinstance(out, list | tuple) else [out]
        results = [self.memory.result_code(value, entry) for value in outs]
        if all(code < 0 for code in results):
            return -1
        marks = [code if code >= 0 else self.tape.constant(None) for code in results]
        several = isinstance(out, list | tuple)
        key = (kind, site, fn, structure, len(marks), several)
        elementwise = kind == "op" and is_elementwise(fn) and not several
        template = self.tape.template(key, lambda: Template(kind, fn, site, structure, inputs, len(marks), (), elementwise, several))
        self.work += 1.0 + sum(getattr(v, "size", 1) for v in outs) / 2000
        number = self.tape.append(template, [*codes, *marks])
        if kind == "opaque":
            self._freeze(outs, results)
        return number

    def _freeze(self, outs: list[Any], results: list[int]) -> None:
        """Results of something we cannot repeat keep the value that they had."""
        for value, code in zip(outs, results, strict=True):
            if code >= 0:
                storage = self.tape.storage_of(code)
                self.tape.leaves[storage] = value if kind_of(type(value)) == NUMBER else np.array(root_of(value), order="K")

    def element(self, site: int, code: int, out: Any) -> None:
        """``out`` is the entry at ``code`` (a view without axes) of an array."""
        tape = self.tape
        template = self._flat.get((site, "element", 1))
        if template is None:
            made = Template("element", operator.getitem, site, None, 1, 1)
            template = self._flat[(site, "element", 1)] = tape.template(("element", site), lambda: made)
        entry = len(tape.entry_template)
        self.work += 1.0
        tape.append(template, (code, self.memory.leaf_number(out, entry) * 4))

    def guard(self, site: int, fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
        """A truth value or an integer that steers the script: a replay elsewhere must find it again."""
        if kwargs or any(isinstance(a, list | tuple) for a in args) or not self.has_tracked(list(args)):
            return
        codes = [self.memory.code(a) for a in args]
        made = lambda: Template("guard", fn, site, None, len(codes) + 1, 0)  # noqa: E731
        self.tape.append(self.tape.template(("guard", site, fn, len(codes)), made), [*codes, self.tape.constant(bool(out) if isinstance(out, bool | np.bool_) else int(out))])
        self.work += 1.0

    # writes

    def inplace(self, site: int, fn: Any, dest: int, value: int) -> int:
        """``fn`` is an in-place operator: dest becomes fn(dest, value)."""
        key = ("inplace", site, fn)
        made = lambda: Template("inplace", fn, site, None, 2, 0, (0,), True)  # noqa: E731
        self.work += 1.0
        return self.tape.append(self.tape.template(key, made), (dest, value))

    def store(self, site: int, dest: int, value: int) -> int:
        """The value is copied (broadcast, cast) into dest."""
        made = lambda: Template("store", None, site, None, 2, 0, (0,), True)  # noqa: E731
        self.work += 1.0
        return self.tape.append(self.tape.template(("store", site), made), (dest, value))

    def mutate(self, site: int, fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any], written: tuple[Any, ...]) -> int:
        """``fn(*args, **kwargs)`` that writes the arrays ``written``, which are among its arguments. Call it before it runs."""
        codes: list[int] = []
        tree = (list(args), kwargs) if kwargs else (list(args),)
        structure = flatten(tree, self.memory.code, codes)
        targets = [self.memory.code(w) for w in written]
        writes = tuple(i for i, code in enumerate(codes) if code in targets and code & 3 != CONST)
        for code in targets:
            self.memory.before_write(code)
        key = ("call", site, fn, structure, writes)
        made = lambda: Template("call", fn, site, structure, len(codes), 0, writes, is_elementwise(fn))  # noqa: E731
        self.work += 1.0
        return self.tape.append(self.tape.template(key, made), codes)

    def set_constant(self, site: int, array: np.ndarray) -> int:
        """Something outside the tape has written the array: its content now is taken as given."""
        dest = self.memory.code(array)
        key = ("set", site)
        made = lambda: Template("set", None, site, None, 2, 0, (0,))  # noqa: E731
        return self.tape.append(self.tape.template(key, made), (dest, self.tape.constant(array.copy())))

    # places inside arrays

    def element_code(self, array: np.ndarray, index: Any) -> int:
        """Operand code of one entry of an array addressed by integers, -1 when the index is something else."""
        kind = type(index)
        if kind is int or isinstance(index, np.integer):
            index = (index,)
        elif kind is not tuple:
            return -1
        if len(index) != array.ndim or not all(type(i) is int or isinstance(i, np.integer) for i in index):
            return -1
        code = self.memory.array_code(array)
        tag = code & 3
        if tag == WHOLE:
            storage, offset, layout = code >> 2, 0, self.tape.storage_layout[code >> 2]
        elif tag == VIEW:
            storage, offset, layout = self.tape.views[code >> 2]
        else:
            return -1
        shape, strides, dtype = self.tape.layouts[layout]
        for i, n, s in zip(index, shape, strides, strict=True):
            offset += int(i + n if i < 0 else i) * s
        return self.tape.view(storage, offset, self.tape.layout((), (), dtype))

    def has_tracked(self, value: Any, depth: int = 0, long: bool = False) -> bool:
        """Whether an argument tree holds an array or a number; in long lists only numbers that the tape has met count."""
        kind = kind_of(type(value))
        if kind == NUMBER:
            return not long or id(value) in self.memory.numbers
        if kind == ARRAY:
            return True
        if depth < 4 and isinstance(value, list | tuple | dict) and len(value) <= MOST_ITEMS:
            items = value.values() if isinstance(value, dict) else value
            long = long or len(value) > LONG_LIST
            return any(self.has_tracked(v, depth + 1, long) for v in items)
        return False

