"""The HTML page as text: its policy, its order, what it escapes, what it weighs. A browser looks at it elsewhere."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import inspect
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gradcheck import check_script, cli
from gradcheck.render import render
from gradcheck.render.manual import manual, paragraphs
from gradcheck.results import BackwardRow, Fix, Outcome, Parameter, Report
from gradcheck.rules import softmax_derivative_doubled

from .sample_reports import SAMPLES, finding, sample

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&\x1b[31m\x07\u202e"
VOID = {"meta", "input", "link", "br", "img", "hr"}


class Reader(html.parser.HTMLParser):
    """Collects tags, ids, links and text, and notes tags that are not closed where they should be."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.unbalanced: list[str] = []
        self.inside: dict[str, list[str]] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open:
            self.inside.setdefault(self.open[-1], []).append(data)

    @property
    def ids(self) -> list[str]:
        return [str(a["id"]) for _, a in self.tags if "id" in a]

    @property
    def headings(self) -> list[str]:
        return [text.strip() for text in self.inside.get("h2", [])]


def rich_report(folder: Path) -> Report:
    """A report with something in every section."""
    report = sample("uphill", folder)
    rows = [
        BackwardRow("layer_2_delta", "model.py", 1, [128, 10], "layer_2", 1 / 128, 0.0, 1.0, "right"),
        BackwardRow("l1d_reshape", "model.py", 5, [128, 16], "kernel_output", 0.4, 0.5, 0.89, "first wrong"),
        BackwardRow("k_update", "model.py", 6, [9, 16], "kernels", 0.4, 0.5, 0.89, "wrong"),
    ]
    graph = {
        "nodes": [
            {"id": 0, "kind": "parameter", "name": "kernels", "shape": [9, 16], "verdict": "wrong"},
            {"id": 1, "kind": "data", "name": "images", "shape": [128, 9]},
            {
                "id": 2,
                "kind": "operation",
                "name": "z",
                "text": "z = x @ kernels",
                "line": 1,
                "shape": [128, 16],
                "times": 2,
            },
            {"id": 3, "kind": "loss", "name": "loss", "text": "-np.sum(y * np.log(p))", "line": 2, "shape": []},
        ],
        "edges": [
            {"source": 0, "target": 2, "verdict": "wrong"},
            {"source": 1, "target": 2},
            {"source": 2, "target": 3, "verdict": "right"},
            {"source": 3, "target": 2},
        ],
    }
    return replace(report, backward=rows, graph=graph)


@pytest.fixture
def page(tmp_path: Path) -> str:
    return rich_report(tmp_path).to_html()


@pytest.mark.parametrize("name", SAMPLES)
def test_pages_are_well_formed(name: str, tmp_path: Path) -> None:
    reader = Reader(sample(name, tmp_path).to_html())
    assert reader.unbalanced == [] and reader.open == []
    assert len(set(reader.ids)) == len(reader.ids)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_link_leads_somewhere_on_the_page(name: str, tmp_path: Path) -> None:
    reader = Reader(sample(name, tmp_path).to_html())
    links = [str(a["href"]) for _, a in reader.tags if "href" in a]
    assert [link for link in links if not link.startswith("#") or link[1:] not in reader.ids] == []
    named = [
        i for _, a in reader.tags for key in ("aria-labelledby", "data-copy") for i in str(a.get(key) or "").split()
    ]
    assert [i for i in named if i not in reader.ids] == []


def test_the_policy_allows_the_one_style_and_the_one_script(page: str) -> None:
    reader = Reader(page)
    policy = next(a["content"] for _, a in reader.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None and policy.startswith("default-src 'none';") and "unsafe" not in policy
    for tag in ("style", "script"):
        assert [name for name, _ in reader.tags].count(tag) == 1
        held = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert held is not None
        digest = base64.b64encode(hashlib.sha256(held[1].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_nothing_is_loaded_and_nothing_is_styled_in_place(page: str) -> None:
    reader = Reader(page)
    for tag, attributes in reader.tags:
        assert tag not in ("link", "iframe", "object", "embed", "img", "base")
        assert not {"src", "style", "srcset", "action", "formaction"} & set(attributes)
        assert [key for key in attributes if key.startswith("on")] == []
    assert re.findall(r"url\(|@import|https?://", page) == []


def test_sections_come_in_the_order_of_a_reader(page: str) -> None:
    assert Reader(page).headings == [
        "Findings", "Parameters", "Backward pass", "Network", "Source", "Checked and right", "How to reproduce", "Keys",
    ]  # fmt: skip
    assert page.index("<h1>1 of 2 parameters wrong: this update moves kernels uphill (line 7).</h1>") < page.index(
        "<h2"
    )


def test_sections_with_nothing_to_say_are_absent(tmp_path: Path) -> None:
    report = sample("empty", tmp_path)
    (tmp_path / "model.py").unlink()
    assert Reader(report.to_html()).headings == ["How to reproduce", "Keys"]


def test_a_card_holds_its_five_parts(page: str) -> None:
    text = " ".join(" ".join(pieces) for pieces in Reader(page).inside.values())
    for part in (
        "this update moves kernels uphill",
        "subtracts it again: uphill",
        "cosine between step and gradient",
        "drift away from the minimum",
        "- kernels -= alpha*k_update",
        "+ kernels += alpha*k_update",
        "both steps descend",
    ):
        assert part in text


def test_the_expression_is_marked(page: str) -> None:
    assert '<mark class="mark primary">-=</mark>' in page
    assert '<mark class="mark secondary">labels[batch_start:batch_end]-layer_2</mark>' in page


def test_formulas_stand_side_by_side(tmp_path: Path) -> None:
    report = sample("doubled", tmp_path)
    report.findings[0] = replace(report.findings[0], fix=Fix("", "1.0", {"before": {"W": 0.9}, "after": {"W": 0.0}}))
    page = report.to_html()
    wrong, right = page.index('class="wrong" tabindex'), page.index('class="right" tabindex')
    assert "softmax_derivative(Z[-1])" in page[wrong:right] and ">1.0</pre>" in page[right:]
    assert "<td>off by 90 %</td><td>exact</td>" in page


def test_what_is_fine_is_told_with_the_comment_that_says_so(tmp_path: Path) -> None:
    assert "# gradcheck: ignore[batch-scale-sum]" in sample("unwritten", tmp_path).to_html()


def test_a_card_holds_the_page_of_its_rule(tmp_path: Path) -> None:
    report = sample("uphill", tmp_path)
    report.findings[0] = replace(report.findings[0], rule="softmax-derivative-doubled")
    page = report.to_html()
    assert "<summary>The rule: " in page and "<h4>Ruled out</h4><p><code>(a - y) * a * (1 - a)</code>" in page
    assert "Looks like it" not in page and "How it is proven" in page
    assert manual("softmax-derivative-doubled") == inspect.cleandoc(softmax_derivative_doubled.__doc__ or "")


def test_what_looks_like_a_mistake_is_told_on_its_card(tmp_path: Path) -> None:
    report = sample("unwritten", tmp_path)
    rules = ("dropout-backward", "batch-scale-sum")
    report = replace(report, findings=[replace(f, rule=r) for f, r in zip(report.findings, rules, strict=True)])
    assert [f.severity for f in report.findings] == ["error", "warning"]
    page = report.to_html()
    assert "<h4>Ruled out</h4><p>a mask without a scale on both sides, and inverted dropout on both sides.</p>" in page
    assert "<h4>Looks alike</h4><p>a loss that is itself reported as a sum; a rate" in page


def test_regions_have_names_of_their_own(tmp_path: Path) -> None:
    report = sample("doubled", tmp_path)
    mended = replace(report.findings[0], fix=Fix("", "1.0"))
    tags = Reader(replace(report, findings=[mended, mended]).to_html()).tags
    names = [a["aria-label"] for _, a in tags if a.get("role") == "region"]
    assert "formula of finding 2 as written" in names and len(set(names)) == len(names)


def test_the_end_of_a_script_that_gave_nothing_is_told_once(tmp_path: Path) -> None:
    assert sample("empty", tmp_path).to_html().count("no training step") <= 1
    report = replace(sample("empty", tmp_path), outcome=Outcome("exit", "enough", 3))
    assert report.to_html().count("the script left by sys.exit: enough (line 3)") == 1


@pytest.mark.parametrize("slug", ["no-such-rule", "../rules/__init__", "__init__", "", "Softmax"])
def test_what_is_no_rule_has_no_page(slug: str) -> None:
    assert manual(slug) == "" and paragraphs(slug) == []


def test_the_backward_pass_marks_the_first_wrong_row(page: str) -> None:
    rows = re.findall(r'<tr class="(right|first-wrong|wrong)"', page)
    assert rows == ["right", "first-wrong", "wrong"]
    assert "The first value that is no derivative of the loss is l1d_reshape (line 5)" in page


def test_the_network_colours_the_wrong_way(page: str) -> None:
    assert page.count('class="edge wrong"') == 1 and page.count('class="edge right"') == 1
    assert page.count("<rect") == 4 and "2 times" in page


def test_findings_stand_in_the_margin_of_the_source(page: str) -> None:
    assert re.search(
        r'<tr id="L7" class="hit error"><td class="margin"><a class="badge error" href="#sign-flipped', page
    )


def test_a_report_without_its_files_still_shows_its_source(tmp_path: Path) -> None:
    report = sample("uphill", tmp_path)
    report = replace(report, sources={"model.py": (tmp_path / "model.py").read_text()})
    (tmp_path / "model.py").unlink()
    saved = json.loads(json.dumps(report.to_json()))
    assert Report.from_json(saved).to_html() == report.to_html()
    assert 'id="L7"' in report.to_html() and '<mark class="mark primary">-=</mark>' in report.to_html()


def test_a_long_file_is_shown_around_what_is_named(tmp_path: Path) -> None:
    report = sample("uphill", tmp_path)
    text = (tmp_path / "model.py").read_text() + "x = 1\n" * 5000
    report = replace(report, sources={"model.py": text})
    page = report.to_html()
    assert 'id="L19"' in page and 'id="L20"' not in page and 'id="L2000"' not in page


def test_two_findings_of_one_rule_have_links_of_their_own(tmp_path: Path) -> None:
    assert {"some-rule", "some-rule-2", "some-rule-3"} <= set(Reader(sample("hostile", tmp_path).to_html()).ids)


def test_several_reports_on_one_page_keep_their_ids_apart(tmp_path: Path) -> None:
    reports = [sample("uphill", tmp_path), sample("doubled", tmp_path)]
    reader = Reader(render(reports, "html"))
    assert len(set(reader.ids)) == len(reader.ids) and {"r1-findings", "r2-findings"} <= set(reader.ids)


def hostile_report(folder: Path) -> Report:
    """Every text that a report takes from a script, hostile."""
    report = rich_report(folder)
    (folder / "model.py").write_text(f"x = '''{EVIL}'''\n" * 7, encoding="utf-8")
    fix = Fix(EVIL, EVIL, {"before": EVIL, "after": EVIL})
    parts = {"rule": EVIL, "message": EVIL, "label": EVIL, "proof": [EVIL], "effect": EVIL, "fine_if": EVIL}
    bad = finding(f"x = '''{EVIL}'''", 1, "x =", function=EVIL, parameters=[EVIL], fix=fix, **parts)
    assert report.outcome is not None and report.graph is not None
    for node in report.graph["nodes"]:
        node.update(name=EVIL, text=EVIL)
    loss = replace(report.trainings[0].loss, kind=EVIL, witness=EVIL, text=EVIL)
    return replace(
        report,
        script={**report.script, "path": f"{EVIL}/model.py", "arguments": [EVIL]},
        trainings=[replace(report.trainings[0], loss=loss, replay=EVIL)],
        findings=[bad],
        parameters=[Parameter(EVIL, [3], "not_judged", reason=EVIL, direction=EVIL, scale_text=EVIL)],
        backward=[replace(row, name=EVIL, partner=EVIL, verdict=EVIL) for row in report.backward],
        changed=[EVIL],
        outcome=replace(report.outcome, kind="exception", message=EVIL, traceback=EVIL, output_tail=EVIL),
        sources={"model.py": f"x = '''{EVIL}'''\n" * 7, EVIL: EVIL},
    )


def test_no_text_of_the_users_is_markup(tmp_path: Path) -> None:
    text = hostile_report(tmp_path).to_html()
    reader = Reader(text)
    assert reader.unbalanced == [] and [tag for tag, _ in reader.tags if tag == "img"] == []
    assert [tag for tag, _ in reader.tags].count("script") == 1
    assert re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text) == []
    assert text.count("&lt;/script&gt;") > 20


def test_the_fragment_holds_no_script_no_style_and_no_id(tmp_path: Path) -> None:
    for report in (rich_report(tmp_path), hostile_report(tmp_path)):
        fragment = report._repr_html_()
        reader = Reader(fragment)
        assert reader.unbalanced == [] and reader.open == []
        assert not {"script", "style", "img"} & {tag for tag, _ in reader.tags}
        assert [a for _, a in reader.tags if a] == []
        assert len(fragment) < 60_000


def test_a_hostile_script_is_shown_as_it_is(tmp_path: Path) -> None:
    """A real run: file name, docstring, variables and output are the script's; the page stays whole."""
    path = tmp_path / "a<script>alert('1')&.py"
    path.write_text(
        '"""</script><b>"quoted" \\x1b"""\n'
        "import numpy as np\n"
        'params = {"</script>\'": np.ones((3, 2))}\n'
        "x, y = np.arange(12.0).reshape(4, 3), np.ones((4, 2))\n"
        "print('</script>\\x1b[31m<img src=x>', flush=True)\n"
        "for _ in range(5):\n"
        '    e = x @ params["</script>\'"] - y\n'
        "    loss = (e ** 2).sum()\n"
        '    params["</script>\'"] -= 1e-3 * x.T @ e ** 2\n'
        "raise ValueError('</script><img src=x onerror=alert(1)>')\n"
    )
    report = check_script(path)
    text = report.to_html()
    reader = Reader(text)
    assert report.verdict == "errors"
    assert reader.unbalanced == [] and [tag for tag, _ in reader.tags].count("script") == 1
    assert not {"b", "img"} & {tag for tag, _ in reader.tags}
    assert any('params["</script>\'"]' in piece for piece in reader.inside["code"])


def test_pages_of_the_samples_stay_small(tmp_path: Path) -> None:
    assert max(len(sample(name, tmp_path).to_html().encode()) for name in SAMPLES) < 100_000


def test_rendering_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    report = rich_report(tmp_path)
    assert report.to_html() == report.to_html()


def test_a_saved_report_is_rendered_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    report = rich_report(tmp_path)
    Path("report.json").write_text(render([report], "json"))
    assert cli.main(["--from", "report.json", "--html", "page.html", "--format", "concise"]) == 1
    assert capsys.readouterr().out == render([report], "concise")
    assert Path("page.html").read_text(encoding="utf-8") == report.to_html()


def test_several_saved_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    reports = [sample("empty", tmp_path), sample("uphill", tmp_path)]
    Path("report.json").write_text(render(reports, "json"))
    assert cli.main(["--from", "report.json"]) == 1
    assert capsys.readouterr().out == render(reports, "text")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot be read"),
        ("{", "is no JSON"),
        ("[1]", "is no report"),
        ('{"schema_version": 99}', "newer gradcheck"),
        ('{"schema_version": 1}', "is no complete report"),
        ('{"schema_version": 1, "reports": [1]}', "is no complete report"),
    ],
)
def test_what_is_no_report_is_refused(
    text: str | None, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    if text is not None:
        Path("report.json").write_text(text)
    assert cli.main(["--from", "report.json"]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["model.py", "--html", "model.py"], "--html model.py would replace the script itself"),
        (["model.py", "--html", "other.py"], "--html other.py would write a report under a Python file's name"),
        (["model.py", "--html", "none/page.html"], "--html none/page.html: there is no such folder"),
        (["model.py", "--html", "page", "--output", "page"], "--html and --output name the same file"),
        (["--from", "saved.json", "--output", "saved.json"], "would replace the saved report itself"),
        (["model.py", "--from", "saved.json"], "a file to check was named too"),
    ],
)
def test_files_are_not_overwritten(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("model.py", "saved.json"):
        Path(name).write_text("x = 1\n")
    assert cli.main(arguments) == 2
    assert words in capsys.readouterr().err
    assert Path("model.py").read_text() == Path("saved.json").read_text() == "x = 1\n"


def test_other_forms_do_not_import_what_only_pages_need() -> None:
    probe = (
        "import sys, gradcheck.cli\nfrom gradcheck.render import render\nfrom gradcheck.results import Report\n"
        "render([Report('clean', {'path': 'm.py'})], 'text'); render([Report('clean', {'path': 'm.py'})], 'json')\n"
        "print([m for m in ('jinja2', 'matplotlib', 'numpy', 'pygments') if m in sys.modules])"
    )
    root = Path(__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout == "[]\n"


def test_only_a_page_imports_what_draws_it(tmp_path: Path) -> None:
    """A whole check from the command line, text and JSON; then its page from the JSON."""
    (tmp_path / "model.py").write_text(
        "import numpy as np\nw = np.ones((4, 3))\nx = np.arange(20.0).reshape(5, 4) / 20\n"
        "for _ in range(4):\n    loss = ((x @ w) ** 2).sum()\n    w -= 0.01 * x.T @ (x @ w) ** 2\n"
    )
    probe = (
        "import sys, gradcheck.cli\n"
        "def held(): print([m for m in ('jinja2', 'matplotlib', 'pygments') if m in sys.modules])\n"
        "gradcheck.cli.main(['model.py', '--output', 'r.txt']); held()\n"
        "gradcheck.cli.main(['model.py', '--format', 'json', '--output', 'r.json']); held()\n"
        "gradcheck.cli.main(['--from', 'r.json', '--output', 'r.txt', '--html', 'r.html']); held()\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    command = [sys.executable, "-c", probe]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path, env=environment)
    assert done.stdout.splitlines() == ["[]", "[]", "['jinja2', 'matplotlib', 'pygments']"]
    assert '<figure class="plot">' in (tmp_path / "r.html").read_text(encoding="utf-8")
