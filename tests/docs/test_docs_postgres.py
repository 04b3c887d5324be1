"""Every example of docs/kinds/postgres.md loads, and what the page says of keys, urls and numbers is so."""

from urllib.parse import urlsplit

import pytest
from docs_examples import checks, codes, page, shown, table

from releasegate.checks._postgres.observe import MOST_ROWS
from releasegate.checks._postgres.settings import QUERY, USER, is_plain, refusal
from releasegate.checks._postgres.statement import HURTFUL, statement_of
from releasegate.checks._postgres.tokens import BadSql
from releasegate.checks._postgres.waiting import ASKED_S
from releasegate.checks.postgres import ALIVE, DEFAULT_TIMEOUT_S, EXPECT, IS_ALIVE, KIND
from releasegate.config.model import Target
from releasegate.sampling import PROFILES

PAGE = page("kinds/postgres.md")
HEAD = """\
targets:
  database: {url: "postgres://gate:a%40password@db.test:5432/app?sslmode=require"}
"""


def at(query, host="db.test"):
    return Target(name="t", url=f"postgres://{host}/app{query}", scheme="postgres", host=host, port=5432, path="/app")


@pytest.mark.parametrize("example", shown(PAGE, "yaml check"), ids=lambda text: text.partition(":")[0])
def test_an_example_loads(example):
    assert {check.kind for check in checks(HEAD, example)} == {"postgres"}


def test_every_key_is_in_its_table_and_none_is_invented():
    assert [codes(row[0])[0] for row in table(PAGE, "key | what it says")] == list(KIND.table.fields)
    assert [codes(row[0])[0] for row in table(PAGE, "key | judges")] == list(EXPECT.fields)


def test_the_defaults_are_those_of_the_code():
    assert f"`{DEFAULT_TIMEOUT_S:g}s`" in PAGE
    assert f"`{ALIVE.sql}`" in PAGE
    assert f"`{IS_ALIVE[0].words}`" in PAGE
    assert f"Without a user it is `{USER}`" in PAGE
    assert f"More than {MOST_ROWS:,} rows" in PAGE
    assert f"asked every {ASKED_S * 1000:g} ms" in PAGE.replace("\n", " ")
    assert PROFILES[KIND.reads_by_default].passes_needed[0] == 7


def test_what_a_url_says_means_what_the_page_says():
    told = {code: row[1] for row in table(PAGE, "in the url | means") for code in codes(row[0]) or ["nothing"]}
    assert {code for code in told if "=" not in code} == {"nothing", *QUERY} - {"sslmode"}
    for code, means in told.items():
        target = at(f"?{code}" if "=" in code else "")
        refused = refusal(target) is not None
        assert refused == means.startswith("refused"), code
        assert refused or is_plain(target) == means.startswith("none"), code
    assert is_plain(at("", "localhost"))
    assert is_plain(at("", "127.0.0.1"))
    assert urlsplit(at("").url).query == ""


def test_the_functions_that_are_named_are_refused():
    named = codes(PAGE[PAGE.index("known to do more than read") :].partition("…")[0])
    assert len(named) == 7
    assert HURTFUL & set(named)
    for name in named:
        with pytest.raises(BadSql, match=name):
            statement_of(f"select {name}(1)")
