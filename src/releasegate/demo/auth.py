"""A world in, the auth service out: a password in, a token out."""

import hmac

from starlette.applications import Starlette
from starlette.requests import Request

from releasegate.demo.answers import Answer, object_in, refused
from releasegate.demo.faults import Fault
from releasegate.demo.service import route, service
from releasegate.demo.tokens import LIVES_S, UNAUTHORIZED, issue
from releasegate.demo.world import EMAIL, World


def auth(world: World) -> Starlette:
    return service([route(world, "GET", "/health", _health), route(world, "POST", "/auth/login", _login)])


async def _health(world: World, _request: Request) -> Answer:
    return Answer(200, world.health("auth"))


async def _login(world: World, request: Request) -> Answer:
    given = object_in(await request.body()) or {}
    if not _known(world, given.get("email"), given.get("password")):
        return refused(UNAUTHORIZED, "unauthorized", "email or password are wrong")
    lives_s = -LIVES_S if Fault.AUTH_EXPIRED in world.faults else LIVES_S
    token = issue(world.secret, EMAIL, now_s=world.epoch(), lives_s=lives_s)
    return Answer(200, {"access_token": token, "token_type": "Bearer", "expires_in": lives_s})


def _known(world: World, email: object, password: object) -> bool:
    if email != EMAIL or not isinstance(password, str):
        return False
    return hmac.compare_digest(password.encode(), world.password.encode())
