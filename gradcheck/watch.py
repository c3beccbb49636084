"""What `--watch` waits for and what it says first: which files changed, and what that changed in the findings."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Sequence
from typing import TextIO

from .results import Finding, Report

PAUSE = 0.2

Stamp = tuple[int, int] | None


class Watcher:
    """Remembers what the files and the findings were when they were last looked at."""

    def __init__(self) -> None:
        self._stamps: dict[str, Stamp] = {}
        self._findings: list[Finding] | None = None

    def begin(self, files: Iterable[str]) -> None:
        """A check begins: what changes in ``files`` or in those known already from now on asks for another one."""
        self._stamps = {file: stamp(file) for file in {*self._stamps, *files}}

    def tell(self, reports: Sequence[Report], stream: TextIO | None) -> None:
        """Writes how the findings differ from those of the last check; nothing the first time."""
        found = [f for report in reports for f in report.findings if f.severity != "note" and not f.suppressed]
        if self._findings is not None and stream is not None:
            stream.write(difference(self._findings, found) + "\n\n")
        self._findings = found

    def wait(self, files: Iterable[str]) -> None:
        """Returns when one of the watched files, ``files`` among them, has changed and no longer does."""
        for file in files:
            self._stamps.setdefault(file, stamp(file))
        if sys.stderr is not None and sys.stderr.isatty():
            sys.stderr.write("watching for changes; Ctrl-C ends\n")
        while (now := {file: stamp(file) for file in self._stamps}) == self._stamps:
            time.sleep(PAUSE)
        # An editor may write in several steps, or take the file away for a moment.
        while (later := _after_a_pause(now)) != now:
            now = later


def _after_a_pause(files: Iterable[str]) -> dict[str, Stamp]:
    time.sleep(PAUSE)
    return {file: stamp(file) for file in files}


def stamp(file: str) -> Stamp:
    """What tells one state of a file or a folder's entry script from another; None where there is none."""
    try:
        status = os.stat(file)
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size


def difference(before: Sequence[Finding], after: Sequence[Finding]) -> str:
    """The change in one line, such as "1 fixed, 2 left, 0 new".

    Two findings are one if rule and file agree and they share a parameter; lines move while one edits.
    """
    unmatched = list(before)
    left = 0
    for finding in after:
        same = next((other for other in unmatched if _same(finding, other)), None)
        if same is not None:
            unmatched.remove(same)
            left += 1
    return f"{len(unmatched)} fixed, {left} left, {len(after) - left} new"


def _same(one: Finding, other: Finding) -> bool:
    shared = set(_concerned(one)) & set(_concerned(other))
    return (one.rule, one.file) == (other.rule, other.file) and (bool(shared) or _concerned(one) == _concerned(other))


def _concerned(finding: Finding) -> list[str]:
    return finding.parameters or ([finding.parameter] if finding.parameter else [])
