"""Replays: native to the bit, promoted, at other values, after failures; and with any number of threads."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gradcheck.replay.forward import GuardFlip, Replay, ReplayError
from gradcheck.replay.recording import Recording

from .recording import departures, record

pytestmark = pytest.mark.elsewhere

HEAD = "import math\nimport numpy as np\n"
ROOT = Path(__file__).parent.parent
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

# Programs whose memory is easy to get wrong.
EXACT = {
    "negative strides as a root": "b = np.exp(a[::-1])\nc = b[::-1] * 2.0\nc[0] = b[1]",
    "Fortran order": "b = np.asfortranarray(a.reshape(2, 3)) * 1.5\nc = b.sum(axis=0)\nb[:, 1] = 0.0",
    "transposed product": "b = a.reshape(2, 3).T @ a.reshape(2, 3)\nb.T[0] += 1.0",
    "zero-dimensional": "b = np.array(2.5)\nb += a[0]\nc = float(b)",
    "empty": "b = a[:0] * 2.0\nc = np.concatenate([b, a])\nd = b.sum()",
    "windows": "b = np.lib.stride_tricks.sliding_window_view(a, 3) * 2.0\nb[0, 0] = a[5]",
    "float32 numbers": "x = np.float32(0.1)\ny = x * x + np.float32(0.7)\nb = a.astype(np.float32)\nz = b[2] * y",
    "float16": "b = a.astype(np.float16)\nb *= 1.1\nc = b[1] * b[2]",
    "integers beside": "k = np.array([3, 1, 2])\nb = a[k] * k\nk[0] = 5\nc = a[k]",
    "masks": "m = a > 0\nb = np.where(m, a, 0.0)\nm[0] = False\nc = b[m]",
    "python arithmetic": "x = 0.1\ny = 0.2\nfor _ in range(5):\n    x, y = y, x + y * 3.0\nz = math.exp(-x) // 0.1 % 7",
    "nan and inf": "b = np.log(a - a)\nc = b - b\nd = 0.0 * math.inf",
    "signed zero": "b = -(a * 0.0)\nc = np.copysign(1.0, b)\nx = -0.0\ny = x * 1.0",
    "random draws are given": "b = np.random.default_rng(3).normal(size=6)\nc = a * b\nb *= 2.0",
    "written by something opaque": "b = a * 1.0\nnp.random.default_rng(3).shuffle(b)\nc = b * 2.0",
    "a ufunc's out as a positional argument": "b = np.empty(6)\nnp.add(a, 1.0, b)\nnp.exp(b[::2], b[::2])",
    "structured writes": "b = np.zeros((2, 3))\nb[:, [0, 2]] = a.reshape(3, 2).T[:, :2]\n"
    "b[b > 0] += 1.0\nb.T[...] = b.T * 2.0",
}


@pytest.mark.parametrize("name", EXACT)
def test_native_replay_to_the_bit(name: str) -> None:
    run = record(HEAD + EXACT[name], a=np.array([0.3, -1.7, 2.9, 0.01, -0.6, 1.1]))
    assert len(run.tape) > 0
    _, state = run.replayed()
    assert departures(run, state) == []


@pytest.mark.parametrize("name", EXACT)
def test_a_recording_ends_where_the_replay_does(name: str) -> None:
    run = record(HEAD + EXACT[name], a=np.array([0.3, -1.7, 2.9, 0.01, -0.6, 1.1]))
    assert departures(run, run.recording(promote=False).state) == []


def test_departures_are_seen() -> None:
    run = record(HEAD + "b = a * 2.0\nx = b[0] + 1.0", a=np.ones(3))
    _, state = run.replayed()
    state.values[run.tape.storage_of(run.code("x"))] = np.float64(np.nextafter(3.0, 4.0))
    state.values[run.tape.storage_of(run.code("b"))][1] = -2.0
    assert len(departures(run, state)) == 2


def test_promoted_values_are_double() -> None:
    run = record(
        HEAD + "b = a.astype('float32')\nx = np.float32(0.1) * b[0]\nc = np.zeros(3, dtype=np.float32)\nc += b",
        a=np.ones(3),
    )
    replay, state = run.replayed(promote=True)
    for name in "bxc":
        assert np.asarray(replay.load(state, run.code(name))).dtype == np.float64
    assert state.values[run.tape.storage_of(run.code("x"))] == 0.1


def test_the_value_before_a_write_is_saved() -> None:
    run = record(HEAD + "b = a * 1.0\nc = b * b\nb[:] = 0.0\nd = a * 2.0", a=np.arange(3.0))
    recording = run.recording()
    (values, result) = recording.operands(1)
    assert np.array_equal(values[0], np.arange(3.0)) and np.array_equal(result, np.arange(3.0) ** 2)
    assert set(recording.saved) == {0, 1}


def test_what_is_not_written_again_is_not_copied() -> None:
    run = record(HEAD + "big = a * 1.0\nb = big * 2.0\nb[0] = 7.0", a=np.arange(1000.0))
    recording = run.recording()
    values, result = recording.saved[1]
    assert np.shares_memory(values[0], recording.replay.load(recording.state, run.code("big")))
    assert result[0] == 0.0


def test_other_parameters() -> None:
    run = record(HEAD + "b = a * a\nc = b.sum()\nb[0] = c", a=np.arange(3.0))
    replay = Replay(run.tape)
    state = replay.start()
    replay.put(state, run.tape.storage_of(run.code("a")), np.array([1.0, 2.0, 3.0]))
    replay.run(state, range(len(run.tape)))
    assert np.array_equal(replay.load(state, run.code("b")), [14.0, 4.0, 9.0])
    assert np.array_equal(run.names["a"], np.arange(3.0))


def test_a_fork_writes_into_memory_of_its_own() -> None:
    run = record(HEAD + "b = a[::-1] * 1.0\nb[0] = 5.0\nb[1:] += 1.0", a=np.arange(3.0))
    replay = Replay(run.tape)
    state = replay.start()
    replay.run(state, [0])
    storage = run.tape.storage_of(run.code("b"))
    other = state.fork({storage})
    replay.run(other, [1, 2])
    assert np.array_equal(replay.load(state, run.code("b")), [2.0, 1.0, 0.0])
    assert np.array_equal(replay.load(other, run.code("b")), [5.0, 2.0, 1.0])


@pytest.mark.parametrize("watched", [False, True])
def test_failures_name_their_entry(watched: bool) -> None:
    run = record(HEAD + "b = a[0] * 1.0\nx = float(b)\ny = x * 2.0\nz = 1.0 / y\nu = z + 1.0", a=np.array([2.0]))
    replay = Replay(run.tape)
    seen: list[int] = []
    replay.watch = (lambda number, state: seen.append(number)) if watched else None
    state = replay.start()
    replay.put(state, run.tape.storage_of(run.code("a")), np.array([0.0]))
    with pytest.raises(ReplayError, match="ZeroDivisionError") as caught:
        replay.run(state, range(len(run.tape)))
    assert caught.value.entry == run.tape.storage_born[run.tape.storage_of(run.code("z"))]
    assert seen == (list(range(caught.value.entry)) if watched else [])


def test_guards() -> None:
    run = record(HEAD + "x = a[0]\nb = a * 2.0 if x > 0 else a\nk = np.argmax(a)\nc = b[k]", a=np.array([2.0, 1.0]))
    storage = run.tape.storage_of(run.code("a"))
    for values, flips in (([4.0, 3.0], False), ([-1.0, -2.0], True), ([1.0, 2.0], True)):
        replay = Replay(run.tape)
        state = replay.start()
        replay.put(state, storage, np.array(values))
        replay.run(state, range(len(run.tape)))  # frozen branches
        replay.guarded = True
        state = replay.start()
        replay.put(state, storage, np.array(values))
        if flips:
            with pytest.raises(GuardFlip):
                replay.run(state, range(len(run.tape)))
        else:
            replay.run(state, range(len(run.tape)))


def test_without_a_guard() -> None:
    run = record(HEAD + "loss = -math.log(a[0] + 1e-3)", a=np.array([1.0]))
    (entry,) = (n for n in range(len(run.tape)) if run.tape.entry(n)[0].fn.__name__ == "add")
    replay = Replay(run.tape).without({entry: 1})
    recording = Recording(replay, replay.start(), list(range(len(run.tape))))
    recording.run()
    assert replay.load(recording.state, run.code("loss")) == 0.0


PROGRAM = """
import numpy as np
rng = np.random.default_rng(0)
X, Y = rng.normal(0, 1, (96, 130)), rng.normal(0, 1, (96, 40))
W1, W2 = rng.normal(0, 0.1, (130, 200)), rng.normal(0, 0.1, (200, 40))
h = np.tanh(X @ W1)
e = np.einsum('ij,jk->ik', h, W2) - Y
loss = np.sum(e ** 2)
W2 -= 1e-3 * (h.T @ e)
g = np.dot(e, W2.T) * (1 - h * h)
W1 -= 1e-3 * np.dot(X.T, g)
"""


def digest() -> str:
    """What a replay of the program makes, hashed; fails where it is not the run to the bit."""
    run = record(PROGRAM)
    replay, state = run.replayed()
    assert departures(run, state) == []
    found = hashlib.sha256()
    for name in ("loss", "W1", "W2", "g"):
        found.update(np.asarray(replay.load(state, run.code(name))).tobytes())
    return found.hexdigest()


@pytest.mark.parametrize("threads", ["1", "4"])
def test_to_the_bit_with_threads(threads: str) -> None:
    """With the number of threads that the run had, a replay is the run, and so is another process."""
    environment = os.environ | dict.fromkeys(THREADS, threads)
    command = [sys.executable, "-c", "from tests.test_replay import digest; print(digest())"]
    answers = {
        subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(answers) == 1
