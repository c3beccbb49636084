"""The private line from the child to the parent: one strict JSON object a line.

It is not descriptor 1: whatever the script prints, closes or forks, no line of it is lost, mixed or forged.
"""

from __future__ import annotations

import json
import os
import select
from collections.abc import Callable
from typing import Any

_write = os.write
_close = os.close
_closerange = os.closerange
_getpid = os.getpid

#: Few scripts close descriptors as high as this one by hand; those that do meet `Channel.shield`.
_HIGH = 60_000


class Channel:
    """Sends events to the parent; silent in any process but the one that opened it, and once the parent is gone."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = _move_high(descriptor)
        self.pid = _getpid()
        self._busy = False
        self._waiting: Callable[[], None] | None = None

    @property
    def mine(self) -> bool:
        """Whether this process opened the channel: a fork of the script did not."""
        return _getpid() == self.pid

    def send(self, event: dict[str, Any]) -> None:
        """Write one event as one line. A parent that is gone is no error of the script's: nothing is raised."""
        if not self.mine:
            return
        line = json.dumps(strict(event), allow_nan=False, separators=(",", ":")).encode() + b"\n"
        self._busy = True
        try:
            _write_all(self.descriptor, line)
        except OSError:
            pass
        finally:
            self._busy = False
        self._run_waiting()

    def between_lines(self, action: Callable[[], None]) -> None:
        """Run `action` now, or as soon as the line being written is complete (for signal handlers)."""
        if self._busy:
            self._waiting = action
        else:
            action()

    def _run_waiting(self) -> None:
        action, self._waiting = self._waiting, None
        if action is not None:
            action()

    def shield(self) -> None:
        """Keep the script from closing the channel's descriptor (`os.close`, `os.closerange`)."""

        def close(fd: int) -> None:
            if fd == self.descriptor and self.mine:
                fd = -1  # the script never opened it: the same answer as plain Python gives
            _close(fd)

        def closerange(fd_low: int, fd_high: int, /) -> None:
            if fd_low <= self.descriptor < fd_high and self.mine:
                _closerange(fd_low, self.descriptor)
                fd_low = self.descriptor + 1
            _closerange(fd_low, fd_high)

        os.close, os.closerange = close, closerange


def strict(value: Any) -> Any:
    """`value` as strict JSON: NaN and infinities become None, unknown objects their text, text is valid UTF-8."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {strict(str(key)): strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [strict(item) for item in value]
    return _number(value)


def _number(value: Any) -> Any:
    if hasattr(value, "tolist"):  # a NumPy scalar or array; a tolist that returns itself would recurse for ever
        plain = value.tolist()
        return strict(plain) if type(plain) is not type(value) else str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if value - value == 0 else None
    return strict(str(value))


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        try:
            view = view[_write(descriptor, view) :]
        except BlockingIOError:
            _wait_until_writable(descriptor)


def _wait_until_writable(descriptor: int) -> None:
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    poll.poll(1000)


def _move_high(descriptor: int) -> int:
    """The descriptor under a high number, closed in programs that the script starts."""
    try:
        import fcntl
        import resource
    except ImportError:  # not POSIX
        os.set_inheritable(descriptor, False)
        return descriptor
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    highest = _HIGH if limit == resource.RLIM_INFINITY else min(_HIGH, limit - 1)
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, max(3, highest - 8))
    _close(descriptor)
    return moved
