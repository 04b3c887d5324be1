"""The config of an `mcp` check in, a Spec out; and its JSON Schema."""

import re
from typing import Any

from msgspec import Struct

from releasegate.checks.compose import encode_path
from releasegate.checks.extra import demand_client
from releasegate.config.asking import Headers, IdentityName
from releasegate.config.model import NOBODY
from releasegate.config.node import Node
from releasegate.config.shape import (
    Boolean,
    Either,
    Field,
    JsonValue,
    ListOf,
    MapOf,
    OneOf,
    PositiveDuration,
    Reading,
    Table,
    Text,
    Url,
    UrlText,
)
from releasegate.expect import Bound, Demand, JsonExpect
from releasegate.template import Template

CLIENT = "mcp.client.session"
DEFAULT_TIMEOUT_S = 30.0
TOOL = re.compile(r"[A-Za-z0-9_./-]{1,128}")
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
VERSION = Text("a version of the protocol, such as 2025-06-18", re.compile(r"[A-Za-z0-9._-]{1,40}"))
FINE = Demand("$.isError", "equals", False)
WHAT = "the name of a tool"


class Call(Struct, frozen=True, kw_only=True):
    tool: str
    arguments: dict[str, Any]
    reads: bool
    result: tuple[Demand, ...]


class Spec(Struct, frozen=True, kw_only=True):
    """`tools` holds the demands on each tool's input schema, by its name; each of them must be there."""

    url: Url
    path: str | Template
    sse: bool
    identity: str | Template
    headers: tuple[tuple[str, str | Template], ...]
    timeout_s: float
    server: tuple[Demand, ...]
    protocol: tuple[Demand, ...]
    tools: dict[str, tuple[Demand, ...]]
    call: Call | None
    latency: tuple[Demand, ...]


def place_of(tool: str) -> str:
    """Give the JSONPath of a tool among the tools."""
    return f"$.{tool}" if PLAIN.fullmatch(tool) else f"$['{tool}']"


def _protocol(value: Any) -> tuple[Demand, ...]:
    if value is None:
        return ()
    one = isinstance(value, str)
    return (Demand("protocol", "equals" if one else "in", value if one else list(value)),)


def _tools(value: Any) -> dict[str, tuple[Demand, ...]]:
    return dict(value) if isinstance(value, dict) else dict.fromkeys(value or (), ())


def _call(values: dict[str, Any], _node: Node, _ctx: Reading) -> Call:
    expect: tuple[Demand, ...] = values["expect"] or ()
    judged = any(demand.subject == FINE.subject for demand in expect)
    result = expect if judged else (FINE, *expect)
    return Call(tool=values["tool"], arguments=values["arguments"] or {}, reads=values["reads"], result=result)


def _spec(values: dict[str, Any], node: Node, ctx: Reading) -> Any:
    demand_client(node, ctx, kind="mcp", module=CLIENT)
    if values["connect"].whole is not None:
        return ctx.report(node.value["connect"], "an MCP server is at target:/path", "declare its origin as a target")
    expect = values["expect"] or {}
    if not any(expect.values()) and values["call"] is None:
        hint = "list the tools that it must have: expect: {tools: […]}"
        return ctx.report(node, "an mcp check without expect or call demands nothing of the server", hint)
    return Spec(
        url=values["connect"],
        path=encode_path(values["connect"].path),
        sse=values["transport"] == "sse",
        identity=values["as"],
        headers=values["headers"],
        timeout_s=values["timeout"],
        server=expect.get("server") or (),
        protocol=_protocol(expect.get("protocol")),
        tools=_tools(expect.get("tools")),
        call=values["call"],
        latency=expect.get("latency") or (),
    )


CALL = Table(
    "a call",
    {
        "tool": Field(Text(WHAT, TOOL), required=True, says="the tool that is called, after the listing"),
        "arguments": Field(
            Either({"mapping": JsonValue()}, says="a mapping"), says="its arguments; {{holes}} are filled"
        ),
        "reads": Field(Boolean(), default=False, says="it changes nothing and may be repeated; false"),
        "expect": Field(JsonExpect(), says="JSONPaths of the result; $.isError is false without a word"),
    },
    _call,
)
EXPECT = Table(
    "expect",
    {
        "tools": Field(
            Either(
                {
                    "list": ListOf(Text(WHAT, TOOL), least=1),
                    "mapping": MapOf(JsonExpect(), key=Text(WHAT, TOOL), least=1),
                },
                says="a list of tools, or a mapping of tools to JSONPaths of their input schemas",
            ),
            says="tools that it must have; others may stand beside them",
        ),
        "server": Field(JsonExpect(), says="JSONPaths of what it says of itself: $.name, $.version"),
        "protocol": Field(
            Either({"text": VERSION, "list": ListOf(VERSION, least=1)}, says="a version, or a list of them"),
            says="the version of the protocol that it agrees to",
        ),
        "latency": Field(Bound(), says="from the handshake to the last answer; 2s, or {warn:, fail:}"),
    },
)
FIELDS: dict[str, Field] = {
    "connect": Field(UrlText(), required=True, says="target:/path of the server"),
    "transport": Field(
        OneOf("streamable-http", "sse"), default="streamable-http", says="how it is spoken to; streamable-http"
    ),
    "as": Field(IdentityName(), default=NOBODY, inherits=True, says="who asks: an identity, or nobody"),
    "headers": Field(Headers(), default=(), says="headers of every request"),
    "timeout": Field(PositiveDuration(), default=DEFAULT_TIMEOUT_S, inherits=True, says="bound on one sample; 30s"),
    "expect": Field(EXPECT, says="tools, server, protocol, latency"),
    "call": Field(CALL, says="one tool to call"),
}
TABLE = Table("an mcp check", FIELDS, _spec)
