"""What the rules look at: one judged training, its verdicts, and the mistakes that its wrong gradients come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ..record.sources import Site, Sources, where
from ..results import Finding, Loss
from ..step.candidates import Candidate
from ..step.flow import backward_slice
from ..step.trials import Judgement, Trial
from ..tape import CONST, Tape
from . import naming
from .jury import PILED, Verdict, own_loss
from .memory import Hit
from .spot import Goal, Mend

T = TypeVar("T")


@dataclass(slots=True)
class Mistake:
    """Wrong gradients that one place of the source explains. ``place`` is the number of the site."""

    place: int
    verdicts: list[Verdict]
    factor: float = 0.0  # the factor that is too much in exact gradients (-1: the sign), 0 where they are not exact
    entry: int = -1  # the entry that brings it in, -1 where that is the update
    mend: Mend | None = None  # what was meant there, where a rule knows and gradients become exact with it

    @property
    def first(self) -> Verdict:
        """The verdict that was reached first."""
        return self.verdicts[0]


@dataclass(slots=True)
class StepView:
    """One judged training.

    ``verdicts`` are by id of the candidate, ``unwritten`` the reads of memory that nobody wrote. ``numbers`` are the
    recorded numbers by storage (None for arrays), ``last`` the values that parameters had when the recorded steps were
    over, by storage, ``named`` the sites where arrays were last given a name outside of loops, by storage.
    """

    number: int
    tape: Tape
    sources: Sources
    made: Judgement
    verdicts: dict[int, Verdict]
    loss: Loss
    maximize: bool = False
    unwritten: list[Hit] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    broken: list[tuple[str, str]] = field(default_factory=list)  # rules that raised, with what
    numbers: list[Any] = field(default_factory=list)
    last: dict[int, Any] = field(default_factory=dict)
    named: dict[int, int] = field(default_factory=dict)
    known: dict[Callable[..., Any], Any] = field(default_factory=dict)
    goals: list[tuple[Finding, Goal]] = field(default_factory=list)  # what belongs at the places of findings

    def once(self, make: Callable[[StepView], T]) -> T:
        """What ``make`` says of this view, asked for by several rules and computed once."""
        if make not in self.known:
            self.known[make] = make(self)
        found: T = self.known[make]
        return found

    def site(self, number: int) -> Site:
        """A place of the source by its number."""
        return self.sources.sites[number]

    def site_of(self, entry: int) -> Site:
        """The place of the source that made an entry of the tape."""
        return self.site(self.tape.site_of(entry))

    def begins_at(self, mistake: Mistake, places: set[int]) -> bool:
        """Whether a mistake is the first one and lies on a line of one of the places."""
        here = self.site(mistake.place)
        lines = {(self.site(p).file, self.site(p).line) for p in places}
        return mistake is self.mistakes[0] and (here.file, here.line) in lines

    def names(self, found: list[Candidate]) -> list[str]:
        """Names of parameters as the report shows them, each once."""
        return list(dict.fromkeys(g.name for g in naming.groups(found)))

    def trial(self) -> Trial | None:
        """The trial whose loss the report names; None where there is no loss."""
        chosen = own_loss(self.made) or self.made.trials
        return chosen[0] if chosen else self.fallback

    @property
    def fallback(self) -> Trial | None:
        """The trial of wrong gradients that are judged by a loss that was not identified."""
        return next((v.trial for v in self.verdicts.values() if v.trial is not None), None)

    def loss_site(self) -> Site | None:
        """Where the loss is computed, or where output meets target."""
        trial = self.trial()
        return None if trial is None or self.loss.line is None else self.site(self.made.loss_site(trial, self.tape))

    def loss_place(self) -> str:
        """Where the loss is, in words."""
        return "an unknown line" if self.loss.line is None else where(self.loss.file, self.loss.line)

    def grouped(self, wrong: list[Verdict]) -> list[Mistake]:
        """One mistake for each place where gradients depart, with all the parameters it reaches."""
        places: dict[int, list[Verdict]] = {}
        shared = self._shared_source(wrong)
        buffers = min((self._buffer(v) for v in wrong if v.reason == PILED), default=-1)
        for v in wrong:
            site = v.departure.site if v.departure else v.candidate.rounds[0][-1].site
            if v.reason == PILED:
                site = buffers  # nothing is set back to zero: one mistake, at the first buffer
            places.setdefault(shared.get(id(v), site), []).append(v)
        return [Mistake(site, found) for site, found in places.items()]

    def _buffer(self, v: Verdict) -> int:
        """The place that writes the buffer that a parameter's gradients pile up in."""
        update = v.candidate.rounds[0][-1]
        for s in self.made.states:
            first = s.rounds[0][0]
            if (
                s.shape == v.candidate.shape
                and first.entry < update.entry
                and self._feeds(first.new, update.increments)
            ):
                return first.site
        return update.site

    def _feeds(self, code: int, targets: Sequence[int]) -> bool:
        wanted = {self.tape.storage_of(c) for c in targets}
        inside = backward_slice(self.tape, wanted, self.made.window.end, self.made.window.begin)
        read = {self.tape.storage_of(c) for e in inside for c in self.tape.entry(e)[1] if c & 3 != CONST}
        return self.tape.storage_of(code) in read | wanted

    def _shared_source(self, wrong: list[Verdict]) -> dict[int, int]:
        """Gradients that depart at different places but all use one value that is right in itself.

        It is the adjoint of another value than the one they need (a derivative is missing): its place is the mistake's.
        """
        users: dict[int, list[Verdict]] = {}
        for v in wrong:
            for source in v.departure.sources if v.departure else ():
                users.setdefault(source, []).append(v)
        out: dict[int, int] = {}
        for source, found in users.items():
            if len({v.departure.site for v in found if v.departure}) > 1:
                site = self.tape.site_of(source)
                out.update({id(v): site for v in found})
        return out
