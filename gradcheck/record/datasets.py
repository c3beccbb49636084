"""Made-up learnable data in the shape, dtype and range of the data sets that scripts download.

Everything is deterministic, drawn from generators of our own (the script's random state is never touched), and made
when asked for. Pictures have one smooth pattern a class, varied and with noise; no two of them are equal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]
Pair = tuple[Array, Array]

_default_rng = np.random.default_rng
_VARIANTS = 96
_NOISE_ROWS = 2003


@dataclass(frozen=True, slots=True)
class Pictures:
    """A set of labelled pictures: `shape` of one, how many to train and to test on, and how much of it is blank."""

    shape: tuple[int, ...]
    classes: int
    train: int
    test: int
    blank: float
    seed: int
    column_labels: bool = False


PICTURES = {
    "mnist": Pictures((28, 28), 10, 60_000, 10_000, 0.72, 11),
    "fashion_mnist": Pictures((28, 28), 10, 60_000, 10_000, 0.45, 12),
    "cifar10": Pictures((32, 32, 3), 10, 50_000, 10_000, 0.0, 13, column_labels=True),
    "cifar100": Pictures((32, 32, 3), 100, 50_000, 10_000, 0.0, 14, column_labels=True),
    "kmnist": Pictures((28, 28), 10, 60_000, 10_000, 0.55, 15),
    "qmnist": Pictures((28, 28), 10, 60_000, 60_000, 0.72, 16),
    "usps": Pictures((16, 16), 10, 7_291, 2_007, 0.3, 17),
    "svhn": Pictures((32, 32, 3), 10, 73_257, 26_032, 0.0, 18),
    "emnist balanced": Pictures((28, 28), 47, 112_800, 18_800, 0.72, 19),
    "emnist letters": Pictures((28, 28), 26, 124_800, 20_800, 0.72, 20),
    "emnist digits": Pictures((28, 28), 10, 240_000, 40_000, 0.72, 21),
    "emnist mnist": Pictures((28, 28), 10, 60_000, 10_000, 0.72, 22),
}


KERAS = ("mnist", "fashion_mnist", "cifar10", "cifar100")


def pictures(name: str) -> tuple[Pair, Pair]:
    """((x_train, y_train), (x_test, y_test)): x uint8 of shape (n, *shape), y uint8 (n,) or (n, 1) as in keras."""
    kind = PICTURES[name]
    rng = _default_rng(kind.seed)
    variants = _variants(kind, rng)
    train = _drawn(kind, variants, kind.train, rng)
    return train, _drawn(kind, variants, kind.test, rng)


def _variants(kind: Pictures, rng: np.random.Generator) -> NDArray[np.uint8]:
    """(classes, _VARIANTS, pixels): each class's pattern, with smooth changes of its own in each variant."""
    height, width, *channels = kind.shape
    coarse = rng.normal(size=(kind.classes, 1, 7, 7, *channels))
    count = max(32, _VARIANTS * 10 // kind.classes)
    coarse = coarse + 0.45 * rng.normal(size=(kind.classes, count, 7, 7, *channels))
    rows, columns = _bilinear(height), _bilinear(width)
    smooth = np.einsum("ia,knab...,jb->knij...", rows, coarse, columns, optimize=True)
    level = np.quantile(smooth[:, :8], kind.blank) if kind.blank else smooth.min()
    top = np.quantile(smooth[:, :8], 0.995)
    scaled = np.clip((smooth - level) / (top - level), 0, 1) ** (0.4 if kind.blank else 1.0) * 255
    variants: NDArray[np.uint8] = scaled.astype(np.uint8).reshape(kind.classes, count, -1)
    return variants


def _bilinear(length: int) -> NDArray[np.float64]:
    """(length, 7): weights that blow 7 knots up to `length` points, the border staying dark."""
    place = np.linspace(0, 6, length)[:, None] - np.arange(7)
    edge = np.minimum(1, np.minimum(np.arange(length), np.arange(length)[::-1]) / 3)[:, None]
    weights: NDArray[np.float64] = np.maximum(0, 1 - np.abs(place)) * edge
    return weights


def _drawn(kind: Pictures, variants: NDArray[np.uint8], count: int, rng: np.random.Generator) -> Pair:
    labels = rng.permutation(np.arange(count) % kind.classes).astype(np.uint8)
    number = np.arange(count)
    # Pictures that share a row of noise differ in their variant, so no two are equal.
    start = rng.integers(variants.shape[1], size=_NOISE_ROWS)
    variant = (start[number % _NOISE_ROWS] + number // _NOISE_ROWS) % variants.shape[1]
    flat = variants.reshape(-1, variants.shape[-1])
    images = flat.take(labels.astype(np.intp) * variants.shape[1] + variant, axis=0)
    # Taking low bits away is the cheapest noise, and keeps what is blank blank.
    noise = np.frombuffer(rng.bytes(_NOISE_ROWS * images.shape[1]), np.uint8).reshape(_NOISE_ROWS, -1) | np.uint8(0xE0)
    for first in range(0, count, _NOISE_ROWS):
        block = images[first : first + _NOISE_ROWS]
        np.bitwise_and(block, noise[: len(block)], out=block)
    return images.reshape(count, *kind.shape), labels[:, None] if kind.column_labels else labels


def texts(name: str, num_words: int | None, train: int, test: int, classes: int) -> tuple[Pair, Pair]:
    """Sequences of word numbers as in keras' imdb and reuters: object arrays of lists, labels int64."""
    rng = _default_rng(len(name) + 21)
    words = min(num_words or 20_000, 20_000)
    favourites = rng.integers(4, max(5, words), size=(classes, 60))

    def drawn(count: int) -> Pair:
        labels = rng.integers(classes, size=count)
        lengths = rng.integers(20, 120, size=count)
        ends = np.cumsum(lengths)
        common = np.minimum(3 + rng.geometric(0.01, size=int(ends[-1])), words - 1)
        own = favourites[np.repeat(labels, lengths), rng.integers(60, size=int(ends[-1]))]
        flat = np.where(rng.random(int(ends[-1])) < 0.3, np.minimum(own, words - 1), common)
        flat[ends - lengths] = 1
        sequences = np.empty(count, dtype=object)
        for row, (end, length) in enumerate(zip(ends, lengths, strict=True)):
            sequences[row] = flat[end - length : end].tolist()
        return sequences, labels

    return drawn(train), drawn(test)


def table(rows: int, columns: int, seed: int, low: float, high: float, noise: float = 0.1) -> Pair:
    """A regression table: x (rows, columns) float64 in differing scales, y (rows,) in [low, high]."""
    rng = _default_rng(seed)
    hidden = rng.normal(size=(rows, columns))
    target = hidden @ rng.normal(size=columns) / np.sqrt(columns) + noise * rng.normal(size=rows)
    scale = 10.0 ** rng.integers(-1, 3, size=columns)
    y = np.clip((low + high) / 2 + target * (high - low) / 6, low, high)
    return np.round((hidden + 3) * scale, 4), np.round(y, 3)


def classified(
    counts: list[int], columns: int, seed: int, low: float, high: float, digits: int | None = 1, apart: float = 1.6
) -> Pair:
    """A classification table: one Gaussian cloud a class, classes in blocks as in scikit-learn's small sets."""
    rng = _default_rng(seed)
    labels = np.repeat(np.arange(len(counts)), counts)
    centres = apart * rng.normal(size=(len(counts), columns))
    x = centres[labels] + rng.normal(size=(len(labels), columns))
    x = low + (x - x.min(0)) / (x.max(0) - x.min(0)) * (high - low)
    return (x if digits is None else np.round(x, digits)), labels


def digits() -> Pair:
    """(1797, 64) floats 0..16 and labels, as scikit-learn's load_digits."""
    rng = _default_rng(31)
    labels = rng.permutation(np.arange(1797) % 10)
    centres = np.clip(rng.normal(5, 6, size=(10, 64)), 0, 16)
    return np.clip(np.round(centres[labels] + rng.normal(0, 2, (1797, 64)) * (centres[labels] > 0)), 0, 16), labels


def faces(people: list[int], height: int, width: int, seed: int) -> Pair:
    """(n, height, width) float32 in [0, 1] and labels (n,) int64: so many pictures of each person, in blocks."""
    rng = _default_rng(seed)
    labels = np.repeat(np.arange(len(people)), people)
    coarse = rng.normal(size=(len(people), 7, 7))[labels] + 0.4 * rng.normal(size=(len(labels), 7, 7))
    smooth = np.einsum("ia,nab,jb->nij", _bilinear(height), coarse, _bilinear(width), optimize=True)
    low, high = np.quantile(smooth[:64], [0.01, 0.99])
    return np.clip((smooth - low) / (high - low), 0, 1).astype(np.float32), labels


def words(count: int, size: int, classes: int) -> tuple[tuple[Array, Array, Array], Array]:
    """Sparse rows (values, columns, starts) of norm one over ``size`` words, and labels (count,) int64."""
    rng = _default_rng(63)
    labels = rng.integers(classes, size=count)
    lengths = rng.integers(40, 120, size=count)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    own = rng.integers(size, size=(classes, 400))[np.repeat(labels, lengths), rng.integers(400, size=int(starts[-1]))]
    common = np.minimum(rng.geometric(0.0008, size=int(starts[-1])), size - 1)
    columns = np.where(rng.random(int(starts[-1])) < 0.4, own, common).astype(np.int32)
    values = 1 / np.sqrt(np.repeat(lengths, lengths))
    return (values, columns, starts.astype(np.int32)), labels
