"""A module and an order in, a process of its own that serves until its stdin ends out.

The order is one line of JSON on stdin, for secrets belong on no command line; the answer is one line on stdout. The
process ends by itself when its stdin does: it is closed here, or by the system when whoever started it is gone.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from typing import Any

from releasegate.errors import UsageError

START_S, END_S = 30.0, 5.0


def order() -> dict[str, Any] | None:
    """Read, within such a process, what to do; None when whoever started it is gone before it said so."""
    line = sys.stdin.buffer.readline()
    return dict(json.loads(line)) if line else None


def say(answer: dict[str, Any]) -> None:
    """Give, within such a process, the one answer."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


class Process:
    """A process that begins at once, and is told what to do by `ask`.

    With a `group` it leads a process group of its own: no Ctrl-C of a terminal reaches it, and whatever is left of
    the group at the end is killed.
    """

    def __init__(self, module: str, *arguments: str, group: bool = False) -> None:
        self.group = group
        command = [sys.executable, "-P", "-m", module, *arguments]
        self._process = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=group
        )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, order: dict[str, Any]) -> dict[str, Any]:
        """Tell it what to do and hear its one answer. Raises UsageError: it said what is wrong, or nothing in time."""
        process = self._process
        assert process.stdin is not None  # noqa: S101 - both are pipes
        assert process.stdout is not None  # noqa: S101
        too_late = threading.Timer(START_S, process.kill)
        too_late.start()
        try:
            process.stdin.write(json.dumps(order).encode() + b"\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError:
            line = b""
        finally:
            too_late.cancel()
        if not line:
            raise UsageError("the embedded staging did not start; what it said stands above, if it said anything")
        said: dict[str, Any] = json.loads(line)
        if "error" in said:
            raise UsageError(said["error"])
        return said

    def end(self) -> None:
        """End it in bounded time: it ends by itself when its stdin does, else it is killed."""
        process = self._process
        if process.stdin is not None:
            with contextlib.suppress(OSError):  # it is gone already
                process.stdin.close()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        finally:
            if process.stdout is not None:
                process.stdout.close()
            if self.group:
                with contextlib.suppress(ProcessLookupError, PermissionError):  # as it should be: nobody is left
                    os.killpg(process.pid, signal.SIGKILL)
