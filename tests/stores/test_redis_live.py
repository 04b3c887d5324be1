"""The kind redis against a real Redis: what is green, what is not, and how it is told."""

import asyncio
import json
from urllib.parse import urlsplit

import pytest
import redis
from docs_examples import codes, page, rows
from stores_world import config, relayed, sampled, through, took, unmet, until
from wire_world import Authority, served

from releasegate.checks._redis.commands import PARTS, READS

PING = "{redis: {connect: store}}"
SOON = "{redis: {connect: store, timeout: 1s}}"


@pytest.fixture
def server(redis_url):
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
        yield client


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


def with_password(url, password, user=""):
    parts = urlsplit(url)
    return f"redis://{user}:{password}@{parts.hostname}:{parts.port}{parts.path}"


def test_a_ping_demands_its_pong(server, redis_url):
    sample = sampled(PING, redis_url)
    assert sample.met
    assert [phase.name for phase in sample.phases] == ["name", "connect", "authenticate", "command"]
    assert [e.text for e in sample.expectations] == ['$ == "PONG" (got "PONG")']
    (contact,) = sample.contact
    assert (contact.target, contact.address, contact.tls) == ("store", "127.0.0.1", None)
    assert contact.bytes_sent > 20
    assert contact.bytes_received == len("+OK\r\n+PONG\r\n")


def test_a_bound_on_the_latency_does_not_take_the_pong_away(server, redis_url):
    sample = sampled("{redis: {connect: store, expect: {latency: {warn: 4s, fail: 5s}}}}", redis_url)
    assert [e.subject for e in sample.expectations] == ["$", "latency", "latency"]
    slow = sampled("{redis: {connect: store, expect: {latency: 0ms}}}", redis_url)
    assert slow.signature == "redis latency max"


def test_a_warning_bound_only_warns(server, redis_url):
    sample = sampled("{redis: {connect: store, expect: {latency: {warn: 0ms, fail: 5s}}}}", redis_url)
    assert sample.met
    assert sample.warned


def test_every_type_of_redis_is_json(server, redis_url):
    server.set("text", "hällo")
    server.rpush("jobs", "a", "b")
    server.hset("user", mapping={"name": "ada", "n": "7"})
    server.zadd("board", {"x": 1.5})
    for command, at, value in (
        ("GET text", "$", "hällo"),
        ("get text", "$", "hällo"),
        ("GET nothing", "$", None),
        ("LLEN jobs", "$", 2),
        ("LRANGE jobs 0 -1", "$", ["a", "b"]),
        ("MGET text nothing", "$", ["hällo", None]),
        ("HGETALL user", "$", {"name": "ada", "n": "7"}),
        ("HGETALL nobody", "$", {}),
        ("ZRANGE board 0 -1 WITHSCORES", "$", ["x", "1.5"]),
        ("INFO replication", "$.role", "master"),
        ("INFO replication", "$.connected_slaves", 0),
        ("TYPE jobs", "$", "list"),
        ("ROLE", "$[0]", "master"),
        ("OBJECT ENCODING jobs", "$", "quicklist"),
    ):
        check = json.dumps(
            {"redis": {"connect": "store", "command": command, "expect": {"reply": {at: {"equals": value}}}}}
        )
        sample = sampled(check, redis_url)
        assert sample.met, (command, unmet(sample), sample.trouble)


def test_a_reply_that_is_not_as_demanded_is_unmet_and_named(server, redis_url):
    server.rpush("jobs", *range(200))
    check = "{redis: {connect: store, command: LLEN jobs, expect: {reply: {$: {max: 100}}}}}"
    sample = sampled(check, redis_url)
    assert sample.signature == "redis reply $ max"
    assert unmet(sample) == ["$ ≤ 100 (got 200)"]


def test_words_may_have_holes_and_stay_words(server, redis_url):
    server.set("a key", "one")
    check = '{for: {key: ["a key"]}, redis: {connect: store, command: [GET, "{{key}}"], expect: {reply: {$: one}}}}'
    assert sampled(check, redis_url).met
    check = '{for: {key: ["a key"]}, redis: {connect: store, command: "GET {{key}}", expect: {reply: {$: one}}}}'
    assert sampled(check, redis_url).met


def test_a_database_of_its_own_is_chosen(server, redis_url):
    url = redis_url.removesuffix("/0") + "/3"
    with redis.Redis.from_url(url) as third:
        third.set("here", "yes")
    check = "{redis: {connect: store, command: EXISTS here, expect: {reply: {$: 1}}}}"
    assert sampled(check, url).met
    assert not sampled(check, redis_url).met
    assert sampled(check, redis_url.removesuffix("/0") + "/9999").signature == "redis authenticate ERR"


@pytest.mark.parametrize(
    ("url", "signature"),
    [
        (lambda url: with_password(url, "wrong-password"), "redis authenticate WRONGPASS"),
        (lambda url: with_password(url, "wrong-password", "nobody"), "redis authenticate WRONGPASS"),
        (
            lambda url: url.replace(url.split("@")[0], "redis://").replace("redis://@", "redis://"),
            "redis authenticate NOAUTH",
        ),
        (lambda _: "redis://127.0.0.1:1/0", "redis connect refused"),
        (lambda _: "redis://nobody.invalid/0", "redis name dns"),
        (lambda _: "redis://169.254.169.254/0", "redis connect not allowed"),
    ],
)
def test_what_keeps_us_out_has_its_phase_and_its_reason(server, redis_url, url, signature):
    sample = sampled(PING, url(redis_url))
    assert sample.signature == signature
    assert (sample.outcome, sample.target) == ("trouble", "store")
    assert sample.trouble.message


def test_a_user_is_named_in_the_url_percent_encoded(server, redis_url):
    server.acl_setuser(
        "re@der", enabled=True, passwords=["+p@ss:w/rd"], categories=["+@read"], commands=["+ping"], keys=["*"]
    )
    url = with_password(redis_url, "p%40ss%3Aw%2Frd", "re%40der")
    try:
        assert sampled(PING, url).met
        check = "{redis: {connect: store, command: INFO, expect: {reply: {$.role: master}}}}"
        assert sampled(check, url).signature == "redis command NOPERM"
    finally:
        server.acl_deluser("re@der")


def test_an_error_is_trouble_with_its_code(server, redis_url):
    server.set("text", "x")
    sample = sampled("{redis: {connect: store, command: LLEN text, expect: {reply: {$: 0}}}}", redis_url)
    assert sample.signature == "redis command WRONGTYPE"
    assert "wrong kind of value" in sample.trouble.message


def test_what_is_no_text_cannot_be_looked_at(server, redis_url):
    server.set("bits", b"\xff\xfe")
    sample = sampled("{redis: {connect: store, command: GET bits, expect: {reply: {$: {exists: true}}}}}", redis_url)
    assert sample.signature == "redis command unreadable"


def test_a_reply_beyond_max_body_is_too_large(server, redis_url):
    server.set("much", "x" * 100_000)
    check = "{redis: {connect: store, command: GET much, expect: {reply: {$: {length: 100000}}}}}"
    assert sampled(check, redis_url).met
    assert sampled(check, redis_url, more=", max_body: 64KiB").signature == "redis command too large"


def clients(server):
    return {client["id"] for client in server.client_list()}


@pytest.mark.parametrize("end", ["cancelled", "slow", "met"])
def test_no_connection_stays_open(server, redis_url, end):
    """Neither of a sample that is cancelled, nor of one that ran out of time, nor of one that is done."""
    before = clients(server)
    check = "{redis: {connect: store, timeout: 300ms}}" if end == "slow" else PING

    async def run():
        async with relayed(redis_url, secret_after=0 if end == "met" else 1) as port:
            sampling = asyncio.create_task(took(config(check, through(redis_url, port))))
            if end == "cancelled":
                await until(lambda: clients(server) > before)
                sampling.cancel()
            (sample,) = await asyncio.gather(sampling, return_exceptions=True)
            await until(lambda: clients(server) <= before)
            return sample

    sample = asyncio.run(run())
    if end == "cancelled":
        assert isinstance(sample, asyncio.CancelledError)
    elif end == "slow":
        assert sample.signature == "redis authenticate timeout"
        assert sample.duration_s < 1
    else:
        assert sample.met


def over_tls(redis_url, context, *, host="127.0.0.1", more=""):
    async def run():
        async with relayed(redis_url, context=context) as port:
            return await took(config(SOON, through(redis_url, port, scheme="rediss", host=host), more=more))

    return asyncio.run(run())


def test_tls_is_verified(server, redis_url, authority):
    trusted = f", ca: {authority.bundle}"
    sample = over_tls(redis_url, authority.context("127.0.0.1"), more=trusted)
    assert sample.met
    assert [phase.name for phase in sample.phases] == ["name", "connect", "TLS", "authenticate", "command"]
    assert "Test authority" in sample.contact[0].tls
    assert over_tls(redis_url, authority.context("127.0.0.1")).signature == "redis TLS tls"
    assert over_tls(redis_url, authority.context("other.test"), more=trusted).signature == "redis TLS tls"
    assert over_tls(redis_url, authority.context("127.0.0.1", days=-1), more=trusted).signature == "redis TLS tls"
    assert over_tls(redis_url, None, more=trusted).trouble.phase == "TLS"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"", "closed"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "protocol"),
        (b"$-7\r\n", "protocol"),
        (b"$x\r\n", "protocol"),
        (b":many\r\n", "protocol"),
        (b"*1\r\n" * 5000 + b"+PONG\r\n", "unreadable"),
        (b"*2\r\n:1\r\n" * 60 + b"+PONG\r\n", "unreadable"),
        (b"*1\r\n-ERR inside\r\n", "unreadable"),
        (b"$999999999999\r\n", "too large"),
        (b"x" * 70_000, "too large"),
        (b"$5\r\nPO", "closed"),
        (b"-LOADING Redis is loading the dataset in memory\r\n", "LOADING"),
        (b"-MOVED 1 127.0.0.1:7000\r\n", "MOVED"),
        (b"-CUSTOM why not\r\n", "error"),
        (b"-" + b"E" * 60_000 + b"\r\n", "error"),
        (b"-\r\n", "error"),
    ],
)
def test_a_hostile_server_is_trouble_and_never_a_bug(said, reason):
    async def handle(reader, writer):
        await reader.readuntil(b"PING\r\n")
        writer.write(said)
        await writer.drain()

    async def run():
        async with served(handle) as port:
            return await took(config(PING, f"redis://127.0.0.1:{port}"))

    sample = asyncio.run(run())
    assert (sample.trouble.phase, sample.trouble.reason) == ("command", reason)


def test_another_answer_than_pong_is_unmet():
    async def handle(reader, writer):
        await reader.readuntil(b"PING\r\n")
        writer.write(b"+PING\r\n")

    async def run():
        async with served(handle) as port:
            return await took(config(PING, f"redis://127.0.0.1:{port}"))

    sample = asyncio.run(run())
    assert sample.signature == "redis reply $ equals"


def test_nothing_is_said_but_what_is_asked():
    heard = []

    async def handle(reader, writer):
        heard.append(await reader.readuntil(b"PING\r\n"))
        writer.write(b"+PONG\r\n")
        heard.append(await reader.read())
        ended.set()

    async def run():
        async with served(handle) as port:
            sample = await took(config(PING, f"redis://127.0.0.1:{port}"))
            await asyncio.wait_for(ended.wait(), 5)
            return sample

    ended = asyncio.Event()
    assert asyncio.run(run()).met
    assert heard == [b"*1\r\n$4\r\nPING\r\n", b""]


def test_what_may_be_sent_only_reads_as_redis_itself_says(server):
    known = {name.upper(): told for name, told in server.command().items()}
    harmless = {"ECHO", "INFO", "LASTSAVE", "PING", "ROLE", "TIME"}
    names = [name for name in READS if name in known]
    assert len(names) > 70
    for name in names:
        flags = known[name]["flags"]
        assert "readonly" in flags or name in harmless, name
        assert not {"write", "blocking", "pubsub", "admin"} & set(flags) or name == "ROLE", (name, flags)
    assert not {name for name in PARTS if "write" in known.get(name, {"flags": []})["flags"]}


def test_failures_read_as_the_page_says(server, redis_url):
    server.mset({"text": "x", "bits": b"\xff", "much": "x" * 2000})

    def asked(command, url=redis_url, **more):
        return sampled(f"{{redis: {{connect: store, command: {command}, expect: {{reply: {{$: 1}}}}}}}}", url, **more)

    async def babble(writer):
        writer.write(b"what?\r\n")
        await writer.drain()

    async def nonsense():
        async with served(lambda _, writer: babble(writer)) as port:
            return await took(config(PING, f"redis://127.0.0.1:{port}"))

    happened = [
        sampled(PING, "redis://127.0.0.1:1"), sampled(PING, with_password(redis_url, "wrong")),
        sampled(PING, redis_url.replace(redis_url.split("@")[0] + "@", "redis://")), asked("LLEN text"),
        asked("GET bits"), asked("GET much", more=", max_body: 1KiB"), asyncio.run(nonsense()),
    ]  # fmt: skip
    text = page("kinds/redis.md")
    table = rows(text[text.index("| signature | what happened |") :])
    assert [codes(row[0])[0] for row in table] == [sample.signature for sample in happened]
    assert "`redis reply $ equals`" in text
    assert asked("EXISTS nothing").signature == "redis reply $ equals"
