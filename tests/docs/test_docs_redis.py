"""Every example of docs/kinds/redis.md loads, and what the page says of commands, keys and failures is so."""

import pytest
from docs_examples import checks, codes, page, shown, table

from releasegate.checks._redis.commands import PARTS, READS
from releasegate.checks._redis.replies import json_of
from releasegate.checks.redis import DEFAULT_TIMEOUT_S, EXPECT, KIND, PING
from releasegate.sampling import PROFILES

PAGE = page("kinds/redis.md")
HEAD = """\
targets:
  cache: {url: "rediss://gate:a%40password@cache.test:6379/0"}
"""


@pytest.mark.parametrize("example", shown(PAGE, "yaml check"), ids=lambda text: text.partition(":")[0])
def test_an_example_loads(example):
    assert {check.kind for check in checks(HEAD, example)} == {"redis"}


def test_every_key_is_in_its_table_and_none_is_invented():
    assert [codes(row[0])[0] for row in table(PAGE, "key | what it says")] == list(KIND.table.fields)
    assert [codes(row[0])[0] for row in table(PAGE, "key | judges")] == list(EXPECT.fields)


def test_every_command_that_may_be_sent_is_on_the_page_once_and_none_is_invented():
    told = [code for row in table(PAGE, "what | commands") for code in codes(row[1])]
    assert sorted(told) == sorted([*READS, *(f"{name} {part}" for name, parts in PARTS.items() for part in parts)])


def test_the_defaults_are_those_of_the_code():
    assert f"`{DEFAULT_TIMEOUT_S:g}s`" in PAGE
    assert f"`{PING[0]}`" in PAGE
    assert PROFILES[KIND.reads_by_default].passes_needed[0] == 7


def test_replies_become_what_the_page_says():
    told = [row[1] for row in table(PAGE, "Redis says | JSON")]
    info = (
        b"# Memory\r\nused_memory:1024\r\nmem_ratio:1.5\r\nrole:master\r\n\r\nsha:00000000\r\nbig:9"
        + b"9" * 30
        + b"\r\n"
    )
    replies = [
        json_of("LLEN", 3), json_of("GET", b"42"), json_of("GET", None), json_of("LRANGE", [b"a", 1]),
        json_of("HGETALL", [b"a", b"1"]), json_of("INFO", info),
    ]  # fmt: skip
    assert replies == [
        3, "42", None, ["a", 1], {"a": "1"},
        {"used_memory": 1024, "mem_ratio": 1.5, "role": "master", "sha": "00000000", "big": "9" * 31},
    ]  # fmt: skip
    assert told == ["a number", "a text", "`null`", "a list", "an object", told[-1]]
