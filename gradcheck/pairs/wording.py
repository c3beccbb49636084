"""Findings and text about pairs of functions: what is wrong, where, by which factor, how well that is known."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..numeric import forms
from ..numeric.forms import Form
from ..numeric.locate import Entry, Location
from ..numeric.verdict import Judgement
from ..results import Finding, Fix, Json, Parameter, Report
from .problems import Origin, percent

SHOWN_ENTRIES = 8
NEGLIGIBLE = 1e-6


@dataclass(slots=True)
class Case:
    """One judged parameter: its row, the judgement, and what is known of a mistake."""

    base: Parameter
    row: int
    judgement: Judgement
    gradient: np.ndarray
    unit: float = 2.0**-53
    scale: tuple[float, float] | None = None
    form: Form | None = None
    location: Location | None = None
    entries: list[Entry] = field(default_factory=list)
    exhaustive: bool = False

    @property
    def name(self) -> str:
        """The parameter's name."""
        return self.base.name

    def every(self, entries: list[Entry], judgement: Judgement, evaluations: int) -> None:
        """Take over what a look at every entry found."""
        self.exhaustive = True
        wrong = [e for e in entries if e.wrong]
        truth = math.sqrt(math.fsum(e.truth**2 for e in entries))
        gap = math.sqrt(math.fsum((e.analytic - e.truth) ** 2 for e in entries))
        seen = max((2 * e.bound for e in entries), default=0.0)
        size = judgement.gradient_norm
        verdict = "wrong" if wrong and judgement.verdict != "right" else judgement.verdict
        if wrong and judgement.verdict == "right" and not judgement.tie:
            verdict = "wrong"
        self.judgement = dataclasses.replace(
            judgement,
            verdict=verdict,
            evaluations=evaluations,
            relative_error=0.0 if verdict == "right" else gap / truth if truth else math.inf,
            smallest_error=seen / size if size else None,
        )
        self.entries = sorted(wrong, key=lambda e: -abs(e.analytic - e.truth))

    def parameter(self) -> Parameter:
        """The row of the report."""
        found = self.judgement
        entries = self.entries or (self.location.entries if self.location else [])
        spent = found.evaluations + (self.location.evaluations if self.location else 0)
        k = self.scale[0] if self.scale else None
        if found.verdict == "right" and found.gradient_norm and not found.reason.startswith("zero"):
            k = 1.0
        return dataclasses.replace(
            self.base,
            verdict=found.verdict,
            reason=found.reason,
            relative_error=_finite(abs(k - 1) if k is not None else found.relative_error),
            certificate=_certificate(found),
            scale=k,
            scale_text=forms.simple(*self.scale) if self.scale else "",
            residual=0.0 if k is not None else None,
            gradient_norm=found.gradient_norm,
            smallest_error=found.smallest_error,
            evaluations=spent,
            entries=[_entry_json(e) for e in entries[:1000]],
        )


def _finite(value: float | None) -> float | None:
    return value if value is None or math.isfinite(value) else None


def _certificate(found: Judgement) -> float | None:
    """Relative gap between the oracle and the central difference along the first random direction."""
    estimate, first = found.estimate, found.readings[0]
    if estimate is None or not math.isfinite(estimate.error) or first.truth == 0:
        return None
    gap = abs(first.gap - estimate.value)
    return 0.0 if gap <= estimate.noise else gap / abs(first.truth)


def _entry_json(entry: Entry) -> Json:
    ratio = entry.analytic / entry.truth if entry.truth else None
    return {"index": list(entry.index), "analytic": entry.analytic, "numerical": entry.truth, "ratio": ratio}


def row(base: Parameter, verdict: Any, reason: str) -> Parameter:
    """A row without a judgement."""
    return dataclasses.replace(base, verdict=verdict, reason=reason)


def mistakes(origin: Origin, cases: list[Case], shapes: dict[str, tuple[int, ...]]) -> list[Finding]:
    """Findings for all wrong gradients: one for a factor that they share, one each for the rest."""
    wrong = [case for case in cases if case.judgement.verdict == "wrong"]
    judged = [case for case in cases if case.judgement.gradient_norm]
    shared = [case for case in wrong if case.scale is not None]
    if len(shared) > 1 and len(shared) == len(judged) and _agree(shared):
        return [_factor_finding(origin, shared, shapes)]
    return [_single(origin, case, shapes) for case in wrong]


def _agree(cases: list[Case]) -> bool:
    scales = [case.scale for case in cases if case.scale is not None]
    first, error = scales[0]
    return all(abs(k - first) <= 4 * (error + e) * abs(first) for k, e in scales)


def _single(origin: Origin, case: Case, shapes: dict[str, tuple[int, ...]]) -> Finding:
    if case.scale is not None:
        return _factor_finding(origin, [case], shapes)
    return _mismatch(origin, case)


def _factor_finding(origin: Origin, cases: list[Case], shapes: dict[str, tuple[int, ...]]) -> Finding:
    assert cases[0].scale is not None
    k, error = cases[0].scale
    text = forms.simple(k, error)
    subject = f"the gradient of {cases[0].name} is" if len(cases) == 1 else "every gradient is"
    said, fix = _factor_words(k, text, error)
    origin_of_factor = _namesake(k, error, shapes)
    proof = [
        f"analytic = {text} x true  along {len(cases[0].judgement.readings)} directions, "
        f"{'each parameter, ' if len(cases) > 1 else ''}to {_digits(error)}",
        *([origin_of_factor] if origin_of_factor else []),
        _power_line(cases),
    ]
    return origin.finding(
        "gradient-mismatch",
        "warning" if abs(k - 1) < NEGLIGIBLE else "error",
        f"{subject} {said}",
        parameter=cases[0].name,
        parameters=[case.name for case in cases],
        proof=proof,
        effect=_factor_effect(k),
        evidence={"scale": k, "scale_text": text, "known_to": error},
        fix=Fix(fix),
    )


def _factor_words(k: float, text: str, error: float) -> tuple[str, str]:
    if text == "-1":
        return "the negative of the true one", "change the sign"
    if k < 0:
        return f"{text} times the true one", f"divide by {text}"
    if abs(k - 1) < 0.01:
        return f"{abs(k - 1):.2g} too {'large' if k > 1 else 'small'}, relative to the true one", f"divide by {text}"
    if text.startswith("1/"):
        return f"{text[2:]} times too small", f"multiply by {text[2:]}"
    return f"{text} times too large", f"divide by {text}"


def _factor_effect(k: float) -> str:
    if k < 0:
        return "a step against this gradient climbs: the loss rises"
    words = "the direction is right, only the length is not: it acts like another learning rate"
    return words if abs(k - 1) > 0.01 else ""


def _namesake(k: float, error: float, shapes: dict[str, tuple[int, ...]]) -> str:
    """An array of the loss's surroundings whose length is the factor or its inverse."""
    for size in (abs(k), 1 / abs(k)):
        count = round(size)
        if count < 2 or abs(size - count) > max(4 * error, 1e-9) * size:
            continue
        for name, shape in shapes.items():
            if shape and shape[0] == count:
                return f"{count} is the number of rows of {name}: a sum against a mean over them"
    return ""


def _mismatch(origin: Origin, case: Case) -> Finding:
    found = case.judgement
    error = found.relative_error if found.relative_error is not None else math.inf
    headline, proof, fix = _structure(case)
    if error < 1e-3 and case.form is None:
        proof.append(_small_gap(error))
    return origin.finding(
        "gradient-mismatch",
        "warning" if error < NEGLIGIBLE else "error",
        headline,
        parameter=case.name,
        parameters=[case.name],
        proof=[*proof, *_table(case), _power_line([case])],
        evidence=_evidence(case),
        fix=Fix(fix) if fix else None,
    )


def _small_gap(error: float) -> str:
    if error < NEGLIGIBLE:
        return "a gap of this size comes from float32 in the backward code, or from a guard constant in the loss alone"
    return "a guard constant in the loss that the gradient leaves out often makes so small a gap"


def _evidence(case: Case) -> Json:
    location = case.location
    return {
        "relative_error": _finite(case.judgement.relative_error),
        "oracle": case.judgement.oracle,
        "form": case.form.kind if case.form else None,
        "rows": location.rows if location else [],
        "columns": location.columns if location else [],
        "entries": [_entry_json(e) for e in (case.entries or (location.entries if location else []))[:64]],
    }


def _structure(case: Case) -> tuple[str, list[str], str]:
    """Headline, proof lines and fix, as far as the numbers prove a structure."""
    name, form = case.name, case.form
    if form is not None and form.shift:
        what = "adds" if form.shift < 0 else "leaves out"
        amount = f"{abs(form.shift):.6g}"
        sign = "-" if form.shift < 0 else ""
        line = f"true - analytic = {sign}{amount} x {name}  along every direction, to {_digits(form.error)}"
        verb = "add" if form.shift > 0 else "take away"
        return f"the gradient of {name} {what} {amount} times {name} itself", [line], f"{verb} {amount} * {name}"
    if form is not None:
        plain = abs(form.factor - 1) <= 4 * form.error + 1e-12
        times = "" if plain else f"{forms.simple(form.factor, form.error)} times "
        line = f"true = {times}analytic, {form.kind}  along every direction, to {_digits(form.error)}"
        return f"the gradient of {name} is right {times}when it is {form.kind}", [line], f"use it {form.kind}"
    if not case.gradient.any():
        return f"the gradient of {name} is zero, the true one is not", [], ""
    return f"the gradient of {name} is off by {percent(case.judgement.relative_error)}{_where(case)}", [], ""


def _where(case: Case) -> str:
    """Which part of it is wrong, when that is less than everything."""
    location = case.location
    if location is None or not location.complete or not location.rows:
        wrong = len(case.entries)
        return f", in {wrong:,} of {case.gradient.size:,} entries" if case.exhaustive and wrong else ""
    rows, columns = location.shape
    if len(location.rows) * len(location.columns) == 1 and location.entries:
        return f", in entry {_index(location.entries[0])} only"
    if len(location.rows) <= rows // 2:
        noun = "row" if columns > 1 else "entry"
        return f", in {noun} {_listed(location.rows)} only" + (f" of {rows}" if rows > 8 else "")
    if len(location.columns) <= columns // 2:
        return f", in column {_listed(location.columns)} only"
    return ""


def _listed(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:6]))
    return shown if len(numbers) <= 6 else f"{shown} and {len(numbers) - 6} more"


def _index(entry: Entry) -> str:
    return "[" + ", ".join(map(str, entry.index)) + "]"


def _table(case: Case) -> list[str]:
    entries = (case.entries or (case.location.entries if case.location else []))[:SHOWN_ENTRIES]
    if not entries:
        return []
    width = max(len("entry"), *(len(_index(e)) for e in entries))
    lines = [f"{'entry':<{width}}  {'analytic':>12}  {'true':>12}  {'analytic / true':>15}"]
    for e in entries:
        ratio = f"{e.analytic / e.truth:15.5g}" if e.truth and abs(e.truth) > e.bound else f"{'-':>15}"
        lines.append(f"{_index(e):<{width}}  {e.analytic:12.5g}  {e.truth:12.5g}  {ratio}")
    return lines + _ratio_remark(entries)


def _ratio_remark(entries: list[Entry]) -> list[str]:
    ratios = [e.analytic / e.truth for e in entries if abs(e.truth) > 10 * e.bound]
    if len(ratios) < 3 or len(ratios) < len(entries) or not any(ratios):
        return []
    if max(ratios) - min(ratios) <= 1e-6 * max(map(abs, ratios)) and abs(ratios[0] - 1) > 1e-6:
        return [f"the same factor, {forms.simple(ratios[0], 1e-7)}, in all of these"]
    return []


def _power_line(cases: list[Case]) -> str:
    seen = max((c.judgement.smallest_error or 0.0 for c in cases), default=0.0)
    oracle = cases[0].judgement.oracle
    if seen == 0:
        return f"by {oracle}"
    return f"by {oracle}; an error of {seen:.1g} of a gradient's norm would have been seen"


def _digits(error: float) -> str:
    return f"{max(error, 1e-16):.0e}"


def explain(report: Report) -> str:
    """The report as plain text for a test failure."""
    wrong = sum(p.verdict == "wrong" for p in report.parameters)
    total = len(report.parameters)
    right = sum(p.verdict == "right" for p in report.parameters)
    head = f"{wrong} of {total} gradients wrong" if wrong else f"{right} of {total} gradients right"
    lines = [head, ""]
    lines += _rows(report.parameters)
    for finding in report.findings:
        lines += ["", *_paragraph(finding)]
    return "\n".join(lines)


def _rows(parameters: Iterable[Parameter]) -> list[str]:
    shown = [(p.name, " x ".join(map(str, p.shape)) or "scalar", _verdict_words(p)) for p in parameters]
    widths = [max((len(r[i]) for r in shown), default=0) for i in (0, 1)]
    return [f"  {name:<{widths[0]}}  {size:<{widths[1]}}  {words}" for name, size, words in shown]


def _verdict_words(p: Parameter) -> str:
    words = p.verdict.replace("_", " ")
    if p.verdict == "wrong" and p.scale is not None:
        words += f", {p.scale_text} times the true one"
    elif p.verdict == "wrong" and p.relative_error is not None:
        words += f", off by {percent(p.relative_error)}"
    elif p.smallest_error is not None and p.verdict == "right":
        words += f" (an error of {p.smallest_error:.1g} would have been seen)"
    return f"{words}: {p.reason}" if p.reason else words


def _paragraph(finding: Finding) -> list[str]:
    place = f"{finding.file}:{finding.line}" if finding.file else ""
    lines = [f"{finding.severity}[{finding.rule}]: {finding.message}"]
    if place:
        lines.append(f"  --> {place}" + (f" in {finding.function}()" if finding.function else ""))
    for label, texts in (("proof", finding.proof), ("effect", [finding.effect] if finding.effect else [])):
        lines += [f"{label if i == 0 else '':>8}  {text}" for i, text in enumerate(texts)]
    if finding.fix:
        lines.append(f"{'fix':>8}  {finding.fix.description}")
    return lines
