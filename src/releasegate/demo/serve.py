"""Faults in, a staging in processes of its own out, with the environment that a config needs to reach it."""

import contextlib
import secrets
from collections.abc import Iterable
from importlib.util import find_spec
from types import TracebackType
from typing import Self

from releasegate.demo.faults import FAULTS
from releasegate.demo.ports import HOST
from releasegate.demo.process import Process
from releasegate.demo.stores import NAMES, Stores
from releasegate.errors import UsageError

REVISION = "7c1f0e93b2d84a65c0f7a1e2d3b4c5968778695a"
"""The commit that a demo judges, and that a healthy staging says it runs."""
SCHEMES = {"api": "http", "auth": "http", "chat": "ws", "edge": "tcp"}
VARIABLES = {
    "api": "STAGING_API_URL", "auth": "STAGING_AUTH_URL", "chat": "STAGING_WS_URL", "edge": "STAGING_EDGE_URL",
    "redis": "STAGING_REDIS_URL", "postgres": "STAGING_POSTGRES_URL",
}  # fmt: skip
NEEDED = ("starlette", "uvicorn")


class Staging:
    """The reference staging, up within a `with`. `environ` leads a config to it; `revision` is what it should run.

    `missing` tells of each of its `stores` that this machine has no server for; `environ` leads to the others.
    Entering raises UsageError when it cannot start: a port is taken, or the extra `demo` is not installed.
    """

    def __init__(self, faults: Iterable[str] = (), *, port: int = 0, stores: Iterable[str] = tuple(NAMES)) -> None:
        self.faults = tuple(dict.fromkeys(faults))
        self.port = port
        self.revision = REVISION
        self.environ: dict[str, str] = {}
        self.stores = Stores(port=port and port + len(SCHEMES), wanted=stores)
        self.missing = self.stores.missing
        self._process: Process | None = None
        self._within = contextlib.ExitStack()
        unknown = [name for name in self.faults if name not in FAULTS]
        if unknown:
            raise UsageError(f'there is no fault "{unknown[0]}"; known are {", ".join(FAULTS)}')

    def __enter__(self) -> Self:
        missing = [name for name in NEEDED if find_spec(name) is None]
        if missing:
            raise UsageError(f"the demo needs {' and '.join(missing)}: pip install 'releasegate[demo]'")
        with contextlib.ExitStack() as within:
            self._process = Process("releasegate.demo.staging")  # it makes itself ready while the stores start
            within.callback(self._process.end)
            self.environ = self._ask(self._process, within.enter_context(self.stores))
            self._within = within.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._within.close()

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.alive and self.stores.alive

    def _ask(self, process: Process, stores: Stores) -> dict[str, str]:
        """Tell the process what to serve, and give the environment that leads to it. Raises UsageError."""
        password, secret = secrets.token_urlsafe(18), secrets.token_hex(32)
        order = {"faults": self.faults, "port": self.port, "password": password, "secret": secret}
        ports: dict[str, int] = process.ask({**order, "stores": stores.urls})["ports"]
        urls = {name: f"{SCHEMES[name]}://{HOST}:{port}" for name, port in ports.items()} | stores.urls
        environ = {VARIABLES[name]: url for name, url in urls.items()}
        return {**environ, "STAGING_PASSWORD": password, "STAGING_JWT_SECRET": secret}
