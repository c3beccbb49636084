"""The names that rewritten code calls, and the plainest recorder behind them.

A tap's name begins with ``@``, which no user can spell, and lives in the ``builtins`` module's dict: no namespace of
the user's gains a name, and a user's ``slice`` or ``iter`` never reaches injected code.
"""

from __future__ import annotations

import builtins
import keyword
import operator
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from .frames import clean_current_error, route_warnings, unroute_warnings

F = TypeVar("F")

BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor")
UNARY = ("neg", "pos", "invert")
COMPARE = ("lt", "le", "gt", "ge", "eq", "ne")
OPCODES = (*BINARY, "lshift", "rshift")
"""The in-place operators: the ``opcode`` of `@aug`, `@aug_attr` and `@aug_item` is an index into this."""

TAP_NAMES = (
    *BINARY, *UNARY, *COMPARE,
    "call", "get", "bind", "aug", "set_attr", "set_item", "aug_attr", "aug_item",
    "loop", "begin", "again", "leave", "each", "define", "enter", "return",
)  # fmt: skip

HELPER_NAMES = ("slice", "caught", "keep_attr", "keep_item")
"""Injected names that no recorder supplies: `install` makes them."""


def method_name(tap: str) -> str:
    """The attribute of a recorder that serves ``tap``: keywords have a trailing underscore."""
    return f"{tap}_" if keyword.iskeyword(tap) else tap


def install(recorder: Any) -> None:
    """Put the taps of ``recorder`` into the builtins; a second call replaces the first."""
    namespace = vars(builtins)
    for tap in TAP_NAMES:
        namespace[f"@{tap}"] = getattr(recorder, method_name(tap))
    namespace["@slice"] = slice
    namespace["@caught"] = clean_current_error
    namespace["@keep_attr"] = _keeping(recorder.set_attr)
    namespace["@keep_item"] = _keeping(recorder.set_item)
    route_warnings()


def uninstall() -> None:
    """Take every injected name out of the builtins; rewritten code cannot run afterwards."""
    for tap in (*TAP_NAMES, *HELPER_NAMES):
        vars(builtins).pop(f"@{tap}", None)
    unroute_warnings()


def _keeping(store: Callable[..., object]) -> Callable[..., Any]:
    """``store`` as an expression whose value is what was stored, for ``a.x = b.y = value``."""

    def keep(site: int, value: Any, obj: Any, key: Any, /) -> Any:
        store(site, value, obj, key)
        return value

    return keep


def _binary(operation: Callable[[Any, Any], Any]) -> staticmethod[[int, Any, Any], Any]:
    def tap(site: int, left: Any, right: Any, /) -> Any:
        return operation(left, right)

    return staticmethod(tap)


def _unary(operation: Callable[[Any], Any]) -> staticmethod[[int, Any], Any]:
    def tap(site: int, operand: Any, /) -> Any:
        return operation(operand)

    return staticmethod(tap)


IN_PLACE: tuple[Callable[[Any, Any], Any], ...] = tuple(getattr(operator, f"i{name}") for name in OPCODES)


class NeutralTaps:
    """Computes and records nothing: what each tap means, and the reference that a recorder must agree with."""

    add = _binary(operator.add)
    sub = _binary(operator.sub)
    mul = _binary(operator.mul)
    truediv = _binary(operator.truediv)
    floordiv = _binary(operator.floordiv)
    mod = _binary(operator.mod)
    pow = _binary(operator.pow)
    matmul = _binary(operator.matmul)
    and_ = _binary(operator.and_)
    or_ = _binary(operator.or_)
    xor = _binary(operator.xor)
    neg = _unary(operator.neg)
    pos = _unary(operator.pos)
    invert = _unary(operator.invert)
    lt = _binary(operator.lt)
    le = _binary(operator.le)
    gt = _binary(operator.gt)
    ge = _binary(operator.ge)
    eq = _binary(operator.eq)
    ne = _binary(operator.ne)
    get = _binary(operator.getitem)

    def call(self, site: int, callee: F, /) -> F:
        return callee

    def bind(self, site: int, location: int, value: F, /) -> F:
        return value

    def aug(self, site: int, opcode: int, location: int, left: Any, right: Any, /) -> Any:
        return IN_PLACE[opcode](left, right)

    def set_attr(self, site: int, value: Any, obj: Any, name: str, /) -> None:
        setattr(obj, name, value)

    def set_item(self, site: int, value: Any, obj: Any, index: Any, /) -> None:
        obj[index] = value

    def aug_attr(self, site: int, opcode: int, obj: Any, name: str, /) -> Callable[[Any], None]:
        old = getattr(obj, name)
        return lambda value, /: setattr(obj, name, IN_PLACE[opcode](old, value))

    def aug_item(self, site: int, opcode: int, obj: Any, index: Any, /) -> Callable[[Any], None]:
        old = obj[index]
        return lambda value, /: operator.setitem(obj, index, IN_PLACE[opcode](old, value))

    def loop(self, site: int, iterable: Iterable[F], /) -> Iterable[F]:
        # Not iter(iterable): an iterator without __iter__ serves a for statement, but only once.
        return iterable

    def each(self, site: int, iterable: Iterable[F], /) -> Iterable[F]:
        return iterable

    def begin(self, site: int, /) -> None:
        return None

    def again(self, site: int, test: F, /) -> F:
        return test

    def leave(self, site: int, /) -> None:
        return None

    def define(self, function: int, /) -> Callable[[F], F]:
        return _unchanged

    def enter(self, function: int, arguments: tuple[Any, ...], /) -> None:
        return None

    def return_(self, function: int, value: F, /) -> F:
        return value


def _unchanged(function: F, /) -> F:
    return function
