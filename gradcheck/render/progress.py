"""What is going on, on one line of a terminal: the phase and the seconds. Nothing in the first half second."""

from __future__ import annotations

import time
from typing import Any, TextIO

from .view import clean, plural

SILENCE = 0.5
REFRESH = 0.25
WIDTH = 70


class Progress:
    """Redraws one line of ``stream`` as events and time go by; leaves nothing behind."""

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream = stream
        self._name = clean(name)
        self._trainings: set[Any] = set()
        self._began = time.monotonic()
        self._drawn = 0.0

    def event(self, event: dict[str, Any]) -> None:
        if event["event"] == "training":
            self._trainings.add(str((event.get("training") or {}).get("id")))

    def tick(self) -> None:
        now = time.monotonic()
        if now - self._began >= SILENCE and now - self._drawn >= REFRESH:
            self._drawn = now
            self._write(f"{self._phase()}, {now - self._began:.0f} s"[:WIDTH].ljust(WIDTH))

    def clear(self) -> None:
        if self._drawn:
            self._write(" " * WIDTH)

    def _phase(self) -> str:
        if self._trainings:
            return f"{self._name}: {plural(len(self._trainings), 'training')} checked, running on"
        return f"{self._name}: recording"

    def _write(self, text: str) -> None:
        self._stream.write(f"\r{text}\r")
        self._stream.flush()
