"""Recording a program given as text, and looking at what its tape says."""

from __future__ import annotations

import warnings
from array import array
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType
from typing import Any

import numpy as np

from gradcheck.record import taps
from gradcheck.record.recorder import Recorder
from gradcheck.record.rewrite import rewrite
from gradcheck.record.sources import Sources
from gradcheck.replay.adjoint import Recording, Reverse, Sweep
from gradcheck.replay.forward import Replay, State
from gradcheck.tape import Tape


@dataclass(frozen=True, slots=True)
class Run:
    """A recorded run: its recorder, and the names that it left behind."""

    recorder: Recorder
    names: dict[str, Any]

    @property
    def tape(self) -> Tape:
        return self.recorder.tape

    def code(self, name: str) -> int:
        """Operand code of what a name holds at the end."""
        return self.recorder.memory.code(self.names[name])

    def replayed(self, promote: bool = False) -> tuple[Replay, State]:
        """The whole tape, made again."""
        replay = Replay(self.tape, promote)
        state = replay.start()
        replay.run(state, range(len(self.tape)))
        return replay, state

    def recording(self, promote: bool = True) -> Recording:
        """The whole tape as a window for sweeps."""
        replay = Replay(self.tape, promote)
        made = Recording(replay, replay.start(), list(range(len(self.tape))))
        made.run()
        return made

    def sweep(self, *names: str, recording: Recording | None = None, bounded: bool = True) -> tuple[Reverse, Sweep]:
        """The adjoints of the sum of all that the names hold."""
        codes = [self.code(name) for name in names]
        active = array("q", (s for s in range(len(self.tape.storage_born)) if self._is_float(s)))
        reverse = Reverse(recording or self.recording(), active, {}, bounded)
        seeds = [(len(self.tape), code, np.ones(self.tape.shape_of(code))) for code in codes]
        return reverse, reverse.sweep(seeds)

    def _is_float(self, storage: int) -> bool:
        dtype = self.tape.dtype_of(storage)
        return dtype is None or dtype.kind == "f"

    def adjoint(self, reverse: Reverse, sweep: Sweep, leaf: Any) -> np.ndarray:
        """The adjoint of a leaf at its first value: zeros where nothing depends on it."""
        return self._part(reverse, sweep.adjoints, leaf)

    def bound(self, reverse: Reverse, sweep: Sweep, leaf: Any) -> np.ndarray:
        """The rounding bound beside it, in units of the unit roundoff."""
        return self._part(reverse, sweep.bounds, leaf)

    def _part(self, reverse: Reverse, store: Any, leaf: Any) -> np.ndarray:
        code = self.recorder.memory.code(leaf)
        found = store.get(self.tape.storage_of(code))
        return np.zeros(np.shape(leaf)) if found is None else reverse.window(found, code).copy()


def plain(text: str, **names: Any) -> dict[str, Any]:
    """The names that a program leaves behind when it is only run."""
    with np.errstate(all="ignore"):
        exec(compile(text, "program.py", "exec"), names)
    return names


@lru_cache(maxsize=64)
def _rewritten(text: str) -> tuple[CodeType, Sources]:
    sources = Sources()
    return rewrite(text.encode(), "program.py", "__main__", sources), sources


def record(text: str, **names: Any) -> Run:
    """Run a program on a tape of its own. ``names`` are what it finds; arrays among them are leaves."""
    code, sources = _rewritten(text)
    recorder = Recorder(sources)
    taps.install(recorder)
    recorder.armed = True
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            exec(code, names)
    finally:
        recorder.armed = False
        taps.uninstall()
    return Run(recorder, names)


def bits(value: Any) -> tuple[Any, ...]:
    """What must be equal in two values that are one to the bit."""
    array = np.asarray(value)
    return type(value), array.dtype, array.shape, array.tobytes()


def departures(run: Run, state: State) -> list[str]:
    """The numbers and living arrays that a replay has otherwise than the run."""
    memory = run.recorder.memory
    found = []
    for storage, number in enumerate(memory.objects):
        if number is not None and storage in state.values and bits(state.values[storage]) != bits(number):
            found.append(f"number {storage}: {number!r} became {state.values[storage]!r}")
    alive = {memory.arrays[key]: watch() for key, watch in memory.watches.items()} | dict(memory.pristine)
    for storage, live in alive.items():
        if live is not None and storage in state.values and bits(state.values[storage])[1:] != bits(live)[1:]:
            found.append(f"array {storage}: {live!r} became {state.values[storage]!r}")
    return found
