"""The JSON Schema for editors, and what a newcomer is given."""

from pathlib import Path

import jsonschema_rs
import pytest
from config_gate import gate

from releasegate.config.load import load
from releasegate.config.schema import json_schema
from releasegate.config.starter import starter_config, starter_workflow
from releasegate.config.yaml import compose

EXAMPLE = (Path(__file__).parent / "example.yml").read_text(encoding="utf-8")
VALIDATOR = jsonschema_rs.Draft202012Validator(json_schema())


def document(text):
    return compose(text, "x.yml").root.plain()


def test_the_schema_is_one_and_knows_its_dialect():
    schema = json_schema()
    jsonschema_rs.meta.validate(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "$id" not in schema


@pytest.mark.parametrize("text", [EXAMPLE, gate(), starter_config()], ids=["example", "least", "starter"])
def test_what_loads_is_valid(text):
    assert [error.message for error in VALIDATOR.iter_errors(document(text))] == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("version: 1", "version: 2"), ("mode: enforce", "mode: enforced"), ("targets:\n", "target:\n"),
        ("settle: 3", "setle: 3"), ("settle: 3", "settle: three"), ("wait: 10m", "wait: 10"),
        ("critical: true", "critical: yes"), ("weight: 60", "weight: -1"), ("samples: lean", "samples: some"),
        ("        http:\n          get: api:/health", "        htpp:\n          get: api:/health"),
        ("algorithm: HS256", "algorithm: HS257"), ("foreign: true", "foreing: true"),
        ("twin: pipeline.lifecycle", "twins: pipeline.lifecycle"), ("deadline: 15m", "deadline: 900"),
        ("max_age: 1d", "max_age: 1w"), ("store: file", "store: disk"), ("issue: true", "issues: true"),
        ("pull_request: run", "pull_request: runs"), ("connect: edge", "conect: edge"),
    ],
)  # fmt: skip
def test_a_typo_is_not(right, wrong):
    assert right in EXAMPLE
    assert not VALIDATOR.is_valid(document(EXAMPLE.replace(right, wrong, 1)))


def test_a_check_of_two_kinds_or_of_none_is_not_valid():
    for body in ("{critical: true}", "{tcp: {connect: api}, http: {get: 'api:/x', expect: {status: 200}}}"):
        assert not VALIDATOR.is_valid(document(gate(checks=f"suites: {{s: {{checks: {{c: {body}}}}}}}")))


def test_a_suite_may_be_the_path_of_its_file():
    assert VALIDATOR.is_valid(document(gate(checks="suites: {orders: gate/orders.yml}")))


def test_every_key_that_users_meet_first_says_what_it_is():
    schema = json_schema()
    suite = schema["properties"]["suites"]["additionalProperties"]["anyOf"][0]
    places = [
        schema["properties"], suite["properties"], suite["properties"]["checks"]["additionalProperties"]["properties"],
        schema["properties"]["targets"]["additionalProperties"]["properties"],
        schema["properties"]["identities"]["additionalProperties"]["properties"],
    ]  # fmt: skip
    mute = [
        key for place in places for key, value in place.items() if not (value.get("description") or "$ref" in value)
    ]
    assert mute == []


def test_the_first_config_has_a_target_its_revision_and_a_check():
    text = starter_config()
    assert len(text.splitlines()) <= 12
    config = load(text, {"STAGING_URL": "https://staging.example.com"}, file="releasegate.yml")
    (target,) = config.targets.values()
    assert target.revision.wait_s == 600
    assert [len(suite.checks) for suite in config.suites] == [1]
    assert config.warnings == ()


@pytest.mark.parametrize("url", ["https://staging.example.com", "http://[::1]:8080/x", "https://a.example.com/#{$x"])
def test_the_first_config_takes_a_url_as_it_is(url):
    assert document(starter_config(url))["targets"]["api"]["url"] == url
    assert "STAGING_URL" not in starter_config(url) + starter_workflow(url)


def test_the_first_workflow_is_the_model_that_is_run_against_the_demo():
    model = (Path(__file__).parents[2] / "docs/workflows/release-gate.yml").read_text(encoding="utf-8")
    assert starter_workflow() == model
    assert starter_workflow("https://staging.example.com").count("\n") == model.count("\n") - 2
