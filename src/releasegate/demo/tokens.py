"""A bearer in, whether its holder may come in out; and new tokens for those who log in."""

from typing import Any

from releasegate.demo.answers import Answer, refused

ALGORITHM = "HS256"
PERMISSION = "agent_execution"
UNAUTHORIZED, FORBIDDEN = 401, 403
LIVES_S = 300


def issue(secret: str, email: str, *, now_s: float, lives_s: float = LIVES_S) -> str:
    """Sign a token. `now_s` counts epoch seconds; with a negative life it has expired already."""
    import jwt

    ends = int(now_s + lives_s)
    begins = min(int(now_s), ends - LIVES_S)
    claims = {"sub": email, "email": email, "permissions": [PERMISSION], "iat": begins, "exp": ends}
    return jwt.encode(claims, secret, algorithm=ALGORITHM)


def refusal(secret: str, authorization: str | None, *, needed: bool) -> Answer | None:
    """Say why this caller is not let in; None when it is.

    Who shows a bearer must show a sound one, everywhere; where one is needed it must also permit what is asked.
    """
    if authorization is None:
        return refused(UNAUTHORIZED, "unauthorized", "a bearer token is needed") if needed else None
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        return refused(UNAUTHORIZED, "unauthorized", "the Authorization header holds no bearer token")
    claims = _read(secret, token.strip())
    if isinstance(claims, str):
        return refused(UNAUTHORIZED, "unauthorized", claims)
    if needed and PERMISSION not in _permissions(claims):
        return refused(FORBIDDEN, "forbidden", f"the token does not permit {PERMISSION}")
    return None


def _read(secret: str, token: str) -> dict[str, Any] | str:
    """Give the claims of a sound token, else what is wrong with it."""
    import jwt

    try:
        claims: dict[str, Any] = jwt.decode(token, secret, algorithms=[ALGORITHM], options={"require": ["exp"]})
    except jwt.ExpiredSignatureError:
        return "the token has expired"
    except jwt.InvalidTokenError:
        return "the token is not valid"
    return claims


def _permissions(claims: dict[str, Any]) -> list[Any]:
    """Read both ways of saying it: a list of permissions, or OAuth's scope (RFC 8693, 4.2)."""
    listed, scope = claims.get("permissions"), claims.get("scope")
    return [*(listed if isinstance(listed, list) else ()), *(scope.split() if isinstance(scope, str) else ())]
