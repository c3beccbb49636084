"""Rewriting statements: bindings, stores, loops and functions."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable
from typing import Any

from . import periodic
from .expressions import OPERATORS, Expressions
from .nodes import (
    apply,
    assign,
    attribute_place,
    constant,
    load,
    placed,
    plain_names,
    statement,
    store,
    tap,
    tests_twice,
)
from .positions import SourceText
from .scopes import mangle, open_scope
from .sources import Sources
from .taps import HELPER_NAMES, OPCODES, TAP_NAMES

INJECTED = [f"@{name}" for name in (*TAP_NAMES, *HELPER_NAMES)]

COMPILERS = frozenset({"numba", "taichi", "triton", "pythran", "cython"})
"""Packages whose decorators translate a function's bytecode or source: a tap would not compile there."""

# The compiler allows 20 nested blocks; a `finally` of ours needs one.
DEEPEST_BLOCK = 18

STATIC_ATTRIBUTES = sys.version_info >= (3, 13)


class Statements(Expressions):
    """Rewrites lists of statements. Every handler of a statement gives a list."""

    def __init__(self, text: SourceText, file: str, module: str, sources: Sources) -> None:
        super().__init__(text, file, module, sources)
        self.compiled_names: set[str] = set()
        self.handlers |= {
            ast.FunctionDef: self.function,
            ast.AsyncFunctionDef: self.function,
            ast.ClassDef: self.class_body,
            ast.Return: self.return_value,
            ast.Assign: self.assignment,
            ast.AugAssign: self.augmented,
            ast.AnnAssign: self.annotated,
            ast.Assert: self.assertion,
            ast.For: self.for_loop,
            ast.While: self.while_loop,
            ast.ExceptHandler: self.except_clause,
            ast.match_case: self.case,
            ast.Import: self.imported,
            ast.ImportFrom: self.imported,
        }
        if hasattr(ast, "TypeAlias"):
            self.handlers[ast.TypeAlias] = lambda node: node

    def each(self, values: list[Any]) -> list[Any]:
        if not values or not isinstance(values[0], ast.stmt):
            return super().each(values)
        self.scope.blocks += 1
        result: list[Any] = []
        for value in values:
            rewritten = self.visit(value)
            result += rewritten if isinstance(rewritten, list) else [rewritten]
        self.scope.blocks -= 1
        return result

    # Functions and classes

    def function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.stmt:
        if any(self.is_compiled(decorator) for decorator in node.decorator_list):
            return node
        node.decorator_list = [self.decorator(d) for d in node.decorator_list]
        self.defaults(node.args)
        outer = self.scope
        self.scope, generator = open_scope(node, outer)
        function = self.add_function(node)
        plain = isinstance(node, ast.FunctionDef) and not generator
        self.scope.function = function if plain else -1
        documentation, code = split_documentation(node.body)
        body = self.each(code)
        # A call that gives nothing back is of no use to the tape, and nothing would tell when to drop its arguments.
        heard = plain and self.scope.gives_back
        entry = [statement(self.entering(function, node, code[0]))] if heard else []  # type: ignore[arg-type]
        node.body = [*documentation, *entry, *body, *self.self_attributes()]
        self.scope = outer
        if isinstance(node, ast.FunctionDef):
            node.decorator_list.append(tap("define", [function], header(node)))
        return node

    def is_compiled(self, decorator: ast.expr) -> bool:
        root: ast.expr = decorator
        while isinstance(root, (ast.Attribute, ast.Call)):
            root = root.value if isinstance(root, ast.Attribute) else root.func
        return isinstance(root, ast.Name) and root.id in self.compiled_names

    def imported(self, node: ast.Import | ast.ImportFrom) -> ast.stmt:
        """Nothing changes; remember which names come from packages that compile functions."""
        for name in node.names:
            origin = node.module if isinstance(node, ast.ImportFrom) else name.name
            if (origin or "").partition(".")[0] in COMPILERS:
                self.compiled_names.add(name.asname or name.name.partition(".")[0])
        return node

    def decorator(self, node: ast.expr) -> Any:
        """A decorator's own call stays; what it is given is rewritten."""
        return self.parts(node) if isinstance(node, ast.Call) else self.visit(node)

    def self_attributes(self) -> list[ast.stmt]:
        """Dead code that shows the compiler the attributes of ``self``, for ``__static_attributes__`` of the class."""
        names = self.scope.self_attributes
        if not names or not STATIC_ATTRIBUTES:
            return []
        at = header(self.scope.node)
        targets: list[ast.expr] = [placed(ast.Attribute(load("self", at), name, ast.Store()), at) for name in names]
        never = placed(ast.Assign(targets, constant(None, at)), at)
        return [placed(ast.If(constant(False, at), [never], []), at)]

    def class_body(self, node: ast.ClassDef) -> ast.stmt:
        node.decorator_list = [self.decorator(d) for d in node.decorator_list]
        node.bases = self.each(node.bases)
        node.keywords = self.each(node.keywords)
        outer = self.scope
        self.scope, _ = open_scope(node, outer)
        documentation, code = split_documentation(node.body)
        # Global, or a namespace made by a metaclass would be asked for the taps.
        ours = placed(ast.Global(list(INJECTED)), header(node))
        node.body = [*documentation, ours, *self.each(code)]
        self.scope = outer
        return node

    def return_value(self, node: ast.Return) -> ast.stmt:
        if node.value is not None:
            value = self.visit(node.value)
            function = self.scope.function
            node.value = tap("return", [function, value], value) if function >= 0 else value
            self.scope.gives_back = True
        return node

    # Bindings and stores

    def assignment(self, node: ast.Assign) -> list[ast.stmt]:
        value = self.visit(node.value)
        simple = all(isinstance(t, (ast.Name, ast.Attribute, ast.Subscript)) for t in node.targets)
        if simple:
            return self.chained(node, value)
        if len(node.targets) == 1 and not isinstance(value, (ast.Tuple, ast.List, ast.Constant)):
            value = tap("each", [self.site(node), value], value)  # numbers taken out of an array
        node.value = value
        names = [plain_names(target) for target in node.targets]
        if self.scope.kind == "class":
            node.targets = self.each(node.targets)
            return [node]
        if None in names:
            return self.through_temporaries(node)
        unique = {name.id: name for group in names for name in group or ()}
        return [node, *(self.stored(name, load(name.id, name), node)[0] for name in unique.values())]

    def chained(self, node: ast.Assign, value: ast.expr) -> list[ast.stmt]:
        """``a = b.x = v``: the value goes from store to store on the stack, no temporary needed."""
        for target in node.targets[:-1]:
            if isinstance(target, ast.Name):
                value = placed(ast.NamedExpr(target, self.bound(target.id, value, node)), target)
            else:
                value = self.store_call("keep_", target, value, node)
        return self.stored(node.targets[-1], value, node)

    def stored(self, target: ast.expr, value: ast.expr, node: ast.stmt) -> list[ast.stmt]:
        """The statements that put ``value`` into ``target`` as the statement ``node`` does."""
        if isinstance(target, ast.Starred):
            target = target.value
        if isinstance(target, ast.Name):
            return [assign(target, self.bound(target.id, value, node), node)]
        if isinstance(target, (ast.Attribute, ast.Subscript)):
            return [statement(self.store_call("set_", target, value, node), node)]
        assert isinstance(target, (ast.Tuple, ast.List))
        return self.unpacked(target, value, node)

    def store_call(self, prefix: str, target: ast.expr, value: ast.expr, node: ast.stmt) -> ast.Call:
        """``@set_attr(site, value, obj, name)`` or the like, with ``@keep_`` as an expression of the value."""
        site = self.site(node)
        if isinstance(target, ast.Attribute):
            name = self.attribute_name(target)
            if isinstance(target.value, ast.Name) and target.value.id == "self":
                self.scope.self_attributes[target.attr] = None
            return tap(f"{prefix}attr", [site, value, self.visit(target.value), name], attribute_place(target))
        assert isinstance(target, ast.Subscript)
        obj = self.visit(target.value)
        return tap(f"{prefix}item", [site, value, obj, self.index(target.slice)], target)

    def attribute_name(self, target: ast.Attribute) -> str:
        if target.attr == "__debug__":
            raise SyntaxError("cannot assign to __debug__")
        return mangle(self.scope, target.attr)

    def through_temporaries(self, node: ast.Assign) -> list[ast.stmt]:
        """Tuple targets with attributes or items: each part is stored by itself, in order; no temporary survives."""
        first = self.scope.temporaries
        if len(node.targets) == 1:
            unpack, body = self.unpacking(node.targets[0], node.value, node)
            before: ast.stmt = unpack
        else:
            name = self.temporary()
            before = assign(store(name, node), node.value, node)
            body = [s for target in node.targets for s in self.stored(target, load(name, node), node)]
        names = [f"@t{i}" for i in range(first, self.scope.temporaries)]
        self.scope.temporaries = first
        cleared: list[ast.expr] = [store(name, node) for name in names]
        finish: list[ast.stmt] = [
            placed(ast.Assign(cleared, constant(None, node)), node),
            placed(ast.Delete([placed(ast.Name(name, ast.Del()), node) for name in names]), node),
        ]
        if self.scope.blocks >= DEEPEST_BLOCK:
            return [before, *body, *finish]
        return [before, placed(ast.Try(body, [], [], finish), node)]

    def temporary(self) -> str:
        self.scope.temporaries += 1
        return f"@t{self.scope.temporaries - 1}"

    def unpacked(self, target: ast.Tuple | ast.List, value: ast.expr, node: ast.stmt) -> list[ast.stmt]:
        unpack, body = self.unpacking(target, value, node)
        return [unpack, *body]

    def unpacking(self, target: ast.expr, value: ast.expr, node: ast.stmt) -> tuple[ast.stmt, list[ast.stmt]]:
        """The unpacking of one level into temporaries, and the stores of its parts."""
        assert isinstance(target, (ast.Tuple, ast.List))
        names = [self.temporary() for _ in target.elts]
        slots: list[ast.expr] = []
        for name, part in zip(names, target.elts, strict=True):
            slot = store(name, part)
            starred = isinstance(part, ast.Starred)
            slots.append(placed(ast.Starred(slot, ast.Store()), part) if starred else slot)
        unpack = assign(placed(ast.Tuple(slots, ast.Store()), target), value, node)
        pairs = zip(names, target.elts, strict=True)
        return unpack, [s for name, part in pairs for s in self.stored(part, load(name, part), node)]

    def augmented(self, node: ast.AugAssign) -> ast.stmt:
        opcode = OPCODES.index(OPERATORS[type(node.op)])
        target, site = node.target, self.site(node)
        if isinstance(target, ast.Name):
            location = self.sources.add_location(self.scope.location(target.id))
            old = load(target.id, target)
            return assign(target, tap("aug", [site, opcode, location, old, self.visit(node.value)], node), node)
        obj = self.visit(target.value)
        if isinstance(target, ast.Attribute):
            prepared = tap("aug_attr", [site, opcode, obj, mangle(self.scope, target.attr)], attribute_place(target))
        else:
            prepared = tap("aug_item", [site, opcode, obj, self.index(target.slice)], target)
        return statement(apply(prepared, [self.visit(node.value)], node), node)

    def annotated(self, node: ast.AnnAssign) -> ast.stmt | list[ast.stmt]:
        """``x: T = v``. Only inside a function is nothing but the store left of ``o.x: T = v``."""
        if isinstance(node.target, ast.Name):
            if node.value is not None:
                node.value = self.bound(node.target.id, self.visit(node.value), node)
            return node
        if node.value is not None and self.scope.kind == "function":
            return self.stored(node.target, self.visit(node.value), node)
        node.target = self.visit(node.target)
        node.value = self.visit(node.value) if node.value is not None else None
        return node

    # Loops and clauses

    def assertion(self, node: ast.Assert) -> ast.stmt:
        node.test = self.asserted(node.test)
        node.msg = self.visit(node.msg) if node.msg is not None else None
        return node

    def asserted(self, test: ast.expr) -> Any:
        """A comparison that is only asserted keeps its shape: its place is where the traceback points."""
        if isinstance(test, ast.BoolOp):
            test.values = [self.asserted(value) for value in test.values]
            return test
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            test.operand = self.asserted(test.operand)
            return test
        return self.parts(test) if isinstance(test, ast.Compare) else self.visit(test)

    def for_loop(self, node: ast.For) -> list[ast.stmt]:
        site = self.site(node, node.iter)
        self.sources.periodic[site] = periodic.tests(node)
        leave = statement(tap("leave", [site], node.iter))
        iterable = self.visit(node.iter)
        node.iter = tap("loop", [site, iterable], iterable)
        node.target = self.visit(node.target)
        node.body, node.orelse = self.each(node.body), self.each(node.orelse)
        return [node, leave]

    def while_loop(self, node: ast.While) -> list[ast.stmt]:
        site = self.site(node, node.test)
        begin = statement(tap("begin", [site], node.test))
        leave = statement(tap("leave", [site], node.test))
        twice = tests_twice(node.test)
        test = self.visit(node.test)
        if twice:
            test = placed(ast.IfExp(test, constant(True, test), constant(False, test)), test)
        node.test = tap("again", [site, test], test)
        node.body, node.orelse = self.each(node.body), self.each(node.orelse)
        return [begin, node, leave]

    def except_clause(self, node: ast.ExceptHandler) -> ast.AST:
        self.parts(node)
        node.body.insert(0, statement(tap("caught", [], header(node))))
        return node

    def case(self, node: ast.match_case) -> ast.AST:
        if node.guard is not None:
            node.guard = self.visit(node.guard)
        node.body = self.each(node.body)
        return node


def header(node: ast.AST) -> ast.AST:
    """The first character of ``node`` as a place: what is injected for a whole block belongs to its first line."""
    at = placed(ast.Pass(), node)
    at.end_lineno, at.end_col_offset = at.lineno, at.col_offset
    return at


def split_documentation(body: Iterable[ast.stmt]) -> tuple[list[ast.stmt], list[ast.stmt]]:
    """The documentation string, which must stay first, and the rest."""
    code = list(body)
    first = code[0] if code else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return code[:1], code[1:]
    return [], code
