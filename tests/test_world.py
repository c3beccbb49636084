"""The script's world under the command line and under plain Python, and odd surroundings of the tool itself."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gradcheck import demo
from gradcheck.render import RENDERERS

from .folder_hash import unchanged_folder

ROOT = Path(__file__).parent.parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}

PROBE = """
import sys
before = sorted(n for n in sys.modules if not n.startswith("@"))
import atexit, gc, inspect, json, locale, os, pickle, random, resource, signal, threading, warnings
import numpy as np
import neighbour
class Kept: pass
def depth(n=0):
    try:
        return depth(n + 1)
    except RecursionError:
        return n
def frames():
    frame, found = sys._getframe(), []
    while frame is not None and frame.f_globals.get("__name__") == "__main__":
        found.append([frame.f_code.co_name, frame.f_lineno, os.path.basename(frame.f_code.co_filename)])
        frame = frame.f_back
    return found
def raised():
    try:
        {}[Kept]
    except KeyError as error:
        trace = error.__traceback__
        return [repr(error), trace.tb_lineno, trace.tb_next, error.__context__]
def stream(s):
    return [s.encoding, s.errors, s.line_buffering, s.isatty(), s.fileno(), s.name, s.mode]
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    warnings.warn("here")
world = {
    "names": sorted(globals()), "locals are globals": locals() is globals(),
    "main": sys.modules["__main__"].__dict__ is globals(),
    "dunder": [__name__, __file__, __package__, repr(__spec__), __doc__, type(__builtins__).__name__],
    "arguments": sys.argv, "flags": str(sys.flags), "options": [sys.warnoptions, sys._xoptions],
    "path": sys.path, "cwd": os.getcwd(), "executable": [sys.executable, sys.prefix],
    "neighbour": [neighbour.__name__, neighbour.__file__, neighbour.VALUE, neighbour.whereabouts()],
    "frames": frames(), "raised": raised(), "source": inspect.getsource(frames)[:40],
    "code": [depth.__code__.co_firstlineno, depth.__qualname__, depth.__defaults__, depth.__code__.co_varnames],
    "warned": [(w.lineno, os.path.basename(w.filename), str(w.message)) for w in caught],
    "streams": [stream(sys.stdin), stream(sys.stdout), sys.stderr.encoding, sys.stdin.read()],
    "signals": {n.name: repr(signal.getsignal(n)) for n in signal.valid_signals()
                if isinstance(n, signal.Signals) and n.name not in ("SIGUSR1",)},
    "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])), "alarm": signal.getitimer(signal.ITIMER_REAL),
    "threads": [threading.active_count(), threading.current_thread().name], "exit functions": atexit._ncallbacks(),
    "tracing": [sys.gettrace(), sys.getprofile(), threading.gettrace()],
    "hooks": [sys.excepthook is sys.__excepthook__, sys.displayhook is sys.__displayhook__],
    "garbage": [gc.isenabled(), gc.get_threshold(), gc.get_debug()], "locale": locale.setlocale(locale.LC_ALL),
    "numpy": [np.geterr(), sorted(np.get_printoptions().items(), key=str).__repr__(), np.add(1, 2).__class__.__name__],
    "warnings": [repr(f[:3]) for f in warnings.filters if "numpy" not in repr(f)],
    "limit": sys.getrecursionlimit(), "umask": os.umask(0o22), "limits": resource.getrlimit(resource.RLIMIT_NOFILE),
    "pickled": type(pickle.loads(pickle.dumps(Kept()))) is Kept, "group": os.getpgrp() == os.getpid(),
    "random": [random.Random(3).random(), np.random.default_rng(3).random()],
    "environment": sorted(n for n in os.environ if n not in ("PYTHONHASHSEED", "MPLBACKEND", "TMPDIR")),
}
print(json.dumps({"before": before, "depth": depth(), "world": world}, default=str))
"""


def tool(*arguments: str, **rest: Any) -> subprocess.CompletedProcess[bytes]:
    environment = {**ENVIRONMENT, **rest.pop("env", {})}
    command = [sys.executable, "-m", "gradcheck", *arguments]
    return subprocess.run(command, capture_output=True, env=environment, **rest)


@pytest.mark.elsewhere
@pytest.mark.parametrize("flag", ["", "-P"])
def test_the_world_is_that_of_plain_python(flag: str, tmp_path: Path) -> None:
    """But for modules that are loaded already, and a few frames of depth that are not taken from the script's."""
    folder = tmp_path / "user"
    folder.mkdir()
    script = folder / "probe.py"
    script.write_text(PROBE)
    neighbour = "import sys\nVALUE = 5\ndef whereabouts():\n    return sys._getframe().f_lineno\n"
    (folder / "neighbour.py").write_text(neighbour)
    arguments = ["--epochs", "5", "a b", ""]
    safe = {"PYTHONSAFEPATH": "1", "PYTHONPATH": f"{ROOT}:{folder}"} if flag else {}
    environment = {**ENVIRONMENT, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", **safe}
    with unchanged_folder(folder):
        plain = subprocess.run(
            [sys.executable, str(script), *arguments],
            input=b"text", capture_output=True, env=environment, cwd=tmp_path, start_new_session=True,
        )  # fmt: skip
        quietly = ["--show-output", "--quiet", "--", *arguments]
        told = tool(str(script), *quietly, input=b"text", env=environment, cwd=tmp_path)
    expected, found = json.loads(plain.stdout), json.loads(told.stderr)
    assert {k: v for k, v in found["world"].items() if v != expected["world"][k]} == {}
    assert set(expected["before"]) <= set(found["before"])
    assert expected["depth"] <= found["depth"] <= expected["depth"] + 70


def test_modules_beside_the_script_and_in_the_current_folder_are_not_ours(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(demo.SCRIPT.read_text() + "import rich, click; print(rich.MINE, click.MINE)\n")
    for name in ("rich", "click", "rich_click", "tomllib", "tempfile", "selectors", "options", "results"):
        (tmp_path / f"{name}.py").write_text("MINE = 'the user'\n")
    done = tool("model.py", "--show-output", "--format", "json", cwd=tmp_path)
    assert done.returncode == 1 and b"the user the user" in done.stderr
    assert json.loads(done.stdout)["verdict"] == "errors"


SURROUNDINGS: dict[str, dict[str, str]] = {
    "no temporary folder named": {"TMPDIR": "/no/such/folder"},
    "no home": {"HOME": "/nonexistent", "USER": "nobody"},
    "C locale": {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "odd locale": {"LC_ALL": "tlh_QO.UTF-8"},
    "optimised": {"PYTHONOPTIMIZE": "2"},
    "safe path": {"PYTHONSAFEPATH": "1"},
    "development mode": {"PYTHONDEVMODE": "1", "PYTHONWARNINGS": "default"},
    "dumb terminal": {"TERM": "dumb", "COLUMNS": "20"},
    "odd width": {"COLUMNS": "many"},
    "forced colour": {"FORCE_COLOR": "1"},
}


@pytest.mark.parametrize("name", SURROUNDINGS)
def test_surroundings(name: str, tmp_path: Path) -> None:
    script = tmp_path / "model.py"
    script.write_text(demo.SCRIPT.read_text())
    with unchanged_folder(tmp_path):
        done = tool(str(script), "--format", "json", env=SURROUNDINGS[name], cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, b"")
    assert [p["verdict"] for p in json.loads(done.stdout)["parameters"]] == ["wrong", "wrong", "right", "right"]


def test_few_descriptors(tmp_path: Path) -> None:
    script = tmp_path / "model.py"
    script.write_text(demo.SCRIPT.read_text())
    done = tool(
        str(script), "--format", "json", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24))
    )  # fmt: skip
    assert json.loads(done.stdout)["verdict"] == "errors"


def test_no_temporary_folder_at_all(tmp_path: Path) -> None:
    code = (
        "import tempfile, sys\n"
        "def fail(**k): raise FileNotFoundError(2, 'No usable temporary directory found')\n"
        "tempfile.mkdtemp = fail\n"
        "from gradcheck.cli import main\nsys.exit(main(sys.argv[1:]))"
    )
    (tmp_path / "model.py").write_text("x = 1\n")
    command = [sys.executable, "-c", code, str(tmp_path / "model.py")]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no temporary folder can be made" in done.stderr and "TMPDIR" in done.stderr


@pytest.mark.parametrize("size", [0, 200])
def test_a_full_temporary_folder(size: int, tmp_path: Path) -> None:
    """No file may be larger than so many bytes: as when the disk is full."""
    (tmp_path / "model.py").write_text(demo.SCRIPT.read_text())
    done = tool("model.py", cwd=tmp_path, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))
    assert (done.returncode, done.stdout) == (2, b"")
    assert (
        done.stderr.startswith(b"gradcheck: ") and b"\n  set TMPDIR to a folder that can be written to\n" in done.stderr
    )


def obey_permissions() -> None:
    """The superuser may write and read anything; a process that gives up these two rights may not."""
    libc = ctypes.CDLL(None)
    for right in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        libc.prctl(24, right, 0, 0, 0)  # PR_CAPBSET_DROP, for the program that is started


@pytest.mark.skipif(sys.platform != "linux", reason="rights are given up in Linux's own way")
def test_a_read_only_folder(tmp_path: Path) -> None:
    folder = tmp_path / "user"
    folder.mkdir()
    (folder / "model.py").write_text(demo.SCRIPT.read_text() + "open('new.txt', 'w').write('n')\n")
    folder.chmod(0o555)
    try:
        done = tool("model.py", cwd=folder, preexec_fn=obey_permissions)
        assert (done.returncode, done.stderr) == (1, b"") and b"error[wrong-activation-derivative]" in done.stdout
        done = tool("model.py", "--output", "report.txt", cwd=folder, preexec_fn=obey_permissions)
        assert (done.returncode, done.stdout) == (2, b"")
        assert done.stderr == b"gradcheck: report.txt: the report cannot be written: Permission denied\n"
        (folder / "model.py").chmod(0)
        done = tool("model.py", cwd=folder, preexec_fn=obey_permissions)
        assert (done.returncode, done.stderr) == (2, b"gradcheck: model.py: cannot be read: Permission denied\n")
    finally:
        folder.chmod(0o755)


OTHERS: dict[str, tuple[bytes, bytes]] = {
    "picture.png": (b"\x89PNG\r\n", b"this is an image, not a Python script"),
    "image.py": (b"GIF89a", b"this is an image, not a Python script"),
    "app.pyz": (b"PK\x03\x04", b"this is a zip archive, not a Python script"),
    "paper.pdf": (b"%PDF-1.4", b"this is a PDF document, not a Python script"),
    "data.npy": (b"\x93NUMPY", b"this is a NumPy array file, not a Python script"),
    "model.pyc": (b"\xa7\r\r\n\0\0", b"this is compiled Python; name the .py file it was made from"),
    "program": (b"\x7fELF", b"this is a compiled program, not a Python script"),
    "bytes.py": (b"a\0b", b"this is a binary file, not a Python script"),
    "broken.ipynb": (b"{", b"this is no notebook"),
}


def test_what_is_no_script_is_named(tmp_path: Path) -> None:
    for name, (content, _) in OTHERS.items():
        (tmp_path / name).write_bytes(content)
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "folder").mkdir()
    said = {name: words for name, (_, words) in OTHERS.items()}
    said |= {"pipe.py": b"not a regular file", "folder": b"a folder without train.py", "none.py": b"no such file"}
    with unchanged_folder(tmp_path):
        done = tool(*said, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    for name, words in said.items():
        assert b"gradcheck: %s: %s" % (name.encode(), words) in done.stderr.replace(b"this is not a", b"not a")


@pytest.mark.parametrize("name", ["model.py", "./model.py", "link.txt", "other.py"])
def test_a_report_never_replaces_a_script(name: str, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(demo.SCRIPT.read_text())
    (tmp_path / "link.txt").symlink_to("model.py")
    for option in ("--output", "--html"):
        with unchanged_folder(tmp_path):
            done = tool("model.py", option, name, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, b"") and option.encode() in done.stderr


TEXT = "\x1b[2J\x1b]0;owned\x07[/bold] W[i] :cat: </script><script>alert(1)</script>\n::error::forged\n\u202e"
TALKATIVE = """
import numpy as np
rng = np.random.default_rng(0)
X, y = rng.normal(size=(16, 5)), rng.normal(size=16)
p = {TEXT: np.zeros(5)}
for step in range(8):
    error = X @ p[TEXT] - y
    loss = np.mean(error ** 2)
    p[TEXT] -= 0.1 * (2 * X.T @ np.abs(error) / len(X))  # \x1b[31m
for i in range(50_000):
    print(TEXT * 3)
raise ValueError(TEXT * 10_000)
"""


def test_text_of_the_script_is_data_in_every_form(tmp_path: Path) -> None:
    """In names, in source lines, in output and in an exception; and what is said of it is bounded."""
    (tmp_path / "model.py").write_text(f"TEXT = {TEXT!r}" + TALKATIVE)
    done = tool("model.py", "--format", "json", "--output", "report.json", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")
    assert (tmp_path / "report.json").read_bytes().isascii()
    for form in RENDERERS:
        shown = tool("--from", "report.json", "--format", form, cwd=tmp_path)
        text = shown.stdout.decode()
        assert (shown.returncode, shown.stderr) == (1, b"") and len(text) < 500_000
        assert {c for c in text if not c.isprintable()} <= {"\n"}, form
        assert "W[i]" in text and ("<script>alert" if form == "html" else "\n::error::forged") not in text


@pytest.mark.parametrize("name", ["m\udcff.py", "a b.py", "-m.py", "重み.py", "a\nb.py", "[bold].py", "\x1b[31m.py"])
def test_odd_file_names(name: str, tmp_path: Path) -> None:
    script = tmp_path / name
    script.write_text(demo.SCRIPT.read_text())
    plain, document = (tool(f"./{name}", *form, cwd=tmp_path) for form in ([], ["--format", "json"]))
    assert (plain.returncode, document.returncode, plain.stderr, document.stderr) == (1, 1, b"", b"")
    assert json.loads(document.stdout.decode("ascii"))["verdict"] == "errors"
    assert b"\x1b" not in plain.stdout and b"--> " in plain.stdout
