"""Run the user's script as `__main__`, exactly as plain Python would, and end it in every way it can end.

Nothing here raises into the script or unwinds its frames: what was recorded is judged and sent first, then the
script's own end happens (its hook, its threads, its exit functions, its exit code).
"""

from __future__ import annotations

import atexit
import builtins
import gc
import os
import signal
import sys
import threading
import types
from collections.abc import Callable, Sequence
from importlib.machinery import SourceFileLoader
from typing import Any, NoReturn, Protocol

from ..results import Outcome
from . import ending
from .channel import Channel
from .frames import is_ours

_exit = os._exit
_getpid = os.getpid
_kill = os.kill

#: Frames that taps may need below a user's deepest frame; the user's own recursion limit stays what it was.
_TAP_DEPTH = 60
_RETRY, _PATIENCE = 0.02, 75
_STARTS = ((b"PK\x03\x04", "a zip file"), (b"\x89PNG", "an image"), (b"\xff\xd8\xff", "an image"), (b"%PDF", "a PDF"))


class Recording(Protocol):
    """What the runner needs of a recorder."""

    def start(self) -> None:
        """Begin to listen."""

    def finish(self, outcome: Outcome) -> None:
        """Judge what is left and emit its events."""


Compile = Callable[[bytes, str], types.CodeType]
Closing = Callable[[], Sequence[str]]


class Unreadable(Exception):
    """The file is no Python source; the text says what it is."""


class Run:
    """One script on its way from the first line to its end.

    `compiled` turns (source bytes, file name) into the code that runs; `remarks` gives the sentences of the "changed"
    events when the run ends; `pristine` are the names that plain Python puts into an empty `__main__`.
    """

    def __init__(
        self, recorder: Recording, channel: Channel, compiled: Compile, remarks: Closing, pristine: Sequence[str]
    ) -> None:
        self.recorder = recorder
        self.channel = channel
        self.compiled = compiled
        self.remarks = remarks
        self.pristine = pristine
        self.closed = False
        self._tries = 0

    def execute(self, script: str, arguments: Sequence[str], call: str | None = None) -> NoReturn:
        """Run the script to its end, judge, report, and leave with the exit code plain Python would give."""
        try:
            code = self.compiled(read_source(script), script)
        except Unreadable as problem:
            self._leave_with(ending.of_unreadable(str(problem), script), 1)
        except BaseException as error:
            self._fail(error)
        main = self._enter(script, arguments)
        self._listen()
        self._go(code, main, call)

    def stop(self) -> NoReturn:
        """Leave from inside a tap: everything is judged and nothing new comes. No user frame is unwound."""
        self.close(ending.here("cut", "stopped: every training found was judged", sys._getframe(1)))
        _flush()
        _exit(0)

    def close(self, outcome: Outcome) -> None:
        """Judge what is left and send the last events, once, and from the script's own process only."""
        if self.closed or not self.channel.mine:
            return
        self.closed = True
        if getattr(self.recorder, "stopped", False) and outcome.kind != "cut":
            outcome = ending.after_cut(outcome)
        try:
            self.recorder.finish(outcome)
        except Exception as error:
            self._own_failure(error)
        for sentence in self.remarks():
            self.channel.send({"event": "changed", "what": sentence})
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

    def _go(self, code: types.CodeType, main: types.ModuleType, call: str | None) -> NoReturn:
        try:
            self.recorder.start()
            exec(code, main.__dict__)
            if call:
                exec(self.compiled(call.encode(), "<--call>"), main.__dict__)
        except SystemExit as leaving:
            ending.peel(leaving)
            self._leave_with(ending.of_exit(leaving), _exit_code(leaving))
        except BaseException as error:
            self._fail(error)
        self._leave_with(Outcome("finished"), 0)

    def _enter(self, script: str, arguments: Sequence[str]) -> types.ModuleType:
        """Make `__main__`, `sys.argv` and `sys.path[0]` what plain Python makes of them."""
        main = fresh_main(script, self.pristine)
        self._former = sys.modules.get("__main__")  # kept alive: its functions are still running
        sys.modules["__main__"] = main
        sys.argv = [script, *arguments]
        sys.orig_argv = [sys.executable, *sys.argv]
        if not sys.flags.safe_path:
            sys.path.insert(0, os.path.dirname(os.path.realpath(script)))
        return main

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
        _flush()
        _exit(0)

    # -- ends ------------------------------------------------------------------------------------------------

    def _fail(self, error: BaseException) -> NoReturn:
        ending.peel(error)
        self.close(ending.of_exception(error))
        _show(error)
        self._leave_with(Outcome("exception"), 1)

    def _leave_with(self, outcome: Outcome, code: int) -> NoReturn:
        """End as the interpreter does: other threads, exit functions, streams; then leave at once."""
        self.close(outcome)
        try:
            threading._shutdown()  # type: ignore[attr-defined]
        except BaseException as error:
            _show(error)
        atexit._run_exitfuncs()
        _flush()
        _exit(code)


def read_source(script: str) -> bytes:
    """The script's bytes. Raises Unreadable, with a sentence, for whatever is no Python source."""
    try:
        if os.path.isdir(script):
            raise Unreadable("it is a folder")
        if not os.path.isfile(script):
            raise Unreadable("it is no regular file" if os.path.exists(script) else "there is no such file")
        with open(script, "rb") as file:
            source = file.read()
    except OSError as error:
        raise Unreadable(f"it cannot be read: {error.strerror}") from None
    what = _foreign(source, script)
    if what:
        raise Unreadable(f"it is {what}, not Python source")
    return source


def _foreign(source: bytes, script: str) -> str | None:
    for start, what in _STARTS:
        if source.startswith(start):
            return what
    if source[2:4] == b"\r\n" and script.endswith(("c", "o")):
        return "compiled Python"
    if source[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "UTF-16 text"
    if b"\0" in source:
        return "a binary file"
    return None


def fresh_main(script: str, pristine: Sequence[str]) -> types.ModuleType:
    """A `__main__` module with exactly the names that this version of Python gives a script."""
    main = types.ModuleType("__main__")
    values: dict[str, Any] = {
        "__name__": "__main__",
        "__loader__": SourceFileLoader("__main__", script),
        "__annotations__": {},
        "__builtins__": builtins,
        "__file__": script,
    }
    namespace = main.__dict__
    namespace.clear()
    namespace.update({name: values.get(name) for name in pristine})
    return main


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


def _exit_code(leaving: SystemExit) -> int:
    """The process's exit code; a text is printed as plain Python prints it."""
    if leaving.code is None:
        return 0
    if isinstance(leaving.code, int):
        return leaving.code & 0xFF
    _flush()
    _quietly(lambda: print(leaving.code, file=sys.stderr))
    return 1


def _show(error: BaseException) -> None:
    """Call the script's `sys.excepthook`, or the interpreter's where that fails."""
    _flush()
    try:
        sys.excepthook(type(error), error, error.__traceback__)
    except SystemExit:
        pass
    except BaseException as second:
        ending.peel(second)
        print("Error in sys.excepthook:", file=sys.stderr)
        sys.__excepthook__(type(second), second, second.__traceback__)
        print("\nOriginal exception was:", file=sys.stderr)
        sys.__excepthook__(type(error), error, error.__traceback__)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        _quietly(getattr(stream, "flush", bool))


def _quietly(action: Callable[[], Any]) -> None:
    """The script's streams may be closed, gone or its own objects."""
    try:
        action()
    except BaseException:
        return
