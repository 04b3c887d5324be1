"""An Authorization header in, whose token it is out; and whether it may do what is asked, within its hour."""

from collections.abc import Sequence
from typing import Any

from releasegate.demo.hub.exchange import PRIMARY, Refused
from releasegate.demo.hub.hub import NOBODY, Hub
from releasegate.demo.hub.state import HOUR_S, Bearer, Repository, Token

LONGEST_S, SKEW_S = 600, 60
"""How far ahead an App may let its own token end, and how far its clock may be ahead."""
UNREADABLE = "A JSON web token could not be decoded"


def authenticated(hub: Hub, authorization: str | None, now: float) -> Token:
    """Find out who asks. Raises Refused (401) for what is nobody's token."""
    if not authorization:
        return hub.anonymous
    scheme, _, shown = authorization.partition(" ")
    if scheme.lower() == "bearer" and shown.count(".") == 2:  # noqa: PLR2004 - the parts of a signed token
        return _app(hub, shown, now)
    token = hub.tokens.get(shown.strip())
    if scheme.lower() not in ("bearer", "token") or token is None or (token.ends is not None and token.ends <= now):
        raise Refused(401, "Bad credentials", docs="https://docs.github.com/rest")
    return token


def _app(hub: Hub, shown: str, now: float) -> Token:
    """Believe an App by its signature: RS256 over iat, exp and iss, at most ten minutes long."""
    import jwt

    try:
        issuer = str(jwt.decode(shown, options={"verify_signature": False}).get("iss"))
    except jwt.InvalidTokenError:
        raise Refused(401, UNREADABLE) from None
    app = hub.apps.get(int(issuer)) if issuer.isascii() and issuer.isdigit() else None
    if app is None or not app.public_key:
        raise Refused(404, "Integration not found")
    try:
        # The time is an argument here, so that it is not the library that looks at the clock.
        unclocked = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
        claims = jwt.decode(shown, app.public_key, algorithms=["RS256"], options=unclocked)  # type: ignore[arg-type]
    except jwt.InvalidTokenError:
        raise Refused(401, UNREADABLE) from None
    _timely(claims, now)
    return Token(value="", bearer=Bearer.APP, actor=app.bot, app=app)


def _timely(claims: dict[str, Any], now: float) -> None:
    begins, ends = claims.get("iat"), claims.get("exp")
    if not isinstance(ends, int) or ends <= now:
        raise Refused(
            401,
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the "
            "assertion expires",
        )
    if ends > now + LONGEST_S:
        raise Refused(401, "'Expiration time' claim ('exp') is too far in the future")
    if not isinstance(begins, int) or begins > now + SKEW_S:
        raise Refused(
            401,
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
        )


def charge(token: Token, now: float) -> None:
    """Count a request within the token's hour. Raises Refused (403) when nothing is left of it."""
    if now >= token.resets:
        token.used, token.resets = 0, float(int(now) + HOUR_S)
    if token.used >= token.limit:
        raise exhausted(token)
    token.used += 1


def exhausted(token: Token, status: int = 403) -> Refused:
    whose = f"installation ID {token.app.id}" if token.app else f"user ID {token.actor.id}"
    if token.actor is NOBODY:
        whose = "127.0.0.1"
    return Refused(status, f"API rate limit exceeded for {whose}.", docs=PRIMARY)


def budget(token: Token) -> dict[str, str]:
    """Give the headers that say how much of the hour is left."""
    return {
        "x-ratelimit-limit": str(token.limit),
        "x-ratelimit-remaining": str(max(0, token.limit - token.used)),
        "x-ratelimit-used": str(token.used),
        "x-ratelimit-reset": str(int(token.resets)),
        "x-ratelimit-resource": "core",
    }


def admit(token: Token, repository: Repository, needs: Sequence[str]) -> None:
    """Let in who may do what is asked; `needs` are alternatives. Raises Refused: 401, 403, or 404 for the unseen."""
    inside = token.bearer in (Bearer.INSTALLATION, Bearer.USER) and token.sees(repository)
    if repository.private and not inside:
        raise Refused(404, "Not Found")
    if inside and any(token.permits(need) for need in needs):
        return
    public = not repository.private and any(
        need.endswith("=read") and not need.startswith("administration") for need in needs
    )
    if public:
        return
    if token.bearer in (Bearer.ANONYMOUS, Bearer.APP):
        raise Refused(401, "Requires authentication")
    raise inaccessible(token, needs)


def inaccessible(token: Token, needs: Sequence[str] = ()) -> Refused:
    """Refuse for want of a permission, and name the ones that would do."""
    headers = {"x-accepted-github-permissions": "; ".join(needs)} if needs else {}
    return Refused(403, f"Resource not accessible by {token.bearer}", headers=headers)
