"""Every example of docs/kinds/websocket.md is a config that loads, and what the page says is so."""

import re
from pathlib import Path

import pytest
from websocket_world import Goodbye, ours, sample, talk, theirs, unmet

from releasegate.checks._websocket import observe
from releasegate.checks._websocket.table import DEFAULT_TIMEOUT_S, EVENT, EXPECT
from releasegate.checks.websocket import KIND
from releasegate.config.load import load
from releasegate.errors import CouldNotLook
from releasegate.model import Trouble
from releasegate.sampling import PROFILES

PAGE = (Path(__file__).parents[2] / "docs" / "kinds" / "websocket.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml check\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
HEAD = """
version: 1
gate: docs
targets:
  chat: {url: "wss://chat.test"}
identities:
  gate-user: {bearer: "${TOKEN}"}
suites:
  docs:
    checks:
"""


def indented(example):
    return "".join(f"      {line}" if line.strip() else line for line in example.splitlines(keepends=True))


def rows(heading, column):
    """Give what a column of the table that begins with this heading shows as code."""
    table = PAGE[PAGE.index(f"| {heading} |") :].partition("\n\n")[0]
    return [re.findall(r"`([^`]+)`", line.split(" | ")[column])[0] for line in table.splitlines()[2:]]


def keys(heading):
    return rows(heading, 0)


def test_the_page_has_examples():
    assert len(EXAMPLES) >= 5


def test_the_examples_load_together():
    config = load(HEAD + "".join(map(indented, EXAMPLES)), {"TOKEN": "a-token"}, file="releasegate.yml")
    assert [check.kind for check in config.suites[0].checks] == ["websocket"] * len(EXAMPLES)


@pytest.mark.parametrize("example", [e for e in EXAMPLES if "twin:" not in e], ids=lambda text: text.partition(":")[0])
def test_an_example_loads(example):
    assert load(HEAD + indented(example), {"TOKEN": "a-token"}, file="releasegate.yml").suites[0].checks


def test_every_key_is_in_its_table_and_none_is_invented():
    assert sorted(keys("key")) == sorted(KIND.table.fields)
    assert sorted(keys("key | judges")) == sorted(EXPECT.fields)
    assert sorted(keys("key of an event")) == sorted(EVENT.fields)


def test_the_numbers_are_those_of_the_code():
    assert f"`{DEFAULT_TIMEOUT_S:g}s`" in PAGE
    assert f"{observe.MOST_MESSAGES:,} messages, or {observe.MOST_BYTES // 2**20} MiB" in PAGE
    assert f"listens for {observe.SETTLE_S * 1000:g} ms (`settle`)" in PAGE
    half = observe.KEPT_MESSAGES // 2
    assert f"the first {half} and the last\n  {half}, each up to {observe.KEPT_TEXT:,} characters" in PAGE
    assert f"`{KIND.reads_by_default}`: five samples" in PAGE
    assert PROFILES[KIND.reads_by_default].passes_needed[0] == 5


AGENT = talk({"agent_started": {"within": "2s"}}, {"agent_thinking": {"within": "5s"}})
STARTED = (0.1, ours("agent_started"))


def failure(reason, phase):
    return CouldNotLook(Trouble(phase=phase, reason=reason, message="it was so"))


FAILURES = [
    sample(AGENT, STARTED),
    sample(AGENT, STARTED, (0.5, Goodbye(1011, "worker died"))),
    sample(AGENT, STARTED, (0.5, Goodbye(1006))),
    sample(AGENT, STARTED, (0.5, failure("too large", "transfer"))),
    sample(AGENT, STARTED, (0.5, failure("protocol", "transfer"))),
    sample(AGENT, STARTED, *[(0.5, "x")] * (observe.MOST_MESSAGES + 1)),
    sample(AGENT, refusal=(403, b"")),
    sample(AGENT, trouble=failure("refused", "connect")),
    sample({**AGENT, "as": "gate-user"}, broken=True),
    sample(talk("a", "b", timeout="3s"), (0.25, ours("a"))),
    sample(talk({"a": {"within": "1s"}}), (0.1, theirs("a"))),
    sample(talk({"a": {"within": "2s"}}), (2.0001, ours("a")), busy_s=0.1),
    sample(talk("a", "b", {"c": {"within": "2s"}}), (0.1, ours("a")), (0.2, ours("c")), (0.3, ours("b"))),
    sample(talk({"started": {"within": "5s"}}, "done"), (-0.1, ours("started")), (-0.1, ours("done"))),
    sample(talk("a", "b", never=["error"]), (0.1, ours("a")), (0.3, ours("error").replace("{", '{"type": "b", '))),
    sample(talk("a", "b", never=["error"]), (0.1, ours("a")), (0.3, ours("error"))),
    sample(talk({"a": {"json": {"$.n": {"min": 1}}}}), (0.1, ours("a", n=0))),
]


@pytest.mark.parametrize("shown", rows("what happened | how it reads", 1) + rows("signature", 0))
def test_a_failure_reads_as_the_page_says(shown):
    told = [text for one, _ in FAILURES for text in (*unmet(one), one.signature)]
    assert any(text == shown or (shown.endswith(":") and text.startswith(shown)) for text in told)


def test_every_failure_is_on_the_page():
    assert len(rows("what happened | how it reads", 1) + rows("signature", 0)) == len(FAILURES)
