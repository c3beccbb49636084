"""Findings about the pair itself (shapes, keys, NaN, side effects), and the place that all findings point at."""

from __future__ import annotations

import difflib
import inspect
import linecache
import math
import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..results import Finding, Fix, Json, Parameter, Severity


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the function lives that a finding should point at, and the loss's name."""

    file: str
    line: int
    text: str
    name: str
    loss: str

    @classmethod
    def of(cls, function: Any, loss: Any) -> Origin:
        """Origin of `function`; a built-in gives no file."""
        function = inspect.unwrap(getattr(function, "__func__", function))
        code = getattr(function, "__code__", None)
        file = code.co_filename if code else ""
        line = code.co_firstlineno if code else 1
        return cls(file, line, _line(file, line), _name(function), _name(loss))

    def script(self) -> Json:
        """What `Report.script` holds for a check of functions."""
        folder, name = os.path.split(self.file)
        return {"path": name, "folder": folder, "function": self.name, "loss": self.loss}

    def finding(self, rule: str, severity: Severity, message: str, **more: Any) -> Finding:
        """A finding at this place."""
        indent = len(self.text) - len(self.text.lstrip())
        end = max(len(self.text.rstrip()), indent + 1) + 1
        place = (os.path.basename(self.file), self.line, indent + 1, self.line, end)
        return Finding(rule, severity, *place, message, function=self.name, **more)


def _line(file: str, line: int) -> str:
    return linecache.getline(file, line).rstrip("\n")


def _name(function: Any) -> str:
    name = getattr(function, "__name__", type(function).__name__)
    return "" if name == "<lambda>" else str(name)


def missing(origin: Origin, name: str, spare: list[str]) -> Finding:
    """A parameter without a gradient; `spare` are gradients without a parameter."""
    close = difflib.get_close_matches(name.replace("params", "grads"), spare, 1, 0.5)
    others = ", ".join(spare[:6]) or "nothing else"
    hint = [f"{close[0]} belongs to no parameter" if close else f"grads holds {others}"]
    return origin.finding(
        "gradient-missing", "error", f"no gradient was given for {name}", parameter=name, parameters=[name], proof=hint
    )


def shape(origin: Origin, base: Parameter, given: tuple[int, ...], mended_by: str) -> Finding:
    """A gradient of another shape than its parameter."""
    wanted = tuple(base.shape)
    proof = [f"shape of the parameter  {wanted}", f"shape of the gradient   {tuple(given)}"]
    if mended_by:
        proof.append(f"{mended_by}, and every value is right")
    fix = Fix("transpose it" if "transpose" in mended_by else f"reshape it to {wanted}") if mended_by else None
    spread = _broadcasts(wanted, tuple(given))
    return origin.finding(
        "gradient-shape",
        "error",
        f"the gradient of {base.name} has another shape than {base.name}",
        parameter=base.name,
        parameters=[base.name],
        proof=proof,
        effect="an update with it broadcasts without an error and changes entries by wrong amounts" if spread else "",
        fix=fix,
    )


def _broadcasts(wanted: tuple[int, ...], given: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(wanted, given) == wanted
    except ValueError:
        return False


def not_finite(origin: Origin, name: str, what: str) -> Finding:
    """NaN, infinity or no numbers at all in a gradient."""
    return origin.finding(
        "gradient-not-finite", "error", f"the gradient of {name} {what}", parameter=name, parameters=[name]
    )


def loss_not_finite(origin: Origin, value: float) -> Finding:
    """The loss itself is NaN or infinite."""
    return origin.finding(
        "loss-not-finite", "error", f"the loss is {value} at the parameters given, so it has no gradient there"
    )


def unsteady(origin: Origin, first: float, second: float) -> Finding:
    """Two evaluations at the same parameters differ although random numbers were replayed."""
    return origin.finding(
        "loss-not-deterministic",
        "error",
        "the loss gives different values for the same parameters",
        proof=[f"first {first:.17g}", f"then  {second:.17g}", "random generators were put back before each call"],
        effect="no difference of values means anything, so no gradient was judged",
        fix=Fix("reset the state it keeps (a counter, a running mean) at the start of each call"),
    )


def changes_inputs(origin: Origin, names: list[str], steady: bool) -> Finding:
    """Calling the loss changed arrays that it reads."""
    return origin.finding(
        "loss-changes-inputs",
        "warning",
        f"calling the loss changes {', '.join(names)}",
        proof=["the first values were put back before every evaluation"],
        effect="a second call works on other data than the first",
    )


def changes_parameters(origin: Origin, names: list[str]) -> Finding:
    """Calling the loss changed the parameters it was given."""
    return origin.finding(
        "loss-changes-parameters",
        "warning",
        f"calling the loss changes {', '.join(names)}",
        parameter=names[0],
        parameters=names,
        proof=["every evaluation got a fresh copy; your arrays are as they were"],
        effect="after one call the gradient belongs to other values than the loss",
    )


def precision(origin: Origin, name: str, dtype: str, lost: float) -> Finding:
    """The formula is judged in float64; this is what the lower precision does to the values."""
    amount = "is not finite" if not math.isfinite(lost) else f"is off by {percent(lost)}"
    return origin.finding(
        "precision-loss",
        "warning",
        f"in {dtype} the gradient of {name} {amount}, in float64 it is not",
        parameter=name,
        parameters=[name],
        proof=["the same code, run with float64 parameters, gives the reference"],
    )


def percent(error: float | None) -> str:
    if error is None or not math.isfinite(error):
        return "more than its own size"
    return f"{100 * error:.2g} %" if error >= 1e-4 else f"{error:.1e}"
