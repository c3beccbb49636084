"""One child session from its configuration to its end: the place where recorder, rewriter, overlay and runner meet."""

from __future__ import annotations

import ast
import builtins
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from types import CodeType
from typing import Any, NoReturn

import numpy as np

from ..results import Outcome
from . import loader, packages, probe, standins, surroundings, taps
from .channel import Channel
from .following import FollowingRecorder
from .notebook import Notebook, shell_or
from .overlay import Overlay
from .points import instrument
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
    cells = config.get("cells")
    after = shell_or(data.after) if cells else data.after
    gaps = packages.install(data.made, after, data.rescue)
    overlay.install()
    seeds.install()

    file, arguments = config["script"], config.get("arguments", [])
    program = Notebook(file, arguments, cells) if cells else surroundings.as_run(file, arguments)
    replaced = {os.path.realpath(name): text.encode() for name, text in config.get("sources", {}).items()}

    def remarks() -> list[dict[str, Any]]:
        files = sorted({site.file for site in sources.sites})
        said = (*program.remarks, *above.report(), seeds.report(), overlay.report(), *data.report(), *gaps.report())
        changes = [{"event": "changed", "what": what} for what in said if what]
        refused = _refused([*data.refused, *whole.refused])
        return [*changes, *_not_followed(sources), *refused, {"event": "followed", "files": files}]

    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT if cells else 0
    translate = _translation(config)

    def compiled(source: bytes | str, name: str) -> CodeType:
        return translate(replaced.get(os.path.realpath(name), source), name, "__main__", sources, flags)

    taps.install(recorder)
    finder = loader.install(sources, config.get("follow", ()), replaced, translate)
    above = surroundings.install(file, finder)
    whole = Run(recorder, channel, compiled, remarks, pristine)
    whole.make_up = data.enabled
    recorder.stop = whole.stop
    if config.get("probes"):
        builtins.__dict__[probe.NAME] = probe.Probe(config["probes"], channel.send, whole.stop)
    whole.execute(program, config.get("call"))


def make_recorder(config: dict[str, Any], sources: Sources, emit: Callable[[dict[str, Any]], None]) -> Any:
    """The recorder behind the taps. The judging lies above this package, so it is named, not imported."""
    if config.get("silent"):
        return SilentRecorder()
    if config.get("steps"):
        return FollowingRecorder(config["steps"], emit, config.get("arrays"))
    judging = importlib.import_module("..judge", __package__)
    return judging.make_recorder(config, sources, emit)


def _translation(config: dict[str, Any]) -> loader.Translate:
    """What makes code of a module's source: with every tap, or with the points of a plan alone."""
    if not config.get("steps"):
        return rewrite
    points = config["steps"]["plan"]["points"]
    return lambda source, file, module, sources, flags=0: instrument(source, file, points, flags)


def _refused(names: Sequence[str]) -> list[dict[str, Any]]:
    why = "--no-stand-ins was given; without it made-up data of the same shape takes its place"
    return [{"event": "not_checked", "what": f"data of {name}", "why": why, "line": None} for name in names]


def _not_followed(sources: Sources) -> list[dict[str, Any]]:
    return [
        {"event": "not_checked", "what": f"the code of {os.path.basename(file)}", "why": reason, "line": None}
        for file, reason in sources.not_rewritten
    ]
