"""The larger data sets of scikit-learn's fetchers, made up in their shapes and dtypes."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import datasets

COVER_TYPES = (211_840, 283_301, 35_754, 2_747, 9_493, 17_367, 20_510)
PAIRS = {"train": 2_200, "test": 1_000, "10_folds": 6_000}
DOCUMENTS = {"train": (0, 11_314), "test": (11_314, 18_846), "all": (0, 18_846)}
GROUPS = (
    "alt.atheism", "comp.graphics", "comp.os.ms-windows.misc", "comp.sys.ibm.pc.hardware", "comp.sys.mac.hardware",
    "comp.windows.x", "misc.forsale", "rec.autos", "rec.motorcycles", "rec.sport.baseball", "rec.sport.hockey",
    "sci.crypt", "sci.electronics", "sci.med", "sci.space", "soc.religion.christian", "talk.politics.guns",
    "talk.politics.mideast", "talk.politics.misc", "talk.religion.misc",
)  # fmt: skip


def cover_types(rng: np.random.Generator) -> datasets.Pair:
    """(581012, 54) float64, 10 measures and 44 marks of 0 or 1, and labels int32 from 1 to 7, in no order."""
    labels = rng.permutation(np.repeat(np.arange(7, dtype=np.int32), COVER_TYPES))
    x = np.empty((len(labels), 54))
    x[:, :10] = np.round(1000 * (3 + rng.normal(size=(7, 10))[labels] + rng.normal(size=(len(labels), 10))))
    x[:, 10:] = rng.random((len(labels), 44)) < rng.beta(0.3, 2.0, size=(7, 44))[labels]
    return x, labels + np.int32(1)


def documents(subset: str, categories: Any) -> tuple[list[str], Any, list[str]]:
    """Texts of made-up words, their labels (int64), and the names of the groups that were asked for."""
    (_, columns, starts), labels = datasets.words(18_846, 130_107, 20)
    words = [f"word{number}" for number in np.asarray(columns).tolist()]
    names = list(GROUPS) if categories is None else sorted(g for g in GROUPS if g in categories)
    kept = [k for k in range(*DOCUMENTS[subset]) if GROUPS[int(labels[k])] in names]
    ends = np.asarray(starts).tolist()
    texts = [" ".join(words[ends[k] : ends[k + 1]]) for k in kept]
    return texts, np.array([names.index(GROUPS[int(labels[k])]) for k in kept]), names


def pairs(subset: str) -> tuple[Any, Any]:
    """(n, 2, 62, 47) float32 in [0, 1], and whether each pair is of one person (int64), half of them."""
    count = PAIRS[subset]
    pictures, _ = datasets.faces([4] * 500, 62, 47, 65)
    one = np.arange(count) % 2
    first = np.arange(count) * 7 % 500 * 4
    second = np.where(one == 1, first + 1, (first + 40) % 2000)
    return np.stack([pictures[first], pictures[second]], axis=1), one
