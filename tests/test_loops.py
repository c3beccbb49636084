"""How many passes a training loop makes before it is ended."""

from __future__ import annotations

import pytest

from gradcheck.record.events import Locations
from gradcheck.record.loops import ENOUGH_PASSES, HEAVY_WORK, Loops
from gradcheck.tape import Tape


class Counted:
    """Loops over an empty tape, where every pass costs the same work."""

    def __init__(self, work: float) -> None:
        tape = Tape()
        self.done = 0.0
        self.work = work
        self.loops = Loops(tape, Locations(tape), lambda: self.done, lambda activation: None)

    def passes(self, *, training: bool) -> int:
        """The passes of one more activation of the loop."""
        activation = self.loops.start(1)
        activation.training = activation.line.training = training
        count = 0
        while count < 100 and self.loops.advance(activation):
            count += 1
            self.done += self.work
        self.loops.finish(1)
        return count


@pytest.mark.parametrize(("work", "first"), [(1.0, ENOUGH_PASSES), (30_000.0, 3), (300_000.0, 3), (HEAVY_WORK, 2)])
def test_the_heavier_a_pass_the_fewer_there_are(work: float, first: int) -> None:
    assert Counted(work).passes(training=True) == first


@pytest.mark.parametrize(("work", "again"), [(30_000.0, 3), (HEAVY_WORK, 1)])
def test_in_the_next_epoch_a_heavy_loop_makes_one_pass(work: float, again: int) -> None:
    counted = Counted(work)
    epochs = counted.loops.start(2)
    counted.loops.advance(epochs)
    counted.passes(training=True)
    counted.loops.advance(epochs)
    assert counted.passes(training=work < HEAVY_WORK) == again


def test_another_training_by_the_same_heavy_loop_makes_two() -> None:
    counted = Counted(HEAVY_WORK)
    assert [counted.passes(training=True) for _ in range(3)] == [2, 2, 2]


def test_a_heavy_loop_that_does_not_train_is_not_ended() -> None:
    assert Counted(HEAVY_WORK).passes(training=False) == 100
