"""A probe and a Spec in, what an MCP server said out: the handshake, its tools, one call. All I/O of the kind."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx2
import mcp_types as types
from mcp.client.session import ClientSession
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from msgspec import Struct
from pydantic import ValidationError

from releasegate import __version__
from releasegate.checks._mcp.link import Link
from releasegate.checks._mcp.table import Call, Spec
from releasegate.checks.base import Probe
from releasegate.checks.compose import Headers, Refused, cookie_header, filled_headers, filled_path, merged
from releasegate.config.model import NOBODY, Target
from releasegate.errors import CouldNotLook
from releasegate.template import as_text, fill
from releasegate.wire.origin import absolute

MOST_PAGES, MOST_TOOLS = 100, 10_000
GOODBYE_S = 1.0
OF_THE_SDK = (MCPError, ValidationError, httpx2.HTTPError, httpx2.SSEError, RuntimeError, ValueError)
CUT = (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream)

REASONS = {types.PARSE_ERROR: "protocol", types.INVALID_REQUEST: "protocol", types.CONNECTION_CLOSED: "closed"}
"""Codes of errors that the SDK gives itself, for what it cannot understand."""

for _name in ("mcp", "client"):  # what the SDK logs of a server's faults is in the sample, said better
    logging.getLogger(_name).addHandler(logging.NullHandler())
    logging.getLogger(_name).propagate = False


class Said(Struct, frozen=True, kw_only=True):
    """What a server said, as JSON. `tools` by name; `result` is None where nothing was called."""

    answered: bool
    server: Any
    protocol: str
    tools: dict[str, Any]
    result: Any
    took_s: float


async def converse(spec: Spec, probe: Probe) -> Said:
    """Speak with the server for one sample. Raises CouldNotLook."""
    target, url, headers = await _compose(spec, probe)
    ends = asyncio.get_running_loop().time() + spec.timeout_s
    optional = frozenset({"DELETE"}) if spec.sse else frozenset({"DELETE", "GET"})
    link = Link(probe, target, ends=ends + GOODBYE_S, optional=optional)
    try:
        async with asyncio.timeout_at(ends) as bound:
            return await _unless_broken(link, _talk(spec, probe, link, url, headers))
    except (CouldNotLook, TimeoutError, BaseExceptionGroup, *OF_THE_SDK, *CUT) as error:
        if bound.expired():
            raise probe.trouble("timeout", f"no answer within {spec.timeout_s:g} s") from None
        told = _told(error, link, probe)
        if told is error:
            raise
        raise told from None
    finally:
        await _goodbye(link, url, headers)
        await link.aclose()


async def _unless_broken(link: Link, talk: Coroutine[Any, Any, Said]) -> Said:
    """Talk until the link breaks: the SDK would wait, and try again. Raises CouldNotLook, or what the SDK raises."""
    doing, broken = asyncio.ensure_future(talk), asyncio.ensure_future(link.broken.wait())
    both: set[asyncio.Future[Any]] = {doing, broken}
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if link.failed:
            raise link.failed
        return doing.result()
    finally:
        doing.cancel()
        broken.cancel()
        await asyncio.gather(*both, return_exceptions=True)


async def _compose(spec: Spec, probe: Probe) -> tuple[Target, str, Headers]:
    """Say where the server is, and what every request to it carries."""
    name = spec.url.target
    target = probe.targets[as_text(fill(name, probe.scope))]
    probe.target, probe.doing = target.name, "request"
    try:
        url = absolute(target, filled_path(spec.path, (), probe.scope))
        own = filled_headers(spec.headers, probe.scope)
    except Refused as refused:
        raise probe.trouble("not allowed", str(refused)) from None
    who = as_text(fill(spec.identity, probe.scope))
    given: Headers = ()
    crumbs: Headers = ()
    if who != NOBODY:
        with probe.phase("authenticate"):
            given, cookies = await probe.shown(who, target)
        crumbs = cookie_header(cookies, urlsplit(url).path or "/")
    plain = (("Accept-Encoding", "identity"), ("User-Agent", f"releasegate/{__version__}"))
    return target, url, merged(plain, target.headers, given, crumbs, own)


async def _talk(spec: Spec, probe: Probe, link: Link, url: str, headers: Headers) -> Said:
    client = _client(link, headers)
    asked = probe.clock()
    me = types.Implementation(name="releasegate", version=__version__)
    async with (
        _streams(spec, probe, client, url) as (reading, writing),
        ClientSession(reading, writing, client_info=me) as session,
    ):
        with probe.phase("initialize"):
            hello = await session.initialize()
        with probe.phase("tools"):
            tools = await _tools(session, probe, offered=hello.capabilities.tools is not None)
        result = await _called(session, probe, spec.call) if spec.call else None
        took_s = probe.clock() - asked
    return Said(
        answered=True,
        server=_json(hello.server_info),
        protocol=hello.protocol_version,
        tools=tools,
        result=result,
        took_s=took_s,
    )


@asynccontextmanager
async def _streams(spec: Spec, probe: Probe, client: httpx2.AsyncClient, url: str) -> AsyncIterator[Any]:
    if not spec.sse:
        async with streamable_http_client(url, http_client=client, terminate_on_close=False) as streams:
            yield streams
        return
    probe.doing = "endpoint"

    def factory(headers: Any = None, timeout: Any = None, auth: Any = None) -> httpx2.AsyncClient:
        del headers, timeout, auth  # they are the client's own
        return client

    async with sse_client(url, httpx_client_factory=factory) as streams:
        yield streams


async def _tools(session: ClientSession, probe: Probe, *, offered: bool) -> dict[str, Any]:
    """List the tools, of all pages. A server that offers none is not asked."""
    found: dict[str, Any] = {}
    cursor: str | None = None
    for _ in range(MOST_PAGES if offered else 0):
        page = await session.list_tools(params=types.PaginatedRequestParams(cursor=cursor) if cursor else None)
        for tool in page.tools:
            if tool.name in found:
                raise probe.trouble("protocol", "it lists two tools of one name")
            found[tool.name] = _json(tool)
        if len(found) > MOST_TOOLS:
            raise probe.trouble("too large", f"it lists more than {MOST_TOOLS:,} tools")
        cursor = page.next_cursor
        if cursor is None:
            return found
    if offered:
        raise probe.trouble("too large", f"its list of tools has more than {MOST_PAGES} pages")
    return found


async def _called(session: ClientSession, probe: Probe, call: Call) -> Any:
    """Call a tool. The SDK would hold its result to the server's own schema, whose patterns may take for ever."""
    params = types.CallToolRequestParams(name=call.tool, arguments=fill(call.arguments, probe.scope))
    with probe.phase("call"):
        return _json(await session.send_request(types.CallToolRequest(params=params), types.CallToolResult))


async def _goodbye(link: Link, url: str, headers: Headers) -> None:
    """End the session, if there is one, however the sample went; a server need not let anybody do so."""
    if link.session is None:
        return
    client = _client(link, (*headers, ("Mcp-Session-Id", link.session)))
    try:
        async with asyncio.timeout(GOODBYE_S):
            await client.delete(url)
    except (TimeoutError, CouldNotLook):
        return


def _client(link: Link, headers: Headers) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=link, headers=list(headers), timeout=None, trust_env=False)


def _json(value: Any) -> Any:
    return value.model_dump(by_alias=True, mode="json", exclude_none=True)


def _told(error: BaseException, link: Link, probe: Probe) -> BaseException:
    """Say what the world did: what the link saw first, else what the SDK made of it. A bug of ours stays one."""
    causes = list(_leaves(error))
    seen = link.failed or next((cause for cause in causes if isinstance(cause, CouldNotLook)), None)
    if seen:
        return seen
    for cause in causes:
        if isinstance(cause, MCPError):
            return probe.trouble(REASONS.get(cause.code, f"error {cause.code}"), cause.message)
        if isinstance(cause, CUT):
            return probe.trouble("closed", "the conversation ended before its answer")
        if isinstance(cause, OF_THE_SDK):
            return probe.trouble("protocol", str(cause).partition("\n")[0])
    return error


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error
