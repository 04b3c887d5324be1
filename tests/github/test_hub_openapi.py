"""What the stand-in answers is what GitHub describes, and whoever asks otherwise is told."""

import json
import re
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest
from hub_openapi import KNOWN, description
from hub_world import NOW, PERSON, World

from releasegate.demo.hub.exchange import Request
from releasegate.demo.hub.hub import Exchange
from releasegate.demo.hub.routes import ROUTES
from releasegate.demo.hub.state import Required, Ruleset, Run

STATUS, COMMENT = "/repos/acme/shop/statuses/" + "0" * 40, "/repos/acme/shop/issues/1/comments"


def tour(world):
    """Ask everything once that the stand-in knows, as a user who may."""
    shop, head = world.repository, world.head
    shop.protected["main"] = (Required("releasegate/staging", 15368), Required("build"))
    shop.rulesets[5] = Ruleset(
        id=5, name="gate", required=(Required("releasegate/staging", 15368),), bypass=(("Team", 3),)
    )
    shop.roles["ann"] = "maintain"
    shop.runs[7] = Run(
        id=7, name="gate", path=".github/workflows/gate.yml", event="pull_request", sha=head, branch="feature", head=shop,
        actor=world.hub.user("ann"), at=NOW,
    )  # fmt: skip
    comment = world.of("POST", "/issues/1/comments", {"body": "red"}).payload["id"]
    run = world.of("POST", "/check-runs", {"name": "gate", "head_sha": head}).payload["id"]
    world.review("mia", "APPROVED")
    world.say("pending", description="running", target_url="https://example.com/1")
    for method, path, body in (
        ("GET", "", None), ("GET", "/collaborators/ann/permission", None), ("GET", "/actions/runs/7", None),
        ("GET", f"/statuses/{head}", None), ("GET", f"/commits/{head}/statuses", None),
        ("GET", "/commits/feature/status", None), ("GET", f"/commits/{head}/check-runs", None),
        ("GET", f"/commits/{head}/pulls", None), ("GET", "/commits/main", None),
        ("GET", "/compare/main...feature", None), ("GET", f"/check-runs/{run}", None),
        ("GET", f"/issues/comments/{comment}", None), ("PATCH", f"/issues/comments/{comment}", {"body": "green"}),
        ("GET", "/issues/1/comments", None), ("DELETE", f"/issues/comments/{comment}", None),
        ("GET", "/issues", None), ("GET", "/issues/1", None), ("POST", "/issues", {"title": "red", "labels": ["gate"]}),
        ("GET", "/pulls", None), ("GET", "/pulls/2", None), ("GET", "/pulls/1/files", None),
        ("GET", "/pulls/1/reviews", None),
        ("GET", "/contents/README.md", None), ("GET", "/contents/.github", None),
        ("PUT", "/contents/history.json", {"message": "Add", "content": "e30=", "branch": "feature"}),
        ("GET", "/git/ref/heads/main", None), ("POST", "/git/refs", {"ref": "refs/heads/history", "sha": head}),
        ("GET", "/branches/main", None), ("GET", "/branches/feature", None), ("GET", "/rules/branches/main", None),
        ("GET", "/rulesets", None), ("GET", "/rulesets/5", None),
    ):  # fmt: skip
        world.of(method, path, body, token=PERSON)
    world.of("PATCH", f"/check-runs/{run}", {"conclusion": "failure", "output": {"title": "1", "summary": "red"}})
    world.ask("GET", "/user", token=PERSON)
    world.ask("GET", "/rate_limit")


def test_every_endpoint_answers_as_described():
    world = World()
    tour(world)
    refused = [(each.route, each.response.payload) for each in world.hub.log if each.response.status >= 400]
    assert refused == []
    assert [fault for exchange in world.hub.log for fault in description().violations(exchange)] == []
    toured = {each.route for each in world.hub.log}
    # An App's own endpoints are asked in test_hub_access.py, with a key.
    assert {route.name for route in ROUTES} - toured == {
        "GET /app", "GET /repos/{owner}/{repo}/installation", "POST /app/installations/{installation}/access_tokens",
    }  # fmt: skip


def test_an_answer_that_lacks_anything_required_is_told():
    world = World()
    tour(world)
    missed, lacking = [], 0
    for exchange in world.hub.log:
        whole = exchange.response.payload
        first = whole[0] if isinstance(whole, list) and whole else whole
        if description().find(exchange.request.method, exchange.request.path) is None or not isinstance(first, dict):
            continue
        for key in required(exchange):
            lacking += 1
            cut = deepcopy(whole)
            del (cut[0] if isinstance(cut, list) else cut)[key]
            wrong = replace(exchange, response=replace(exchange.response, payload=cut))
            if not description().violations(wrong):
                missed.append((exchange.route, key))
    assert lacking > 400
    assert missed == []


def required(exchange):
    """Give what the description demands of the outermost object of an answer."""
    known = description()
    _, operation, _ = known.find(exchange.request.method, exchange.request.path)
    content = known.resolved(operation["responses"][str(exchange.response.status)])["content"]
    schema = known.resolved(content["application/json"]["schema"])
    return known.resolved(schema.get("items", schema)).get("required", ())


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "fault"),
    [
        ("POST", STATUS, {}, {"state": "green"}, "is not one of"),
        ("POST", STATUS, {}, {}, '"state" is a required property'),
        ("POST", STATUS, {}, {"state": "success", "sha": "0"}, "Unevaluated properties"),
        ("POST", STATUS, {"per_page": "1"}, {"state": "success"}, "per_page is not declared"),
        ("POST", COMMENT, {}, {"body": 1}, "is not of type"),
        ("POST", COMMENT, {}, {"body": "a", "marker": "b"}, "Unevaluated properties"),
        ("PATCH", "/repos/acme/shop/check-runs/1", {}, {"status": "completed"}, "conclusion"),
        ("POST", "/repos/acme/shop/check-runs", {}, {"name": "a", "head_sha": "b", "output": {"summary": "s", "title": "t",
            "annotations": [{}] * 51}}, "has more than 50 items"),
        ("POST", "/repos/acme/shop/check-runs", {}, {"name": "a", "head_sha": "b", "gate": "c"}, "Unevaluated properties"),
        ("GET", "/repos/acme/shop/pulls", {"state": "merged"}, None, "is not one of"),
        ("GET", "/repos/acme/shop/pulls", {"number": "1"}, None, "number is not declared"),
        ("GET", "/repos/acme/shop/pulls/one", {}, None, "is not of type"),
        ("GET", "/repos/acme/shop/pulls", {}, {"state": "all"}, "a body is not declared"),
        ("GET", "/repos/acme/shop/milestones", {}, None, "is not described"),
    ],
)  # fmt: skip
def test_a_request_that_github_does_not_describe_is_told(method, path, query, body, fault):
    raw = b"" if body is None else json.dumps(body).encode()
    exchange = World().ask("GET", "/rate_limit").response
    asked = Exchange(
        request=Request(method=method, path=path, query=query, body=raw), identity="", route=None, response=exchange
    )
    assert any(fault in each for each in description().violations(asked)), description().violations(asked)


def test_what_is_let_pass_is_really_not_described():
    assert description().find("GET", "/repos/acme/shop/statuses/main") is None
    assert description().find("GET", "/repositories/1/issues") is None
    assert "GET /repos/{owner}/{repo}/statuses/{ref}" in KNOWN
    assert "429" not in description().find("POST", STATUS)[1]["responses"]


def test_the_page_names_every_endpoint():
    page = (Path(__file__).parents[2] / "docs/demo.md").read_text(encoding="utf-8")
    section = page[page.index("## GitHub's stand-in") :]
    told = set(re.findall(r"/[a-z_{][\w{}/-]*", section))
    short = {route.template.removeprefix("/repos/{owner}/{repo}") for route in ROUTES} - {""}
    assert short - told == set()
