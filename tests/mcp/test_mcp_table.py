"""What may stand in an `mcp` check."""

import pytest
from mcp_world import config, problems

from releasegate.checks.base import LOGIN_S
from releasegate.checks.mcp import KIND
from releasegate.config.kinds import profile

TOOLS = {"connect": "api:/mcp", "expect": {"tools": ["a"]}}


@pytest.mark.parametrize(
    ("check", "says"),
    [
        ({"connect": "api:/mcp"}, "demands nothing of the server"),
        ({"connect": "api:/mcp", "expect": {}}, "demands nothing of the server"),
        ({**TOOLS, "connect": "other:/mcp"}, 'unknown target "other"'),
        ({**TOOLS, "transport": "stdio"}, "streamable-http"),
        ({**TOOLS, "as": "ghost"}, 'unknown identity "ghost"'),
        ({**TOOLS, "expect": {"tools": []}}, "at least"),
        ({**TOOLS, "expect": {"tools": ["a']"]}}, "the name of a tool"),
        ({**TOOLS, "expect": {"tools": {"a": {"$[": 1}}}}, "$["),
        ({**TOOLS, "expect": {"protocol": "a b"}}, "a version of the protocol"),
        ({**TOOLS, "call": {"arguments": {}}}, "tool"),
        ({**TOOLS, "call": {"tool": "a", "arguments": ["x"]}}, "a mapping"),
        ({**TOOLS, "call": {"tool": "a", "arguments": {"x": "{{nope}}"}}}, '"{{nope}}" is not defined here'),
    ],
)
def test_a_wrong_check_is_told(check, says):
    assert says in problems(check)


def test_a_call_writes_until_it_is_said_that_it_reads():
    def of(check):
        decl = config(check).suites[0].checks[0]
        return KIND.writes(decl.spec), profile(KIND, None, decl.spec)

    call = {"connect": "api:/mcp", "call": {"tool": "a"}}
    assert of(TOOLS) == (0, "standard")
    assert of(call) == (1, "single")
    assert of({**call, "call": {"tool": "a", "reads": True}}) == (0, "standard")


def test_a_login_has_its_own_time():
    of = lambda check: KIND.timeout_s(config(check).suites[0].checks[0].spec)  # noqa: E731
    assert of({**TOOLS, "as": "gate-user"}) - of(TOOLS) == LOGIN_S
