"""A module's source to code in which each operation passes a tap (see `taps`).

Where the rewritten tree does not compile, the source is compiled as it is: a user's SyntaxError is then the user's own,
and anything else is noted in `Sources.not_rewritten`.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType

from .positions import SourceText, decode
from .sources import Sources
from .statements import Statements, split_documentation

# Plain Python compiles chains of 2,993 terms at the usual limit; walking them takes a few frames a term. CPython 3.12
# alone refuses trees deeper than about 1,480 levels whatever the limit: such a module runs as it is, and is noted.
DEEPER = 30_000


def rewrite(source: bytes | str, filename: str, module_name: str, sources: Sources, flags: int = 0) -> CodeType:
    """Code that does what ``source`` does and tells the taps about it.

    ``sources`` gains the sites, locations and functions that the taps' ids mean. ``flags`` are the compiler's.
    Raises what compiling the source in plain Python raises: SyntaxError, ValueError (null bytes), RecursionError or
    MemoryError.
    """
    with deeper_recursion():
        try:
            tree: ast.Module = compile(source, filename, "exec", ast.PyCF_ONLY_AST | flags, dont_inherit=True)
            rewritten = rewrite_tree(tree, decode(source), filename, module_name, sources)
            code: CodeType = compile(rewritten, filename, "exec", flags, dont_inherit=True)
            return code
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
    code = compile(source, filename, "exec", flags, dont_inherit=True)
    sources.not_rewritten.append((filename, reason))
    return code


def rewrite_tree(tree: ast.Module, text: str, filename: str, module_name: str, sources: Sources) -> ast.Module:
    """``tree`` with taps. It is changed in place and must not be used afterwards."""
    statements = Statements(SourceText(text), filename, module_name, sources)
    documentation, code = split_documentation(tree.body)
    tree.body = documentation + statements.each(code)
    return tree


@contextmanager
def deeper_recursion() -> Iterator[None]:
    """Room for walking and compiling deep expressions; the user's recursion limit is back afterwards."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(limit + DEEPER)
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
