"""Runs a script under the child alone, without the parent, and the same script under plain Python."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHILD = Path(__file__).resolve().parent.parent / "gradcheck" / "record" / "child.py"
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "MPLBACKEND": "Agg"}


@dataclass(frozen=True, slots=True)
class Ran:
    """What one process left behind."""

    code: int
    output: str
    errors: str
    events: list[dict[str, Any]]

    @property
    def outcome(self) -> dict[str, Any]:
        """The end event's outcome; there must be exactly one end, and it is last."""
        kinds = [event["event"] for event in self.events]
        assert kinds.count("end") == 1 and kinds[-1] == "end", (kinds, self.errors)
        return self.events[-1]["outcome"]

    @property
    def changed(self) -> list[str]:
        """The sentences of what the run changed."""
        return [event["what"] for event in self.events if event["event"] == "changed"]


def run_child(
    script: str | Path,
    *arguments: str,
    stdin: bytes | None = None,
    cwd: str | Path | None = None,
    environment: dict[str, str] | None = None,
    flags: tuple[str, ...] = (),
    program: str | Path = CHILD,
    **config: Any,
) -> Ran:
    """The child on `script`; `config` overrides single keys of its configuration, `program` the child itself."""
    script = os.path.abspath(script)
    reading, writing = os.pipe()
    with tempfile.TemporaryDirectory() as folder:
        chosen = {"script": script, "arguments": list(arguments), "channel": writing, "overlay": f"{folder}/overlay"}
        defaults = {"seed": 0, "call": None, "loss": None, "maximize": False, "follow": [], "stand_ins": True}
        path = Path(folder, "config.json")
        path.write_text(json.dumps({**chosen, **defaults, "options": {}, **config}))
        process = subprocess.Popen(
            [sys.executable, *flags, str(program), str(path)],
            pass_fds=[writing],
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd or os.path.dirname(script),
            env={**ENVIRONMENT, **(environment or {})},
        )
        os.close(writing)
        lines: list[bytes] = []
        listener = threading.Thread(target=_listen, args=(reading, lines))
        listener.start()
        output, errors = process.communicate(stdin, timeout=60)
        listener.join()
    return Ran(process.returncode, output.decode(), errors.decode(), [json.loads(line) for line in lines])


def run_plain(
    script: str | Path,
    *arguments: str,
    stdin: bytes = b"",
    cwd: str | Path | None = None,
    flags: tuple[str, ...] = (),
    environment: dict[str, str] | None = None,
) -> Ran:
    """Plain Python on `script`."""
    done = subprocess.run(
        [sys.executable, *flags, os.path.abspath(script), *arguments],
        input=stdin,
        capture_output=True,
        cwd=cwd or os.path.dirname(os.path.abspath(script)),
        env={**ENVIRONMENT, **(environment or {})},
        timeout=60,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode(), [])


def _listen(descriptor: int, lines: list[bytes]) -> None:
    with os.fdopen(descriptor, "rb") as channel:
        lines.extend(channel)
