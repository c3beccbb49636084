"""The table of the backward pass and the graph of the network, from real runs: what is named, marked and coloured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gradcheck import Report, check_script
from gradcheck.results import BackwardRow

HEAD = """\
import numpy as np
rng = np.random.default_rng(3)
X = rng.standard_normal((12, 5))
Y = rng.standard_normal((12, 2))
W1 = rng.standard_normal((5, 4))
W2 = rng.standard_normal((4, 2))
for epoch in range(4):
    z = X @ W1
    h = np.tanh(z)
    out = h @ W2
    loss = ((out - Y) ** 2).sum() / 2
"""
RIGHT = """\
    delta = out - Y
    back = delta @ W2.T
    dz = back * (1 - h ** 2)
    dW2 = h.T @ delta
    dW1 = X.T @ dz
    W1 -= 0.01 * dW1
    W2 -= 0.01 * dW2
"""
WRONG = RIGHT.replace("(1 - h ** 2)", "(1 - h)")
LOOP = """\
import numpy as np
rng = np.random.default_rng(3)
xs = rng.standard_normal((9, 3))
W = 0.3 * rng.standard_normal((4, 4))
U = rng.standard_normal((3, 4))
for epoch in range(4):
    hs = [np.zeros(4)]
    for x in xs:
        a = hs[-1] @ W + x @ U
        hs.append(np.tanh(a))
    loss = (hs[-1] ** 2).sum() / 2
    dW, dU = np.zeros_like(W), np.zeros_like(U)
    g = hs[-1].copy()
    for t in range(len(xs) - 1, -1, -1):
        da = g * (1 - hs[t + 1] ** 2)
        dW += np.outer(hs[t], da)
        dU += np.outer(xs[t], da)
        g = da @ W.T
    W -= 0.01 * dW
    U -= 0.01 * dU
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    known: dict[str, Report] = {}

    def once(text: str) -> Report:
        if text not in known:
            path = tmp_path_factory.mktemp("script") / "model.py"
            path.write_text(text)
            known[text] = check_script(path)
        return known[text]

    return once


def row(report: Report, name: str) -> BackwardRow:
    (found,) = [row for row in report.backward if row.name == name]
    return found


def edge(report: Report, source: str, target: str) -> str | None:
    """The verdict on the edge between two nodes, given by the start of a label."""
    assert report.graph is not None
    names = {n["id"]: n.get("text") or n["name"] for n in report.graph["nodes"]}
    (found,) = [
        e for e in report.graph["edges"]
        if names[e["source"]].startswith(source) and names[e["target"]].startswith(target)
    ]  # fmt: skip
    return found.get("verdict")


def test_a_right_backward_pass_names_each_value_and_its_partner(run: Any) -> None:
    report = run(HEAD + RIGHT)
    assert [(r.line, r.name, r.partner, r.verdict) for r in report.backward] == [
        (12, "delta", "out", "right"),
        (13, "back", "h", "right"),
        (14, "dz", "z", "right"),
        (15, "dW2", "W2", "right"),
        (16, "dW1", "W1", "right"),
    ]
    assert all(r.residual == 0.0 and r.scale == pytest.approx(1.0) for r in report.backward)
    assert row(report, "back").shape == [12, 4]


def test_a_wrong_value_is_the_first_and_what_it_spoils_follows(run: Any) -> None:
    report = run(HEAD + WRONG)
    verdicts = {r.name: r.verdict for r in report.backward}
    assert verdicts == {"delta": "right", "back": "right", "dz": "first wrong", "dW2": "right", "dW1": "wrong"}
    dz, dw1 = row(report, "dz"), row(report, "dW1")
    assert dz.line == 14 and dz.residual is not None and dz.residual > 0.1
    assert dw1.partner == "W1" and dw1.residual == pytest.approx(report.parameters[0].residual, rel=1e-5)


def test_scales_are_told(run: Any) -> None:
    report = run(HEAD + RIGHT.replace("delta = out - Y", "delta = 3 * (Y - out)").replace("-=", "+="))
    assert row(report, "delta").scale == pytest.approx(-3)
    assert row(report, "delta").cosine == -1.0
    assert row(report, "delta").verdict == "right"


def test_the_graph_holds_parameters_data_and_lines(run: Any) -> None:
    graph = run(HEAD + RIGHT).graph
    assert graph is not None
    kinds = [(n["kind"], n.get("text") or n["name"]) for n in graph["nodes"]]
    assert sorted(kinds) == [
        ("data", "X"),
        ("data", "Y"),
        ("loss", "loss = ((out - Y) ** 2).sum() / 2"),
        ("operation", "h = np.tanh(z)"),
        ("operation", "out = h @ W2"),
        ("operation", "z = X @ W1"),
        ("parameter", "W1"),
        ("parameter", "W2"),
    ]
    assert {n["shape"] == [12, 4] for n in graph["nodes"] if n.get("text") == "z = X @ W1"} == {True}


def test_edges_are_right_where_the_derivative_is_the_scripts(run: Any) -> None:
    report = run(HEAD + RIGHT)
    ways = [("W1", "z ="), ("W2", "out ="), ("z =", "h ="), ("h =", "out ="), ("out =", "loss =")]
    assert [edge(report, *way) for way in ways] == ["right"] * 5
    assert edge(report, "X", "z =") is None


def test_edges_are_wrong_from_the_mistake_on(run: Any) -> None:
    report = run(HEAD + WRONG)
    ways = [("out =", "loss ="), ("h =", "out ="), ("W2", "out ="), ("z =", "h ="), ("W1", "z =")]
    assert [edge(report, *way) for way in ways] == ["right", "right", "right", "wrong", "wrong"]


def test_long_loops_are_folded(run: Any) -> None:
    report = run(LOOP)
    assert report.verdict == "clean"
    assert row(report, "da").partner == "a (9 passes)"
    assert len(report.backward) < 12


def test_very_long_loops_are_one_node_a_line(run: Any) -> None:
    report = run(LOOP.replace("(9, 3)", "(30, 3)"))
    assert report.graph is not None
    times = {n["text"]: n["times"] for n in report.graph["nodes"] if n["kind"] == "operation"}
    assert times["a = hs[-1] @ W + x @ U"] == 30


def test_nothing_is_wrong_in_a_clean_report(run: Any) -> None:
    for text in (HEAD + RIGHT, LOOP):
        report = run(text)
        assert report.verdict == "clean"
        assert {r.verdict for r in report.backward} == {"right"}


def test_a_sign_that_the_update_turns_back_is_no_wrong_row(run: Any) -> None:
    report = run(HEAD + RIGHT.replace("W1 -= ", "W1 += "))
    assert report.verdict == "errors"
    assert {r.name: r.verdict for r in report.backward}["dz"] == "right"


def test_a_name_that_is_not_ascii_is_found(run: Any) -> None:
    report = run((HEAD + RIGHT).replace("delta", "δ"))
    assert row(report, "δ").verdict == "right"


def test_pages_of_a_run_hold_the_table_and_the_drawing(run: Any) -> None:
    page = run(HEAD + WRONG).to_html()
    assert (
        '<tr class="first-wrong"' in page
        and "The first value that is no derivative of the loss is dz (line 14)" in page
    )
    assert page.count('class="edge wrong"') == 2 and "h = np.tanh(z)</text>" in page


def test_the_report_carries_its_source(run: Any, tmp_path: Path) -> None:
    report = run(HEAD + WRONG)
    assert report.sources == {"model.py": HEAD + WRONG}
