"""Losses that keep the scale of their gradients wherever the parameters are."""

from __future__ import annotations

from collections.abc import Iterator

from . import probe, standard
from .evaluate import evaluate
from .trials import SAME_UNIT, Judgement, Trial


def steady(made: Judgement) -> None:
    """A loss whose every gradient has another scale at other values gives way to one that keeps its scale.

    The root of a mean square is printed, and its square is descended; or the root itself is, and divided by.
    """
    for number, t in enumerate(made.trials):
        if made.asked or not probe.all_drift(made, t):
            continue
        rivals: list[Trial] = []
        if t.head is None:
            standard.find(made, rivals)
        else:
            rivals += sorted(_on_path(made), key=lambda rival: not _is_whole(rival))
        for rival in rivals:
            before, there = made.trials, made.elsewhere
            if rival.identified and rival.matched >= t.matched:
                made.trials = [*before[:number], rival, *before[number + 1 :]]
                made.elsewhere = probe.elsewhere(made)
                if not probe.all_drift(made, rival):
                    break
                made.trials, made.elsewhere = before, there


def _on_path(made: Judgement) -> Iterator[Trial]:
    """The script's own scalars that its gradients are made with."""
    for h in made.kept["own"]:
        trial = (
            evaluate(made, h, h.seeds(made.window.tape), made.recording, h.mask, "expression") if h.on_path else None
        )
        if trial is not None:
            yield trial


def _is_whole(t: Trial) -> bool:
    """Whether the gradients are those of a loss itself, not of a multiple that is computed on their way."""
    return any(m.unit is not None and abs(abs(m.unit) - 1) < SAME_UNIT for m in t.matches)
