"""Listening changes nothing: idioms run alike with the armed recorder, and what it recorded replays to the bit."""

from __future__ import annotations

import contextlib
import io
import json
import random
import sys
import types
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcheck.record import taps
from gradcheck.record.recorder import Recorder
from gradcheck.record.rewrite import rewrite
from gradcheck.record.sources import Sources
from gradcheck.replay.forward import Replay

from .idioms import compare
from .idioms.numpy_table import NUMPY_IDIOMS, UNSEEN
from .idioms.table import IDIOMS

pytestmark = pytest.mark.elsewhere

STRANGERS = Path(__file__).parent / "strangers"
SCRIPTS = sorted([*STRANGERS.glob("*.py"), *STRANGERS.glob("held_out/*.py")])
BOTH = [*IDIOMS, *NUMPY_IDIOMS]


def armed() -> Recorder:
    """A recorder that listens."""
    recorder = Recorder(Sources())
    recorder.armed = True
    return recorder


def named(table: list[tuple[str, str]]) -> Any:
    return pytest.mark.parametrize("source", [s for _, s in table], ids=[n for n, _ in table])


@named(BOTH)
def test_idiom_runs_alike_when_recorded(source: str) -> None:
    recorder = armed()
    compare(source, recorder)
    assert not recorder.broken


def test_there_are_enough_numpy_idioms() -> None:
    assert len(NUMPY_IDIOMS) >= 60
    assert len({name for name, _ in BOTH}) == len(BOTH)
    assert {name for name, _ in NUMPY_IDIOMS} > UNSEEN


def record(source: str | bytes, filename: str, arguments: tuple[str, ...] = ()) -> tuple[Recorder, dict[str, Any]]:
    """Run a script with an armed recorder; how it ends does not matter. Its names keep its arrays alive."""
    recorder = armed()
    module = types.ModuleType("__main__")
    module.__file__ = filename
    keep = sys.modules["__main__"], sys.argv
    np.random.seed(0)
    random.seed(0)
    taps.install(recorder)
    sys.modules["__main__"], sys.argv = module, [filename, *arguments]
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            with warnings.catch_warnings(), contextlib.suppress(Exception, SystemExit), np.printoptions():
                warnings.simplefilter("ignore")
                exec(rewrite(source, filename, "__main__", recorder.sources), module.__dict__)
    finally:
        recorder.armed = False
        sys.modules["__main__"], sys.argv = keep
        taps.uninstall()
    return recorder, vars(module)


def differences(recorder: Recorder) -> list[str]:
    """Numbers and living arrays that a replay of the whole tape does not make again to the bit."""
    tape, memory = recorder.tape, recorder.memory
    replay = Replay(tape)
    state = replay.start()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        replay.run(state, range(len(tape)))
    found = []
    for storage, number in enumerate(memory.objects):
        made = state.values[storage] if storage in state.values else None
        if number is not None and made is not None and bits(made) != bits(number):
            found.append(f"number {storage}: {made!r}, not {number!r}, {origin(recorder, storage)}")
    for key, watch in list(memory.watches.items()):
        array = watch()
        if array is not None and memory.arrays[key] in state.values:
            if bits(replay.load(state, memory.codes[key])) != bits(array):
                found.append(f"array {memory.arrays[key]} {array.shape} {origin(recorder, memory.arrays[key])}")
    return found


def bits(value: Any) -> tuple[Any, bytes]:
    plain = np.asarray(value)
    same_nan = np.where(np.isnan(plain), np.nan, plain) if plain.dtype.kind in "fc" else plain
    if plain.dtype == np.longdouble != np.float64:  # it is padded with bytes that mean nothing: compared in two halves
        high = same_nan.astype(np.float64)
        return plain.shape, high.tobytes() + (same_nan - high).astype(np.float64).tobytes()
    return plain.shape, same_nan.astype(plain.dtype).tobytes()


def origin(recorder: Recorder, storage: int) -> str:
    born = recorder.tape.storage_born[storage]
    return recorder.sources.sites[recorder.tape.entry(born)[0].site].text if born >= 0 else "a leaf"


@named([idiom for idiom in BOTH if idiom[0] not in UNSEEN])
def test_idiom_replays_to_the_bit(source: str) -> None:
    recorder, _names = record(source, "<idiom>")
    assert differences(recorder) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda s: s.stem)
def test_script_replays_to_the_bit(script: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    recorder, _names = record(script.read_bytes(), str(script), arguments_of(script))
    assert recorder.broken == {}
    assert len(recorder.tape) > 20
    assert differences(recorder) == []


def arguments_of(script: Path) -> tuple[str, ...]:
    entries = json.loads((STRANGERS / "expected.json").read_text(encoding="utf-8"))
    scripts = entries.get("scripts", entries) if isinstance(entries, dict) else {e["path"]: e for e in entries}
    entry = scripts.get(script.relative_to(STRANGERS).as_posix(), {})
    return tuple(map(str, entry.get("arguments", ())))


# When recording itself fails


class Sabotage(Exception):
    pass


FRAGILE = ("entries.element", "entries.run", "entries.op", "memory.array_code", "memory.before_write", "calls.tapped")
FRAGILE += ("entries.store", "entries.inplace", "entries.prepared", "loops.advance", "functions.leave")
FRAGILE += ("locations.assign",)
SCRIPT = """
import numpy as np
w, b = np.ones(3), 0.5
total = []
def f(x): return (w * x).sum() + b
for i in range(4):
    w[0] = w[1] - 0.1
    w -= 0.1 * np.exp(w)
    np.multiply(w, 0.5, out=w)
    w[[0, 2]] += 1
    b -= f(i) * w[1]
    total.append(float(b))
r = np.dot(w, w)
"""


@pytest.mark.parametrize("where", FRAGILE)
def test_a_failure_of_the_recorder_stays_inside(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected: dict[str, Any] = {}
    exec(SCRIPT, expected)
    recorder = armed()
    holder, name = where.split(".")

    def fail(*_: Any, **__: Any) -> Any:
        raise Sabotage

    monkeypatch.setattr(type(getattr(recorder, holder)), name, fail)
    taps.install(recorder)
    names: dict[str, Any] = {"__name__": "script"}
    try:
        exec(rewrite(SCRIPT, "script.py", "script", recorder.sources), names)
    finally:
        taps.uninstall()
    assert bits(names["w"]) == bits(expected["w"])
    assert (names["b"], names["total"], names["r"]) == (expected["b"], expected["total"], expected["r"])
    assert any("Sabotage" in b.reason for b in recorder.broken.values())
