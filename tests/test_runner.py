"""The script's world and every end it can have: compared with plain Python wherever plain Python has an answer."""

from __future__ import annotations

import json
import os
import re
import sys
import textwrap
from pathlib import Path

import pytest

import gradcheck

from .child_process import CHILD, run_child, run_plain
from .folder_hash import unchanged_folder

PACKAGE = str(Path(gradcheck.__file__).parent) + os.sep  # of frames that are ours

WORLD = """
    import __main__, gc, inspect, os, pickle, signal, sys, threading, warnings, atexit
    import numpy as np
    class Kept:
        pass
    def function(x):
        return x + 1
    warnings.simplefilter("always")
    with warnings.catch_warnings(record=True) as caught:
        warnings.warn("here")
    print(json.dumps({
        "names": sorted(globals()),
        "name": __name__, "file": __file__, "spec": repr(__spec__), "package": __package__, "doc": __doc__,
        "loader": type(__loader__).__name__ + __loader__.name + __loader__.path,
        "builtins": repr(__builtins__),
        "annotations": repr(globals().get("__annotations__")),
        "own": sys.modules["__main__"].__dict__ is globals() and __main__.__dict__ is globals(),
        "argv": sys.argv, "path": sys.path, "cwd": os.getcwd(),
        "orig_argv": sys.orig_argv[-len(sys.argv):],
        "pickled": type(pickle.loads(pickle.dumps(Kept()))) is Kept,
        "source": inspect.getsource(function), "first line": function.__code__.co_firstlineno,
        "code": function.__code__.co_name + function.__qualname__,
        "warned": [(w.lineno, w.filename) for w in caught],
        "limit": sys.getrecursionlimit(),
        "hooks": [sys.excepthook is sys.__excepthook__, sys.displayhook is sys.__displayhook__],
        "trace": [sys.gettrace(), sys.getprofile()],
        "signals": [repr(signal.getsignal(n)) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)],
        "gc": [gc.isenabled(), gc.get_threshold()],
        "threads": threading.active_count(),
        "exit functions": atexit._ncallbacks(),
        "numpy": [np.geterr(), repr(np.get_printoptions())],
        "stdin": sys.stdin.read(),
        "flags": str(sys.flags),
        "shadowed": [mine, results.mine, rich.mine, channel.mine],
        "user module": [results.__file__, results.__name__],
    }, indent=1))
"""


@pytest.fixture
def script(tmp_path):
    """Writes a script into a folder of its own and gives its path."""

    def write(text: str | bytes, name: str = "script.py") -> Path:
        path = tmp_path / "user" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).encode())
        return path

    return write


@pytest.mark.parametrize("flags", [(), ("-P",), ("-O", "-X", "utf8")], ids=["plain", "safe-path", "optimised"])
def test_world_is_that_of_plain_python(script, flags):
    for name in ("gradcheck", "results", "rich", "channel"):
        script("mine = 'the user'\n", f"{name}.py")
    paths = f"import sys; sys.path.insert(0, {os.fspath(script('', 'x').parent)!r}); import json"
    path = script(paths + "; from gradcheck import mine; import results, rich, channel\n" + textwrap.dedent(WORLD))
    cwd = path.parent.parent
    with unchanged_folder(path.parent):
        plain = run_plain(path, "a b", "--steps", stdin=b"text", cwd=cwd, flags=("-B", *flags))
        child = run_child(path, "a b", "--steps", stdin=b"text", cwd=cwd, flags=("-B", *flags))
    expected, found = (json.loads(ran.output or ran.errors) for ran in (plain, child))
    assert found == expected
    assert child.outcome["kind"] == "finished"


def test_main_through_a_link_finds_the_modules_beside_the_real_file(script, tmp_path):
    script("value = 5\n", "beside.py")
    real = script("import beside, sys; print(beside.value, __file__, sys.argv)\n")
    link = tmp_path / "link.py"
    link.symlink_to(real)
    assert run_child(link).output == run_plain(link).output


ENDS = {
    "finished": ("x = 1\n", "finished", None, ""),
    "empty": ("", "finished", None, ""),
    "exit none": ("import sys\nsys.exit()\n", "exit", 2, ""),
    "exit number": ("import sys\nsys.exit(7)\n", "exit", 2, "exit code 7"),
    "exit text": ("import sys\nsys.exit('no data')\n", "exit", 2, "no data"),
    "exit object": ("raise SystemExit((1, 2))\n", "exit", 1, "(1, 2)"),
    "exit in function": ("def f():\n    exit(3)\nf()\n", "exit", 2, "exit code 3"),
    "exception": ("a = [1]\na[3]\n", "exception", 2, "IndexError: list index out of range"),
    "deep": ("import json\ndef f():\n    json.loads('{')\nf()\n", "exception", 3, "JSONDecodeError"),
    "chain": (
        "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise ValueError('second') from error\n",
        "exception", 4, "ValueError: second",
    ),
    "context": ("try:\n    {}['k']\nexcept KeyError:\n    undefined\n", "exception", 4, "NameError"),
    "group": ("raise ExceptionGroup('two', [ValueError(1), TypeError(2)])\n", "exception", 1, "two (2 sub-exceptions)"),
    "operator": ("import numpy as np\na = np.zeros(3)\nb = a + np.zeros(4)\n", "exception", 3, "not be broadcast"),
    "interrupt": ("raise KeyboardInterrupt\n", "exception", 1, "KeyboardInterrupt"),
    "recursion": ("def f(n):\n    return f(n + 1) + 1\nf(0)\n", "exception", 2, "RecursionError"),
    "missing file": ("import numpy as np\nx = np.load('mnist.npz')\n", "missing_file", 2, "wants the file 'mnist.npz'"),
    "missing program": ("import subprocess\nsubprocess.run(['no-such-program'])\n", "exception", 2, "no-such-program"),
    "missing package": ("import numpy\nimport pandas_of_mine as pd\n", "missing_package", 2, "'pandas_of_mine'"),
    "missing submodule": ("import numpy.nothing_here\n", "exception", 1, "ModuleNotFoundError"),
    "missing name": ("from os import nothing_here\n", "exception", 1, "ImportError"),
    "memory": ("raise MemoryError\n", "memory", 1, "MemoryError"),
    "array memory": ("import numpy as np\nnp.zeros(10**15)\n", "memory", 2, "Unable to allocate"),
    "syntax": ("x = 1\ny = (2\n", "syntax_error", 2, "was never closed"),
    "eval syntax": ("eval('1 +')\n", "exception", 1, "SyntaxError"),
    "null": ("x = 1\0\n", "unreadable", None, "a binary file"),
    "latin-1 unsaid": ("x = 1\ny = '\xe9'\n".encode("latin-1"), "syntax_error", 2, "starting with '\\xe9'"),
    "latin-1": ("# coding: latin-1\nprint(len('\xe9'))\n".encode("latin-1"), "finished", None, ""),
    "unknown coding": ("# coding: martian\n", "syntax_error", 1, "martian"),
    "byte order mark": (b"\xef\xbb\xbfprint(1)\r\n", "finished", None, ""),
    "input": ("a = 1\nname = input('name? ')\n", "input", 2, "input()"),
    "os._exit": ("import os\nprint('x', flush=True)\nos._exit(4)\n", "os_exit", 3, "os._exit(4)"),
    "execv": ("import os, sys\nos.execv(sys.executable, ['p', '-c', 'print(5)'])\n", "os_exit", 2, "os.execv"),
    "own main guard": ("if __name__ == '__main__':\n    print('main')\n", "finished", None, ""),
    "atexit": (
        "import atexit, sys\natexit.register(print, 'left')\nsys.exit('text')\n", "exit", 3, "text",
    ),
    "bad atexit": ("import atexit\natexit.register(lambda: 1 / 0)\n", "finished", None, ""),
    "thread": (
        "import threading, time\ndef f():\n    time.sleep(.1)\n    print('late')\nthreading.Thread(target=f).start()\n",
        "finished", None, "",
    ),
    "thread fails": ("import threading\nthreading.Thread(target=lambda: {}[1]).start()\n", "finished", None, ""),
    "hook": (
        "import sys\nsys.excepthook = lambda t, v, b: print('hook', t, v, b.tb_lineno, b.tb_next)\n{}[1]\n",
        "exception", 3, "KeyError: 1",
    ),
    "hook fails": ("import sys\nsys.excepthook = lambda t, v, b: nothing\n{}[1]\n", "exception", 3, "KeyError"),
    "hook leaves": (
        "import os, sys\nsys.excepthook = lambda t, v, b: os._exit(9)\n{}[1]\n", "exception", 3, "KeyError",
    ),
    "closed output": ("import sys\nsys.stdout.close()\n", "finished", None, ""),
    "no output": ("import sys\nsys.stdout = None\nprint(1)\n", "finished", None, ""),
    "descriptors closed": ("import os\nos.closerange(3, 70_000)\nprint(2)\n", "finished", None, ""),
    "evil text": ("class E(Exception):\n    def __str__(self):\n        1 / 0\nraise E\n", "exception", 4, "E: <"),
    "swallowed exit": ("import sys\ntry:\n    sys.exit(1)\nexcept BaseException:\n    pass\n", "finished", None, ""),
    "limits": (
        "import sys\nsys.setrecursionlimit(300)\nprint(sys.getrecursionlimit())\ntry:\n    sys.setrecursionlimit(-1)\n"
        "except ValueError as e:\n    print(e)\n", "finished", None, "",
    ),
}  # fmt: skip


def _comparable(text: str) -> str:
    """Without what a path, a column mark or an address makes different."""
    text = re.sub(r"0x[0-9a-f]+", "0x", text)
    return re.sub(r"(?m)^ *[~^]+\n", "", text)


@pytest.mark.parametrize("name", ENDS)
def test_every_end_is_named_and_is_that_of_plain_python(script, name):
    text, kind, line, message = ENDS[name]
    path = script(text)
    with unchanged_folder(path.parent):
        child, plain = run_child(path), run_plain(path, flags=("-B",))
    outcome = child.outcome
    assert (outcome["kind"], outcome["line"]) == (kind, line), outcome
    assert message in outcome["message"]
    assert not outcome["after_cut"]
    assert outcome["file"] == ("" if kind == "finished" else str(path))
    assert child.code == plain.code
    assert child.output == plain.output
    if name not in ("recursion", "null", "latin-1 unsaid", "unknown coding"):
        assert _comparable(child.errors) == _comparable(plain.errors)
    assert PACKAGE not in outcome["traceback"] and PACKAGE not in child.errors


def test_traceback_keeps_the_chain_and_is_bounded(script):
    path = script(
        """
        def down(n):
            if n == 0:
                raise ValueError("v" * 100_000)
            up(n - 1)
        def up(n):
            down(n)
        try:
            down(200)
        except ValueError as error:
            raise KeyError("k") from error
        """
    )
    outcome = run_child(path).outcome
    assert outcome["line"] == 11
    assert len(outcome["traceback"]) < 53 * 310 and len(outcome["message"]) <= 500
    assert "direct cause" in outcome["traceback"] and "lines left out" in outcome["traceback"]


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        (None, "unreadable", "no such file"),
        ("folder", "unreadable", "a folder"),
        (b"PK\x03\x04....", "unreadable", "a zip file"),
        (b"\xff\xfei\0m\0", "unreadable", "UTF-16"),
    ],
)
def test_what_is_no_source_is_named(tmp_path, text, kind, message):
    path = tmp_path / "script.py"
    if text == "folder":
        path.mkdir()
    elif text is not None:
        path.write_bytes(text)
    ran = run_child(path)
    assert (ran.outcome["kind"], ran.code) == (kind, 1)
    assert message in ran.outcome["message"]


def test_call_runs_after_the_module(script):
    path = script("def train(n):\n    print('trained', n, __name__)\n")
    assert run_child(path, call="train(2 + 1)").output == "trained 3 __main__\n"
    failed = run_child(path, call="tra1n(3)").outcome
    assert failed["kind"] == "exception" and "NameError" in failed["message"]


#: Gives itself the parent's soft signal a moment later.
LIMIT = "import os, signal, threading\nthreading.Timer(0.3, os.kill, (os.getpid(), signal.SIGUSR1)).start()\n"


def test_time_limit_keeps_what_was_complete(script):
    ran = run_child(script(LIMIT + "n = 0\nwhile True:\n    n += 1\n"))
    assert ran.outcome["kind"] == "time_limit"
    assert ran.outcome["line"] in (4, 5)
    assert ran.code == 0


def test_time_limit_cannot_be_swallowed(script):
    text = """
        import time
        print("begin", flush=True)
        while True:
            try:
                time.sleep(0.05)
            except BaseException:
                pass
            finally:
                time.sleep(0.01)
        """
    ran = run_child(script(LIMIT + textwrap.dedent(text)))
    assert (ran.outcome["kind"], ran.output) == ("time_limit", "begin\n")


def test_children_of_the_script_neither_report_nor_change_its_exit(script):
    path = script(
        """
        import multiprocessing, os, sys
        def square(x):
            return x * x
        if __name__ == "__main__":
            for method in ("fork", "spawn"):
                with multiprocessing.get_context(method).Pool(2) as pool:
                    print(pool.map(square, range(5)), flush=True)
            number = os.fork()
            if number:
                print(os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]))
            else:
                open("child.txt", "w").write("kept aside")
                sys.exit(5)
        """
    )
    with unchanged_folder(path.parent):
        child = run_child(path)
    assert child.output == "[0, 1, 4, 9, 16]\n[0, 1, 4, 9, 16]\n5\n"
    assert child.outcome["kind"] == "finished"
    assert [event["event"] for event in child.events].count("begin") == 1


def test_recursion_has_at_least_the_depth_of_plain_python(script):
    path = script(
        """
        def depth(n):
            try:
                return depth(n + 1)
            except RecursionError:
                return n
        print(depth(0))
        """
    )
    plain, child = (int(ran.output) for ran in (run_plain(path), run_child(path)))
    assert plain <= child <= plain + 70


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import numpy as np\nprint(np.random.rand(3))\n", "np.random"),
        ("import random\nprint(random.random())\n", "random"),
        ("import numpy as np\nprint(np.random.default_rng().random())\n", "generators made without a seed"),
        ("import numpy as np\nprint(np.random.RandomState().rand(), np.random.SeedSequence().entropy)\n", "generators"),
        ("import numpy as np\nnp.random.seed()\nprint(np.random.rand())\n", "generators made without a seed"),
        ("import numpy as np\nnp.random.seed(3)\nprint(np.random.rand())\n", None),
        ("from numpy.random import seed, rand\nseed(3)\nprint(rand())\n", None),
        ("import random\nrandom.seed(3)\nprint(random.random())\n", None),
        ("import numpy as np\nprint(np.random.default_rng(1).random())\n", None),
        ("import numpy as np, random\nprint(1)\n", None),
    ],
)
def test_unseeded_scripts_repeat_and_say_so(script, text, said):
    path = script(text)
    first, second = run_child(path), run_child(path)
    assert first.output == second.output
    assert [said in sentence for sentence in first.changed] == ([True] if said else [])
    if said is None:
        assert first.output == run_plain(path).output
    else:
        assert first.output != run_child(path, seed=1).output


def test_two_seedless_generators_differ(script):
    path = script("import numpy as np\nprint(np.random.default_rng().random() == np.random.default_rng().random())\n")
    assert run_child(path).output == "False\n"


def test_local_modules_run_without_a_cache_and_raise_at_their_own_line(script):
    script("def f():\n    raise ValueError('inside')\n", "pkg/inner.py")
    script("from .inner import f\n", "pkg/__init__.py")
    path = script("import sys\nsys.dont_write_bytecode = False\nimport pkg\npkg.f()\n")
    with unchanged_folder(path.parent):
        ran = run_child(path, environment={"PYTHONDONTWRITEBYTECODE": ""})
    assert (ran.outcome["line"], os.path.basename(ran.outcome["file"])) == (2, "inner.py")


def test_nothing_of_ours_is_found_by_the_script(script):
    path = script(
        """
        import sys, builtins
        def found(name):
            try:
                __import__(name)
            except ImportError:
                return False
            return True
        print([name for name in ("child", "runner", "overlay", "gradcheck.results") if found(name)])
        print([entry for entry in sys.path if entry.endswith("record")])
        """
    )
    environment = {"PYTHONPATH": ""}
    plain = run_plain(path, environment=environment, flags=("-s",)).output  # the package itself may be installed
    assert run_child(path, environment=environment, flags=("-s",)).output == plain
    assert "child" not in plain


def test_the_channel_is_apart_from_what_the_script_prints(script):
    path = script(
        """
        import os, sys
        os.write(1, b'{"event": "end", "outcome": {"kind": "forged"}}\\n')
        print("x" * 300_000)
        print("\\ud800".encode("utf-8", "surrogatepass"))
        raise ValueError("\\ud800 not text")
        """
    )
    ran = run_child(path)
    assert ran.outcome["kind"] == "exception"
    assert len(ran.output) > 300_000


def test_a_parent_that_is_gone_does_not_disturb(script):
    path = script("print('done')\n")
    with open(os.devnull) as unwritable:
        ran = run_child(path, channel=os.dup(unwritable.fileno()))
    assert sys.executable and ran.code in (0, 1)


#: The child with a recorder of the test's own.
FAKE = """\
import importlib, importlib.util, json, os, sys, time
spec = importlib.util.spec_from_file_location("child", {child!r})
child = importlib.util.module_from_spec(spec)
spec.loader.exec_module(child)
child.load_package({package!r})
session = importlib.import_module("@gradcheck.record.session")
class Fake(session.SilentRecorder):
    finished = 0
    def finish(self, outcome):
        self.finished += 1
        emit({{"event": "judged", "kind": outcome.kind, "times": self.finished}})
{recorder}
def make_recorder(config, sources, send):
    global emit
    emit = send
    return Fake()
session.make_recorder = make_recorder
session.run(json.load(open(sys.argv[1])), ["__name__", "__builtins__", "__file__"])
"""


@pytest.fixture
def run_fake(tmp_path, script):
    """Runs a script under the child with the given methods in its recorder."""

    def run(text: str, recorder: str, **more):
        program = tmp_path / "fake_child.py"
        package = os.fspath(CHILD.parent.parent)
        methods = textwrap.indent(recorder, "    ")
        program.write_text(FAKE.format(child=os.fspath(CHILD), package=package, recorder=methods))
        return run_child(script(text), program=program, **more)

    return run


STOPS = """
def loop(self, site, iterable, /):
    for number, item in enumerate(iterable):
        if number == 3:
            self.stop()
        yield item
"""
HOSTILE = """
    import atexit, contextlib
    atexit.register(print, "exit function")
    class Swallow:
        def __enter__(self): return self
        def __exit__(self, *error):
            print("left")
            return True
    def run():
        try:
            with Swallow(), contextlib.suppress(BaseException):
                for i in range(10):
                    print(i)
        except:
            print("caught")
        finally:
            print("finally")
    run()
    print("after")
"""


def test_a_stop_cannot_be_swallowed_and_unwinds_nothing(run_fake):
    ran = run_fake(HOSTILE, STOPS)
    assert (ran.output, ran.code) == ("0\n1\n2\n", 0)
    assert ran.outcome["kind"] == "cut"
    assert [event for event in ran.events if event["event"] == "judged"] == [
        {"event": "judged", "kind": "cut", "times": 1}
    ]


@pytest.mark.parametrize("end", ["import os; os._exit(3)", "raise SystemExit", "1 / 0", "x = 1"])
def test_judging_happens_once_and_before_the_end(run_fake, end):
    ran = run_fake(f"import atexit\natexit.register(print, 'later')\n{end}\n", "")
    assert [event["event"] for event in ran.events] == ["begin", "judged", "followed", "end"]
    assert ran.events[1] == {"event": "judged", "kind": ran.outcome["kind"], "times": 1}


def test_an_exception_after_a_cut_is_ours(run_fake):
    ran = run_fake("for i in range(9):\n    pass\nopen('written in pass 5')\n", "stopped = True")
    assert ran.outcome["after_cut"] and ran.outcome["kind"] == "missing_file"


def test_a_fault_of_the_recorder_is_told_and_not_raised(run_fake):
    ran = run_fake("print('done')\n", "def finish(self, outcome):\n    {}['no such thing']\n")
    assert (ran.output, ran.errors, ran.code) == ("done\n", "", 0)
    assert ran.outcome["kind"] == "finished"
    told = [event for event in ran.events if event["event"] == "not_checked"]
    assert len(told) == 1 and "KeyError" in told[0]["why"]


def test_the_time_limit_waits_for_the_judge(run_fake):
    recorder = """
def begin(self, site, /):
    self.judging = True
    import signal, threading
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGUSR1)).start()
    time.sleep(1.0)
    emit({"event": "judged", "kind": "training", "times": 0})
    self.judging = False
"""
    ran = run_fake("while True:\n    pass\n", recorder)
    assert [event.get("kind") for event in ran.events[1:-2]] == ["training", "time_limit"]


def test_a_fork_is_told_to_forget(run_fake):
    recorder = "def forget(self):\n    print('forgot', flush=True)\n"
    ran = run_fake("import os\nn = os.fork()\nif n:\n    os.waitpid(n, 0)\n", recorder)
    assert ran.output == "forgot\n"
    assert [event["event"] for event in ran.events] == ["begin", "judged", "followed", "end"]


def test_code_that_cannot_be_rewritten_runs_and_is_named(script):
    path = script("x = " + " + ".join(["1"] * 2500) + "\nprint(x)\n")
    ran = run_child(path)
    assert ran.output == "2500\n"
