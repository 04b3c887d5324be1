"""Every example of docs/kinds/mcp.md loads, and what the page says of keys and bounds is so."""

import pytest
from docs_examples import codes, page, rows, shown

from releasegate.checks._mcp.table import CALL, DEFAULT_TIMEOUT_S, EXPECT
from releasegate.checks._mcp.talk import MOST_PAGES, MOST_TOOLS
from releasegate.checks.mcp import KIND
from releasegate.config.load import load

PAGE = page("kinds/mcp.md")
HEAD = """
version: 1
targets: {api: {url: "http://api.test"}}
identities: {gate-user: {bearer: a-made-up-token}}
suites:
  docs:
    checks:
"""


def table(heading):
    return rows(PAGE[PAGE.index(f"| {heading} |") :])


@pytest.mark.parametrize("example", shown(PAGE, "yaml check"), ids=lambda text: text.partition(":")[0])
def test_an_example_loads(example):
    indented = "".join(f"      {line}" for line in example.splitlines(keepends=True))
    config = load(HEAD + indented, {}, file="docs.yml")
    assert {check.kind for check in config.suites[0].checks} == {"mcp"}


def test_every_key_is_in_its_table_and_none_is_invented():
    assert [codes(row[0])[0] for row in table("key | what it says")] == list(KIND.table.fields)
    assert sorted(codes(row[0])[0] for row in table("key | judges")) == sorted(EXPECT.fields)
    assert [codes(row[0])[0] for row in table("key |")] == list(CALL.fields)


def test_the_bounds_are_those_of_the_code():
    assert f"`{DEFAULT_TIMEOUT_S:g}s`" in PAGE
    assert f"up to {MOST_PAGES} of them and {MOST_TOOLS:,} tools" in PAGE
