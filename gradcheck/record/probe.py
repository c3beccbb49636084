"""A run that asks which of many texts has the value that belongs at a place: each is evaluated there, by the script."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Any

import numpy as np

NAME = "__gradcheck_probe__"
SECONDS = 15.0  # for the texts of one place; the likeliest come first
SAME = {8: 1e-6, 4: 1e-3, 2: 1e-1}  # by bytes of a number


class Probe:
    """The function that stands in the source around a marked expression.

    ``goals`` are files with what the expression had when it was judged, by which its execution is known again, and with
    what belongs there. The run is over once all of them are met.
    """

    def __init__(self, goals: Sequence[str], send: Callable[[dict[str, Any]], None], stop: Callable[[], Any]) -> None:
        self.goals: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        for number, file in enumerate(goals):
            with open(file, "rb") as stream:
                got, wanted = (np.lib.format.read_array(stream, allow_pickle=False) for _ in range(2))
            self.goals[number] = got, wanted
        self._send = send
        self._stop = stop

    def __call__(self, number: int, value: Any, *texts: Callable[[], Any]) -> Any:
        """The value as it is; in the judged execution the texts are evaluated first, and those that fit are told."""
        if number in self.goals and _is_like(value, self.goals[number][0], exact=True):
            _, wanted = self.goals.pop(number)
            end = time.monotonic() + SECONDS
            asked = takewhile(lambda _: time.monotonic() < end, enumerate(texts))
            fits = [i for i, text in asked if _is_like(_result(text), wanted, exact=False)]
            self._send({"event": "probed", "probe": number, "fits": fits})
            if not self.goals:
                self._stop()
        return value


def _result(text: Callable[[], Any]) -> Any:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return text()
        except Exception:
            return None


def _is_like(value: Any, other: np.ndarray, *, exact: bool) -> bool:
    """Whether two arrays have the same numbers, or (not ``exact``) the same but for a factor."""
    try:
        found = np.asarray(value)
        same = SAME.get(found.dtype.itemsize, 1e-6) if found.dtype.kind == "f" else 1e-6
        if found.dtype.kind not in "fiub" or found.size != other.size or _long(found) != _long(other):
            return False
        u, t = np.ravel(found).astype(float), np.ravel(other)
        k = 1.0 if exact else float(u @ t) / float(t @ t)
        return bool(k and np.linalg.norm(u - k * t) <= same * abs(k) * np.linalg.norm(t))
    except (TypeError, ValueError, ZeroDivisionError):
        return False


def _long(value: np.ndarray) -> tuple[int, ...]:
    return tuple(n for n in value.shape if n > 1)
