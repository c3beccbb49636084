"""On a terminal: widths, colours, progress, Ctrl-C; and redirected to streams that know few characters."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from gradcheck import demo
from gradcheck.render.view import cells

from .hostile import TRAIN

ROOT = Path(__file__).parent.parent
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
PATIENCE = 2.5  # for "within a second": what starting and ending processes takes on a busy machine
PLAIN = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TTY_COMPATIBLE", "CI")}


@dataclass(frozen=True, slots=True)
class Shown:
    """What came to the screen, how it ended, and the seconds from the key pressed to the end."""

    text: str
    code: int
    seconds: float


def on_terminal(
    folder: Path,
    *arguments: str,
    width: int = 100,
    key: bytes = b"",
    wait_for: str = "",
    after: float = 0.0,
    **environment: str,
) -> Shown:
    """Runs the tool on a terminal of its own. ``key`` is pressed ``after`` so many seconds, or once a text is there."""
    main, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "gradcheck", *arguments],
        stdin=terminal, stdout=terminal, stderr=terminal,
        env={**PLAIN, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "TERM": "xterm-256color", **environment},
        preexec_fn=_take_terminal, start_new_session=True, cwd=folder,
    )  # fmt: skip
    os.close(terminal)
    seen, began, pressed = b"", time.monotonic(), 0.0
    try:
        while True:
            ready, _, _ = select.select([main], [], [], 0.02)
            data = _read(main) if ready else b""
            if ready and not data:
                break
            seen += data
            due = wait_for.encode() in seen if wait_for else time.monotonic() - began >= after
            if key and due and not pressed:
                pressed = time.monotonic()
                os.write(main, key)
        code = process.wait(10)
    finally:
        process.kill()
        os.close(main)
    return Shown(seen.decode().replace("\r\n", "\n"), code, time.monotonic() - pressed)


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:  # Linux says so when the last process has closed its side
        return b""


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    (tmp_path / "model.py").write_text(demo.SCRIPT.read_text())
    return tmp_path


@pytest.mark.parametrize("width", [60, 80, 120, 40, 200])
def test_the_report_keeps_to_the_terminals_width(width: int, broken: Path) -> None:
    shown = on_terminal(broken, "model.py", width=width)
    assert shown.code == 1 and "\x1b[1;31merror[wrong-activation-derivative]" in shown.text
    lines = [line.rpartition("\r")[2] for line in ESCAPE.sub("", shown.text).split("\n")]
    assert max(cells(line.rstrip()) for line in lines) <= min(max(width, 60), 120)


@pytest.mark.parametrize(
    ("environment", "colored"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False), ({"CI": "true"}, True), ({"TERM": ""}, True)],
)
def test_colour_on_a_terminal(environment: dict[str, str], colored: bool, broken: Path) -> None:
    shown = on_terminal(broken, "model.py", **environment)
    assert shown.code == 1 and ("\x1b[" in shown.text) == colored
    assert "error[wrong-activation-derivative]: " in ESCAPE.sub("", shown.text)


def test_progress_is_shown_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(TRAIN + "time.sleep(1.5)\n")
    shown = on_terminal(tmp_path, "model.py")
    drawn = shown.text.split("\n")[0].split("\r")
    assert any("model.py: 1 training checked, running on" in piece for piece in drawn)
    assert drawn[-2].strip() == "" and "training steps recorded" in shown.text


@pytest.mark.parametrize("moment", [0.05, 0.15, 0.3, 0.5, 0.8])
def test_an_interrupt_at_any_moment_ends_at_once_without_a_traceback(moment: float, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(TRAIN + "time.sleep(600)\n")
    shown = on_terminal(tmp_path, "model.py", key=b"\x03", after=moment)
    assert shown.seconds < PATIENCE
    if moment > 0.4:  # before that, on a busy machine, it is the interpreter's own start that is interrupted
        assert shown.code in (130, -signal.SIGINT) and "Traceback" not in shown.text


def test_an_interrupt_shows_what_is_known(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(TRAIN + "time.sleep(600)\n")
    shown = on_terminal(tmp_path, "model.py", key=b"\x03", wait_for="1 training checked")
    assert (shown.code, shown.seconds < PATIENCE) == (130, True)
    text = ESCAPE.sub("", shown.text)
    assert "1 of 1 parameter right" in text and "the run was interrupted" in text


def test_an_interrupt_of_a_script_that_ignores_signals(tmp_path: Path) -> None:
    deaf = "signal.signal(signal.SIGUSR1, signal.SIG_IGN)\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    (tmp_path / "model.py").write_text(TRAIN + deaf + "while True: time.sleep(1)\n")
    shown = on_terminal(tmp_path, "model.py", key=b"\x03", wait_for="1 training checked")
    assert (shown.code, shown.seconds < PATIENCE) == (130, True)
    assert "1 of 1 parameter right" in ESCAPE.sub("", shown.text)


@pytest.mark.parametrize("encoding", ["cp1252:strict", "ascii:strict", "utf-16:strict"])
@pytest.mark.parametrize("form", ["text", "concise", "json"])
def test_redirected_to_a_stream_that_knows_few_characters(encoding: str, form: str, tmp_path: Path) -> None:
    odd = demo.SCRIPT.read_text().replace("d_hidden", "d_重み").replace("hidden", "caché")
    (tmp_path / "重み.py").write_text(odd)
    command = [sys.executable, "-m", "gradcheck", "重み.py", "--format", form]
    environment = {**PLAIN, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": encoding}
    done = subprocess.run(command, capture_output=True, cwd=tmp_path, env=environment)
    assert (done.returncode, done.stderr) == (1, b"")
    text = done.stdout.decode(encoding.partition(":")[0])
    assert "wrong-activation-derivative" in text and ("\\u91cd\\u307f" in text or "重み" in text)


@pytest.mark.parametrize("arguments", [["--demo"], ["--help"], ["--list-rules"], ["--explain", "unused-ignore"], []])
def test_what_helps_is_ascii(arguments: list[str]) -> None:
    environment = {**PLAIN, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "ascii:strict"}
    done = subprocess.run([sys.executable, "-m", "gradcheck", *arguments], capture_output=True, env=environment)
    assert done.stdout.isascii() and done.stderr == b""
