"""A probe, a target and a statement in, the rows as JSON out. The only I/O of the kind, with `connect` and `waiting`.

libpq itself is driven, through psycopg's `pq`: so the phases of a connection can be told apart, one statement alone is
sent, rows are bounded while they come, and a value is what the server wrote.
"""

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from msgspec.structs import replace
from psycopg import NotSupportedError, OperationalError
from psycopg.pq import DiagnosticField, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult

from releasegate.checks._postgres.connect import connect, held
from releasegate.checks._postgres.reasons import LONGEST_MESSAGE
from releasegate.checks._postgres.rows import Unreadable, demand_names, value_of
from releasegate.checks._postgres.statement import Statement
from releasegate.checks._postgres.waiting import polled, ready
from releasegate.checks.base import Probe
from releasegate.config.model import Target

MOST_ROWS = 1_000
CANCEL_S = 1.0
SQLSTATE = re.compile(r"[0-9A-Z]{5}")
BEGIN = (
    "BEGIN READ ONLY; SET LOCAL statement_timeout = {milliseconds}; SET LOCAL standard_conforming_strings = on;"
    " SET LOCAL datestyle = ISO; SET LOCAL intervalstyle = iso_8601; SET LOCAL timezone = UTC;"
    " SET LOCAL bytea_output = hex"
)
"""What holds beside the reading of the query: the server lets nothing be written, and ends what takes too long."""
Rows = list[dict[str, Any]]


async def ask(
    probe: Probe, name: str, statement: Statement, values: Sequence[str | None], timeout_s: float
) -> tuple[Rows, float]:
    """Log in, run one statement in a transaction that only reads; give its rows, and the seconds that it took.

    Raises CouldNotLook. No connection is left open, and a statement that is still under way is cancelled.
    """
    probe.target, probe.doing = name, "name"
    ends = asyncio.get_running_loop().time() + timeout_s
    try:
        async with asyncio.timeout_at(ends):
            connection, contact = await connect(probe, probe.targets[name], ends)
            answer = Answer(probe.targets[name], probe)
            try:
                await answer.take(connection, statement, values, timeout_s)
            finally:
                probe.contacts.append(
                    replace(contact, bytes_sent=len(statement.sql.encode()), bytes_received=answer.received)
                )
                await _end(connection)
            return answer.rows, probe.phases[-1].duration_s
    except TimeoutError:
        raise probe.trouble("timeout", f"the time of {timeout_s:g} s was over") from None


class Answer:
    """Rows as they come, within bounds; `received` counts the bytes of their values."""

    def __init__(self, target: Target, probe: Probe) -> None:
        self.target = target
        self.probe = probe
        self.rows: Rows = []
        self.columns: list[str] | None = None
        self.received = 0

    async def take(
        self, connection: PGconn, statement: Statement, values: Sequence[str | None], timeout_s: float
    ) -> None:
        with held(connection, self.probe), self.probe.phase("begin"):
            connection.send_query(BEGIN.format(milliseconds=max(1, round(timeout_s * 1000))).encode())
            while (result := await _next(connection)) is not None:
                self._demand_sound(result)
        with held(connection, self.probe), self.probe.phase("query"):
            sent = [None if value is None else value.encode() for value in values]
            connection.send_query_params(statement.sql.encode(), sent)
            connection.set_single_row_mode()
            while (result := await _next(connection)) is not None:
                self._demand_sound(result)
                self._add(result)

    def _demand_sound(self, result: PGresult) -> None:
        if result.status != ExecStatus.FATAL_ERROR:
            return
        code = result.error_field(DiagnosticField.SQLSTATE)
        said = result.error_field(DiagnosticField.MESSAGE_PRIMARY)
        if code is None or said is None:  # libpq's own: the connection is lost
            raise OperationalError(result.get_error_message("utf-8"))
        self.received += len(said)
        reason = code.decode("ascii", errors="replace")
        message = said.decode(errors="replace")[:LONGEST_MESSAGE]
        raise self.probe.trouble(reason if SQLSTATE.fullmatch(reason) else "error", message)

    def _add(self, result: PGresult) -> None:
        try:
            if self.columns is None:
                self.columns = [(result.fname(at) or b"").decode() for at in range(result.nfields)]
                demand_names(self.columns)
            for row in range(result.ntuples):
                self.rows.append(self._row(result, row, self.columns))
        except (Unreadable, UnicodeDecodeError) as error:
            raise self.probe.trouble("unreadable", f"row {len(self.rows) + 1}: {error}") from None
        if len(self.rows) > MOST_ROWS:
            raise self.probe.trouble(
                "too large", f"there are more than {MOST_ROWS:,} rows: ask for fewer, or count them"
            )

    def _row(self, result: PGresult, row: int, columns: list[str]) -> dict[str, Any]:
        values = [result.get_value(row, at) for at in range(len(columns))]
        self.received += sum(len(value) for value in values if value is not None)
        if self.received > self.target.max_body:
            message = f"the values of its rows are larger than {self.target.max_body} bytes"
            raise self.probe.trouble("too large", message)
        return {name: value_of(name, result.ftype(at), values[at]) for at, name in enumerate(columns)}


async def _next(connection: PGconn) -> PGresult | None:
    """Send what waits to be sent, and give the next result; None after the last. Raises OperationalError."""
    while connection.flush():
        await ready(connection.socket, reading=False)
    while connection.is_busy():
        await ready(connection.socket, reading=True)
        connection.consume_input()
    return connection.get_result()


async def _end(connection: PGconn) -> None:
    """Cancel what is under way, as far as that goes within a second, and hang up.

    Where libpq is too old for it, the server ends the statement by its own bound.
    """
    try:
        if connection.transaction_status == TransactionStatus.ACTIVE:
            with suppress(NotSupportedError, OperationalError, TimeoutError):
                async with asyncio.timeout(CANCEL_S):
                    cancelling = connection.cancel_conn()
                    cancelling.start()
                    await polled(cancelling.poll, lambda: cancelling.socket, lambda: None)
    finally:
        connection.finish()
