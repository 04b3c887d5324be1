"""What a redis check may say: only what reads, something that can fail, and a url that is heeded as a whole."""

import sys

import pytest
from stores_world import config, refused

from releasegate.checks._redis.commands import INSTEAD, PARTS, READS
from releasegate.checks.redis import KIND, PING, PONG
from releasegate.template import Template

ANY = "expect: {reply: {$: {exists: true}}}"


def spec(check, url="redis://cache.test", **more):
    return config(check, url, **more).suites[0].checks[0].spec


def test_a_check_that_names_only_its_target_pings():
    read = spec("{redis: {connect: store}}")
    assert (read.command, read.reply, read.latency, read.timeout_s) == (PING, PONG, (), 10.0)
    assert (KIND.writes(read), KIND.cleans_up(read), KIND.targets(read, {})) == (0, False, ("store",))
    assert KIND.timeout_s(read) > read.timeout_s


def test_a_ping_with_a_latency_still_demands_its_pong():
    assert spec("{redis: {connect: store, expect: {latency: 1s}}}").reply == PONG
    assert spec("{redis: {connect: store, command: ping, expect: {latency: 1s}}}").reply == PONG


def test_a_command_is_text_or_a_list_of_words():
    assert spec(f"{{redis: {{connect: store, command: llen  jobs, {ANY}}}}}").command == ("LLEN", "jobs")
    assert spec(f"{{redis: {{connect: store, command: [Lrange, jobs, 0, -1], {ANY}}}}}").command == (
        "LRANGE", "jobs", "0", "-1",
    )  # fmt: skip
    assert spec(f"{{redis: {{connect: store, command: [Memory, usage, jobs], {ANY}}}}}").command[:2] == (
        "MEMORY",
        "USAGE",
    )
    held = spec(f'{{for: {{q: [a]}}, redis: {{connect: store, command: [LLEN, "q:{{{{q}}}}"], {ANY}}}}}').command[1]
    assert isinstance(held, Template)


WRITES = [
    "SET",
    "GETDEL",
    "GETEX",
    "GETSET",
    "DEL",
    "INCR",
    "APPEND",
    "LPUSH",
    "RPUSH",
    "LPOP",
    "BLPOP",
    "HSET",
    "HDEL",
    "SADD",
    "ZADD",
    "XADD",
    "EXPIRE",
    "RENAME",
    "FLUSHALL",
    "FLUSHDB",
    "SORT",
    "BITFIELD",
    "GEOADD",
    "PFADD",
    "PFCOUNT",
    "COPY",
    "MOVE",
    "MIGRATE",
    "RESTORE",
    "MULTI",
    "EXEC",
    "WATCH",
    "EVAL",
    "EVALSHA",
    "EVAL_RO",
    "FCALL",
    "FCALL_RO",
    "SCRIPT",
    "FUNCTION",
    "SUBSCRIBE",
    "PSUBSCRIBE",
    "PUBLISH",
    "MONITOR",
    "SYNC",
    "PSYNC",
    "REPLICAOF",
    "SHUTDOWN",
    "SAVE",
    "BGSAVE",
    "BGREWRITEAOF",
    "DEBUG",
    "MODULE",
    "WAIT",
    "AUTH",
    "HELLO",
    "SELECT",
    "RESET",
    "QUIT",
    "CLIENT",
    "CONFIG",
    "XREAD",
    "XREADGROUP",
    "XCLAIM",
    "XACK",
    "TOUCH",
    "UNLINK",
    "SWAPDB",
    "FAILOVER",
    "KEYS",
    "COMMAND",
    "NONSENSE",
]


@pytest.mark.parametrize("command", WRITES)
def test_a_command_that_is_not_known_to_only_read_is_refused(command):
    for written in (command, command.lower(), f"{command} a b"):
        problem = refused(f"{{redis: {{connect: store, command: {written}, {ANY}}}}}")
        assert f"the command {command} is not known to only read" in problem.message
        assert problem.hint
        assert problem.line == 8


@pytest.mark.parametrize(
    "command", ["CONFIG SET a b", "ACL SETUSER a", "ACL", "MEMORY PURGE", "CLUSTER FAILOVER", "SLOWLOG RESET", "LATENCY RESET",
                "OBJECT FREEZE a", "XINFO", "PUBSUB SHARDCHANNELS"],
)  # fmt: skip
def test_a_part_of_a_command_that_does_not_only_read_is_refused(command):
    assert "is not known to only read" in refused(f"{{redis: {{connect: store, command: {command}, {ANY}}}}}").message


def test_a_refusal_says_what_to_write_instead():
    assert "SCAN" in refused(f"{{redis: {{connect: store, command: KEYS *, {ANY}}}}}").hint
    assert 'mean "LRANGE"' in refused(f"{{redis: {{connect: store, command: LRANG a 0 1, {ANY}}}}}").hint
    assert "MEMORY USAGE" in refused(f"{{redis: {{connect: store, command: MEMORY, {ANY}}}}}").hint
    assert not READS & set(WRITES)
    assert not READS & (PARTS.keys() | INSTEAD.keys())


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ("{redis: {connect: store, command: GET a}}", "nothing is expected of the reply to GET"),
        ("{redis: {connect: store, command: GET a, expect: {latency: 1s}}}", "nothing is expected of the reply to GET"),
        (f"{{redis: {{connect: store, command: [], {ANY}}}}}", "expected a command"),
        (f'{{redis: {{connect: store, command: "", {ANY}}}}}', "expected a command"),
        (f"{{redis: {{connect: store, command: 7, {ANY}}}}}", "expected a command"),
        (f"{{redis: {{connect: store, command: [GET, null], {ANY}}}}}", "null is no word"),
        (f"{{redis: {{connect: store, command: [GET, [a]], {ANY}}}}}", "expected text"),
        (f"""{{redis: {{connect: store, command: 'GET "a b"', {ANY}}}}}""", "a quoted word"),
        (f'{{for: {{c: [GET]}}, redis: {{connect: store, command: "{{{{c}}}} a", {ANY}}}}}', "is not known to only read"),
        (f'{{for: {{c: [USAGE]}}, redis: {{connect: store, command: "MEMORY {{{{c}}}} a", {ANY}}}}}', "is not known"),
        (f'{{redis: {{connect: store, command: "GET {{{{nothing}}}}", {ANY}}}}}', "is not defined here"),
        ("{redis: {connect: nowhere}}", 'unknown target "nowhere"'),
        ("{redis: {connect: store, expect: {rows: {$: 1}}}}", 'unknown key "rows"'),
        ("{redis: {connect: store, timeout: 5}}", "expected a duration"),
    ],
)  # fmt: skip
def test_a_check_that_cannot_be_meant_is_refused(check, message):
    assert message in refused(check).message


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://cache.test", "its url is http://…"),
        ("redis://cache.test/jobs", "no number of a database"),
        ("redis://cache.test/1/2", "no number of a database"),
        ("redis://cache.test/0?protocol=3", "nothing of it would be heeded"),
    ],
)
def test_a_url_that_would_not_be_heeded_is_refused(url, message):
    problem = refused("{redis: {connect: store}}", url)
    assert message in problem.message
    assert problem.hint


def test_a_control_is_held_to_its_url_as_well():
    check = "{tcp: {connect: other}}\ncontrol: {redis: {connect: store}}"
    more = '}\n  other: {url: "tcp://other.test:1"'
    assert config(check, more=more).control.kind == "redis"
    assert "cannot speak to" in refused(check, "tcp://cache.test:6379", more=more).message


def test_without_its_client_a_check_is_refused_before_a_run_and_warned_of_before(monkeypatch):
    monkeypatch.setitem(sys.modules, "redis", None)
    monkeypatch.delitem(sys.modules, "redis.asyncio.connection", raising=False)
    monkeypatch.setattr("releasegate.checks.extra.find_spec", lambda _: None)
    problem = refused("{redis: {connect: store}}")
    assert problem.message == "a check of kind redis needs redis, which is not installed"
    assert problem.hint.startswith("pip install '.[redis]' in a checkout")
    (warning,) = config("{redis: {connect: store}}", lenient=True).warnings
    assert problem.message in warning


def test_a_client_of_which_a_part_is_missing_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "redis.asyncio.connection", None)
    assert "which is not installed" in refused("{redis: {connect: store}}").message
