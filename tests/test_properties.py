"""What holds for every program: the replay is the run, and the sweep is its derivative."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from .programs import Program, programs
from .recording import departures, plain, record

pytestmark = pytest.mark.elsewhere


def bounded(examples: int) -> settings:
    """The same examples in every run, no clock; GRADCHECK_EXAMPLES=10 makes ten times as many."""
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    return settings(
        derandomize=True,
        database=None,
        deadline=None,
        max_examples=examples * int(os.environ.get("GRADCHECK_EXAMPLES", "1")),
        suppress_health_check=quiet,
        phases=[Phase.generate],  # a program is short, and to shrink it takes minutes
    )


@bounded(150)
@given(programs())
def test_a_native_replay_is_the_run_to_the_bit(program: Program) -> None:
    run = record(program.text, **program.values())
    _, state = run.replayed()
    assert run.recorder.broken == {}, program.text
    assert departures(run, state) == [], program.text


@bounded(30)
@given(programs())
def test_recording_changes_nothing(program: Program) -> None:
    run, alone = record(program.text, **program.values()), plain(program.text, **program.values())
    assert np.asarray(run.names["loss"]).tobytes() == np.asarray(alone["loss"]).tobytes()


@bounded(80)
@given(programs(smooth=True, narrow=False))
def test_the_adjoint_is_the_central_difference(program: Program) -> None:
    leaves = program.values()
    run = record(program.text, **leaves)
    reverse, sweep = run.sweep("loss")
    assert sweep.blocked == {}, program.text
    for name, leaf in leaves.items():
        adjoint = run.adjoint(reverse, sweep, leaf)
        expected = _differences(program, name)
        top = max(np.max(np.abs(expected)), 1e-3)
        assert np.max(np.abs(adjoint - expected)) <= 1e-6 * top, (name, adjoint, expected, program.text)


def _differences(program: Program, name: str) -> np.ndarray:
    """Four-point central differences of the program's loss, entry by entry."""
    base = program.values()[name]
    found = np.zeros(base.shape)
    code = compile(program.text, "program.py", "exec")
    for index in np.ndindex(base.shape):
        near, far = (_slope(code, program, name, index, h) for h in (5e-4, 1e-3))
        found[index] = (4 * near - far) / 3
    return found


def _slope(code: Any, program: Program, name: str, index: tuple[int, ...], h: float) -> float:
    losses = []
    for step in (h, -h):
        names: dict[str, Any] = program.values()
        names[name][index] += step
        with np.errstate(all="ignore"):
            exec(code, names)
        losses.append(float(names["loss"]))
    return (losses[0] - losses[1]) / (2 * h)


@bounded(80)
@given(programs(smooth=True, narrow=True))
def test_a_promoted_replay_is_the_program_in_double(program: Program) -> None:
    run = record(program.text, **program.values())
    replay, state = run.replayed(promote=True)
    double = plain(program.text, **program.values(float))
    for name, value in double.items():
        if isinstance(value, float | np.floating | np.ndarray) and np.asarray(value).dtype.kind == "f":
            got = np.asarray(replay.load(state, run.code(name)))
            assert got.dtype == np.float64
            assert np.max(np.abs(got - value), initial=0.0) <= 1e-12 * (1 + np.max(np.abs(value), initial=0.0)), (
                name,
                program.text,
            )
