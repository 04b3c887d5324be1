"""What docs/identities.md shows loads, and its tables and bounds are those of the code."""

import pytest
from docs_examples import codes, page, rows, section, shown

from releasegate import identities
from releasegate.config.identities import IDENTITY, JWT, LOGIN, PASSWORDS, WAYS
from releasegate.config.load import load
from releasegate.model import Control, Identity, State
from releasegate.verdict.decide import decide

PAGE = page("identities.md")
ENVIRON = {
    name: f"value-of-{name}-of-32-characters-or-more"
    for name in (
        "STAGING_JWT_SECRET",
        "SHOP_PASSWORD",
        "ROBOT_KEY",
        "SERVICE_TOKEN",
        "OPERATOR_PASSWORD",
        "PARTNER_KEY",
    )
}


@pytest.mark.parametrize("text", shown(PAGE, "yaml releasegate"))
def test_every_config_that_is_shown_loads_and_keeps_its_secrets(text):
    config = load(text, ENVIRON, file="docs.yml")
    assert config.identities
    used = {value for name, value in ENVIRON.items() if f"${{{name}}}" in text}
    assert set(config.secrets) == used
    assert config.warnings == ()


def test_the_examples_use_every_way_and_every_algorithm_is_named():
    loaded = [one for text in shown(PAGE, "yaml releasegate") for one in _identities(text)]
    assert {way for one in loaded for way in WAYS if getattr(one, way)} == set(WAYS)
    assert [name for name in ("HS256", "RS256", "ES256") if f"`{name}`" not in PAGE] == []


def _identities(text):
    return load(text, ENVIRON, file="docs.yml").identities.values()


@pytest.mark.parametrize(
    ("heading", "table"), [("Login", LOGIN), ("Minted tokens", JWT)], ids=["login", "minted tokens"]
)
def test_every_key_is_in_its_table_and_none_is_invented(heading, table):
    said = rows(section(PAGE, heading))
    named = {name for row in said for name in codes(row[0])}
    assert named <= set(table.fields)
    assert set(table.fields) - named <= {name for row in said for name in codes(row[1])}


def test_the_ways_are_those_of_the_code():
    assert [codes(row[0])[0] for row in rows(PAGE)] == list(WAYS)
    assert set(IDENTITY.fields) == {*WAYS, "fallback", "targets"}


def test_the_words_that_switch_a_login_off_are_all_there():
    switched = section(PAGE, "Login").partition("**Switched off.**")[2]
    assert [word for word in PASSWORDS if f"`{word}`" not in switched] == []


def test_the_bounds_are_those_of_the_code():
    login = section(PAGE, "Login")
    assert f"renewed {identities.LEEWAY_S:g} s before" in " ".join(login.split())
    assert f"One try of a login has {identities.LOGIN_TIMEOUT_S:g} s." in login
    assert f"while {identities.PATIENCE_S:g} s are not over" in login
    assert identities.ATTEMPTS == 3
    assert "tried again, three times in all" in login


def test_the_sentence_about_a_fallback_is_the_one_that_is_said():
    verdict = decide(
        [],
        [],
        control=Control(held=None),
        identity=Identity(judged=None, holds=None),
        interrupted=False,
        deadline_reached=False,
        fallbacks=["gate-user"],
    )
    assert verdict.state is State.INCONCLUSIVE
    assert f"`{verdict.reasons[-1]}`" in PAGE


def test_a_login_that_gives_nothing_is_refused_as_the_page_says():
    text = shown(PAGE, "yaml releasegate")[1].replace("      cookies: true\n", "")
    with pytest.raises(Exception, match="a login gives a token, cookies, or both"):
        load(text, ENVIRON, file="docs.yml")


def test_a_login_with_an_empty_password_and_no_fallback_does_not_load():
    with pytest.raises(Exception, match="an empty password and no fallback"):
        load(shown(PAGE, "yaml releasegate")[1], {"SHOP_PASSWORD": ""}, file="docs.yml")
