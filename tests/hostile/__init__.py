"""Scripts that make trouble, with what the command line must answer to each.

``kind`` is the outcome's, ``code`` the exit code, ``says`` a piece of the outcome's message, ``verdicts`` those of the
parameters: what had been complete when the trouble came. ``remark`` is a piece of what is said not to have been
checked, ``changed`` of what is said to have been changed. Where ``alike`` is set, the script prints what it prints
under plain Python. `promises.py` tells what the rows are there to show.
"""

from __future__ import annotations

from dataclasses import dataclass, field

TRAIN = """\
import os, sys, signal, threading, time
import numpy as np
rng = np.random.default_rng(0)
X, y = rng.normal(size=(16, 5)), rng.normal(size=16)
w = np.zeros(5)
for step in range(8):
    error = X @ w - y
    loss = np.mean(error ** 2)
    w -= 0.1 * (2 * X.T @ error / len(X))
"""
LOOP = "".join("    " + line + "\n" for line in TRAIN.split("\n")[:-1])  # to stand below a line with a colon
WRONG = TRAIN.replace("X.T @ error", "X.T @ np.abs(error)")
JUDGED = ["right"]


@dataclass(frozen=True, slots=True)
class Hostile:
    """One script. ``arguments``, ``environment`` and ``stdin`` are of the run, ``files`` lie beside the script."""

    name: str
    text: str | bytes
    kind: str = "finished"
    code: int = 0
    says: str = ""
    verdicts: list[str] = field(default_factory=list)
    alike: bool = False
    arguments: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    stdin: bytes | None = None
    files: dict[str, str | bytes] = field(default_factory=dict)
    remark: str = ""
    changed: str = ""


def untrained(name: str, text: str | bytes, kind: str = "finished", says: str = "", **rest: object) -> Hostile:
    """A script in which nothing is trained."""
    return Hostile(name, text, kind, 2, says, **rest)  # type: ignore[arg-type]


def trained(name: str, after: str, kind: str = "finished", says: str = "", **rest: object) -> Hostile:
    """A right training, and then trouble."""
    return Hostile(name, TRAIN + after, kind, 0, says, JUDGED, **rest)  # type: ignore[arg-type]
