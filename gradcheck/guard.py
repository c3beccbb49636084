"""What cleans up when we are killed ourselves: a shell that waits for our end and then ends the child's group.

It holds the read end of a pipe whose write end only we hold, so that even SIGKILL to us is noticed. The user's process
is left alone: no thread, no handler and no signal of ours is needed in it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

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
