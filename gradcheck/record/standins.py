"""Stand-ins for packages that scripts import only for their data: keras, tensorflow, torchvision, scikit-learn, mnist.

They hold the data sets and the few tools around them; whatever else a script asks of them is answered as a missing
package. Where the real package is there and only its download fails, the data alone is stood in.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import re
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from . import datasets
from .encoding import keras_tools, torchvision_transforms
from .ending import is_users
from .fetched import Fetched, PythonMnist
from .learning import SMALL, scikit_learn

Callback = Callable[[types.ModuleType], Any]
Loader = Callable[..., Any]

_PATH = ("tensorflow.keras", "tensorflow.python.keras", "tensorflow.compat.v1.keras", "tf_keras")
_ROOTS = ("keras", "tf_keras", "tensorflow", "torchvision")
_KERAS_DATA = re.compile(r"(?:^|\.)_?(?:tf_)?keras\.(?:\w+\.)*datasets\.(\w+)$")


class DataModule(types.ModuleType):
    """A stand-in package or module. What it does not have is a missing package, and says so."""

    __path__: list[str] = []
    __version__ = "0.0 (stand-in)"
    _names: frozenset[str] = frozenset()

    def __getattr__(self, name: str) -> Any:
        if f"{self.__name__}.{name}" in self._names or _canonical(f"{self.__name__}.{name}") in self._names:
            return importlib.import_module(f"{self.__name__}.{name}")
        # Libraries look at what is loaded (`sys.modules["tensorflow"].is_tensor`): the long answer is for the script.
        if name.startswith("__") or not is_users(sys._getframe(1).f_code.co_filename):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        package = self.__name__.partition(".")[0]
        raise ModuleNotFoundError(f"{self.__name__}.{name} needs {package!r}, which is not installed", name=package)


class StandIns:
    """All stand-ins of one run, and which of them were used."""

    def __init__(self, enabled: bool = True) -> None:
        self.enabled = enabled
        self.used: dict[str, str] = {}
        self.refused: list[str] = []
        self._why = "the package is not installed"
        self._tree = self._modules()

    def made(self, name: str) -> types.ModuleType | None:
        """The stand-in of the missing module `name`, or None."""
        content = self._tree.get(_canonical(name), self._tree.get(name))
        if content is None or not self._allowed(name.partition(".")[0]):
            return None
        module = DataModule(name)
        module._names = frozenset(self._tree)
        module.__dict__.update(content)
        return module

    def _allowed(self, what: str) -> bool:
        """Whether stand-ins are wanted; that one was refused is remembered."""
        if not self.enabled and what not in self.refused:
            self.refused.append(what)
        return self.enabled

    def after(self, name: str) -> Callback | None:
        """What to do when the real module `name` has been loaded: guard its downloads."""
        if name in _ROOTS:
            return bool  # only so that it can be rescued
        if name == "sklearn.datasets":
            return self._guard_scikit_learn
        match = _KERAS_DATA.search(name)
        content = self._tree.get(f"keras.datasets.{match[1]}") if match else None
        return functools.partial(self._guard, loaders=content) if content else None

    def rescue(self, name: str) -> types.ModuleType | None:
        """The stand-in of a package that is there but does not load, or None."""
        module = self.made(name) if name in _ROOTS else None
        if module is not None:
            self._why = "the package cannot be loaded"
        return module

    def report(self) -> list[str]:
        """A sentence for each data set that was stood in."""
        return [f"{name} was stood in by made-up data of the same shape ({why})" for name, why in self.used.items()]

    # -- the modules ------------------------------------------------------------------------------------------

    def _modules(self) -> dict[str, Mapping[str, Any]]:
        """Contents by module name; "keras" also answers for tensorflow.keras."""
        tree: dict[str, Mapping[str, Any]] = {
            "keras": {},
            "keras.datasets": {},
            "tensorflow": {},
            "tensorflow.random": {"set_seed": lambda seed: None, "set_random_seed": lambda seed: None},
            "tensorflow.examples": {},
            "tensorflow.examples.tutorials": {},
            "tensorflow.examples.tutorials.mnist": {},
            "tensorflow.examples.tutorials.mnist.input_data": {"read_data_sets": self._read_data_sets},
            "torchvision": {},
            "torchvision.datasets": self._torchvision_sets(),
            "torchvision.transforms": torchvision_transforms(),
            "mnist": self._mnist_package(),
            "mlxtend": {},
            "mlxtend.data": self._mlxtend_data(),
            **{f"keras.datasets.{name}": {"load_data": f} for name, f in self._keras_loaders().items()},
            **keras_tools(),
            **scikit_learn(self.noted),
        }
        tree["keras.datasets.imdb"] = self._text_module("imdb", 25_000, 25_000, 2)
        tree["keras.datasets.reuters"] = self._text_module("reuters", 8_982, 2_246, 46)
        return tree

    def noted(self, name: str, load: Loader) -> Loader:
        """`load`, remembered as used when it is called."""

        def loading(*args: Any, **kwargs: Any) -> Any:
            self.used.setdefault(name, self._why)
            return load(*args, **kwargs)

        loading.__name__ = loading.__qualname__ = getattr(load, "__name__", name)
        return loading

    def _keras_loaders(self) -> dict[str, Loader]:
        made: dict[str, Loader] = {name: functools.partial(_pictures, name) for name in datasets.KERAS}
        made["boston_housing"] = _boston_housing
        made["california_housing"] = _california_housing
        return {name: self.noted(name, load) for name, load in made.items()}

    def _text_module(self, name: str, train: int, test: int, classes: int) -> Mapping[str, Any]:
        def load_data(path: str = "", num_words: int | None = None, *args: Any, **kwargs: Any) -> Any:
            return datasets.texts(name, num_words, train, test, classes)

        def get_word_index(path: str = "") -> dict[str, int]:
            return {f"word{number}": number for number in range(1, 20_000)}

        return {"load_data": self.noted(name, load_data), "get_word_index": get_word_index}

    def _read_data_sets(self, *args: Any, one_hot: bool = False, **kwargs: Any) -> Any:
        load = self.noted("mnist", functools.partial(datasets.pictures, "mnist"))
        return Fetched.tutorial(load(), one_hot)

    def _mnist_package(self) -> Mapping[str, Any]:
        load = functools.lru_cache(1)(self.noted("mnist", functools.partial(datasets.pictures, "mnist")))
        return {
            "train_images": lambda: load()[0][0],
            "train_labels": lambda: load()[0][1],
            "test_images": lambda: load()[1][0],
            "test_labels": lambda: load()[1][1],
            "MNIST": functools.partial(PythonMnist, load),
        }

    def _mlxtend_data(self) -> Mapping[str, Any]:
        mnist = functools.partial(datasets.pictures, "mnist")

        def first(*files: Any) -> Any:
            x, y = mnist()[0]
            return x.reshape(len(x), -1), y

        def some() -> Any:
            x, y = first()
            kept = np.concatenate([np.flatnonzero(y == digit)[:500] for digit in range(10)])
            return x[kept].astype(np.float64), y[kept].astype(np.int64)

        tables = {"iris_data": "iris", "wine_data": "wine", "boston_housing_data": "boston"}
        small = {shown: self.noted(name, SMALL[name][0]) for shown, name in tables.items()}
        return {"mnist_data": self.noted("mnist", some), "loadlocal_mnist": self.noted("mnist", first), **small}

    def _torchvision_sets(self) -> Mapping[str, Any]:
        names = {
            "MNIST": "mnist", "FashionMNIST": "fashion_mnist", "CIFAR10": "cifar10", "CIFAR100": "cifar100",
            "KMNIST": "kmnist", "QMNIST": "qmnist", "USPS": "usps",
        }  # fmt: skip

        def load(name: str) -> Loader:
            return self.noted(name, functools.partial(datasets.pictures, name))

        return {
            **{shown: functools.partial(Fetched.torchvision, load(name)) for shown, name in names.items()},
            "SVHN": functools.partial(Fetched.house_numbers, load("svhn")),
            "EMNIST": functools.partial(Fetched.extended, lambda split: load(f"emnist {split}")),
        }

    # -- downloads that fail ----------------------------------------------------------------------------------

    def _guard_scikit_learn(self, module: types.ModuleType) -> None:
        content = self._tree["sklearn.datasets"]
        self._guard(module, {name: load for name, load in content.items() if name.startswith("fetch_")})
        # Old scripts still ask for it; versions since 1.2 raise an ImportError with a long text instead.
        if self.enabled and "load_boston" not in vars(module):
            module.load_boston = content["load_boston"]  # type: ignore[attr-defined]

    def _guard(self, module: types.ModuleType, loaders: Mapping[str, Loader]) -> None:
        for name, load in loaders.items():
            real = getattr(module, name, None)
            if real is not None:
                setattr(module, name, self._guarded(real, load))

    def _guarded(self, real: Loader, load: Loader) -> Loader:
        """`real`, and `load` where the download fails for want of a network."""
        retries = {"n_retries": 1} if _has_parameter(real, "n_retries") else {}

        @functools.wraps(real)
        def loading(*args: Any, **kwargs: Any) -> Any:
            import socket  # only here: it costs more than all else in this module

            before = socket.getdefaulttimeout()
            socket.setdefaulttimeout(10.0)
            try:
                return real(*args, **{**retries, **kwargs})
            except Exception as error:
                # keras raises a plain Exception for a failed download; a wrong argument is the script's own fault.
                if not (isinstance(error, OSError) or type(error) is Exception):
                    raise
                if not self._allowed(f"{real.__module__}.{real.__name__}"):
                    raise
                known = set(self.used)
                result = load(*args, **kwargs)
                for name in set(self.used) - known:
                    self.used[name] = "the download failed"
                return result
            finally:
                socket.setdefaulttimeout(before)

        return loading


def _canonical(name: str) -> str:
    for prefix in _PATH:
        if name == prefix or name.startswith(prefix + "."):
            return "keras" + name[len(prefix) :]
    return name


def _has_parameter(function: Loader, name: str) -> bool:
    try:
        return name in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


def _pictures(name: str, path: str = "", label_mode: str = "fine") -> Any:
    """As keras' load_data of `name`."""
    (x, y), (x_test, y_test) = datasets.pictures(name)
    if name == "cifar100":
        step = 5 if label_mode == "coarse" else 1
        y, y_test = y.astype(np.int64) // step, y_test.astype(np.int64) // step
    return (x, y), (x_test, y_test)


def _split(pair: datasets.Pair, test_split: float) -> Any:
    x, y = pair
    first = int(len(x) * (1 - test_split))
    return (x[:first], y[:first]), (x[first:], y[first:])


def _boston_housing(path: str = "", test_split: float = 0.2, seed: int = 113) -> Any:
    return _split(datasets.table(506, 13, 41, 5.0, 50.0), test_split)


def _california_housing(version: str = "large", path: str = "", test_split: float = 0.2, seed: int = 113) -> Any:
    x, y = datasets.table(600 if version == "small" else 20_640, 8, 42, 14_999.0, 500_001.0)
    return _split((x.astype(np.float32), y.astype(np.float32)), test_split)
