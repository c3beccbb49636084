"""Records to and from JSON, and what an exit code says."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import gradcheck
from gradcheck import results
from gradcheck.results import Finding, Outcome, Parameter, Report

from .sample_reports import SAMPLES, sample

SCHEMA = json.loads((Path(results.__file__).parent / "render" / "schema.json").read_text())
RECORDS = [kind for kind in vars(results).values() if dataclasses.is_dataclass(kind)]


@pytest.mark.parametrize("name", SAMPLES)
def test_json_round_trip(name: str, tmp_path: Path) -> None:
    report = sample(name, tmp_path)
    assert Report.from_json(json.loads(json.dumps(report.to_json()))) == report


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
def test_schema_names_every_field(kind: type) -> None:
    described = SCHEMA["$defs"][kind.__name__]
    names = sorted(f.name for f in dataclasses.fields(kind))
    assert sorted(described["properties"]) == names
    assert described["required"] == names


def test_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", SAMPLES)
def test_reports_follow_the_schema(name: str, tmp_path: Path) -> None:
    jsonschema.validate(sample(name, tmp_path).to_json(), SCHEMA)


@pytest.mark.parametrize(
    ("key", "value"),
    [("verdict", "fine"), ("parameters", [{"name": "W"}]), ("schema_version", 2), ("seconds", {"total": "long"})],
)
def test_schema_refuses(key: str, value: Any, tmp_path: Path) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**sample("uphill", tmp_path).to_json(), key: value}, SCHEMA)


def test_unknown_keys_are_ignored() -> None:
    assert Outcome.from_json({"kind": "finished", "mood": "good"}) == Outcome("finished")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_json_has_no_nan(value: float) -> None:
    assert Parameter("W", [2], "wrong", scale=value).to_json()["scale"] is None


def test_size_of_a_scalar_is_one() -> None:
    assert [Parameter("b", [], "right").size, Parameter("W", [3, 4], "right").size] == [1, 12]


def _report(verdict: str, *severities: str, suppressed: bool = False) -> Report:
    findings = [Finding("r", s, "m.py", 1, 1, 1, 2, "m", suppressed=suppressed) for s in severities]  # type: ignore[arg-type]
    return Report(verdict, {"path": "m.py"}, findings=findings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("report", "code", "strict"),
    [
        (_report("clean"), 0, 0),
        (_report("clean", "note"), 0, 0),
        (_report("clean", "warning"), 0, 1),
        (_report("errors", "warning", "error"), 1, 1),
        (_report("errors"), 1, 1),
        (_report("not_judged"), 2, 2),
        (_report("not_judged", "error"), 1, 1),
        (_report("partly_judged", "warning"), 3, 1),
        (_report("clean", "error", "warning", suppressed=True), 0, 0),
    ],
)
def test_exit_code(report: Report, code: int, strict: int) -> None:
    assert (report.exit_code(), report.exit_code(strict=True)) == (code, strict)


def test_the_package_offers_the_report() -> None:
    assert gradcheck.Report is Report
