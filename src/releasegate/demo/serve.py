"""Faults in, a staging in a process of its own out, with the environment that a config needs to reach it."""

import contextlib
import json
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterable
from importlib.util import find_spec
from types import TracebackType
from typing import Any, Self

from releasegate.demo.faults import FAULTS
from releasegate.errors import UsageError

REVISION = "7c1f0e93b2d84a65c0f7a1e2d3b4c5968778695a"
"""The commit that a demo judges, and that a healthy staging says it runs."""
SCHEMES = {"api": "http", "auth": "http", "chat": "ws", "edge": "tcp"}
VARIABLES = {
    "api": "STAGING_API_URL", "auth": "STAGING_AUTH_URL", "chat": "STAGING_WS_URL", "edge": "STAGING_EDGE_URL",
}  # fmt: skip
NEEDED = ("starlette", "uvicorn")
START_S, END_S = 30.0, 5.0


class Staging:
    """The reference staging, up within a `with`. `environ` leads a config to it; `revision` is what it should run.

    Entering raises UsageError when it cannot start: a port is taken, or the extra `demo` is not installed.
    """

    def __init__(self, faults: Iterable[str] = (), *, port: int = 0) -> None:
        self.faults = tuple(dict.fromkeys(faults))
        self.port = port
        self.revision = REVISION
        self.environ: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None
        unknown = [name for name in self.faults if name not in FAULTS]
        if unknown:
            raise UsageError(f'there is no fault "{unknown[0]}"; known are {", ".join(FAULTS)}')

    def __enter__(self) -> Self:
        missing = [name for name in NEEDED if find_spec(name) is None]
        if missing:
            raise UsageError(f"the demo needs {' and '.join(missing)}: pip install 'releasegate[demo]'")
        password, secret = secrets.token_urlsafe(18), secrets.token_hex(32)
        order = {"faults": self.faults, "port": self.port, "password": password, "secret": secret}
        try:
            ports = self._start(order)
        except BaseException:
            self._end()
            raise
        urls = {VARIABLES[name]: f"{SCHEMES[name]}://127.0.0.1:{port}" for name, port in ports.items()}
        self.environ = {**urls, "STAGING_PASSWORD": password, "STAGING_JWT_SECRET": secret}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _start(self, order: dict[str, Any]) -> dict[str, int]:
        """Start the process, tell it what to serve, and hear from it where. Raises UsageError."""
        command = [sys.executable, "-P", "-m", "releasegate.demo.staging"]
        process = self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603
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
        return _ports(line)

    def _end(self) -> None:
        """End the process in bounded time: it ends by itself when its stdin does, else it is killed."""
        process, self._process = self._process, None
        if process is None:
            return
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


def _ports(line: bytes) -> dict[str, int]:
    """Read the one line that the process says. Raises UsageError with what it says is wrong."""
    if not line:
        raise UsageError("the embedded staging did not start; what it said stands above, if it said anything")
    said: dict[str, Any] = json.loads(line)
    if "error" in said:
        raise UsageError(f"{said['error']}; choose other ports: --port, or leave it out for free ones")
    ports: dict[str, int] = said["ports"]
    return ports
