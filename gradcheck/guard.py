"""What cleans up when we are killed ourselves: a shell that waits for our end and then ends the child's group.

It holds the read end of a pipe whose write end only we hold, so that even SIGKILL to us is noticed. The user's process
is left alone: no thread, no handler and no signal of ours is needed in it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SHELL = "/bin/sh"
# `kill -9 --` is unknown to dash, and `kill -s` wants a `--` elsewhere; this form all shells take.
SCRIPT = 'read -r line; kill -9 "-$1"; if [ -n "$2" ]; then rm -rf -- "$2"; fi'


@contextmanager
def guarded(group: int, scratch: str) -> Iterator[None]:
    """While inside: should this process die, the process group is killed and the folder ``scratch`` removed."""
    guard = _start(group, scratch)
    try:
        yield
    finally:
        if guard is not None:
            # Killed before its pipe closes: otherwise it would take our end for a death.
            guard.kill()
            guard.wait()
            if guard.stdin:
                guard.stdin.close()


def _start(group: int, scratch: str) -> subprocess.Popen[bytes] | None:
    try:
        return subprocess.Popen(
            [SHELL, "-c", SCRIPT, "gradcheck-guard", str(group), scratch],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return None  # a system without a shell: only our own death goes unnoticed


@contextmanager
def orphans_ended() -> Iterator[None]:
    """While inside: a process that left its session behind (a daemon) becomes ours when its parent ends; it is killed.

    Only for a process that starts no others meanwhile: every child that it then has is taken for such an orphan. Linux
    alone can do this; elsewhere nothing happens.
    """
    adopting = sys.platform == "linux" and _adopt(True)
    try:
        yield
    finally:
        if adopting:
            while children := _children():
                for child in children:
                    with suppress(ProcessLookupError, ChildProcessError):
                        os.kill(child, signal.SIGKILL)
                        os.waitpid(child, 0)
            _adopt(False)


def _adopt(orphans: bool) -> bool:
    import ctypes

    set_child_subreaper = 36
    try:
        return bool(ctypes.CDLL(None).prctl(set_child_subreaper, int(orphans), 0, 0, 0) == 0)
    except (OSError, AttributeError):
        return False


def _children() -> list[int]:
    """The processes whose parent we are, among them those that were killed and not yet waited for."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, IndexError, ValueError):
            # The name in brackets may hold anything; the parent is the second field after it.
            if int(status.read_text().rpartition(")")[2].split()[1]) == os.getpid():
                found.append(int(status.parent.name))
    return found
