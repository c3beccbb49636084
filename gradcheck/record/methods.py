"""Calls of methods: of arrays, of numbers and of ufuncs."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .memory import NUMBER, is_odd, kind_of
from .numpycalls import NumpyCalls
from .taps import OPCODES

WRITING_METHODS = frozenset(("fill", "sort", "put", "partition", "itemset", "setfield", "byteswap"))
MATRIX_REDUCTIONS = frozenset(("sum", "mean", "max", "min", "prod", "std", "var"))
OUT_PLACES = {
    "dot": 1, "sum": 2, "prod": 2, "mean": 2, "cumsum": 2, "cumprod": 2, "max": 1, "min": 1, "argmax": 1, "argmin": 1,
    "clip": 2, "round": 1, "take": 2, "std": 2, "var": 2, "trace": 4, "choose": 1, "compress": 2, "all": 1, "any": 1,
}  # fmt: skip
QUICK: dict[str, Any] = {
    n: getattr(np.ndarray, n)
    for n in ("sum", "mean", "max", "min", "prod", "std", "var", "copy", "flatten", "ravel", "transpose", "argmax")
}
OF_NUMBERS = {"reshape": np.reshape, "ravel": np.ravel, "flatten": np.ravel, "repeat": np.repeat}
NUMBER_COPIES = frozenset(("item", "sum", "mean", "max", "min", "astype", "squeeze", "copy", "tolist", "__float__"))
IN_PLACE_NAMES = frozenset((*(f"__i{n}__" for n in OPCODES), "__setitem__"))
ARITHMETIC_UFUNCS = frozenset((np.add, np.subtract, np.multiply, np.divide))
MOST_LISTED = 20_000


class Methods(NumpyCalls):
    """Stand-ins for methods that C code implements."""

    def bound_method(self, site: int, callee: Any, /, *args: Any, **kwargs: Any) -> Any:
        """A method of an array."""
        name, array = callee.__name__, callee.__self__
        if not args and not kwargs and name in QUICK and type(array) is np.ndarray:
            return self._quick(site, QUICK[name], array, callee)
        if name in WRITING_METHODS:
            return self._writing_method(site, callee, array, args, kwargs)
        if name in IN_PLACE_NAMES:
            if type(array) is np.ndarray and name == "__setitem__" and len(args) == 2:
                return self.recorder.set_item(site, args[1], array, args[0])
            return self._write_unseen(site, callee, args, kwargs, (array,))
        place = OUT_PLACES.get(name, -1)
        if kwargs.get("out") is not None or 0 <= place < len(args) and args[place] is not None:
            return self._method_out(site, callee, array, args, kwargs, place)
        out = callee(*args, **kwargs)
        try:
            return self._note_method(site, name, array, args, kwargs, out)
        except Exception as error:
            self.recorder.broke(site, error, out)
        return out

    def _quick(self, site: int, unbound: Any, array: np.ndarray, callee: Any) -> Any:
        """A method without arguments that makes a number or an array."""
        out = callee()
        try:
            if kind_of(type(out)) and not array.dtype.hasobject:
                note = self._ufuncs.get(unbound)
                if note is None:
                    note = self._ufuncs[unbound] = self.recorder.recording_one(unbound)
                note(site, array, out)
            elif isinstance(out, np.integer | np.bool_):
                self.entries.guard(site, unbound, (array,), {}, out)
        except Exception as error:
            self.recorder.broke(site, error, out)
        return out

    def _note_method(self, site: int, name: str, array: np.ndarray, args: Any, kwargs: dict[str, Any], out: Any) -> Any:
        if name == "tolist" or name == "item" and type(out) is float:
            self._to_list(site, array, args, out)
            return out
        unbound = getattr(np.ndarray, name, None)
        if array.dtype.hasobject or unbound is None or name == "__array_function__":
            return out
        if is_odd(type(array)):
            if kind_of(type(out)):
                self.entries.frozen(site, unbound, (array, *args), out)
            return out
        if isinstance(out, np.integer | np.bool_):
            self.entries.guard(site, unbound, (array, *args), kwargs, out)
        if kind_of(type(out)):
            if isinstance(out, np.matrix) and name in MATRIX_REDUCTIONS and out.size != 1:
                kwargs = {**kwargs, "keepdims": True}
            if kwargs or any(isinstance(a, list | tuple | slice) for a in args):
                self.entries.run(site, unbound, (array, *args), kwargs, out)
            else:
                self.entries.op(site, unbound, (array, *args), out)
        return out

    def unbound_method(self, site: int, callee: Any, /, *args: Any, **kwargs: Any) -> Any:
        """``np.ndarray.name(array, ...)``."""
        if not args or type(args[0]) is not np.ndarray:
            return callee(*args, **kwargs)
        return self.bound_method(site, getattr(args[0], callee.__name__), *args[1:], **kwargs)

    def _method_out(
        self, site: int, bound: Any, array: np.ndarray, args: Any, kwargs: dict[str, Any], place: int
    ) -> Any:
        unbound = getattr(np.ndarray, bound.__name__, None)
        if unbound is None or is_odd(type(array)) or array.dtype.hasobject or len(args) > place + 1:
            targets = [a for a in (*args, kwargs.get("out")) if isinstance(a, np.ndarray)]
            return self._write_unseen(site, bound, args, kwargs, targets)
        target = kwargs["out"] if kwargs.get("out") is not None else args[place]
        rest = {k: v for k, v in kwargs.items() if k != "out"}
        return self.record_out(site, unbound, (array, *args[:place]) if place >= 0 else (array, *args), rest, target)

    def _writing_method(self, site: int, bound: Any, array: np.ndarray, args: Any, kwargs: dict[str, Any]) -> Any:
        name = bound.__name__
        if array.dtype.hasobject or array.dtype.names or is_odd(type(array)) or name in ("setfield", "byteswap"):
            return self._write_unseen(site, bound, args, kwargs, (array,))
        run = functools.partial(bound, *args, **kwargs)
        return self.write_array(site, getattr(np.ndarray, name), array, (array, *args), kwargs, run)

    def _to_list(self, site: int, array: np.ndarray, args: Any, values: Any) -> None:
        """The numbers of a list made from an array are entries of that array."""
        if array.dtype.kind != "f" or array.size > MOST_LISTED or array.ndim > 3 or is_odd(type(array)):
            return
        memory = self.recorder.memory
        if type(values) is float:
            self.entries.value_of(site, float, memory.element_code(array, _index_of_item(array, args)), values)
            return
        for index in np.ndindex(array.shape):
            owner = values
            for i in index:
                owner = owner[i]
            if type(owner) is float:
                self.entries.value_of(site, float, memory.element_code(array, index), owner)

    # ufuncs and numbers

    def ufunc_method(self, site: int, callee: Any, /, *args: Any, **kwargs: Any) -> Any:
        """``reduce``, ``outer``, ``accumulate``, ``reduceat`` and ``at`` of a ufunc."""
        ufunc = callee.__self__
        if callee.__name__ == "at" and args and isinstance(args[0], np.ndarray) and not kwargs:
            return self._at_indices(site, callee, ufunc, args)
        return self.record(site, callee, *args, **kwargs)

    def _at_indices(self, site: int, callee: Any, ufunc: Any, args: tuple[Any, ...]) -> Any:
        recorder = self.recorder
        target = args[0]
        if is_odd(type(target)) or target.dtype.hasobject or target.dtype.names:
            return self._write_unseen(site, callee, args, {}, (target,))
        plan, failure = None, None
        try:
            values = [recorder.memory.code(a) for a in args[1:] if kind_of(type(a))]
            plan = self.entries.prepared(site, callee, args, {}, (target,))
        except Exception as error:
            failure = error
        try:
            out = callee(*args)
        except BaseException:
            recorder.taken_as_it_is(site, target)
            raise
        try:
            if failure is not None:
                raise failure
            if plan is not None:
                entry = recorder.tape.append(*plan)
                path = [entry] if ufunc in ARITHMETIC_UFUNCS else None
                self.written(site, entry, recorder.memory.code(target), path, values)
        except Exception as error:
            recorder.broke(site, error, target)
        return out

    def number_method(self, site: int, callee: Any, /, *args: Any, **kwargs: Any) -> Any:
        """A method of a NumPy number."""
        out = callee(*args, **kwargs)
        try:
            if kind_of(type(out)) == NUMBER and kind_of(type(callee.__self__)) == NUMBER:
                return self._note_number(site, callee, args, kwargs, out)
            if type(out) is np.ndarray and callee.__name__ in OF_NUMBERS:
                shape = args if callee.__name__ != "reshape" or len(args) < 2 else (args,)
                self.entries.run(site, OF_NUMBERS[callee.__name__], (callee.__self__, *shape), kwargs, out)
        except Exception as error:
            self.recorder.broke(site, error)
        return out

    def _note_number(self, site: int, callee: Any, args: Any, kwargs: dict[str, Any], out: Any) -> Any:
        name, value = callee.__name__, callee.__self__
        if name in NUMBER_COPIES and (type(out) is float or type(out) is type(value)):
            if out is value:
                return out
            out = unique(out) if id(out) in self.recorder.memory.codes else out
            self.entries.op(site, type(out), (value,), out)
        elif name in ("clip", "round", "dot"):
            self.entries.run(site, getattr(np, name), (value, *args), kwargs, out)
        elif name == "astype":
            self.entries.op(site, type(out), (value,), out)
        else:
            self.entries.frozen(site, callee, (value, *args), out)
        return out


def _index_of_item(array: np.ndarray, args: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(args) == 1 and type(args[0]) is tuple:
        return args[0]
    if len(args) == array.ndim:
        return args
    return tuple(int(i) for i in np.unravel_index(args[0] % array.size if args else 0, array.shape))


def unique(value: Any) -> Any:
    """A number object that nobody else holds."""
    return value * 1.0 if type(value) is float else type(value)(value)
