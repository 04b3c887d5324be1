"""Every example of docs/kinds/mcp.md loads, and what the page says of keys and bounds is so."""

import pytest
from docs_examples import checks, codes, page, shown, table

from releasegate.checks._mcp.table import CALL, DEFAULT_TIMEOUT_S, EXPECT
from releasegate.checks._mcp.talk import MOST_PAGES, MOST_TOOLS
from releasegate.checks.mcp import KIND

PAGE = page("kinds/mcp.md")
HEAD = """\
targets: {api: {url: "http://api.test"}}
identities: {gate-user: {bearer: a-made-up-token}}
"""


@pytest.mark.parametrize("example", shown(PAGE, "yaml check"), ids=lambda text: text.partition(":")[0])
def test_an_example_loads(example):
    assert {check.kind for check in checks(HEAD, example)} == {"mcp"}


def test_every_key_is_in_its_table_and_none_is_invented():
    assert [codes(row[0])[0] for row in table(PAGE, "key | what it says")] == list(KIND.table.fields)
    assert sorted(codes(row[0])[0] for row in table(PAGE, "key | judges")) == sorted(EXPECT.fields)
    assert [codes(row[0])[0] for row in table(PAGE, "key |")] == list(CALL.fields)


def test_the_bounds_are_those_of_the_code():
    assert f"`{DEFAULT_TIMEOUT_S:g}s`" in PAGE
    assert f"up to {MOST_PAGES} of them and {MOST_TOOLS:,} tools" in PAGE
