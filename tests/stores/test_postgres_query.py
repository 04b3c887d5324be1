"""Which queries are taken to only read: the first belt, read as PostgreSQL reads it. Pure, but for the last."""

import re
import string
from itertools import pairwise

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.pq import DiagnosticField, ExecStatus
from stores_world import config, refused

from releasegate.checks._postgres.statement import FAMILIES, HURTFUL, Statement, statement_of
from releasegate.checks._postgres.tokens import BadSql, Sort, tokens
from releasegate.checks.postgres import ALIVE, IS_ALIVE

READING = [
    "select 1 as alive",
    "SELECT 1;",
    "select 1 ; ;",
    "select a from t for",
    "select 'insert into t; drop table t'",
    "select 'it''s; ' || 'x'",
    r"select '\'",
    r"select E'\'; delete from t'",
    "select E'it''s'",
    "select $$; delete from t$$, $a$ $b$ ; $a$",
    'select "delete", "a;b", "it""s" from t',
    "select 1 -- ; delete from t",
    "select /* ; /* delete */ ; */ 1",
    "select 1 /* over\nlines */ -- and more",
    "with a as (select 1) select * from a",
    "with recursive a as (values (1)) table a",
    "(select 1) union all (select 2)",
    "values (1, 'a')",
    "table orders",
    "show server_version",
    "explain select 1",
    "explain verbose select 1",
    "explain (costs off, format json) select 1",
    "select t.update, t.into from t",
    "select substring('abc' from 1 for 2)",
    "select a$b$c from t",
    "select b'1', x'ff', n'x', 1.5e3, .5, 1_000",
    "select updated_at, deleted, intox from t",
    "select count(*) from information_schema.tables",
    "select nextvals from t",
    "select über from t",
    "select pg_stat_file from t",
    "select state from pg_stat_activity",
]
REFUSED = [
    ("", "no statement"),
    (" ; -- nothing", "no statement"),
    ("select 1; select 2", "several statements"),
    ("select 1; drop table t", "several statements"),
    (r"select '\'; delete from t", "several statements"),
    ("insert into t values (1)", "INSERT is not known"),
    ("UPDATE t set a = 1", "UPDATE is not known"),
    ("delete from t", "DELETE is not known"),
    ("merge into t using s on true when matched then delete", "MERGE is not known"),
    ("truncate t", "TRUNCATE is not known"),
    ("create table t()", "CREATE is not known"),
    ("do $$ begin end $$", "DO is not known"),
    ("call p()", "CALL is not known"),
    ("copy t to '/tmp/x'", "COPY is not known"),
    ("begin", "BEGIN is not known"),
    ("set transaction read write", "SET is not known"),
    ("prepare p as select 1", "PREPARE is not known"),
    ("execute p", "EXECUTE is not known"),
    ("lock table t", "LOCK is not known"),
    ("'select'", "is not known"),
    ('"select" 1', "is not known"),
    ("((", "is not known"),
    ("with a as (insert into t values (1) returning *) select * from a", "INSERT writes"),
    ("with a as (update t set b = 1 returning *) select * from a", "UPDATE writes"),
    ("with a as (/**/delete/**/from t returning *) select * from a", "DELETE writes"),
    ("with a as (select 1) merge into t using a on true when matched then do nothing", "MERGE writes"),
    ("select * into u from t", "INTO writes"),
    ("select 1into u from t", "INTO writes"),
    ("select * from t for update", "FOR UPDATE locks"),
    ("select * from t FOR\nNO KEY UPDATE", "FOR NO locks"),
    ("select * from t for share", "FOR SHARE locks"),
    ("select * from t for key share", "FOR KEY locks"),
    ("explain analyze select 1", "EXPLAIN ANALYZE runs"),
    ("explain analyse verbose select 1", "EXPLAIN ANALYZE runs"),
    ("explain verbose analyze select 1", "EXPLAIN ANALYZE runs"),
    ("explain (verbose, analyze false) select 1", "EXPLAIN ANALYZE runs"),
    ('explain ("analyze") select 1', "EXPLAIN ANALYZE runs"),
    ("explain delete from t", "DELETE is not known"),
    ("explain", "nothing to explain"),
    ("explain (", "nothing to explain"),
    ("select nextval('s')", "nextval does more"),
    ("select pg_catalog.setval('s', 1)", "setval does more"),
    ('select "pg_catalog"."pg_sleep" /* */ (1)', "pg_sleep does more"),
    ("select PG_TERMINATE_BACKEND(1)", "pg_terminate_backend does more"),
    ("select * from dblink('x', 'drop table t') as t(a int)", "dblink does more"),
    ("select set_config('transaction_read_only', 'off', true)", "set_config does more"),
    ("select pg_advisory_lock(1)", "pg_advisory_lock does more"),
    ("select lo_import('/etc/passwd')", "lo_import does more"),
    ("select query_to_xml('delete from t', true, true, '')", "query_to_xml does more"),
    ("select 'x", "never closed"),
    ('select "x', "never closed"),
    ("select E'x\\'", "never closed"),
    ("select $a$ x $b$", "never closed"),
    ("select 1 /* /* */", "never closed"),
    ("select U&'d\\0061t'", "escapes are not read"),
    ('select u&"\\0070g_sleep"(1)', "escapes are not read"),
    ("select E'a'\n'b\\''; delete from t --'", "goes on after its end"),
    ("select $1", "nothing that fills it"),
    ("select '{{id}}'", "a hole within quotes"),
    ('select "{{id}}"', "a hole within quotes"),
    ("select 1 -- {{id}}", "a hole within quotes"),
    ("select /* {{id}} */ 1", "a hole within quotes"),
    ("select $${{id}}$$", "a hole within quotes"),
    ("select 1\x00", "NUL"),
    ("select\u00a01", "is not known"),
]


@pytest.mark.parametrize("query", READING)
def test_a_query_that_reads_is_taken(query):
    assert statement_of(query).holes == ()


@pytest.mark.parametrize(("query", "message"), REFUSED)
def test_a_query_that_is_not_known_to_only_read_is_refused(query, message):
    with pytest.raises(BadSql, match=re.escape(message)):
        statement_of(query)


@pytest.mark.parametrize("name", sorted(HURTFUL) + [f"{family}x" for family in FAMILIES])
def test_no_function_that_does_more_than_read_is_called(name):
    for call in (f"select {name}('a')", f"select * from {name.upper()} ('a')", f'select a."{name}"(1)'):
        with pytest.raises(BadSql, match="does more than read"):
            statement_of(call)
    assert statement_of(f"select {name} from t")


def test_holes_become_parameters_and_the_same_hole_the_same_one():
    found = statement_of("select count(*) from jobs where queue = {{queue}} and at < {{ now }} and {{queue}} <> ''; ")
    assert found == Statement(
        "select count(*) from jobs where queue = $1 and at < $2 and $1 <> ''", ("queue", "now")
    )  # fmt: skip


PIECES = st.sampled_from(
    ["'", "''", "\\'", '"', "$$", "$a$", "/*", "*/", "--", "\n", ";", "(", ")", " ", "e'", "E'", "select", "delete from t",
     "update", "1", "a", ",", "{{x}}", "U&'", "\\"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join) | st.text(string.printable, max_size=60))
def test_any_text_is_parted_into_tokens_that_stand_in_it_one_after_the_other_or_is_refused(text):
    try:
        found = list(tokens(text))
    except BadSql:
        return
    assert all(before.end <= after.start for before, after in pairwise(found))
    assert all(token.text in text[token.start : token.end] or token.sort in {Sort.WORD, Sort.NAME} for token in found)


@pytest.fixture(scope="module")
def reader(postgres_url):
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("create table if not exists t(a int)")
        connection.execute("set default_transaction_read_only = on")
        yield connection.pgconn


SQL = st.lists(
    st.sampled_from(
        ["select", "1", "'", "''", "'x'", "E'", "\\", "\\'", "$$", "$q$", '"', '"a"', "/*", "*/", "--", "\n", ";", "(", ")",
         "with x as (", "delete from t", "insert into t values (1)", "update t set a = 1", "returning a", "into u", "from t",
         "for update", "select a from t", "table t", ",", " "]
    ),
    max_size=14,
).map(" ".join)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(SQL.map(lambda text: f"select {text}") | SQL)
def test_the_server_itself_sees_no_write_in_what_is_taken(reader, text):
    """Whatever is taken, PostgreSQL reads it as one statement, and never refuses it as one that writes or locks."""
    try:
        sql = statement_of(text).sql
    except BadSql:
        return
    result = reader.exec_params(sql.encode(), [])
    if result.status == ExecStatus.FATAL_ERROR:
        assert result.error_field(DiagnosticField.SQLSTATE) != b"25006", sql
        assert b"multiple commands" not in result.error_field(DiagnosticField.MESSAGE_PRIMARY), sql


def test_the_server_is_not_so_blind_as_to_prove_nothing(reader):
    assert reader.exec_params(b"delete from t", []).error_field(DiagnosticField.SQLSTATE) == b"25006"
    assert b"multiple commands" in reader.exec_params(b"select 1; select 1", []).error_message


def spec(check, url="postgres://db.test/app", **more):
    return config(check, url, **more).suites[0].checks[0].spec


def test_a_check_that_names_only_its_target_asks_whether_it_lives():
    read = spec("{postgres: {connect: store}}")
    assert (read.query, read.rows, read.timeout_s) == (ALIVE, IS_ALIVE, 10.0)
    assert spec("{postgres: {connect: store, query: select 1 as alive, expect: {latency: 1s}}}").rows == IS_ALIVE


ANY = "expect: {rows: {$: {exists: true}}}"


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ("{postgres: {connect: store, query: select 2 as a}}", "nothing is expected of the rows"),
        (
            "{postgres: {connect: store, query: select 2 as a, expect: {latency: 1s}}}",
            "nothing is expected of the rows",
        ),
        (f"{{postgres: {{connect: store, query: drop table t, {ANY}}}}}", "the query is refused: DROP is not known"),
        (f'{{postgres: {{connect: store, query: "select {{{{no}}}}", {ANY}}}}}', '"{{no}}" is not defined here'),
        (f'{{postgres: {{connect: store, query: "select {{{{}}}}", {ANY}}}}}', "empty hole"),
        (f"{{postgres: {{connect: store, query: 7, {ANY}}}}}", "expected one query"),
        (f"{{postgres: {{connect: store, query: [select 1], {ANY}}}}}", "expected one query"),
        ("{postgres: {connect: nowhere}}", 'unknown target "nowhere"'),
    ],
)
def test_a_check_that_cannot_be_meant_is_refused_with_its_line(check, message):
    problem = refused(check, "postgres://db.test/app")
    assert message in problem.message
    assert problem.line == 8


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("tcp://db.test:5432", "its url is tcp://…"),
        ("postgres://db.test/app?sslmode=prefer", "leaves open whether the server is verified"),
        ("postgres://db.test/app?sslmode=allow", "leaves open whether the server is verified"),
        ("postgres://db.test/app?sslmode=", "leaves open whether the server is verified"),
        ("postgres://db.test/app?sslrootcert=/x", "would not be heeded"),
        ("postgres://db.test/app?options=-c%20default_transaction_read_only%3Doff", "would not be heeded"),
        ("postgres://db.test/app?host=other.test", "would not be heeded"),
        ("postgres://db.test/app?hostaddr=10.0.0.1", "would not be heeded"),
        ("postgres://db.test/app?channel_binding=perhaps", "channel_binding=perhaps is not known"),
        ("postgres://db.test/app/other", "no name of a database"),
    ],
)
def test_a_url_that_would_not_be_heeded_is_refused(url, message):
    problem = refused("{postgres: {connect: store}}", url)
    assert message in problem.message
    assert problem.hint


def test_without_its_client_a_check_is_refused_before_a_run(monkeypatch):
    monkeypatch.setattr("releasegate.checks.extra.find_spec", lambda _: None)
    assert refused("{postgres: {connect: store}}", "postgres://db.test").hint == (
        "pip install '.[postgres]' in a checkout of releasegate; with the action, extras: postgres"
    )
