"""A handler in, an endpoint that lets in, delays and distorts as the world's faults want out."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from releasegate.demo.answers import Answer, distorted, refused
from releasegate.demo.faults import Fault
from releasegate.demo.ledger import Unavailable
from releasegate.demo.tokens import refusal
from releasegate.demo.world import World

SLOW_S = 1.0
LEAK, MOST_LEAKS = 2 * 2**20, 300
UNPROCESSABLE, UNAVAILABLE = 422, 503
FLAKY_PATH = "/api/mcp/config"
FLAKY_EVERY, FLAKY_AT = 13, 3
"""The third request fails, then every thirteenth: a check that needs twelve passes after a failure gets them."""
Handler = Callable[[World, Request], Awaitable[Answer]]
NAMES = {404: "not_found", 405: "method_not_allowed"}


def service(routes: Sequence[BaseRoute]) -> Starlette:
    """Make an origin of its own out of routes; what it does not know is answered in the form of its errors."""
    return Starlette(routes=list(routes), exception_handlers={HTTPException: _unknown})


def route(world: World, method: str, path: str, handler: Handler, *, bearer: bool = False) -> Route:
    """Serve a handler; `bearer` says that it wants one. The name keeps two methods of one path apart."""

    async def endpoint(request: Request) -> Response:
        path = request.url.path
        world.asked[path] += 1
        shown = request.headers.get("authorization")
        try:
            answer = stopped(world, shown, bearer) or _ailing(world, path) or await handler(world, request)
        except Unavailable as problem:
            answer = unavailable(str(problem))
        return respond(distorted(world.faults, path, answer))

    return Route(path, endpoint, methods=[method], name=f"{method} {path}")


def late(routed: Route) -> Route:
    """Answer as late as a slow api does."""
    serve = routed.endpoint

    async def endpoint(request: Request) -> Response:
        await asyncio.sleep(SLOW_S)
        response: Response = await serve(request)
        return response

    return Route(routed.path, endpoint, methods=list(routed.methods or ()), name=routed.name)


def leaking(routed: Route, world: World) -> Route:
    """Answer, and keep some memory for good: bytes that are not zero, for only what was written to is resident."""
    serve = routed.endpoint

    async def endpoint(request: Request) -> Response:
        if len(world.leaked) < MOST_LEAKS:
            world.leaked.append(b"\xff" * LEAK)
        response: Response = await serve(request)
        return response

    return Route(routed.path, endpoint, methods=list(routed.methods or ()), name=routed.name)


def stopped(world: World, authorization: str | None, needed: bool) -> Answer | None:
    """Give the answer to a caller that is not let in; None when it is."""
    return None if Fault.AUTH_OPEN in world.faults else refusal(world.secret, authorization, needed=needed)


def respond(answer: Answer) -> Response:
    if answer.payload is None:
        return Response(status_code=answer.status)
    return JSONResponse(answer.payload, status_code=answer.status)


def unavailable(message: str) -> Answer:
    return refused(UNAVAILABLE, "unavailable", message)


def _ailing(world: World, path: str) -> Answer | None:
    if Fault.FLAKY in world.faults and path == FLAKY_PATH and world.asked[path] % FLAKY_EVERY == FLAKY_AT:
        return unavailable("the config store did not answer")
    return None


async def _unknown(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - starlette calls it for nothing else
    answer = refused(error.status_code, NAMES.get(error.status_code, "error"), error.detail)
    response = respond(answer)
    response.headers.update(error.headers or {})
    return response
