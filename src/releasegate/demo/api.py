"""A world in, the api out: agents, their workflows, and what they are made of."""

import asyncio
from typing import Any

import psutil
from starlette.applications import Starlette
from starlette.requests import Request

from releasegate.demo.answers import Answer, object_in, refused
from releasegate.demo.faults import Fault
from releasegate.demo.ledger import Unavailable
from releasegate.demo.service import UNPROCESSABLE, late, leaking, route, service
from releasegate.demo.workflows import MOST_AGENTS, PATTERNS, look
from releasegate.demo.world import AGENTS, World

CREATED, ACCEPTED, NO_CONTENT, NOT_FOUND = 201, 202, 204, 404
RUN_S = 1.0
SIMULATED = {
    "agent_timeout": (408, "an agent did not answer in time"),
    "agent_failure": (424, "an agent that others depend on failed"),
    "coordination_conflict": (409, "two agents claimed the same step"),
    "resource_exhausted": (429, "no agent is free"),
    "invalid_workflow": (422, "the workflow has a circle in it"),
}


def api(world: World) -> Starlette:
    """Serve the api; when it is slow, every answer of it is."""
    routes = [
        route(world, "GET", "/health", _health),
        route(world, "GET", "/api/mcp/servers", _servers),
        route(world, "GET", "/api/mcp/config", _config),
        route(world, "GET", "/api/discovery/services", _services),
        route(world, "GET", "/api/agents/status", _status, bearer=True),
        route(world, "POST", "/api/agents/execute", _execute),
        route(world, "GET", "/api/metrics", _metrics, bearer=True),
        route(world, "POST", "/api/workflows", _create),
        route(world, "GET", "/api/workflows/{id}", _show),
        route(world, "DELETE", "/api/workflows/{id}", _delete),
    ]
    if Fault.SLOW in world.faults:
        routes = [late(each) for each in routes]
    if Fault.MEMORY_LEAK in world.faults:
        routes = [leaking(each, world) for each in routes]
    return service(routes)


async def _health(world: World, _request: Request) -> Answer:
    return Answer(200, world.health("api"))


async def _servers(_world: World, _request: Request) -> Answer:
    return Answer(200, {"data": [{"name": "netra-mcp", "status": "connected"}]})


async def _config(_world: World, _request: Request) -> Answer:
    agents = {name: {"timeout_s": 30, "tools": ["query_metrics"]} for name in AGENTS}
    return Answer(200, {"agents": agents, "transport": "streamable-http"})


async def _services(_world: World, _request: Request) -> Answer:
    return Answer(200, {"services": [{"name": name, "status": "up"} for name in ("api", "auth", "chat")]})


async def _status(world: World, _request: Request) -> Answer:
    return Answer(200, {"agents": world.agents()})


async def _metrics(world: World, _request: Request) -> Answer:
    pipeline = {"completed": world.completed, "running": world.running.total(), "started": world.runs}
    workflows = {"created": world.created, "kept": len(world.workflows)}
    memory = {"resident_mib": round(psutil.Process().memory_info().rss / 2**20, 1)}
    return Answer(200, {"pipeline": pipeline, "workflows": workflows, "memory": memory})


async def _execute(world: World, request: Request) -> Answer:
    given = object_in(await request.body()) or {}
    agent, wish = given.get("agent"), given.get("user_request")
    if not isinstance(agent, str) or not isinstance(wish, str) or not wish:
        return refused(UNPROCESSABLE, "invalid_request", "needed are agent and user_request, both text")
    if agent not in AGENTS:
        return refused(NOT_FOUND, "unknown_agent", f"known are {', '.join(AGENTS)}")
    return Answer(ACCEPTED, {"run_id": await take_up(world, agent), "agent": agent, "state": "accepted"})


async def take_up(world: World, agent: str) -> str:
    """Let an agent run for a second; give the id of its run. Raises Unavailable: then nothing runs."""
    run_id = world.begin_run(agent)
    try:
        await world.ledger.note(run_id, agent)
    except Unavailable:
        world.end_run(agent, completed=False)
        raise
    asyncio.get_running_loop().call_later(RUN_S, lambda: world.end_run(agent, completed=True))
    return run_id


async def _create(world: World, request: Request) -> Answer:
    given = object_in(await request.body())
    if given is None:
        return refused(UNPROCESSABLE, "invalid_request", "the body is no JSON object")
    if "simulate" in given:
        return _simulated(world, given["simulate"])
    agents, pattern = given.get("agents"), given.get("pattern", "parallel")
    if not isinstance(agents, int) or isinstance(agents, bool) or not 1 <= agents <= MOST_AGENTS:
        return refused(UNPROCESSABLE, "invalid_request", f"agents is a number from 1 to {MOST_AGENTS}")
    if pattern not in PATTERNS:
        return refused(UNPROCESSABLE, "invalid_request", f"pattern is one of {', '.join(PATTERNS)}")
    names = tuple(f"{AGENTS[index % len(AGENTS)]}-{index // len(AGENTS) + 1}" for index in range(agents))
    if given.get("dry_run") is True:
        return Answer(200, {"dry_run": True, "pattern": pattern, "agents": list(names)})
    workflow = world.create(names, pattern)
    return Answer(CREATED, look(workflow, workflow.began_s))


def _simulated(world: World, error: Any) -> Answer:
    """Refuse as if it had gone wrong. Nothing is kept: the id only names what was refused."""
    if not isinstance(error, str) or error not in SIMULATED:
        return refused(UNPROCESSABLE, "invalid_request", f"simulate is one of {', '.join(SIMULATED)}")
    status, message = SIMULATED[error]
    return refused(status, error, message, workflow_id=f"wf-refused-{world.asked['/api/workflows']:06d}")


async def _show(world: World, request: Request) -> Answer:
    workflow = world.workflows.get(request.path_params["id"])
    if workflow is None:
        return refused(NOT_FOUND, "unknown_workflow", "there is no such workflow")
    return Answer(200, look(workflow, world.clock()))


async def _delete(world: World, request: Request) -> Answer:
    if world.workflows.pop(request.path_params["id"], None) is None:
        return refused(NOT_FOUND, "unknown_workflow", "there is no such workflow")
    return Answer(NO_CONTENT)
