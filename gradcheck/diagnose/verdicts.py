"""A training's judgement as records of the report."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..cells import split_file
from ..record.sources import Site, Sources
from ..results import Loss, NotChecked, Parameter, Training
from ..step.trials import Judgement
from ..step.widened import Widened
from ..tape import Tape
from . import naming, scales
from .jury import Jury, Verdict, own_loss

GIVEN = "parameters are behind it, and the script means it as given (a bootstrapped target, an advantage)"
FLOOR = 1e-12  # figures at rounding level are written as zero


@dataclass(slots=True)
class Told:
    """One training in the form of the report."""

    training: Training
    parameters: list[Parameter] = field(default_factory=list)
    verdicts: dict[int, Verdict] = field(default_factory=dict)  # by id of the candidate
    not_checked: list[NotChecked] = field(default_factory=list)


class Teller:
    """Turns judgements into records."""

    def __init__(self, tape: Tape, sources: Sources, maximize: bool = False) -> None:
        self.tape = tape
        self.sources = sources
        self.jury = Jury(tape, maximize)
        self.made: Judgement

    def tell(self, number: int, made: Judgement, tainted: dict[int, Any]) -> Told:
        """The records of one training. ``tainted``: ids of candidates whose gradient reads memory that nobody wrote."""
        verdicts = self.jury.verdicts(made, tainted)
        told = Told(self._training(number, made))
        self.made = made
        told.parameters = [self._parameter(number, g, verdicts) for g in naming.groups(made.parameters)]
        told.verdicts = verdicts
        told.not_checked = self._unclaimed(made)
        return told

    # records

    def _site(self, number: int) -> Site:
        return self.sources.sites[number]

    def _training(self, number: int, made: Judgement) -> Training:
        place = made.activation
        site = self._site(place.line.site) if place is not None else None
        steps = max((len(c.rounds) for c in made.parameters), default=0)
        values = sum(int(np.prod(c.shape, dtype=int)) for c in made.parameters)
        followed = len(made.recording.entries) if made.recording is not None else 0
        return Training(
            number,
            self._loss(made),
            site.file if site else "",
            site.line if site else None,
            steps,
            made.batch_size,
            followed,
            values,
            "exact" if not made.fault else made.fault,
        )

    def _loss(self, made: Judgement) -> Loss:
        candidates = []
        for t in [t for t in made.considered if not t.hypothesis.given][:8]:
            site = self._site(t.hypothesis.site)
            candidates.append(f"{site.where}: {_short(site.text)}" + ("" if t.kind == "expression" else f" ({t.kind})"))
        chosen = own_loss(made) or made.trials or self.jury.fallback(made)
        if not chosen:
            return Loss("unknown", "none", candidates=candidates)
        t = chosen[0]
        site = self._site(made.loss_site(t, self.tape))
        inferred = t.hypothesis.source == "inferred"
        return Loss(
            f"weighted {t.kind}" if t.head is not None and t.head.weights else t.kind,
            "inferred" if inferred else "own",
            site.file,
            site.line,
            _short(site.text),
            t.witness,
            t.identified,
            candidates,
        )

    def _parameter(self, number: int, group: naming.Group, verdicts: dict[int, Verdict]) -> Parameter:
        members = [verdicts[id(c)] for c in group.members]
        order = ("wrong", "inconclusive", "not_judged", "right_up_to_scale", "right")
        v = min(members, key=lambda w: order.index(w.verdict))
        site = self._site(v.candidate.rounds[0][-1].site)
        start = self._site(v.departure.site) if v.departure else (site if v.verdict == "wrong" else None)
        c = v.match.comparison if v.match is not None else None
        norm = math.hypot(*(w.match.comparison.norm if w.match else 0.0 for w in members))
        return Parameter(
            name=group.name,
            names=v.candidate.names if len(members) == 1 else [group.name],
            shape=group.shape,
            dtype=str(self.tape.dtype_of(self.tape.storage_of(v.candidate.region)) or "float64"),
            file=site.file,
            line=site.line,
            verdict=v.verdict,  # type: ignore[arg-type]
            reason=v.reason,
            relative_error=_relative(v),
            certificate=_certificate(self.made, group),
            scale=v.scale if v.scale is not None else (abs(c.scale) if c and c.scale is not None else None),
            scale_text=scales.as_text(v.scale) if v.scale else "",
            residual=floored(c.residual) if c else None,
            cosine=c.cosine if c else None,
            direction=v.direction,
            gradient_norm=norm,
            wrong_from=start.line if start else None,
            wrong_from_cell=split_file(start.file)[1] if start else None,
            training=number,
        )

    def _unclaimed(self, made: Judgement) -> list[NotChecked]:
        out = []
        if made.fault:
            out.append(NotChecked("the training step", made.fault))
        out += [self._widened(w) for w in made.grown]
        for entry in self._given(made):
            site = self._site(self.tape.site_of(entry))
            out.append(NotChecked(f"what flows back through `{_short(site.text)}`", GIVEN, site.line, site.file))
        if made.lost:
            out.append(NotChecked("the rows of the data", made.lost))
        return out

    def _widened(self, grown: Widened) -> NotChecked:
        site, later = self._site(grown.site), bool(grown.candidate.rounds)
        what = f"the first step of {grown.candidate.name}" if later else f"the update `{_short(site.text)}`"
        why = grown.why + ("; the steps after that are judged" if later else "; no step came after that")
        return NotChecked(what, why, site.line, site.file)

    def _given(self, made: Judgement) -> list[int]:
        """The entries that make what the losses take as given, one for each place."""
        storages = sorted({s for t in made.trials for s in t.hypothesis.given})
        entries = (self.tape.storage_born[s] for s in storages)
        return list({self.tape.site_of(e): e for e in entries if e >= 0}.values())


def _certificate(made: Judgement, group: naming.Group) -> float | None:
    """The worst gap to a central difference among the group's members, to one digit."""
    gaps = [made.certificates[id(c)] for c in group.members if id(c) in made.certificates]
    return float(f"{max(gaps):.0e}") if gaps else None


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:77] + "..."


def floored(value: float | None) -> float | None:
    """Six digits; a figure at rounding level is zero."""
    return None if value is None else (0.0 if abs(value) < FLOOR else float(f"{value:.6g}"))


def _relative(v: Verdict) -> float | None:
    """|u - s t| / |s t| with the shared scale s."""
    if v.match is None:
        return None
    c = v.match.comparison
    if c.agreement in ("exact", "zero") and v.verdict != "wrong":
        return 0.0
    if v.verdict == "wrong" and c.agreement == "exact" and v.scale is not None and v.shared:
        signed = -v.scale if v.opposite else v.scale
        return floored(abs(signed / v.shared - 1))
    return floored(c.residual)
