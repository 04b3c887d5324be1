"""The query of a config in, the one statement to send out; or a problem, if it is not known to only read. Pure.

This is the first belt, and it tells a mistake where it was written. The second one holds: the server runs the query in
a transaction that is read only, and is asked for one statement alone.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from releasegate.checks._postgres.tokens import BadSql, Sort, Token, tokens
from releasegate.config.node import Node
from releasegate.config.shape import MISSING, Reading, Shape
from releasegate.template import compile_text

READING = frozenset({"select", "with", "values", "table", "show"})
WRITING = frozenset({"insert", "update", "delete", "merge", "into"})
"""Words that a statement which begins as a reading one may still write with."""
LOCKS = frozenset({"share", "update", "key", "no"})
HURTFUL = frozenset(
    """
    cursor_to_xml cursor_to_xmlschema database_to_xml lo_creat lo_create lo_export lo_from_bytea lo_import lo_open
    lo_put lo_truncate lo_truncate64 lo_unlink lowrite nextval query_to_xml query_to_xml_and_xmlschema
    query_to_xmlschema set_config setval ts_rewrite ts_stat
    pg_backup_start pg_backup_stop pg_cancel_backend pg_copy_logical_replication_slot pg_copy_physical_replication_slot
    pg_create_logical_replication_slot pg_create_physical_replication_slot pg_create_restore_point
    pg_drop_replication_slot pg_export_snapshot pg_import_system_collations pg_log_backend_memory_contexts
    pg_log_standby_snapshot pg_logical_emit_message pg_notify pg_promote pg_read_binary_file pg_read_file
    pg_reload_conf pg_replication_slot_advance pg_rotate_logfile pg_start_backup pg_stat_file pg_stop_backup
    pg_switch_wal pg_sync_replication_slots pg_terminate_backend pg_wal_replay_pause pg_wal_replay_resume
    """.split()  # noqa: SIM905 - a list of words is read as words
)
FAMILIES = (
    "dblink", "pg_advisory_", "pg_clear_", "pg_file_", "pg_logical_slot_", "pg_ls_", "pg_replication_origin_",
    "pg_restore_", "pg_sleep", "pg_stat_reset", "pg_try_advisory_",
)  # fmt: skip
"""How the names of functions begin that a read-only transaction does not keep from changing or holding something."""
FORM = "one SELECT, WITH … SELECT, VALUES, TABLE, SHOW or EXPLAIN"


class Statement(Struct, frozen=True):
    """`sql` has $1, $2 … where holes stood; `holes` names what fills each."""

    sql: str
    holes: tuple[str, ...] = ()


class Query(Shape):
    """One statement that only reads."""

    says = "one query that only reads"

    def read(self, node: Node, ctx: Reading) -> Any:
        if node.kind != "text":
            return self.wrong(node, ctx)
        try:
            statement = statement_of(node.value)
        except BadSql as bad:
            return ctx.report(node, f"the query is refused: {bad}", bad.hint or FORM)
        before = len(ctx.problems)
        ctx.check_holes(node, [compile_text(f"{{{{{hole}}}}}") for hole in statement.holes])
        return statement if len(ctx.problems) == before else MISSING

    def schema(self) -> dict[str, Any]:
        return {"type": "string"}


def statement_of(sql: str) -> Statement:
    """Read a query. Raises BadSql when it is not one statement that is known to only read."""
    if "\x00" in sql:
        raise BadSql("a NUL byte")
    found = list(tokens(sql))
    while found and found[-1].text == ";" and found[-1].sort is Sort.SIGN:
        found.pop()
    if not found:
        raise BadSql("there is no statement in it")
    if any(token.sort is Sort.SIGN and token.text == ";" for token in found):
        raise BadSql("it holds several statements")
    _demand_reading(found)
    _demand_harmless(found)
    return _parted(sql, found)


def _demand_reading(found: Sequence[Token]) -> None:
    """Demand that it begins as a statement that reads."""
    words = [token for token in found if token.text != "(" or token.sort is not Sort.SIGN]
    first = words[0] if words else found[0]
    if first.sort is Sort.WORD and first.text == "explain":
        first = _explained(found)
    if first.sort is not Sort.WORD or first.text not in READING:
        raise BadSql(f"{first.text[:40].upper()} is not known to only read")


def _explained(found: Sequence[Token]) -> Token:
    """Give the first word of what is explained; ANALYZE would run it."""
    rest = list(found[1:])
    if rest and rest[0].text == "(" and rest[0].sort is Sort.SIGN:
        end = next((at for at, token in enumerate(rest) if token.text == ")" and token.sort is Sort.SIGN), len(rest))
        options, rest = rest[:end], rest[end + 1 :]
    else:
        options = rest[:2]
    if any(token.text.lower() in {"analyze", "analyse"} for token in options):
        raise BadSql("EXPLAIN ANALYZE runs what it explains", "leave ANALYZE out")
    rest = [token for token in rest if token.text not in {"(", "verbose"}]
    if not rest:
        raise BadSql("there is nothing to explain")
    return rest[0]


def _demand_harmless(found: Sequence[Token]) -> None:
    """Refuse words that write or lock, and calls of functions that a read-only transaction does not hold."""
    for before, token, after in zip([None, *found], found, [*found[1:], None], strict=False):
        if token.sort is Sort.TEXT and before is not None and before.sort is Sort.TEXT and token.text[0] == "'":
            raise BadSql("a text that goes on after its end", "write it as one text")
        if token.sort not in {Sort.WORD, Sort.NAME}:
            continue
        dotted = before is not None and before.text == "."
        if token.sort is Sort.WORD and not dotted:
            if token.text in WRITING:
                raise BadSql(f"{token.text.upper()} writes", f'a column of that name stands in quotes: "{token.text}"')
            if token.text == "for" and after is not None and after.sort is Sort.WORD and after.text in LOCKS:
                raise BadSql(f"FOR {after.text.upper()} locks rows")
        if after is not None and after.text == "(" and (token.text in HURTFUL or token.text.startswith(FAMILIES)):
            raise BadSql(f"the function {token.text} does more than read")


def _parted(sql: str, found: Sequence[Token]) -> Statement:
    """Put parameters where holes stand; the same hole is the same parameter."""
    out, at, holes = "", 0, list[str]()
    for token in found:
        if token.sort is Sort.HOLE:
            if token.text not in holes:
                holes.append(token.text)
            out += f"{sql[at : token.start]}${holes.index(token.text) + 1}"
            at = token.end
    return Statement(f"{out}{sql[at : found[-1].end]}", tuple(holes))
