"""Run the user's script as `__main__`, exactly as plain Python would, and end it in every way it can end.

Nothing here raises into the script or unwinds its frames: what was recorded is judged and sent first, then the
script's own end happens (its hook, its threads, its exit functions, its exit code).
"""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import signal
import sys
import threading
import types
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, Protocol

from ..results import Outcome
from . import ending, madeup
from .channel import Channel
from .farewell import error_of, exit_code, flush, peeled, show
from .frames import is_ours
from .pristine import Pristine
from .script import Piece, Program, Unreadable, check_encoding

_exit = os._exit
_getpid = os.getpid
_kill = os.kill

#: Frames that taps may need below a user's deepest frame; the user's own recursion limit stays what it was.
_TAP_DEPTH = 60
_RETRY, _PATIENCE = 0.02, 75


class Recording(Protocol):
    """What the runner needs of a recorder."""

    def start(self) -> None:
        """Begin to listen."""

    def finish(self, outcome: Outcome) -> None:
        """Judge what is left and emit its events."""


Compile = Callable[[bytes | str, str], types.CodeType]
Closing = Callable[[], Sequence[dict[str, Any]]]


class Run:
    """One script on its way from the first line to its end.

    `compiled` turns (source bytes, file name) into the code that runs; `remarks` gives the last events
    before the end's; `pristine` are the names that plain Python puts into an empty `__main__`. `make_up` says whether
    names that only `--call` knows are supplied with data.
    """

    def __init__(
        self, recorder: Recording, channel: Channel, compiled: Compile, remarks: Closing, pristine: Sequence[str]
    ) -> None:
        self.recorder = recorder
        self.channel = channel
        self.compiled = compiled
        self.remarks = remarks
        self.pristine = pristine
        self.make_up = True
        self.refused: list[str] = []
        self.closed = False
        self._modules = Pristine()
        self._tries = 0

    def execute(self, program: Program, call: str | None = None) -> NoReturn:
        """Run the program to its end, judge, report, and leave with the exit code plain Python would give."""
        try:
            pieces = program.read()
        except Unreadable as problem:
            self._leave_with(ending.of_unreadable(str(problem), program.file), 1)
        self._listen()
        main = program.enter(self.pristine)
        self._former = sys.modules.get("__main__")  # kept alive: its functions are still running
        sys.modules["__main__"] = main
        self._end(error_of(lambda: self._run(pieces, main, call)))

    def stop(self) -> NoReturn:
        """Leave from inside a tap: everything is judged and nothing new comes. No user frame is unwound."""
        self.close(ending.here("cut", "stopped: every training found was judged", sys._getframe(1)))
        flush()
        _exit(0)

    def close(self, outcome: Outcome) -> None:
        """Judge what is left and send the last events, once, and from the script's own process only."""
        if self.closed or not self.channel.mine:
            return
        self.closed = True
        with self._modules.restored():
            self._close(outcome)

    def _close(self, outcome: Outcome) -> None:
        if getattr(self.recorder, "stopped", False) and outcome.kind != "cut":
            outcome = ending.after_cut(outcome)
        try:
            self.recorder.finish(outcome)
            for event in self.remarks():
                self.channel.send(event)
        except Exception as error:
            self._own_failure(error)
        seconds = getattr(self.recorder, "seconds", {})
        self.channel.send({"event": "end", "outcome": outcome.to_json(), "seconds": seconds})

    def _own_failure(self, error: Exception) -> None:
        where = error.__traceback__
        while where is not None and where.tb_next is not None:
            where = where.tb_next
        place = f" at {os.path.basename(where.tb_frame.f_code.co_filename)}:{where.tb_lineno}" if where else ""
        why = f"a fault of gradcheck itself: {type(error).__name__}: {error}{place}"
        self.channel.send({"event": "not_checked", "what": "the end of the run", "why": why, "line": None})

    # -- the script ------------------------------------------------------------------------------------------

    def _run(self, pieces: Sequence[Piece], main: types.ModuleType, call: str | None) -> None:
        for number, (source, name) in enumerate(pieces):
            if isinstance(source, bytes):
                check_encoding(source, name)
            code = self.compiled(source, name)
            if not number:
                self.recorder.start()
            awaited = eval(code, main.__dict__)
            if awaited is not None:  # a cell with `await` outside of a function
                importlib.import_module("asyncio").run(awaited)
        if call:
            self._call(call, main.__dict__)

    def _call(self, call: str, namespace: dict[str, Any]) -> None:
        code = self.compiled(call.encode(), "<--call>")
        names = madeup.missing_names(call, namespace)
        if names and not self.make_up:
            self.refused.append(f"{' and '.join(names)} in --call")
        elif names:
            form, tried, fits = madeup.fitting(call, names, lambda values: exec(code, {**namespace, **values}))
            self.channel.send({"event": "changed", "what": madeup.said(form, tried, fits)})
            namespace.update(form.values)
        exec(code, namespace)

    def _listen(self) -> None:
        self.channel.shield()
        _own_recursion_limit()
        for name in ("_exit", "execv", "execve"):
            if hasattr(os, name):
                setattr(os, name, self._judged_first(name, getattr(os, name)))
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forked)
        if hasattr(signal, "SIGUSR1"):
            signal.signal(signal.SIGUSR1, self._time_limit)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
        threading.excepthook = peeled(threading.excepthook)
        sys.unraisablehook = peeled(sys.unraisablehook)
        gc.freeze()  # our own objects need not be walked in each of the script's collections

    def _judged_first(self, name: str, leave: Callable[..., Any]) -> Callable[..., Any]:
        def leaving(*args: Any, **kwargs: Any) -> Any:
            shown = str(args[0]) if name == "_exit" and args else "..."
            self.close(ending.here("os_exit", f"os.{name}({shown})", sys._getframe(1)))
            return leave(*args, **kwargs)

        leaving.__name__ = leaving.__qualname__ = name
        return leaving

    def _forked(self) -> None:
        """In a fork of the script: neither record nor report."""
        if hasattr(signal, "SIGUSR1") and signal.getsignal(signal.SIGUSR1) == self._time_limit:
            signal.signal(signal.SIGUSR1, signal.SIG_DFL)
        forget = getattr(self.recorder, "forget", None)
        if forget is not None:
            forget()

    # -- the time limit --------------------------------------------------------------------------------------

    def _time_limit(self, number: int, frame: types.FrameType | None) -> None:
        """The parent's soft signal. Inside a tap the records are half made: come back a moment later."""
        if self.closed:
            return
        judging = getattr(self.recorder, "judging", False)
        if judging or (_inside_ours(frame) and self._tries < _PATIENCE):
            self._tries += 1
            retry = threading.Timer(_RETRY, _kill, (_getpid(), number))
            retry.daemon = True
            retry.start()
            return
        self.channel.between_lines(lambda: self._limit_reached(frame))

    def _limit_reached(self, frame: types.FrameType | None) -> None:
        self.close(ending.here("time_limit", "the time limit came before the script's end", frame))
        flush()
        _exit(0)

    # -- ends ------------------------------------------------------------------------------------------------

    def _end(self, error: BaseException | None) -> NoReturn:
        """Called outside of any handler: the script's hook sees no exception being handled, as in plain Python."""
        if error is None:
            self._leave_with(Outcome("finished"), 0)
        ending.peel(error)
        if isinstance(error, SystemExit):
            self._leave_with(ending.of_exit(error), exit_code(error))
        with ending.no_names_of_ours():
            outcome = ending.of_exception(error)
        self.close(outcome)
        show(error)
        self._leave_with(outcome, -signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1)

    def _leave_with(self, outcome: Outcome, code: int) -> NoReturn:
        """End as the interpreter does: other threads, exit functions, streams; then leave at once."""
        self.close(outcome)
        try:
            threading._shutdown()  # type: ignore[attr-defined]
        except BaseException as error:
            show(error)
        atexit._run_exitfuncs()
        flush()
        if code < 0:
            signal.signal(-code, signal.SIG_DFL)
            _kill(_getpid(), -code)
        _exit(code)


def _own_recursion_limit() -> None:
    """Give the script the depth it has in plain Python: our frames below and above it do not count."""
    depth = 0
    frame: types.FrameType | None = sys._getframe()
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    extra = depth + _TAP_DEPTH
    get, set_ = sys.getrecursionlimit, sys.setrecursionlimit

    def getrecursionlimit() -> int:
        return get() - extra

    def setrecursionlimit(limit: int, /) -> None:
        set_(limit + extra if isinstance(limit, int) and limit > 0 else limit)

    setrecursionlimit(get())
    sys.getrecursionlimit, sys.setrecursionlimit = getrecursionlimit, setrecursionlimit


def _inside_ours(frame: types.FrameType | None) -> bool:
    """Whether a frame of ours is nearer than any of the user's."""
    while frame is not None and not ending.is_users(frame.f_code.co_filename):
        if is_ours(frame.f_code.co_filename):
            return True
        frame = frame.f_back
    return False
