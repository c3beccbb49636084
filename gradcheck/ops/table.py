"""The derivative table: one entry per NumPy function, and the one function that reads it.

An entry is made by one call in the modules beside this one. Functions are named as strings (``"exp math.exp"``): a
plain name is NumPy's, ``math.``, ``builtins.`` and ``operator.`` say so, ``special.`` and ``signal.`` are SciPy's,
found by name so that SciPy is never imported. Names that this NumPy does not have are passed over.
"""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
Path: TypeAlias = tuple[Any, ...]
Gradient: TypeAlias = Any
"""A float64 array with the operand's shape, a float for a scalar operand, or None for a derivative of zero."""

SCALARS = frozenset({float, np.float64})
_MODULES: dict[str, Any] = {"math": math, "builtins": builtins, "operator": operator}
_TYPED = (np.ndarray, np.generic)
_ODD_ARRAYS = (np.matrix, np.ma.MaskedArray)
_REFUSED_KINDS = frozenset("OcSUVMm")
_HARMLESS_SCALARS = frozenset({float, int, bool, np.float64, np.int64, np.bool_})
_HARMLESS = _HARMLESS_SCALARS | {list, tuple, str, slice, type(None)}


class NoDerivative(Exception):
    """The table has no derivative for this function, or not for these arguments. ``name`` is the function's."""

    def __init__(self, name: str, why: str = "") -> None:
        super().__init__(f"no derivative is known for {name}" + (f": {why}" if why else ""))
        self.name = name
        self.why = why


@dataclass(frozen=False, slots=True)
class Call:
    """One execution to be differentiated; the fields are the arguments of `vjp`."""

    fn: Any
    g: Any
    out: Any
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    wanted: Sequence[Path]
    magnitude: bool = False

    def refuse(self, why: str) -> NoDerivative:
        """The exception that says that these arguments cannot be differentiated."""
        return NoDerivative(name_of(self.fn), why)


@dataclass(frozen=True, slots=True)
class Rule:
    """How one function is differentiated. ``flat`` rules have a derivative of zero wherever it exists."""

    vjp: Callable[[Call], list[Gradient]]
    tie: Callable[[Call], Any] | None = None
    linear: bool = False
    multilinear: bool = False
    flat: bool = False


Quick: TypeAlias = Callable[[Any, Any, Sequence[Any], Sequence[Path], bool], "list[Gradient] | None"]

_RULES: dict[Any, Rule] = {}
_BY_NAME: dict[str, Rule] = {}
_QUICK: dict[Any, Quick] = {}


def register(names: str, rule: Rule, method: str = "") -> None:
    """Enter ``rule`` for every function named; with ``method`` for that method of the ufuncs named."""
    for name in names.split():
        if name.startswith(("special.", "signal.")):
            _BY_NAME[name] = rule
        elif (fn := resolve(name)) is not None:
            _RULES[(fn, method) if method else fn] = rule


def register_quick(names: str, quick: Quick) -> None:
    """Enter a short cut for executions whose result and cotangent are float scalars and that have no keywords.

    ``quick(g, out, args, wanted, magnitude)`` may answer None: then the rule is used.
    """
    for name in names.split():
        if (fn := resolve(name)) is not None:
            _QUICK[fn] = quick


def resolve(name: str) -> Any:
    """The function that a table name stands for, or None where this NumPy or Python has none."""
    head, _, tail = name.partition(".")
    found: Any = _MODULES.get(head, np)
    for part in (tail if head in _MODULES else name).split("."):
        found = getattr(found, part, None)
    return found


def flat(names: str, tie: Callable[[Call], Any] | None = None) -> None:
    """Enter functions whose derivative is zero by definition (comparisons, indices, shapes, fillings)."""
    register(names, Rule(_nothing, tie=tie, flat=True))


def _nothing(call: Call) -> list[Gradient]:
    return [None] * len(call.wanted)


def find(fn: Any) -> Rule | None:
    """The rule of ``fn``, or None. ``(ufunc, "outer")`` follows from the ufunc's own rule."""
    try:
        rule = _RULES.get(fn)
    except TypeError:
        return None
    return rule or _find_by_name(fn)


def _find_by_name(fn: Any) -> Rule | None:
    if isinstance(fn, tuple) and len(fn) == 2 and fn[1] == "outer":
        inner = find(fn[0])
        return inner and _outer(inner)
    name = str(getattr(fn, "__name__", ""))
    if isinstance(fn, np.ufunc):
        return _BY_NAME.get(f"special.{name}")
    package, _, rest = str(getattr(fn, "__module__", "")).partition(".")
    return _BY_NAME.get(f"{rest.split('.')[0]}.{name}") if package == "scipy" else None


def _outer(inner: Rule) -> Rule:
    def spread_first(call: Call) -> Call:
        first = np.asarray(call.args[0])
        first = first.reshape(first.shape + (1,) * np.ndim(call.args[1]))
        return replace(call, fn=call.fn[0], args=(first, call.args[1]), wanted=[p[:1] for p in call.wanted])

    def vjp_outer(call: Call) -> list[Gradient]:
        shapes = [np.shape(a) for a in call.args]
        found = zip(call.wanted, inner.vjp(spread_first(call)), strict=True)
        return [None if v is None else part(np.reshape(v, shapes[path[0]]), path) for path, v in found]

    tie = inner.tie
    return replace(inner, vjp=vjp_outer, tie=tie and (lambda call: tie(spread_first(call))))


def name_of(fn: Any) -> str:
    """A name for messages: ``numpy.linalg.eig``, ``numpy.add.reduce``, ``ndarray.partition``."""
    if isinstance(fn, tuple):
        return ".".join(name_of(piece) if callable(piece) else str(piece) for piece in fn)
    name = str(getattr(fn, "__qualname__", None) or getattr(fn, "__name__", None) or type(fn).__qualname__)
    module = "numpy" if isinstance(fn, np.ufunc) else getattr(fn, "__module__", None)
    return f"{module}.{name}" if module else name


def vjp(
    fn: Any,
    g: Any,
    out: Any,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    wanted: Sequence[Path],
    magnitude: bool = False,
) -> list[Gradient]:
    """The cotangents of the operands of one execution ``out = fn(*args, **kwargs)``.

    ``fn`` is the callable that ran, or ``(ufunc, method name)``. ``g`` is the cotangent of ``out``: float64 and of its
    shape, a list where ``out`` is a list or tuple (None for a piece that nothing read). A path of ``wanted`` is
    ``(argument index or keyword, index in a nested list, ...)``.

    Returns for each path a float64 array of that operand's shape (a float for a scalar operand), broadcasting
    undone, or None where the derivative is zero by definition. The arrays may be views of ``g`` or read-only: do not
    write to them.

    With ``magnitude`` the answer is ``|J|^T g`` for ``g >= 0``: exact, except that for `numpy.einsum` of three or more
    operands, `numpy.einsum` with an operand summed away and `numpy.linalg.multi_dot` it is an upper bound: an entry of
    their Jacobian is a sum of products, whose absolute values are added.

    A zero cotangent stays zero at a pole (``sqrt`` at 0). An operand of integers is treated as real, so that a
    parameter that starts as the int 0 has a derivative; from a float operand to an integer result there is none.

    Raises `NoDerivative` for an unknown function, for object, complex or string operands, and for a form of arguments
    that the entry does not know.
    """
    try:
        quick = _QUICK.get(fn)
    except TypeError:
        raise NoDerivative(name_of(fn)) from None
    if quick is not None and g.__class__ in SCALARS and out.__class__ in SCALARS and not kwargs:
        answer = quick(g, out, args, wanted, magnitude)
        if answer is not None:
            return answer
    rule = find(fn)
    if rule is None:
        raise NoDerivative(name_of(fn))
    if rule.flat:
        return [None] * len(wanted)
    call = Call(fn, g, out, args, kwargs, wanted, magnitude)
    try:
        with np.errstate(all="ignore"):
            return _checked(rule, call)
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        # A form of arguments that the rule did not foresee: to abstain is right, to guess or to stop the run is not.
        raise call.refuse(str(error)) from error


def _checked(rule: Rule, call: Call) -> list[Gradient]:
    for value in (*call.args, call.out):
        kind = value.dtype.kind if value.__class__ is np.ndarray else "f" if value.__class__ in _HARMLESS else "O"
        if kind in _REFUSED_KINDS:
            _refuse_odd(call, value)
    kind = kind_of(call.out)
    if kind == "b":
        return _nothing(call)
    return [None if v is None else _settled(call, v, p, kind) for v, p in zip(rule.vjp(call), call.wanted, strict=True)]


def _refuse_odd(call: Call, value: Any) -> None:
    if isinstance(value, _ODD_ARRAYS):
        raise call.refuse(f"{type(value).__name__} operands")
    if isinstance(value, _TYPED) and value.dtype.kind in _REFUSED_KINDS:
        raise call.refuse(f"{value.dtype} values")
    if isinstance(value, complex):
        raise call.refuse("complex values")


def _settled(call: Call, gradient: Any, path: Path, kind: str) -> Gradient:
    operand = leaf(call, path)
    if kind in "iu" and kind_of(operand) not in "biu":
        return None
    shape, expected = shape_of(gradient), shape_of(operand)
    if shape != expected:
        raise call.refuse(f"a cotangent of shape {shape} for an operand of shape {expected}")
    return gradient if shape else float(gradient)


def shape_of(value: Any) -> tuple[int, ...]:
    """`numpy.shape`, without making an array of a plain number."""
    if isinstance(value, _TYPED):
        return value.shape
    return () if value.__class__ in _HARMLESS_SCALARS else np.shape(value)


def kind_of(value: Any) -> str:
    """The dtype kind of a value; of a list or tuple (a result in pieces) that of its first piece."""
    if value.__class__ in SCALARS:
        return "f"
    if isinstance(value, _TYPED):
        return value.dtype.kind
    while isinstance(value, list | tuple) and value:
        value = value[0]
    return str(np.asarray(value).dtype.kind)


def known(fn: Any) -> bool:
    """Whether the table has an entry for ``fn``; single arguments may still raise `NoDerivative`."""
    return find(fn) is not None


def is_linear(fn: Any) -> bool:
    """Whether ``fn`` is linear in its operands together (add, sum, all that only moves elements)."""
    rule = find(fn)
    return rule is not None and rule.linear


def is_multilinear(fn: Any) -> bool:
    """Whether ``fn`` is linear in each operand while the others are held (multiply, matmul, all linear functions)."""
    rule = find(fn)
    return rule is not None and (rule.linear or rule.multilinear)


def ties(fn: Any, out: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Whether this execution sits exactly on a kink or jump, where another subgradient was possible.

    What `vjp` chooses there: ``abs``, ``hypot``, a norm and ``std`` at zero give 0; ``maximum`` and its kin prefer the
    scalar over the array, else the first operand; ``max``, ``min`` and ``median`` the first of the equal entries in
    index order; ``clip`` counts its bounds as inside; ``sort`` keeps the order of equal entries. Comparisons with
    ``<`` and ``>`` of floats report equality, ``==`` does not.
    """
    rule = find(fn)
    if rule is None or rule.tie is None:
        return False
    with np.errstate(all="ignore"):
        return bool(np.any(rule.tie(Call(fn, None, out, args, kwargs, ()))))


def leaf(call: Call, path: Path) -> Any:
    """The operand at a path."""
    value: Any = call.kwargs[path[0]] if isinstance(path[0], str) else call.args[path[0]]
    for index in path[1:]:
        value = value[index]
    return value


def part(gradient: Gradient, path: Path) -> Gradient:
    """The piece of an argument's cotangent that belongs to the operand at ``path`` inside that argument."""
    return gradient if gradient is None or len(path) == 1 else np.asarray(gradient)[path[1:]]


def as_float(value: Any) -> Array:
    """The operand as a float64 array, without a copy where it is one."""
    return np.asarray(value, dtype=np.float64)


def unbroadcast(gradient: Any, shape: tuple[int, ...]) -> Gradient:
    """Sum a cotangent over the axes along which an operand of ``shape`` was broadcast."""
    own = shape_of(gradient)
    if own == shape:
        return gradient
    if not shape:
        return float(gradient.sum())
    extra = len(own) - len(shape)
    if extra > 0:
        gradient = gradient.sum(axis=tuple(range(extra)))
    ones = tuple(i for i, n in enumerate(shape) if n == 1 and gradient.shape[i] != 1)
    return gradient.sum(axis=ones, keepdims=True) if ones else gradient


def bind(parameters: Sequence[str], call: Call) -> dict[str, Any]:
    """The arguments by name."""
    return {**dict(zip(parameters, call.args, strict=False)), **call.kwargs}


def root(parameters: Sequence[str], path: Path) -> str:
    """The name of the argument that a path starts in."""
    return path[0] if isinstance(path[0], str) else parameters[path[0]]
