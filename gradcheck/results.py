"""What a run found: frozen data, to and from JSON. Every renderer reads this and nothing else.

Columns are characters counted from 1; ``end_column`` is exclusive. Figures at rounding level are ``0.0``
and are shown as "exact", so that one script gives the same bytes on every run of one machine. ``cell`` is a notebook's
code cell, counted from 1, and ``line`` is then counted inside of it; the cells' text is in the report's ``script``.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal, Self

SCHEMA_VERSION = 1

Verdict = Literal["right", "right_up_to_scale", "wrong", "inconclusive", "not_judged"]
ReportVerdict = Literal["clean", "errors", "partly_judged", "not_judged"]
Severity = Literal["error", "warning", "note"]
Json = dict[str, Any]


class Record:
    """Base of the dataclasses below: JSON by field name, unknown keys ignored when reading."""

    __slots__ = ()

    def to_json(self) -> Json:
        """The record as plain JSON values."""
        return {f.name: _plain(getattr(self, f.name)) for f in dataclasses.fields(self)}  # type: ignore[arg-type]

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """The inverse of `to_json`; keys that this version does not know are ignored."""
        nested = _NESTED.get(cls.__name__, {})
        known = {f.name for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
        return cls(**{k: _revive(nested.get(k), v) for k, v in data.items() if k in known})


@dataclass(frozen=True, slots=True)
class Span(Record):
    """A marked piece of the user's source. ``label`` says what it contributes."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    label: str = ""
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Edit(Record):
    """``text`` in the place of a piece of the source. A piece of no length stands before its column."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    text: str
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Fix(Record):
    """The edit that mends a finding.

    ``replacement`` takes the place of the finding's marked expression. ``tried`` holds what the re-check said
    before and after (``{"before": ..., "after": ...}``) or ``None`` when the edit was not tried. ``edits`` are what
    came out right when the script was run with them (then ``tried`` has ``"by": "edited run"``): one that puts
    ``replacement`` there, or several, or one somewhere else, and then there is no ``replacement``.
    """

    description: str
    replacement: str | None = None
    tried: Json | None = None
    edits: list[Edit] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Finding(Record):
    """One mistake, at one place, with its proof."""

    rule: str
    severity: Severity
    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    message: str
    label: str = ""
    function: str = ""
    cell: int | None = None
    parameter: str | None = None
    parameters: list[str] = field(default_factory=list)
    related: list[Span] = field(default_factory=list)
    proof: list[str] = field(default_factory=list)
    effect: str = ""
    fine_if: str = ""
    evidence: Json = field(default_factory=dict)
    fix: Fix | None = None
    training: int = 0
    suppressed: bool = False


@dataclass(frozen=True, slots=True)
class Parameter(Record):
    """One array (or scalar, or list of scalars) that the script trains.

    ``relative_error`` is ``|u - s t| / |s t|`` for the user's gradient u, the true one t and the scale s that most
    parameters share. ``certificate`` is the relative gap between the true gradient and a central difference along
    its own direction and a random one. ``scale`` is ``k = <u,t>/<t,t>``; ``residual`` is ``|u - k t| / |k t|``.
    ``direction`` is "downhill", "uphill" or "none", judged on what moved. ``ratios`` holds u / t in blocks where that
    has a pattern, ``differences`` errors of central differences by step, where a page was asked for.
    """

    name: str
    shape: list[int]
    verdict: Verdict
    names: list[str] = field(default_factory=list)
    file: str = ""
    line: int | None = None
    dtype: str = "float64"
    reason: str = ""
    relative_error: float | None = None
    certificate: float | None = None
    scale: float | None = None
    scale_text: str = ""
    residual: float | None = None
    cosine: float | None = None
    direction: str = ""
    gradient_norm: float | None = None
    wrong_from: int | None = None
    wrong_from_cell: int | None = None
    training: int = 0
    smallest_error: float | None = None
    evaluations: int | None = None
    entries: list[Json] = field(default_factory=list)
    ratios: Json | None = None
    differences: Json | None = None
    cell: int | None = None

    @property
    def size(self) -> int:
        """How many numbers the parameter holds."""
        count = 1
        for length in self.shape:
            count *= length
        return count


@dataclass(frozen=True, slots=True)
class Loss(Record):
    """The scalar whose derivative the gradients were compared with.

    ``kind`` is a formula's name ("softmax cross-entropy") or "expression"; ``source`` tells whether the script
    computes it
    itself ("own"), we inferred it from the output layer ("inferred") or nothing was found ("none").
    """

    kind: str
    source: Literal["own", "inferred", "none"]
    file: str = ""
    line: int | None = None
    text: str = ""
    witness: str = ""
    identified: bool = False
    candidates: list[str] = field(default_factory=list)
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Training(Record):
    """One training found in the script: the loop it runs in, its loss and how much was recorded."""

    id: int
    loss: Loss
    file: str = ""
    line: int | None = None
    steps: int = 0
    batch_size: int | None = None
    operations: int = 0
    values: int = 0
    replay: str = ""
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class BackwardRow(Record):
    """One intermediate of the user's backward pass against the true adjoint, in program order."""

    name: str
    file: str
    line: int
    shape: list[int]
    partner: str = ""
    scale: float | None = None
    residual: float | None = None
    cosine: float | None = None
    verdict: str = ""
    training: int = 0
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class GradientNorm(Record):
    """Euclidean norm of the analytic gradient of one parameter at one step and batch size."""

    parameter: str
    norm: float
    step: int = 1
    batch_size: int | None = None
    training: int = 0


@dataclass(frozen=True, slots=True)
class NotChecked(Record):
    """Something the report does not speak about, and why."""

    what: str
    why: str
    line: int | None = None
    file: str = ""
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome(Record):
    """How the script ended.

    ``kind``: finished, exit (sys.exit), exception, cut (we stopped it after the judged trainings), os_exit, signal,
    time_limit, interrupted, input, memory, missing_package, missing_file, syntax_error, unreadable.
    """

    kind: str
    message: str = ""
    line: int | None = None
    file: str = ""
    traceback: str = ""
    output_tail: str = ""
    after_cut: bool = False
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Report(Record):
    """Everything one run found. ``sources`` holds the text of the files named, as it was run.

    ``batch_sizes`` is the sweep over batch sizes and ``steps`` what many steps of one training told, None where not
    asked for; the JSON Schema says what they hold.
    """

    verdict: ReportVerdict
    script: Json
    loss: Loss | None = None
    trainings: list[Training] = field(default_factory=list)
    parameters: list[Parameter] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    backward: list[BackwardRow] = field(default_factory=list)
    graph: Json | None = None
    gradient_norms: list[GradientNorm] = field(default_factory=list)
    batch_sizes: Json | None = None
    steps: Json | None = None
    not_checked: list[NotChecked] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    outcome: Outcome | None = None
    sources: Json = field(default_factory=dict)
    seconds: Json = field(default_factory=dict)
    tool_version: str = ""
    schema_version: int = SCHEMA_VERSION

    def exit_code(self, *, strict: bool = False) -> int:
        """0 clean, 1 an error finding (a warning too when strict), 2 nothing judged, 3 partly judged."""
        severities = {f.severity for f in self.findings if not f.suppressed}
        if "error" in severities or (strict and "warning" in severities):
            return 1
        return {"errors": 1, "not_judged": 2, "partly_judged": 3}.get(self.verdict, 0)

    def to_html(self) -> str:
        """The report as one self-contained page."""
        return str(_pages().page([self]))

    def _repr_html_(self) -> str:
        """The report as a piece of HTML for a notebook's cell: no script, no style, plain tables."""
        return str(_pages().fragment(self))


def goal_name(finding: Finding) -> str:
    """The name of the file in which a run leaves what belongs at a finding's place."""
    place = (finding.line, finding.column, finding.end_line, finding.end_column)
    return f"{finding.rule}-{'-'.join(map(str, place))}.npy"


def _pages() -> Any:
    # By name: results know no renderer, and the child that imports this module has none.
    return import_module(".render.html", __package__)


_NESTED: dict[str, dict[str, type[Record]]] = {
    "Finding": {"related": Span, "fix": Fix},
    "Fix": {"edits": Edit},
    "Training": {"loss": Loss},
    "Report": {
        "loss": Loss,
        "trainings": Training,
        "parameters": Parameter,
        "findings": Finding,
        "backward": BackwardRow,
        "gradient_norms": GradientNorm,
        "not_checked": NotChecked,
        "outcome": Outcome,
    },
}


def _plain(value: Any) -> Any:
    if isinstance(value, Record):
        return value.to_json()
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None  # strict JSON has no NaN; the finding's text says what happened
    return value


def _revive(kind: type[Record] | None, value: Any) -> Any:
    if kind is None or value is None:
        return value
    if isinstance(value, list):
        return [kind.from_json(v) for v in value]
    return kind.from_json(value)
