"""Calls of Python's own functions over numbers: float, abs, sum, max, map, reduce and the like."""

from __future__ import annotations

import functools
import operator
import types
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .memory import NUMBER, is_odd, kind_of
from .methods import Methods, unique
from .numpycalls import passing

NUMBER_FUNCTIONS = frozenset((float, np.float64, np.float32, np.float16))


class Folds(Methods):
    """Stand-ins for builtin functions and classes that compute with numbers."""

    def tapped(self, site: int, callee: Any) -> Any:
        """What stands in place of a callee."""
        raise NotImplementedError

    def numpy(self, site: int, callee: Any) -> Callable[..., Any]:
        """What stands in place of a function of NumPy."""
        if callee is np.sum:
            return functools.partial(self.numpy_sum, site)
        return super().numpy(site, callee)

    def number_call(self, site: int, callee: Any, /, *args: Any, **kwargs: Any) -> Any:
        """A function of numbers, such as those of ``math``."""
        out = callee(*args, **kwargs)
        try:
            kind = kind_of(type(out))
            if kind and not kwargs and any(kind_of(type(a)) for a in args):
                if any(is_odd(type(a)) for a in args):
                    self.entries.frozen(site, callee, args, out)
                else:
                    self.entries.op(site, callee, args, out)
        except Exception as error:
            self.recorder.broke(site, error, out)
        return out

    def to_number(self, site: int, callee: Any, /, *args: Any, **kwargs: Any) -> Any:
        """``float(x)`` and NumPy's scalar types."""
        out = callee(*args, **kwargs)
        try:
            if len(args) == 1 and kind_of(type(args[0])) and kind_of(type(out)):
                if isinstance(args[0], np.ndarray) and args[0].dtype.hasobject or out is args[0]:
                    return out
                if kind_of(type(out)) == NUMBER and id(out) in self.recorder.memory.codes:
                    out = unique(out)
                self.entries.op(site, callee, args, out)
        except Exception as error:
            self.recorder.broke(site, error)
        return out

    def to_type(self, site: int, callee: Any, /, *args: Any, **kwargs: Any) -> Any:
        """``np.int64(mask)``: an array of another type."""
        out = callee(*args, **kwargs)
        try:
            if len(args) == 1 and isinstance(args[0], np.ndarray) and isinstance(out, np.ndarray) and not kwargs:
                self.entries.run(site, np.ndarray.astype, (args[0], np.dtype(callee)), {}, out)
        except Exception as error:
            self.recorder.broke(site, error, out)
        return out

    def fold(self, site: int, callee: Any, /, *args: Any, **kwargs: Any) -> Any:
        """sum, max and min: one entry over all operands."""
        if kwargs.get("key") is not None or "default" in kwargs or not args:
            return callee(*args, **kwargs)
        if callee is not sum:  # one of the operands, which the tape knows
            return callee(*args, **kwargs) if len(args) > 1 else callee(self.recorder.each(site, args[0]), **kwargs)
        seen: list[Any] = []
        out = sum(passing(self.recorder.each(site, args[0]), seen), *args[1:], **kwargs)
        try:
            self._note_sum(site, seen, (*args[1:], *kwargs.values()), out)
        except Exception as error:
            self.recorder.broke(site, error, out)
        return out

    def numpy_sum(self, site: int, /, *args: Any, **kwargs: Any) -> Any:
        """``np.sum``, which takes a generator too."""
        if not args or not isinstance(args[0], types.GeneratorType):
            return self.record(site, np.sum, *args, **kwargs)
        seen: list[Any] = []
        out = np.sum(passing(args[0], seen), *args[1:], **kwargs)  # type: ignore[call-overload]
        try:
            self._note_sum(site, seen, (), out)
        except Exception as error:
            self.recorder.broke(site, error, out)
        return out

    def _note_sum(self, site: int, items: list[Any], start: tuple[Any, ...], out: Any) -> None:
        kind = kind_of(type(out))
        if not kind or not self.entries.has_tracked([items, list(start)]):
            return
        if any(is_odd(type(v)) for v in (*items, *start)) or isinstance(out, np.ndarray) and out.dtype.hasobject:
            return
        if any(isinstance(v, np.ndarray) for v in (*items, *start)):
            total = start[0] if start else 0
            with np.errstate(all="ignore"):
                for item in items[:-1]:
                    total = self.recorder.add(site, total, item)  # type: ignore[attr-defined]
            if items:
                self.entries.op(site, operator.add, (total, items[-1]), out)
        elif all(kind_of(type(v)) or isinstance(v, int | np.integer) for v in (*items, *start)):
            self.entries.run(site, sum, (items, *start), {}, out)
        else:
            self.entries.frozen(site, sum, tuple(items), out)

    def reduce(self, site: int, /, function: Any, items: Iterable[Any], *start: Any) -> Any:
        """``functools.reduce`` with a function that is seen."""
        return functools.reduce(self.tapped(site, function), self.recorder.each(site, items), *start)

    def iterating(self, site: int, callee: Any, /, *args: Any, **kwargs: Any) -> Any:
        """list, zip and enumerate."""
        return callee(*(self.recorder.each(site, a) for a in args), **kwargs)

    def map(self, site: int, /, function: Any, *items: Any, **kwargs: Any) -> Any:
        """``map`` with a function that is seen."""
        return map(self.tapped(site, function), *(self.recorder.each(site, i) for i in items), **kwargs)

    def to_matrix(self, site: int, /, *args: Any, **kwargs: Any) -> Any:
        """``np.matrix(data)``."""
        out = np.matrix(*args, **kwargs)
        try:
            if args and not isinstance(args[0], str) and self.entries.has_tracked(args[0]):
                self.entries.run(site, np.array, (args[0],), {"ndmin": 2}, out)
        except Exception as error:
            self.recorder.broke(site, error, out)
        return out
