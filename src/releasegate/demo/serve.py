"""Faults in, a staging in processes of its own out, with the environment that a config needs to reach it."""

import contextlib
import secrets
import shutil
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

from releasegate.demo.faults import FAULTS, Fault
from releasegate.demo.ports import HOST
from releasegate.demo.process import Process
from releasegate.demo.stores import NAMES, POSTGRES, REDIS, Stores
from releasegate.errors import UsageError

REVISION = "7c1f0e93b2d84a65c0f7a1e2d3b4c5968778695a"
"""The commit that a demo judges, and that a healthy staging says it runs."""
SCHEMES = {"api": "http", "auth": "http", "chat": "ws", "edge": "tcp"}
VARIABLES = {
    "api": "STAGING_API_URL", "auth": "STAGING_AUTH_URL", "chat": "STAGING_WS_URL", "edge": "STAGING_EDGE_URL",
    "redis": "STAGING_REDIS_URL", "postgres": "STAGING_POSTGRES_URL",
}  # fmt: skip
DELAYS_S = {Fault.REDIS_SLOW: (REDIS, 0.4), Fault.POSTGRES_SLOW: (POSTGRES, 0.4)}
"""Which store a fault makes slow: by how much each of its answers is late."""
NEEDED = ("psutil", "psycopg", "redis", "starlette", "uvicorn")


class Staging:
    """The reference staging, up within a `with`. `environ` leads a config to it; `revision` is what it should run.

    In its `directory` other tools have left their numbers, as they do where a gate runs.

    `missing` tells of each of its `stores` that this machine has no server for; `environ` leads to the others.
    Entering raises UsageError when it cannot start: a port is taken, or the extra `demo` is not installed.
    """

    def __init__(self, faults: Iterable[str] = (), *, port: int = 0, stores: Iterable[str] = tuple(NAMES)) -> None:
        self.faults = tuple(dict.fromkeys(faults))
        unknown = [name for name in self.faults if name not in FAULTS]
        if unknown:
            raise UsageError(f'there is no fault "{unknown[0]}"; known are {", ".join(FAULTS)}')
        slow = [DELAYS_S[Fault(name)] for name in self.faults if Fault(name) in DELAYS_S]
        self.port = port
        self.revision = REVISION
        self.environ: dict[str, str] = {}
        self.directory = Path()
        self.stores = Stores(dict(slow), port=port and port + len(SCHEMES), wanted=stores)
        self.missing = self.stores.missing
        for name, _ in slow:
            if name in self.missing:
                raise UsageError(f"{self.missing[name]}, so it cannot be slow either")
        self._process: Process | None = None
        self._within = contextlib.ExitStack()

    def __enter__(self) -> Self:
        missing = [name for name in NEEDED if find_spec(name) is None]
        if missing:
            names = " and ".join(missing)
            raise UsageError(f"the demo needs {names}: pip install '.[demo]' in a checkout of releasegate")
        with contextlib.ExitStack() as within:
            # It makes itself ready, and the clients of the stores that there will be, while these start.
            self._process = Process("releasegate.demo.staging", *self.stores.found)
            within.callback(self._process.end)
            stores = within.enter_context(self.stores)
            within.callback(self._process.end)  # before the stores, which it uses
            self.environ = self._ask(self._process, stores)
            within.callback(shutil.rmtree, self.directory, ignore_errors=True)  # it may have been killed
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
        said = process.ask({**order, "stores": stores.urls})
        self.directory = Path(said["place"])
        urls = {name: f"{SCHEMES[name]}://{HOST}:{port}" for name, port in said["ports"].items()} | stores.urls
        environ = {VARIABLES[name]: url for name, url in urls.items()}
        environ["STAGING_REPORTS"] = str(self.directory / "reports")
        return {**environ, "STAGING_PASSWORD": password, "STAGING_JWT_SECRET": secret}
