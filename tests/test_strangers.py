"""Correct scripts in many voices: everything found, everything right, nothing else said, nothing changed on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from .benchmarks.judged import STRANGERS, ask, compare, expected
from .folder_hash import unchanged_folder

# What the tool cannot do yet. An entry that begins to work fails its test until it is taken out of here.
KNOWN_GAPS: dict[str, str] = {}

TOLD = {path: entry for path, entry in expected().items() if not entry["held_out"]}


def _case(path: str) -> object:
    gap = KNOWN_GAPS.get(path)
    return pytest.param(path, marks=pytest.mark.xfail(strict=True, reason=gap) if gap else (), id=path)


def _folder(path: str) -> Path:
    first = Path(path).parts[0]
    return STRANGERS / first if first != path else STRANGERS


@pytest.mark.parametrize("path", [_case(path) for path in TOLD])
def test_a_correct_script_is_right_and_stays_as_it_was(path: str) -> None:
    entry = TOLD[path]
    with unchanged_folder(_folder(path)):
        answer = ask(STRANGERS / path, entry.get("arguments", ()))
    comparison = compare(path, entry, answer)
    assert comparison.differences() == []


def test_gaps_are_scripts_that_exist() -> None:
    assert set(KNOWN_GAPS) <= set(TOLD)


def test_a_comparison_sees_a_missing_parameter_and_a_wrong_one() -> None:
    path = "trask_two_layers.py"
    entry = TOLD[path]
    answer = ask(STRANGERS / path)
    more = {**entry, "parameters": [*entry["parameters"], {"name": "syn2", "shape": [9, 9]}]}
    fewer = {**entry, "parameters": entry["parameters"][:1]}
    assert compare(path, more, answer).not_judged == ["syn2 9x9 not found"]
    assert compare(path, fewer, answer).invented == ["invented syn1 6x1 (right)"]
    assert compare(path, {**entry, "loss": {**entry["loss"], "kind": "hinge"}}, answer).loss
