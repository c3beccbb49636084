"""Scalers and encoders of scikit-learn's `preprocessing`, and two scores, for scripts whose Python lacks it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


class _Fitted:
    """What all of them share."""

    def fit_transform(self, x: Any, y: Any = None) -> Any:
        """Fit to `x`, then transform it."""
        return self.fit(x).transform(x)

    def fit(self, x: Any, y: Any = None) -> Any:
        """Learn from `x` (n, d)."""
        raise NotImplementedError

    def transform(self, x: Any) -> Any:
        """`x` in the learned form."""
        raise NotImplementedError


class StandardScaler(_Fitted):
    """Columns of mean 0 and variance 1; constant columns are only shifted."""

    def __init__(self, *, copy: bool = True, with_mean: bool = True, with_std: bool = True) -> None:
        self.with_mean = with_mean
        self.with_std = with_std

    def fit(self, x: Any, y: Any = None) -> Any:
        """Learn `mean_`, `var_` and `scale_` (d,)."""
        values = np.asarray(x, dtype=float)
        self.mean_ = values.mean(0)
        self.var_ = values.var(0)
        self.scale_ = np.where(self.var_ > 0, np.sqrt(self.var_), 1.0)
        return self

    def transform(self, x: Any) -> Any:
        """(x - mean_) / scale_."""
        shifted = np.asarray(x, dtype=float) - (self.mean_ if self.with_mean else 0.0)
        return shifted / (self.scale_ if self.with_std else 1.0)

    def inverse_transform(self, x: Any) -> Any:
        """What `transform` was given."""
        return np.asarray(x) * (self.scale_ if self.with_std else 1.0) + (self.mean_ if self.with_mean else 0.0)


class MinMaxScaler(_Fitted):
    """Columns stretched to `feature_range`."""

    def __init__(self, feature_range: tuple[float, float] = (0, 1), *, copy: bool = True, clip: bool = False) -> None:
        self.feature_range = feature_range

    def fit(self, x: Any, y: Any = None) -> Any:
        """Learn `data_min_`, `data_max_`, `scale_` and `min_` (d,)."""
        values = np.asarray(x, dtype=float)
        self.data_min_, self.data_max_ = values.min(0), values.max(0)
        low, high = self.feature_range
        span = self.data_max_ - self.data_min_
        self.scale_ = (high - low) / np.where(span > 0, span, 1.0)
        self.min_ = low - self.data_min_ * self.scale_
        return self

    def transform(self, x: Any) -> Any:
        """x * scale_ + min_."""
        return np.asarray(x, dtype=float) * self.scale_ + self.min_

    def inverse_transform(self, x: Any) -> Any:
        """What `transform` was given."""
        return (np.asarray(x) - self.min_) / self.scale_


class _Encoded:
    """Answers to `.toarray()`: the dense array, which is all we make."""

    def __init__(self, dense: Any) -> None:
        self._dense = dense
        self.shape = dense.shape

    def toarray(self) -> Any:
        """The dense array."""
        return self._dense

    todense = toarray

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return self._dense if dtype is None else self._dense.astype(dtype)


class OneHotEncoder(_Fitted):
    """One column for each value that a column takes."""

    def __init__(self, *, sparse_output: bool = True, sparse: bool = True, dtype: Any = float, **others: Any) -> None:
        self.dense = not (sparse_output and sparse)
        self.dtype = dtype

    def fit(self, x: Any, y: Any = None) -> Any:
        """Learn `categories_`: the sorted values of each column of `x` (n, d)."""
        self.categories_ = [np.unique(column) for column in np.asarray(x).T]
        return self

    def transform(self, x: Any) -> Any:
        """(n, sum of the numbers of values), 0 and 1."""
        columns = np.asarray(x).T
        parts = [c[:, None] == values for c, values in zip(columns, self.categories_, strict=True)]
        dense = np.concatenate(parts, axis=1).astype(self.dtype)
        return dense if self.dense else _Encoded(dense)


class LabelEncoder(_Fitted):
    """Labels as numbers from 0."""

    def fit(self, x: Any, y: Any = None) -> Any:
        """Learn `classes_`, the sorted labels."""
        self.classes_ = np.unique(x)
        return self

    def transform(self, x: Any) -> Any:
        """(n,) int64."""
        return np.searchsorted(self.classes_, x)

    def inverse_transform(self, x: Any) -> Any:
        """The labels of numbers."""
        return self.classes_[np.asarray(x)]


class LabelBinarizer(_Fitted):
    """Labels as rows of 0 and 1: (n, classes), or (n, 1) for two classes."""

    def fit(self, x: Any, y: Any = None) -> Any:
        """Learn `classes_`, the sorted labels."""
        self.classes_ = np.unique(x)
        return self

    def transform(self, x: Any) -> Any:
        """Int64 rows."""
        rows = (np.asarray(x)[:, None] == self.classes_).astype(np.int64)
        return rows[:, 1:] if len(self.classes_) == 2 else rows


def accuracy_score(y_true: Any, y_pred: Any, **others: Any) -> float:
    """The share of equal labels."""
    return float(np.mean(np.asarray(y_true) == np.asarray(y_pred)))


def mean_squared_error(y_true: Any, y_pred: Any, **others: Any) -> float:
    """The mean squared difference."""
    return float(np.mean((np.asarray(y_true) - np.asarray(y_pred)) ** 2))


PREPROCESSING: Mapping[str, Any] = {
    one.__name__: one for one in (StandardScaler, MinMaxScaler, OneHotEncoder, LabelEncoder, LabelBinarizer)
}
