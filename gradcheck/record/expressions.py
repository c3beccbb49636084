"""Rewriting expressions: each operation becomes a call of its tap, in the same order of evaluation."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from typing import Any

from .nodes import (
    apply,
    call_place,
    compiler_warns_of_call,
    compiler_warns_of_subscript,
    constant,
    is_literal,
    is_text,
    load,
    placed,
    tap,
)
from .positions import SourceText
from .scopes import Scope, argument_names, mangle, open_scope
from .sources import Function, Site, Sources

OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "truediv", ast.FloorDiv: "floordiv", ast.Mod: "mod",
    ast.Pow: "pow", ast.MatMult: "matmul", ast.BitAnd: "and", ast.BitOr: "or", ast.BitXor: "xor",
    ast.LShift: "lshift", ast.RShift: "rshift", ast.USub: "neg", ast.UAdd: "pos", ast.Invert: "invert",
    ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq", ast.NotEq: "ne",
}  # fmt: skip

SHIFTS = (ast.LShift, ast.RShift)

UNTAPPED_CALLS = frozenset(
    "len range print isinstance issubclass str repr type open hasattr input "
    "super locals globals vars dir eval exec id bytes format".split()
)

# Before 3.12 the parser gives wrong places inside of f-strings.
F_STRING_PLACES = sys.version_info >= (3, 12)


class Expressions:
    """Rewrites expressions in place. ``self.scope`` is the scope whose code is being visited."""

    def __init__(self, text: SourceText, file: str, module: str, sources: Sources) -> None:
        self.text = text
        self.file = file
        self.sources = sources
        self.scope = Scope("module", ast.Module([], []), None, module)
        self.f_string: ast.AST | None = None
        self.handlers: dict[type[ast.AST], Callable[[Any], Any]] = {
            ast.BinOp: self.operation,
            ast.UnaryOp: self.unary,
            ast.Compare: self.comparison,
            ast.Call: self.call,
            ast.Subscript: self.subscript,
            ast.NamedExpr: self.walrus,
            ast.Lambda: self.function_expression,
            ast.comprehension: self.clause,
            ast.JoinedStr: self.joined,
        }

    def visit(self, node: Any) -> Any:
        """``node`` rewritten: the same object or what takes its place."""
        handler = self.handlers.get(node.__class__)
        return self.parts(node) if handler is None else handler(node)

    def parts(self, node: ast.AST) -> ast.AST:
        """Rewrite what ``node`` is made of and leave itself alone."""
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, ast.AST):
                setattr(node, name, self.visit(value))
            elif isinstance(value, list):
                setattr(node, name, self.each(value))
        return node

    def each(self, values: list[Any]) -> list[Any]:
        """Rewrite a list of nodes; a list may hold ``None`` (keyword-only defaults) or text."""
        return [self.visit(value) if isinstance(value, ast.AST) else value for value in values]

    def site(self, node: ast.AST, end: ast.AST | None = None) -> int:
        """A new site from the start of ``node`` to the end of ``end``."""
        if self.f_string is not None and not F_STRING_PLACES:
            place, text = self.text.place(self.f_string), ast.unparse(node)
        else:
            place = self.text.place(node, end)
            text = self.text.segment(place)
        return self.sources.add_site(Site(self.file, *place, self.scope.function_qualname(), text))

    def operation(self, node: ast.BinOp) -> ast.expr:
        """``a + b + c``: from the innermost outwards in a loop, because such chains are deeper than any recursion."""
        chain = [node]
        while isinstance(chain[-1].left, ast.BinOp):
            chain.append(chain[-1].left)
        first = chain[-1].left
        literal, text = is_literal(first), is_text(first)
        result: ast.expr = self.visit(first)
        for link in reversed(chain):
            literal = literal and is_literal(link.right)
            text = text or is_text(link.right)
            stays = literal or text or isinstance(link.op, SHIFTS)
            site = -1 if stays else self.site(link)
            if not stays and (is_literal(link.right) or is_literal(link.left)):
                self.sources.literals.add(site)
            link.right = self.visit(link.right)
            link.left = result
            result = link if stays else tap(OPERATORS[type(link.op)], [site, result, link.right], link)
        return result

    def unary(self, node: ast.UnaryOp) -> ast.expr:
        if isinstance(node.op, ast.Not) or is_literal(node.operand):
            node.operand = self.visit(node.operand)
            return node
        return tap(OPERATORS[type(node.op)], [self.site(node), self.visit(node.operand)], node)

    def comparison(self, node: ast.Compare) -> ast.AST:
        """``a < b``; a chained comparison stays, because it asks its links for their truth one by one."""
        name = OPERATORS.get(type(node.ops[0]))
        if name is None or len(node.ops) > 1:
            return self.parts(node)
        site = self.site(node)
        left = self.visit(node.left)
        return tap(name, [site, left, self.visit(node.comparators[0])], node)

    def call(self, node: ast.Call) -> ast.AST:
        """``f(x)`` becomes ``@call(site, f)(x)``: no frame is added around a user's function."""
        untapped = isinstance(node.func, ast.Name) and node.func.id in UNTAPPED_CALLS
        if untapped or compiler_warns_of_call(node.func):
            return self.parts(node)
        place = call_place(node)
        callee = tap("call", [self.site(node), self.visit(node.func)], node.func)
        rewritten = ast.Call(callee, self.each(node.args), self.each(node.keywords))
        return placed(rewritten, place)

    def subscript(self, node: ast.Subscript) -> ast.AST:
        if not isinstance(node.ctx, ast.Load) or compiler_warns_of_subscript(node):
            return self.parts(node)
        site = self.site(node)
        obj = self.visit(node.value)
        return tap("get", [site, obj, self.index(node.slice)], node)

    def index(self, node: ast.expr) -> ast.expr:
        """An index as an argument: ``a:b`` becomes a call of the real `slice`, also inside of a tuple."""
        if isinstance(node, ast.Slice):
            bounds = [self.visit(b) if b is not None else constant(None, node)
                      for b in (node.lower, node.upper, node.step)]  # fmt: skip
            return apply(load("@slice", node), bounds, node)
        if isinstance(node, ast.Tuple):
            node.elts = [self.index(element) for element in node.elts]
            return node
        return self.visit(node)  # type: ignore[no-any-return]

    def walrus(self, node: ast.NamedExpr) -> ast.expr:
        node.value = self.bound(node.target.id, self.visit(node.value), node)
        return node

    def bound(self, name: str, value: ast.expr, at: ast.AST) -> ast.Call:
        """``value`` on its way into the variable ``name``."""
        location = self.sources.add_location(self.scope.location(name))
        return tap("bind", [self.site(at), location, value], value)

    def clause(self, node: ast.comprehension) -> ast.comprehension:
        """``for target in iter if ...`` of a comprehension or generator expression."""
        site = self.site(node.target, node.iter)
        self.parts(node)
        if not node.is_async:
            node.iter = tap("each", [site, node.iter], node.iter)
        return node

    def joined(self, node: ast.JoinedStr) -> ast.AST:
        outer, self.f_string = self.f_string, self.f_string or node
        self.parts(node)
        self.f_string = outer
        return node

    def function_expression(self, node: ast.Lambda) -> ast.expr:
        """``lambda a: v`` becomes ``@define(id)(lambda a: @return(id, (@enter(id, (a,)), v)[1]))``."""
        self.defaults(node.args)
        outer = self.scope
        self.scope, generator = open_scope(node, outer)
        function = self.add_function(node)
        body = self.visit(node.body)
        if not generator:
            body = self.returning(function, node, body)
        node.body = body
        self.scope = outer
        return apply(tap("define", [function], node), [node], node)

    def returning(self, function: int, node: ast.Lambda, body: ast.expr) -> ast.expr:
        pair = placed(ast.Tuple([self.entering(function, node, body), body], ast.Load()), body)
        value = placed(ast.Subscript(pair, constant(1, body), ast.Load()), body)
        return tap("return", [function, value], body)

    def entering(self, function: int, node: ast.FunctionDef | ast.Lambda, at: ast.AST) -> ast.Call:
        names: list[ast.expr] = [load(name, at) for name in argument_names(node.args)]
        return tap("enter", [function, placed(ast.Tuple(names, ast.Load()), at)], at)

    def defaults(self, arguments: ast.arguments) -> None:
        """Rewrite the default values of a function, which the scope around it evaluates; annotations stay."""
        arguments.defaults = self.each(arguments.defaults)
        arguments.kw_defaults = self.each(arguments.kw_defaults)

    def add_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> int:
        arguments = node.args
        names = tuple(mangle(self.scope, name) for name in argument_names(arguments))
        varargs = mangle(self.scope, arguments.vararg.arg) if arguments.vararg else ""
        keywords = mangle(self.scope, arguments.kwarg.arg) if arguments.kwarg else ""
        name = "<lambda>" if isinstance(node, ast.Lambda) else node.name
        entry = Function(self.file, node.lineno, self.scope.qualname, name, names, varargs, keywords)
        return self.sources.add_function(entry)
