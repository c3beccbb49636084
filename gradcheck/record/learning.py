"""The part of scikit-learn that scripts without it need: its small data sets, splitting and scaling.

Shapes, dtypes and ranges are scikit-learn's; the values of the measured data sets are made up. Splits and the
made data sets (moons, circles, blobs) follow scikit-learn's published algorithms, so a seed gives the same rows.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from . import datasets, larger, scaling

Noted = Callable[[str, Callable[..., Any]], Callable[..., Any]]


class Bunch(dict[str, Any]):
    """A dictionary whose keys are attributes."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def scikit_learn(noted: Noted) -> dict[str, Mapping[str, Any]]:
    """Contents by module name. `noted(name, load)` wraps what gives made-up data."""
    fixed = {f"load_{name}": noted(f"sklearn's {name}", functools.partial(_load, *row)) for name, row in SMALL.items()}
    fetched = {
        "fetch_california_housing": noted("sklearn's california_housing", functools.partial(_load, *_CALIFORNIA)),
        "fetch_openml": _openml(noted),
        "fetch_olivetti_faces": noted("sklearn's olivetti_faces", _olivetti_faces),
        "fetch_lfw_people": noted("sklearn's lfw_people", _lfw_people),
        "fetch_20newsgroups_vectorized": noted("sklearn's 20newsgroups", _newsgroups),
        "fetch_20newsgroups": noted("sklearn's 20newsgroups", _documents),
        "fetch_lfw_pairs": noted("sklearn's lfw_pairs", _lfw_pairs),
        "fetch_covtype": noted("sklearn's covtype", _cover_types),
    }
    return {
        "sklearn": {},
        "sklearn.datasets": {**fixed, **fetched, **_MADE},
        "sklearn.model_selection": {"train_test_split": train_test_split},
        "sklearn.preprocessing": scaling.PREPROCESSING,
        "sklearn.metrics": {"accuracy_score": scaling.accuracy_score, "mean_squared_error": scaling.mean_squared_error},
        "sklearn.utils": {"shuffle": shuffle, "Bunch": Bunch},
    }


def _iris() -> datasets.Pair:
    return datasets.classified([50, 50, 50], 4, 51, 0.1, 7.9)


SMALL: dict[str, tuple[Callable[[], datasets.Pair], tuple[str, ...]]] = {
    "iris": (_iris, ("setosa", "versicolor", "virginica")),
    "wine": (lambda: datasets.classified([59, 71, 48], 13, 52, 0.1, 15.0, 2), ("class_0", "class_1", "class_2")),
    "breast_cancer": (lambda: datasets.classified([212, 357], 30, 53, 0.0, 30.0, 4, 1.0), ("malignant", "benign")),
    "digits": (datasets.digits, tuple("0123456789")),
    "diabetes": (lambda: _standardised(datasets.table(442, 10, 54, 25.0, 346.0, 0.4)), ()),
    "boston": (lambda: datasets.table(506, 13, 41, 5.0, 50.0), ()),
}
_CALIFORNIA = (lambda: datasets.table(20_640, 8, 42, 0.15, 5.0), ())


def _standardised(pair: datasets.Pair) -> datasets.Pair:
    """Columns of mean 0 and norm 1, as in scikit-learn's diabetes."""
    x: Any = pair[0]
    centred = x - x.mean(0)
    return centred / np.linalg.norm(centred, axis=0), pair[1]


def _load(
    make: Callable[[], datasets.Pair],
    classes: tuple[str, ...],
    n_class: int = 10,
    *,
    return_X_y: bool = False,
    as_frame: bool = False,
    **others: Any,
) -> Any:
    x, y = make()
    names = [f"feature_{number}" for number in range(x.shape[1])]
    if len(classes) > n_class:
        x, y = x[y < n_class], y[y < n_class]  # type: ignore[operator]
    return _packed(x, y, names, np.array(classes), return_X_y, as_frame)


def _packed(x: Any, y: Any, names: list[str], classes: Any, pair: bool, frame: bool) -> Any:
    bunch = Bunch(data=x, target=y, feature_names=names, target_names=classes, DESCR="made-up data", frame=None)
    if names and x.shape[1] == 64:
        bunch["images"] = x.reshape(-1, 8, 8)
    if frame:
        import pandas  # type: ignore[import-untyped, import-not-found, unused-ignore]

        bunch["frame"] = pandas.DataFrame(x, columns=names).assign(target=y)
        bunch["data"], bunch["target"] = bunch["frame"][names], bunch["frame"]["target"]
    return (bunch["data"], bunch["target"]) if pair else bunch


def _openml(noted: Noted) -> Callable[..., Any]:
    known = {"mnist_784": "mnist", "fashion-mnist": "fashion_mnist"}
    small = ("iris", "boston")

    def fetch_openml(
        name: str | None = None,
        *,
        version: Any = "active",
        data_id: int | None = None,
        return_X_y: bool = False,
        as_frame: bool | str = "auto",
        **others: Any,
    ) -> Any:
        """70,000 pictures of 784 numbers (float64) and labels as text, for MNIST and Fashion-MNIST; iris, boston."""
        number = {554: "mnist_784", 40996: "fashion-mnist", 61: "iris", 531: "boston"}.get(data_id or 0, "")
        kind = known.get((name or number).lower())
        if kind is None and (name or number).lower() in small:
            make, classes = SMALL[(name or number).lower()]
            load = noted(name or number, functools.partial(_load, make, classes))
            return load(return_X_y=return_X_y, as_frame=_has_pandas() if as_frame == "auto" else bool(as_frame))
        if kind is None:
            raise ModuleNotFoundError(f"fetch_openml({name!r}) cannot be stood in", name="sklearn")
        (x, y), (x_test, y_test) = noted(name or number, functools.partial(datasets.pictures, kind))()
        flat = np.concatenate([x, x_test]).reshape(70_000, -1).astype(np.float64)
        labels = np.concatenate([y, y_test]).astype(str).astype(object)
        names = [f"pixel{pixel}" for pixel in range(1, 785)]
        frame = _has_pandas() if as_frame == "auto" else bool(as_frame)
        return _packed(flat, labels, names, np.array([]), return_X_y, frame)

    return fetch_openml


def _faces(people: list[int], height: int, width: int, seed: int, pair: bool) -> Bunch | tuple[Any, Any]:
    """Grey pictures in [0, 1], one smooth pattern a person: data (n, height * width) float32, target (n,) int64."""
    pictures, target = datasets.faces(people, height, width, seed)
    if pair:
        return pictures.reshape(len(pictures), -1), target
    names = np.array([f"person {number}" for number in range(len(people))])
    flat = pictures.reshape(len(pictures), -1)
    return Bunch(data=flat, images=pictures, target=target, target_names=names, DESCR="made-up data")


def _olivetti_faces(
    *, shuffle: bool = False, random_state: Any = 0, return_X_y: bool = False, **others: Any
) -> Bunch | tuple[Any, Any]:
    found = _faces([10] * 40, 64, 64, 61, return_X_y)
    if not shuffle:
        return found
    order = _generator(random_state).permutation(400)
    if isinstance(found, tuple):
        return found[0][order], found[1][order]
    return Bunch(found, data=found["data"][order], images=found["images"][order], target=found["target"][order])


#: Faces at least a person -> pictures and persons in the real set.
_LFW = {0: (13_233, 5_749), 20: (3_023, 62), 30: (2_370, 34), 40: (1_867, 19), 50: (1_560, 12), 60: (1_348, 8),
        70: (1_288, 7), 100: (1_140, 5)}  # fmt: skip


def _lfw_people(
    *, min_faces_per_person: int | None = 0, resize: float | None = 0.5, return_X_y: bool = False, **others: Any
) -> Bunch | tuple[Any, Any]:
    count, persons = _LFW[max(least for least in _LFW if least <= (min_faces_per_person or 0))]
    people = [count // persons + (person < count % persons) for person in range(persons)]
    return _faces(people, int(125 * (resize or 1)), int(94 * (resize or 1)), 62, return_X_y)


def _newsgroups(*, subset: str = "train", return_X_y: bool = False, **others: Any) -> Bunch | tuple[Any, Any]:
    """Sparse rows of length one over 130,107 words, 20 groups; needs SciPy, as scikit-learn does."""
    import scipy.sparse  # type: ignore[import-untyped, import-not-found, unused-ignore]

    counts = {"train": (0, 11_314), "test": (11_314, 18_846), "all": (0, 18_846)}[subset]
    (values, columns, starts), target = datasets.words(18_846, 130_107, 20)
    rows = scipy.sparse.csr_matrix((values, columns, starts), shape=(18_846, 130_107))[slice(*counts)]
    target = target[slice(*counts)]
    if return_X_y:
        return rows, target
    return Bunch(data=rows, target=target, target_names=[f"group.{k}" for k in range(20)], DESCR="made-up data")


def _documents(
    *, subset: str = "train", categories: Any = None, return_X_y: bool = False, **others: Any
) -> Bunch | tuple[Any, Any]:
    texts, target, names = larger.documents(subset, categories)
    return (texts, target) if return_X_y else Bunch(data=texts, target=target, target_names=names, DESCR="made-up data")


def _lfw_pairs(*, subset: str = "train", **others: Any) -> Bunch:
    found, target = larger.pairs(subset)
    names = np.array(["Different persons", "Same person"])
    data = found.reshape(len(found), -1)
    return Bunch(data=data, pairs=found, target=target, target_names=names, DESCR="made-up data")


def _cover_types(*, shuffle: bool = False, return_X_y: bool = False, as_frame: bool = False, **others: Any) -> Any:
    x, y = larger.cover_types(np.random.Generator(np.random.PCG64(66)))
    return _packed(x, y, [f"feature_{number}" for number in range(54)], np.array([]), return_X_y, as_frame)


def _has_pandas() -> bool:
    try:
        import pandas  # noqa: F401
    except ImportError:
        return False
    return True


def _generator(random_state: Any) -> Any:
    """None is NumPy's global generator, as in scikit-learn."""
    if random_state is None or random_state is np.random:
        return np.random.mtrand._rand
    if hasattr(random_state, "permutation"):
        return random_state
    # Not RandomState(random_state): that draws entropy first, as a generator without a seed does, and would be told.
    rng = np.random.RandomState(np.random.MT19937(0))
    rng.seed(random_state)
    return rng


def train_test_split(
    *arrays: Any,
    test_size: float | None = None,
    train_size: float | None = None,
    random_state: Any = None,
    shuffle: bool = True,
    stratify: Any = None,
) -> list[Any]:
    """Train and test parts of each array, in scikit-learn's order (rows as its ShuffleSplit draws them)."""
    count = len(arrays[0])
    if test_size is None and train_size is None:
        test_size = 0.25
    testing = _part(count, test_size, np.ceil) if test_size is not None else None
    training = _part(count, train_size, np.floor) if train_size is not None else count - (testing or 0)
    if testing is None:
        testing = count - training
    if not shuffle:
        train, test = np.arange(training), np.arange(training, training + testing)
    elif stratify is not None:
        train, test = _stratified(np.asarray(stratify), testing / count, _generator(random_state))
    else:
        order = _generator(random_state).permutation(count)
        train, test = order[testing : testing + training], order[:testing]
    return [_rows(array, rows) for array in arrays for rows in (train, test)]


def _part(count: int, size: float, rounding: Callable[[float], float]) -> int:
    return int(size) if isinstance(size, int | np.integer) else int(rounding(size * count))


def _stratified(labels: Any, share: float, rng: Any) -> tuple[Any, Any]:
    order = rng.permutation(len(labels))
    rank = np.empty(len(labels))
    for value in np.unique(labels):
        mine = order[labels[order] == value]
        rank[mine] = (np.arange(len(mine)) + 0.5) / len(mine)
    return order[rank[order] >= share], order[rank[order] < share]


def _rows(array: Any, rows: Any) -> Any:
    if hasattr(array, "iloc"):
        return array.iloc[rows]
    return array[rows] if isinstance(array, np.ndarray) else [array[row] for row in rows]


def shuffle(*arrays: Any, random_state: Any = None, n_samples: int | None = None) -> Any:
    """The arrays' rows in one random order."""
    order = np.arange(len(arrays[0]))
    _generator(random_state).shuffle(order)
    mixed = [_rows(array, order[:n_samples]) for array in arrays]
    return mixed[0] if len(mixed) == 1 else mixed


def make_moons(
    n_samples: Any = 100, *, shuffle: bool = True, noise: float | None = None, random_state: Any = None
) -> Any:
    """Two half circles: x (n, 2), y (n,) int64."""
    outer, inner = n_samples if isinstance(n_samples, tuple) else (n_samples // 2, n_samples - n_samples // 2)
    first, second = np.linspace(0, np.pi, outer), np.linspace(0, np.pi, inner)
    x = np.vstack([np.append(np.cos(first), 1 - np.cos(second)), np.append(np.sin(first), 1 - np.sin(second) - 0.5)]).T
    return _mixed(x, [outer, inner], shuffle, noise, random_state)


def make_circles(
    n_samples: Any = 100,
    *,
    shuffle: bool = True,
    noise: float | None = None,
    random_state: Any = None,
    factor: float = 0.8,
) -> Any:
    """A circle in a circle: x (n, 2), y (n,) int64."""
    outer, inner = n_samples if isinstance(n_samples, tuple) else (n_samples // 2, n_samples - n_samples // 2)
    first = np.linspace(0, 2 * np.pi, outer, endpoint=False)
    second = np.linspace(0, 2 * np.pi, inner, endpoint=False)
    x = np.vstack(
        [
            np.append(np.cos(first), np.cos(second) * factor),
            np.append(np.sin(first), np.sin(second) * factor),
        ]
    ).T
    return _mixed(x, [outer, inner], shuffle, noise, random_state)


def _mixed(x: Any, counts: list[int], shuffled: bool, noise: float | None, random_state: Any) -> Any:
    rng = _generator(random_state)
    y = np.repeat(np.arange(len(counts)), counts)
    if shuffled:
        x, y = shuffle(x, y, random_state=rng)
    if noise is not None:
        x = x + rng.normal(scale=noise, size=x.shape)
    return x, y


def make_blobs(
    n_samples: int = 100,
    n_features: int = 2,
    *,
    centers: Any = None,
    cluster_std: Any = 1.0,
    center_box: tuple[float, float] = (-10.0, 10.0),
    shuffle: bool = True,
    random_state: Any = None,
    return_centers: bool = False,
) -> Any:
    """Gaussian clouds: x (n, n_features), y (n,)."""
    rng = _generator(random_state)
    if centers is None or isinstance(centers, int | np.integer):
        centers = rng.uniform(*center_box, size=(3 if centers is None else centers, n_features))
    centers = np.asarray(centers, dtype=float)
    spread = np.broadcast_to(cluster_std, len(centers))
    counts = [n_samples // len(centers) + (k < n_samples % len(centers)) for k in range(len(centers))]
    x = np.concatenate([rng.normal(c, s, size=(n, c.size)) for c, s, n in zip(centers, spread, counts, strict=True)])
    x, y = _mixed(x, counts, shuffle, None, rng)
    return (x, y, centers) if return_centers else (x, y)


def make_classification(
    n_samples: int = 100, n_features: int = 20, *, n_classes: int = 2, random_state: Any = None, **others: Any
) -> Any:
    """Classes that a smooth function of the features tells apart; not scikit-learn's values."""
    rng = _generator(random_state)
    y = rng.randint(n_classes, size=n_samples)
    x = rng.normal(size=(n_samples, n_features)) + rng.normal(scale=1.5, size=(n_classes, n_features))[y]
    return x, y


def make_regression(
    n_samples: int = 100,
    n_features: int = 100,
    *,
    n_targets: int = 1,
    noise: float = 0.0,
    bias: float = 0.0,
    coef: bool = False,
    random_state: Any = None,
    **others: Any,
) -> Any:
    """A linear target with noise; not scikit-learn's values."""
    rng = _generator(random_state)
    x = rng.normal(size=(n_samples, n_features))
    weights = 100 * rng.uniform(size=(n_features, n_targets))
    y = x @ weights + bias + noise * rng.normal(size=(n_samples, n_targets))
    if n_targets == 1:
        y, weights = y[:, 0], weights[:, 0]
    return (x, y, weights) if coef else (x, y)


_MADE: Mapping[str, Any] = {
    made.__name__: made for made in (make_moons, make_circles, make_blobs, make_classification, make_regression)
}
