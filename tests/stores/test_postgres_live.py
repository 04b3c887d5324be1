"""The kind postgres against a real PostgreSQL: what is green, what is not, how it is told, and what nobody can do."""

import asyncio
import json
from urllib.parse import urlsplit

import psycopg
import pytest
from docs_examples import codes, page, rows
from msgspec.structs import replace
from psycopg.pq import Conninfo
from stores_world import config, relayed, sampled, through, took, unmet, until
from wire_world import Authority, served

from releasegate.checks._postgres import observe, settings
from releasegate.checks._postgres.statement import Statement
from releasegate.config.model import Target
from releasegate.errors import CouldNotLook
from releasegate.wire.live import LiveWire

ALIVE = "{postgres: {connect: store}}"
SOON = "{postgres: {connect: store, timeout: 1s}}"
FOR_LONG = "select count(*) from generate_series(1, 2000000000)"
ANY = {"$[0]": {"exists": True}}


@pytest.fixture
def server(postgres_url):
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("create table if not exists jobs(queue text, n int)")
        connection.execute("truncate jobs")
        yield connection


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


def asking(query, expected=None, **more):
    return json.dumps({"postgres": {"connect": "store", "query": query, "expect": {"rows": expected or ANY}, **more}})


def asked(query, url, expected=None, **more):
    return sampled(asking(query, expected), url, **more)


def test_it_lives(server, postgres_url):
    sample = sampled(ALIVE, postgres_url)
    assert sample.met
    assert [phase.name for phase in sample.phases] == ["name", "connect", "authenticate", "begin", "query"]
    assert [e.text for e in sample.expectations] == ["$[0].alive == 1 (got 1)"]
    (contact,) = sample.contact
    assert (contact.target, contact.address, contact.tls) == ("store", "127.0.0.1", None)
    assert (contact.bytes_sent, contact.bytes_received) == (len("select 1 as alive"), len("1"))


def test_latency_is_that_of_the_query_alone(server, postgres_url):
    check = "{postgres: {connect: store, expect: {latency: {warn: 0ms, fail: 5s}}}}"
    sample = sampled(check, postgres_url)
    assert sample.met
    assert sample.warned
    assert sample.expectations[1].found == [round(sample.phases[-1].duration_s, 6)]
    slow = sampled("{postgres: {connect: store, expect: {latency: 0ms}}}", postgres_url)
    assert slow.signature == "postgres latency max"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1::int2", 1), ("1::int4", 1), ("9007199254740993::int8", 9007199254740993), ("7::oid", 7), ("1.5::float4", 1.5),
        ("0.1::float8", 0.1), ("1e300::float8", 1e300), ("98.70::numeric", 98.7), ("100::numeric", 100), ("true", True),
        ("false", False), ("null::int", None), ("null", None), ("'hällo'::text", "hällo"), ("''::text", ""), ("'x'::char(3)", "x  "),
        ("'{\"a\": [1, null]}'::json", {"a": [1, None]}), ("'{\"a\": 1.0}'::jsonb", {"a": 1.0}),
        ("'2026-03-01 12:00:00+02'::timestamptz", "2026-03-01 10:00:00+00"), ("'2026-03-01'::date", "2026-03-01"),
        ("'12:30'::time", "12:30:00"), ("'infinity'::timestamptz", "infinity"), ("'1 day 2 hours'::interval", "P1DT2H"),
        ("'\\x00ff'::bytea", "\\x00ff"), ("array[1, 2]", "{1,2}"), ("to_json(array[1, 2])", [1, 2]),
        ("'6ecd8c99-4036-403d-bf84-cf8400f67836'::uuid", "6ecd8c99-4036-403d-bf84-cf8400f67836"), ("'10.0.0.0/8'::inet", "10.0.0.0/8"),
        ("'[1,5)'::int4range", "[1,5)"), ("'NaN'::text", "NaN"),
    ],
)  # fmt: skip
def test_every_type_has_its_json(server, postgres_url, written, value):
    sample = asked(f"select {written} as v", postgres_url, {"$": {"equals": [{"v": value}]}})
    assert sample.met, (unmet(sample), sample.trouble)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select 'NaN'::float8 as ratio", "row 1: ratio is no JSON value: NaN"),
        ("select '-Infinity'::float4 as ratio", "row 1: ratio is no JSON value: -Infinity"),
        ("select 'NaN'::numeric as ratio", "row 1: ratio is no JSON value: NaN"),
        ("select 1 as a union all select 'NaN'::float8", "row 2: a is no JSON value: NaN"),
        ("""select '{"a": 1, "a": 2}'::json as j""", "row 1: j is no JSON value: {"),
        ("select 1 as a, 2 as a", 'row 1: two columns are called "a": name them with AS'),
        ("select count(*), count(*) from jobs", 'row 1: two columns are called "count": name them with AS'),
        ("select 1 as a, 2 as a where false", 'row 1: two columns are called "a": name them with AS'),
    ],
)
def test_what_has_no_json_form_fails_closed(server, postgres_url, query, said):
    sample = asked(query, postgres_url)
    assert sample.signature == "postgres query unreadable"
    assert sample.trouble.message.startswith(said)


def test_rows_are_judged_and_named(server, postgres_url):
    server.execute("insert into jobs values ('mail', 3), ('mail', 4), ('print', 5)")
    query = "select queue, sum(n)::int as waiting from jobs group by queue order by queue"
    assert asked(query, postgres_url, {"$[?@.queue == 'mail'].waiting": {"max": 10}, "$": {"length": 2}}).met
    sample = asked(query, postgres_url, {"$[*].waiting": {"max": 6}})
    assert sample.signature == "postgres rows $[*].waiting max"
    assert unmet(sample) == ["$[*].waiting ≤ 6 (got 7, 5)"]
    assert asked("select * from jobs where n > 100", postgres_url, {"$": {"length": 0}}).met
    assert (
        asked("select * from jobs where n > 100", postgres_url, {"$[0].n": 1}).signature
        == "postgres rows $[0].n equals"
    )


def test_what_fills_a_hole_is_a_parameter_and_never_sql(server, postgres_url):
    server.execute("insert into jobs values ('mail', 3)")
    evil = "mail'; drop table jobs; --"
    query = "select count(*) as n from jobs where queue = {{queue}}"
    for queue, count in (("mail", 1), (evil, 0)):
        check = json.loads(asking(query, {"$[0].n": count}))
        assert sampled(json.dumps({"for": {"queue": [queue]}, **check}), postgres_url).met
    check = json.loads(asking("select n from jobs where n = {{n}}", {"$[0].n": "{{n}}"}))
    assert sampled(json.dumps({"for": {"n": [3]}, **check}), postgres_url).met
    assert server.execute("select count(*) from jobs").fetchone() == (1,)


@pytest.mark.parametrize(
    "query", ["show server_version", "explain select 1", "table jobs", "values (1)", "explain (format json) select 1"]
)
def test_whatever_reads_gives_rows(server, postgres_url, query):
    server.execute("insert into jobs values ('mail', 3)")
    assert asked(query, postgres_url).met


def asking_past_the_first_belt(sql, url):
    """Send what the config would have refused."""
    loaded = config(asking("select 1 as x"), url)
    (suite,) = loaded.suites
    (check,) = suite.checks
    check = replace(check, spec=replace(check.spec, query=Statement(sql)))
    return asyncio.run(took(replace(loaded, suites=(replace(suite, checks=(check,)),))))


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("insert into jobs values ('x', 1)", "25006"),
        ("with a as (delete from jobs returning *) select * from a", "25006"),
        ("select n from jobs for update", "25006"),
        ("select writes()", "25006"),
        ("select nextval('numbers')", "25006"),
        ("select set_config('transaction_read_only', 'off', false), writes()", "25001"),
        ("select 1; select 2", "42601"),
        ("select 1; commit; delete from jobs", "42601"),
        ("create temp table x as select 1; select 1", "42601"),
        ("drop table jobs", "25006"),
    ],
)
def test_the_server_lets_nothing_be_written_even_past_the_first_belt(server, postgres_url, sql, code):
    server.execute("insert into jobs values ('kept', 1)")
    server.execute("create sequence if not exists numbers")
    server.execute("create or replace function writes() returns int language sql as $$ delete from jobs returning n $$")
    sample = asking_past_the_first_belt(sql, postgres_url)
    assert sample.signature == f"postgres query {code}"
    assert server.execute("select queue from jobs").fetchall() == [("kept",)]


def test_bounds_are_told_by_their_name_and_nothing_is_cut_in_silence(server, postgres_url):
    many = f"select n from generate_series(1, {observe.MOST_ROWS}) as n"
    assert asked(many, postgres_url, {"$": {"length": observe.MOST_ROWS}}).met
    more = asked(f"select n from generate_series(1, {observe.MOST_ROWS + 1}) as n", postgres_url)
    assert more.signature == "postgres query too large"
    assert "more than 1,000 rows" in more.trouble.message
    wide = asked("select repeat('x', 70000) as v", postgres_url, more=", max_body: 64KiB")
    assert wide.signature == "postgres query too large"


def with_user(url, user, password):
    parts = urlsplit(url)
    return f"postgres://{user}:{password}@{parts.hostname}:{parts.port}{parts.path}"


@pytest.mark.parametrize(
    ("url", "signature"),
    [
        (lambda url: with_user(url, "gate", "wrong"), "postgres authenticate 28P01"),
        (lambda url: with_user(url, "nobody", "wrong"), "postgres authenticate 28P01"),
        (lambda url: with_user(url, "gate", ""), "postgres authenticate no password"),
        (lambda url: f"{url}x", "postgres authenticate 3D000"),
        (lambda url: f"{url}?sslmode=require", "postgres TLS tls"),
        (lambda _: "postgres://127.0.0.1:1/x", "postgres connect refused"),
        (lambda _: "postgres://nobody.invalid/x", "postgres name dns"),
        (lambda _: "postgres://169.254.169.254/x", "postgres connect not allowed"),
    ],
)
def test_what_keeps_us_out_has_its_phase_and_its_reason(server, postgres_url, url, signature):
    sample = sampled(ALIVE, url(postgres_url))
    assert sample.signature == signature
    assert (sample.outcome, sample.target) == ("trouble", "store")
    assert "127.0.0.1" not in sample.trouble.message


def test_a_server_that_is_full_says_so(server, postgres_url):
    server.execute("drop role if exists lonely")
    server.execute("create role lonely login password 'pass-of-lonely' connection limit 0")
    try:
        sample = sampled(ALIVE, with_user(postgres_url, "lonely", "pass-of-lonely"))
        assert sample.signature == "postgres authenticate 53300"
    finally:
        server.execute("drop role lonely")


def test_user_and_password_are_percent_decoded(server, postgres_url):
    server.execute('drop role if exists "re@der"')
    server.execute("create role \"re@der\" login password 'p@ss:w/rd ''x'''")
    try:
        assert sampled(ALIVE, with_user(postgres_url, "re%40der", "p%40ss%3Aw%2Frd%20%27x%27")).met
    finally:
        server.execute('drop role "re@der"')


def test_an_error_is_trouble_with_its_sqlstate(server, postgres_url):
    assert asked("select * from nothing", postgres_url).signature == "postgres query 42P01"
    assert asked("select 1/0", postgres_url).signature == "postgres query 22012"
    assert asked("select 1 / (n - n) from generate_series(1, 3) as n", postgres_url).signature == "postgres query 22012"


def test_only_the_url_decides(server, postgres_url, monkeypatch, tmp_path):
    """Whatever the environment and the home say to libpq, it is told otherwise."""
    for name in ("HOST", "HOSTADDR", "PORT", "DATABASE", "USER", "PASSWORD", "SSLMODE", "OPTIONS", "REQUIREAUTH",
                 "CHANNELBINDING", "SSLNEGOTIATION", "GSSENCMODE", "TARGETSESSIONATTRS", "CLIENTENCODING", "CONNECT_TIMEOUT",
                 "LOADBALANCEHOSTS", "SSLROOTCERT", "SSLCERT", "SSLKEY", "SSLCRL", "SSLCERTMODE", "KRBSRVNAME",
                 "MINPROTOCOLVERSION", "MAXPROTOCOLVERSION", "SSLMINPROTOCOLVERSION"):  # fmt: skip
        monkeypatch.setenv(f"PG{name}", "nonsense")
    monkeypatch.setenv("PGTZ", "Asia/Tokyo")
    monkeypatch.setenv("PGDATESTYLE", "German")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".pgpass").write_text(f"*:*:*:*:{urlsplit(postgres_url).password}\n")
    (tmp_path / ".pgpass").chmod(0o600)
    noon = {"$[0].at": "2026-03-01 12:00:00+00"}
    assert asked("select '2026-03-01 12:00:00+00'::timestamptz as at", postgres_url, noon).met
    bare = with_user(postgres_url, "gate", "")
    assert sampled(ALIVE, bare).signature == "postgres authenticate no password"


def test_a_service_that_nobody_knows_is_no_way_around(server, postgres_url, monkeypatch):
    monkeypatch.setenv("PGSERVICE", "elsewhere")
    sample = sampled(ALIVE, postgres_url)
    assert sample.signature == "postgres connect not allowed"
    assert "elsewhere" in sample.trouble.message


def test_libpq_is_told_everything_that_it_would_ask_the_environment():
    target = Target(name="store", url="postgres://db.test", scheme="postgres", host="db.test", port=5432)
    told = settings.settings(target, "127.0.0.1", "/x.pem", (o.keyword.decode() for o in Conninfo.get_defaults()))
    asked_for = {option.keyword.decode() for option in Conninfo.get_defaults() if option.envvar}
    assert asked_for - told.keys() == {"service"}  # it could fill only what was not told
    assert (told["user"], told["dbname"], told["sslmode"], told["sslrootcert"]) == (
        "postgres", "postgres", "verify-full", "/x.pem",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("postgres://db.test/app", False),
        ("postgres://db.test/app?sslmode=require", False),
        ("postgres://db.test/app?sslmode=verify-ca", False),
        ("postgres://db.test/app?sslmode=disable", True),
        ("postgres://10.0.0.1/app", False),
        ("postgres://localhost/app", True),
        ("postgres://127.0.0.1/app", True),
        ("postgres://127.0.0.1/app?sslmode=require", False),
    ],
)
def test_tls_is_spoken_unless_the_url_says_otherwise_or_leads_to_this_machine(url, plain):
    parts = urlsplit(url)
    target = Target(name="store", url=url, scheme="postgres", host=parts.hostname, port=5432, path=parts.path)
    assert settings.is_plain(target) is plain
    mode = settings.settings(target, "127.0.0.1", None, ["sslmode", "sslrootcert", "require_auth"])
    assert mode["sslmode"] == ("disable" if plain else "verify-full")
    assert ("password" in mode["require_auth"].split(",")) is not plain
    assert plain or mode["sslrootcert"] == "system"


def upgrading(context):
    """Answer the request for TLS as PostgreSQL does, and speak it."""

    async def before(reader, writer):
        await reader.readexactly(8)
        writer.write(b"S")
        await writer.drain()
        await writer.start_tls(context)

    return before


def over_tls(url, context, *, query="?sslmode=require", more=""):
    async def run():
        async with relayed(url, before=upgrading(context)) as port:
            return await took(config(ALIVE, through(url, port, query=query), more=more))

    return asyncio.run(run())


def test_tls_is_verified(server, postgres_url, authority):
    trusted = f", ca: {authority.bundle}"
    sample = over_tls(postgres_url, authority.context("127.0.0.1"), more=trusted)
    assert sample.met, sample.trouble
    assert [phase.name for phase in sample.phases] == ["name", "connect", "TLS", "authenticate", "begin", "query"]
    assert sample.contact[0].tls == "verified for 127.0.0.1"
    for context, ca in (
        (authority.context("127.0.0.1"), ""),
        (authority.context("other.test"), trusted),
        (authority.context("127.0.0.1", days=-1), trusted),
        (authority.context("127.0.0.1"), ", ca: nowhere.pem"),
    ):
        refused = over_tls(postgres_url, context, more=ca)
        assert refused.signature == "postgres TLS tls"
        assert refused.contact[0].tls is None


def backends(server):
    found = server.execute("select pid from pg_stat_activity where backend_type = 'client backend'").fetchall()
    return {pid for (pid,) in found}


@pytest.mark.parametrize("end", ["met", "cancelled", "slow", "too large"])
def test_no_connection_stays_open_and_no_query_goes_on(server, postgres_url, end):
    before = backends(server)
    query = {"met": "select 1 as x", "too large": "select generate_series(1, 900000000) as n"}.get(end, FOR_LONG)
    timeout = {"slow": {"timeout": "500ms"}}.get(end, {})

    async def run():
        sampling = asyncio.create_task(took(config(asking(query, **timeout), postgres_url)))
        if end == "cancelled":
            await until(lambda: running(server, query))
            sampling.cancel()
        (sample,) = await asyncio.gather(sampling, return_exceptions=True)
        await until(lambda: backends(server) <= before)
        return sample

    sample = asyncio.run(run())
    if end == "cancelled":
        assert isinstance(sample, asyncio.CancelledError)
    elif end == "slow":
        assert sample.signature == "postgres query timeout"
        assert 0.5 <= sample.duration_s < 2
    else:
        assert sample.signature == {"met": None, "too large": "postgres query too large"}[end]


def running(server, query):
    asked_for = "select count(*) from pg_stat_activity where query = %s and state = 'active'"
    return server.execute(asked_for, [query]).fetchone()[0]


def test_a_server_that_cannot_be_told_to_stop_stops_by_itself(server, postgres_url, monkeypatch):
    """What is cancelled where libpq is too old for it, or the way back is cut, ends with the bound of the sample."""
    monkeypatch.setattr(observe, "_end", lambda connection: asyncio.sleep(0, connection.finish()))
    before = backends(server)
    sample = sampled(asking(FOR_LONG, timeout="700ms"), postgres_url)
    assert sample.signature == "postgres query timeout"
    asyncio.run(until(lambda: backends(server) <= before))


LET_IN = b"R\x00\x00\x00\x08\x00\x00\x00\x00Z\x00\x00\x00\x05I"


@pytest.mark.parametrize(
    ("said", "signature"), [(b"", "postgres authenticate timeout"), (LET_IN, "postgres begin timeout")]
)
def test_a_server_that_falls_silent_is_blamed_in_its_phase(said, signature):
    async def handle(reader, writer):
        writer.write(said)
        await reader.read()

    async def run():
        async with served(handle) as port:
            return await took(config(SOON, f"postgres://127.0.0.1:{port}/app"))

    assert asyncio.run(run()).signature == signature


@pytest.mark.parametrize(
    ("said", "signature"),
    [
        (b"", "postgres authenticate closed"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "postgres authenticate protocol"),
        (b"E\x00\x00\x00\x0cSFATAL\x00\x00", "postgres authenticate login refused"),
        (b"R\x00\x00\x00\x08\x00\x00\x00\x03", "postgres authenticate login refused"),
        (b"R\x7f\xff\xff\xff\x00\x00\x00\x00", "postgres authenticate protocol"),
        (LET_IN, "postgres begin closed"),
        (LET_IN + b"!!!!!!", "postgres authenticate protocol"),
    ],
)
def test_a_hostile_server_is_trouble_and_never_a_bug(said, signature):
    async def handle(reader, writer):
        await reader.readexactly(8)
        writer.write(said)
        await writer.drain()

    async def run():
        async with served(handle) as port:
            return await took(config(SOON, f"postgres://gate:secret-password@127.0.0.1:{port}/app"))

    sample = asyncio.run(run())
    assert sample.signature == signature
    assert "secret-password" not in str(sample.trouble)


def test_what_is_no_code_names_no_failure():
    async def handle(reader, writer):
        writer.write(LET_IN)
        await reader.readuntil(b"BEGIN")
        writer.write(b"E\x00\x00\x00\x1aSERROR\x00Csomething\x00Mx\x00\x00Z\x00\x00\x00\x05I")
        await reader.read()

    async def run():
        async with served(handle) as port:
            return await took(config(SOON, f"postgres://127.0.0.1:{port}/app"))

    sample = asyncio.run(run())
    assert (sample.signature, sample.trouble.message) == ("postgres begin error", "x")


def test_a_connection_that_is_cut_in_the_middle_is_told(server, postgres_url):
    async def run():
        seen = []
        async with relayed(postgres_url, seen=seen) as port:
            sampling = asyncio.create_task(took(config(asking(FOR_LONG), through(postgres_url, port))))
            await until(lambda: running(server, FOR_LONG))
            seen[0].transport.abort()
            return await sampling

    sample = asyncio.run(run())
    assert sample.trouble.phase == "query"
    assert sample.trouble.reason in {"closed", "reset"}


def test_of_several_addresses_the_one_that_answers_is_taken(server, postgres_url, monkeypatch):
    async def both(*_):
        return ("127.0.0.2", "127.0.0.1"), ()

    monkeypatch.setattr(LiveWire, "addresses", both)
    sample = sampled(ALIVE, postgres_url)
    assert sample.met
    assert sample.contact[0].address == "127.0.0.1"
    assert [phase.name for phase in sample.phases][:2] == ["connect", "connect"]


class Blind(asyncio.SelectorEventLoop):
    """A loop that watches no sockets, as Windows' default one."""

    blind = False

    def add_reader(self, *args):
        if self.blind:
            raise NotImplementedError
        return super().add_reader(*args)

    def add_writer(self, *args):
        if self.blind:
            raise NotImplementedError
        return super().add_writer(*args)


def test_a_loop_that_cannot_watch_sockets_asks_them(server, postgres_url):
    async def run():
        asyncio.get_running_loop().blind = True
        return [await took(config(check, url)) for check, url in (
            (ALIVE, postgres_url), (asking(FOR_LONG, timeout="500ms"), postgres_url), (ALIVE, "postgres://127.0.0.1:1/x"),
        )]  # fmt: skip

    with asyncio.Runner(loop_factory=Blind) as runner:
        met, slow, refused = runner.run(run())
    assert met.met
    assert slow.signature == "postgres query timeout"
    assert refused.signature == "postgres connect refused"


def test_failures_read_as_the_page_says(server, postgres_url):
    happened = [
        sampled(ALIVE, "postgres://127.0.0.1:1/x"), sampled(ALIVE, f"{postgres_url}?sslmode=require"),
        sampled(ALIVE, with_user(postgres_url, "gate", "wrong")), sampled(ALIVE, with_user(postgres_url, "gate", "")),
        sampled(ALIVE, f"{postgres_url}x"), asked("select * from nothing", postgres_url),
        asking_past_the_first_belt("delete from jobs", postgres_url), asked("select 'NaN'::float8 as v", postgres_url),
        asked("select n from generate_series(1, 1001) as n", postgres_url),
        sampled(asking(FOR_LONG, timeout="300ms"), postgres_url),
    ]  # fmt: skip
    text = page("kinds/postgres.md")
    table = rows(text[text.index("| signature | what happened |") :])
    assert [codes(row[0])[0] for row in table] == [sample.signature for sample in happened]


def test_a_name_is_looked_up_once_and_vetted(monkeypatch):
    async def run():
        wire = LiveWire(environ={}, clock=lambda: 0.0)
        target = Target(name="store", url="postgres://inner.test", scheme="postgres", host="inner.test", port=5432)
        monkeypatch.setattr("releasegate.wire.names.ask_system", lambda *_: ((2, ("10.0.0.7", 5432)),))
        with pytest.raises(CouldNotLook) as refused:
            await wire.addresses(target, 1.0)
        private = Target(name="store", url=target.url, scheme="postgres", host="inner.test", port=5432, private=True)
        return refused.value.trouble, await wire.addresses(private, 1.0)

    trouble, (addresses, phases) = asyncio.run(run())
    assert (trouble.phase, trouble.reason) == ("connect", "not allowed")
    assert (addresses, [phase.name for phase in phases]) == (("10.0.0.7",), ["name"])
