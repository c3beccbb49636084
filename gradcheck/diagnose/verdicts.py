"""A training's judgement as parameters, findings and words."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..record.sources import Site, Sources
from ..results import Finding, Loss, NotChecked, Parameter, Span, Training
from ..step.trials import Judgement
from ..tape import Tape
from . import naming, scales
from .jury import ALL_UPHILL, Jury, Verdict
from .places import error_at, mark

FLOOR = 1e-12  # figures at rounding level are written as zero


@dataclass(slots=True)
class Told:
    """One training in the form of the report."""

    training: Training
    parameters: list[Parameter] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
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
        told.findings = self._findings(number, made, verdicts)
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
        for t in made.considered[:8]:
            site = self._site(t.hypothesis.site)
            candidates.append(
                f"line {site.line}: {_short(site.text)}" + ("" if t.kind == "expression" else f" ({t.kind})")
            )
        chosen = made.trials or self.jury.fallback(made)
        if not chosen:
            return Loss("unknown", "none", candidates=candidates)
        t = chosen[0]
        site = self._site(made.loss_site(t, self.tape))
        inferred = t.hypothesis.source == "inferred"
        return Loss(
            t.kind,
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
            residual=_floor(c.residual) if c else None,
            cosine=c.cosine if c else None,
            direction=v.direction,
            gradient_norm=norm,
            wrong_from=self._site(v.departure.site).line
            if v.departure
            else (site.line if v.verdict == "wrong" else None),
            training=number,
        )

    def _findings(self, number: int, made: Judgement, verdicts: dict[int, Verdict]) -> list[Finding]:
        """One finding for each place where gradients depart, with all parameters it reaches."""
        places: dict[int, list[Verdict]] = {}
        wrong = [v for v in verdicts.values() if v.verdict == "wrong"]
        shared = self._shared_source(wrong)
        for v in wrong:
            site = v.departure.site if v.departure else v.candidate.rounds[0][-1].site
            if v.reason == ALL_UPHILL:
                site = wrong[0].candidate.rounds[0][-1].site
            places.setdefault(shared.get(id(v), site), []).append(v)
        return [self._mismatch(number, made, site, found) for site, found in places.items()]

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

    def _mismatch(self, number: int, made: Judgement, place: int, found: list[Verdict]) -> Finding:
        site = self._site(place)
        first = found[0]
        names = list(dict.fromkeys(g.name for g in naming.groups([v.candidate for v in found])))
        loss = self._loss(made)
        return error_at(
            site,
            "gradient-mismatch",
            message=_headline(names, first),
            label=first.departure.label if first.departure else first.reason,
            parameter=names[0],
            parameters=names,
            related=self._loss_mark(made, loss, site),
            proof=[_proof(v) for v in found[:4]],
            effect=_effect(loss),
            evidence=_evidence(first),
            training=number,
        )

    def _loss_mark(self, made: Judgement, loss: Loss, site: Site) -> list[Span]:
        """Where the loss is, unless it is the finding's own place."""
        if loss.line is None:
            return []
        trial = (made.trials or self.jury.fallback(made))[0]
        there = self._site(made.loss_site(trial, self.tape))
        if (there.line, there.column) == (site.line, site.column):
            return []
        return [mark(there, "the loss" if loss.source == "own" else "output meets target")]

    def _unclaimed(self, made: Judgement) -> list[NotChecked]:
        out = []
        if made.fault:
            out.append(NotChecked("the training step", made.fault))
        return out


def _certificate(made: Judgement, group: naming.Group) -> float | None:
    """The worst gap to a central difference among the group's members, to one digit."""
    gaps = [made.certificates[id(c)] for c in group.members if id(c) in made.certificates]
    return float(f"{max(gaps):.0e}") if gaps else None


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:77] + "..."


def _floor(value: float | None) -> float | None:
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
        return _floor(abs(signed / v.shared - 1))
    return _floor(c.residual)


def _headline(names: list[str], v: Verdict) -> str:
    what = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
    if v.reason == ALL_UPHILL:
        return "every update goes uphill: the loss is climbed, not descended"
    if v.match is not None and v.match.comparison.agreement == "exact":
        if v.opposite:
            return f"this update moves {what} uphill while the others go downhill"
        return f"the update of {what} has another size than the others"
    if v.reason:
        return f"the gradient of {what} is {v.reason}"
    return f"the gradient of {what} departs from the derivative of the loss here"


def _proof(v: Verdict) -> str:
    c = v.match.comparison if v.match else None
    if c is None or c.residual is None or c.cosine is None:
        return f"{v.candidate.name}: the true gradient is zero, the script's has norm {c.norm if c else 0.0:.3g}"
    if c.agreement == "exact":
        times = f"{scales.as_text(v.scale)} times the true gradient" if v.scale else "the true gradient"
        return f"{v.candidate.name}: exactly {times}, going {v.direction}"
    text = f"{v.candidate.name}: off by {c.residual:.2g} of its length, cosine {abs(c.cosine):.6f}"
    return text + (f"; {v.departure.structure}" if v.departure and v.departure.structure else "")


def _effect(loss: Loss) -> str:
    if loss.source == "none":
        return ""
    what = f"the loss of line {loss.line}" if loss.source == "own" else f"{loss.kind} (inferred at line {loss.line})"
    sure = "" if loss.identified else "; no gradient of the script matches this loss, so it may descend another one"
    return f"judged against {what}{sure}"


def _evidence(v: Verdict) -> dict[str, Any]:
    c = v.match.comparison if v.match else None
    out: dict[str, Any] = {"reason": v.reason}
    if c is not None:
        out |= {"scale": c.scale, "residual": _floor(c.residual), "cosine": c.cosine}
    if v.departure is not None:
        out["structure"] = v.departure.structure
    return out
