"""Hand-written gradients of published packages, judged as they are. What is wrong there is pinned with its mistake."""

from __future__ import annotations

import collections
import collections.abc
import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from gradcheck import check_gradients, check_layer, check_vjp
from gradcheck.results import Report


def verdicts(report: Report) -> dict[str, str]:
    return {p.name: p.verdict for p in report.parameters}


def all_right(report: Report) -> bool:
    assert report.parameters
    assert report.verdict == "clean", [f"{f.parameter}: {f.message} {f.proof}" for f in report.findings]
    return set(verdicts(report).values()) == {"right"}


def optional(name: str) -> ModuleType:
    return pytest.importorskip(name, reason=f"{name} is not installed", exc_type=ImportError)


# scikit-learn ---------------------------------------------------------------------------------------------------------


def sklearn_pair(
    kind: str, activation: str, outputs: int = 1, alpha: float = 0.3
) -> tuple[Callable[..., Any], list[np.ndarray], Any]:
    """Loss and gradient of scikit-learn's multilayer perceptron as functions of coefficients and intercepts."""
    network = optional("sklearn.neural_network")
    rng = np.random.default_rng(0)
    x = rng.standard_normal((20, 6))
    y: np.ndarray
    if kind == "MLPRegressor":
        y = rng.standard_normal((20, outputs))
    else:
        y = rng.integers(0, 3 if kind == "MLPClassifier" else 2, 20)
    model_class = getattr(network, kind.removesuffix(" of two classes"))
    model = model_class(
        hidden_layer_sizes=(5, 4), activation=activation, alpha=alpha, max_iter=1, random_state=0, solver="sgd"
    )
    model.partial_fit(x, y.squeeze(), **({"classes": np.unique(y)} if "Classifier" in kind else {}))
    targets = model._label_binarizer.transform(y) if "Classifier" in kind else y
    params = [c.copy() for c in (*model.coefs_, *model.intercepts_)]
    layers = len(model.coefs_)

    def run(p: list[np.ndarray]) -> tuple[Any, list[np.ndarray]]:
        model.coefs_, model.intercepts_ = list(p[:layers]), list(p[layers:])
        widths = [6, *(c.shape[1] for c in model.coefs_)]
        activations = [x, *(np.empty((20, n)) for n in widths[1:])]
        deltas = [np.empty((20, n)) for n in widths[1:]]
        grads = [np.empty_like(c, dtype=float) for c in params]
        loss, coefs, intercepts = model._backprop(x, targets, None, activations, deltas, grads[:layers], grads[layers:])
        return loss, [*coefs, *intercepts]

    return (lambda p: run(p)[0]), params, (lambda p: run(p)[1])


@pytest.mark.parametrize("activation", ["tanh", "relu", "logistic", "identity"])
@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPClassifier of two classes", "MLPRegressor"])
def test_scikit_learn(kind: str, activation: str) -> None:
    loss, params, grads = sklearn_pair(kind, activation)
    assert all_right(check_gradients(loss, params, grads))


def test_scikit_learn_averages_the_squared_loss_over_outputs_but_not_its_gradient() -> None:
    loss, params, grads = sklearn_pair("MLPRegressor", "tanh", outputs=3, alpha=0.0)
    report = check_gradients(loss, params, grads)
    (finding,) = report.findings
    assert finding.message == "every gradient is 3 times too large"
    assert len(finding.parameters) == 6


def test_scikit_learn_with_a_mistake_put_in() -> None:
    loss, params, grads = sklearn_pair("MLPClassifier", "relu")

    def without_penalty(p: list[np.ndarray]) -> list[np.ndarray]:
        found = grads(p)
        return [*(g - 0.3 / 20 * w for g, w in zip(found[:3], p, strict=False)), *found[3:]]

    report = check_gradients(loss, params, without_penalty)
    wrong = [f for f in report.findings if f.rule == "gradient-mismatch"]
    assert [f.parameter for f in wrong] == ["params[0]", "params[1]", "params[2]"]
    assert all("leaves out 0.015 times" in f.message for f in wrong)


# nerva-numpy ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "ReLU",
        "LeakyReLU(alpha=0.1)",
        "AllReLU(alpha=0.2)",
        "HyperbolicTangent",
        "Sigmoid",
        "SReLU(al=0.1,tl=-0.2,ar=0.3,tr=0.4)",
    ],
)
def test_nerva_activation_layers(name: str) -> None:
    layers = optional("nerva_numpy.layers")
    activations = optional("nerva_numpy.activation_functions")
    act = activations.parse_activation(name)
    layer = (layers.SReLULayer if name.startswith("SReLU") else layers.ActivationLayer)(4, 5, act)
    assert all_right(nerva_layer(layer))


@pytest.mark.parametrize("name", ["LinearLayer", "SoftmaxLayer", "LogSoftmaxLayer"])
def test_nerva_linear_layers(name: str) -> None:
    assert all_right(nerva_layer(getattr(optional("nerva_numpy.layers"), name)(4, 5)))


def nerva_layer(layer: Any) -> Report:
    rng = np.random.default_rng(1)
    params = [rng.standard_normal((6, 4)), rng.standard_normal((5, 4)), rng.standard_normal(5)]

    def forward(p: list[np.ndarray]) -> Any:
        layer.W, layer.b = p[1], p[2]
        return layer.feedforward(p[0])

    def backward(upstream: np.ndarray) -> list[np.ndarray]:
        layer.backpropagate(layer.feedforward(layer.X), upstream)
        return [layer.DX, layer.DW, layer.Db]

    return check_vjp(forward, backward, params)


def test_nerva_batch_normalization() -> None:
    layer = optional("nerva_numpy.layers").BatchNormalizationLayer(4)
    rng = np.random.default_rng(2)
    params = [rng.standard_normal((6, 4)), rng.standard_normal((1, 4)), rng.standard_normal((1, 4))]

    def forward(p: list[np.ndarray]) -> Any:
        layer.gamma, layer.beta = p[1], p[2]
        return layer.feedforward(p[0])

    def backward(upstream: np.ndarray) -> list[np.ndarray]:
        layer.backpropagate(layer.feedforward(layer.X), upstream)
        return [layer.DX, layer.Dgamma.reshape(1, 4), layer.Dbeta.reshape(1, 4)]

    report = check_vjp(forward, backward, params)
    assert [p.verdict for p in report.parameters[1:]] == ["right", "right"]
    # The layer keeps one factor of the input's gradient in float32: seen, and said as a warning.
    assert report.verdict == "clean"
    assert [(f.parameter, f.severity) for f in report.findings] == [("params[0]", "warning")]
    assert report.parameters[0].relative_error is not None and report.parameters[0].relative_error < 1e-6


@pytest.mark.parametrize(
    "name",
    [
        "SquaredError",
        "SoftmaxCrossEntropy",
        "StableSoftmaxCrossEntropy",
        "LogisticCrossEntropy",
        "CrossEntropy",
        "NegativeLogLikelihood",
    ],
)
def test_nerva_losses(name: str) -> None:
    loss = getattr(optional("nerva_numpy.loss_functions"), f"{name}LossFunction")()
    rng = np.random.default_rng(3)
    targets = np.eye(4)[rng.integers(0, 4, 6)]
    start = rng.uniform(0.1, 0.9, (6, 4))
    assert all_right(check_gradients(lambda y: loss(y, targets), start, lambda y: loss.gradient(y, targets)))


# mpneuralnetwork: float32 throughout ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Tanh", "Sigmoid", "ReLU", "PReLU", "Swish", "Softmax"])
def test_mpneuralnetwork_activations(name: str) -> None:
    layer = getattr(optional("mpneuralnetwork.activations"), name)()
    report = check_layer(layer, np.random.default_rng(4).standard_normal((5, 6)))
    assert verdicts(report) == {"x": "right"}, report.findings


@pytest.mark.parametrize("name", ["MSE", "BinaryCrossEntropy", "CategoricalCrossEntropy"])
def test_mpneuralnetwork_losses(name: str) -> None:
    loss = getattr(optional("mpneuralnetwork.losses"), name)()
    rng = np.random.default_rng(5)
    targets = np.eye(4)[rng.integers(0, 4, 6)]
    report = check_gradients(
        lambda out: loss.direct(out, targets), rng.standard_normal((6, 4)), lambda out: loss.prime(out, targets)
    )
    assert not [f for f in report.findings if f.severity == "error"], report.findings


# numpy-ml: written for Python 3.9; names that Python has moved since are lent to it while it is imported


@pytest.fixture(scope="module")
def numpy_ml_layers() -> Any:
    moved = ("Hashable", "Iterable", "Mapping", "Sequence", "Callable")
    lent = [name for name in moved if not hasattr(collections, name)]
    for name in lent:
        setattr(collections, name, getattr(collections.abc, name))
    try:
        return importlib.import_module("numpy_ml.neural_nets.layers")
    except ImportError as error:
        pytest.skip(f"numpy-ml cannot be imported here: {error}")
    finally:
        for name in lent:
            delattr(collections, name)


LAYERS: dict[str, tuple[dict[str, Any], tuple[int, ...]]] = {
    "FullyConnected": ({"n_out": 4, "act_fn": "tanh"}, (5, 6)),
    "Softmax": ({}, (5, 6)),
    "BatchNorm1D": ({}, (7, 3)),
    "LayerNorm1D": ({}, (5, 6)),
    "LayerNorm2D": ({}, (2, 4, 4, 3)),
    "BatchNorm2D": ({}, (2, 4, 4, 3)),
    "Conv1D": ({"out_ch": 2, "kernel_width": 3, "act_fn": "sigmoid"}, (2, 6, 3)),
    "Conv2D": ({"out_ch": 2, "kernel_shape": (2, 2), "act_fn": "tanh"}, (2, 4, 4, 2)),
    "Pool2D": ({"kernel_shape": (2, 2), "stride": 2, "mode": "average"}, (2, 4, 4, 2)),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.filterwarnings("ignore")
def test_numpy_ml(numpy_ml_layers: Any, name: str) -> None:
    options, shape = LAYERS[name]
    np.random.seed(0)
    layer = getattr(numpy_ml_layers, name)(**options)
    x = np.random.default_rng(6).standard_normal(shape)
    layer.forward(x)
    layer.flush_gradients()
    learned = {
        key: np.array(value)
        for key, value in layer.parameters.items()
        if key not in layer.hyperparameters and isinstance(value, np.ndarray)
    }
    learned = {key: value for key, value in learned.items() if not key.startswith("running")}
    params = {"x": x, **learned}

    def forward(p: dict[str, Any]) -> Any:
        layer.flush_gradients()
        for key in learned:
            layer.parameters[key] = p[key]
        return layer.forward(p["x"])

    def backward(upstream: np.ndarray) -> dict[str, Any]:
        into_x = layer.backward(upstream)
        return {"x": into_x, **{key: layer.gradients[key] for key in learned}}

    assert all_right(check_vjp(forward, backward, params))
