"""What a training script really does in one step: its own loss, its own gradients and how far its parameters move.

The script runs in this process under a line hook. ``tests/strangers/truth.json`` says for each script where a step
starts and stops, how the objective reads there, and where each parameter's gradient is to be found (``null``: it is the
increment). A parameter can be set or pushed just before the step, which is all that a central difference needs.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import json
import os
import random
import re
import signal
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

STRANGERS = Path(__file__).parents[1] / "strangers"
Hook = Callable[[types.FrameType], None]
Place = tuple[str, int]

COMPREHENSIONS = {"<listcomp>", "<genexpr>", "<dictcomp>", "<setcomp>", "<lambda>"}
_default_rng, _RandomState, _float32 = np.random.default_rng, np.random.RandomState, np.float32


class Stop(BaseException):
    """Ends the script from a hook, past its ``except Exception``."""


class Unreachable(Exception):
    """The step was not reached or could not be read."""


@dataclass(frozen=True)
class Step:
    """Where one step of a script starts and stops, and how to read it."""

    start: str
    stop: str
    loss: str
    params: list[tuple[str, str | None, int]]  # expression, expression of the gradient or None, index in expected.json
    loss_at: str = ""
    lr: float = 1.0
    after: dict[str, str] = field(default_factory=dict)
    when: str = ""
    sum: bool = False
    first: bool = False
    rebind: bool = False
    eps: float = 1e-5
    nths: tuple[int, ...] = (1, 2)
    other_losses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Script:
    """One script of tests/strangers with its steps; ``path`` is relative to that folder."""

    path: str
    steps: list[Step]
    float64: bool = False
    arguments: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """The folder that must be copied to run an edited script, or "" for a script of one file."""
        parts = Path(self.path).parts
        depth = 2 if parts[0] == "held_out" else 1
        return "/".join(parts[:depth]) if len(parts) > depth else ""


@dataclass
class Reading:
    """Flat values of one step: parameters before it, losses, gradients, and movement until the next step."""

    before: list[np.ndarray] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    gradients: list[np.ndarray] = field(default_factory=list)
    moved: list[np.ndarray] | None = None


def scripts() -> dict[str, Script]:
    """Every script that truth.json knows."""
    expected = json.loads((STRANGERS / "expected.json").read_text(encoding="utf8"))
    known = json.loads((STRANGERS / "truth.json").read_text(encoding="utf8"))
    return {path: _script(path, entry, expected[path]) for path, entry in known.items() if path in expected}


def _script(path: str, entry: dict[str, Any], expected: dict[str, Any]) -> Script:
    steps = []
    for step in entry["steps"]:
        lists = {k: tuple(step[k]) for k in ("nths", "other_losses") if k in step}
        params = [(at, gradient, index) for at, gradient, index in step["params"]]
        steps.append(Step(**{**step, **lists, "params": params}))
    return Script(path, steps, entry.get("float64", False), tuple(expected.get("arguments", ())))


@cache
def place(path: str, text: str) -> tuple[str, int]:
    """File (relative to the strangers) and line of a text that may name another file: ``layer.py::def back``."""
    file = path
    if "::" in text:
        name, text = text.split("::", 1)
        file = os.path.normpath(os.path.join(os.path.dirname(path), name))
    lines = (STRANGERS / file).read_text(encoding="utf8").split("\n")
    hits = [i for i, line in enumerate(lines, 1) if text in line + "\n"]
    if len(hits) != 1:
        raise SystemExit(f"{file}: {text!r} is on lines {hits}")
    return file, hits[0]


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raises Stop in the running script after some seconds."""

    def end(*_: Any) -> None:
        raise Stop

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def run(script: Script, hooks: dict[Place, Hook], root: Path = STRANGERS, every: Hook | None = None) -> str:
    """Runs the script below ``root`` with seeded generators; each hook is called before its line executes."""
    file = str(root / script.path)
    code = compile(Path(file).read_text(encoding="utf8"), file, "exec")
    main = types.ModuleType("__main__")
    main.__file__ = file
    before = sys.gettrace()
    with _as_a_program(main, script, root) as output, np.errstate(all="ignore"), time_limit(20):
        tracer = _tracer({(str(root / name), line): hook for (name, line), hook in hooks.items()}, str(root), every)
        sys.settrace(tracer)
        try:
            exec(code, main.__dict__)
        except (Stop, SystemExit):
            pass
        finally:
            sys.settrace(before)
    return output.getvalue()


@contextlib.contextmanager
def _as_a_program(main: types.ModuleType, script: Script, root: Path) -> Iterator[io.StringIO]:
    saved = sys.modules["__main__"], sys.path[:], sys.argv, os.getcwd(), sys.stdin, sys.dont_write_bytecode
    kept = set(sys.modules)
    generators = np.random.get_state(), random.getstate()
    _seed()
    if script.float64:
        np.float32 = np.float64  # type: ignore[misc,assignment]
    output = io.StringIO()
    try:
        sys.modules["__main__"], sys.argv = main, [str(main.__file__), *script.arguments]
        sys.path.insert(0, str(Path(str(main.__file__)).parent))
        sys.stdin, sys.dont_write_bytecode = io.StringIO(), True
        os.chdir(Path(str(main.__file__)).parent)
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output), _silent_plots():
            with warnings.catch_warnings(action="ignore"):
                yield output
    finally:
        sys.modules["__main__"], sys.path[:], sys.argv, folder, sys.stdin, sys.dont_write_bytecode = saved
        os.chdir(folder)
        for name in set(sys.modules) - kept:
            if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(root)):
                del sys.modules[name]
        np.random.default_rng, np.random.RandomState, np.float32 = _default_rng, _RandomState, _float32  # type: ignore
        np.random.set_state(generators[0])
        random.setstate(generators[1])


def _seed() -> None:
    np.random.seed(7)
    random.seed(7)

    class Seeded(_RandomState):
        def __init__(self, seed: Any = None) -> None:
            super().__init__(12 if seed is None else seed)

    np.random.default_rng = lambda seed=None: _default_rng(11 if seed is None else seed)  # type: ignore[assignment]
    np.random.RandomState = Seeded  # type: ignore[misc]


@contextlib.contextmanager
def _silent_plots() -> Iterator[None]:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    show = plt.show
    plt.show = lambda *_, **__: plt.close("all")
    try:
        yield
    finally:
        plt.show = show
        plt.close("all")


def _tracer(hooks: dict[Place, Hook], root: str, every: Hook | None) -> Any:
    wanted: dict[types.CodeType, dict[int, Hook] | None] = {}

    def hooks_of(code: types.CodeType) -> dict[int, Hook] | None:
        if code not in wanted:
            lines = {line for *_, line in code.co_lines() if line}
            found = {line: hook for (file, line), hook in hooks.items() if file == code.co_filename and line in lines}
            inside = every is not None and code.co_filename.startswith(root)
            wanted[code] = None if code.co_name in COMPREHENSIONS or not (found or inside) else found
        return wanted[code]

    def local(frame: types.FrameType, event: str, _: Any) -> Any:
        if event == "line":
            if every:
                every(frame)
            hook = (hooks_of(frame.f_code) or {}).get(frame.f_lineno)
            if hook:
                hook(frame)
        return local

    return lambda frame, event, argument: None if hooks_of(frame.f_code) is None else local


def value_of(expression: str, frame: types.FrameType) -> Any:
    """The expression's value in the frame."""
    names = {**frame.f_globals, **frame.f_locals}
    names.setdefault("np", np)
    names.setdefault("frame", frame)
    return eval(expression, names)


def flat(value: Any) -> np.ndarray:
    """Numbers of an array, an object array or nested lists as one float64 vector (a copy)."""
    if isinstance(value, list | tuple):
        return np.concatenate([flat(v) for v in value]) if len(value) else np.zeros(0)
    if isinstance(value, np.ndarray) and value.dtype == object:
        return np.concatenate([flat(v) for v in value.ravel()])
    return np.array(value, float).ravel()


def put(expression: str, frame: types.FrameType, numbers: np.ndarray, rebind: bool = False) -> None:
    """Writes flat numbers into the parameter: in place where it is mutable, else by assignment."""
    value = value_of(expression, frame)
    if isinstance(value, list | np.ndarray) and not rebind:
        _write(value, numbers)
    else:
        new = numbers.reshape(value.shape).astype(value.dtype) if isinstance(value, np.ndarray) else float(numbers[0])
        _assign(expression, frame, np.matrix(new) if isinstance(value, np.matrix) else new)


def _write(value: Any, numbers: np.ndarray) -> np.ndarray:
    if isinstance(value, np.ndarray) and value.dtype != object:
        value[...] = numbers[: value.size].reshape(value.shape)
        return numbers[value.size :]
    places = range(len(value)) if isinstance(value, list) else np.ndindex(value.shape)
    for i in places:
        if isinstance(value[i], list | np.ndarray) and np.ndim(value[i]):
            numbers = _write(value[i], numbers)
        else:
            value[i], numbers = float(numbers[0]), numbers[1:]
    return numbers


def _assign(expression: str, frame: types.FrameType, value: Any) -> None:
    code = frame.f_code
    if not re.fullmatch(r"\w+", expression):
        exec(expression + " = value", {**frame.f_globals, **frame.f_locals, "value": value})
    elif code.co_name != "<module>" and expression in code.co_varnames + code.co_cellvars + code.co_freevars:
        frame.f_locals[expression] = value
        if sys.version_info < (3, 13):
            ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), ctypes.c_int(0))
    else:
        frame.f_globals[expression] = value


class Probe:
    """Reads one step of one run. ``values`` replaces all parameters, ``push`` is added to one of them."""

    def __init__(self, step: Step, nth: int, losses: tuple[str, ...], whole: bool) -> None:
        self.step, self.nth, self.loss_texts, self.whole = step, nth, losses, whole
        self.values: list[np.ndarray] | None = None
        self.push: tuple[int, np.ndarray] | None = None
        self.reading = Reading(losses=[0.0] * len(losses))
        self.hits, self.on, self.seen, self.done = 0, False, False, False

    def start(self, frame: types.FrameType) -> None:
        if self.done:
            self.reading.moved = self._differences(frame)
            raise Stop
        if self.on:
            return
        self.hits += 1
        if self.hits < self.nth:
            return
        self.on = True
        for i, (at, _, _) in enumerate(self.step.params):
            if self.values is not None:
                put(at, frame, self.values[i], self.step.rebind)
        self.reading.before = [flat(value_of(at, frame)) for at, _, _ in self.step.params]
        if self.push is not None:
            i, change = self.push
            put(self.step.params[i][0], frame, self.reading.before[i] + change, self.step.rebind)

    def loss(self, frame: types.FrameType) -> None:
        if not self.on or self.done or (self.step.first and self.seen):
            return
        self.seen = True
        for i, text in enumerate(self.loss_texts):
            value = float(np.sum(value_of(text, frame)))
            self.reading.losses[i] = self.reading.losses[i] + value if self.step.sum else value

    def stop(self, frame: types.FrameType) -> None:
        if not self.on or self.done or (self.step.when and not value_of(self.step.when, frame)):
            return
        self.done = True
        if not self.whole:
            raise Stop
        for i, (at, gradient, _) in enumerate(self.step.params):
            if gradient is None:
                now = flat(value_of(self.step.after.get(at, at), frame))
                self.reading.gradients.append((self.reading.before[i] - now) / self.step.lr)
            else:
                self.reading.gradients.append(flat(value_of(gradient, frame)))

    def _differences(self, frame: types.FrameType) -> list[np.ndarray] | None:
        try:
            now = [flat(value_of(at, frame)) for at, _, _ in self.step.params]
        except Exception:
            return None
        same = all(a.shape == b.shape for a, b in zip(now, self.reading.before, strict=True))
        return [a - b for a, b in zip(now, self.reading.before, strict=True)] if same else None


def measure(
    script: Script,
    step: Step,
    nth: int,
    root: Path = STRANGERS,
    values: list[np.ndarray] | None = None,
    push: tuple[int, np.ndarray] | None = None,
    losses: tuple[str, ...] = (),
) -> Reading:
    """One run up to the end of the ``nth`` step; with ``push`` only losses are read. Raises what the script raises."""
    probe = Probe(step, nth, (step.loss, *losses), whole=push is None)
    probe.values, probe.push = values, push
    start, stop = place(script.path, step.start), place(script.path, step.stop)
    hooks: dict[Place, list[Hook]] = {}
    for where, hook in ((place(script.path, step.loss_at or step.stop), probe.loss), (stop, probe.stop)):
        hooks.setdefault(where, []).append(hook)
    hooks.setdefault(start, []).append(probe.start)  # last: where all three share a line, a step ends before the next
    run(script, {where: _all(found) for where, found in hooks.items()}, root)
    if not probe.done:
        raise Unreachable(f"{script.path}: step {nth} was not reached")
    return probe.reading


def _all(hooks: list[Hook]) -> Hook:
    def call(frame: types.FrameType) -> None:
        for hook in hooks:
            hook(frame)

    return call


def difference(
    script: Script, step: Step, nth: int, root: Path, values: list[np.ndarray], i: int, direction: np.ndarray
) -> list[float]:
    """Central differences, along ``direction`` of parameter ``i``, of the objective and of the step's other losses."""
    size = step.eps * max(1.0, float(np.linalg.norm(values[i])) / np.sqrt(values[i].size))
    ends = []
    for sign in (1, -1):
        push = (i, sign * size * direction)
        ends.append(measure(script, step, nth, root, values, push, step.other_losses).losses)
    return [(up - down) / (2 * size) for up, down in zip(*ends, strict=True)]
