"""The kind `postgres`: a PostgreSQL answers one query that only reads, with which rows and how fast.

Its parts stand in `_postgres`: the reading of the query, the settings, the connection, the rows as JSON.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from releasegate.checks._postgres import settings
from releasegate.checks._postgres.statement import Query, Statement
from releasegate.checks.base import Judgement, Probe, Reader
from releasegate.checks.extra import demand_client
from releasegate.config.model import Target
from releasegate.config.node import Node
from releasegate.config.shape import Field, PositiveDuration, Reading, Table, TargetName
from releasegate.expect import (
    VACUOUS,
    Bound,
    Demand,
    JsonExpect,
    judge_duration,
    judge_json,
    violate_json,
    violate_value,
    why,
)
from releasegate.model import Expectation
from releasegate.template import Template, as_text

CLIENT = "psycopg"
DEFAULT_TIMEOUT_S = 10.0
ALIVE = Statement("select 1 as alive")
IS_ALIVE = (Demand("$[0].alive", "equals", 1),)


class Spec(Struct, frozen=True, kw_only=True):
    connect: str | Template
    query: Statement
    timeout_s: float
    rows: tuple[Demand, ...]
    latency: tuple[Demand, ...]


class Answer(Struct, frozen=True, kw_only=True):
    """`rows` is a list of objects; `took_s` counts from the query to its last row."""

    rows: Any
    took_s: float


def _build(values: dict[str, Any], node: Node, ctx: Reading) -> Any:
    demand_client(node, ctx, kind="postgres", module=CLIENT)
    expect, query = values["expect"] or {}, values["query"] or ALIVE
    rows = expect.get("rows") or (IS_ALIVE if query == ALIVE else ())
    if not rows:
        message = "nothing is expected of the rows: there could be any, or none"
        return ctx.report(node, message, "such as expect: {rows: {$[0].count: {max: 100}}}")
    return Spec(
        connect=values["connect"],
        query=query,
        timeout_s=values["timeout"],
        rows=rows,
        latency=expect.get("latency") or (),
    )


EXPECT = Table(
    "expect",
    {
        "rows": Field(JsonExpect(), says="JSONPaths of the list of rows and what they must select"),
        "latency": Field(Bound(), says="from the query to its last row; 250ms, or {warn:, fail:}"),
    },
)


class Postgres(Reader):
    """One connection and one query a sample."""

    name = "postgres"
    table = Table(
        "a postgres check",
        {
            "connect": Field(TargetName(), required=True, says="the target: postgres://"),
            "query": Field(Query(), says="one query that only reads; select 1 as alive"),
            "timeout": Field(
                PositiveDuration(), default=DEFAULT_TIMEOUT_S, inherits=True, says="bounds the sample; 10s"
            ),
            "expect": Field(EXPECT, says="rows, latency"),
        },
        _build,
    )
    schemes = frozenset({"postgres", "postgresql"})

    def refuses(self, target: Target) -> tuple[str, str] | None:
        """Say what is wrong with the url of a target, and what to write."""
        return settings.refusal(target)

    async def observe(self, spec: Spec, probe: Probe) -> Answer:
        from releasegate.checks._postgres.observe import ask

        (name,) = self.targets(spec, probe.scope)
        filled = [probe.scope[hole] for hole in spec.query.holes]
        values = [None if value is None else as_text(value) for value in filled]
        rows, took_s = await ask(probe, name, spec.query, values, spec.timeout_s)
        return Answer(rows=rows, took_s=took_s)

    def judge(self, spec: Spec, observation: Answer, scope: Mapping[str, Any]) -> Judgement:
        expectations = (
            *judge_json(spec.rows, observation.rows, scope, step="rows"),
            *judge_duration(spec.latency, observation.took_s),
        )
        reason = why(expectations)
        return Judgement(expectations=expectations, signature=f"postgres {reason}" if reason else None)

    def violate(self, observation: Answer, expectation: Expectation) -> Answer | None:
        if expectation.step == "rows":
            other = violate_json(observation.rows, expectation)
            return None if other is VACUOUS else replace(observation, rows=other)
        worse = violate_value(observation.took_s, expectation)
        return None if worse is VACUOUS else replace(observation, took_s=worse)


KIND = Postgres()
