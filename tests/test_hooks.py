"""Hooks: live code, watched objects, recorded scripts, and hooks that fail."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck import hooks
from gradcheck.hooks import Activations, GradientNorms, Hook, HookWarning, UpdateRatios, on_gradient, record, watch


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    assert hooks.active() == []


def test_the_module_is_found_lazily_and_without_numpy() -> None:
    code = "import sys, gradcheck; gradcheck.hooks.GradientNorms; assert 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_callable_hears_of_gradients_until_its_handle_is_removed() -> None:
    heard: list[Any] = []
    handle = on_gradient(lambda *details: heard.append(details))
    record("W", 1.0, batch_size=8, step=5)
    handle.remove()
    handle.remove()
    record("W", 2.0, batch_size=8, step=6)
    assert heard == [("W", 1.0, 8, 5)]


def test_several_hooks_hear_in_order_and_the_inner_block_ends_first() -> None:
    heard: list[str] = []
    with on_gradient(lambda *_: heard.append("outer")):
        with on_gradient(lambda *_: heard.append("inner")):
            record("W", 1.0)
        record("W", 1.0)
    assert heard == ["outer", "inner", "outer"]


def test_a_hook_may_remove_itself_while_it_is_called() -> None:
    heard: list[int] = []
    first = on_gradient(lambda *_: (heard.append(1), first.remove()))
    with on_gradient(lambda *_: heard.append(2)):
        record("W", 1.0)
        record("W", 1.0)
    assert heard == [1, 2, 2]


def test_an_exception_in_a_hook_loses_nothing_and_is_told_once() -> None:
    def broken(*_: Any) -> None:
        raise ValueError("no such layer")

    norms = GradientNorms()
    with on_gradient(broken) as handle, on_gradient(norms):
        with pytest.warns(HookWarning, match="the hook broken raised ValueError: no such layer") as told:
            record("W", np.array([3.0, 4.0]), step=1)
            record("W", np.array([6.0, 8.0]), step=2)
    assert norms.rows == [("W", 5.0, None, 1), ("W", 10.0, None, 2)]
    assert [str(error) for error in handle.errors] == ["no such layer"] * 2
    assert len(told) == 1 and told[0].filename == __file__


def test_warnings_as_errors_do_not_end_the_run() -> None:
    with warnings.catch_warnings(), on_gradient(lambda: None) as handle:
        warnings.simplefilter("error")
        record("W", 1.0)
    assert isinstance(handle.errors[0], TypeError)


@pytest.mark.parametrize("hook", [3, "W", GradientNorms])
def test_what_is_no_hook_is_refused(hook: Any) -> None:
    with pytest.raises(TypeError, match="a hook is an instance of"):
        on_gradient(hook)


def test_steps_are_counted_by_name() -> None:
    norms = GradientNorms()
    with on_gradient(norms):
        for name in ("counted.a", "counted.b", "counted.a"):
            record(name, np.ones((2, 2)), batch_size=4)
    assert norms.rows == [("counted.a", 2.0, 4, 1), ("counted.b", 2.0, 4, 1), ("counted.a", 2.0, 4, 2)]
    assert norms.of("counted.a") == [2.0, 2.0]


def test_update_ratios() -> None:
    ratios = UpdateRatios()
    with on_gradient(ratios):
        hooks.record_update("W", np.array([0.3, 0.4]), np.array([3.0, 4.0]), step=1)
        hooks.record_update("b", np.ones(3), np.zeros(3), step=1)
        hooks.record_update("b", np.zeros(3), np.zeros(3), step=2)
    assert ratios.rows == [("W", pytest.approx(0.1), 1), ("b", float("inf"), 1), ("b", 0.0, 2)]


def test_activations_tell_dead_units_saturation_and_range() -> None:
    plain, bounded = Activations(), Activations(limits=(-1.0, 1.0))
    with on_gradient(plain), on_gradient(bounded):
        hooks.record_activation("hidden", np.array([[0.0, 2.0, 0.0, -1.0], [0.0, 0.0, 0.0, 0.5]]), step=1)
        hooks.record_activation("tanh", np.array([0.999, -0.999, 0.1, 0.2]), step=2)
    assert plain.rows == [("hidden", 0.5, None, -1.0, 2.0, 1), ("tanh", 0.0, None, -0.999, 0.999, 2)]
    assert bounded.rows[1] == ("tanh", 0.0, 0.5, -0.999, 0.999, 2)


class Dense:
    """A layer as people write it, with its gradients in attribute pairs."""

    def __init__(self) -> None:
        self.W, self.b, self.rate = np.ones((3, 2)), np.zeros(2), 0.1
        self.dW, self.db, self.dx = np.zeros((3, 2)), np.zeros(2), None

    def backward(self, delta: np.ndarray) -> np.ndarray:
        self.dW, self.db = np.ones((3, len(delta))) @ delta, delta.sum(axis=0)
        return delta @ self.W.T


class Net:
    """Gradients in a mapping or a list, whichever it is given."""

    def __init__(self, grads: Any) -> None:
        self.grads = grads

    def backward(self, delta: np.ndarray) -> None:
        for key in self.grads if isinstance(self.grads, dict) else range(len(self.grads)):
            self.grads[key] = delta.sum(axis=1)


def test_a_watched_layer_tells_its_pairs_and_is_given_back() -> None:
    layer, norms = Dense(), GradientNorms()
    before = dict(vars(layer))
    delta = np.ones((5, 2))
    with watch(layer), on_gradient(norms):
        assert np.array_equal(layer.backward(delta), delta @ layer.W.T)
        layer.backward(2 * delta)
    assert vars(layer).keys() == before.keys()
    assert [(name, size, step) for name, _, size, step in norms.rows] == [
        ("Dense.W", 5, 1), ("Dense.b", 5, 1), ("Dense.W", 5, 2), ("Dense.b", 5, 2),
    ]  # fmt: skip
    assert norms.of("Dense.b") == pytest.approx([5 * 2**0.5, 10 * 2**0.5])
    layer.backward(delta)
    assert len(norms.rows) == 4


@pytest.mark.parametrize(
    ("grads", "names"), [({"W": 0, "b": 0}, ["n.W", "n.b"]), ([0, 0], ["n.grads[0]", "n.grads[1]"])]
)
def test_a_watched_network_tells_its_mapping_or_list(grads: Any, names: list[str]) -> None:
    norms = GradientNorms()
    net = Net(grads)
    watched = watch(net, "n", batch_axis=1)
    with on_gradient(norms):
        net.backward(np.ones((2, 7)))
    watched.remove()
    watched.remove()
    assert norms.rows == [(name, pytest.approx(7 * 2**0.5), 7, 1) for name in names]


def test_what_cannot_be_watched_is_refused() -> None:
    class Slotted:
        __slots__ = ()

        def backward(self) -> None:
            """Nothing."""

    with pytest.raises(TypeError, match="int has no method backward"):
        watch(3)
    with pytest.raises(TypeError, match="takes no attributes"):
        watch(Slotted())


SCRIPT = """
import numpy as np
rng = np.random.default_rng(3)
X, y = rng.normal(size=(12, 4)), rng.normal(size=12)
w, g = rng.normal(size=4), np.zeros(4)
for step in range(6):
    error = X @ w - y
    g += X.T @ error / 12
    w -= 0.1 * g
    loss = np.mean(error ** 2) / 2
    g[...] = 0.0
"""


class Everything(Hook):
    """Keeps all it hears."""

    def __init__(self) -> None:
        self.gradients: list[Any] = []
        self.updates: list[Any] = []

    def gradient(self, parameter: str, gradient: Any, batch_size: int | None, step: int) -> None:
        self.gradients.append((parameter, batch_size, step, gradient))

    def update(self, parameter: str, update: Any, value: Any, step: int) -> None:
        self.updates.append((update, value))


def test_a_recorded_script_tells_the_same_hooks(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    heard, norms = Everything(), GradientNorms()

    def broken(*_: Any) -> None:
        raise KeyError("W")

    with on_gradient(norms), pytest.warns(HookWarning, match="broken"):
        report = gradcheck.check_script(script, hooks=[broken, heard])
    rng = np.random.default_rng(3)
    X, y, w = rng.normal(size=(12, 4)), rng.normal(size=12), rng.normal(size=4)
    assert [row[:3] for row in heard.gradients] == [("w", 12, 1), ("w", 12, 2)]
    for (*_, gradient), (update, value) in zip(heard.gradients, heard.updates, strict=True):
        g = X.T @ (X @ w - y) / 12
        np.testing.assert_allclose(gradient, g, rtol=1e-9)
        np.testing.assert_allclose(update, -0.1 * g, rtol=1e-9)
        np.testing.assert_allclose(value, w, rtol=1e-9)
        w = w - 0.1 * g
    assert [(name, norm, size, step) for name, norm, size, step in norms.rows] == [
        (row.parameter, row.norm, row.batch_size, row.step) for row in report.gradient_norms
    ]
