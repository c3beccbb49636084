"""Our frames, kept out of what the user's program sees: tracebacks it catches and places of warnings.

A tap is a Python function, so an operation that raises or warns does it one frame deeper than in plain Python.
"""

from __future__ import annotations

import os
import sys
import warnings
from os.path import dirname
from types import FrameType, TracebackType
from typing import Any

PACKAGE = dirname(dirname(__file__)) + os.sep


def is_ours(filename: str) -> bool:
    """Whether code of this package, and not of the user, lives in ``filename``."""
    return filename.startswith(PACKAGE)


def clean_current_error() -> None:
    """First statement of each rewritten ``except``: the traceback in hand loses our frames."""
    error = sys.exc_info()[1]
    if error is not None:
        error.__traceback__ = without_our_frames(error.__traceback__)


def without_our_frames(traceback: TracebackType | None) -> TracebackType | None:
    """``traceback`` relinked in place past the frames of this package."""
    while traceback is not None and traceback.tb_frame.f_code.co_filename.startswith(PACKAGE):
        traceback = traceback.tb_next
    kept = traceback
    while kept is not None:
        following = kept.tb_next
        if following is not None and following.tb_frame.f_code.co_filename.startswith(PACKAGE):
            kept.tb_next = following.tb_next
        else:
            kept = following
    return traceback


_plain_show: Any = None


def route_warnings() -> None:
    """Make warnings that were raised in a tap appear at the user's line, filtered and counted there."""
    global _plain_show
    if _plain_show is None and hasattr(warnings, "_showwarnmsg"):
        _plain_show = warnings._showwarnmsg
        warnings._showwarnmsg = _show


def unroute_warnings() -> None:
    """Undo `route_warnings`."""
    global _plain_show
    if _plain_show is not None:
        warnings._showwarnmsg = _plain_show  # type: ignore[attr-defined]
        _plain_show = None


def _show(message: warnings.WarningMessage) -> None:
    frame = _user_frame(message) if is_ours(message.filename) else None
    if frame is None:
        _plain_show(message)
        return
    # The "once" list has this warning already, from the first attempt in the tap.
    once: dict[Any, Any] = getattr(warnings, "onceregistry", {})
    once.pop((str(message.message), message.category), None)
    warnings.warn_explicit(
        message.message,
        message.category,
        frame.f_code.co_filename,
        frame.f_lineno,
        module=frame.f_globals.get("__name__") or "<string>",
        registry=frame.f_globals.setdefault("__warningregistry__", {}),
        source=message.source,
    )


def _user_frame(message: warnings.WarningMessage) -> FrameType | None:
    """The user's frame whose tap raised ``message``; the tap's own memory of it is wiped, for the next line's sake."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename != message.filename:
        frame = frame.f_back
    while frame is not None and is_ours(frame.f_code.co_filename):
        frame.f_globals.get("__warningregistry__", {}).clear()
        frame = frame.f_back
    return frame
