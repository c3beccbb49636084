"""What a call does: recorded, followed into, or opaque."""

from __future__ import annotations

import functools
import operator
import types
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from .memory import ARRAY, NUMBER, kind_of, root_of

if TYPE_CHECKING:
    from .recorder import Recorder

Dispatcher = type(np.sum)
CREATORS = frozenset((np.zeros, np.ones, np.empty, np.full, np.zeros_like, np.ones_like, np.empty_like, np.full_like))
EMPTY = frozenset((np.empty, np.empty_like))
WRITERS = frozenset((np.copyto, np.put, np.place, np.putmask, np.fill_diagonal, np.put_along_axis))
WRITING_METHODS = frozenset(("fill", "sort", "put", "partition", "resize", "itemset", "setfield", "byteswap"))
NUMBER_FUNCTIONS = frozenset((float, abs, pow, round, np.float64, np.float32, np.float16))
PLAIN_BUILTINS = frozenset((int, bool, str, tuple, set, dict, frozenset, object, super, property))
OPERATOR_TAPS = {
    operator.add: "add",
    operator.sub: "sub",
    operator.mul: "mul",
    operator.truediv: "truediv",
    operator.pow: "pow",
    operator.matmul: "matmul",
}
LIBRARY_SCALARS = frozenset(("logsumexp", "softmax", "log_softmax"))
SHUFFLES = frozenset(("shuffle",))
SMALL_ENOUGH_TO_COMPARE = 1_000_000
QUIET_MODULES = ("matplotlib", "tqdm", "seaborn", "pandas", "logging", "json", "os", "pickle", "csv", "time")


class Calls:
    """Decides, for each callee, what stands in its place."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.entries = recorder.entries
        self._known: dict[types.CodeType, bool] = {}
        self._files: set[str] = set()
        self._counted = 0

    def tapped(self, site: int, callee: Any) -> Any:
        """The callee itself when its body is rewritten or nothing of it can matter, else a stand-in that records."""
        kind = type(callee)
        if kind is types.FunctionType:
            return callee if self._rewritten(callee.__code__) else self._library(site, callee)
        if kind is types.MethodType:
            code = getattr(callee.__func__, "__code__", None)
            return callee if code is None or self._rewritten(code) else self._library(site, callee)
        if isinstance(callee, np.ufunc | Dispatcher):
            return self._numpy(site, callee)
        if kind is types.BuiltinFunctionType or kind is types.MethodWrapperType:
            return self._builtin(site, callee)
        if kind is type or isinstance(callee, type):
            return self._class(site, callee)
        if kind is np.vectorize:
            return functools.partial(self._vectorize, site, callee)
        if kind is functools.partial:
            return functools.partial(self.tapped(site, callee.func), *callee.args, **callee.keywords)
        if kind is types.MethodDescriptorType:
            return functools.partial(self._method, site, callee.__name__) if callee.__objclass__ is np.ndarray else callee
        return callee

    def _rewritten(self, code: types.CodeType) -> bool:
        functions = self.recorder.sources.functions
        if self._counted != len(functions):
            self._files.update(f.file for f in functions[self._counted :])
            self._counted = len(functions)
            self._known.clear()
        found = self._known.get(code)
        if found is None:
            found = self._known[code] = code.co_filename in self._files
        return found

    # NumPy

    def _numpy(self, site: int, callee: Any) -> Callable[..., Any]:
        if callee in CREATORS:
            return functools.partial(self._create, site, callee)
        if callee in WRITERS:
            return functools.partial(self._write_first, site, callee)
        return functools.partial(self._record, site, callee)

    def _record(self, site: int, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        """A function without side effects, but for ``out=``."""
        if fn in (np.vectorize, np.apply_along_axis, np.apply_over_axes, np.piecewise, np.fromfunction):
            return self._opaque(site, fn, *args, **kwargs)
        target = kwargs.get("out")
        nin = fn.nin if isinstance(fn, np.ufunc) else 99
        if target is None and len(args) > nin:
            target, args = args[nin], args[:nin]
        if target is not None:
            return self._record_out(site, fn, args, {k: v for k, v in kwargs.items() if k != "out"}, target)
        if any(isinstance(a, np.matrix) for a in args):
            return self._record_matrix(site, fn, args, kwargs)
        args = self._listed(args)
        out = fn(*args, **kwargs)
        if isinstance(out, np.integer | np.bool_):
            self.entries.guard(site, fn, args, kwargs, out)
            return out
        if (kind_of(type(out)) or isinstance(out, list | tuple)) and self.entries.has_tracked([list(args), kwargs]):
            if isinstance(out, np.ndarray) and out.dtype.hasobject:
                return out
            if not kwargs and not any(isinstance(a, list | tuple | slice) for a in args):
                self.entries.op(site, fn, tuple(args), out)
            else:
                self.entries.run(site, fn, tuple(args), kwargs, out)
        return out

    def _listed(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Generators as arguments are read once: into a list."""
        return tuple(list(a) if isinstance(a, types.GeneratorType) else a for a in args)

    def _record_matrix(self, site: int, fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """np.matrix keeps two axes; the tape holds the same numbers as a plain array."""
        out = fn(*args, **kwargs)
        if isinstance(out, np.matrix) and kwargs.get("axis") is not None and not isinstance(fn, np.ufunc):
            kwargs = {**kwargs, "keepdims": True}
        self.entries.run(site, fn, args, kwargs, out)
        return out

    def _record_out(self, site: int, fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any], target: Any) -> Any:
        target = target[0] if isinstance(target, tuple) else target
        if not isinstance(target, np.ndarray):
            return fn(*args, **kwargs, out=target)
        recorder = self.recorder
        path = self._path_to(args, target)
        values = [recorder.memory.code(a) for a in args if kind_of(type(a))]
        entry = self.entries.mutate(site, fn, args, {**kwargs, "out": target}, (target,))
        out = fn(*args, **kwargs, out=target)
        dest = recorder.memory.code(target)
        self._written(site, entry, dest, path, [c for c in values if c != dest])
        return out

    def _path_to(self, args: tuple[Any, ...], target: np.ndarray) -> list[int] | None:
        """How the old content of ``target`` enters: as an argument itself, or through a chain of entries."""
        memory, locations = self.recorder.memory, self.recorder.locations
        dest = memory.code(target)
        codes = [memory.code(a) for a in args if kind_of(type(a)) == ARRAY]
        if dest in codes:
            return [len(self.recorder.tape)]
        for code in codes:
            path = locations.chain(code, dest)
            if path:
                return path
        return None

    def _written(self, site: int, entry: int, dest: int, path: list[int] | None, outside: list[int]) -> None:
        recorder = self.recorder
        recorder.locations.written(site, entry, dest, path, outside, recorder.loops.current)

    def _create(self, site: int, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        out = fn(*args, **kwargs)
        if not out.dtype.hasobject and not out.dtype.names:
            plain = np.full if fn is np.full_like else fn
            shape_of_argument = fn in (np.zeros_like, np.ones_like, np.empty_like, np.full_like)
            base = {np.zeros_like: np.zeros, np.ones_like: np.ones, np.empty_like: np.empty}.get(fn, plain)
            if shape_of_argument:
                args, kwargs = self._like(args, kwargs, out, base)
            self.entries.run(site, base, args, kwargs, out, "create")
            if fn in EMPTY:
                self.recorder.memory.uninitialized.add(self.recorder.memory.arrays.get(id(root_of(out)), -1))
        return out

    def _like(self, args: tuple[Any, ...], kwargs: dict[str, Any], out: np.ndarray, base: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        fill = (args[1] if len(args) > 1 else kwargs["fill_value"],) if base is np.full else ()
        return (out.shape, *fill), {"dtype": out.dtype}

    def _write_first(self, site: int, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        target = args[0] if args else None
        if not isinstance(target, np.ndarray) or target.dtype.hasobject:
            return fn(*args, **kwargs)
        recorder = self.recorder
        path = self._path_to(args[1:], target)
        entry = self.entries.mutate(site, fn, args, kwargs, (target,))
        out = fn(*args, **kwargs)
        dest = recorder.memory.code(target)
        outside = recorder.locations.off_path(path, dest) if path else []
        self._written(site, entry, dest, path, outside)
        return out

    # builtin functions and methods

    def _builtin(self, site: int, callee: Any) -> Any:
        owner = getattr(callee, "__self__", None)
        if isinstance(owner, np.ndarray):
            return functools.partial(self._bound_method, site, callee)
        if isinstance(owner, np.ufunc):
            return functools.partial(self._ufunc_method, site, callee)
        if isinstance(owner, np.generic):
            return functools.partial(self._number_method, site, callee)
        if isinstance(owner, float):
            return callee
        if callee in OPERATOR_TAPS:
            return functools.partial(getattr(self.recorder, OPERATOR_TAPS[callee]), site)
        module = getattr(callee, "__module__", None) or ""
        if module == "math":
            return functools.partial(self._number_call, site, callee)
        if callee in (abs, pow, round):
            return functools.partial(self._number_call, site, callee)
        if callee in (sum, max, min):
            return functools.partial(self._fold, site, callee)
        if callee is functools.reduce:
            return functools.partial(self._reduce, site)
        if callee is setattr:
            return lambda obj, name, value, /: self.recorder.set_attr(site, value, obj, name)
        if callee is operator.setitem:
            return lambda obj, index, value, /: self.recorder.set_item(site, value, obj, index)
        if module.startswith("numpy") and not module.startswith("numpy.random") and owner_is_module(owner):
            return self._numpy(site, callee)
        if isinstance(owner, types.ModuleType) and module == "builtins" or module in ("builtins", "_operator", "_functools", "time"):
            return callee
        if isinstance(owner, list | dict | set | str | bytes | tuple):
            return callee
        return functools.partial(self._opaque, site, callee)

    def _bound_method(self, site: int, callee: Any, /, *args: Any, **kwargs: Any) -> Any:
        return self._method(site, callee.__name__, callee.__self__, *args, **kwargs)

    def _method(self, site: int, name: str, array: np.ndarray, /, *args: Any, **kwargs: Any) -> Any:
        """A method of an array, as the unbound method with the array in front."""
        bound = getattr(array, name)
        if name in WRITING_METHODS:
            return self._writing_method(site, name, array, args, kwargs)
        if name == "tolist":
            return self._tolist(site, array, bound())
        if array.dtype.hasobject or not hasattr(np.ndarray, name):
            return bound(*args, **kwargs)
        if name == "__array_function__" or kwargs.get("out") is not None:
            out = bound(*args, **kwargs)
            if isinstance(kwargs.get("out"), np.ndarray):
                self.entries.set_constant(site, kwargs["out"])
            return out
        out = bound(*args, **kwargs)
        if isinstance(out, np.integer | np.bool_):
            self.entries.guard(site, getattr(np.ndarray, name), (array, *args), kwargs, out)
        if kind_of(type(out)):
            unbound = getattr(np.ndarray, name)
            if isinstance(out, np.matrix) and name in ("sum", "mean", "max", "min", "prod", "std", "var") and out.size != 1:
                kwargs = {**kwargs, "keepdims": True}
            if kwargs or any(isinstance(a, list | tuple | slice) for a in args):
                self.entries.run(site, unbound, (array, *args), kwargs, out)
            else:
                self.entries.op(site, unbound, (array, *args), out)
        return out

    def _writing_method(self, site: int, name: str, array: np.ndarray, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if array.dtype.hasobject or name in ("resize", "setfield", "byteswap"):
            return getattr(array, name)(*args, **kwargs)
        entry = self.entries.mutate(site, getattr(np.ndarray, name), (array, *args), kwargs, (array,))
        out = getattr(array, name)(*args, **kwargs)
        self._written(site, entry, self.recorder.memory.code(array), None, [])
        return out

    def _tolist(self, site: int, array: np.ndarray, values: Any) -> Any:
        """The numbers of a list made from an array are entries of that array."""
        if array.dtype.kind != "f" or array.size > 20_000 or array.ndim > 3:
            return values
        if array.ndim == 0:
            self.entries.element(site, self.entries.element_code(array, ()), values)
            return values
        for index in np.ndindex(array.shape):
            owner = values
            for i in index[:-1]:
                owner = owner[i]
            self.entries.element(site, self.entries.element_code(array, index), owner[index[-1]])
        return values

    def _ufunc_method(self, site: int, callee: Any, /, *args: Any, **kwargs: Any) -> Any:
        ufunc, name = callee.__self__, callee.__name__
        if name == "at":
            recorder = self.recorder
            entry = self.entries.mutate(site, callee, args, kwargs, (args[0],))
            out = callee(*args, **kwargs)
            values = [recorder.memory.code(a) for a in args[1:] if kind_of(type(a))]
            path = [entry] if ufunc in (np.add, np.subtract, np.multiply, np.divide) else None
            self._written(site, entry, recorder.memory.code(args[0]), path, values)
            return out
        return self._record(site, callee, *args, **kwargs)

    def _number_method(self, site: int, callee: Any, /, *args: Any, **kwargs: Any) -> Any:
        out = callee(*args, **kwargs)
        if kind_of(type(out)) == NUMBER and kind_of(type(callee.__self__)) == NUMBER:
            if callee.__name__ in ("item", "sum", "mean", "max", "min", "astype", "squeeze", "copy", "tolist", "__float__"):
                fn = float if type(out) is float else np.float64
                out = _unique(out)
                self.entries.op(site, fn, (callee.__self__,), out)
            elif callee.__name__ in ("clip", "round", "dot"):
                self.entries.run(site, getattr(np, callee.__name__), (callee.__self__, *args), kwargs, out)
        return out

    def _number_call(self, site: int, callee: Any, /, *args: Any, **kwargs: Any) -> Any:
        if kwargs or not any(kind_of(type(a)) for a in args):
            return callee(*args, **kwargs)
        out = callee(*args)
        if kind_of(type(out)):
            self.entries.op(site, callee, args, out)
        return out

    def _fold(self, site: int, callee: Any, /, *args: Any, **kwargs: Any) -> Any:
        """sum, max and min: one entry over all operands."""
        if kwargs.get("key") is not None or "default" in kwargs:
            return callee(*args, **kwargs)
        if callee is not sum and len(args) > 1:
            return self._number_call(site, callee, *args)
        if isinstance(args[0], np.ndarray) and callee is sum:
            return self._sum_rows(site, args)
        items = list(self.recorder.each(site, args[0]))
        if callee is sum and any(isinstance(v, np.ndarray) for v in items):
            return self._sum_rows(site, (items, *args[1:]))
        out = callee(items, *args[1:])
        if kind_of(type(out)) and self.entries.has_tracked(items):
            if callee is sum or kind_of(type(out)) == NUMBER and not any(out is v for v in items):
                out = _unique(out) if kind_of(type(out)) == NUMBER else out
                self.entries.run(site, callee, (items, *args[1:]), {}, out)
        return out

    def _sum_rows(self, site: int, args: tuple[Any, ...]) -> Any:
        total = args[1] if len(args) > 1 else 0
        for row in self.recorder.each(site, args[0]):
            total = self.recorder.add(site, total, row)  # type: ignore[attr-defined]
        return total

    def _reduce(self, site: int, /, function: Any, items: Iterable[Any], *start: Any) -> Any:
        tapped = self.tapped(site, function)
        return functools.reduce(tapped, self.recorder.each(site, items), *start)

    # classes

    def _class(self, site: int, callee: Any) -> Any:
        if callee in PLAIN_BUILTINS:
            return callee
        if callee in NUMBER_FUNCTIONS:
            return functools.partial(self._to_number, site, callee)
        if callee in (list, zip, enumerate, reversed):
            return functools.partial(self._iterating, site, callee)
        if callee is map:
            return functools.partial(self._map, site)
        if callee is np.matrix:
            return functools.partial(self._to_matrix, site)
        return callee

    def _to_number(self, site: int, callee: Any, /, *args: Any) -> Any:
        out = callee(*args)
        if args and kind_of(type(args[0])) and kind_of(type(out)) == NUMBER:
            if isinstance(args[0], np.ndarray) and args[0].dtype.hasobject:
                return out
            out = _unique(out)
            self.entries.op(site, callee, args, out)
        return out

    def _iterating(self, site: int, callee: Any, /, *args: Any, **kwargs: Any) -> Any:
        return callee(*(self.recorder.each(site, a) for a in args), **kwargs) if callee is not reversed else callee(*args)

    def _map(self, site: int, /, function: Any, *items: Any) -> Any:
        return map(self.tapped(site, function), *(self.recorder.each(site, i) for i in items))

    def _to_matrix(self, site: int, /, data: Any, *args: Any, **kwargs: Any) -> Any:
        out = np.matrix(data, *args, **kwargs)
        if self.entries.has_tracked(data):
            self.entries.run(site, np.array, (data,), {"ndmin": 2}, out)
        return out

    # what cannot be seen into

    def _vectorize(self, site: int, callee: Any, /, *args: Any, **kwargs: Any) -> Any:
        """np.vectorize: the loop is ours, so that the function's inside is on the tape."""
        if kwargs or callee.signature or callee.excluded or not args or not all(kind_of(type(a)) == ARRAY for a in args):
            return self._opaque(site, callee, *args, **kwargs)
        expected = callee(*args)
        arrays = np.broadcast_arrays(*args)
        if not isinstance(expected, np.ndarray) or expected.dtype.kind != "f" or expected.size > 20_000:
            return expected
        function = self.tapped(site, callee.pyfunc)
        values = [function(*(self._at(site, a, i) for a in arrays)) for i in np.ndindex(arrays[0].shape)]
        flat = self._record(site, np.array, values)
        return self._method(site, "reshape", flat, expected.shape)

    def _at(self, site: int, array: np.ndarray, index: tuple[int, ...]) -> Any:
        return self.recorder.get(site, array, index)

    def _library(self, site: int, callee: Any) -> Any:
        module = getattr(callee, "__module__", None) or ""
        if module.startswith(QUIET_MODULES):
            return callee
        if callee.__name__ in LIBRARY_SCALARS and "scipy" in module:
            return functools.partial(self._record, site, callee)
        if module.startswith("numpy") and not module.startswith("numpy.random"):
            return functools.partial(self._record, site, callee)
        return functools.partial(self._opaque, site, callee)

    def _opaque(self, site: int, callee: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Something that is not followed: its results are frozen, what it writes is taken as it is afterwards."""
        arrays = [a for a in args if isinstance(a, np.ndarray) and not a.dtype.hasobject]
        shuffles = getattr(callee, "__name__", "") in SHUFFLES
        copies = [a.copy() if shuffles or a.size <= SMALL_ENOUGH_TO_COMPARE else None for a in arrays]
        for array in arrays if shuffles else ():
            self.recorder.memory.before_write(self.recorder.memory.code(array))
        out = callee(*args, **kwargs)
        for array, copy in zip(arrays, copies, strict=True):
            if copy is not None and self.recorder.memory.known(array) and not _same(array, copy):
                self._rewritten_array(site, array, copy)
        if (kind_of(type(out)) or isinstance(out, tuple)) and self.entries.has_tracked([list(args), kwargs]):
            self.entries.run(site, callee, self._plain(args), {}, out, "opaque")
        return out

    def _plain(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(a for a in args if kind_of(type(a)) or (isinstance(a, list | tuple) and len(a) < 1000))

    def _rewritten_array(self, site: int, array: np.ndarray, before: np.ndarray) -> None:
        memory = self.recorder.memory
        code = memory.code(array)
        storage = self.recorder.tape.storage_of(code)
        if storage in memory.pristine and array is root_of(array):
            memory.before_write(code)
            self.recorder.tape.leaves[storage] = before
        entry = self.entries.set_constant(site, array)
        self._written(site, entry, code, None, [])


def owner_is_module(owner: Any) -> bool:
    """Builtin functions of a module carry the module (or nothing) as their owner."""
    return owner is None or isinstance(owner, types.ModuleType)


def _unique(value: Any) -> Any:
    """A number object that nobody else holds."""
    return value * 1.0 if type(value) is float else type(value)(value)


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"))


