"""What is going on, on one line of a terminal: the phase and the seconds, or a bar while steps are followed.

Nothing in the first half second.
"""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING, Any, TextIO

from .view import clean, plural

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

SILENCE = 0.5
REFRESH = 0.25
WIDTH = 70
NAME_WIDTH = 30


class Progress:
    """Redraws one line of ``stream`` as events and time go by; leaves nothing behind."""

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream = stream
        shown = clean(name)
        self._name = shown if len(shown) <= NAME_WIDTH else "..." + shown[3 - NAME_WIDTH :]
        # A line that reaches the terminal's edge would wrap, and what wraps cannot be drawn over.
        self._width = min(WIDTH, shutil.get_terminal_size((WIDTH + 1, 24)).columns - 1)
        self._trainings: set[Any] = set()
        self._began = time.monotonic()
        self._drawn = 0.0
        self._bar: Bar | None = None

    def event(self, event: dict[str, Any]) -> None:
        if event["event"] == "training":
            self._trainings.add(str((event.get("training") or {}).get("id")))
        elif event["event"] == "steps":
            self._steps(int(event["done"]), int(event["count"]))

    def tick(self) -> None:
        now = time.monotonic()
        if self._bar is not None:
            return
        if now - self._began >= SILENCE and now - self._drawn >= REFRESH:
            self._drawn = now
            self._write(f"{self._phase()}, {now - self._began:.0f} s"[: self._width].ljust(self._width))

    def clear(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        elif self._drawn:
            self._write(" " * self._width)

    def _phase(self) -> str:
        if self._trainings:
            return f"{self._name}: {plural(len(self._trainings), 'training')} checked, running on"
        return f"{self._name}: recording"

    def _steps(self, done: int, count: int) -> None:
        """Move the bar of the steps that are followed, which takes the line's place."""
        if time.monotonic() - self._began < SILENCE:
            return
        if self._bar is None:
            from rich import progress
            from rich.console import Console

            self.clear()
            columns = (progress.TextColumn("{task.description}", markup=False), progress.BarColumn(),
                       progress.MofNCompleteColumn(), progress.TimeRemainingColumn())  # fmt: skip
            console = Console(file=self._stream, highlight=False)
            self._bar = progress.Progress(*columns, console=console, transient=True, auto_refresh=False)
            self._bar.add_task(f"{self._name}: steps", total=count)
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=done, refresh=True)

    def _write(self, text: str) -> None:
        self._stream.write(f"\r{text}\r")
        self._stream.flush()
