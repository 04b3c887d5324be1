"""A probe and a target in, an open connection of libpq's out, with the phases that it took."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from psycopg import OperationalError, pq
from psycopg.conninfo import make_conninfo
from psycopg.pq import Conninfo, ConnStatus
from psycopg.pq.abc import PGconn

from releasegate.checks._postgres.reasons import reason_of, said_of
from releasegate.checks._postgres.settings import is_plain, settings
from releasegate.checks._postgres.waiting import polled
from releasegate.checks.base import Probe
from releasegate.config.model import Target
from releasegate.errors import CouldNotLook
from releasegate.model import Contact

CONNECTING = frozenset({ConnStatus.STARTED, ConnStatus.NEEDED})


async def connect(probe: Probe, target: Target, ends: float) -> tuple[PGconn, Contact]:
    """Connect to the first address that answers and log in; each gets its share of the time that is left.

    `ends` is on the loop's clock. Raises CouldNotLook.
    """
    addresses, phases = await probe.wire.addresses(target, ends - asyncio.get_running_loop().time())
    probe.phases.extend(phases)
    for tried, address in enumerate(addresses):
        left_s = ends - asyncio.get_running_loop().time()
        share_s = left_s / (len(addresses) - tried)
        try:
            async with asyncio.timeout(share_s):
                return await _at(probe, target, address)
        except (CouldNotLook, TimeoutError):
            if probe.doing != "connect" or tried + 1 == len(addresses):
                raise
    raise AssertionError  # the wire gives one address at least


async def _at(probe: Probe, target: Target, address: str) -> tuple[PGconn, Contact]:
    bundle, _ = probe.wire.trusted(target)
    told = settings(target, address, bundle, (option.keyword.decode() for option in Conninfo.get_defaults()))
    connection = pq.PGconn.connect_start(make_conninfo("", **told).encode())
    tls = None if is_plain(target) else f"verified for {target.host}"
    try:
        await _through(connection, probe, plain=tls is None)
    except BaseException:
        if probe.doing != "connect":
            probe.contacts.append(_contact(target, address, tls if probe.doing == "authenticate" else None))
        connection.finish()
        raise
    connection.nonblocking = 1
    return connection, _contact(target, address, tls)


async def _through(connection: PGconn, probe: Probe, *, plain: bool) -> None:
    """Go through the phases of a connection. Raises CouldNotLook."""
    with ExitStack() as phase:
        phase.enter_context(probe.phase("connect"))
        if connection.status == ConnStatus.BAD:  # nothing was tried
            raise probe.trouble("not allowed", said_of(connection.get_error_message("utf-8")))

        def stage() -> None:
            now = _stage(connection.status, probe.doing, plain=plain)
            if now != probe.doing:
                phase.close()
                phase.enter_context(probe.phase(now))

        if not await polled(connection.connect_poll, lambda: connection.socket, stage):
            raise lost(connection, probe)


def _stage(status: int, before: str, *, plain: bool) -> str:
    """Name the phase that a connection is in; one that is made is secured first, where that is wanted."""
    if status in CONNECTING:
        return "connect"
    if status == ConnStatus.SSL_STARTUP or (status == ConnStatus.MADE and before == "connect" and not plain):
        return "TLS"
    return "authenticate"


def _contact(target: Target, address: str, tls: str | None) -> Contact:
    return Contact(target=target.name, host=target.host, port=target.port, address=address, tls=tls)


def lost(connection: PGconn, probe: Probe, said: str = "") -> CouldNotLook:
    """Tell why a connection failed, in the phase that is open."""
    said = said or connection.get_error_message("utf-8")
    return probe.trouble(reason_of(said, probe.doing), said_of(said))


@contextmanager
def held(connection: PGconn, probe: Probe) -> Iterator[None]:
    """Make of what libpq raises, when a connection is lost, what a kind raises."""
    try:
        yield
    except OperationalError as error:
        raise lost(connection, probe, str(error)) from None
