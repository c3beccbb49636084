"""The rewritten program is the user's program: every idiom runs alike, plain and with taps."""

from __future__ import annotations

import builtins
import sys
import traceback
import types
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gradcheck.record.rewrite import rewrite
from gradcheck.record.sources import Sources
from gradcheck.record.taps import NeutralTaps, install, uninstall

from .idioms import compare
from .idioms.table import IDIOMS


@pytest.mark.parametrize("source", [s for _, s in IDIOMS], ids=[n for n, _ in IDIOMS])
def test_idiom_runs_alike(source: str) -> None:
    compare(source, NeutralTaps())


def test_there_are_enough_idioms() -> None:
    assert len(IDIOMS) >= 220
    assert len({name for name, _ in IDIOMS}) == len(IDIOMS)


# What the taps are told


class Listener(NeutralTaps):
    """Neutral taps that keep a list of what they were called with."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.heard: list[tuple[Any, ...]] = []

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name in ("sources", "heard") or name.startswith("_"):
            return found
        return lambda *a: (self.heard.append((name, *a)), found(*a))[1]


def listen(source: str, **names: Any) -> Listener:
    """Run ``source`` rewritten and return what the taps heard."""
    listener = Listener(Sources())
    code = rewrite(source, "user.py", "user", listener.sources)
    assert listener.sources.not_rewritten == []
    install(listener)
    try:
        exec(code, {"__name__": "user", **names})
    finally:
        uninstall()
    return listener


def run_neutral(source: str, **names: Any) -> dict[str, Any]:
    """Run ``source`` rewritten, with taps that only compute, and return its namespace."""
    namespace = {"__name__": "user", **names}
    install(NeutralTaps())
    try:
        exec(rewrite(source, "user.py", "user", Sources()), namespace)
    finally:
        uninstall()
    return namespace


def texts(source: str, tap: str, **names: Any) -> list[str]:
    listener = listen(source, **names)
    return [listener.sources.sites[entry[1]].text for entry in listener.heard if entry[0] == tap]


SITES = [
    ("x = a + b * 2", "add", ["a + b * 2"]),
    ("x = a + b * 2", "mul", ["b * 2"]),
    ("x = a + b + a", "add", ["a + b", "a + b + a"]),
    ("x = (a +\n  b)", "add", ["a +\n  b"]),
    ("é = 'ö'; x = -a", "neg", ["-a"]),
    ("x = f(a)(b)", "call", ["f(a)", "f(a)(b)"]),
    ("x = l[0:1][0]", "get", ["l[0:1]", "l[0:1][0]"]),
    ("x = a < b", "lt", ["a < b"]),
    ("a = 5; a -= b", "aug", ["a -= b"]),
    ("l[0] *= b", "aug_item", ["l[0] *= b"]),
    ("l[0], x = a, b", "set_item", ["l[0], x = a, b"]),
    ("x = y = a", "bind", ["x = y = a", "x = y = a"]),
    ("for i in l: pass", "loop", ["for i in l"]),
    ("for i in l:\n  pass", "leave", ["for i in l"]),
    ("while a < 0: pass", "again", ["while a < 0"]),
    ("while a < 0: pass", "begin", ["while a < 0"]),
    ("x = [i for i in l if i]", "each", ["i in l"]),
    ("print(f'{a + b:{a - b}}')" if sys.version_info >= (3, 12) else "print(f'{a + b}')", "add", ["a + b"]),
    ("\ufeffx = a + b".encode(), "add", ["a + b"]),
    ("# coding: latin-1\né = 'ü' ; x = a + b".encode("latin-1"), "add", ["a + b"]),
    ("x = 'a\u2028\x0c' ; y = (a\r\n + b)", "add", ["a\r\n + b"]),
]


@pytest.mark.parametrize(("source", "tap", "expected"), SITES)
def test_sites_hold_the_text(source: str, tap: str, expected: list[str]) -> None:
    assert texts(source, tap, a=1, b=2, l=[[3, 4]], f=lambda v: lambda w: w) == expected


def test_site_columns_are_characters() -> None:
    listener = listen("é = 'öö'; x = é + é", l=1)
    site = next(s for s in listener.sources.sites if s.text == "é + é")
    assert (site.file, site.line, site.column, site.end_line, site.end_column) == ("user.py", 1, 15, 1, 20)


def test_site_names_the_innermost_function() -> None:
    source = "class A:\n  k = 1 + b\n  def f(s):\n    return (lambda: [b + i for i in s])()\nA.f([1])"
    functions = {s.text: s.function for s in listen(source, b=1).sources.sites}
    assert functions["b + i"] == "A.f.<locals>.<lambda>"
    assert functions["1 + b"] == ""


UNTAPPED = [
    ("x = 1 + 2 * -3 ** 2", "operators on literals"),
    ("x = 'a' + s + 'b'", "text"),
    ("x = '%d' % 3", "formatting"),
    ("x = f'{s}' * 3", "f-strings"),
    ("x = n << 2 >> 1", "shifts"),
    ("x = not n", "not"),
    ("x = 0 < n < 3", "chained comparison"),
    ("x = n and s", "short circuit"),
    ("x = s.upper", "attribute"),
]


@pytest.mark.parametrize(("source", "what"), UNTAPPED)
def test_left_alone(source: str, what: str) -> None:
    assert {entry[0] for entry in listen(source, n=1, s="t").heard} == {"bind"}, what


def test_calls_that_need_no_tap() -> None:
    assert texts("len(l); str(l); isinstance(l, list); sorted(l); l.copy()", "call", l=[1]) == ["sorted(l)", "l.copy()"]


LOCATIONS = [
    ("x = 1", [("global", "user", "x")]),
    ("def f():\n  x = 1\nf()", [("local", "user.f", "x")]),
    ("def f():\n  global x\n  x = 1\nf()", [("global", "user", "x")]),
    ("def f():\n  x = 0\n  def g():\n    nonlocal x\n    x = 1\n  g()\nf()", [("local", "user.f", "x")] * 2),
    ("def f(x):\n  class C:\n    def g(s):\n      nonlocal x\n      x += 1\n  C().g()\nf(1)",
     [("local", "user.f", "x")]),
    ("def f(x):\n  def g():\n    nonlocal x\n    def h():\n      nonlocal x\n      x = 2\n    h()\n  g()\nf(1)",
     [("local", "user.f", "x")]),
    ("class C:\n  x = 1", [("class", "user.C", "x")]),
    ("class C:\n  __x = 1\n  def f(s, __y):\n    __y += 1\nC().f(1)",
     [("class", "user.C", "_C__x"), ("local", "user.C.f", "_C__y")]),
    ("[y := i for i in [1]]", [("global", "user", "y")]),
    ("def f():\n  return [[y := i for i in [1]] for j in [1]]\nf()", [("local", "user.f", "y")]),
    ("(lambda: (y := 1))()", [("local", "user.<lambda>", "y")]),
    ("a, (b, *c) = 1, (2, 3)", [("global", "user", n) for n in "abc"]),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), LOCATIONS)
def test_locations(source: str, expected: list[tuple[str, str, str]]) -> None:
    listener = listen(source)
    ids = [entry[-2 if entry[0] == "bind" else -3] for entry in listener.heard if entry[0] in ("bind", "aug")]
    found = [listener.sources.locations[i] for i in ids]
    assert [(place.kind, place.scope, place.name) for place in found] == expected


def test_one_location_per_variable() -> None:
    assert len(listen("x = 1\nx += 1\ndef f():\n  global x\n  x = 3\nf()").sources.locations) == 1


def test_enter_and_return_are_told() -> None:
    definition = "def f(a, /, b=2, *c, d, **e):\n  'doc'\n  return b\n"
    listener = listen(definition + "f(1, d=4)\nf(1, 5, 6, d=7, z=8)\n(lambda q: q)(9)")
    entered = [(entry[0], entry[2]) for entry in listener.heard if entry[0] in ("enter", "return_")]
    assert entered == [
        ("enter", (1, 2, (), 4, {})), ("return_", 2),
        ("enter", (1, 5, (6,), 7, {"z": 8})), ("return_", 5),
        ("enter", (9,)), ("return_", 9),
    ]  # fmt: skip
    function = listener.sources.functions[0]
    assert (function.line, function.qualname, function.arguments) == (1, "f", ("a", "b", "c", "d", "e"))
    assert (function.varargs, function.keywords) == ("c", "e")


NOT_ENTERED = [
    "def f():\n  yield 1\n  return 2\nlist(f())",
    "(lambda: (yield))()",
    "async def f():\n  return 1\nf().close()",
    "async def f():\n  yield 1\nf()",
]


@pytest.mark.parametrize("source", NOT_ENTERED)
def test_generators_and_coroutines_are_not_entered(source: str) -> None:
    assert not {"enter", "return_"} & {entry[0] for entry in listen(source).heard}


def test_stores_are_told_with_mangled_names() -> None:
    source = "class C:\n  def f(self):\n    self.__w = 1\n    self.__w += 2\n    self.v, self.__w = 3, 4\nC().f()"
    heard = listen(source).heard
    assert [entry[2] for entry in heard if entry[0] == "set_attr"] == [1, 3, 4]
    assert [entry[-1] for entry in heard if entry[0] in ("set_attr", "aug_attr")] == ["_C__w", "_C__w", "v", "_C__w"]


def test_loops_are_left_where_they_end() -> None:
    source = "for i in [1, 2]:\n  if i: break\nelse:\n  k = 1\nwhile i < 3:\n  i += 1\n"
    names = [entry[0] for entry in listen(source).heard]
    assert [n for n in names if n in ("loop", "begin", "again", "leave")] == [
        "loop", "leave", "begin", "again", "again", "again", "leave"
    ]  # fmt: skip


def test_functions_for_other_compilers_stay_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba", types.SimpleNamespace(njit=lambda f=None, **k: f or (lambda g: g)))
    source = "import numba as nb\nfrom numba import njit\n@njit(fastmath=True)\ndef f(a): return a + 1\n"
    source += "@nb.njit\ndef g(a): return a * 2\nkept.append((f, g))"
    kept: list[Any] = []
    listen(source, kept=kept)
    assert [f.__code__.co_names for f in kept[0]] == [(), ()]


# Recursion, depth, errors


RECURSIONS = [
    "def f(n): return 0 if n == 0 else 1 + f(n - 1)",
    "f = lambda n: n and f(n - 1) + 1",
    "def f(n):\n  for i in range(n):\n    return f(n - 1) * 1\n  return n",
    "class T:\n  def __init__(self, n):\n    self.d = {'n': n}\n  def go(self):\n    self.s = 0\n"
    "    self.s += 0 if self.d['n'] == 0 else self.down().go()\n    return self.s\n"
    "  def down(self):\n    return T(self.d['n'] - 1)\nf = lambda n: T(n).go()",
]


@pytest.mark.parametrize("definition", RECURSIONS)
def test_recursion_near_the_limit(definition: str) -> None:
    deepest = sys.getrecursionlimit() - len(traceback.extract_stack()) - 20
    install(NeutralTaps())
    try:
        namespace: dict[str, Any] = {}
        exec(rewrite(definition, "user.py", "user", Sources()), namespace)
        assert namespace["f"](deepest) in (0, deepest)
        with pytest.raises(RecursionError):
            namespace["f"](deepest + 40)
    finally:
        uninstall()


@pytest.mark.parametrize("recorded", [400, 1_400])
def test_long_chain_is_recorded(recorded: int) -> None:
    assert len(texts("r = " + " + ".join(["x"] * recorded), "add", x=1)) == recorded - 1


CHAINS = [
    "r = " + " + ".join(["x"] * 2_900),
    "r = " + " + ".join(["x * f(x)[0]"] * 2_900),
    "r = " + "(" * 90 + "x" + " + 1)" * 90,
    "r = x" + ".real" * 1_400,
    "r = f(x)" + ".copy()" * 900,
    "if x == 0: r = 0\n" + "".join(f"elif x == {i}: r = {i}\n" for i in range(2, 900)) + "else: r = x + 1",
]


@pytest.mark.parametrize("source", CHAINS, ids=range(len(CHAINS)))
def test_deep_sources_run(source: str) -> None:
    def run(compiled: Callable[[], types.CodeType]) -> Any:
        namespace: dict[str, Any] = {"x": 1, "f": lambda v: [v]}
        exec(compiled(), namespace)
        return namespace["r"]

    limit = sys.getrecursionlimit()
    install(NeutralTaps())
    try:
        # In a thread, because the compiler counts the frames below it.
        with ThreadPoolExecutor(1) as thread:
            expected = thread.submit(run, lambda: compile(source, "user.py", "exec")).result()
        assert run(lambda: rewrite(source, "user.py", "user", Sources())) == expected
    finally:
        uninstall()
    assert sys.getrecursionlimit() == limit


REFUSED = [
    "x = = 1",
    "def f(:\n  pass",
    "return 1",
    "x = 1\nbreak",
    "def f():\n  x = 1\n  global x",
    "class C:\n  [y := i for i in [1]]",
    "o.__debug__ = 1",
    "__debug__ = 1",
    "a, *o.b, *o.c = x",
    "*a = 1",
    "f(a=1, a=2)",
    "def f():\n  nonlocal x\n  x += 1",
    "await x",
    "if 1:\npass",
    "x = '",
    "from __future__ import braces",
    b"# coding: nonsense\nx = 1",
    b"x = '\xff'",
    b"x = 1\0",
]


@pytest.mark.parametrize("source", REFUSED)
def test_refused_sources_are_refused_alike(source: str | bytes) -> None:
    def outcome(compiled: Any) -> tuple[Any, ...]:
        with pytest.raises((SyntaxError, ValueError)) as caught:
            compiled()
        return type(caught.value), caught.value.args

    sources = Sources()
    expected = outcome(lambda: compile(source, "user.py", "exec", dont_inherit=True))
    assert outcome(lambda: rewrite(source, "user.py", "user", sources)) == expected
    assert sources.not_rewritten == []


def test_names_are_gone_after_uninstall() -> None:
    before = set(vars(builtins))
    listen("x = [1][0:1]\nx[0], y = 1, 2")
    assert set(vars(builtins)) == before
    assert not [name for name in before if name.startswith("@")]


def test_traceback_handed_to_the_user_has_only_user_frames() -> None:
    source = "def f():\n  try:\n    [1] + x\n  except TypeError as e:\n    kept.append(e)\nf()"
    kept: list[TypeError] = []
    run_neutral(source, x=1, kept=kept)
    assert [f.filename for f in traceback.extract_tb(kept[0].__traceback__)] == ["user.py"]


WARNING = """import warnings
class V:
    def __add__(self, other): warnings.warn("w", stacklevel=2)
for i in range(2):
    V() + i
V() + 5
"""
ACTIONS = [("default", [5, 6]), ("always", [5, 5, 6]), ("once", [5]), ("ignore", [])]


@pytest.mark.parametrize(("action", "lines"), ACTIONS)
def test_warnings_in_taps_are_filtered_at_the_users_line(action: Any, lines: list[int]) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter(action)
        run_neutral(WARNING)
    assert [(w.filename, w.lineno) for w in caught] == [("user.py", line) for line in lines]


def test_warning_filter_by_module_sees_the_users_module() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        warnings.filterwarnings("ignore", module="user")
        run_neutral(WARNING)
    assert caught == []
