"""A binary, a private directory and a password in, a server that listens on a socket in that directory out."""

import asyncio
import os
import shutil
import signal
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

UP_S, DOWN_S, LOOK_S = 20.0, 3.0, 0.005
NOBODY = "nobody"
LAST_WORDS = 400
PG_PORT = 5432
"""Only a part of the name of a socket: nobody listens on that port."""


class CannotStart(Exception):  # noqa: N818 - the message goes to whoever wanted the server
    """A server did not come up."""


@asynccontextmanager
async def redis(binary: Path, place: Path, password: str) -> AsyncIterator[Path]:
    """Run a Redis that keeps nothing on disk; give its socket. Raises CannotStart."""
    at, settings = _prepare_redis(place, password)
    async with _server([binary, settings], place, signal.SIGTERM) as process:
        await _until(at.exists, process, place)
        yield at


def _prepare_redis(place: Path, password: str) -> tuple[Path, Path]:
    place.mkdir(mode=0o700)
    at, settings = place / "redis.sock", place / "redis.conf"
    settings.write_text(f'port 0\nunixsocket {at}\nrequirepass {password}\nsave ""\nappendonly no\ndir {place}\n')
    return at, settings


@asynccontextmanager
async def postgres(binary: Path, place: Path, password: str, *, user: str) -> AsyncIterator[Path]:
    """Make and run a PostgreSQL whose superuser is `user`; give its socket. Raises CannotStart."""
    as_whom = _as_whom()
    binary, secret = _prepare_postgres(binary, place, password, other=bool(as_whom))
    data = place / "data"
    make = [
        binary.with_name("initdb"), "-D", data, "-U", user, "--pwfile", secret, "--auth", "scram-sha-256",
        "--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions",
    ]  # fmt: skip
    async with _server(make, place, signal.SIGKILL, **as_whom) as making:
        if await making.wait():
            raise _failed(place)
    settings = {
        "listen_addresses": "", "unix_socket_directories": place, "port": PG_PORT, "max_connections": 200,
        "shared_buffers": "16MB", "fsync": "off", "io_method": "sync", "dynamic_shared_memory_type": "mmap",
    }  # fmt: skip
    serve = [binary, "-D", data, *(part for name, value in settings.items() for part in ("-c", f"{name}={value}"))]
    # SIGQUIT: leave at once. There is nothing to keep, but there is shared memory to give back.
    async with _server(serve, place, signal.SIGQUIT, **as_whom) as process:
        await _until(lambda: _ready(data / "postmaster.pid"), process, place)
        yield place / f".s.PGSQL.{PG_PORT}"


def _prepare_postgres(binary: Path, place: Path, password: str, *, other: bool) -> tuple[Path, Path]:
    """Make the place ready, for another user who will be the server; give the binary to run and the password's file."""
    place.mkdir(mode=0o700)
    secret = place / "password"
    secret.write_text(password)
    if other:
        binary = binary if _open_to_all(binary) else _brought(binary, place)
        shutil.chown(place, NOBODY)
        shutil.chown(secret, NOBODY)
    return binary, secret


def _ready(state: Path) -> bool:
    return state.exists() and state.read_text().rstrip().endswith("ready")


@asynccontextmanager
async def _server(
    command: list[Any], place: Path, goodbye: signal.Signals, **as_whom: Any
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a command until the `with` ends; what it says goes to a log in its place."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    with (place / "log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, env=environ, cwd=place, **as_whom
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(goodbye)
            try:
                await asyncio.wait_for(process.wait(), DOWN_S)
            except TimeoutError:
                process.kill()
                await process.wait()


async def _until(up: Callable[[], bool], process: asyncio.subprocess.Process, place: Path) -> None:
    """Wait until a server is up. Raises CannotStart when it ends instead, or takes too long."""
    try:
        async with asyncio.timeout(UP_S):
            while not up():
                if process.returncode is not None:
                    raise _failed(place)
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        raise _failed(place) from None


def _failed(place: Path) -> CannotStart:
    said = (place / "log").read_text(errors="replace").strip()
    return CannotStart(f"{place.name} did not start: {said[-LAST_WORDS:] or 'it said nothing'}")


def _as_whom() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then it runs as nobody, in the group that nobody has here."""
    if os.geteuid():
        return {}
    import pwd

    return {"user": NOBODY, "group": pwd.getpwnam(NOBODY).pw_gid, "extra_groups": []}


def _open_to_all(binary: Path) -> bool:
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in binary.parents)


def _brought(binary: Path, place: Path) -> Path:
    """Copy an installation to where anyone who runs it can read it; the libraries beside its package belong to it."""
    installed = binary.parents[1]
    package = installed.parent
    to = place / "installed"
    for tree in (installed, package.with_name(f"{package.name}.libs")):
        if tree.exists():
            shutil.copytree(tree, to / tree.relative_to(package.parent), ignore=shutil.ignore_patterns("include"))
    return to / binary.relative_to(package.parent)
