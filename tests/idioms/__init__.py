"""Runs a snippet plain and rewritten, and compares all that its author could see."""

from __future__ import annotations

import contextlib
import io
import linecache
import re
import sys
import types
import warnings
from collections.abc import Iterator
from typing import Any

from gradcheck.record import taps as taps_module
from gradcheck.record.frames import is_ours
from gradcheck.record.rewrite import rewrite
from gradcheck.record.sources import Sources

MODULE = "idiom_script"
FILE = "<idiom>"
ADDRESS = re.compile(r"0x[0-9a-fA-F]+")


def compare(source: str, taps: Any, sources: Sources | None = None) -> None:
    """Fail where ``source`` behaves otherwise when it is rewritten and ``taps`` (a recorder) listens.

    Compared are output, warnings with their places, the exception with its context and its user frames, and the
    module's names and what they hold. ``sources`` is the recorder's own table where it needs to read it.
    """
    shared = sources or getattr(taps, "sources", None) or Sources()
    before = len(shared.not_rewritten)
    expected = run(lambda: compile(source, FILE, "exec", dont_inherit=True), source)
    taps_module.install(taps)
    try:
        actual = run(lambda: rewrite(source, FILE, MODULE, shared), source)
    finally:
        taps_module.uninstall()
    assert shared.not_rewritten[before:] == []
    for aspect, value in expected.items():
        assert actual[aspect] == value, aspect


def run(compiled: Any, source: str) -> dict[str, Any]:
    """What running the code that ``compiled()`` returns shows to the outside."""
    module = types.ModuleType(MODULE)
    seen: dict[str, Any] = {"error": None}
    out, errors = io.StringIO(), io.StringIO()
    linecache.cache[FILE] = (len(source), None, source.splitlines(keepends=True), FILE)
    with registered(module), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("default")
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
            try:
                exec(compiled(), module.__dict__)
            except BaseException as error:
                seen["error"] = describe(error)
        seen["output"] = ADDRESS.sub("0x", out.getvalue())
        seen["errors"] = ADDRESS.sub("0x", errors.getvalue())
        seen["warnings"] = [(w.category, str(w.message), w.filename, w.lineno) for w in warned]
        seen["names"] = list(module.__dict__)
        seen["values"] = {k: readable(v) for k, v in vars(module).items() if not k.startswith("__")}
    return seen


@contextlib.contextmanager
def registered(module: types.ModuleType) -> Iterator[None]:
    sys.modules[module.__name__] = module
    try:
        yield
    finally:
        del sys.modules[module.__name__]


def readable(value: object) -> str:
    try:
        return ADDRESS.sub("0x", repr(value))
    except Exception as error:
        return f"no repr: {error!r}"


def describe(error: BaseException | None) -> Any:
    """Type, arguments, frames and chain of ``error``, our own frames left out."""
    if error is None:
        return None
    frames = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename == FILE:
            frames.append((code.co_name, trace.tb_lineno, positions(code, trace.tb_lasti)))
        assert is_ours(code.co_filename) or "@" not in code.co_name
        trace = trace.tb_next
    shown = (type(error).__name__, readable(error.args), frames, error.__suppress_context__)
    return (*shown, describe(error.__cause__), describe(error.__context__))


def positions(code: types.CodeType, instruction: int) -> Any:
    return list(code.co_positions())[instruction // 2]
