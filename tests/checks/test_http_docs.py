"""Every example of docs/kinds/http.md is a config that loads."""

import re
from pathlib import Path

import pytest
from http_world import reply, sample, trouble

from releasegate.config.load import load

PAGE = (Path(__file__).parents[2] / "docs" / "kinds" / "http.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml check\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
HEAD = """
version: 1
gate: docs
targets:
  api: {url: "https://api.test"}
  auth: {url: "https://auth.test"}
identities:
  gate-user: {bearer: "${TOKEN}"}
suites:
  docs:
    checks:
"""


def test_the_page_has_examples():
    assert len(EXAMPLES) > 8


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.partition(":")[0])
def test_an_example_loads(example):
    indented = "".join(f"      {line}" if line.strip() else line for line in example.splitlines(keepends=True))
    config = load(HEAD + indented, {"TOKEN": "a-token"}, file="releasegate.yml")
    assert config.suites[0].checks
    assert all(check.kind == "http" for check in config.suites[0].checks)


ONE = {"get": "api:/x", "expect": {"status": 200, "headers": {"x-a": "1"}, "json": {"$.status": "ok"}, "latency": "1s"}}
STATES = {"order": ["pending", "done"], "never": ["failed"], "at": "$.state", "stuck": "50ms"}
FOLLOW = {"name": "follow", "get": "api:/x", "poll": {"every": "20ms", "within": "200ms"}}
SOUND = {"headers": {"x-a": "1"}, "json": {"status": "ok"}}


def step(one, *replies):
    return sample({"steps": [one]}, *replies)


FAILURES = [
    sample(ONE, reply(503)),
    step({"name": "create", "post": "api:/x", "expect": {"status": 201}}, reply(500)),
    sample(ONE, reply(headers={"x-a": "1"}, json={"status": "down"})),
    sample(ONE, reply(headers={"x-a": "2"}, json={"status": "ok"})),
    sample(ONE, reply(took_s=2.0, **SOUND)),
    sample({"get": "api:/x", "expect": {"status": 200, "json": {"$.status": "ok"}}}, reply(body=b"<html>")),
    sample({"get": "api:/x", "expect": {"status": 200}, "capture": {"id": "$.id"}}, reply(json={})),
    step({**FOLLOW, "poll": {**FOLLOW["poll"], "until": {"json": {"$.ready": True}}}}, reply(json={"ready": False})),
    step({**FOLLOW, "states": STATES}, reply(json={"state": "failed"})),
    step({**FOLLOW, "states": STATES}, reply(json={"state": "pending"})),
    sample(ONE, trouble()),
    sample(ONE, trouble("timeout", "first byte")),
]


def test_failures_read_as_the_page_says():
    told = re.sub(r"\s+", " ", PAGE.partition("## How failures read")[2].partition("## ")[0])
    shown = set(re.findall(r"`(http [^`]+)`", told)) - {"http login status 500"}
    assert shown == {one.signature for one, _ in FAILURES}
