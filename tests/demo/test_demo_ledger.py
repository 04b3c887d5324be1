"""What the agents keep is really in the stores, and a store that is slow makes an agent slow."""

import asyncio
import os
import signal
import time
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from demo_client import START, Client, hear, needs_stores, staged, types, until

from releasegate.demo.conversation import EVENTS
from releasegate.demo.ledger import REMEMBERED, Ledger
from releasegate.demo.serve import DELAYS_S, Staging
from releasegate.demo.stores import NAMES, POSTGRES, REDIS, Stores

pytestmark = needs_stores
LATE_S = 0.02


@pytest.fixture(scope="module")
def late():
    with Stores(dict.fromkeys(NAMES, LATE_S)) as stores:
        yield stores.urls


def kept(urls, *doings):
    """Open a ledger and do one after the other; give what each gave and how long it took."""

    async def run():
        ledger = Ledger(urls)
        await ledger.open()
        out = []
        for doing in doings:
            began = time.monotonic()
            out.append((await doing(ledger), time.monotonic() - began))
        await ledger.close()
        return out

    return asyncio.run(run())


def test_an_agent_remembers_its_latest_threads_and_no_more(late):
    talks = [lambda ledger, thread=f"t{number}": ledger.remember("data", thread) for number in range(25)]
    *_, (threads, _) = kept(late, *talks, lambda ledger: ledger.recall("data"))
    assert threads == [f"t{number}" for number in range(24, 4, -1)]


def test_a_thread_that_is_no_text_is_remembered_too(late):
    kept(late, lambda ledger: ledger.remember("odd", "\ud800\x00"))


def test_runs_are_written_down_and_counted(late):
    counts = [many for many, _ in kept(late, *[lambda ledger: ledger.note("run-1", "data")] * 3)]
    assert counts == [0, 1, 2]
    with psycopg.connect(late[POSTGRES]) as connection:
        assert connection.execute("select id, agent from runs").fetchall() == [("run-1", "data")] * 3


def test_an_agent_asks_redis_once_for_each_thread_and_postgres_once(late):
    (_, recalling_s), (_, noting_s) = kept(
        late, lambda ledger: ledger.recall("nobody"), lambda ledger: ledger.note("run-1", "nobody")
    )
    assert recalling_s >= REMEMBERED * LATE_S
    assert LATE_S <= noting_s < 10 * LATE_S


def test_an_agent_does_without_the_stores_that_are_not_there():
    (recalled, _), _, (noted, _) = kept(
        {}, lambda ledger: ledger.recall("data"), lambda ledger: ledger.remember("data", "t"),
        lambda ledger: ledger.note("run-1", "data"),
    )  # fmt: skip
    assert (recalled, noted) == ([], 0)


def test_what_is_said_in_the_chat_is_found_in_the_stores():
    with staged(stores=NAMES) as client:
        token = client.mint()
        for _ in range(2):
            heard = client.chat(lambda opened: hear(opened, START, count=10), token=token)
        ours = {event["type"]: event for event in heard if event["thread_id"] == "mine"}
        assert (ours["agent_thinking"]["remembered"], ours["tool_completed"]["rows"]) == (1, 1)
        with redis.Redis.from_url(client.environ["STAGING_REDIS_URL"], decode_responses=True) as store:
            until(lambda: {"threads": store.lrange("threads:triage", 0, -1)}, threads=["mine", "mine"])
        client.ask("POST", "/api/agents/execute", json={"agent": "data", "user_request": "sum"})
        with psycopg.connect(client.environ["STAGING_POSTGRES_URL"]) as connection:
            assert connection.execute("select agent from runs").fetchall() == [("triage",), ("triage",), ("data",)]


@pytest.mark.parametrize("store", NAMES)
def test_a_store_that_dies_fails_each_run_that_needs_it_and_is_no_bug(store, capfd):
    with Staging(stores=[store]) as staging:
        client = Client(staging)
        token = client.mint()

        async def talk(opened):
            await hear(opened, START, count=10)
            os.kill(staging.stores._process._process.pid, signal.SIGKILL)
            staging.stores._process._process.wait(10)
            lost = await hear(opened, START)
            return lost, await hear(opened, {"type": "ping"}, count=1)

        with client.http:
            lost, pong = client.chat(talk, token=token)
            asked = client.ask("POST", "/api/agents/execute", json={"agent": "data", "user_request": "sum"})
            until(lambda: client.ask("GET", "/api/metrics", token=token).json()["pipeline"], running=0)
    needed_at = {REDIS: "agent_thinking", POSTGRES: "tool_completed"}[store]
    assert types(lost, "mine") == [*EVENTS[: EVENTS.index(needed_at)], "error"]
    assert [event["message"] for event in lost if event.get("code") == 503] == [f"{NAMES[store]} did not answer"]
    assert types(pong, None) == ["pong"]
    assert asked.status_code == (503 if store == POSTGRES else 202)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("fault", DELAYS_S)
def test_a_slow_store_answers_late_by_what_its_fault_says(fault):
    name, delay_s = DELAYS_S[fault]
    with staged(fault, stores=[name]) as client:
        url = urlsplit(next(client.environ[key] for key in client.environ if name.upper() in key))
        assert took_s(url, b"PING\r\n" if name == REDIS else b"\0\0\0\x08\x04\xd2\x16\x2f") >= delay_s


def took_s(url, question):
    """Say how long the first byte of an answer takes."""

    async def ask():
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        began = time.monotonic()
        writer.write(question)
        assert await reader.read(1)
        writer.close()
        return time.monotonic() - began

    return asyncio.run(ask())
