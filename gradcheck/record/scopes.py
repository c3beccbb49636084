"""Whose variable a name is: the scopes of a module as the compiler will see them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from .sources import Location

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(slots=True)
class Scope:
    """A module, class or function body while it is rewritten. Comprehensions have none: a walrus binds outside."""

    kind: Literal["module", "class", "function"]
    node: ast.AST
    parent: Scope | None
    module: str
    qualname: str = ""
    globals: set[str] = field(default_factory=set)
    nonlocals: set[str] = field(default_factory=set)
    function: int = -1
    """The id in `@return`, or -1 where returned values are not tapped (module, class, generator, coroutine)."""
    gives_back: bool = False
    """Whether it has been seen to return a value."""
    blocks: int = 0
    temporaries: int = 0
    self_attributes: dict[str, None] = field(default_factory=dict)

    def location(self, name: str) -> Location:
        """The variable that a binding of ``name`` in this scope changes."""
        name = mangle(self, name)
        if self.kind == "module" or name in self.globals:
            return Location("global", self.module, name)
        owner = self._owner(name) if name in self.nonlocals else self
        return Location("class" if owner.kind == "class" else "local", f"{self.module}.{owner.qualname}", name)

    def _owner(self, name: str) -> Scope:
        """The enclosing function that a ``nonlocal`` name belongs to."""
        scope = self.parent
        while scope is not None:
            if scope.kind == "function" and name in bound_names(scope) and name not in scope.nonlocals:
                return scope
            scope = scope.parent
        return self

    def function_qualname(self) -> str:
        """The qualified name of the innermost function, "" outside of one."""
        scope: Scope | None = self
        while scope is not None and scope.kind != "function":
            scope = scope.parent
        return scope.qualname if scope is not None else ""

    def qualify(self, name: str) -> str:
        """The qualified name of a function or class ``name`` defined here."""
        if self.kind == "module" or mangle(self, name) in self.globals:
            return name
        return f"{self.qualname}.{name}" if self.kind == "class" else f"{self.qualname}.<locals>.{name}"


def mangle(scope: Scope, name: str) -> str:
    """``name`` as the compiler spells it: ``__w`` inside of class ``C`` is ``_C__w``."""
    if not name.startswith("__") or name.endswith("__") or "." in name:
        return name
    inside: Scope | None = scope
    while inside is not None:
        if isinstance(inside.node, ast.ClassDef):
            owner = inside.node.name.lstrip("_")
            return f"_{owner}{name}" if owner else name
        inside = inside.parent
    return name


def open_scope(node: FunctionNode | ast.ClassDef, parent: Scope) -> tuple[Scope, bool]:
    """The scope that ``node`` opens, and whether it is the body of a generator."""
    kind: Literal["class", "function"] = "class" if isinstance(node, ast.ClassDef) else "function"
    name = "<lambda>" if isinstance(node, ast.Lambda) else node.name
    scope = Scope(kind, node, parent, parent.module, parent.qualify(name))
    generator = False
    for inner in own_nodes(body_of(node)):
        if isinstance(inner, ast.Global):
            scope.globals.update(mangle(scope, n) for n in inner.names)
        elif isinstance(inner, ast.Nonlocal):
            scope.nonlocals.update(mangle(scope, n) for n in inner.names)
        elif isinstance(inner, (ast.Yield, ast.YieldFrom)):
            generator = True
    return scope, generator


def body_of(node: FunctionNode | ast.ClassDef) -> list[ast.AST]:
    """The statements, or the one expression, inside of the scope of ``node``."""
    return [node.body] if isinstance(node, ast.Lambda) else list(node.body)


def own_nodes(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Every node that runs in the scope of ``body``: what nested functions and classes do inside is left out."""
    waiting = list(body)
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.Lambda):
            waiting.append(node.args)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            waiting += [*node.decorator_list, node.args]
        elif isinstance(node, ast.ClassDef):
            waiting += [*node.decorator_list, *node.bases, *node.keywords]
        else:
            waiting += ast.iter_child_nodes(node)


def argument_names(arguments: ast.arguments) -> tuple[str, ...]:
    """Every parameter in the order of the signature."""
    positional = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
    varargs = [arguments.vararg.arg] if arguments.vararg else []
    keywords = [arguments.kwarg.arg] if arguments.kwarg else []
    return (*positional, *varargs, *(a.arg for a in arguments.kwonlyargs), *keywords)


def bound_names(scope: Scope) -> set[str]:
    """The names that the function body of ``scope`` binds, its parameters included, mangled."""
    node = scope.node
    assert isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
    names = set(argument_names(node.args))
    for inner in own_nodes(body_of(node)):
        names.update(_bound_by(inner))
    return {mangle(scope, name) for name in names}


def _bound_by(node: ast.AST) -> list[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            return [name]
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return [name]
        case ast.MatchMapping(rest=str(name)):
            return [name]
        case ast.alias(name=name, asname=alias):
            return [alias or name.partition(".")[0]]
    return []
