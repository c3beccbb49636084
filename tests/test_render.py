"""The renderers, on reports made by hand: golden text at fixed widths, and what must hold for any text."""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.errors import RenderError
from gradcheck.options import Display
from gradcheck.render import RENDERERS, render, save
from gradcheck.render.progress import Progress
from gradcheck.render.view import (
    affected,
    cells,
    clean,
    factor,
    loss_words,
    off_by,
    outcome_words,
    shown_path,
    source_lines,
    summary,
    tried_words,
)
from gradcheck.render.window import Mark, cut_line, window
from gradcheck.results import Loss, Outcome, Parameter, Report, Training

from .sample_reports import HOSTILE, SAMPLES, SCRIPT, finding, sample
from .test_results import SCHEMA

WIDTHS = (60, 80, 100, 120)


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("width", WIDTHS)
def test_terminal(name: str, width: int, tmp_path: Path, golden) -> None:
    text = render([sample(name, tmp_path)], "text", Display(width=width))
    golden(f"{name}.{width}.txt", text)


@pytest.mark.parametrize("name", SAMPLES)
def test_concise(name: str, tmp_path: Path, golden) -> None:
    golden(f"{name}.concise.txt", render([sample(name, tmp_path)], "concise"))


@pytest.mark.parametrize("name", ["empty", "uphill"])
def test_json(name: str, tmp_path: Path, golden) -> None:
    report = sample(name, tmp_path)
    report.script["folder"] = "/somewhere"
    golden(f"{name}.json", render([report], "json"))


def test_terminal_in_colour(tmp_path: Path, golden) -> None:
    golden("uphill.color.txt", render([sample("uphill", tmp_path)], "text", Display(color=True)))


@pytest.mark.parametrize("name", SAMPLES)
def test_colour_adds_nothing_but_colour(name: str, tmp_path: Path) -> None:
    report = sample(name, tmp_path)
    plain = render([report], "text", Display(color=False))
    colored = render([report], "text", Display(color=True))
    assert re.sub("\x1b\\[[0-9;]*m", "", colored) == plain
    assert "\x1b" not in plain


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("width", WIDTHS)
def test_source_windows_keep_to_the_width(name: str, width: int, tmp_path: Path) -> None:
    text = render([sample(name, tmp_path)], "text", Display(width=width))
    assert [line for line in text.split("\n") if re.match(r" *\d* [|:] ", line) and cells(line) > width] == []


@pytest.mark.parametrize("form", RENDERERS)
@pytest.mark.parametrize("name", SAMPLES)
def test_every_form_ends_its_last_line(form: str, name: str, tmp_path: Path) -> None:
    text = render([sample(name, tmp_path)], form)
    assert text == "" or (text.endswith("\n") and not text.endswith("\n\n"))
    assert all(line == line.rstrip() for line in text.split("\n"))


@pytest.mark.parametrize("form", ["text", "concise"])
@pytest.mark.parametrize("piece", ["W[i]", "h[dim]", "x[/i]", ":cat:", "\\x1b"])
@pytest.mark.parametrize("color", [False, True])
def test_user_text_is_never_markup(form: str, piece: str, color: bool, tmp_path: Path) -> None:
    assert piece in render([sample("hostile", tmp_path)], form, Display(color=color))


@pytest.mark.parametrize("form", RENDERERS)
def test_no_control_character_of_the_user_gets_through(form: str, tmp_path: Path) -> None:
    text = render([sample("hostile", tmp_path)], form)
    assert re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f]", text) == []


def test_carets_stand_under_wide_characters(tmp_path: Path) -> None:
    lines = render([sample("hostile", tmp_path)], "text").split("\n")
    source = next(i for i, line in enumerate(lines) if line.startswith(" 2 | "))
    start = lines[source + 1].index("^")
    assert cells(lines[source].partition("勾配")[0]) == start
    assert lines[source + 1].count("^") == cells("勾配")


def test_quiet_shows_findings_only(tmp_path: Path) -> None:
    text = render([sample("uphill", tmp_path)], "text", Display(quiet=True))
    assert text.startswith("error[sign-flipped-update]") and "loss:" not in text and "changed:" not in text
    assert render([sample("crowded", tmp_path)], "text", Display(quiet=True)) == ""


def test_several_reports(tmp_path: Path) -> None:
    reports = [sample("empty", tmp_path), sample("uphill", tmp_path)]
    assert json.loads(render(reports, "json")).keys() == {"reports", "schema_version"}
    jsonschema.validate(json.loads(render(reports, "json")), SCHEMA)
    assert render(reports, "text").count("model.py: ") == 2


def test_suppressed_findings_are_not_shown(tmp_path: Path) -> None:
    report = sample("uphill", tmp_path)
    hidden = finding(HOSTILE, 1, "order", rule="muted-rule", message="not to be seen", suppressed=True)
    report.findings.append(hidden)
    assert "muted-rule" not in render([report], "text") + render([report], "concise")
    assert "muted-rule" in render([report], "json")


def test_source_that_is_gone_keeps_the_labels(tmp_path: Path) -> None:
    report = sample("uphill", tmp_path)
    (tmp_path / "model.py").unlink()
    text = render([report], "text")
    assert "line 1: target minus output" in text and "line 7: subtracts it again" in text


def test_source_that_has_shrunk_is_survived(tmp_path: Path) -> None:
    report = sample("uphill", tmp_path)
    (tmp_path / "model.py").write_text("x\n")
    assert "sign-flipped-update" in render([report], "text")


def test_a_span_in_another_file(tmp_path: Path) -> None:
    report = sample("uphill", tmp_path)
    span = report.findings[0].related[0]
    (tmp_path / "layers.py").write_text("def forward(x): return x\n")
    report.findings[0].related[:] = [type(span)("layers.py", 1, 5, 1, 12, "made here")]
    text = render([report], "text")
    assert "::: layers.py:1:5" in text and "^^" in text
    assert " 1 | def forward(x): return x\n   |     ------- made here\n" in text


@pytest.mark.parametrize(
    ("end_line", "shown"),
    [(1, ["^^^^^"]), (3, ["^^^^^", "^^", "^ why"]), (9, ["^^^^^", "^^", "^^", "^^ why"])],
)
def test_a_span_of_several_lines(end_line: int, shown: list[str], tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("y = f(a,\n    b,\n    c,\n    d,\n" + "    e,\n" * 5)
    end_column = 9 if end_line == 1 else 6
    item = finding("y = f(a,", 1, "f(a,", rule="r", message="m", label="" if end_line == 1 else "why")
    item = type(item)(
        **{
            **{f: getattr(item, f) for f in item.__dataclass_fields__},
            "column": 4,
            "end_line": end_line,
            "end_column": end_column,
        }
    )
    report = Report("errors", {**SCRIPT, "folder": str(tmp_path)}, findings=[item])
    text = render([report], "text")
    assert re.findall(r"\^+.*", text) == shown


@given(
    text=st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=200),
    spans=st.lists(st.tuples(st.integers(0, 220), st.integers(0, 40), st.text(max_size=60)), min_size=1, max_size=4),
    width=st.sampled_from(WIDTHS),
)
def test_any_line_can_be_shown(text: str, spans: list[tuple[int, int, str]], width: int) -> None:
    marks = [Mark(1, start, start + size, label, i == 0) for i, (start, size, label) in enumerate(spans)]
    rows = ["".join(piece for piece, _ in row) for row in window([text], marks, width)]
    assert cells(rows[1]) <= width
    assert any("^" in row for row in rows[2:])
    assert all(cells(re.sub(r"[^^|\- ].*", "", row)) <= width for row in rows)


@given(
    text=st.text(st.characters(codec="ascii", categories=["L", "P"]), min_size=80, max_size=300),
    start=st.integers(0, 79),
)
def test_a_cut_keeps_what_is_marked(text: str, start: int) -> None:
    cut = cut_line(text, [(start, start + 5)], 40)
    place = cut.places[start]
    assert cut.text[place : place + 5] == text[start : start + 5]
    assert len(cut.text) <= 40


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (None, "-"),
        (0.0, "exact"),
        (3e-7, "3.0e-07"),
        (1e-4, "0.01 %"),
        (0.00012, "0.012 %"),
        (0.0123, "1.2 %"),
        (0.5, "50 %"),
        (0.999, "100 %"),
        (1.0, "100 %"),
        (2.345, "230 %"),
        (11.4, "11x"),
        (1234.5, "1,200x"),
        (1e9, "1e+09x"),
    ],
)
def test_off_by(error: float | None, words: str) -> None:
    assert off_by(error) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [(1.0, "1"), (1 / 128, "1/128"), (-2.0, "-2"), (-1 / 3, "-1/3"), (1024.0, "1,024"), (0.437, "0.437"), (0.0, "0")],
)
def test_factor(value: float, words: str) -> None:
    assert factor(value) == words


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (Loss("", "none"), "loss: not found"),
        (Loss("", "none", candidates=["hinge"]), "loss: not found; tried: hinge"),
        (
            Loss("hinge", "own", line=3, text="l =  max(0,\n 1 - y)"),
            "loss: hinge, the script's own (`l = max(0, 1 - y)`, line 3)",
        ),
        (Loss("hinge", "inferred"), "loss: hinge, inferred, not certain"),
        (Loss("hinge", "inferred", identified=True, witness="because"), "loss: hinge, inferred (because)"),
        (Loss("expression", "own", line=3), "loss: the script's own (line 3)"),
    ],
)
def test_loss_words(loss: Loss, words: str) -> None:
    assert loss_words(loss) == words


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (None, ""),
        (Outcome("finished"), ""),
        (Outcome("cut", "ended"), ""),
        (Outcome("exit"), ""),
        (Outcome("exit", "exit code 3", 4), "the script left by sys.exit: exit code 3 (line 4)"),
        (Outcome("exception", "ValueError: no", 4, "/home/me/model.py"), "the script raised: ValueError: no (line 4)"),
        (
            Outcome("exception", "ValueError", 4, "/home/me/net/a.py"),
            "the script raised: ValueError (net/a.py, line 4)",
        ),
        (Outcome("exception", "ValueError", 4, "/usr/a.py"), "the script raised: ValueError (/usr/a.py, line 4)"),
        (Outcome("signal"), "the script ended: signal"),
        (
            Outcome("exception", "E", 1, after_cut=True),
            "after its training had been ended early the script raised E (line 1); that is our doing",
        ),
    ],
)
def test_outcome_words(outcome: Outcome | None, words: str) -> None:
    assert outcome_words(Report("clean", {"path": "model.py", "folder": "/home/me"}, outcome=outcome)) == words


@pytest.mark.parametrize(
    ("tried", "words"),
    [
        ({"after": "both descend"}, "both descend"),
        ({"before": 0.5, "after": 0.0}, "off by 50 % before, exact after"),
        ({"after": 0.25}, "off by 25 %"),
    ],
)
def test_tried_words(tried: dict, words: str) -> None:
    assert tried_words(tried) == f"tried on the recorded step: {words}"


def _judged(*verdicts: str) -> Report:
    parameters = [Parameter(f"W[{i}]", [1], verdict) for i, verdict in enumerate(verdicts)]  # type: ignore[arg-type]
    return Report("clean", {"path": "m.py"}, parameters=parameters)


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        ((), "no parameter found"),
        (("right",), "1 of 1 parameter right"),
        (("right", "right_up_to_scale"), "2 of 2 parameters right"),
        (("right", "wrong", "not_judged"), "1 of 3 parameters wrong, 1 not judged"),
        (("right", "inconclusive"), "1 of 2 parameters not judged"),
    ],
)
def test_summary(verdicts: tuple[str, ...], words: str) -> None:
    assert summary(_judged(*verdicts)) == f"0 errors, 0 warnings; {words}"


@pytest.mark.parametrize(("replays", "words"), [(["exact"] * 2, "exact"), (["exact", "differs"], "exact and differs")])
def test_summary_tells_each_kind_of_replay_once(replays: list[str], words: str) -> None:
    loss = Loss("hinge", "own")
    trainings = [Training(i, loss, operations=1000, replay=replay) for i, replay in enumerate(replays)]
    assert f"2,000 operations followed, replay {words}" in summary(Report("clean", {}, trainings=trainings))


@pytest.mark.parametrize(
    ("count", "named", "words"),
    [
        (2, [0], "W[0]"),
        (2, [0, 1], "W[0], W[1]"),
        (5, range(5), "every parameter"),
        (9, range(8), "W[0], W[1], W[2], W[3] and 4 more"),
        (2, [], ""),
    ],
)
def test_affected(count: int, named: list[int], words: str) -> None:
    report = _judged(*["wrong"] * count)
    item = finding(HOSTILE, 1, "order", rule="r", message="m", parameters=[f"W[{i}]" for i in named])
    assert affected(report, item) == words


@pytest.mark.parametrize(
    ("script", "file", "shown"),
    [
        ("model.py", "model.py", "model.py"),
        ("cases/a/model.py", "layers.py", "cases/a/layers.py"),
        ("../x/model.py", "../y.py", "../y.py"),
        ("model.py", "/usr/lib/a.py", "/usr/lib/a.py"),
        ("a/model.py", "", "a/model.py"),
    ],
)
def test_shown_path(script: str, file: str, shown: str) -> None:
    assert shown_path(Report("clean", {"path": script}), file) == shown


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        ("a = 'é'\n".encode(), ("a = 'é'", "")),
        ("# coding: latin-1\na = 'é'".encode("latin-1"), ("# coding: latin-1", "a = 'é'")),
        (b"\xef\xbb\xbfa = 1\r\nb", ("a = 1", "b")),
        (b"a = '\xff'", ("a = 'ÿ'",)),
        ("a = '\x0c\u2028'\nb".encode(), ("a = '\x0c\u2028'", "b")),
    ],
)
def test_sources_are_read_as_python_reads_them(data: bytes, lines: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "model.py").write_bytes(data)
    assert source_lines(Report("clean", {"path": "model.py", "folder": str(tmp_path)}), "") == lines


@given(st.text())
def test_cleaned_text_can_be_printed_anywhere(text: str) -> None:
    assert re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", clean(text)) == []


def test_save_replaces_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    path.write_text("old")
    save(str(path), "new\n")
    assert path.read_text() == "new\n"
    assert os.listdir(tmp_path) == ["report.txt"]


def test_save_says_why_not(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="cannot be written"):
        save(str(tmp_path / "none" / "report.txt"), "new")


def test_save_writes_to_a_device() -> None:
    save(os.devnull, "new")
    assert not os.path.isfile(os.devnull)


def test_progress_is_silent_at_first_then_tells_phase_and_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("gradcheck.render.progress.time.monotonic", lambda: clock[0])
    stream = io.StringIO()
    progress = Progress(stream, "W[i]\x1b.py")
    seen = []
    for second, event in ((0.1, None), (0.6, None), (0.7, None), (1.2, {"event": "training", "training": {"id": 0}})):
        clock[0] = second
        if event:
            progress.event(event)
        progress.tick()
        seen.append(stream.getvalue().replace("\r", "").strip())
        stream.truncate(stream.seek(0))
    assert seen == ["", "W[i]\\x1b.py: recording, 1 s", "", "W[i]\\x1b.py: 1 training checked, running on, 1 s"]
    progress.clear()
    assert stream.getvalue().strip() == ""
