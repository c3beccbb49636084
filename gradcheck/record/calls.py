"""What a call does: recorded, followed into, or opaque."""

from __future__ import annotations

import functools
import operator
import types
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from .folds import NUMBER_FUNCTIONS
from .memory import is_odd
from .opaque import QUIET_MODULES, Opaque
from .taps import OPCODES

if TYPE_CHECKING:
    from .recorder import Recorder

Dispatcher = type(np.sum)
OPERATOR_TAPS: dict[Any, str] = {
    getattr(operator, f"{n}_" if n in ("and", "or") else n): f"{n}_" if n in ("and", "or") else n
    for n in (*OPCODES[:11], "neg", "lt", "le", "gt", "ge", "eq", "ne")
}
IN_PLACE_CODES: dict[Any, int] = {getattr(operator, f"i{n}"): i for i, n in enumerate(OPCODES)}
REFERENCES = frozenset((weakref.ref, weakref.proxy, weakref.finalize))
METHOD_KINDS = (types.MethodDescriptorType, types.WrapperDescriptorType)


class Calls(Opaque):
    """Decides, for each callee, what stands in its place."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(recorder)
        self._known: dict[types.CodeType, bool] = {}
        self._files: set[str] = set()
        self._counted = 0
        self._made: dict[tuple[int, Any], Any] = {}  # (site, function of NumPy) -> its stand-in there

    def tapped(self, site: int, callee: Any) -> Any:
        """The callee itself when its body is rewritten or nothing of it can matter, else a stand-in that records."""
        kind = type(callee)
        if kind is types.FunctionType:
            return callee if self._rewritten(callee.__code__) else self.library(site, callee)
        if kind is types.MethodType:
            code = getattr(callee.__func__, "__code__", None)
            return callee if code is None or self._rewritten(code) else self._library_method(site, callee)
        if kind is np.ufunc or kind is Dispatcher:
            made = self._made.get((site, callee))
            if made is None:
                made = self._made[site, callee] = self.numpy(site, callee)
            return made
        if kind is types.BuiltinFunctionType or kind is types.MethodWrapperType:
            return self._builtin(site, callee)
        if isinstance(callee, type):
            return self._class(site, callee)
        if kind is np.vectorize:
            return functools.partial(self.vectorize, site, callee)
        if kind is functools.partial:
            return functools.partial(self.tapped(site, callee.func), *callee.args, **callee.keywords)
        if kind in METHOD_KINDS and callee.__objclass__ is np.ndarray:
            return functools.partial(self.unbound_method, site, callee)
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

    def _library_method(self, site: int, callee: Any) -> Any:
        """A method, written in Python, of an object of a library; of an array of its own kind, too."""
        owner = callee.__self__
        if isinstance(owner, np.ndarray) and is_odd(type(owner)):
            return functools.partial(self.opaque_method, site, callee, owner)
        return self.library(site, callee)

    def opaque_method(self, site: int, callee: Any, owner: np.ndarray, /, *args: Any, **kwargs: Any) -> Any:
        """A method of an array that computes in its own way: it may write the array."""
        self.recorder.about_to_write(site, owner)
        before = owner.copy()
        try:
            out = callee(*args, **kwargs)
        finally:
            self.look_again(site, [(owner, before)])
        try:
            if isinstance(out, np.ndarray | np.generic | float):
                self.entries.frozen(site, callee.__func__, (owner, *args), out)
        except Exception as error:
            self.recorder.broke(site, error, out)
        return out

    # functions written in C

    def _builtin(self, site: int, callee: Any) -> Any:
        owner = getattr(callee, "__self__", None)
        if owner is None or isinstance(owner, types.ModuleType):
            return self._module_function(site, callee, getattr(callee, "__module__", None) or "")
        if isinstance(owner, np.ndarray):
            if callee.__name__ == "resize":
                return self._before_resize(callee)
            return functools.partial(self.bound_method, site, callee)
        if isinstance(owner, np.ufunc):
            return functools.partial(self.ufunc_method, site, callee)
        if isinstance(owner, np.generic):
            return functools.partial(self.number_method, site, callee)
        if isinstance(owner, list | dict | set | frozenset | str | bytes | tuple | float | int | type):
            return callee
        if (type(owner).__module__ or "").partition(".")[0] in QUIET_MODULES and type(owner).__module__ != "_io":
            return callee
        return functools.partial(self.opaque, site, callee)

    def _before_resize(self, callee: Any) -> Any:
        """``ndarray.resize`` counts references: none of ours may be left, nor a frame of ours hold the array."""
        self.recorder.functions.forget_arguments()
        self.recorder.memory.release(callee.__self__)
        return callee

    def _module_function(self, site: int, callee: Any, module: str) -> Any:
        recorder = self.recorder
        if callee in OPERATOR_TAPS:
            return functools.partial(getattr(recorder, OPERATOR_TAPS[callee]), site)
        if callee in IN_PLACE_CODES:
            return functools.partial(recorder.augment, site, IN_PLACE_CODES[callee])
        if module == "math" or callee in (abs, pow, round):
            return functools.partial(self.number_call, site, callee)
        if callee in (sum, max, min):
            return functools.partial(self.fold, site, callee)
        if callee is functools.reduce:
            return functools.partial(self.reduce, site)
        if callee is setattr:
            return functools.partial(_set_attr, recorder, site)
        if callee is operator.setitem:
            return functools.partial(_set_item, recorder, site)
        if callee is operator.getitem:
            return functools.partial(recorder.get, site)
        if module.startswith("numpy") and not module.startswith("numpy.random"):
            return self.numpy(site, callee)
        if not module or module in ("builtins", "_operator", "_functools") or module.partition(".")[0] in QUIET_MODULES:
            return callee
        return functools.partial(self.opaque, site, callee)

    # classes

    def _class(self, site: int, callee: Any) -> Any:
        if callee in NUMBER_FUNCTIONS:
            return functools.partial(self.to_number, site, callee)
        if issubclass(callee, np.generic):
            return functools.partial(self.to_type, site, callee)
        if callee is list or callee is zip or callee is enumerate:
            return functools.partial(self.iterating, site, callee)
        if callee is map:
            return functools.partial(self.map, site)
        if callee is np.matrix:
            return functools.partial(self.to_matrix, site)
        if callee in REFERENCES:
            return functools.partial(self._reference, callee)
        return callee

    def _reference(self, callee: Any, /, obj: Any, *args: Any, **kwargs: Any) -> Any:
        """A weak reference to an array has to see it die: the tape keeps a copy instead."""
        if isinstance(obj, np.ndarray):
            self.recorder.let_go(obj)
        return callee(obj, *args, **kwargs)


def _set_attr(recorder: Any, site: int, obj: Any, name: str, value: Any, /) -> None:
    recorder.set_attr(site, value, obj, name)


def _set_item(recorder: Any, site: int, obj: Any, index: Any, value: Any, /) -> None:
    recorder.set_item(site, value, obj, index)
