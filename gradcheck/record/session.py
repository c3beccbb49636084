"""One child session from its configuration to its end: the place where recorder, rewriter, overlay and runner meet."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Sequence
from types import CodeType
from typing import Any, NoReturn

import numpy as np

from ..results import Outcome
from . import loader, packages, standins, taps
from .channel import Channel
from .overlay import Overlay
from .rewrite import rewrite
from .runner import Run
from .seeds import Seeds
from .sources import Sources
from .taps import NeutralTaps


class SilentRecorder(NeutralTaps):
    """Listens to nothing: what a run without a recorder uses (tests compare it with plain Python).

    Any other recorder has these methods too. It may also have ``stopped`` (a loop was ended early), ``judging`` (busy:
    the time limit has to wait), ``forget()`` (called in a fork of the script: neither record nor report) and
    ``seconds``. ``stop`` is set by `run`: calling it ends the process when everything is judged.
    """

    stop: Callable[[], NoReturn]

    def start(self) -> None:
        """Nothing to start."""

    def finish(self, outcome: Outcome) -> None:
        """Nothing to judge."""


def run(config: dict[str, Any], pristine: Sequence[str]) -> NoReturn:
    """Run the script of `config` (its keys are the parent's; see check.py) and leave the process."""
    channel = Channel(config["channel"])
    channel.send({"event": "begin", "python": "{}.{}.{}".format(*sys.version_info), "numpy": np.__version__})
    sources = Sources()
    recorder = make_recorder(config, sources, channel.send)
    overlay = Overlay(config["overlay"])
    seeds = Seeds(config.get("seed", 0))
    data = standins.StandIns(enabled=config.get("stand_ins", True))
    os.environ.setdefault("MPLBACKEND", "Agg")
    sys.dont_write_bytecode = True  # the user's folder stays as it is
    gaps = packages.install(data.made, data.after, data.rescue)
    overlay.install()
    seeds.install()

    def remarks() -> list[dict[str, Any]]:
        said = (seeds.report(), overlay.report(), *data.report(), *gaps.report())
        changed = [{"event": "changed", "what": what} for what in said if what]
        files = sorted({site.file for site in sources.sites})
        return [*changed, *_not_followed(sources), {"event": "followed", "files": files}]

    def compiled(source: bytes, name: str) -> CodeType:
        return rewrite(source, name, "__main__", sources)

    taps.install(recorder)
    loader.install(sources, config.get("follow", ()))
    whole = Run(recorder, channel, compiled, remarks, pristine)
    recorder.stop = whole.stop
    whole.execute(config["script"], config.get("arguments", []), config.get("call"))


def make_recorder(config: dict[str, Any], sources: Sources, emit: Callable[[dict[str, Any]], None]) -> Any:
    """The recorder behind the taps. The judging lies above this package, so it is named, not imported."""
    if config.get("silent"):
        return SilentRecorder()
    judging = importlib.import_module("..judge", __package__)
    return judging.make_recorder(config, sources, emit)


def _not_followed(sources: Sources) -> list[dict[str, Any]]:
    return [
        {"event": "not_checked", "what": f"the code of {os.path.basename(file)}", "why": reason, "line": None}
        for file, reason in sources.not_rewritten
    ]
