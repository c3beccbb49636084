"""The rewritten program is the user's program: every idiom runs alike, plain and with taps."""

from __future__ import annotations

import pytest

from gradcheck.record.taps import NeutralTaps

from .idioms import compare
from .idioms.table import IDIOMS


@pytest.mark.parametrize("source", [s for _, s in IDIOMS], ids=[n for n, _ in IDIOMS])
def test_idiom_runs_alike(source: str) -> None:
    compare(source, NeutralTaps())


def test_there_are_enough_idioms() -> None:
    assert len(IDIOMS) >= 220
    assert len({name for name, _ in IDIOMS}) == len(IDIOMS)
