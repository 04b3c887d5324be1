"""The page about events is held to what the gate knows of them."""

import pytest
from docs_examples import codes, page, rows, section, shown

from releasegate.config.load import ConfigError, load
from releasegate.config.targets import DEPLOYMENT_URL
from releasegate.github.context import EVENTS

PAGE = page("events.md")


def test_every_event_that_the_gate_knows_has_its_row():
    assert {codes(row[0])[0] for row in rows(PAGE)[: len(EVENTS)]} == set(EVENTS)


def test_whose_workflow_runs_is_told_of_every_event():
    told = {event for row in rows(section(PAGE, "Whose workflow runs")) for event in codes(row[0])}
    assert told == set(EVENTS)


def test_the_config_for_a_deployment_loads_where_it_may_lead():
    text, _ = shown(PAGE, "yaml releasegate")
    given = {DEPLOYMENT_URL: "https://pr-7.preview.example.com"}
    assert load(text, given, file="docs.yml").targets["api"].host == "pr-7.preview.example.com"


@pytest.mark.parametrize(
    ("url", "dropped", "says"),
    [
        ("https://evil.example.org", "", "not in allow_hosts"),
        ("https://pr-7.preview.example.com.evil.org", "", "not in allow_hosts"),
        ("http://pr-7.preview.example.com", "", "is https or wss, not http"),
        ("https://pr-7.preview.example.com", 'allow_hosts: ["*.preview.example.com"]', "whoever may deploy"),
    ],
)
def test_a_deployment_that_leads_elsewhere_is_an_error_before_any_request(url, dropped, says):
    text, _ = shown(PAGE, "yaml releasegate")
    with pytest.raises(ConfigError, match=says):
        load(text.replace(dropped, "") if dropped else text, {DEPLOYMENT_URL: url}, file="docs.yml")


def test_what_else_than_a_run_an_event_may_be_is_told_of_every_word_of_the_config():
    part = section(PAGE, "Other than a run")
    (text,) = shown(part, "yaml releasegate")
    assert load(text, {}, file="docs.yml").events == {
        "pull_request": "defer", "deployment_status": "run", "merge_group": "inherit",
    }  # fmt: skip
    assert {codes(row[0])[0] for row in rows(part)} == {"run", "defer", "inherit"}
