"""The urls of the stores in, what an agent remembers and writes down out.

An agent asks Redis before it thinks, and its tool asks PostgreSQL: a store that is slow makes the chat slow.
"""

import contextlib
from collections.abc import Iterator, Mapping

from releasegate.demo.stores import NAMES, POSTGRES, REDIS

REMEMBERED = 20
"""How many of its conversations an agent reads back, one by one: what that costs is seen when Redis is slow."""
CLIENTS = {REDIS: "redis.asyncio", POSTGRES: "psycopg"}
RUNS = "create table if not exists runs (id text, agent text, began timestamptz not null default now())"
NOTE = "with noted as (insert into runs (id, agent) values (%s, %s)) select count(*) from runs where agent = %s"


class Unavailable(Exception):  # noqa: N818 - the message goes to whoever wanted an agent to work
    """A store that was there is not any more."""


class Ledger:
    """What the agents keep in the stores that there are; where one is missing they do without. Opened once.

    Each of `recall`, `remember` and `note` raises Unavailable when its store does not answer.
    """

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = urls
        self._lost: dict[str, tuple[type[Exception], ...]] = {}
        """How the client of a store says that it is not there."""

    async def open(self) -> None:
        """Connect. Raises what the clients raise."""
        if REDIS in self._urls:
            from redis.asyncio import ConnectionError, Redis, TimeoutError  # noqa: A004 - the client's own

            self._lost[REDIS] = (ConnectionError, TimeoutError)
            self._redis = Redis.from_url(self._urls[REDIS], encoding_errors="replace", decode_responses=True)
        if POSTGRES in self._urls:
            from psycopg import AsyncConnection, OperationalError

            self._lost[POSTGRES] = (OperationalError,)
            self._postgres = await AsyncConnection.connect(self._urls[POSTGRES], autocommit=True)
            await self._postgres.execute(RUNS)

    async def close(self) -> None:
        if REDIS in self._urls:
            await self._redis.aclose()
        if POSTGRES in self._urls:
            await self._postgres.close()

    async def recall(self, agent: str) -> list[str]:
        """Give the threads that the agent took part in last, the newest first."""
        if REDIS not in self._urls:
            return []
        with self._asking(REDIS):
            threads = [await self._redis.lindex(_threads(agent), place) for place in range(REMEMBERED)]
        return [str(thread) for thread in threads if thread is not None]

    async def remember(self, agent: str, thread: str) -> None:
        """Keep a thread as the agent's newest."""
        if REDIS not in self._urls:
            return
        with self._asking(REDIS):
            await self._redis.lpush(_threads(agent), thread)
            await self._redis.ltrim(_threads(agent), 0, REMEMBERED - 1)

    async def note(self, run_id: str, agent: str) -> int:
        """Write a run down; give how many the agent had before."""
        if POSTGRES not in self._urls:
            return 0
        with self._asking(POSTGRES):
            found = await (await self._postgres.execute(NOTE, (run_id, agent, agent))).fetchone()
        return int(found[0]) if found else 0

    @contextlib.contextmanager
    def _asking(self, store: str) -> Iterator[None]:
        try:
            yield
        except self._lost[store] as problem:
            raise Unavailable(f"{NAMES[store]} did not answer") from problem


def _threads(agent: str) -> str:
    return f"threads:{agent}"
