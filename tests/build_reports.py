"""Rebuilds ``reports/``: the page of every case in ``cases/``, its data, an index, and a picture of a run.

    python -m tests.build_reports [CASE...]

What differs between machines or runs (paths, versions, seconds, the last digits of figures) is left out, so that a
rebuild gives the same bytes.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from gradcheck.options import Display
from gradcheck.render import render
from gradcheck.render.html import index
from gradcheck.results import Report

ROOT = Path(__file__).parent.parent
CASES = ROOT / "cases"
REPORTS = ROOT / "reports"
ENTRIES = ("bad.py", "model.py", "main.py", "train.py")
DIGITS = 10
PICTURED = "doubled_softmax"
TITLE = "Reports on the cases"
SENTENCE = "Each case is a script with mistakes known beforehand; beside it in cases/ lies its mended twin."


def cases() -> dict[str, Path]:
    """The script of each case, by the case's name."""
    found = {}
    for folder in sorted(path for path in CASES.iterdir() if path.is_dir()):
        script = next((folder / name for name in ENTRIES if (folder / name).is_file()), None)
        if script is not None:
            found[folder.name] = script.relative_to(ROOT)
    return found


def run(script: Path) -> Report:
    """The report on a script, as the command line gives it, without what differs from run to run."""
    with tempfile.TemporaryDirectory() as folder:  # with a page asked for, what only a page shows is measured too
        options = ["--format", "json", "--timeout", "300", "--html", f"{folder}/page.html"]
        command = [sys.executable, "-m", "gradcheck", script.as_posix(), *options]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if not done.stdout:
        raise SystemExit(f"{script}: {done.stderr}")
    return Report.from_json(lasting(json.loads(done.stdout)))


def lasting(data: dict[str, Any]) -> dict[str, Any]:
    """A report's JSON with files seen from the script's folder, figures rounded, and no version, path or time."""
    folder = re.escape(data["script"]["folder"] + "/")
    text = re.sub(f"{folder}|{re.escape(str(ROOT))}/", "", json.dumps(_rounded(data)))
    found: dict[str, Any] = json.loads(text)
    found["script"] = {"path": found["script"]["path"]}
    found["seconds"], found["tool_version"] = {}, ""
    return found


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return {key: _rounded(item) for key, item in value.items()} if isinstance(value, dict) else value


def stored(case: str) -> Report:
    """The report that the page of a case is drawn from."""
    return Report.from_json(json.loads((REPORTS / f"{case}.json").read_text(encoding="utf-8")))


def index_page(names: list[str]) -> str:
    """The index over the stored reports."""
    return index(TITLE, SENTENCE, [(name, f"{name}.html", stored(name)) for name in names])


def pictured(*, color: bool) -> str:
    """What the run in the picture prints, under a short name and without the marks that are there for the tests."""
    data = json.dumps(stored(PICTURED).to_json())
    report = Report.from_json(json.loads(re.sub(r"  # expect: [a-z, -]+", "", data)))
    return render([replace(report, script={**report.script, "path": "model.py"})], "text", Display(color=color))


def picture() -> str:
    """That run as it looks on a terminal, as an SVG file that loads nothing."""
    console = Console(record=True, width=Display().width, file=io.StringIO())
    console.print(Text.from_ansi("$ gradcheck model.py\n" + pictured(color=True)))
    drawn = console.export_svg(title="gradcheck", unique_id="run")
    without_fonts = re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)
    return "\n".join(line.rstrip() for line in without_fonts.splitlines()) + "\n"


def main(wanted: list[str]) -> None:
    """Run the wanted cases (all when none is named) and write their pages and the index."""
    REPORTS.mkdir(exist_ok=True)
    known = cases()
    for name in wanted or known:
        report = run(known[name])
        data = json.dumps(report.to_json(), sort_keys=True, separators=(",", ":"))
        (REPORTS / f"{name}.json").write_text(data + "\n", encoding="utf-8")
    names = [name for name in known if (REPORTS / f"{name}.json").exists()]
    for name in names:
        (REPORTS / f"{name}.html").write_text(stored(name).to_html(), encoding="utf-8")
    (REPORTS / "index.html").write_text(index_page(names), encoding="utf-8")
    (REPORTS / "run.svg").write_text(picture(), encoding="utf-8")
    print(f"{len(wanted or known)} cases run, {len(names)} pages and the index written to reports/")


if __name__ == "__main__":
    main(sys.argv[1:])
