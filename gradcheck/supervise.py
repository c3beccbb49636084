"""Runs the child process: starts it, listens to it, ends it. Nothing it does can stop us or stay behind.

The child gets a session of its own, so that one signal reaches whatever it started. Its events come over a private
descriptor, one JSON object a line; descriptors 1 and 2 belong to the script. At the time limit it is asked to finish
(SIGUSR1) and killed with its whole group after a grace period.
"""

from __future__ import annotations

import fcntl
import json
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import Any, Literal

from .errors import EnvironmentFailure
from .guard import guarded

Event = dict[str, Any]
Stop = Literal["", "time limit", "interrupt"]

SOFT_SIGNAL = signal.SIGUSR1
GRACE = 5.0
INTERRUPT_GRACE = 0.4
FAREWELL = 2.0
DRAIN = 0.3
POLL = 0.05
CHUNK = 1 << 16
LINE_LIMIT = 1 << 28
INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Ending:
    """How the child ended.

    ``exit_code`` is negative for a signal, as in `subprocess`. ``stopped`` tells why we ended it ("" when we did not)
    and ``interrupt`` by which signal to ourselves. ``peak_memory`` is in bytes. ``unreadable`` counts lines of the
    channel that were no event.
    """

    exit_code: int
    stopped: Stop
    interrupt: int
    output: str
    peak_memory: int
    unreadable: int
    seconds: float


class Output:
    """The script's own output, bounded: the first and the last bytes are kept."""

    def __init__(self, head: int = 1 << 20, tail: int = 1 << 20) -> None:
        self._head_limit = head
        self._tail_limit = tail
        self._head = bytearray()
        self._tail = bytearray()
        self._dropped = 0

    def feed(self, data: bytes) -> None:
        room = self._head_limit - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        # Trimmed only at twice the limit, so that many small writes cost linear time.
        if len(self._tail) > 2 * self._tail_limit:
            self._trim()

    def _trim(self) -> None:
        excess = len(self._tail) - self._tail_limit
        if excess > 0:
            self._dropped += excess
            del self._tail[:excess]

    def text(self) -> str:
        """What was kept, decoded; bytes that are not UTF-8 are written as escapes."""
        self._trim()
        gap = b"\n... %d bytes left out ...\n" % self._dropped if self._dropped else b""
        return (bytes(self._head) + gap + bytes(self._tail)).decode("utf-8", "backslashreplace")


class Channel:
    """The private descriptor: bytes in, events out. A line that is no event is counted and passed over."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._skipping = False
        self.unreadable = 0

    def feed(self, data: bytes) -> Iterator[Event]:
        lines = data.split(b"\n")
        for line in lines[:-1]:
            event = self._event(bytes(self._rest) + line)
            self._rest.clear()
            if event is not None:
                yield event
        self._rest += lines[-1]
        if len(self._rest) > LINE_LIMIT:
            self._rest.clear()
            self._skipping = True

    def _event(self, line: bytes) -> Event | None:
        skipped, self._skipping = self._skipping, False
        if not skipped and not line.strip():
            return None
        try:
            event = None if skipped else json.loads(line)
        except (ValueError, RecursionError):
            event = None
        if isinstance(event, dict) and isinstance(event.get("event"), str):
            return event
        self.unreadable += 1
        return None


class EventPipe:
    """The pipe of the channel. The write end's number is the same in the child."""

    def __init__(self) -> None:
        ends = os.pipe()
        # With closed standard streams os.pipe() may hand out 0 to 2, which the child's own streams would overwrite.
        self.read_end, self.write_end = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 3) for end in ends)
        for end in ends:
            os.close(end)

    def close_write(self) -> None:
        if self.write_end >= 0:
            os.close(self.write_end)
            self.write_end = -1

    def close(self) -> None:
        self.close_write()
        if self.read_end >= 0:
            os.close(self.read_end)
            self.read_end = -1


@dataclass(frozen=True, slots=True)
class Listeners:
    """Called while the child runs: for each event, each piece of the script's output, and every now and then."""

    event: Callable[[Event], None]
    output: Callable[[bytes], None] | None = None
    tick: Callable[[], None] | None = None


def run(
    command: Sequence[str],
    pipe: EventPipe,
    listeners: Listeners,
    *,
    timeout: float = 0.0,
    grace: float = GRACE,
    stdin: int = subprocess.DEVNULL,
    environment: Mapping[str, str] | None = None,
    noted: Sequence[int] = (),
    scratch: str = "",
) -> Ending:
    """Runs ``command`` to its end, or to ours, and leaves no process of its session behind.

    ``noted`` is the list of `interrupts_noted`: a first entry asks the child to finish, a second one kills it. Should
    we be killed ourselves, the folder ``scratch`` is removed. Raises EnvironmentFailure when the command cannot be
    started; whatever a listener raises passes through after the child is gone.
    """
    process = _start(command, pipe, stdin, environment)
    watch = _Watch(process, pipe, listeners, noted, timeout=timeout, grace=grace)
    with guarded(process.pid, scratch), closing(watch):
        try:
            watch.listen()
        except BaseException:
            _bury(process)
            raise
        exit_code, peak = _bury(process)
        watch.drain(DRAIN)
    return watch.ending(exit_code, peak)


def _start(
    command: Sequence[str], pipe: EventPipe, stdin: int, environment: Mapping[str, str] | None
) -> subprocess.Popen[bytes]:
    try:
        process = subprocess.Popen(
            command,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
            pass_fds=[pipe.write_end],
            bufsize=0,
        )
    except OSError as error:
        pipe.close()
        raise EnvironmentFailure(f"{command[0]} cannot be started: {error.strerror}") from None
    pipe.close_write()
    return process


class _Watch:
    """One child being listened to, with the deadlines that end it."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        pipe: EventPipe,
        listeners: Listeners,
        noted: Sequence[int],
        *,
        timeout: float,
        grace: float,
    ) -> None:
        assert process.stdout is not None
        self._process = process
        self._pipe = pipe
        self._listeners = listeners
        self._noted = noted
        self._grace = grace
        self._began = time.monotonic()
        self._soft = self._began + timeout if timeout > 0 else float("inf")
        self._hard = float("inf")
        self._stopped: Stop = ""
        self._output = Output()
        self._channel = Channel()
        self._selector = selectors.DefaultSelector()
        for descriptor, receive in ((pipe.read_end, self._hear), (process.stdout.fileno(), self._keep)):
            os.set_blocking(descriptor, False)
            self._selector.register(descriptor, selectors.EVENT_READ, receive)

    def listen(self) -> None:
        """Returns when the child has ended, or has been killed, and its last words are read."""
        while not self._ended():
            self._read(POLL)
            self._keep_deadlines()
            if self._listeners.tick:
                self._listeners.tick()
        # Helpers such as multiprocessing's resource tracker end by themselves a moment later, cleaning up.
        self.drain(DRAIN)

    def drain(self, seconds: float) -> None:
        """Reads to the end of both pipes; a process that keeps one open is waited for no longer than this."""
        deadline = time.monotonic() + seconds
        while self._selector.get_map() and time.monotonic() < deadline:
            self._read(deadline - time.monotonic())

    def close(self) -> None:
        self._selector.close()
        self._pipe.close()
        if self._process.stdout:
            self._process.stdout.close()

    def ending(self, exit_code: int, peak: int) -> Ending:
        return Ending(
            exit_code=exit_code,
            stopped=self._stopped,
            interrupt=self._noted[0] if self._noted else 0,
            output=self._output.text(),
            peak_memory=peak,
            unreadable=self._channel.unreadable,
            seconds=time.monotonic() - self._began,
        )

    def _ended(self) -> bool:
        # WNOWAIT keeps the process a zombie: its number cannot be given to another before the group is killed.
        return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _read(self, seconds: float) -> None:
        if not self._selector.get_map():
            time.sleep(POLL / 10)
            return
        for key, _ in self._selector.select(max(seconds, 0.0)):
            try:
                data = os.read(key.fd, CHUNK)
            except BlockingIOError:
                continue
            if data:
                key.data(data)
            else:
                self._selector.unregister(key.fd)

    def _hear(self, data: bytes) -> None:
        for event in self._channel.feed(data):
            self._listeners.event(event)
            if event["event"] == "end":
                self._hard = min(self._hard, time.monotonic() + FAREWELL)

    def _keep(self, data: bytes) -> None:
        self._output.feed(data)
        if self._listeners.output:
            self._listeners.output(data)

    def _keep_deadlines(self) -> None:
        now = time.monotonic()
        if self._noted and self._stopped != "interrupt":
            self._ask("interrupt", now + INTERRUPT_GRACE)
        elif now >= self._soft and not self._stopped:
            self._ask("time limit", now + self._grace)
        if now >= self._hard or len(self._noted) > 1:
            _signal_group(self._process, signal.SIGKILL)

    def _ask(self, why: Stop, hard: float) -> None:
        self._stopped = why
        self._hard = min(self._hard, hard)
        with suppress(ProcessLookupError):
            os.kill(self._process.pid, SOFT_SIGNAL)


def _bury(process: subprocess.Popen[bytes]) -> tuple[int, int]:
    """Kills what is left of the child's group and takes its exit code and peak memory in bytes."""
    _signal_group(process, signal.SIGKILL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if os.uname().sysname == "Darwin" else 1024
    return process.returncode, usage.ru_maxrss * unit


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    # macOS answers EPERM for a group in which only the zombie is left.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


@contextmanager
def interrupts_noted() -> Iterator[list[int]]:
    """While inside, SIGINT, SIGTERM and SIGHUP are appended to the list instead of ending us at a random line."""
    noted: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield noted
        return

    def note(number: int, frame: FrameType | None) -> None:
        noted.append(number)

    before = {number: signal.getsignal(number) for number in INTERRUPTS}
    for number, handler in before.items():
        # An ignored signal (nohup, a background job) stays ignored.
        if handler not in (signal.SIG_IGN, None):
            signal.signal(number, note)
    try:
        yield noted
    finally:
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)
