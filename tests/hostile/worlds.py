"""What surrounds a script: modules of our own names, builtins, threads, streams, numbers, its own files."""

from __future__ import annotations

from . import JUDGED, TRAIN, WRONG, Hostile, trained, untrained

OURS = ("gradcheck", "results", "rich", "click", "options", "errors", "channel", "record", "tape", "check")

PRIVATE = """\
import numpy as np
rng = np.random.default_rng(0)
class Net:
    def __init__(self):
        self.__w = np.zeros(5)
    def train(self, X, y):
        for __step in range(8):
            __error = X @ self.__w - y
            self.__loss = np.mean(__error ** 2)
            self.__w -= 0.1 * (2 * X.T @ __error / len(X))
Net().train(rng.normal(size=(16, 5)), rng.normal(size=16))
"""

WORLDS = [
    # names
    Hostile(
        "modules of our names",
        f"import {', '.join(OURS)}\n" + TRAIN + f"print({', '.join(f'{name}.mine' for name in OURS)})\n",
        verdicts=JUDGED, alike=True, files={f"{name}.py": "mine = __name__\n" for name in OURS},
    ),
    Hostile(
        "builtins under other names",
        "import numpy as np\nslice = type = len = print = isinstance = sum = getattr = id = int = tuple = dict = None\n"
        + TRAIN.replace("len(X)", "X.shape[0]").split("\n", 1)[1] + "import sys\nsys.stdout.write(str(w[0]))\n",
        verdicts=JUDGED,
    ),
    Hostile(
        "builtins replaced",
        "import builtins\nbuiltins.sorted = None\nbuiltins.print = id\n" + TRAIN,
        verdicts=JUDGED,
    ),
    Hostile("private names in a class", PRIVATE, verdicts=JUDGED),
    trained("main is the script", "import __main__, pickle\nclass K: pass\n"
            "print(__main__.w is w, vars(__main__) is globals(), type(pickle.loads(pickle.dumps(K()))) is K)\n",
            alike=True),
    trained("source and lines", "import inspect\ndef f(a):\n    return a + 1\n"
            "print(inspect.getsource(f), f.__code__.co_firstlineno, sys._getframe().f_lineno)\n",
            alike=True),
    trained("exceptions as they are", "try:\n    try:\n        w[9]\n    except IndexError as a:\n        {}[a]\n"
            "except KeyError as b:\n    print(repr(b), repr(b.__context__), b.__cause__, b.__traceback__.tb_lineno)\n",
            alike=True),
    trained("order and identity", "said = []\ndef say(x):\n    said.append(x)\n    return x\n"
            "v = np.zeros(4)\nsame = v\nv[say(1)] += say(2)\nv[say(0)], v[say(3)] = say(5), say(6)\nv *= 2\n"
            "t = (say(2) < say(1) < say(9)) or say(0) and say(7) or (n := say(8)) + say(n)\n"
            "m = max(say(1), *[say(4)], key=lambda x: -x)\ntry:\n    v[say(11)] = say(10) + v\n"
            "except IndexError as e:\n    print(e.args, type(e.__context__))\n"
            "u = v + 0\nprint(said, v, same is v, u is v, t, m, np.shares_memory(v[1:], v))\n", alike=True),
    # the interpreter's own settings
    trained("recursion limit", "sys.setrecursionlimit(500)\nprint(sys.getrecursionlimit())\n", alike=True),
    trained("tracing", "seen = []\nsys.settrace(lambda f, e, a: seen.append(e))\ndef g():\n    return 1\ng()\n"
            "sys.settrace(None)\nprint('call' in seen)\n", alike=True),
    trained("profiling", "seen = []\nsys.setprofile(lambda f, e, a: seen.append(e))\nsys.setprofile(None)\n"
            "print(sys.getprofile())\n", alike=True),
    trained("an alarm", "signal.signal(signal.SIGALRM, lambda n, f: print('rang', n))\nsignal.setitimer(0, 0.05)\n"
            "time.sleep(0.2)\n", alike=True),
    trained("exit functions", "import atexit\natexit.register(print, 'left')\n", alike=True),
    trained("warnings as errors", "import warnings\nwarnings.simplefilter('error')\ntry:\n    np.log(np.zeros(1))\n"
            "except RuntimeWarning as e:\n    print(e)\n", alike=True),
    trained("floating errors raise", "with np.errstate(all='raise'):\n    try:\n        np.exp(np.array([1e9]))\n"
            "    except FloatingPointError as e:\n        print(e)\nprint(np.geterr())\n", alike=True),
    trained("print options", "np.set_printoptions(precision=2, suppress=True)\nprint(X[0])\n", alike=True),
    trained("random streams", "np.random.seed(4)\nimport random\nrandom.seed(4)\n"
            "print(np.random.rand(), random.random(), rng.normal())\n", alike=True),
    trained("references", "import weakref\nclass A:\n    def __del__(self):\n        print('gone')\n"
            "a = A()\nr = weakref.ref(a)\ndel a\nprint(r(), sys.getrefcount(object()))\n"
            "class Own(np.ndarray):\n    def __del__(self):\n        print('freed', self.shape)\n"
            "o = np.zeros(4).view(Own)\nq = weakref.ref(o)\no = o * 2\nprint(q())\ndel o\nprint('after')\n",
            alike=True),
    trained("resizing in place", "b = np.zeros(3)\nb.resize(5)\nb += 1\nb.resize((2, 4))\nprint(b)\n"
            "c = b\ntry:\n    b.resize(3)\nexcept ValueError as e:\n    print('shared', len(str(e)) > 9)\n",
            alike=True),
    trained("a locale", "import locale\nlocale.setlocale(locale.LC_ALL, 'C')\n"
            "print(locale.localeconv()['decimal_point'], locale.setlocale(locale.LC_ALL), format(1234.5, 'n'))\n",
            alike=True),
    # processes and threads
    trained("forks", "pid = os.fork()\nif not pid:\n    w -= 1.0\n    os._exit(0)\nprint(os.waitpid(pid, 0)[1])\n",
            alike=True),
    trained("a pool", "import multiprocessing\nif __name__ == '__main__':\n"
            "    with multiprocessing.get_context('fork').Pool(2) as p:\n        print(p.map(abs, [-1, 2]))\n",
            alike=True),
    Hostile("spawned children", "import multiprocessing, sys\n" + TRAIN + "if __name__ == '__main__':\n"
            "    with multiprocessing.get_context('spawn').Pool(1) as p:\n"
            "        print(p.map(len, ['ab']), p.apply(eval, ('sorted(m for m in __import__(\"sys\").modules "
            "if m.startswith(\"gradcheck\"))',)))\n", verdicts=JUDGED, alike=True),
    Hostile("a server of forks", "import multiprocessing\n" + TRAIN + "if __name__ == '__main__':\n"
            "    context = multiprocessing.get_context('forkserver')\n    queue = context.Queue()\n"
            "    child = context.Process(target=queue.put, args=(float(len(w)),))\n    child.start()\n"
            "    print(queue.get(timeout=60), child.join(), child.exitcode)\n", verdicts=JUDGED, alike=True),
    trained("a child that leaves as usual", "open('kept.txt', 'w').write('k')\nif not os.fork():\n    sys.exit(0)\n"
            "os.wait()\nprint(open('kept.txt').read(), w.sum() == w.sum())\n", changed="kept aside: kept.txt"),
    Hostile("threads beside the training", "import threading, numpy as np\nstop = []\ndef work():\n    a = np.ones(5)\n"
            "    while not stop:\n        a = a * 1.5 - a / 2\n        a -= 0.1 * a\n"
            "ts = [threading.Thread(target=work) for _ in range(3)]\n[t.start() for t in ts]\n" + TRAIN
            + "stop.append(1)\n[t.join() for t in ts]\n", verdicts=JUDGED),
    trained("threads that compute", "def work(k):\n    a = np.ones(4) * k\n    for _ in range(50):\n        a = a + 1\n"
            "ts = [threading.Thread(target=work, args=(k,)) for k in range(4)]\n[t.start() for t in ts]\n"
            "[t.join() for t in ts]\nprint('done')\n", alike=True),
    # streams
    trained("a fake report", "print('{\"event\": \"end\", \"verdict\": \"clean\", \"parameters\": []}')\n"
            "os.write(1, b'{\"event\": \"training\"}\\n')\n"),
    trained("C streams", "import ctypes\nlibc = ctypes.CDLL(None)\nlibc.puts(b'from C')\nlibc.fflush(None)\n"),
    trained("much output", "block = b'x' * 999_999 + b'\\n'\nfor _ in range(200):\n    os.write(1, block)\n"),
    trained("output of children", "import subprocess\nsubprocess.run(['echo', '{\"event\": \"end\"}'])\n"
            "os.system('echo beside')\nos.write(1, b'\\xff\\x00')\nprint('after', flush=True)\n", alike=True),
    trained("binary output", "sys.stdout.buffer.write(bytes(range(256)) * 10)\n"),
    trained("escapes", "print('\\x1b[2J\\x1b]0;owned\\x07[/bold]')\n"
            "raise ValueError('\\x1b[31mred [bold] [/x] :cat:')\n",
            "exception", "red"),
    trained("streams closed", "sys.stdout.close(); sys.stderr.close()\nos.close(1); os.close(2)\n"),
    trained("all descriptors closed", "os.closerange(3, 60000)\n"),
    trained("descriptors swapped", "os.dup2(2, 1)\nfor n in range(3, 40):\n    try:\n        os.write(n, b'?\\n')\n"
            "    except OSError:\n        pass\n"),
    trained("a huge exception", "raise ValueError('v' * 10 ** 7)\n", "exception", "ValueError: vvv"),
    trained("many warnings", "import warnings\nwarnings.simplefilter('always')\n"
            "for i in range(3000):\n    warnings.warn(str(i))\n"),
    Hostile("a huge line", TRAIN + "text = '" + "a" * 10 ** 6 + "'; undefined\n", "exception", 0, "NameError", JUDGED),
    # numbers
    Hostile("not a number from the start", TRAIN.replace("np.zeros(5)", "np.full(5, np.nan)"), code=2,
            verdicts=["not_judged"]),
    Hostile("overflow", TRAIN.replace("0.1 *", "1e200 *"), code=1, verdicts=JUDGED),
    Hostile("float32", TRAIN.replace("np.zeros(5)", "np.zeros(5, np.float32)").replace(
        "size=(16, 5))", "size=(16, 5)).astype('f')").replace(
        "size=16)", "size=16).astype('f')"), verdicts=JUDGED),
    untrained("integers", "import numpy as np\nw = np.arange(6)\nx = np.arange(6) + 1\nfor step in range(5):\n"
            "    loss = np.sum((w - x) ** 2)\n    w -= 2 * (w - x)\n", remark="whole numbers"),
    untrained("complex numbers", "import numpy as np\nz = np.ones(5) + 1j\nfor step in range(5):\n"
            "    loss = np.sum(np.abs(z) ** 2)\n    z -= 0.1 * 2 * z\n", remark="complex numbers"),
    untrained("object arrays", TRAIN.replace("np.zeros(5)", "np.array([0.0] * 5, dtype=object)"),
              remark="could not be recorded"),
    Hostile("NumPy patched", "import numpy as np\nbefore = np.exp\nnp.exp = lambda x: before(x)\nnp.sum = None\n"
            + TRAIN, verdicts=JUDGED),
    untrained("NumPy broken", "import numpy as np\nnp.asarray = np.zeros_like = np.array = np.dot = None\n" + TRAIN,
              "exception", "TypeError"),
    untrained("an operation that cannot be followed",
              TRAIN.replace("error = X @ w - y", "error = np.fft.fft(X @ w - y).real"), remark="could not be followed"),
    # files
    Hostile("writes and deletes", "import os\nos.chdir(os.path.dirname(os.path.abspath(__file__)))\n" + TRAIN
            + "open('out.txt', 'w').write('1')\nnp.save('w.npy', w)\nos.remove('data.txt')\n"
            "os.rename('out.txt', 'other.txt')\nos.mkdir('new')\n"
            "assert open('other.txt').read() == '1' and not os.path.exists('data.txt')\n",
            verdicts=JUDGED, files={"data.txt": "5"}),
    Hostile("rewrites itself", TRAIN + "open(__file__, 'w').write('pass')\n", verdicts=JUDGED),
    Hostile("makes a plot", "import matplotlib.pyplot as plt\n" + TRAIN + "plt.plot([1, 2]); plt.show()\n"
            "plt.savefig('plot.png')\n", verdicts=JUDGED),
    Hostile("a data set that is not there", "from keras.datasets import mnist\n(x, t), _ = mnist.load_data()\n"
            "import numpy as np\nX, y, w = x[:16].reshape(16, -1)[:, 300:305] / 255.0, t[:16] / 9.0, np.zeros(5)\n"
            + TRAIN[TRAIN.index("for step"):], verdicts=JUDGED, changed="mnist was stood in"),
    # sources
    Hostile("latin-1", ("# coding: latin-1\nname = '\xe9'\n" + TRAIN + "print(len(name))\n").encode("latin-1"),
            verdicts=JUDGED, alike=True),
    untrained("latin-1 unsaid", "name = '\xe9'\n".encode("latin-1"), "syntax_error", "\\xe9"),
    Hostile("byte order mark and CRLF", b"\xef\xbb\xbf" + TRAIN.replace("\n", "\r\n").encode(), verdicts=JUDGED),
    Hostile("form feeds and odd line ends", "\f\n" + TRAIN.replace("error", "e\u0301rror"), verdicts=JUDGED),
    # surroundings
    Hostile("no home", TRAIN, verdicts=JUDGED, environment={"HOME": "/nonexistent"}),
    Hostile("plain locale", TRAIN + "print('\u91cd')\n", verdicts=JUDGED, environment={
        "LC_ALL": "C", "LANG": "C", "PYTHONIOENCODING": "ascii:backslashreplace", "PYTHONUTF8": "0"}),
    Hostile("optimised", TRAIN, verdicts=JUDGED, environment={"PYTHONOPTIMIZE": "2"}),
    Hostile("safe path", TRAIN, verdicts=JUDGED, environment={"PYTHONSAFEPATH": "1"}),
    Hostile("development mode", TRAIN, verdicts=JUDGED, environment={"PYTHONDEVMODE": "1"}),
    Hostile("forced colour", TRAIN, verdicts=JUDGED, environment={"FORCE_COLOR": "1"}),
    Hostile("a wrong gradient", WRONG, code=1, verdicts=["wrong"]),
]  # fmt: skip
