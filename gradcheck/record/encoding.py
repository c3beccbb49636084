"""The tools that come with the data sets: one-hot labels, padding, turning a picture into numbers."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import numpy as np

from .fetched import Numbers


def keras_tools() -> dict[str, Mapping[str, Any]]:
    """Contents of keras.utils and keras.preprocessing by module name."""
    utils = {
        "to_categorical": to_categorical,
        "normalize": normalize,
        "pad_sequences": pad_sequences,
        "set_random_seed": set_random_seed,
    }
    return {
        "keras.utils": utils,
        "keras.utils.np_utils": utils,
        "keras.preprocessing": {},
        "keras.preprocessing.sequence": {"pad_sequences": pad_sequences},
    }


def torchvision_transforms() -> Mapping[str, Any]:
    """Contents of torchvision.transforms."""
    as_is = {"Compose": Compose, "Normalize": Normalize, "Lambda": lambda function: function}
    return {**as_is, "ToTensor": lambda: to_tensor}


def to_categorical(x: Any, num_classes: int | None = None, dtype: Any = np.float64) -> Any:
    """(..., num_classes) one-hot rows; a last axis of length one is dropped, as in keras."""
    labels = np.array(x, dtype=np.int64)
    shape = labels.shape[:-1] if labels.ndim > 1 and labels.shape[-1] == 1 else labels.shape
    flat = labels.ravel()
    count = num_classes or int(flat.max()) + 1
    rows = np.zeros((flat.size, count), dtype=dtype)
    rows[np.arange(flat.size), flat] = 1
    return rows.reshape(*shape, count)


def normalize(x: Any, axis: int = -1, order: int = 2) -> Any:
    """`x` divided by its norm along `axis`."""
    norm = np.atleast_1d(np.linalg.norm(x, order, axis))
    norm[norm == 0] = 1
    return x / np.expand_dims(norm, axis)


def pad_sequences(
    sequences: Any,
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> Any:
    """(n, maxlen): each sequence cut and filled up to one length."""
    width = maxlen or max(len(one) for one in sequences)
    padded = np.full((len(sequences), width), value, dtype=dtype)
    for row, one in zip(padded, sequences, strict=True):
        kept = np.asarray(one[-width:] if truncating == "pre" else one[:width], dtype=dtype)
        if not len(kept):
            continue
        if padding == "pre":
            row[-len(kept) :] = kept
        else:
            row[: len(kept)] = kept
    return padded


def set_random_seed(seed: int) -> None:
    """Seeds Python's and NumPy's generators, as keras does."""
    random.seed(seed)
    np.random.seed(seed)


class Compose:
    """Transforms one after the other."""

    def __init__(self, transforms: Any) -> None:
        self.transforms = transforms

    def __call__(self, picture: Any) -> Any:
        for transform in self.transforms:
            picture = transform(picture)
        return picture


class Normalize:
    """Each channel less its mean, divided by its deviation."""

    def __init__(self, mean: Any, std: Any, inplace: bool = False) -> None:
        self.mean, self.std = (np.array(one, dtype=np.float32)[:, None, None] for one in (mean, std))

    def __call__(self, picture: Any) -> Any:
        return (picture - self.mean) / self.std


def to_tensor(picture: Any) -> Any:
    """(channels, height, width) float32 in [0, 1]."""
    array = np.asarray(picture, dtype=np.float32) / np.float32(255)
    return (array[None] if array.ndim == 2 else np.moveaxis(array, -1, 0)).view(Numbers)
