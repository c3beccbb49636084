"""One check of functions: prepare the target, judge parameter by parameter, gather the report."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import UsageError
from ..numeric import forms, locate
from ..numeric.target import Place, Surroundings, Target
from ..numeric.tree import Leaf, leaves
from ..numeric.verdict import Check, Judgement, judge
from ..results import Finding, NotChecked, Parameter, Report
from . import problems, wording
from .gradients import Function, Gradients, calling, takes_arguments
from .problems import Origin
from .wording import Case

POWER = 0.1
PREPARATION = 9


@dataclass(frozen=True, slots=True)
class Settings:
    """Options of a check, see `functions.check_gradients`."""

    exhaustive: bool = False
    seed: int = 0
    power: float = POWER
    progress: Callable[[int, int], None] | None = None


def _why_not(leaf: Leaf, array: np.ndarray, in_place: bool) -> str:
    """Why this leaf cannot be judged; empty when it can."""
    if array.dtype.kind in "iub":
        kind = "integers have" if array.dtype.kind in "iu" else "truth values have"
        return f"{kind} no derivative: make it floating point, for example with .astype(float)"
    if array.dtype.kind == "c":
        return "complex parameters are not supported: pass real and imaginary part"
    if array.dtype.kind != "f":
        return f"dtype {array.dtype} holds no numbers with a derivative"
    if in_place and not isinstance(leaf.value, np.ndarray):
        return "the loss takes no arguments, and this is no array that could be changed in place"
    if in_place and not leaf.value.flags.writeable:
        return "the loss takes no arguments, and this array is read-only"
    if not np.all(np.isfinite(array)):
        return f"holds {_counted(int(np.sum(~np.isfinite(array))))} not finite"
    return ""


@dataclass(slots=True)
class Run:
    """One check: prepares the target, judges parameter by parameter, and gathers the report."""

    loss: Function
    params: Any
    grads: Any
    settings: Settings
    origin: Origin
    names: list[str] | None = None
    findings: list[Finding] = field(default_factory=list)
    parameters: list[Parameter] = field(default_factory=list)
    not_checked: list[NotChecked] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)

    def report(self, started: float | None = None) -> Report:
        """Run the check."""
        started = time.perf_counter() if started is None else started
        found = self._named(leaves(self.params))
        if not found:
            raise UsageError("params holds no array", "pass the arrays that the loss depends on")
        in_place = not takes_arguments(self.loss)
        arrays = [np.asarray(leaf.value) for leaf in found]
        reasons = [_why_not(leaf, a, in_place) for leaf, a in zip(found, arrays, strict=True)]
        around = self._surroundings(found)
        try:
            target = self._target(found, arrays, reasons, in_place, around)
            self._judge_all(target, found, reasons)
        finally:
            around.rewind()
        return self._gather(started)

    def _named(self, found: list[Leaf]) -> list[Leaf]:
        names = self.names or [leaf.name for leaf in found]
        return [Leaf(leaf.path, name, leaf.value) for leaf, name in zip(found, names, strict=True)]

    def _surroundings(self, found: list[Leaf]) -> Surroundings:
        functions = [f for f in (self.loss, self.grads) if callable(f)]
        return Surroundings(functions, [leaf.value for leaf in found if isinstance(leaf.value, np.ndarray)])

    def _target(
        self, found: list[Leaf], arrays: list[np.ndarray], reasons: list[str], in_place: bool, around: Surroundings
    ) -> Target:
        def place(leaf: Leaf, array: np.ndarray, reason: str, shadow: bool) -> Place:
            if reason:
                return Place(leaf, leaf.value)
            base = np.array(array, dtype=float if shadow and not in_place else array.dtype)
            return Place(leaf, base, leaf.value if in_place else None)

        def places(shadow: bool) -> list[Place]:
            return [place(*row, shadow) for row in zip(found, arrays, reasons, strict=True)]

        call = calling(self.loss, self.params)
        target = Target(call, self.params, places(True), around)
        try:
            again, altered, steady = target.first_look()
        except (TypeError, ValueError):
            if in_place or all(a.dtype != np.float32 and a.dtype != np.float16 for a in arrays):
                raise
            spent = target.evaluations
            target = Target(call, self.params, places(False), around)  # code that insists on its own precision
            target.evaluations = spent
            target.complex_works = False
            again, altered, steady = target.first_look()
        self._first_findings(target, again, altered, steady)
        if math.isfinite(target.value) and steady:
            target.measure_noise(np.random.default_rng(self.settings.seed), PREPARATION + 1 - target.evaluations)
        else:
            target.value = math.nan
        return target

    def _first_findings(self, target: Target, again: float, altered: list[str], steady: bool) -> None:
        if around := sorted(target.around.changed):
            self.findings.append(problems.changes_inputs(self.origin, around, steady))
        if altered:
            self.findings.append(problems.changes_parameters(self.origin, altered))
        if not steady:
            self.findings.append(problems.unsteady(self.origin, target.value, again))
        elif not math.isfinite(target.value):
            self.findings.append(problems.loss_not_finite(self.origin, target.value))
        if target.around.drew_random_numbers():
            self.changed.append("random numbers were replayed: every evaluation saw the same ones")

    def _judge_all(self, target: Target, found: list[Leaf], reasons: list[str]) -> None:
        cases: list[Case] = []
        gradients = Gradients(self.grads, self.params, target, found)
        self.not_checked += gradients.unused()
        for index, (leaf, reason) in enumerate(zip(found, reasons, strict=True)):
            case = self._case(target, gradients, index, leaf, reason)
            if case is not None:
                cases.append(case)
        for index, case in enumerate(cases):
            self.parameters[case.row] = case.parameter()
            cases[index] = case
        self.findings += wording.mistakes(self.origin, cases, target.around.shapes)
        self.findings += gradients.precision(self.origin)

    def _case(self, target: Target, gradients: Gradients, index: int, leaf: Leaf, reason: str) -> Case | None:
        """Adds the parameter's row; gives a case when there is a judgement to speak of."""
        shape = [int(n) for n in np.shape(leaf.value)]
        row = Parameter(leaf.name, shape, "not_judged", dtype=str(np.asarray(leaf.value).dtype), reason=reason)
        self.parameters.append(row)
        if not reason and not math.isfinite(target.value):
            reason = "the loss has no steady finite value at the parameters given"
        value = None if reason else gradients.of(index)
        if reason:
            self.parameters[-1] = wording.row(row, "not_judged", reason)
        elif value is None:
            self.findings.append(problems.missing(self.origin, leaf.name, gradients.spare))
            self.parameters[-1] = wording.row(row, "wrong", "no gradient was given")
        elif value.dtype.kind not in "fiub":
            self.findings.append(problems.not_finite(self.origin, leaf.name, f"has dtype {value.dtype}"))
            self.parameters[-1] = wording.row(row, "wrong", f"the gradient has dtype {value.dtype}")
        else:
            return self._judged(target, gradients, index, row, value)
        return None

    def _judged(
        self, target: Target, gradients: Gradients, index: int, row: Parameter, value: np.ndarray
    ) -> Case | None:
        place = target.places[index]
        if place.base.size == 0 and value.size == 0:
            self.parameters[-1] = wording.row(row, "right", "empty")
            return None
        bad = int(np.sum(~np.isfinite(value)))
        if bad:
            self.findings.append(problems.not_finite(self.origin, row.name, f"holds {_counted(bad)} not finite"))
            self.parameters[-1] = wording.row(row, "wrong", "the gradient is not finite")
            return None
        twisted = value.shape != place.base.shape
        candidate = _reshaped(value, place.base.shape) if twisted else value
        if candidate is None:
            self.findings.append(problems.shape(self.origin, row, value.shape, ""))
            self.parameters[-1] = wording.row(row, "wrong", f"the gradient has shape {value.shape}")
            return None
        case = self._examine(target, gradients, index, row, candidate)
        if twisted:
            how = "its transpose" if value.ndim == 2 and value.T.shape == place.base.shape else "reshaped it"
            agrees = case.judgement.verdict == "right"
            self.findings.append(problems.shape(self.origin, row, value.shape, how if agrees else ""))
            self.parameters[-1] = wording.row(row, "wrong", f"the gradient has shape {value.shape}")
            return None
        return case

    def _examine(self, target: Target, gradients: Gradients, index: int, row: Parameter, value: np.ndarray) -> Case:
        check = Check(target, index, value, gradients.unit(index, value), self.settings.seed)
        judgement = judge(check, self.settings.power)
        exact = judgement.oracle == "complex step"
        case = Case(row, len(self.parameters) - 1, judgement, check.gradient, unit=check.unit)
        if self.settings.exhaustive:
            entries = locate.every_entry(check, exact, self.settings.progress)
            case.every(entries, judgement, check.target.evaluations - check.started)
            return case
        if judgement.verdict == "wrong":
            case.scale = forms.scale(judgement.readings)
            case.form = forms.explain(judgement.readings, check.gradient, np.asarray(target.places[index].base, float))
            if case.scale is None:
                case.location = locate.locate(check, _worst(judgement), exact)
        return case

    def _gather(self, started: float) -> Report:
        errors = any(f.severity == "error" for f in self.findings)
        open_ = [p for p in self.parameters if p.verdict in ("not_judged", "inconclusive")]
        verdict = "errors" if errors else "not_judged" if len(open_) == len(self.parameters) else "clean"
        if not errors and 0 < len(open_) < len(self.parameters):
            verdict = "partly_judged"
        return Report(
            verdict,  # type: ignore[arg-type]
            self.origin.script(),
            parameters=self.parameters,
            findings=self.findings,
            not_checked=self.not_checked,
            changed=self.changed,
            seconds={"total": time.perf_counter() - started},
        )


def _counted(values: int) -> str:
    return "1 value that is" if values == 1 else f"{values:,} values that are"


def _worst(judgement: Judgement) -> Any:
    """The random direction whose gap stands out most: along the gradient itself errors may cancel."""
    random = [r for r in judgement.readings if not r.along]
    return max(random, key=lambda r: abs(r.gap) / r.bound if r.bound else math.inf)


def _reshaped(value: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    """`value` in the parameter's shape when that takes no more than a transpose or dropping axes of length one."""
    if value.ndim == 2 and value.T.shape == shape:
        return value.T
    squeezed = tuple(n for n in shape if n != 1)
    return value.reshape(shape) if tuple(n for n in value.shape if n != 1) == squeezed else None
