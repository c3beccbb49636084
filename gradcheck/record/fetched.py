"""Data set objects of two old interfaces: TensorFlow's tutorial reader and torchvision."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np


class Numbers(np.ndarray):
    """An array that also answers to `.numpy()`."""

    def numpy(self) -> Any:
        """The plain array."""
        return self.view(np.ndarray)


class Batches:
    """`images` (n, 784) float32 in [0, 1] and `labels`, handed out by `next_batch`."""

    def __init__(self, images: Any, labels: Any) -> None:
        self.images = images
        self.labels = labels
        self.num_examples = len(images)
        self._next = 0

    def next_batch(self, batch_size: int, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """The next `batch_size` rows, from the start again when they run out."""
        if self._next + batch_size > self.num_examples:
            self._next = 0
        rows = slice(self._next, self._next + batch_size)
        self._next += batch_size
        return self.images[rows], self.labels[rows]


class PythonMnist:
    """`MNIST` of the package python-mnist: pictures as lists of 784 numbers (or one array) and labels."""

    def __init__(self, load: Callable[[], Any], path: Any = ".", mode: str = "vanilla", return_type: str = "lists",
                 gz: bool = False) -> None:  # fmt: skip
        self._load = load
        self._as_lists = return_type == "lists"
        self.gz = gz

    def _part(self, number: int) -> tuple[Any, Any]:
        x, y = self._load()[number]
        flat = x.reshape(len(x), -1)
        return (flat.tolist(), y.tolist()) if self._as_lists else (flat, y)

    def load_training(self) -> tuple[Any, Any]:
        """60,000 pictures and labels."""
        return self._part(0)

    def load_testing(self) -> tuple[Any, Any]:
        """10,000 pictures and labels."""
        return self._part(1)


class TorchvisionSet:
    """`data` (uint8), `targets` (int64), and (picture, label) by index."""

    def __init__(self, x: Any, y: Any, transform: Any, target_transform: Any) -> None:
        self.data = x.view(Numbers)
        self.targets = y.ravel().astype(np.int64).view(Numbers)
        self.labels: Any = None  # where a set has them under that name, its pictures begin with the colours
        self.transform = transform
        self.target_transform = target_transform

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        picture, label = self.data[index].view(np.ndarray), int(self.targets[index])
        if self.labels is not None:
            picture = picture.transpose(1, 2, 0)
        if self.transform is not None:
            picture = self.transform(picture)
        return picture, label if self.target_transform is None else self.target_transform(label)


class Fetched:
    """Makers of the objects above."""

    @staticmethod
    def tutorial(data: Any, one_hot: bool) -> SimpleNamespace:
        """TensorFlow's `input_data.read_data_sets`: 55,000 to train, 5,000 to validate, 10,000 to test."""
        (x, y), (x_test, y_test) = data

        def batches(images: Any, labels: Any) -> Batches:
            flat = images.reshape(len(images), -1).astype(np.float32) / np.float32(255)
            return Batches(flat, np.eye(10)[labels] if one_hot else labels)

        return SimpleNamespace(
            train=batches(x[5000:], y[5000:]), validation=batches(x[:5000], y[:5000]), test=batches(x_test, y_test)
        )

    @staticmethod
    def torchvision(
        load: Callable[[], Any],
        root: Any = None,
        train: bool = True,
        transform: Any = None,
        target_transform: Any = None,
        download: bool = False,
    ) -> TorchvisionSet:
        """A data set class of `torchvision.datasets`, called."""
        x, y = load()[0 if train else 1]
        return TorchvisionSet(x, y, transform, target_transform)

    @staticmethod
    def house_numbers(
        load: Callable[[], Any], root: Any = None, split: str = "train", transform: Any = None,
        target_transform: Any = None, download: bool = False,
    ) -> TorchvisionSet:  # fmt: skip
        """`torchvision.datasets.SVHN`, called: `data` (n, 3, 32, 32), `labels` in place of `targets`."""
        x, y = load()[1 if split == "test" else 0]
        made = TorchvisionSet(x, y, transform, target_transform)
        made.data, made.labels = made.data.transpose(0, 3, 1, 2), made.targets
        return made

    @staticmethod
    def extended(
        loader: Callable[[str], Callable[[], Any]], root: Any = None, split: str = "balanced", **others: Any
    ) -> TorchvisionSet:
        """`torchvision.datasets.EMNIST`, called; letters are counted from 1, as there."""
        made = Fetched.torchvision(loader(split), root, **others)
        made.targets = made.targets + (split == "letters")
        return made
