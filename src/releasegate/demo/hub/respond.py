"""A request, a hub and a time in, the answer out and how it travels. Nothing but the hub's state changes."""

import hashlib
import json
from dataclasses import dataclass, replace
from enum import StrEnum

from releasegate.demo.hub.access import admit, authenticated, budget, charge, exhausted, inaccessible
from releasegate.demo.hub.call import Call
from releasegate.demo.hub.exchange import SECONDARY, Refused, Request, Response, not_found
from releasegate.demo.hub.hub import Exchange, Hub
from releasegate.demo.hub.routes import Match, Route, Who, match
from releasegate.demo.hub.script import (
    Broken,
    Effect,
    Exhausted,
    Late,
    Lost,
    Meanwhile,
    Throttled,
    Trickling,
    Truncated,
)
from releasegate.demo.hub.state import Bearer, Repository, Token


class Cut(StrEnum):
    """Where a connection is cut."""

    NOWHERE = "nowhere"
    WITHIN = "within the body"
    BEFORE = "before the answer"


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """An answer and its way: `delay_s` before it begins, `body_s` for its body, and where it is cut."""

    response: Response
    delay_s: float = 0.0
    body_s: float = 0.0
    cut: Cut = Cut.NOWHERE


def answer(request: Request, hub: Hub, now: float) -> Delivery:
    """Answer as GitHub would, with what the script does to it. `now` in epoch seconds."""
    effects = hub.script.effects(request.method, request.path)
    for effect in effects:
        if isinstance(effect, Meanwhile) and not effect.after:
            effect.happens(now)
    token, matched, response = _answered(request, hub, now, effects)
    for effect in effects:
        if isinstance(effect, Meanwhile) and effect.after:
            effect.happens(now)
        if isinstance(effect, Broken) and effect.after:
            response = _trouble(effect.status)
    response = _sealed(request, token, response, len(hub.log))
    hub.log.append(
        Exchange(request=request, identity=token.actor.login, route=matched and matched.route.name, response=response)
    )
    return _delivered(response, effects)


def _answered(request: Request, hub: Hub, now: float, effects: list[Effect]) -> tuple[Token, Match | None, Response]:
    """Let in, match, handle; whatever refuses says so in GitHub's form."""
    token, matched = hub.anonymous, match(request.method, request.path)
    try:
        token = authenticated(hub, request.headers.get("authorization"), now)
        if matched is None:
            return token, None, not_found().response("")
        parts = matched.parts
        call = Call(hub=hub, request=request, token=token, now=now, parts=parts, found=None)
        return token, matched, _admitted(call, matched.route, effects)
    except Refused as refused:
        return token, matched, refused.response(matched.route.docs if matched else "")


def _admitted(call: Call, route: Route, effects: list[Effect]) -> Response:
    if "user-agent" not in call.request.headers:
        forbidden = "Request forbidden by administrative rules."
        raise Refused(403, f"{forbidden} Please make sure your request has a User-Agent header")
    if not route.free:
        charge(call.token, call.now)
    _troubled(call.token, effects)
    return _handled(call, route)


def _troubled(token: Token, effects: list[Effect]) -> None:
    """Refuse what the script wants refused before it takes effect."""
    for effect in effects:
        if isinstance(effect, Throttled):
            wait = {} if effect.retry_after_s is None else {"retry-after": str(effect.retry_after_s)}
            raise Refused(
                effect.status,
                "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
                headers=wait, docs=SECONDARY,
            )  # fmt: skip
        if isinstance(effect, Exhausted):
            token.used = token.limit
            raise exhausted(token, effect.status)
        if isinstance(effect, Broken) and not effect.after:
            raise Refused(effect.status, "Server Error")
        if isinstance(effect, Lost) and not effect.after:
            raise Refused(503, "Service Unavailable")  # nobody hears it: the connection is cut


def _handled(call: Call, route: Route) -> Response:
    if route.who is Who.REPOSITORY:
        call.found = _visible(call)
        admit(call.token, call.found, route.needs)
    elif route.who is Who.APP:
        if call.token.bearer is not Bearer.APP:
            raise Refused(401, "A JSON web token could not be decoded")
        call.found = call.hub.repositories.get(_name(call).lower()) if "owner" in call.parts else None
    elif route.who is Who.USER and call.token.bearer is not Bearer.USER:
        if call.token.bearer is Bearer.ANONYMOUS:
            raise Refused(401, "Requires authentication")
        raise inaccessible(call.token)
    return route.handler(call)


def _name(call: Call) -> str:
    return f"{call.parts['owner']}/{call.parts['repo']}"


def _visible(call: Call) -> Repository:
    """Find the repository by its name, or by its id, as the addresses of further pages have it."""
    if "id" in call.parts:
        found = next((each for each in call.hub.repositories.values() if str(each.id) == call.parts["id"]), None)
    else:
        found = call.hub.repositories.get(_name(call).lower())
    if found is None:
        raise not_found()
    return found


def _sealed(request: Request, token: Token, response: Response, number: int) -> Response:
    """Add what every answer of GitHub's carries, and turn what the client has already into a 304."""
    headers = {
        "x-github-media-type": "github.v3; format=json",
        "x-github-request-id": f"0000:{number:06X}",
        "x-github-api-version-selected": "2022-11-28",
        **budget(token),
        **response.headers,
    }
    if request.method == "GET" and response.status == 200:  # noqa: PLR2004
        digest = hashlib.sha256(json.dumps(response.payload).encode()).hexdigest()
        headers["etag"] = f'W/"{digest}"'
        if request.headers.get("if-none-match") == headers["etag"]:
            token.used = max(0, token.used - 1)
            return Response(status=304, headers={**headers, **budget(token)})
    return replace(response, headers=headers)


def _trouble(status: int) -> Response:
    return Refused(status, "Server Error").response("")


def _delivered(response: Response, effects: list[Effect]) -> Delivery:
    cut = Cut.NOWHERE
    if any(isinstance(effect, Truncated) for effect in effects):
        cut = Cut.WITHIN
    if any(isinstance(effect, Lost) for effect in effects):
        cut = Cut.BEFORE
    return Delivery(
        response=response,
        delay_s=sum(effect.seconds for effect in effects if isinstance(effect, Late)),
        body_s=sum(effect.seconds for effect in effects if isinstance(effect, Trickling)),
        cut=cut,
    )
