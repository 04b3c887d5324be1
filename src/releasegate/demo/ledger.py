"""The urls of the stores in, what an agent remembers and writes down out.

An agent asks Redis before it thinks, and its tool asks PostgreSQL: a store that is slow makes the chat slow.
"""

from collections.abc import Mapping

from releasegate.demo.stores import POSTGRES, REDIS

REMEMBERED = 20
"""How many of its conversations an agent reads back, one by one: what that costs is seen when Redis is slow."""
CLIENTS = {REDIS: "redis.asyncio", POSTGRES: "psycopg"}
RUNS = "create table if not exists runs (id text, agent text, began timestamptz not null default now())"
NOTE = "with noted as (insert into runs (id, agent) values (%s, %s)) select count(*) from runs where agent = %s"


class Ledger:
    """What the agents keep in the stores that there are; where one is missing they do without. Opened once."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = urls

    async def open(self) -> None:
        """Connect. Raises what the clients raise."""
        if REDIS in self._urls:
            from redis.asyncio import Redis

            self._redis = Redis.from_url(self._urls[REDIS], encoding_errors="replace", decode_responses=True)
        if POSTGRES in self._urls:
            from psycopg import AsyncConnection

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
        threads = [await self._redis.lindex(_threads(agent), place) for place in range(REMEMBERED)]
        return [str(thread) for thread in threads if thread is not None]

    async def remember(self, agent: str, thread: str) -> None:
        """Keep a thread as the agent's newest."""
        if REDIS in self._urls:
            await self._redis.lpush(_threads(agent), thread)
            await self._redis.ltrim(_threads(agent), 0, REMEMBERED - 1)

    async def note(self, run_id: str, agent: str) -> int:
        """Write a run down; give how many the agent had before."""
        if POSTGRES not in self._urls:
            return 0
        found = await (await self._postgres.execute(NOTE, (run_id, agent, agent))).fetchone()
        return int(found[0]) if found else 0


def _threads(agent: str) -> str:
    return f"threads:{agent}"
