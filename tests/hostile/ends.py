"""Ways to end, and ways not to."""

from __future__ import annotations

from . import JUDGED, LOOP, TRAIN, WRONG, Hostile, trained, untrained

ENDLESS = "while True:\n    time.sleep(0.01)\n"

SWALLOWING = """\
import numpy as np
rng = np.random.default_rng(0)
X, y = rng.normal(size=(16, 5)), rng.normal(size=16)
w = np.zeros(5)
for step in range(10 ** 9):
    try:
        error = X @ w - y
        loss = np.mean(error ** 2)
        w -= 0.1 * (2 * X.T @ error / len(X))
    except BaseException:
        pass
"""

ENDS = [
    # nothing to judge
    untrained("empty", ""),
    untrained("only comments", "# nothing\n\n"),
    untrained("definitions", "def train(X):\n    return X\n"),
    untrained("no update", "import numpy as np\nw = np.ones(3)\nloss = np.sum(w ** 2)\ng = 2 * w\n"),
    untrained("syntax", "x = 1\ny = (2\n", "syntax_error", "was never closed"),
    untrained("tabs and blanks", "if 1:\n\tx = 1\n        y = 2\n", "syntax_error", "inconsistent use of tabs"),
    untrained("python 2", "print 'hello'\n", "syntax_error", "print"),
    untrained("missing package", "import numpy\nimport pandas_of_mine\n", "missing_package", "pandas_of_mine"),
    untrained("missing file", "import numpy as np\nX = np.load('mnist.npz')\n", "missing_file", "mnist.npz"),
    # before, inside and after the judged steps
    untrained("raises before", "import numpy as np\n{}['k']\n" + TRAIN, "exception", "KeyError: 'k'"),
    Hostile(
        "raises in the first step", TRAIN.replace("    w -=", "    1 / 0\n    w -="),
        "exception", 2, "ZeroDivisionError",
    ),
    Hostile(
        "raises in the third step",
        TRAIN.replace("    w -=", "    assert step < 2, 'third'\n    w -="),
        "exception", 0, "AssertionError: third", JUDGED,
    ),
    trained("raises after", "{}['k']\n", "exception", "KeyError: 'k'"),
    Hostile("raises after a wrong one", WRONG + "{}['k']\n", "exception", 1, "KeyError", ["wrong"]),
    trained("chained", "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise ValueError('v') from e\n",
            "exception", "ValueError: v"),
    trained("group", "raise ExceptionGroup('two', [ValueError(1), TypeError(2)])\n", "exception", "two"),
    trained("exception without text", "class E(Exception):\n    def __str__(self):\n        1 / 0\nraise E\n",
            "exception", "E"),
    trained("exception that cannot be pickled", "class E(Exception):\n    def __init__(self, a, b):\n"
            "        super().__init__('kept', a)\n        self.lock, self.made = threading.Lock(), lambda: b\n"
            "    def __reduce__(self):\n        raise TypeError('not me')\nraise E(1, 2)\n", "exception", "kept"),
    trained("a hook for exceptions", "sys.excepthook = lambda *about: print('hooked', about[0].__name__)\n1 / 0\n",
            "exception", "ZeroDivisionError", alike=True),
    trained("base exception", "class Stop(BaseException): pass\nraise Stop('now')\n", "exception", "Stop: now"),
    trained("keyboard interrupt", "raise KeyboardInterrupt\n", "exception", "KeyboardInterrupt"),
    trained("recursion", "def f(n):\n    return f(n + 1) + 1\nf(0)\n", "exception", "RecursionError"),
    trained("memory", "np.zeros(10 ** 15)\n", "memory", "Unable to allocate"),
    trained("exit", "sys.exit()\n", "exit"),
    trained("exit with text", "sys.exit('no more data')\n", "exit", "no more data"),
    trained("exit with a number", "sys.exit(3)\n", "exit", "exit code 3"),
    trained("exit inside a thread", "threading.Thread(target=sys.exit).start()\n"),
    trained("os._exit", "os._exit(4)\n", "os_exit", "os._exit(4)"),
    trained("exec", "os.execv('/bin/true', ['true'])\n", "os_exit", "os.execv"),
    trained("abort", "os.abort()\n", "signal", "SIGABRT"),
    trained("crash", "import ctypes\nctypes.string_at(0)\n", "signal", "SIGSEGV"),
    trained("kills itself", "os.kill(os.getpid(), signal.SIGKILL)\n", "signal", "SIGKILL"),
    trained("terminates itself", "os.kill(os.getpid(), signal.SIGTERM)\n", "signal", "SIGTERM"),
    trained("kills its group", "os.killpg(0, signal.SIGKILL)\n", "signal", "SIGKILL"),
    trained("input without data", "name = input('name? ')\n", "input", "input()"),
    trained("input with data", "print(input('name? '), sys.stdin.read())\n", stdin=b"one\ntwo\n", alike=True),
    trained("reads on after the data", "input(), input()\n", "input", "input()", stdin=b"one\n"),
    # not ending
    trained("endless", ENDLESS, "time_limit", "", arguments=("--timeout", "1")),
    untrained("endless from the start", "while True:\n    pass\n", "time_limit", "", arguments=("--timeout", "1")),
    untrained("endless import", "import slow\n", "time_limit", "", arguments=("--timeout", "1"),
              files={"slow.py": "import time\n" "while True:\n    time.sleep(0.01)\n"}),
    trained("endless, swallowing", "while True:\n    try:\n        time.sleep(0.01)\n    except BaseException:\n"
            "        pass\n    finally:\n        continue\n", "time_limit", arguments=("--timeout", "1")),
    trained("sleeping", "time.sleep(600)\n", "time_limit", "", arguments=("--timeout", "1")),
    trained("ignoring every signal", "for n in range(1, 32):\n    try:\n        signal.signal(n, signal.SIG_IGN)\n"
            "    except OSError:\n        pass\n" + ENDLESS, "time_limit", "", arguments=("--timeout", "1")),
    trained("blocking every signal", "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))\n" + ENDLESS,
            "time_limit", "", arguments=("--timeout", "1")),
    trained("in compiled code", "import ctypes\nctypes.PyDLL(None).sleep(600)\n", "time_limit", "",
            arguments=("--timeout", "1")),
    trained("descriptors closed, then endless", "os.closerange(0, 60000)\n" + ENDLESS, "time_limit",
            arguments=("--timeout", "1")),
    trained("a grandchild that ignores signals", "import subprocess\nsubprocess.Popen([sys.executable, '-c', 'import "
            "signal, time\\nfor n in (1, 2, 15): signal.signal(n, signal.SIG_IGN)\\ntime.sleep(600)'])\n" + ENDLESS,
            "time_limit", arguments=("--timeout", "2")),
    trained("stopped", "os.kill(os.getpid(), signal.SIGSTOP)\n", "time_limit", "", arguments=("--timeout", "1")),
    trained("a thread goes on", "threading.Thread(target=time.sleep, args=(600,)).start()\n", "finished",
            arguments=("--timeout", "10")),  # judging has to fit in; the thread does not
    trained("a grandchild keeps the pipes", "import subprocess\nsubprocess.Popen(['sleep', '600'], close_fds=False)\n"),
    trained("a daemon", "if not os.fork():\n    os.setsid()\n    time.sleep(600)\n"),
    # a training that cannot be stopped by an exception
    Hostile(
        "swallows all",
        SWALLOWING,
        "finished", 0, "", JUDGED,
    ),
    Hostile(
        "trains again in finally",
        "def train():\n" + "".join("    " + line + "\n" for line in TRAIN.split("\n")[1:-1])
        + "try:\n    train()\n    raise SystemExit(1)\nfinally:\n    train()\n",
        "exit", 0, "exit code 1", JUDGED * 2,
    ),
    Hostile(
        "leaves in except",
        "import os\ntry:\n" + LOOP + "except BaseException:\n    os._exit(5)\n",
        "finished", 0, "", JUDGED,
    ),
    Hostile(
        "suppresses",
        "import contextlib\nwith contextlib.suppress(BaseException):\n" + LOOP + "    sys.exit(7)\n",
        "finished", 0, "", JUDGED,
    ),
    Hostile(
        "swallows in __exit__",
        "class Calm:\n    def __enter__(self): return self\n    def __exit__(self, *about): return True\n"
        "with Calm():\n" + LOOP + "    raise SystemError('lost')\nprint(type(w).__name__)\n",
        "finished", 0, "", JUDGED, alike=True,
    ),
    Hostile(
        "a bare except around it",
        "for attempt in range(3):\n    try:\n" + "".join("    " + line + "\n" for line in LOOP.split("\n")[:-1])
        + "        raise KeyboardInterrupt\n    except:\n        continue\n",
        "finished", 0, "", JUDGED * 3,
    ),
]  # fmt: skip
