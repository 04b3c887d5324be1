"""Against the demo's own server, green and red, over both transports."""

import pytest
from mcp_world import sample, survivors, unmet

from releasegate.model import Outcome

TOOLS = {"tools": ["run_agent", "list_agents"]}
DETAIL = {
    "tools": {
        "run_agent": {"$.required": {"contains": "agent"}, "$.properties.agent.type": "string"},
        "list_agents": {"$.type": "object"},
    },
    "server": {"$.name": "netra-mcp"},
    "protocol": ["2025-11-25", "2025-06-18"],
    "latency": {"warn": "5s", "fail": "10s"},
}
LISTED = {"$.structuredContent.agents[*].state": {"in": ["idle", "running"]}}


def http(**more):
    return {"connect": "api:/mcp", **more}


def sse(**more):
    return {"connect": "api:/sse", "transport": "sse", **more}


@pytest.mark.parametrize("over", [http, sse])
def test_a_server_that_has_its_tools_is_green_and_every_part_of_it_is_timed(over, staging):
    one = sample(over(expect=TOOLS), staging)
    assert one.met, unmet(one)
    assert [phase.name for phase in one.phases] == ["name", "connect", "initialize", "tools"]
    assert all(contact.bytes_received for contact in one.contact)
    assert {contact.address for contact in one.contact} == {"127.0.0.1"}


@pytest.mark.parametrize("over", [http, sse])
def test_everything_that_is_demanded_of_it_could_have_been_red(over, staging):
    call = {"tool": "list_agents", "reads": True, "expect": LISTED}
    assert survivors(over(expect=DETAIL, call=call), staging) == ()


def test_a_tool_that_is_not_there_is_named(staging):
    one = sample(http(expect={"tools": ["run_agent", "fly", "a/b.c-d"]}), staging)
    assert (one.outcome, one.signature) == (Outcome.UNMET, "mcp tools $.fly exists")
    assert [text.partition(" (")[0] for text in unmet(one)] == ["$.fly exists", "$['a/b.c-d'] exists"]


@pytest.mark.parametrize(
    ("expect", "signature"),
    [
        ({"tools": {"run_agent": {"$.required": {"contains": "team"}}}}, "mcp tool run_agent $.required contains"),
        ({"server": {"$.name": "other"}}, "mcp server $.name equals"),
        ({"protocol": "2024-11-05"}, "mcp protocol equals"),
        ({"protocol": ["2024-11-05", "2025-03-26"]}, "mcp protocol in"),
        ({"latency": "1ms"}, "mcp latency max"),
    ],
)
def test_what_is_demanded_and_is_not_so_is_unmet(expect, signature, staging):
    assert sample(http(expect=expect), staging).signature == signature


def test_a_call_is_judged_by_its_result(staging):
    call = {"tool": "run_agent", "arguments": {"agent": "data", "user_request": "{{nonce}}"}}
    one = sample(http(call={**call, "expect": {"$.structuredContent.state": "accepted"}}), staging)
    assert one.met, unmet(one)
    assert [phase.name for phase in one.phases][-1] == "call"
    other = sample(http(call={**call, "expect": {"$.structuredContent.state": "done"}}), staging)
    assert other.signature == "mcp result $.structuredContent.state equals"
    assert "accepted" in other.excerpt


def test_a_tool_that_fails_is_no_success_unless_that_is_what_is_meant(staging):
    call = {"tool": "run_agent", "arguments": {"agent": "nobody", "user_request": "x"}}
    assert sample(http(call=call), staging).signature == "mcp result $.isError equals"
    meant = {**call, "expect": {"$.isError": True, "$.content[0].text": {"contains": "no agent nobody"}}}
    assert sample(http(call=meant), staging).met


def test_a_token_that_the_staging_does_not_know_changes_nothing_where_none_is_needed(staging):
    assert sample(http(expect=TOOLS, **{"as": "gate-user"}), staging).met


def test_a_place_where_no_server_is_is_named(staging):
    one = sample(http(connect="api:/api/nowhere", expect=TOOLS), staging)
    assert (one.signature, one.target) == ("mcp initialize status 404", "api")
    assert "not_found" in one.trouble.message
    assert one.trace == "0123456789abcdef" * 2


def test_a_server_that_others_wrote_is_understood(everything):
    call = {"tool": "echo", "arguments": {"message": "{{nonce}}"}, "reads": True}
    check = {"connect": "api:/mcp", "expect": {"tools": ["echo"]}, "call": call}
    check["call"]["expect"] = {"$.content[0].text": {"contains": "{{nonce}}"}}
    url = everything("streamableHttp")
    one = sample(check, url)
    assert one.met, unmet(one)
    assert survivors(check, url) == ()


def test_a_server_of_the_older_transport_that_others_wrote_is_understood(everything):
    one = sample({"connect": "api:/sse", "transport": "sse", "expect": {"tools": ["echo"]}}, everything("sse"))
    assert one.met, unmet(one)
