"""A world in, its MCP server out: tools that look at the agents and let one of them run, over both transports."""

from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from releasegate import __version__
from releasegate.demo.api import take_up
from releasegate.demo.faults import Fault
from releasegate.demo.ledger import Unavailable
from releasegate.demo.world import AGENTS, World

NAME = "netra-mcp"
HTTP, SSE, MESSAGES = "/mcp", "/sse", "/messages/"


class Beside:
    """An app with the MCP server at its paths. `serving` is to be held open while it is served."""

    def __init__(self, world: World, app: ASGIApp) -> None:
        server = _server(world)
        self.app = app
        self.http = server.streamable_http_app(streamable_http_path=HTTP)
        self.sse = server.sse_app(sse_path=SSE, message_path=MESSAGES)

    def serving(self) -> AbstractAsyncContextManager[Any]:
        return self.http.router.lifespan_context(self.http)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._at(scope.get("path", ""))(scope, receive, send)

    def _at(self, path: str) -> ASGIApp | Starlette:
        if path == HTTP:
            return self.http
        return self.sse if path == SSE or path.startswith(MESSAGES) else self.app


def _server(world: World) -> MCPServer[Any]:
    server: MCPServer[Any] = MCPServer(NAME, version=__version__, log_level="CRITICAL")

    async def run_agent(
        agent: Annotated[str, Field(description="one of the agents that list_agents gives")],
        user_request: Annotated[str, Field(description="what it is to do", min_length=1)],
    ) -> dict[str, str]:
        """Let an agent work on a request; give the run that it took up."""
        if agent not in AGENTS:
            raise ToolError(f"there is no agent {agent}; known are {', '.join(AGENTS)}")
        try:
            run_id = await take_up(world, agent)
        except Unavailable as problem:
            raise ToolError(str(problem)) from problem
        return {"run_id": run_id, "agent": agent, "request": user_request, "state": "accepted"}

    async def list_agents() -> dict[str, list[dict[str, str]]]:
        """Give every agent with what it is doing."""
        return {"agents": world.agents()}

    server.add_tool(list_agents)
    if Fault.MCP_MISSING_TOOL not in world.faults:
        server.add_tool(run_agent)
    return server
