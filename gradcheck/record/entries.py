"""Writing entries: one method for each kind of thing that a script does to numbers and arrays."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..tape import CONST, Tape, Template, flatten
from .events import is_elementwise
from .memory import ARRAY, NUMBER, Memory, Unrepeatable, kind_of, root_of

PRODUCTS = frozenset((operator.matmul, np.dot, np.matmul, np.ndarray.dot))
MOST_ITEMS = 200_000
LONG_LIST = 4096


class Entries:
    """Appends entries to the tape; knows nothing of loops or locations."""

    def __init__(self, tape: Tape, memory: Memory) -> None:
        self.tape = tape
        self.memory = memory
        self.work = 0.0
        self._flat: dict[Any, int] = {}  # (site, fn, arity) -> template, the common case without a structure
        self._elements: dict[int, int] = {}  # site -> template
        self._stores: dict[int, int] = {}  # site -> template

    # operations with a new result

    def op(self, site: int, fn: Any, args: tuple[Any, ...], out: Any) -> int:
        """``out = fn(*args)`` with plain operands. Returns the entry, -1 when ``out`` is no new memory."""
        memory, tape = self.memory, self.tape
        try:
            codes = [memory.code(a) for a in args]
        except Unrepeatable:
            return self.run(site, fn, args, {}, out)
        entry = len(tape.entry_template)
        result = memory.result_code(out, entry)
        if result < 0:
            return -1
        template = self._flat.get((site, fn, len(codes)))
        if template is None:
            template = self.flat_template(site, fn, len(codes))
        codes.append(result)
        self.work += 1.0 if kind_of(type(out)) == NUMBER else 1.0 + out.size / 2000 + self.product(fn, args[0], out)
        return tape.append(template, codes)

    def product(self, fn: Any, left: Any, out: Any) -> float:
        """Work of a matrix product beyond its result's size."""
        if fn not in PRODUCTS or not isinstance(left, np.ndarray):
            return 0.0
        return float(out.size * (left.shape[-1] if left.ndim else 1) / 2e6)

    def flat_template(self, site: int, fn: Any, arity: int) -> int:
        """The template of a call at ``site`` whose operands are its positional arguments."""
        made = Template("op", fn, site, None, arity, 1, (), is_elementwise(fn))
        return self._flat.setdefault((site, fn, arity), self.tape.template(("op", site, fn, arity), lambda: made))

    def value_of(self, site: int, fn: Any, code: int, out: Any) -> None:
        """``out = fn(operand)`` where the operand is known by its code alone."""
        if code >= 0 and id(out) not in self.memory.codes:
            template = self.flat_template(site, fn, 1)
            entry = len(self.tape)
            self.work += 1.0
            self.tape.append(template, (code, self.memory.leaf_number(out, entry) * 4))

    def frozen(self, site: int, fn: Any, args: tuple[Any, ...], out: Any) -> None:
        """A result that no replay can make again: it depends on its operands and keeps its value."""
        self.run(site, fn, tuple(_numbers_in(list(args))), {}, out, "opaque")

    def run(self, site: int, fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any, kind: str = "op") -> int:
        """``out = fn(*args, **kwargs)`` with any argument tree; ``out`` may be a list or tuple of results."""
        codes: list[int] = []
        tree = (list(args), kwargs) if kwargs else (list(args),)
        try:
            structure = flatten(tree, self.memory.code, codes)
        except Unrepeatable:
            args = tuple(_numbers_in([list(args), list(kwargs.values())]))
            return self.run(site, fn, args, {}, out, "opaque")
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
        made = Template(kind, fn, site, structure, inputs, len(marks), (), elementwise, several)
        template = self.tape.template(key, lambda: made)
        self.work += 1.0 + sum(v.size if isinstance(v, np.ndarray) else 1 for v in outs) / 2000
        number = self.tape.append(template, [*codes, *marks])
        if kind == "opaque":
            self._freeze(outs, results)
        return number

    def _freeze(self, outs: list[Any], results: list[int]) -> None:
        """Results of something we cannot repeat keep the value that they had."""
        for value, code in zip(outs, results, strict=True):
            if code >= 0:
                storage = self.tape.storage_of(code)
                number = kind_of(type(value)) == NUMBER
                self.tape.leaves[storage] = value if number else np.array(root_of(value), order="K")

    def element(self, site: int, code: int, out: Any) -> None:
        """``out`` is the entry at ``code`` (a view without axes) of an array."""
        tape, memory = self.tape, self.memory
        template = self._elements.get(site)
        if template is None:
            made = Template("element", operator.getitem, site, None, 1, 1)
            template = self._elements[site] = tape.template(("element", site), lambda: made)
        key = id(out)
        if key in memory.codes:
            return
        storage = len(tape.storage_born)
        tape.storage_layout.append(-1)
        tape.storage_born.append(len(tape.entry_template))
        memory.objects.append(out)
        result = memory.codes[key] = storage * 4
        self.work += 1.0
        tape.entry_template.append(template)
        tape.entry_start.append(len(tape.operands))
        tape.operands.extend((code, result))

    def guard(self, site: int, fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
        """A truth value or an integer that steers the script: a replay elsewhere must find it again."""
        if kwargs or any(isinstance(a, list | tuple) for a in args) or not self.has_tracked(list(args)):
            return
        codes = [self.memory.code(a) for a in args]
        made = Template("guard", fn, site, None, len(codes) + 1, 0)
        value = bool(out) if isinstance(out, bool | np.bool_) else int(out)
        template = self.tape.template(("guard", site, fn, len(codes)), lambda: made)
        self.tape.append(template, [*codes, self.tape.constant(value)])
        self.work += 1.0

    # writes

    def inplace(self, site: int, fn: Any, dest: int, value: int) -> int:
        """``fn`` is an in-place operator: dest becomes fn(dest, value)."""
        template = self._flat.get((site, fn, "inplace"))
        if template is None:
            made = Template("inplace", fn, site, None, 2, 0, (0,), True)
            template = self._flat[(site, fn, "inplace")] = self.tape.template(("inplace", site, fn), lambda: made)
        self.work += 1.0
        return self.tape.append(template, (dest, value))

    def store(self, site: int, dest: int, value: int) -> int:
        """The value is copied (broadcast, cast) into dest."""
        template = self._stores.get(site)
        if template is None:
            made = Template("store", None, site, None, 2, 0, (0,), True)
            template = self._stores[site] = self.tape.template(("store", site), lambda: made)
        self.work += 1.0
        return self.tape.append(template, (dest, value))

    def prepared(
        self, site: int, fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any], written: tuple[Any, ...]
    ) -> tuple[int, list[int]] | None:
        """Template and operands of ``fn(*args, **kwargs)``, which is going to write ``written``, some of its arguments.

        To be appended to the tape after it ran. None when nothing that the tape knows is written.
        """
        codes: list[int] = []
        tree = (list(args), kwargs) if kwargs else (list(args),)
        try:
            structure = flatten(tree, self.memory.code, codes)
        except Unrepeatable:
            self._keep_roots(written)
            return None
        targets = [self.memory.code(w) for w in written]
        writes = tuple(i for i, code in enumerate(codes) if code in targets and code & 3 != CONST)
        if not writes:
            self._keep_roots(written)
            return None
        for code in targets:
            self.memory.before_write(code)
        made = Template("call", fn, site, structure, len(codes), 0, writes, is_elementwise(fn))
        return self.tape.template(("call", site, fn, structure, writes), lambda: made), codes

    def _keep_roots(self, written: tuple[Any, ...]) -> None:
        for array in written:
            if self.memory.known(array):
                self.memory.before_write(self.memory.array_code(root_of(array)))

    def set_constant(self, site: int, array: np.ndarray, callee: Any = None) -> int:
        """Something outside the tape (``callee``) has written the array: its content now is taken as given."""
        dest = self.memory.code(array)
        if dest & 3 == CONST:
            return -1
        self.memory.before_write(dest)
        made = Template("set", callee, site, None, 2, 0, (0,))
        template = self.tape.template(("set", site, callee), lambda: made)
        return self.tape.append(template, (dest, self.tape.constant(np.array(array))))

    def has_tracked(self, value: Any, depth: int = 0, long: bool = False) -> bool:
        """Whether an argument tree holds an array or a number; in long lists only numbers that the tape has met."""
        kind = kind_of(type(value))
        if kind == NUMBER:
            return not long or id(value) in self.memory.codes
        if kind == ARRAY:
            return True
        if depth < 4 and isinstance(value, list | tuple | dict) and len(value) <= MOST_ITEMS:
            items = value.values() if isinstance(value, dict) else value
            long = long or len(value) > LONG_LIST
            return any(self.has_tracked(v, depth + 1, long) for v in items)
        return False


def _numbers_in(tree: Any, depth: int = 0) -> list[Any]:
    """The numbers and arrays in an argument tree."""
    found: list[Any] = []
    for value in tree:
        if kind_of(type(value)):
            found.append(value)
        elif type(value) in (list, tuple) and depth < 3 and len(value) < 1000:
            found += _numbers_in(value, depth + 1)
    return found
